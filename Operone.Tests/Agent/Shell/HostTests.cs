using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Text;
using Operone.Agent.Shell;
using Operone.Core.Shell;
using Operone.Tests.Agent.Hosting;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Agent.Shell;

/// <summary>Real hosts that run real commands.</summary>
[SupportedOSPlatform("linux")]
public sealed class HostTests
{
    [Fact]
    public async Task Command_WritesBothStreams_IsKeptByteForByte()
    {
        var result = await HostUnderTest.RunAsync(HostUnderTest.Request("printf 'a\\000\\377b'; printf 'x\\n' >&2; exit 3"));
        Assert.Equal([(byte)'a', 0, 255, (byte)'b'], result.Stdout);
        Assert.Equal("x\n"u8.ToArray(), result.Stderr);
        Assert.Equal((ExecutionStatus.Failed, 3, "Exited with code 3."), (result.End.Status, result.End.ExitCode, result.End.Reason));
        Assert.Equal((4, 2, 0), (result.End.StdoutBytes, result.End.StderrBytes, result.End.DiscardedBytes));
    }

    [Fact]
    public async Task Command_WritesStreamsInTurns_KeepsTheOrderOfArrival()
    {
        var result = await HostUnderTest.RunAsync(HostUnderTest.Request("for i in 1 2 3; do echo o$i; sleep 0.05; echo e$i >&2; sleep 0.05; done"));
        Assert.Equal(["o1", "e1", "o2", "e2", "o3", "e3"], result.Output.Select(c => Encoding.UTF8.GetString(c.Data).Trim()));
    }

    [Fact]
    public async Task Output_OverTheLimit_IsDrainedAndCounted()
    {
        var result = await HostUnderTest.RunAsync(HostUnderTest.Request("head -c 300000 /dev/zero; echo done >&2") with { OutputLimitBytes = 100_000 });
        Assert.Equal(ExecutionStatus.Succeeded, result.End.Status);
        Assert.Equal((100_000, 0, 200_005), (result.End.StdoutBytes, result.End.StderrBytes, result.End.DiscardedBytes));
        Assert.Equal(100_000, result.Stdout.Length);
    }

    [Fact]
    public async Task Output_OneLineOf50MegaBytes_IsKeptWhole()
    {
        const int Size = 50_000_000;
        var result = await HostUnderTest.RunAsync(HostUnderTest.Request($"head -c {Size} /dev/zero | tr '\\0' x") with { OutputLimitBytes = Size });
        Assert.Equal(Size, result.End.StdoutBytes);
        Assert.Equal(0, result.End.DiscardedBytes);
        Assert.Equal(SHA256.HashData(Enumerable.Repeat((byte)'x', Size).ToArray()), SHA256.HashData(result.Stdout));
    }

    [Fact]
    public async Task Environment_IsTheBaseAndWhatIsGiven()
    {
        var request = HostUnderTest.Request() with { Argv = ["/usr/bin/env"], Environment = new Dictionary<string, string> { ["LANG"] = "C", ["A"] = "b c" } };
        var result = await HostUnderTest.RunAsync(request);
        var names = result.Text.TrimEnd().Split('\n').Order(StringComparer.Ordinal).ToList();
        Assert.Equal(["A", "HOME", "LANG", "LOGNAME", "OPERONE_DEVICE", "OPERONE_EXECUTION_ID", "OPERONE_RUN_ID", "PATH", "SHELL", "USER"], names.Select(n => n.Split('=')[0]));
        Assert.Contains("A=b c", names);
        Assert.Contains("LANG=C", names);
        Assert.Contains("OPERONE_DEVICE=web-1", names);
        Assert.Contains($"OPERONE_EXECUTION_ID={request.ExecutionId}", names);
    }

    [Fact]
    public async Task Stdin_OfOneMebibyte_ComesWholeAndEnds()
    {
        var input = RandomNumberGenerator.GetBytes(1024 * 1024);
        var result = await HostUnderTest.RunAsync(HostUnderTest.Request("cat") with { Stdin = input });
        Assert.Equal(input, result.Stdout);
        Assert.Equal(ExecutionStatus.Succeeded, result.End.Status);
    }

