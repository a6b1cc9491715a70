using System.Net;
using System.Net.Http.Json;
using System.Net.WebSockets;
using System.Runtime.Versioning;
using Operone.Core.Access;
using Operone.Core.Connection;
using Operone.Core.Shell;
using Operone.Tests.Agent.Hosting;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Web.Shell.Terminals;

/// <summary>Terminals through the whole of it: a client, a real node, a real agent, a real host, a real pseudo-terminal.</summary>
[SupportedOSPlatform("linux")]
public abstract class TerminalTests(ServerFixture fixture) : TerminalScene(fixture)
{
    [Fact]
    public async Task Terminal_Opened_IsAShellOnATerminal()
    {
        var terminal = await OpenAsync(new() { Columns = 100, Rows = 30 });
        await using var seat = await TerminalSeat.TakeAsync(Server, terminal.Id, "columns=100&rows=30");
        await seat.HearsAsync(TerminalControls.Attached);
        await seat.TypeAsync("tty; stty size; echo $TERM-$((40+2))\n");
        await seat.SeesAsync("xterm-256color-42");
        Assert.Contains("/dev/pts/", seat.Text, StringComparison.Ordinal);
        Assert.Contains("30 100", seat.Text, StringComparison.Ordinal);

        await seat.SayAsync(new TerminalControl { Type = TerminalControls.Size, Columns = 120, Rows = 40 });
        await seat.HearsAsync(TerminalControls.Size, c => c is { Columns: 120, Rows: 40 });
        await seat.TypeAsync("stty size\n");
        await seat.SeesAsync("40 120");

        await seat.TypeAsync("exit 3\n");
        var ended = await seat.HearsAsync(TerminalControls.Ended);
        Assert.Equal(3, ended.ExitCode);
        Assert.Contains("code 3", await seat.EndsAsync(), StringComparison.Ordinal);
        var view = await EndedAsync(terminal.Id);
        Assert.Equal((ExecutionStatus.Failed, 3), (view.Status, view.ExitCode));
    }

    [Fact]
    public async Task Terminal_WithAProgram_RunsThatAndGivesItsExitCode()
    {
        var terminal = await OpenAsync(new() { Argv = ["sh", "-c", "test -t 0 && test -t 1 && echo on-a-terminal; read x; echo got $x; exit 7"] });
        await using var seat = await TerminalSeat.TakeAsync(Server, terminal.Id);
        await seat.SeesAsync("on-a-terminal");
        await seat.TypeAsync("hello\n");
        await seat.SeesAsync("got hello");
        Assert.Equal(7, (await seat.HearsAsync(TerminalControls.Ended)).ExitCode);
    }

    [Fact]
    public async Task Terminal_AgentKilled_GoesOnWithTheSameShellAndScreen()
    {
        var terminal = await OpenAsync();
        await using (var seat = await TerminalSeat.TakeAsync(Server, terminal.Id))
        {
            await seat.TypeAsync("echo pid=$$ mark-$((1+1))\n");
            await seat.SeesAsync("mark-2");
            await Agent.KillAsync();
            await seat.EndsAsync();
        }

        await Agent.DisposeAsync();
        await EventuallyAsync(async () => (await Server.Owner.GetStringAsync($"/api/v1/devices/{Device}", Cancelled)).Contains("\"offline\"", StringComparison.Ordinal), "offline");
        Agent = AgentUnderTest.Run(State);
        await Server.WaitForOnlineAsync(Device);
        await using var back = await TerminalSeat.TakeAsync(Server, terminal.Id);
        await back.SeesAsync("mark-2");
        await back.TypeAsync("echo again=$$\n");
        await back.SeesAsync("again=");
        var pid = back.Text.Split("pid=")[^1].Split(' ')[0];
        await back.SeesAsync($"again={pid}");
        Assert.Null((await GetAsync(terminal.Id)).EndedAt);
    }

    [Fact]
    public async Task Terminal_ReattachedWithAnOffset_GoesOnWithoutALostOrADoubledByte()
    {
        var terminal = await OpenAsync(new() { Argv = ["sh", "-c", "i=0; while [ $i -lt 400 ]; do i=$((i+1)); echo line-$i; read x; done"] });
        var all = "";
        long? offset = null;
        for (var round = 0; round < 8; round++)
        {
            await using var seat = await TerminalSeat.TakeAsync(Server, terminal.Id, offset is null ? "columns=80&rows=24" : $"offset={offset}");
            var attached = await seat.HearsAsync(TerminalControls.Attached);
            Assert.Equal(offset is null, attached.Text is not null);
            for (var i = 1; i <= 20; i++)
            {
                await seat.TypeAsync("\n");
                await seat.SeesAsync($"line-{(round * 20) + i + 1}\r\n");
            }

            offset = seat.Offset;
            all += seat.Text;
        }

        var lines = all.Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(Enumerable.Range(1, 161).Select(i => $"line-{i}"), lines);
    }

