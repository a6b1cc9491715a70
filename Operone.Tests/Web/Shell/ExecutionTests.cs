using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Operone.Core.Shell;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Web.Shell;

public sealed class ExecutionOnSqlite(SqliteFixture fixture) : ExecutionTests(fixture), IClassFixture<SqliteFixture>;

public sealed class ExecutionOnPostgres(PostgresFixture fixture) : ExecutionTests(fixture), IClassFixture<PostgresFixture>;

/// <summary>Between the server and a device: nothing is lost, nothing runs twice, nobody speaks for another.</summary>
public abstract class ExecutionTests(ServerFixture fixture) : ShellTests(fixture)
{
    [Fact]
    public async Task Run_ForADeviceThatIsOffline_WaitsAndStartsWhenItComes()
    {
        await using var agent = await Server.EnrollAsync("offline");
        var run = await CreateOnAsync(agent, "later");
        Assert.Equal(ExecutionStatus.Queued, run.Executions!.Single().Status);
        await agent.ConnectAsync();
        Assert.Equal("later", (await StartedAsync(agent)).Command);
        await EventuallyAsync(async () => (await GetAsync(run.Id)).Executions!.Single().Status == ExecutionStatus.Starting ? run : null, "the state starting");
    }

    [Fact]
    public async Task Run_ForADeviceThatStaysOffline_Expires()
    {
        await using var agent = await Server.EnrollAsync("expires");
        var run = await CreateOnAsync(agent, expiresInSeconds: 0.5);
        var ended = await GetAsync(run.Id, waitSeconds: 15);
        Assert.Equal((RunStatus.Failed, ExecutionStatus.Expired), (ended.Status, ended.Executions!.Single().Status));
        await agent.ConnectAsync();
        Assert.False(agent.Starts.Reader.TryRead(out _));
    }

    [Fact]
    public async Task Run_WhoseMakerMayNoMore_IsRefusedWhenItsDeviceComes()
    {
        await using var agent = await Server.EnrollAsync("permission-gone");
        using var client = await Server.ClientWithAsync("runs.create", "runs.read");
        using var response = await client.PostAsync("/api/v1/runs", new StringContent(
            """{"command":"x","target":{"devices":["permission-gone"]}}""", Encoding.UTF8, "application/json"), Cancelled);
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        await using (var db = Server.OpenDatabase())
        {
            db.RemoveRange(db.Set<Operone.Web.Access.ApiToken>().Where(t => t.Name == "test"));
            await db.SaveChangesAsync(Cancelled);
        }

        await agent.ConnectAsync();
        var id = Guid.Parse(response.Headers.Location!.ToString().Split('/')[^1]);
        Assert.Equal(ExecutionStatus.Refused, (await GetAsync(id, waitSeconds: 10)).Executions!.Single().Status);
        Assert.False(agent.Starts.Reader.TryRead(out _));
    }

    [Fact]
    public async Task Output_ThatIsNotUtf8_IsKeptByteForByte()
    {
        await using var agent = await Server.ConnectAsync("binary");
        var run = await CreateOnAsync(agent);
        var bytes = Enumerable.Range(0, 100_000).Select(i => (byte)(i * 7)).ToArray();
        await agent.ReportAsync(new((await StartedAsync(agent)).ExecutionId, DateTimeOffset.UtcNow, [new(OutputStream.Stdout, 0, bytes)], Succeeded(bytes.Length)));
        await GetAsync(run.Id, waitSeconds: 10);
        Assert.Equal(bytes, await OutputAsync(run, agent));
    }

    [Fact]
    public async Task Output_OfBothStreams_IsReadAloneOrInOrderOfArrival()
    {
        await using var agent = await Server.ConnectAsync("both");
        var run = await CreateOnAsync(agent);
        await agent.ReportAsync(Report((await StartedAsync(agent)).ExecutionId, Succeeded(4, 2), Out(0, "1 "), Err(0, "2 "), Out(2, "3 ")));
        await GetAsync(run.Id, waitSeconds: 10);
        Assert.Equal("1 3 ", Encoding.UTF8.GetString(await OutputAsync(run, agent)));
        Assert.Equal("2 ", Encoding.UTF8.GetString(await OutputAsync(run, agent, "stderr")));
        Assert.Equal("1 2 3 ", Encoding.UTF8.GetString(await OutputAsync(run, agent, "output")));
    }