    [Fact]
    public async Task Stdin_NotGiven_IsEmpty()
    {
        var result = await HostUnderTest.RunAsync(HostUnderTest.Request("wc -c"));
        Assert.Equal("0", result.Text.Trim());
    }

    [Fact]
    public async Task Argv_WithBlanksAndQuotes_IsPassedAsItIs()
    {
        var result = await HostUnderTest.RunAsync(HostUnderTest.Request() with { Argv = ["printf", "[%s]", "a b", "", "'\"$HOME*"] });
        Assert.Equal("[a b][]['\"$HOME*]", result.Text);
    }

    [Theory]
    [InlineData("#!/bin/cat -n\nx\n", null, "     1\t#!/bin/cat -n\n     2\tx\n")]
    [InlineData("#!/usr/bin/env sh\necho $0 | grep -c script", null, "1\n")]
    [InlineData("echo plain", null, "plain\n")]
    [InlineData("echo chosen", "sh -e", "chosen\n")]
    public async Task Script_IsRunByItsInterpreter(string script, string? interpreter, string output)
    {
        var result = await HostUnderTest.RunAsync(HostUnderTest.Request() with { Script = script, Interpreter = interpreter });
        Assert.Equal(output, result.Text);
    }

    [Fact]
    public async Task WorkingDirectory_IsWhereTheCommandStarts()
    {
        var result = await HostUnderTest.RunAsync(HostUnderTest.Request("pwd") with { WorkingDirectory = "/usr/bin/.." });
        Assert.Equal("/usr", result.Text.Trim());
    }

