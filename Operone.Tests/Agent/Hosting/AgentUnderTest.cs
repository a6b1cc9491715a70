using System.Diagnostics;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Agent.Hosting;

/// <summary>A real <c>operone agent run</c> on a state directory.</summary>
internal sealed class AgentUnderTest : IAsyncDisposable
{
    private readonly Process _process;
    private readonly Task<string> _log;

    private AgentUnderTest(Process process) => (_process, _log) = (process, process.StandardError.ReadToEndAsync());

    /// <summary>Its process.</summary>
    public int ProcessId => _process.Id;

    /// <summary>Runs one of the agent's commands to its end.</summary>
    public static async Task<(int Code, string Output, string Error)> CallAsync(string state, params string[] arguments)
    {
        using var process = Start(state, arguments);
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, output, await error);
    }

    /// <summary>Enrols and runs an agent, and waits until it is connected.</summary>
    public static async Task<AgentUnderTest> EnrolAndRunAsync(AgentServer server, string state)
    {
        var (code, _, error) = await CallAsync(state, "enroll", "--server", $"{server.Address}", "--token", "ope_good", "--name", "web-1", "--label", "env=prod");
        Assert.True(code == 0, error);
        return await RunAsync(server, state);
    }

    /// <summary>Enrols and runs an agent at a whole node, and waits until it is online.</summary>
    public static async Task<AgentUnderTest> EnrolAndRunAsync(OperoneServer server, string state, string name = "web-1", params string[] labels)
    {
        var token = await server.CreateEnrollmentTokenAsync();
        var (code, _, error) = await CallAsync(
            state, ["enroll", "--server", server.Url, "--token", token.Token!, "--name", name, .. labels.SelectMany(l => (string[])["--label", l])]);
        Assert.True(code == 0, error);
        var agent = Run(state);
        await server.WaitForOnlineAsync(name);
        return agent;
    }

    /// <summary>Runs an agent, and waits until it is connected.</summary>
    public static async Task<AgentUnderTest> RunAsync(AgentServer server, string state)
    {
        var before = server.Hellos.Count;
        var agent = Run(state);
        await Eventually.BecomesAsync(() => Task.FromResult(server.Hellos.Count > before), "a hello", 30);
        return agent;
    }

    /// <summary>Runs an agent.</summary>
    public static AgentUnderTest Run(string state) => new(Start(state, "run"));

    /// <summary>SIGKILL, as a crash is.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>SIGTERM, as a service manager stops it. Gives its exit code and its log.</summary>
    public async Task<(int Code, string Log)> StopAsync()
    {
        using var kill = Process.Start("kill", ["-TERM", $"{_process.Id}"]);
        return await EndAsync();
    }

    /// <summary>Waits for its end.</summary>
    public async Task<(int Code, string Log)> EndAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await _process.WaitForExitAsync(patience.Token);
        return (_process.ExitCode, await _log);
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _process.Dispose();
    }

    private static Process Start(string state, params string[] arguments)
    {
        var command = Processes.Agent;

        // Shells read the start-up files of whoever's home it is, and those of this machine may do anything.
        var home = Directory.CreateDirectory(System.IO.Path.Combine(System.IO.Path.GetTempPath(), "operone-tests-home")).FullName;
        var start = new ProcessStartInfo("/usr/bin/env", ["--", $"HOME={home}", .. command.Skip(1), "agent", .. arguments, "--state-dir", state])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
        return Process.Start(start)!;
    }
}
