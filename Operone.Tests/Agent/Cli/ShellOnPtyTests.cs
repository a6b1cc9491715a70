using System.Diagnostics;
using System.Runtime.Versioning;
using Operone.Tests.Agent.Hosting;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Agent.Cli;

/// <summary><c>operone shell</c> as a process, in an interactive shell on a real pseudo-terminal.</summary>
[SupportedOSPlatform("linux")]
public sealed class ShellOnPtyTests
{
    [Fact]
    public async Task Shell_OnARealTerminal_IsRawSendsItsSizeAndLeavesAllAsItWas()
    {
        await using var api = await FakeApi.StartAsync();
        await using var pty = await ShellOnPty.StartAsync(api.Url, FakeApi.Token);
        (int?, int?) size = default;
        api.OnAttach = async (_, peer) =>
        {
            await peer.AttachedAsync();
            await peer.PrintAsync("remote$ ");
            await peer.TypedAsync("\u0003\u001a");
            await pty.StateAsync("rows 45 cols 123");
            var told = await peer.ToldAsync();
            size = (told.Columns, told.Rows);
            await peer.EndAsync(5, "Exited with code 5.");
        };
        var before = await pty.SettingsAsync();

        await pty.TypeAsync("op shell web-1; echo code=$?\n");
        await pty.SeesAsync("remote$ ");
        await pty.BecomesRawAsync();
        await pty.TypeAsync("\u0003\u001a");
        await pty.SeesAsync("code=5");

        Assert.Equal((123, 45), size);
        Assert.Equal(before, await pty.SettingsAsync());
        Assert.Equal((80, 24), Assert.Single(api.Opened) is var opened ? (opened.Columns, opened.Rows) : default);
    }

    [Theory]
    [InlineData("TERM", 143)]
    [InlineData("HUP", 129)]
    [InlineData("INT", 130)]
    public async Task Shell_Killed_LeavesTheTerminalAsItWas(string signal, int code)
    {
        await using var api = await FakeApi.StartAsync();
        await using var pty = await ShellOnPty.StartAsync(api.Url, FakeApi.Token);
        api.OnAttach = async (_, peer) =>
        {
            await peer.AttachedAsync();
            await peer.PrintAsync("\e[?1049hremote$ ");
            await peer.RestAsync();
        };
        var before = await pty.SettingsAsync();

        await pty.TypeAsync($"op shell web-1 --title {pty.Device}; echo code=$?\n");
        await pty.SeesAsync("remote$ ");
        await pty.BecomesRawAsync();
        await SignalAsync(signal, pty.Device);
        await pty.SeesAsync($"code={code}");

        Assert.Contains("\e[?1049l", pty.Screen, StringComparison.Ordinal);
        Assert.Contains($"--attach {api.Terminal.Id}", pty.Screen, StringComparison.Ordinal);
        Assert.Equal(before, await pty.SettingsAsync());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Shell_Stopped_GivesTheTerminalBackAndTakesItAgain(bool byKey)
    {
        await using var api = await FakeApi.StartAsync();
        await using var pty = await ShellOnPty.StartAsync(api.Url, FakeApi.Token);
        api.OnAttach = async (attempt, peer) =>
        {
            await peer.AttachedAsync(attempt == 1 ? null : "");
            await peer.PrintAsync($"remote-{attempt}$ ");
            await peer.TypedAsync("on\r");
            await peer.EndAsync(0);
        };
        var before = await pty.SettingsAsync();

        await pty.TypeAsync($"op shell web-1 --title {pty.Device}; echo code=$?\n");
        await pty.SeesAsync("remote-1$ ");
        await pty.BecomesRawAsync();
        await (byKey ? pty.TypeAsync("~\u001a") : SignalAsync("TSTP", pty.Device));
        await pty.SeesAsync("Stopped");
        Assert.Equal(before, await pty.SettingsAsync());

        await pty.TypeAsync("fg; echo again=$?\n");
        await pty.SeesAsync("remote-2$ ");
        await pty.BecomesRawAsync();
        await pty.TypeAsync("on\r");
        await pty.SeesAsync("again=0");
        Assert.Equal(before, await pty.SettingsAsync());
    }

    private static async Task SignalAsync(string signal, string title)
    {
        var pid = await Eventually.BecomesAsync(() => Task.FromResult(Processes.With($"--title\0{title}").Cast<int?>().FirstOrDefault()), "the command line");
        using var kill = Process.Start("kill", [$"-{signal}", $"{pid}"]);
        await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
    }
}
