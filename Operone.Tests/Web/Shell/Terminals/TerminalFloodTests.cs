using System.Runtime.Versioning;
using Operone.Core.Shell;
using Operone.Tests.Agent.Shell.Terminals;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Web.Shell.Terminals;

/// <summary>What a terminal that prints without end costs the node.</summary>
[SupportedOSPlatform("linux")]
[Collection(AloneCollection.Name)]
public sealed class TerminalFloodTests(SqliteFixture fixture) : TerminalScene(fixture), IClassFixture<SqliteFixture>
{
    [Fact]
    public async Task Flood_WithSomebodyWhoAcknowledgesNothing_LeavesAgentAndNodeAsTheyWere()
    {
        var terminal = await OpenAsync(new() { Argv = ["sh", "-c", "stty -onlcr; echo armed; read x; seq 100000001 110000000; echo the-end-$((1+1)); sleep 60"] });
        await using var away = await TerminalSeat.TakeAsync(Server, terminal.Id, $"columns=80&rows=24&window={TerminalLimits.WindowBytes}");
        await using var seat = await TerminalSeat.TakeAsync(Server, terminal.Id);
        await away.SeesAsync("armed");
        var agent = Agent.ProcessId;
        var (agentBefore, nodeBefore) = (TerminalUnderTest.Memory(agent), GC.GetTotalMemory(forceFullCollection: true));
        await seat.TypeAsync("\n");
        await seat.SeesAsync("the-end-2", 60);
        Assert.DoesNotContain(seat.Controls, c => c.Type == TerminalControls.Resync);
        Assert.True(seat.Bytes > 100_000_000);
        Assert.InRange(away.Bytes, 0, TerminalLimits.WindowBytes);
        Assert.True(TerminalUnderTest.Memory(agent) - agentBefore < 64 * 1024 * 1024, "the agent has grown");
        Assert.True(GC.GetTotalMemory(forceFullCollection: true) - nodeBefore < 64 * 1024 * 1024, "the node, and this test with it, holds more than before");

        // who is back is shown the true end
        await away.SayAsync(new TerminalControl { Type = TerminalControls.Ack, Offset = away.Offset });
        await away.HearsAsync(TerminalControls.Resync);
        await EventuallyAsync(async () =>
        {
            await away.SayAsync(new TerminalControl { Type = TerminalControls.Ack, Offset = away.Offset });
            return away.Offset >= seat.Offset;
        }, "who is back has all of it", 30);

        Assert.EndsWith("110000000\nthe-end-2\n", away.Text, StringComparison.Ordinal);
    }
}
