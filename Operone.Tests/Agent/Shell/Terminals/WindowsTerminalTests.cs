using System.Diagnostics;
using Operone.Agent.Shell;
using Operone.Core.Shell;
using Operone.Tests.Agent.Hosting;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Agent.Shell.Terminals;

/// <summary>Terminals and commands on Windows, in real hosts. Elsewhere they are skipped; how they run under Wine: docs/development.md.</summary>
public sealed class WindowsTerminalTests
{
    /// <summary>A program that gives the console's handles to another one, where the system does not: Wine 8 does not.</summary>
    private static readonly string[] _before = Environment.GetEnvironmentVariable("OPERONE_TEST_CONSOLE") is { Length: > 0 } program ? [program] : [];

    public WindowsTerminalTests() => Assert.SkipUnless(OperatingSystem.IsWindows(), "this is for Windows");

    [Fact]
    public async Task Shell_TypedInto_PrintsAndEndsWithItsCode()
    {
        using var host = Start();
        await using var seat = await HostSeat.TakeAsync(host);
        await seat.SeesAsync(">");
        await seat.TypeAsync("echo one^two-%TERM%-%OPERONE_DEVICE%\r");
        await seat.SeesAsync("onetwo-xterm-256color-web-1");
        await seat.TypeAsync("exit 7\r");
        var ended = await seat.HearsAsync(TerminalControls.Ended);
        Assert.Equal((7, "Exited with code 7."), (ended.ExitCode, ended.Text));
        var end = await host.EndsAsync();
        Assert.Equal((ExecutionStatus.Failed, 7), (end.Status, end.ExitCode));
    }

    [Fact]
    public async Task Characters_BeyondAscii_GoBothWays()
    {
        using var host = Start();
        await using var seat = await HostSeat.TakeAsync(host);
        await seat.SeesAsync(">");
        await seat.TypeAsync("echo h^éllo-wörld\r");
        await seat.SeesAsync("héllo-wörld");
    }

    [Fact]
    public async Task Seat_ThatComesBack_SeesWhatWasPrintedAndGoesOn()
    {
        using var host = Start();
        await using (var first = await HostSeat.TakeAsync(host))
        {
            await first.SeesAsync(">");
            await first.TypeAsync("echo was^-here\r");
            await first.SeesAsync("was-here");
        }

        for (var i = 0; i < 3; i++)
        {
            await using var again = await HostSeat.TakeAsync(host);
            await again.SeesAsync("was-here");
        }

        await using var last = await HostSeat.TakeAsync(host);
        await last.TypeAsync("echo still^-here\r");
        await last.SeesAsync("still-here");
    }

