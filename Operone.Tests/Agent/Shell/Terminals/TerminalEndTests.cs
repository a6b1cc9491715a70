using System.Diagnostics;
using System.Runtime.Versioning;
using Operone.Agent.Shell;
using Operone.Core.Shell;
using Operone.Tests.Agent.Hosting;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Agent.Shell.Terminals;

/// <summary>How terminals end, whatever is in them.</summary>
[SupportedOSPlatform("linux")]
public sealed class TerminalEndTests
{
    [Fact]
    public async Task End_OfAShellThatIgnoresSignalsWithDetachedChildren_LeavesNothing()
    {
        using var host = TerminalUnderTest.Start(
            "trap '' HUP TERM INT QUIT; (setsid sh -c 'trap \"\" HUP TERM; sleep 1000 & while :; do sleep 1; done' &); (nohup sleep 1000 >/dev/null 2>&1 &); echo armed; while :; do sleep 1; done");
        await using var seat = await HostSeat.TakeAsync(host);
        await seat.SeesAsync("armed");
        await Eventually.BecomesAsync(() => Task.FromResult(Processes.OfExecution(host.Id).Count >= 4), "its children");
        using var link = Hosts.Connect(host.Folder);
        link.Cancel(TimeSpan.FromMilliseconds(500));
        await seat.HearsAsync(TerminalControls.Ended, seconds: 10);
        var end = await host.EndsAsync(10);
        Assert.Equal(ExecutionStatus.Cancelled, end.Status);
        Assert.StartsWith("It was ended.", end.Reason, StringComparison.Ordinal);
        Assert.Empty(Processes.OfExecution(host.Id));
    }

    [Theory]
    [InlineData("sleep 20 & exit 4")]
    [InlineData("(trap '' HUP; while :; do echo noise; done) & exit 4")]
    [InlineData("(setsid sleep 20 &); exit 4")]
    public async Task Shell_ThatExitsWhileSomethingKeepsTheTerminal_EndsWithinASecond(string script)
    {
        using var host = TerminalUnderTest.Start($"echo armed; read x; {script}");
        await using var seat = await HostSeat.TakeAsync(host);
        await seat.SeesAsync("armed");
        await seat.TypeAsync("\n");
        var clock = Stopwatch.StartNew();
        var ended = await seat.HearsAsync(TerminalControls.Ended);
        Assert.Equal(4, ended.ExitCode);
        Assert.InRange(clock.Elapsed.TotalSeconds, 0, 15); // one, and what a busy machine adds; what keeps it would for 20
        Assert.Equal((ExecutionStatus.Failed, 4), ((await host.EndsAsync()).Status, (await host.EndsAsync()).ExitCode));
    }

    [Fact]
    public async Task Terminal_WhoseSandboxLetsItTakeSoLong_IsEndedThen_AlthoughSomebodyIsThere()
    {
        using var host = HostUnderTest.Start(TerminalUnderTest.Request("echo armed; while read x; do echo got-$x; done", new StartTerminal(80, 24)) with
        {
            Sandbox = new SandboxSpec(Limits: new SandboxLimits(WallSeconds: 1.5)),
        });
        await using var seat = await HostSeat.TakeAsync(host);
        await seat.SeesAsync("armed");
        var ended = await seat.HearsAsync(TerminalControls.Ended);
        Assert.StartsWith("Took longer than 1.5 seconds.", ended.Text, StringComparison.Ordinal);
        Assert.Equal(ExecutionStatus.TimedOut, (await host.EndsAsync()).Status);
    }

    [Fact]
    public async Task Idle_EndsWithItsReasonAndNotWhileSomebodyIsThere()
    {
        using var host = TerminalUnderTest.Start("echo armed; while read x; do echo got-$x; done", new StartTerminal(80, 24, IdleSeconds: 1.5));
        var clock = Stopwatch.StartNew();
        await using (var seat = await HostSeat.TakeAsync(host))
        {
            await seat.SeesAsync("armed");
            await Eventually.BecomesAsync(() => Task.FromResult(clock.Elapsed.TotalSeconds > 4), "more than twice the time");
            await seat.TypeAsync("there\n");
            await seat.SeesAsync("got-there");
            clock.Restart();
        }

        var end = await host.EndsAsync(15);
        Assert.True(clock.Elapsed.TotalSeconds > 1.2, "it ended too early");
        Assert.Equal(ExecutionStatus.Cancelled, end.Status);
        Assert.Contains("Nobody was attached for 00:00:01.5", end.Reason, StringComparison.Ordinal);
        Assert.Empty(Processes.OfExecution(host.Id));
    }

    [Fact]
    public async Task Idle_WithSomebodyWhoConnectsAndSaysNothing_EndsAllTheSame()
    {
        using var host = TerminalUnderTest.Start("echo armed; while read x; do :; done", new StartTerminal(80, 24, IdleSeconds: 1.5));
        await using var mute = await HostSeat.TakeAsync(host, new TerminalControl { Type = TerminalControls.Notice });
        Assert.Contains("Nobody was attached", (await host.EndsAsync(15)).Reason, StringComparison.Ordinal);
    }
}