    [Theory]
    [InlineData("no-such-program", 127, "no-such-program")]
    [InlineData("/no/such/program", 127, "/no/such/program")]
    [InlineData("/etc/passwd", 126, "not executable")]
    [InlineData("/etc", 126, "directory")]
    public async Task Program_ThatCannotBeStarted_FailsAndIsNamed(string program, int code, string words)
    {
        var result = await HostUnderTest.RunAsync(HostUnderTest.Request() with { Argv = [program] });
        Assert.Equal((ExecutionStatus.Failed, code), (result.End.Status, result.End.ExitCode));
        Assert.Contains(words, result.End.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Program_WithoutItsInterpreter_FailsWith127()
    {
        using var temp = new TempFolder();
        await File.WriteAllTextAsync(temp["p"], "#!/no/such/interpreter\n", TestContext.Current.CancellationToken);
        File.SetUnixFileMode(temp["p"], UnixFileMode.UserRead | UnixFileMode.UserExecute);
        var result = await HostUnderTest.RunAsync(HostUnderTest.Request() with { Argv = [temp["p"]] });
        Assert.Equal((ExecutionStatus.Failed, 127), (result.End.Status, result.End.ExitCode));
        Assert.Contains("interpreter", result.End.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/no/such/directory", "does not exist")]
    [InlineData("/etc/passwd", "is not a directory")]
    [InlineData("relative", "not an absolute path")]
    public async Task WorkingDirectory_ThatIsNone_FailsAndIsNamed(string directory, string words)
    {
        var result = await HostUnderTest.RunAsync(HostUnderTest.Request("true") with { WorkingDirectory = directory });
        Assert.Equal((ExecutionStatus.Failed, (int?)null), (result.End.Status, result.End.ExitCode));
        Assert.Contains(directory, result.End.Reason, StringComparison.Ordinal);
        Assert.Contains(words, result.End.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Command_EndedBySignal_Has128AndTheSignal()
    {
        var result = await HostUnderTest.RunAsync(HostUnderTest.Request("kill -SEGV $$"));
        Assert.Equal((ExecutionStatus.Failed, 139), (result.End.Status, result.End.ExitCode));
        Assert.Contains("SIGSEGV", result.End.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Command_OverItsTime_IsEndedAsTimedOut()
    {
        var request = HostUnderTest.Request("echo begun; sleep 1000") with { TimeoutSeconds = 0.5 };
        using var host = HostUnderTest.Start(request);
        var result = await host.EndAsync();
        Assert.Equal((ExecutionStatus.TimedOut, 143), (result.End.Status, result.End.ExitCode));
        Assert.Contains("0.5 seconds", result.End.Reason, StringComparison.Ordinal);
        Assert.Equal("begun\n", result.Text);
        Assert.Empty(Processes.OfExecution(host.Id));
    }

    [Fact]
    public async Task Cancel_OfADetachedTree_LeavesNothing()
    {
        const string Tree = "(setsid sleep 1000 &); (setsid sh -c 'trap \"\" TERM; while :; do sleep 1; done' &); trap '' TERM; echo up; while :; do sleep 1; done";
        using var host = HostUnderTest.Start(HostUnderTest.Request(Tree));
        await Eventually.BecomesAsync(() => Task.FromResult(File.Exists(host.Folder.Output) && File.Exists(host.Folder.Socket) && Processes.OfExecution(host.Id).Count >= 3), "a tree that ignores being asked", 30);
        using var link = Hosts.Connect(host.Folder);
        link.Cancel(TimeSpan.FromMilliseconds(300));
        var result = await host.EndAsync();
        Assert.Equal((ExecutionStatus.Cancelled, 137), (result.End.Status, result.End.ExitCode));
        Assert.Equal("up\n", result.Text);
        Assert.Empty(Processes.OfExecution(host.Id));
    }

    [Fact]
    public async Task Cancel_OfACommandThatEndsItself_KeepsItsLastWords()
    {
        using var host = HostUnderTest.Start(HostUnderTest.Request("trap 'echo bye; exit 7' TERM; echo up; while :; do sleep 0.01; done"));
        await Eventually.BecomesAsync(() => Task.FromResult(File.Exists(host.Folder.Output) && File.Exists(host.Folder.Socket)), "output", 30);
        using var link = Hosts.Connect(host.Folder);
        link.Cancel(TimeSpan.FromSeconds(30));
        var result = await host.EndAsync();
        Assert.Equal((ExecutionStatus.Cancelled, 7), (result.End.Status, result.End.ExitCode));
        Assert.Equal("up\nbye\n", result.Text);
    }

    [Fact]
    public async Task Child_LeftBehindWithThePipe_IsLeftAloneAndDoesNotHoldTheEnd()
    {
        using var temp = new TempFolder();
        var request = HostUnderTest.Request($"(until [ -e {temp["go"]} ]; do sleep 0.05; done; echo late; touch {temp["alive"]}; sleep 1000) & echo first");
        using var host = HostUnderTest.Start(request);
        var result = await host.EndAsync();
        Assert.Equal((ExecutionStatus.Succeeded, "first\n"), (result.End.Status, result.Text));
        Assert.NotEmpty(Processes.OfExecution(host.Id));

        // writing into the pipe after the end does not kill it
        await File.WriteAllTextAsync(temp["go"], "", TestContext.Current.CancellationToken);
        await Eventually.BecomesAsync(() => Task.FromResult(File.Exists(temp["alive"])), "the child's file", 30);
    }

    [Fact]
    public async Task Folder_WithTwoHosts_RunsOnce()
    {
        using var temp = new TempFolder();
        using var host = HostUnderTest.Start(HostUnderTest.Request($"echo run >> {temp["count"]}; sleep 0.3"));
        using var second = host.Start();
        await host.EndAsync();
        await second.WaitForExitAsync(TestContext.Current.CancellationToken);
        await host.Process.WaitForExitAsync(TestContext.Current.CancellationToken);
        using var third = host.Start();
        await third.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal("run\n", await File.ReadAllTextAsync(temp["count"], TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Host_ToldToTerminate_GoesOn()
    {
        using var host = HostUnderTest.Start(HostUnderTest.Request("echo up; sleep 1; echo down"));
        await Eventually.BecomesAsync(() => Task.FromResult(File.Exists(host.Folder.Output)), "output", 30);
        using var killer = System.Diagnostics.Process.Start("kill", ["-TERM", $"{Processes.Holding(host.Folder.Claimed)}"]);
        Assert.Equal("up\ndown\n", (await host.EndAsync()).Text);
    }
}
