using System.Runtime.Versioning;
using System.Text;
using Operone.Agent.Channels;
using Operone.Core.Shell;
using Operone.Tests.Agent.Hosting;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Agent.Shell.Terminals;

/// <summary>What clients send to a terminal's host: too much, too quickly, or what they may not.</summary>
[SupportedOSPlatform("linux")]
public sealed class TerminalInputTests
{
    [Fact]
    public async Task Paste_OfAMegabyteIntoASlowReader_ArrivesWholeWhileOutputGoesOn()
    {
        using var temp = new TempFolder();
        using var host = TerminalUnderTest.Start($$"""
            stty raw -echo; (while :; do printf tick; sleep 0.05; done) & echo armed
            i=0; while [ $i -lt 50 ]; do head -c 20000 >> {{temp["pasted"]}}; sleep 0.02; i=$((i+1)); done; echo done; sleep 60
            """);
        await using var seat = await HostSeat.TakeAsync(host);
        await seat.SeesAsync("armed");
        var all = string.Concat(Enumerable.Range(0, 125_000).Select(i => $"{i,7}\n"));
        await seat.SendAsync(ChannelFrames.Data, Encoding.ASCII.GetBytes(all)).WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        var before = seat.Bytes;
        await Eventually.BecomesAsync(() => Task.FromResult(seat.Bytes > before), "output while it is pasted");
        await seat.SeesAsync("done", 60);
        Assert.Equal(all, await File.ReadAllTextAsync(temp["pasted"], TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Paste_IntoAProgramThatNeverReads_LeavesWatchersTheirOutput()
    {
        using var host = TerminalUnderTest.Start("stty raw -echo; echo armed; sleep 3; head -c 3000000 /dev/zero | tr '\\0' x; echo; echo the-end; sleep 60");
        await using var watcher = await HostSeat.TakeAsync(host, HostSeat.Hello(mayType: false, window: TerminalLimits.WindowBytes));
        await using var seat = await HostSeat.TakeAsync(host);
        await seat.SeesAsync("armed");
        var pasting = seat.SendAsync(ChannelFrames.Data, new byte[16 * 1024 * 1024]);
        await watcher.SeesAsync("the-end");
        Assert.False(pasting.IsCompleted); // there is a bound to what waits
        await seat.DisposeAsync();
        await Assert.ThrowsAnyAsync<Exception>(() => pasting);
    }

    [Fact]
    public async Task Shell_WhoseFirstClientHasAnotherSize_ShowsItsPrompt()
    {
        using var host = HostUnderTest.Start(HostUnderTest.Request() with { Terminal = new StartTerminal(80, 24) });
        await using var seat = await HostSeat.TakeAsync(host, HostSeat.Hello(window: TerminalLimits.WindowBytes) with { Columns = 132, Rows = 43 });
        await Eventually.BecomesAsync(() => Task.FromResult(seat.Text.Contains('$', StringComparison.Ordinal) || seat.Text.Contains('#', StringComparison.Ordinal)), "a prompt");
        await seat.TypeAsync("stty size; echo up-$((1+1))\n");
        await seat.SeesAsync("up-2");
        Assert.Contains("43 132", seat.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sizes_InAStorm_LeaveTheLastAndNobodyIsLost()
    {
        using var host = TerminalUnderTest.Start("echo armed; while read x; do stty size; done");
        await using var seat = await HostSeat.TakeAsync(host);
        await using var watcher = await HostSeat.TakeAsync(host, HostSeat.Hello(mayType: false));
        await using var away = await HostSeat.TakeAsync(host, HostSeat.Hello(mayType: false), takes: false);
        await watcher.SeesAsync("armed");
        var storm = new MemoryStream();
        for (var i = 0; i < 1000; i++)
        {
            var message = Encoding.ASCII.GetBytes($"{{\"type\":\"size\",\"columns\":{100 + (i % 50)},\"rows\":{20 + (i % 30)}}}");
            var head = new byte[ChannelFrames.HeadBytes];
            ChannelFrames.WriteHead(head, ChannelFrames.Control, message.Length);
            storm.Write(head);
            storm.Write(message);
        }

        await seat.SendRawAsync(storm.ToArray());
        await seat.TypeAsync("\n");
        await seat.SeesAsync("29 149"); // (999 % 30, 999 % 50) = (9, 49), from 20 and 100
        foreach (var one in (HostSeat[])[seat, watcher])
        {
            await one.HearsAsync(TerminalControls.Size, c => c is { Columns: 149, Rows: 29 });
        }

        away.Take(true);
        await away.SeesAsync("29 149");
    }

    [Theory]
    [InlineData(0, 0, "1 1")]
    [InlineData(-1, -2147483648, "1 1")]
    [InlineData(100_000, 2_147_483_647, "1000 1000")]
    public async Task Size_ThatMakesNoSense_IsBroughtWithinTheLimits(int columns, int rows, string expected)
    {
        using var host = TerminalUnderTest.Start("echo armed; while read x; do stty size; done");
        await using var seat = await HostSeat.TakeAsync(host);
        await seat.SeesAsync("armed");
        await seat.SayAsync(new TerminalControl { Type = TerminalControls.Size, Columns = columns, Rows = rows });
        await seat.TypeAsync("\n");
        await seat.SeesAsync(expected);
    }

    [Fact]
    public async Task Watcher_NeitherTypesNorSetsTheSize()
    {
        using var host = TerminalUnderTest.Start("echo armed; while read x; do stty size; echo got-$x; done");
        await using var owner = await HostSeat.TakeAsync(host);
        await using var watcher = await HostSeat.TakeAsync(host, HostSeat.Hello(mayType: false) with { Columns = 33, Rows = 11 });
        await watcher.SeesAsync("armed");
        await watcher.TypeAsync("evil\n");
        await watcher.SayAsync(new TerminalControl { Type = TerminalControls.Size, Columns = 44, Rows = 22 });
        await watcher.SayAsync(HostSeat.Hello(mayType: true));
        await watcher.TypeAsync("evil\n");
        await owner.TypeAsync("good\n");
        await watcher.SeesAsync("got-good");
        Assert.Contains("24 80", watcher.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("evil", watcher.Text, StringComparison.Ordinal);

        // until the node says that they may, and no longer than it says so
        await watcher.SayAsync(new TerminalControl { Type = TerminalControls.Mode, MayType = true });
        await watcher.TypeAsync("now\n");
        await owner.SeesAsync("got-now");
        await watcher.SayAsync(new TerminalControl { Type = TerminalControls.Mode, MayType = false });
        await watcher.TypeAsync("late\n");
        await owner.TypeAsync("last\n");
        await watcher.SeesAsync("got-last");
        Assert.DoesNotContain("late", watcher.Text, StringComparison.Ordinal);
    }

    public static TheoryData<string, byte[]> Rubbish => new()
    {
        { "no frame", [1, 2, 3, 4, 5, 6, 7, 8] },
        { "a length below zero", [(byte)'d', 0xff, 0xff, 0xff, 0xff] },
        { "no JSON", [(byte)'c', 3, 0, 0, 0, (byte)'{', (byte)'{', (byte)'{'] },
        { "JSON of something else", [(byte)'c', 2, 0, 0, 0, (byte)'[', (byte)']'] },
        { "JSON without a type", [(byte)'c', 2, 0, 0, 0, (byte)'{', (byte)'}'] },
        { "null", [(byte)'c', 4, 0, 0, 0, .. "null"u8] },
        { "an unknown type", [(byte)'c', 12, 0, 0, 0, .. "{\"type\":\"x\"}"u8] },
        { "a control of a megabyte", [(byte)'c', 0, 0, 16, 0, .. new byte[1024 * 1024]] },
        { "an empty control", [(byte)'c', 0, 0, 0, 0] },
        { "half a frame", [(byte)'d', 0, 1, 0, 0, 1] },
    };

    [Theory]
    [MemberData(nameof(Rubbish))]
    public async Task Client_ThatSendsRubbish_BreaksNobodyElse(string what, byte[] rubbish)
    {
        using var host = TerminalUnderTest.Start("echo armed; while read x; do echo got-$x; done");
        await using var good = await HostSeat.TakeAsync(host);
        await good.SeesAsync("armed");
        for (var i = 0; i < 3; i++)
        {
            await using var bad = await HostSeat.TakeAsync(host, HostSeat.Hello(mayType: false));
            try
            {
                await bad.SendRawAsync(rubbish);
            }
            catch (Exception cut) when (cut is System.Net.Sockets.SocketException or IOException)
            {
                // the host has let go of it
            }

            await good.TypeAsync($"{i}\n");
            await good.SeesAsync($"got-{i}");
        }

        Assert.True(good.Text.Length > 0, what);
        Assert.Null(good.Reason);
    }

    [Fact]
    public async Task Clients_MoreThanThereIsRoomFor_AreSentAwayAndTheRestStays()
    {
        using var host = TerminalUnderTest.Start("echo armed; while read x; do echo got-$x; done");
        await using var owner = await HostSeat.TakeAsync(host);
        await owner.SeesAsync("armed");
        var all = new List<HostSeat>();
        for (var i = 0; i < 63; i++)
        {
            all.Add(await HostSeat.TakeAsync(host, HostSeat.Hello(mayType: false)));
            await all[^1].SeesAsync("armed");
        }

        await using var tooMany = await HostSeat.TakeAsync(host, HostSeat.Hello(mayType: false));
        await tooMany.EndsAsync();
        await owner.TypeAsync("all\n");
        foreach (var seat in all)
        {
            await seat.SeesAsync("got-all");
            await seat.DisposeAsync();
        }

        await using var again = await HostSeat.TakeAsync(host);
        await again.SeesAsync("got-all");
    }
}
