using System.Runtime.Versioning;
using Operone.Core.Shell;
using Operone.Tests.Agent.Hosting;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Agent.Shell.Terminals;

/// <summary>What a terminal's host prints to its clients: more than they take, later than they come, and nothing that is text.</summary>
[SupportedOSPlatform("linux")]
[Collection(AloneCollection.Name)]
public sealed class TerminalOutputTests
{
    /// <summary>A hundred megabytes: ten million lines of nine digits and a newline.</summary>
    private const string Flood = "stty -onlcr; echo armed; read x; seq 100000001 110000000; echo the-end-$((1+1)); sleep 60";

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Flood_WithSomebodyWhoTakesNothing_GoesOnForTheOthers(bool takesAndDoesNotAcknowledge)
    {
        using var host = TerminalUnderTest.Start(Flood);
        await using var seat = await HostSeat.TakeAsync(host, HostSeat.Hello(window: TerminalLimits.WindowBytes));
        var window = takesAndDoesNotAcknowledge ? TerminalLimits.WindowBytes : 0;
        await using var away = await HostSeat.TakeAsync(host, HostSeat.Hello(window: window), takes: takesAndDoesNotAcknowledge);
        away.Acknowledges = false;
        await seat.SeesAsync("armed");
        var before = TerminalUnderTest.Memory(host.Process.Id);
        await seat.TypeAsync("\n");
        await seat.SeesAsync("the-end-2", 60);

        // who keeps up has all of it, and no piece had to be left out
        Assert.DoesNotContain(seat.Controls, c => c.Type == TerminalControls.Resync);
        Assert.True(seat.Bytes > 100_000_000, $"{seat.Bytes}");
        Assert.True(seat.Text.Contains("109999999\n110000000\nthe-end-2", StringComparison.Ordinal));
        var grown = TerminalUnderTest.Memory(host.Process.Id) - before;
        // what is kept for those who come back, and a youngest generation of the collector's on a machine with a large cache
        Assert.True(grown < 64 * 1024 * 1024, $"the host has grown by {grown} bytes");
        Assert.InRange(away.Bytes, 0, 1024 * 1024);

        // who comes back is told that something is missing, and has the true end
        away.Acknowledges = true;
        if (takesAndDoesNotAcknowledge)
        {
            await away.SayAsync(new TerminalControl { Type = TerminalControls.Ack, Offset = away.Offset });
        }

        away.Take(true);
        await away.SeesAsync("the-end-2");
        var resync = Assert.Single(away.Controls, c => c.Type == TerminalControls.Resync);
        Assert.NotNull(resync.Text);
        Assert.Equal(seat.Offset, away.Offset);
        Assert.EndsWith(seat.Text[^100_000..], away.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Flood_WithAWatcherWhoTakesAByteAtATime_IsNotHeldUp()
    {
        using var host = TerminalUnderTest.Start(Flood);
        await using var seat = await HostSeat.TakeAsync(host, HostSeat.Hello(window: TerminalLimits.WindowBytes));
        await using var slow = await HostSeat.TakeAsync(host, HostSeat.Hello(mayType: false, window: 1024));
        slow.Acknowledges = false;
        await slow.SeesAsync("armed");
        await seat.TypeAsync("\n");
        var clock = System.Diagnostics.Stopwatch.StartNew();
        while (!seat.Text.Contains("the-end-2", StringComparison.Ordinal))
        {
            Assert.True(clock.Elapsed.TotalSeconds < 30, "a watcher holds up the program");
            await slow.SayAsync(new TerminalControl { Type = TerminalControls.Ack, Offset = slow.Offset });
            await Task.Delay(200, TestContext.Current.CancellationToken);
        }

        Assert.DoesNotContain(seat.Controls, c => c.Type == TerminalControls.Resync);
    }

    [Fact]
    public async Task Flood_WithNobodyWhoTakesIt_IsHeldForTwoSecondsAndNotLonger()
    {
        using var host = TerminalUnderTest.Start(Flood);
        await using var away = await HostSeat.TakeAsync(host, HostSeat.Hello(window: TerminalLimits.WindowBytes));
        away.Acknowledges = false;
        await away.SeesAsync("armed");
        await away.TypeAsync("\n");
        var started = System.Diagnostics.Stopwatch.StartNew();
        await using var later = await HostSeat.TakeAsync(host, HostSeat.Hello(mayType: false));
        await later.SeesAsync("the-end-2", 30);
        Assert.InRange(started.Elapsed.TotalSeconds, 0, 20);
    }

    [Fact]
    public async Task Output_OfAProgramThatEndsAtOnce_ArrivesWholeBeforeTheEnd()
    {
        for (var round = 0; round < 5; round++)
        {
            using var host = TerminalUnderTest.Start("stty -onlcr; echo armed; read x; seq 1 200000; echo last-words; exit 5");
            await using var seat = await HostSeat.TakeAsync(host, HostSeat.Hello(window: TerminalLimits.WindowBytes));
            await seat.SeesAsync("armed");
            await seat.TypeAsync("\n");
            await seat.EndsAsync();
            Assert.EndsWith("199999\n200000\nlast-words\n", seat.Text, StringComparison.Ordinal);
            Assert.Equal(5, Assert.Single(seat.Controls, c => c.Type == TerminalControls.Ended).ExitCode);
            Assert.Contains("code 5", seat.Reason, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Output_ToASlowReaderAtTheEnd_ArrivesWholeToo()
    {
        using var host = TerminalUnderTest.Start("stty -onlcr; echo armed; read x; seq 1 120000; echo last-words");
        await using var seat = await HostSeat.TakeAsync(host, takes: false);
        await Eventually.BecomesAsync(() => Task.FromResult(host.Folder.ReadStarted() is not null), "a start");
        await seat.TypeAsync("\n");
        await Eventually.BecomesAsync(() => Task.FromResult(Processes.OfExecution(host.Id).Count == 0), "the program's end");
        seat.Take(true);
        await seat.EndsAsync();
        Assert.EndsWith("120000\nlast-words\n", seat.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Garbage_OfTenMegabytes_LeavesATerminalThatWorks()
    {
        using var host = TerminalUnderTest.Start("echo armed; read x; head -c 10000000 /dev/urandom; printf '\\030\\033c'; echo still-$((1+1)); while read x; do echo got-$x; done");
        await using var seat = await HostSeat.TakeAsync(host, HostSeat.Hello(window: TerminalLimits.WindowBytes));
        await seat.SeesAsync("armed");
        await seat.TypeAsync("\n");
        await seat.SeesAsync("still-2", 60);
        await seat.TypeAsync("one\n");
        await seat.SeesAsync("got-one");
        await using var later = await HostSeat.TakeAsync(host);
        await later.SeesAsync("got-one");
        var attached = await later.HearsAsync(TerminalControls.Attached);
        Assert.True(attached.Offset > 5_000_000 && attached.Text!.Length < 4000, attached.Text);
    }

    [Theory]
    [InlineData("less", "q")]
    [InlineData("vi", ":q!\r")]
    public async Task FullScreen_WhoseStartHasFallenOut_IsDrawnAgainForWhoeverComes(string program, string quit)
    {
        using var temp = new TempFolder();
        Assert.SkipUnless(File.Exists($"/usr/bin/{program}"), $"{program} is not installed");
        await File.WriteAllTextAsync(temp["text"], string.Concat(Enumerable.Range(1, 500).Select(i => $"line-{i}-of-the-text\n")), TestContext.Current.CancellationToken);
        using var host = TerminalUnderTest.Start($"{program} {temp["text"]}; echo left-$((1+1)); read x");
        await using var seat = await HostSeat.TakeAsync(host);
        await seat.SeesAsync("line-1-of-the-text");

        // drawn again and again, until its beginning is gone: by its own key for that
        while (seat.Offset < TerminalLimits.ScrollbackBytes + 200_000)
        {
            var before = seat.Bytes;
            await seat.TypeAsync(string.Concat(Enumerable.Repeat("\f", 200)));
            await Eventually.BecomesAsync(() => Task.FromResult(seat.Bytes > before), "a screen");
        }

        await using var later = await HostSeat.TakeAsync(host);
        var attached = await later.HearsAsync(TerminalControls.Attached);
        Assert.Contains("\e[?1049h", attached.Text, StringComparison.Ordinal);

        // Line 23 fits once both changes of size are over. In the midst of them less can lose a key: its handler jumps out of the read.
        await Eventually.BecomesAsync(() => Task.FromResult(Since(later, attached).Contains("line-23-of-the-text", StringComparison.Ordinal)), "the screen, drawn for who has come");
        await later.TypeAsync(quit);
        await seat.SeesAsync("left-2");
    }

    /// <summary>What was printed since somebody came: it is ASCII.</summary>
    private static string Since(HostSeat seat, TerminalControl attached)
    {
        var text = seat.Text;
        return text[^(int)Math.Clamp(seat.Offset - attached.Replayed!.Value, 0, text.Length)..];
    }
}
