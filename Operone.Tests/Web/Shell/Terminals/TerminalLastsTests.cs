using System.Globalization;
using System.Runtime.Versioning;
using Operone.Core.Shell;
using Operone.Tests.Agent.Hosting;
using Operone.Tests.Agent.Shell.Terminals;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Web.Shell.Terminals;

[SupportedOSPlatform("linux")]
public sealed class TerminalLastsOnSqlite(SqliteFixture f) : TerminalLastsTests(f), IClassFixture<SqliteFixture>;

[SupportedOSPlatform("linux")]
public sealed class TerminalLastsOnPostgres(PostgresFixture f) : TerminalLastsTests(f), IClassFixture<PostgresFixture>;

/// <summary>What happens to terminals when something around them dies, or is overrun.</summary>
[SupportedOSPlatform("linux")]
public abstract class TerminalLastsTests(ServerFixture fixture) : TerminalScene(fixture)
{
    [Fact]
    public async Task Host_Killed_LeavesATerminalThatIsLostAndSaysSo()
    {
        var terminal = await OpenAsync();
        await using var seat = await TerminalSeat.TakeAsync(Server, terminal.Id);
        await seat.TypeAsync("echo up-$((1+1))\n");
        await seat.SeesAsync("up-2");
        Processes.Kill(HostOf(terminal.Id));
        await seat.EndsAsync();
        var ended = await EndedAsync(terminal.Id);
        Assert.Equal(ExecutionStatus.Lost, ended.Status);
        Assert.False(string.IsNullOrEmpty(ended.Reason));
        using var door = await Server.Owner.GetAsync($"/api/v1/terminals/{terminal.Id}", Cancelled);
        Assert.Contains("\"lost\"", await door.Content.ReadAsStringAsync(Cancelled), StringComparison.Ordinal);
        await EventuallyAsync(() => Task.FromResult(Processes.OfExecution(terminal.Id).Count == 0), "nothing is left of it", 30);
    }

    [Fact]
    public async Task Server_StoppedAndStarted_HasTheSameShellScreenAndAWholeRecording()
    {
        var terminal = await OpenAsync(new() { Record = true, Argv = ["sh", "-c", "stty -onlcr; echo pid=$$=; i=0; while [ $i -lt 6000 ]; do i=$((i+1)); echo line-$i; done; read x; echo same=$$=; read y"] });
        string before;
        await using (var seat = await TerminalSeat.TakeAsync(Server, terminal.Id))
        {
            await seat.SeesAsync("pid=");
            await Server.StopAsync();
            await seat.EndsAsync();
            before = seat.Text;
        }

        await Server.StartAgainAsync();
        await Server.WaitForOnlineAsync(Device);
        await using var back = await TerminalSeat.TakeAsync(Server, terminal.Id);
        await back.SeesAsync("line-6000\n");
        await back.TypeAsync("\n");
        var pid = back.Text.Split("pid=")[^1].Split('=')[0];
        await back.SeesAsync($"same={pid}=");
        Assert.StartsWith(before, back.Text, StringComparison.Ordinal);
        await back.TypeAsync("\n");
        Assert.Contains("code 0", await back.EndsAsync(), StringComparison.Ordinal);
        var ended = await EndedAsync(terminal.Id);
        Assert.Equal(ExecutionStatus.Succeeded, ended.Status);
        var cast = await Server.Owner.GetStringAsync($"/api/v1/recordings/{terminal.Id}/asciicast", Cancelled);
        Assert.Equal(back.Text, TerminalUnderTest.Events(cast).All("o"));
    }

    [Fact]
    public async Task Agent_KilledWhileItPrints_LosesNothingOfTheRecording()
    {
        var terminal = await OpenAsync(new() { Record = true, Argv = ["sh", "-c", "stty -onlcr; read x; i=0; while [ $i -lt 100 ]; do seq $((i*1000+1)) $((i*1000+1000)); i=$((i+1)); sleep 0.02; done"] });
        await using (var seat = await TerminalSeat.TakeAsync(Server, terminal.Id))
        {
            await seat.TypeAsync("\n");
            await seat.SeesAsync("3000\n");
            await Agent.KillAsync();
            await seat.EndsAsync();
        }

        await Agent.DisposeAsync();
        Agent = AgentUnderTest.Run(State);
        await EndedAsync(terminal.Id);
        var cast = await Server.Owner.GetStringAsync($"/api/v1/recordings/{terminal.Id}/asciicast", Cancelled);
        var printed = TerminalUnderTest.Events(cast).All("o");
        Assert.EndsWith(string.Concat(Enumerable.Range(1, 100_000).Select(i => string.Create(CultureInfo.InvariantCulture, $"{i}\n"))), printed, StringComparison.Ordinal);
    }

    /// <summary>The process that holds a terminal: the parent of its shell.</summary>
    private static int HostOf(Guid id) => int.Parse(
        File.ReadLines($"/proc/{Processes.OfExecution(id).Min()}/status").First(l => l.StartsWith("PPid:", StringComparison.Ordinal))[5..], CultureInfo.InvariantCulture);
}
