using System.Diagnostics;
using System.Runtime.Versioning;
using Operone.Tests.Agent.Hosting;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Agent.Cli;

/// <summary><c>operone run</c> in a shell's pipeline, and <c>operone pipe</c>, against a real node and real agents.</summary>
[SupportedOSPlatform("linux")]
public sealed class PipeJourneyTests : IAsyncLifetime
{
    private readonly TempFolder _temp = new();
    private OperoneServer? _server;
    private AgentUnderTest? _a;
    private AgentUnderTest? _b;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

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

    /// <summary>A line for a shell in which <c>op</c> is the command line.</summary>
    private async Task<(int Code, string Output, string Error)> ShellAsync(string line)
    {
        var start = new ProcessStartInfo("/bin/bash", ["-c", $"{Processes.AgentFunction("op")}; {line}"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["OPERONE_URL"] = _server!.Url, ["OPERONE_TOKEN"] = OperoneServer.OwnerToken },
        };
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync(Cancelled);
        var output = await process.StandardOutput.ReadToEndAsync(Cancelled);
        await process.WaitForExitAsync(Cancelled);
        return (process.ExitCode, output, await error);
    }

    [Fact]
    public async Task Run_InAShellsPipeline_StreamsAnyAmount()
    {
        var file = _temp["big"];
        var (code, _, error) = await ShellAsync(
            $"set -o pipefail; head -c 150000000 /dev/zero | tr '\\0' z | op run -d a -- gzip -1 | op run -d b -- 'gunzip > {file}'");
        Assert.True(code == 0, error);
        Assert.Equal(150_000_000, new FileInfo(file).Length);
    }

    [Fact]
    public async Task Run_StreamedToAReaderThatStops_CancelsTheRun()
    {
        var (_, output, error) = await ShellAsync("op run --stream -n -d a -- yes | head -2");
        Assert.Equal("y\ny\n", output);
        Assert.Contains("nobody reads the output any more", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_WithALittleInput_SendsItWithTheRunAndKeepsTheOutput()
    {
        var (code, output, error) = await ShellAsync("echo hello | op run -d a -- cat");
        Assert.True(code == 0, error);
        Assert.Equal("hello\n", output);
    }

    [Fact]
    public async Task Run_StreamedCommandThatStopsReading_GivesItsExitCode()
    {
        var (code, output, error) = await ShellAsync("head -c 5000000 /dev/zero | op run -d a -- 'head -c 3 | wc -c; exit 4'");
        Assert.True(code == 4, error);
        Assert.Equal("3\n", output);
    }

    [Fact]
    public async Task Pipe_OverTwoDevices_PrintsTheLastStagesOutput()
    {
        var (code, output, error) = await ShellAsync("printf 'b\\na\\nb\\n' | op pipe 'a: cat; echo noted >&2' 'b: sort | uniq -c'");
        Assert.True(code == 0, error);
        Assert.Equal(["1 a", "2 b"], output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Trim()));
        Assert.Contains("1 a | noted", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pipe_FailedStage_GivesItsExitCode()
    {
        var (code, output, error) = await ShellAsync("op pipe -n 'a: exit 7' 'b: cat; echo whole'");
        Assert.True(code == 7, error);
        Assert.Equal("", output);
        Assert.Contains("1 a: failed", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pipe_WrittenWrong_SaysHowItIsWritten()
    {
        var (code, _, error) = await ShellAsync("op pipe 'a: true' 'sort'");
        Assert.Equal(2, code);
        Assert.Contains("DEVICE: COMMAND", error, StringComparison.Ordinal);
    }
}
