using System.Diagnostics;
using System.Text;
using Operone.Tests.Agent.Cli;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Agent.Hosting;

/// <summary>An interactive bash on a real pseudo-terminal, by script(1), in which <c>op</c> is this build's command line.</summary>
internal sealed class ShellOnPty : IAsyncDisposable
{
    private readonly TempFolder _temp = new();
    private readonly Process _process;
    private readonly SharedStream _screen = new();
    private readonly Task _reading;
    private int _settings;

    private ShellOnPty(string url, string token)
    {
        var start = new ProcessStartInfo("script", ["-qfec", "bash --norc --noprofile -i", "/dev/null"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
        start.Environment["OPERONE_URL"] = url;
        start.Environment["OPERONE_TOKEN"] = token;
        start.Environment["XDG_CONFIG_HOME"] = _temp.Path;
        start.Environment["TERM"] = "xterm-256color";
        start.Environment["PS1"] = "local> ";
        _process = Process.Start(start)!;
        _reading = _process.StandardOutput.BaseStream.CopyToAsync(_screen, CancellationToken.None);
    }

    /// <summary>The pseudo-terminal's device.</summary>
    public string Device { get; private set; } = "";

    /// <summary>All that was printed.</summary>
    public string Screen => Encoding.UTF8.GetString(_screen.ToArray());

    public static async Task<ShellOnPty> StartAsync(string url, string token)
    {
        var shell = new ShellOnPty(url, token);
        await shell.TypeAsync($"{Processes.AgentFunction("op")}; tty > {shell._temp["tty"]}\n");
        shell.Device = await Eventually.BecomesAsync(
            () => Task.FromResult(File.Exists(shell._temp["tty"]) && File.ReadAllText(shell._temp["tty"]) is ['/', .., '\n'] tty ? tty.Trim() : null), "a terminal", 60);
        await shell.StateAsync("rows 24 cols 80");
        return shell;
    }

    public async Task TypeAsync(string keys)
    {
        await _process.StandardInput.BaseStream.WriteAsync(Encoding.UTF8.GetBytes(keys));
        await _process.StandardInput.BaseStream.FlushAsync();
    }

    /// <summary>Waits until this was printed.</summary>
    public async Task SeesAsync(string text) => await Eventually.BecomesAsync(() => Task.FromResult(Screen.Contains(text, StringComparison.Ordinal)), $"'{text}' on the screen", 60);

    /// <summary>The terminal's modes as the local shell's commands get them, which must be at its prompt.</summary>
    public async Task<string> SettingsAsync()
    {
        var file = _temp[$"stty{++_settings}"];
        await TypeAsync($"stty -g > {file}.new; mv {file}.new {file}\n");
        await Eventually.BecomesAsync(() => Task.FromResult(File.Exists(file)), "the terminal's modes", 60);
        return await File.ReadAllTextAsync(file);
    }

    /// <summary>Asks stty(1) about the terminal, or has it change something, from outside.</summary>
    public async Task<string> StateAsync(string arguments = "-a")
    {
        using var stty = Process.Start(new ProcessStartInfo("stty", ["-F", Device, .. arguments.Split(' ')]) { RedirectStandardOutput = true })!;
        var state = await stty.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await stty.WaitForExitAsync(TestContext.Current.CancellationToken);
        return state;
    }

    /// <summary>Waits until the terminal is raw.</summary>
    public async Task BecomesRawAsync() => await Eventually.BecomesAsync(
        async () => await StateAsync() is var state && state.Contains("-isig", StringComparison.Ordinal) && state.Contains("-icanon", StringComparison.Ordinal), "raw", 60);

    public async ValueTask DisposeAsync()
    {
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        await _reading;
        _process.Dispose();
        _temp.Dispose();
    }
}