    [Fact]
    public async Task Seats_OfSeveral_SeeTheSameAndWhoWatchesTypesNothing()
    {
        using var host = Start();
        await using var one = await HostSeat.TakeAsync(host);
        await using var other = await HostSeat.TakeAsync(host, HostSeat.Hello(mayType: false));
        await one.SeesAsync(">");
        await other.TypeAsync("echo not^-this\r");
        await one.TypeAsync("echo but^-this\r");
        await one.SeesAsync("but-this");
        await other.SeesAsync("but-this");
        Assert.DoesNotContain("not", one.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Output_OfManyLines_ComesWholeToWhoIsSlowToo()
    {
        using var host = Start();
        await using var seat = await HostSeat.TakeAsync(host, HostSeat.Hello(window: TerminalLimits.WindowBytes));
        await using var asleep = await HostSeat.TakeAsync(host, takes: false);
        await seat.SeesAsync(">");
        await seat.TypeAsync("for /l %i in (1,1,2000) do @echo line %i of them\r");
        await seat.SeesAsync("line 2000 of them", 60);
        asleep.Take(true);
        await asleep.SeesAsync("line 2000 of them");
    }

    [Fact]
    public async Task Paste_OfManyLines_ArrivesWhole()
    {
        using var host = Start();
        await using var seat = await HostSeat.TakeAsync(host);
        await seat.SeesAsync(">");
        await seat.TypeAsync(string.Concat(Enumerable.Repeat("rem " + new string('x', 60) + "\r", 1500)));
        await seat.TypeAsync("echo all^-of-it\r");
        await seat.SeesAsync("all-of-it", 60);
    }

    [Fact]
    public async Task End_ByTheAgent_TakesAllThatWasStartedAlong()
    {
        using var folder = new TempFolder();
        var name = $"own-{Guid.NewGuid():N}"[..12];
        File.Copy(Path.Combine(Environment.SystemDirectory, "ping.exe"), folder[name + ".exe"]);
        using var host = Start();
        await using var seat = await HostSeat.TakeAsync(host);
        await seat.SeesAsync(">");
        await seat.TypeAsync($"start /b {folder[name]} -n 600 127.0.0.1\r");
        await Eventually.BecomesAsync(() => Task.FromResult(Process.GetProcessesByName(name).Length == 1), "a program that was left behind");
        using var link = Hosts.Connect(host.Folder);
        link.Cancel(TimeSpan.FromSeconds(1));
        var end = await host.EndsAsync();
        Assert.Equal(ExecutionStatus.Cancelled, end.Status);
        Assert.StartsWith("It was ended.", end.Reason, StringComparison.Ordinal);
        await Eventually.BecomesAsync(() => Task.FromResult(Process.GetProcessesByName(name).Length == 0), "nothing left of it", 10);
    }

    [Fact]
    public async Task Idle_NobodyIsThere_EndsWithItsReason()
    {
        using var host = Start(new StartTerminal(80, 24, IdleSeconds: 1));
        var end = await host.EndsAsync();
        Assert.Equal(ExecutionStatus.Cancelled, end.Status);
        Assert.StartsWith("Nobody was attached for 00:00:01.", end.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Recording_OfATerminal_HasWhatWasPrintedAndNeverWhatWasTyped()
    {
        using var host = Start(new StartTerminal(80, 24, Record: RecordMode.Required, RecordInput: true));
        await using (var seat = await HostSeat.TakeAsync(host))
        {
            await seat.SeesAsync(">");
            await seat.TypeAsync("echo on^-tape\r");
            await seat.SeesAsync("on-tape");
            await seat.TypeAsync("exit 0\r");
            await host.EndsAsync();
        }

        var result = await host.EndAsync();
        var events = TerminalUnderTest.Events(result.Text);
        Assert.Equal(ExecutionStatus.Succeeded, result.End.Status);
        Assert.Contains("on-tape", events.All("o"), StringComparison.Ordinal);
        Assert.DoesNotContain(events, e => e.Kind == "i");
    }

    [Theory]
    [InlineData("no-such-program", ExecutionStatus.Failed, "There is no program 'no-such-program' in PATH")]
    [InlineData(@"C:\no\such.exe", ExecutionStatus.Failed, @"There is no program 'C:\no\such.exe'.")]
    public async Task Program_ThatIsNotThere_FailsInWords(string program, ExecutionStatus status, string reason)
    {
        var request = HostUnderTest.Request() with { Argv = [program], Terminal = new StartTerminal(80, 24) };
        var result = await HostUnderTest.RunAsync(request);
        Assert.Equal((status, CommandNotFound), (result.End.Status, result.End.ExitCode));
        Assert.StartsWith(reason, result.End.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Isolation_OnWindows_IsRefusedInWords()
    {
        var request = HostUnderTest.Request() with { Argv = ["cmd.exe"], Terminal = new StartTerminal(80, 24), Sandbox = new SandboxSpec(SandboxKind.Isolated) };
        var result = await HostUnderTest.RunAsync(request);
        Assert.Equal((ExecutionStatus.Refused, "Commands can be isolated on Linux alone."), (result.End.Status, result.End.Reason));
    }

    [Fact]
    public async Task Command_OnWindows_IsKeptWithItsCode()
    {
        var result = await HostUnderTest.RunAsync(HostUnderTest.Request("echo out& echo err 1>&2& exit 3"));
        Assert.Equal(("out\r\n", "err \r\n"), (result.Text, System.Text.Encoding.UTF8.GetString(result.Stderr)));
        Assert.Equal((ExecutionStatus.Failed, 3), (result.End.Status, result.End.ExitCode));
    }

    [Fact]
    public async Task Command_ThatIsCancelled_EndsAtOnce()
    {
        using var host = HostUnderTest.Start(HostUnderTest.Request("echo begun& ping -n 600 127.0.0.1 >nul"));
        await Eventually.BecomesAsync(() => Task.FromResult(File.Exists(host.Folder.Output)), "its output");
        using var link = Hosts.Connect(host.Folder);
        link.Cancel(TimeSpan.FromSeconds(5));
        var end = await host.EndsAsync();
        Assert.Equal(ExecutionStatus.Cancelled, end.Status);
    }

    private const int CommandNotFound = 127;

    private static HostUnderTest Start(StartTerminal? terminal = null) =>
        HostUnderTest.Start(HostUnderTest.Request() with { Argv = [.. _before, "cmd.exe"], Terminal = terminal ?? new StartTerminal(80, 24) });
}
