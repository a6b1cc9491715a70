using System.Runtime.Versioning;
using Operone.Tests.Hosting;
using Operone.Tests.Web.Shell.Terminals;
using Xunit;

namespace Operone.Tests.Web.Channels;

/// <summary>Channels on a node that ends those that carry nothing.</summary>
[SupportedOSPlatform("linux")]
public sealed class ChannelIdleTests(ChannelIdleTests.Idle fixture) : TerminalScene(fixture), IClassFixture<ChannelIdleTests.Idle>
{
    public sealed class Idle() : ServerFixture(Database.Sqlite, new() { ["Operone:Channels:IdleSeconds"] = "5" });

    [Fact]
    public async Task Channel_ThatCarriesNothing_IsEndedWithTheReason_AndWhatItWasForGoesOn()
    {
        var terminal = await OpenAsync(new() { Argv = ["sh", "-c", "echo armed; while read x; do echo got-$x; done"] });
        await using (var seat = await TerminalSeat.TakeAsync(Server, terminal.Id))
        {
            await seat.SeesAsync("armed");
            Assert.Equal("nothing was carried for 5 seconds", await seat.EndsAsync());
        }

        await using var again = await TerminalSeat.TakeAsync(Server, terminal.Id);
        await again.TypeAsync("one\n");
        await again.SeesAsync("got-one");
    }

    [Fact]
    public async Task Channel_WhoseCallerTakesNothing_IsEndedToo()
    {
        // a program waits two seconds for one who takes nothing, and who reads is sent nothing meanwhile: that is not five
        var terminal = await OpenAsync(new() { Argv = ["yes"] });
        await using var stuck = await TerminalSeat.TakeAsync(Server, terminal.Id, reads: false);
        await using var seat = await TerminalSeat.TakeAsync(Server, terminal.Id);
        await EventuallyAsync(async () => (await GetAsync(terminal.Id)).People.Count == 2, "both are there");
        await EventuallyAsync(async () => (await GetAsync(terminal.Id)).People.Count == 1, "the one who takes nothing is gone", 30);
    }
}