    [Theory]
    [InlineData("bytes=3-6", "3456")]
    [InlineData("bytes=7-", "789")]
    [InlineData("bytes=-2", "89")]
    public async Task Output_ByRange_GivesThatRange(string range, string expected)
    {
        var name = "range-" + expected;
        await using var agent = await Server.ConnectAsync(name);
        var run = await CreateOnAsync(agent);
        var id = (await StartedAsync(agent)).ExecutionId;
        await agent.ReportAsync(Report(id, null, Out(0, "01234")));
        await AcknowledgedAsync(agent);
        await agent.ReportAsync(Report(id, Succeeded(10), Out(5, "56789")));
        await GetAsync(run.Id, waitSeconds: 10);
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/runs/{run.Id}/executions/{name}/stdout");
        request.Headers.Range = RangeHeaderValue.Parse(range);
        using var response = await Server.Owner.SendAsync(request, Cancelled);
        Assert.Equal(HttpStatusCode.PartialContent, response.StatusCode);
        Assert.Equal(expected, await response.Content.ReadAsStringAsync(Cancelled));
    }

    [Fact]
    public async Task Report_SentAgainOrBackwards_ChangesNothingThatIsStored()
    {
        await using var agent = await Server.ConnectAsync("again");
        var run = await CreateOnAsync(agent);
        var id = (await StartedAsync(agent)).ExecutionId;
        await agent.ReportAsync(Report(id, null, Out(0, "hello")));
        Assert.Equal(5, (await AcknowledgedAsync(agent)).StdoutOffset);
        await agent.ReportAsync(Report(id, null, Out(0, "XXXXX"), Out(2, "YYYYYY")));
        Assert.Equal(8, (await AcknowledgedAsync(agent)).StdoutOffset);
        await agent.ReportAsync(Report(id, Succeeded(8)));
        await GetAsync(run.Id, waitSeconds: 10);
        Assert.Equal("helloYYY", Encoding.UTF8.GetString(await OutputAsync(run, agent)));
    }

    [Fact]
    public async Task Report_WithAGap_IsAskedForAgain()
    {
        await using var agent = await Server.ConnectAsync("gap");
        await CreateOnAsync(agent);
        var id = (await StartedAsync(agent)).ExecutionId;
        await agent.ReportAsync(Report(id, null, Out(100, "late")));
        var answer = await AcknowledgedAsync(agent);
        Assert.Equal((true, 0L, false), (answer.Rewind, answer.StdoutOffset, answer.Ended));
    }

    [Fact]
    public async Task Report_ForAnotherDevicesExecution_IsNotTaken()
    {
        await using var owner = await Server.ConnectAsync("rightful");
        await using var thief = await Server.ConnectAsync("thief");
        var run = await CreateOnAsync(owner);
        var id = (await StartedAsync(owner)).ExecutionId;
        await thief.ReportAsync(Report(id, Succeeded(6), Out(0, "forged")));
        Assert.NotNull((await AcknowledgedAsync(thief)).Problem);
        Assert.Equal(RunStatus.Running, (await GetAsync(run.Id)).Status);
        Assert.Empty(await OutputAsync(run, owner));
    }

    [Fact]
    public async Task Connect_AfterABreak_ContinuesFromWhatIsStored()
    {
        await using var agent = await Server.ConnectAsync("break");
        var run = await CreateOnAsync(agent);
        var id = (await StartedAsync(agent)).ExecutionId;
        await agent.ReportAsync(Report(id, null, Out(0, "first ")));
        await AcknowledgedAsync(agent);
        await agent.CloseAsync();
        var reconciled = await agent.ConnectAsync(id);
        Assert.Equal(6, reconciled.Executions.Single().StdoutOffset);
        await agent.ReportAsync(Report(id, Succeeded(12), Out(6, "second")));
        await GetAsync(run.Id, waitSeconds: 10);
        Assert.Equal("first second", Encoding.UTF8.GetString(await OutputAsync(run, agent)));
        Assert.False(agent.Starts.Reader.TryRead(out _));
    }

    [Fact]
    public async Task Connect_WithoutAnExecutionThatWasStarted_IsAskedAboutIt()
    {
        await using var agent = await Server.ConnectAsync("forgot");
        var run = await CreateOnAsync(agent);
        var id = (await StartedAsync(agent)).ExecutionId;
        await agent.ReportAsync(Report(id, null, Out(0, "some")));
        await AcknowledgedAsync(agent);
        await agent.CloseAsync();
        Assert.Equal([id], (await agent.ConnectAsync()).Unaccounted!);
        await agent.ReportAsync(new(id, null, null, new(ExecutionStatus.Lost, null, "The device has no record of it any more.", DateTimeOffset.UtcNow, 0, 0)));
        Assert.Equal(ExecutionStatus.Lost, (await GetAsync(run.Id, waitSeconds: 10)).Executions!.Single().Status);
        Assert.Equal("some", Encoding.UTF8.GetString(await OutputAsync(run, agent)));
    }

    [Fact]
    public async Task Connect_WithAnExecutionThatNobodyKnows_IsToldToDropIt()
    {
        await using var agent = await Server.EnrollAsync("stray");
        Assert.NotNull((await agent.ConnectAsync(Guid.NewGuid())).Executions.Single().Problem);
    }

