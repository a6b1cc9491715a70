using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;

namespace Operone.Tests.Hosting;

/// <summary>A server of a test's own, by a program of the machine. It ends with the test process, however that ends: its keeper waits for its standard input to close.</summary>
internal sealed class KeptProcess : IAsyncDisposable
{
    private const string Keeper = """
        log=$1; shift
        "$@" >"$log" 2>&1 </dev/null &
        server=$!
        cat >/dev/null
        kill -KILL $server
        { wait $server; } 2>/dev/null
        """;

    private readonly Process _keeper;
    private readonly string _log;

    private KeptProcess(Process keeper, string log) => (_keeper, _log) = (keeper, log);

    /// <summary>What it has said.</summary>
    public string Log => File.Exists(_log) ? File.ReadAllText(_log) : "";

    /// <summary>Whether the machine has a program; those of administrators too.</summary>
    public static string? Find(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Append("/usr/sbin").Append("/sbin")
        .Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);

    /// <summary>Starts one, and waits until it takes connections.</summary>
    public static async Task<KeptProcess> StartAsync(string log, int port, params string[] command)
    {
        var start = new ProcessStartInfo("sh") { RedirectStandardInput = true, WorkingDirectory = "/" };
        foreach (var argument in (string[])["-c", Keeper, "keeper", log, .. command])
        {
            start.ArgumentList.Add(argument);
        }

        var server = new KeptProcess(Process.Start(start)!, log);
        try
        {
            await Eventually.BecomesAsync(async () =>
            {
                try
                {
                    using var probe = new TcpClient();
                    await probe.ConnectAsync("127.0.0.1", port);
                    return true;
                }
                catch (SocketException)
                {
                    return false;
                }
            }, $"{command[0]} answers at port {port.ToString(CultureInfo.InvariantCulture)}", 30);
        }
        catch (Exception failed)
        {
            throw new InvalidOperationException($"{command[0]} did not start: {server.Log}", failed);
        }

        return server;
    }

    /// <summary>Runs a program to its end.</summary>
    public static async Task RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        var said = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{program} ended with {process.ExitCode}: {said}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        _keeper.StandardInput.Close();
        await _keeper.WaitForExitAsync();
        _keeper.Dispose();
    }
}