    [Fact]
    public async Task Terminal_OfSomebodyElse_IsWatchedAndTypedInWhereTheOwnerLets()
    {
        var terminal = await OpenAsync();
        var joiner = await TokenAsync(Permissions.TerminalsJoin);
        await using var owner = await TerminalSeat.TakeAsync(Server, terminal.Id);
        await owner.HearsAsync(TerminalControls.Attached);
        await using var guest = await TerminalSeat.TakeAsync(Server, terminal.Id, "columns=10&rows=5", joiner);
        await guest.HearsAsync(TerminalControls.People, c => c.People!.Count == 2);
        // The same person by another token: whoever owns the account owns its terminals.
        Assert.Equal(2, (await GetAsync(terminal.Id)).People.Count);
        await owner.TypeAsync("echo one-$((1+1))\n");
        await guest.SeesAsync("one-2");
    }

    [Fact]
    public async Task Terminal_ForWhoMayNot_DoesNotExist()
    {
        var terminal = await OpenAsync();
        using var stranger = await Server.ClientWithAsync(Permissions.DevicesRead);
        using var get = await stranger.GetAsync(new Uri($"/api/v1/terminals/{terminal.Id}", UriKind.Relative), Cancelled);
        Assert.Equal(HttpStatusCode.Forbidden, get.StatusCode);
        using var open = await stranger.PostAsJsonAsync("/api/v1/terminals", new CreateTerminal { Device = Device }, OperoneJson.Default.CreateTerminal, Cancelled);
        Assert.Equal(HttpStatusCode.Forbidden, open.StatusCode);
        await Assert.ThrowsAsync<WebSocketException>(() => TerminalSeat.TakeAsync(Server, terminal.Id, token: OperoneServer.OwnerToken[..^1] + "x"));
    }

    [Fact]
    public async Task Terminal_IsInNoListOfRuns_AndItsOutputIsNoRunsOutput()
    {
        var terminal = await OpenAsync(new() { Record = true });
        await using var seat = await TerminalSeat.TakeAsync(Server, terminal.Id);
        await seat.TypeAsync("echo secret-$((1+1))\n");
        await seat.SeesAsync("secret-2");
        Assert.DoesNotContain($"{terminal.Id}", await Server.Owner.GetStringAsync("/api/v1/runs", Cancelled), StringComparison.Ordinal);
        foreach (var path in (string[])["", "/stream", $"/executions/{Device}/stdout", $"/executions/{Device}/output"])
        {
            using var answer = await Server.Owner.GetAsync(new Uri($"/api/v1/runs/{terminal.Id}{path}", UriKind.Relative), Cancelled);
            Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        }
    }

    [Fact]
    public async Task Terminal_EndedByItsOwner_EndsThoughTheShellIgnoresEverything()
    {
        var terminal = await OpenAsync(new() { Argv = ["sh", "-c", "trap '' HUP TERM INT QUIT; echo armed; while :; do sleep 1; done"] });
        await using var seat = await TerminalSeat.TakeAsync(Server, terminal.Id);
        await seat.SeesAsync("armed");
        using var end = await Server.Owner.PostAsync(new Uri($"/api/v1/terminals/{terminal.Id}/end", UriKind.Relative), null, Cancelled);
        Assert.Equal(HttpStatusCode.OK, end.StatusCode);
        var view = await EndedAsync(terminal.Id);
        Assert.Equal(ExecutionStatus.Cancelled, view.Status);
        Assert.Empty(Processes.OfExecution(terminal.Id));
    }

    [Fact]
    public async Task Terminal_OfADeviceThatIsOffline_IsNotOpened()
    {
        await Server.EnrollAsync($"off-{Device}"[..20]);
        using var response = await Server.Owner.PostAsJsonAsync("/api/v1/terminals", new CreateTerminal { Device = $"off-{Device}"[..20] }, OperoneJson.Default.CreateTerminal, Cancelled);
        Assert.Equal(HttpStatusCode.Conflict, response.StatusCode);
        Assert.EndsWith("/device-offline", (await OperoneServer.ReadProblemAsync(response)).Type, StringComparison.Ordinal);
    }
}

[SupportedOSPlatform("linux")]
public sealed class TerminalTestsOnSqlite(SqliteFixture f) : TerminalTests(f), IClassFixture<SqliteFixture>;

[SupportedOSPlatform("linux")]
public sealed class TerminalTestsOnPostgres(PostgresFixture f) : TerminalTests(f), IClassFixture<PostgresFixture>;
