using System.Diagnostics;
using System.Runtime.Versioning;
using Operone.Core.Shell;
using Operone.Tests.Agent.Hosting;
using Xunit;

namespace Operone.Tests.Agent.Shell.Terminals;

/// <summary>What a terminal's host records, and what it does where it cannot.</summary>
[SupportedOSPlatform("linux")]
public sealed class TerminalRecordingTests
{
    private static StartTerminal Recorded(RecordMode mode, bool input = false) => new(80, 24, Record: mode, RecordInput: input);

    [Fact]
    public async Task Recording_HasAllThatWasPrintedAndTheSizes()
    {
        using var host = TerminalUnderTest.Start("echo armed; read x; seq 1 30000; printf 'é€😀\\n'; printf '\\303'", Recorded(RecordMode.On));
        await using var seat = await HostSeat.TakeAsync(host);
        await seat.SeesAsync("armed");
        await seat.SayAsync(new TerminalControl { Type = TerminalControls.Size, Columns = 120, Rows = 40 });
        await seat.SayAsync(new TerminalControl { Type = TerminalControls.Size, Columns = 121, Rows = 41 });
        await seat.HearsAsync(TerminalControls.Size, c => c.Columns == 121);
        await seat.TypeAsync("secret\n");
        await seat.EndsAsync();
        var events = TerminalUnderTest.Events((await host.EndAsync()).Text);
        Assert.Equal(seat.Text + "\uFFFD", events.All("o")); // the beginning of a character whose rest never came is there too
        Assert.Equal(["120x40", "121x41"], events.Where(e => e.Kind == "r").Select(e => e.Data));
        Assert.DoesNotContain(events, e => e.Kind == "i");
        Assert.Equal(events.Select(e => e.At).Order(), events.Select(e => e.At));
    }

    [Fact]
    public async Task Input_IsRecordedByPolicyAndNeverWhileTheEchoIsOff()
    {
        using var host = TerminalUnderTest.Start(
            "echo armed; read x; stty -echo; printf 'Password: '; read p; stty echo; echo; echo next; read y; echo bye", Recorded(RecordMode.On, input: true));
        await using var seat = await HostSeat.TakeAsync(host);
        await seat.SeesAsync("armed");
        await seat.TypeAsync("visible\n");
        await seat.SeesAsync("Password: ");
        await seat.TypeAsync("hunter2\n");
        await seat.SeesAsync("next");
        await seat.TypeAsync("again\n");
        await seat.EndsAsync();
        var cast = (await host.EndAsync()).Text;
        Assert.Equal("visible\nagain\n", TerminalUnderTest.Events(cast).All("i"));
        Assert.DoesNotContain("hunter2", cast, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(RecordMode.On)]
    [InlineData(RecordMode.Required)]
    public async Task Recording_ThatReachesItsLimit_SaysSoOrEndsTheTerminal(RecordMode mode)
    {
        const long Limit = 300_000;
        using var host = TerminalUnderTest.Start("echo armed; read x; seq 1 100000; echo full; read x; echo on-$x; exit 0", Recorded(mode), Limit);
        await using var seat = await HostSeat.TakeAsync(host);
        await seat.SeesAsync("armed");
        await seat.TypeAsync("\n");
        if (mode == RecordMode.On)
        {
            Assert.Contains($"limit of {Limit} bytes", (await seat.HearsAsync(TerminalControls.Notice)).Text, StringComparison.Ordinal);
            await seat.SeesAsync("full");
            await seat.TypeAsync("goes\n");
            await seat.SeesAsync("on-goes");
        }

        await seat.EndsAsync();
        var result = await host.EndAsync();
        Assert.Equal(mode == RecordMode.On ? ExecutionStatus.Succeeded : ExecutionStatus.Failed, result.End.Status);
        Assert.Equal(mode == RecordMode.Required, result.End.Reason?.Contains("It had to be recorded", StringComparison.Ordinal) == true);
        Assert.InRange(result.Stdout.Length, Limit / 2, Limit);
        Assert.StartsWith(TerminalUnderTest.Events(result.Text).All("o"), seat.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Recording_ThatIsRequired_AndFailsWithTheLastOfTheOutput_IsAFailure()
    {
        using var host = TerminalUnderTest.Start("head -c 20000 /dev/zero | tr '\\0' x", Recorded(RecordMode.Required), 10_000);
        var end = await host.EndsAsync();
        Assert.Equal(ExecutionStatus.Failed, end.Status);
        Assert.Contains("It had to be recorded", end.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(RecordMode.On)]
    [InlineData(RecordMode.Required)]
    public async Task Recording_OnAFullDisk_SaysSoOrEndsTheTerminal(RecordMode mode)
    {
        Assert.SkipUnless(Environment.UserName == "root", "mounting a small disk takes root");
        using var temp = new TempFolder();
        Directory.CreateDirectory(temp["disk"]);
        using (var mount = Process.Start("mount", ["-t", "tmpfs", "-o", "size=512k", "tmpfs", temp["disk"]]))
        {
            await mount.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.SkipUnless(mount.ExitCode == 0, "nothing can be mounted here");
        }

        try
        {
            using var host = HostUnderTest.StartIn(
                temp["disk"], TerminalUnderTest.Request("echo armed; read x; seq 1 200000; echo full; read x; echo on-$x", Recorded(mode)));
            await using var seat = await HostSeat.TakeAsync(host);
            await seat.SeesAsync("armed");
            await seat.TypeAsync("\n");
            if (mode == RecordMode.On)
            {
                var notice = await seat.HearsAsync(TerminalControls.Notice);
                Assert.Contains("not recorded any more", notice.Text, StringComparison.Ordinal);
                Assert.Contains("space", notice.Text, StringComparison.OrdinalIgnoreCase);
                await seat.SeesAsync("full");
                await seat.TypeAsync("goes\n");
                await seat.SeesAsync("on-goes");
            }

            await seat.EndsAsync();
            var result = await host.EndAsync();
            Assert.Equal(mode == RecordMode.On ? ExecutionStatus.Succeeded : ExecutionStatus.Failed, result.End.Status);
            Assert.Equal(mode == RecordMode.Required, result.End.Reason?.Contains("It had to be recorded", StringComparison.Ordinal) == true);
            Assert.StartsWith(TerminalUnderTest.Events(result.Text).All("o"), seat.Text, StringComparison.Ordinal);
        }
        finally
        {
            using var unmount = Process.Start("umount", ["-l", temp["disk"]]);
            await unmount.WaitForExitAsync(TestContext.Current.CancellationToken);
        }
    }
}
