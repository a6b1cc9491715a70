using System.Diagnostics;
using System.Runtime.Versioning;
using System.Text;
using Operone.Tests.Agent.Hosting;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Agent.Cli.Files;

/// <summary>A real node with two real agents, and the real command line beside them.</summary>
[SupportedOSPlatform("linux")]
public sealed class FilesNode : IAsyncLifetime
{
    private readonly TempFolder _temp = new();
    private OperoneServer? _server;
    private AgentUnderTest? _a;
    private AgentUnderTest? _b;

    /// <summary>The node.</summary>
    public OperoneServer Server => _server!;

    /// <summary>The state directory of <c>a</c>.</summary>
    public string StateOfA => _temp["a"];

    /// <summary>The agent of <c>a</c>.</summary>
    internal AgentUnderTest AgentA { get => _a!; set => _a = value; }

    /// <summary>A folder of a test's own: devices and command line are on one machine.</summary>
    public string NewFolder() => Directory.CreateDirectory(_temp[Guid.NewGuid().ToString("N")[..8]]).FullName;

    public async ValueTask InitializeAsync()
    {
        _server = await OperoneServer.StartAsync();
        _a = await AgentUnderTest.EnrolAndRunAsync(_server, _temp["a"], "a");
        _b = await AgentUnderTest.EnrolAndRunAsync(_server, _temp["b"], "b");
    }

    public async ValueTask DisposeAsync()
    {
        await _a!.DisposeAsync();
        await _b!.DisposeAsync();
        await _server!.DisposeAsync();
        _temp.Dispose();
    }

    /// <summary>Starts the command line.</summary>
    public Process Start(string folder, string? token, params string[] arguments) => StartAt(folder, token, Server.Url, arguments);

    /// <summary>The same, by another address of the server.</summary>
    public Process StartAt(string folder, string? token, string url, params string[] arguments) => Process.Start(new ProcessStartInfo(Processes.Agent[0], [.. Processes.Agent.Skip(1), .. arguments])
    {
        RedirectStandardOutput = true,
        RedirectStandardError = true,
        WorkingDirectory = folder,
        StandardOutputEncoding = Encoding.UTF8,
        Environment =
        {
            ["OPERONE_URL"] = url,
            ["OPERONE_TOKEN"] = token ?? OperoneServer.OwnerToken,
            ["XDG_STATE_HOME"] = _temp["state"],
        },
    })!;

    /// <summary>What is unfinished in a folder.</summary>
    public static string[] Parts(string folder) => Directory.GetFiles(folder, ".operone-*.part");

    /// <summary>Waits until some of a file has arrived: not all of it, as the file is in its place then.</summary>
    public static Task HalfWayAsync(string folder) => Eventually.BecomesAsync(
        () => Task.FromResult(Parts(folder) is [var part] && new FileInfo(part) is { Exists: true, Length: > 1 << 20 }), "a part", 60);

    /// <summary>Runs the command line to its end.</summary>
    public async Task<(int Code, string Output, string Error)> RunAsync(string folder, params string[] arguments) => await EndAsync(Start(folder, null, arguments));

    /// <summary>Waits for its end.</summary>
    public static async Task<(int Code, string Output, string Error)> EndAsync(Process process)
    {
        using (process)
        {
            var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            return (process.ExitCode, output, await error);
        }
    }

    /// <summary>A line for bash, for what only a shell can do; <c>op</c> is the command line.</summary>
    public async Task<(int Code, string Output, string Error)> ShellAsync(string folder, string line) =>
        await EndAsync(Process.Start(new ProcessStartInfo("/bin/bash", ["-c", $"{Processes.AgentFunction("op")}; {line}"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder,
            Environment = { ["OPERONE_URL"] = Server.Url, ["OPERONE_TOKEN"] = OperoneServer.OwnerToken, ["XDG_STATE_HOME"] = _temp["state"] },
        })!);
}
