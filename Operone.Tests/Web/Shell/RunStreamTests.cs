using System.Net;
using System.Net.ServerSentEvents;
using System.Text;
using System.Text.Json;
using Operone.Core.Connection;
using Operone.Core.Shell;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Web.Shell;

public sealed class RunStreamOnSqlite(SqliteFixture fixture) : RunStreamTests(fixture), IClassFixture<SqliteFixture>;

public sealed class RunStreamOnPostgres(PostgresFixture fixture) : RunStreamTests(fixture), IClassFixture<PostgresFixture>;

/// <summary>A run, live.</summary>
public abstract class RunStreamTests(ServerFixture fixture) : ShellTests(fixture)
{
    [Fact]
    public async Task Stream_WhileTheCommandRuns_TellsEachPieceAndEndsWithTheRun()
    {
        await using var agent = await Server.ConnectAsync("stream");
        var run = await CreateOnAsync(agent);
        var id = (await StartedAsync(agent)).ExecutionId;
        await using var events = ReadAsync(run.Id).GetAsyncEnumerator(Cancelled);
        await agent.ReportAsync(Report(id, null, Out(0, "one ")));
        Assert.Equal("running", Status(await NextAsync(events)).Status);
        Assert.Equal((0L, "one "), Output(await NextAsync(events)));
        await agent.ReportAsync(Report(id, Succeeded(7), Out(4, "two")));
        Assert.Equal((4L, "two"), Output(await NextAsync(events)));
        var end = Status(await NextAsync(events));
        Assert.Equal((agent.Id, "succeeded", 0), (end.DeviceId, end.Status, end.ExitCode));
        var last = Status(await NextAsync(events));
        Assert.Equal((null, "succeeded"), (last.DeviceId, last.Status));
        Assert.False(await events.MoveNextAsync());
    }

    [Fact]
    public async Task Stream_WithLastEventId_GoesOnAfterIt()
    {
        await using var agent = await Server.ConnectAsync("resume");
        var run = await CreateOnAsync(agent);
        await agent.ReportAsync(Report((await StartedAsync(agent)).ExecutionId, Succeeded(4, 2), Out(0, "a "), Err(0, "b "), Out(2, "c ")));
        await GetAsync(run.Id, waitSeconds: 10);
        var all = await ReadAsync(run.Id).ToListAsync(Cancelled);
        var rest = await ReadAsync(run.Id, all[1].EventId).ToListAsync(Cancelled);
        Assert.Equal(all[2..].Select(e => (e.EventId, e.Data)), rest.Select(e => (e.EventId, e.Data)));
        Assert.Empty(await ReadAsync(run.Id, all[^1].EventId).ToListAsync(Cancelled));
    }

    [Fact]
    public async Task Stream_WithAMalformedLastEventId_IsRefused()
    {
        await using var agent = await ConnectEchoAsync("resume-bad");
        var run = await CreateOnAsync(agent);
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/runs/{run.Id}/stream");
        request.Headers.Add("Last-Event-ID", "yesterday");
        using var response = await Server.Owner.SendAsync(request, Cancelled);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.True((await OperoneServer.ReadProblemAsync(response)).Errors!.ContainsKey("Last-Event-ID"));
    }

    private async IAsyncEnumerable<SseItem<string>> ReadAsync(Guid runId, string? lastEventId = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/runs/{runId}/stream");
        if (lastEventId is not null)
        {
            request.Headers.Add("Last-Event-ID", lastEventId);
        }

        using var response = await Server.Owner.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancelled);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        await using var body = await response.Content.ReadAsStreamAsync(Cancelled);
        await foreach (var item in SseParser.Create(body).EnumerateAsync(Cancelled))
        {
            yield return item;
        }
    }

    private static async Task<SseItem<string>> NextAsync(IAsyncEnumerator<SseItem<string>> events)
    {
        Assert.True(await events.MoveNextAsync(), "the stream ended too early");
        return events.Current;
    }

    private static RunStreamStatus Status(SseItem<string> item)
    {
        Assert.Equal("status", item.EventType);
        return JsonSerializer.Deserialize(item.Data, OperoneJson.Default.RunStreamStatus)!;
    }

    private static (long Offset, string Text) Output(SseItem<string> item)
    {
        Assert.Equal("output", item.EventType);
        var output = JsonSerializer.Deserialize(item.Data, OperoneJson.Default.RunStreamOutput)!;
        return (output.Offset, Encoding.UTF8.GetString(output.Data));
    }
}