    [Fact]
    public async Task Start_ThatWasNotReceived_IsSentAgain()
    {
        await using var agent = await Server.ConnectAsync("lost-start");
        await CreateOnAsync(agent, "once");
        var id = (await StartedAsync(agent)).ExecutionId;
        await agent.CloseAsync();
        await agent.ConnectAsync();
        Assert.Equal(id, (await StartedAsync(agent)).ExecutionId);
    }

    [Fact]
    public async Task Cancel_OfARunThatRuns_ReachesTheDevice()
    {
        await using var agent = await Server.ConnectAsync("cancel");
        var run = await CreateOnAsync(agent);
        var id = (await StartedAsync(agent)).ExecutionId;
        await agent.ReportAsync(Report(id, null));
        using (var response = await Server.Owner.PostAsync($"/api/v1/runs/{run.Id}/cancel", null, Cancelled))
        {
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }

        Assert.Equal(id, (await agent.Cancels.Reader.ReadAsync(Cancelled)).ExecutionId);
        await agent.ReportAsync(Report(id, new(ExecutionStatus.Cancelled, 143, "Cancelled.", DateTimeOffset.UtcNow, 0, 0)));
        Assert.Equal(RunStatus.Cancelled, (await GetAsync(run.Id, waitSeconds: 10)).Status);
        using var again = await Server.Owner.PostAsync($"/api/v1/runs/{run.Id}/cancel", null, Cancelled);
        Assert.Equal(HttpStatusCode.Conflict, again.StatusCode);
    }

    [Fact]
    public async Task Cancel_OfARunThatWaits_EndsItAndNothingStarts()
    {
        await using var agent = await Server.EnrollAsync("cancel-queued");
        var run = await CreateOnAsync(agent);
        using var response = await Server.Owner.PostAsync($"/api/v1/runs/{run.Id}/cancel", null, Cancelled);
        Assert.Equal(RunStatus.Cancelled, (await GetAsync(run.Id)).Status);
        await agent.ConnectAsync();
        Assert.False(agent.Starts.Reader.TryRead(out _));
    }

    [Fact]
    public async Task Cancel_WhileTheDeviceIsAway_ReachesItWhenItComesBack()
    {
        await using var agent = await Server.ConnectAsync("cancel-away");
        var run = await CreateOnAsync(agent);
        var id = (await StartedAsync(agent)).ExecutionId;
        await agent.ReportAsync(Report(id, null));
        await AcknowledgedAsync(agent);
        await agent.CloseAsync();
        using var response = await Server.Owner.PostAsync($"/api/v1/runs/{run.Id}/cancel", null, Cancelled);
        await agent.ConnectAsync(id);
        Assert.Equal(id, (await agent.Cancels.Reader.ReadAsync(Cancelled)).ExecutionId);
    }

    [Fact]
    public async Task Remove_OfADeviceInMidRun_EndsItsExecutionsAsLost()
    {
        await using var agent = await Server.ConnectAsync("removed");
        var run = await CreateOnAsync(agent);
        await agent.ReportAsync(Report((await StartedAsync(agent)).ExecutionId, null, Out(0, "half")));
        await AcknowledgedAsync(agent);
        using var response = await Server.Owner.DeleteAsync("/api/v1/devices/removed", Cancelled);
        Assert.True(response.IsSuccessStatusCode);
        var ended = (await GetAsync(run.Id, waitSeconds: 10)).Executions!.Single();
        Assert.Equal((ExecutionStatus.Lost, "the device was removed"), (ended.Status, ended.Reason));
        Assert.Equal("half", Encoding.UTF8.GetString(await OutputAsync(run, agent)));
    }

    [Fact]
    public async Task Server_StartedAgain_KnowsWhereEachExecutionStood()
    {
        await using var server = await Fixture.StartAnotherAsync();
        await using var agent = await server.ConnectAsync("restart");
        using var created = await server.Owner.PostAsync("/api/v1/runs", new StringContent(
            """{"command":"x","target":{"all":true}}""", Encoding.UTF8, "application/json"), Cancelled);
        var id = (await StartedAsync(agent)).ExecutionId;
        await agent.ReportAsync(Report(id, null, Out(0, "before ")));
        await AcknowledgedAsync(agent);
        await server.StopAsync();
        await server.StartAgainAsync();
        Assert.Equal(7, (await agent.ConnectAsync(id)).Executions.Single().StdoutOffset);
        await agent.ReportAsync(Report(id, Succeeded(12), Out(7, "after")));
        Assert.True((await AcknowledgedAsync(agent)).Ended);
        Assert.Equal("before after", await server.Owner.GetStringAsync($"{created.Headers.Location}/executions/restart/stdout", Cancelled));
    }
}
