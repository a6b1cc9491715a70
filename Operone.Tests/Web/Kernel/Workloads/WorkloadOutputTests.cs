using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Text;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Operone.Core.Connection;
using Operone.Core.Kernel.Workloads;
using Operone.Core.Shell;
using Operone.Tests.Hosting;
using Operone.Web.Data;
using Operone.Web.Kernel.Jobs.Runs;
using Operone.Web.Kernel.Workloads;
using Operone.Web.Shell;
using Xunit;

namespace Operone.Tests.Web.Kernel.Workloads;

public sealed class WorkloadOutputOnSqlite(SqliteFixture fixture) : WorkloadOutputTests(fixture), IClassFixture<SqliteFixture>;

public sealed class WorkloadOutputOnPostgres(PostgresFixture fixture) : WorkloadOutputTests(fixture), IClassFixture<PostgresFixture>;

/// <summary>What instances of workloads print: the newest is kept, and who reads is told what is not.</summary>
public abstract class WorkloadOutputTests(ServerFixture fixture) : WorkloadTests(fixture)
{
    private const int Limit = 64 * 1024;

    private const int Piece = 4 * 1024;

    [Fact]
    public async Task Output_PastItsLimit_KeepsTheNewestAndTellsReadersWhatIsGone()
    {
        await using var device = await StartAsync("newest");
        var (run, execution) = (device.Runs.Single().Value.RunId, device.Runs.Single().Key);
        Assert.True(device.Runs[execution].KeepsNewest);
        await PrintAsync(device, execution, 0, 5);
        var before = await ReadAsync(run, null, 5 * Piece);
        Assert.All(before, e => Assert.NotEqual("gap", e.EventType));

        await PrintAsync(device, execution, 5, 100);
        var view = await EventuallyAsync(async () => await ExecutionAsync(run) is { StdoutBytes: 100 * Piece } done ? done : null, "all is stored");
        Assert.Equal((Limit, 0L), (view.NewestBytes, view.StderrFrom));
        Assert.Equal((view.StdoutFrom, true), (view.DiscardedBytes, view.StdoutFrom > 0));
        var kept = view.StdoutBytes - view.DiscardedBytes;
        Assert.InRange(kept, Limit, Limit + (Limit / 64) + WriterBatch.MaxEntryBytes);
        await using (var db = await Server.Services.GetRequiredService<IDbContextFactory<OperoneDb>>().CreateDbContextAsync(Cancelled))
        {
            Assert.Equal(kept, await db.Set<JournalEntry>().Where(e => e.ExecutionId == execution && e.Kind != JournalKind.Status).SumAsync(e => (long)e.Length, Cancelled));
        }

        // all of it, and from a place on that is gone, and a part that is there, and one that is not
        using var all = await GetAsync(run, null);
        Assert.Equal((HttpStatusCode.OK, kept), (all.StatusCode, all.Content.Headers.ContentLength));
        Assert.Contains($"{view.DiscardedBytes} of {view.StdoutBytes} bytes are not kept any more; the newest 64 KiB are. What is kept begins at byte {view.StdoutFrom}.",
            Assert.Single(all.Headers.GetValues(KeptOutput.LetGoHeader)), StringComparison.Ordinal);
        Assert.Equal(Text(view.StdoutFrom, view.StdoutBytes), await all.Content.ReadAsStringAsync(Cancelled));
        using var late = await GetAsync(run, new RangeHeaderValue(10, null));
        Assert.Equal((HttpStatusCode.PartialContent, view.StdoutFrom, view.StdoutBytes), (late.StatusCode, late.Content.Headers.ContentRange!.From, late.Content.Headers.ContentRange.Length));
        using var part = await GetAsync(run, new RangeHeaderValue(view.StdoutFrom + 7, view.StdoutFrom + 5006));
        Assert.Equal(Text(view.StdoutFrom + 7, view.StdoutFrom + 5007), await part.Content.ReadAsStringAsync(Cancelled));
        using var last = await GetAsync(run, new RangeHeaderValue(null, 9));
        Assert.Equal(Text(view.StdoutBytes - 9, view.StdoutBytes), await last.Content.ReadAsStringAsync(Cancelled));
        using var gone = await GetAsync(run, new RangeHeaderValue(0, 9));
        Assert.Equal(HttpStatusCode.RequestedRangeNotSatisfiable, gone.StatusCode);

        // the live stream: from the beginning, and for one who resumes at a place that is gone
        var fresh = await ReadAsync(run, null, 100 * Piece);
        var gap = Gap(fresh.First(e => e.EventType is "gap" or "output"));
        Assert.Equal((view.StdoutFrom, view.StdoutFrom), (gap.Offset, gap.Bytes));
        Assert.Equal($"{view.StdoutFrom} bytes of standard output before byte {view.StdoutFrom} are not kept any more. The newest 64 KiB of output are kept.", gap.Text);
        Assert.Equal(Text(view.StdoutFrom, view.StdoutBytes), Printed(fresh));
        var resumed = await ReadAsync(run, before.Last().EventId, 100 * Piece);
        Assert.Equal((view.StdoutFrom, null), (Gap(resumed[0]).Offset, Gap(resumed[0]).Bytes));
        Assert.Equal(Text(view.StdoutFrom, view.StdoutBytes), Printed(resumed));
    }

    [Fact]
    public async Task Output_ThatTheDeviceHasLetGoOf_IsAGapAndTheRestIsStored()
    {
        await using var device = await StartAsync("hole");
        var (run, execution) = (device.Runs.Single().Value.RunId, device.Runs.Single().Key);
        await PrintAsync(device, execution, 0, 2);
        await device.Agent.ReportAsync(new(execution, null, [new(OutputStream.Stdout, 5 * Piece, Data(5))], null, From: new(5 * Piece, 0)));
        await device.Agent.ReportAsync(new(execution, null, [new(OutputStream.Stdout, 5 * Piece, Data(5)), new(OutputStream.Stdout, 6 * Piece, Data(6))], null, From: new(5 * Piece, 0)));
        var view = await EventuallyAsync(async () => await ExecutionAsync(run) is { StdoutBytes: 7 * Piece } done ? done : null, "all is stored");
        Assert.Equal((3L * Piece, 0L), (view.DiscardedBytes, view.StdoutFrom));
        var events = await ReadAsync(run, null, 7 * Piece);
        var gap = Gap(Assert.Single(events, e => e.EventType == "gap"));
        Assert.Equal((5 * Piece, 3 * Piece), (gap.Offset, gap.Bytes));
        Assert.Equal(Text(0, 2 * Piece) + Text(5 * Piece, 7 * Piece), Printed(events));
        using var all = await GetAsync(run, null);
        Assert.Equal(4 * Piece, (await all.Content.ReadAsByteArrayAsync(Cancelled)).Length);
        // one answer is without gaps: it goes to the gap, and the next one begins behind it
        using var first = await GetAsync(run, new RangeHeaderValue(100, null));
        Assert.Equal((100, (2 * Piece) - 1), (first.Content.Headers.ContentRange!.From, first.Content.Headers.ContentRange.To));
        using var second = await GetAsync(run, new RangeHeaderValue(2 * Piece, null));
        Assert.Equal((5 * Piece, (7 * Piece) - 1), (second.Content.Headers.ContentRange!.From, second.Content.Headers.ContentRange.To));
        Assert.Equal(Text(5 * Piece, 7 * Piece), await second.Content.ReadAsStringAsync(Cancelled));
    }

    [Fact]
    public async Task Runs_OfInstancesThatEndedLongAgo_AreRemoved_AndThoseThatRunAreNot()
    {
        await using var device = await StartAsync("ended");
        await using var other = await StartAsync("runs");
        var (run, execution) = (device.Runs.Single().Value.RunId, device.Runs.Single().Key);
        var running = other.Runs.Single().Value.RunId;
        await device.Agent.ReportAsync(new(execution, null, [new(OutputStream.Stdout, 0, Data(0))], null));
        await EventuallyAsync(async () => await ExecutionAsync(run) is { StdoutBytes: Piece } done ? done : null, "it is stored");
        await device.DieAsync();
        await EventuallyAsync(async () => await ExecutionAsync(run) is { EndedAt: not null } done ? done : null, "it has ended");
        await EventuallyAsync(() => Task.FromResult(device.Runs.Values.SingleOrDefault(s => s.RunId != run)), "another one is started");
        await RemoveAsync(89);
        Assert.NotNull(await ExecutionAsync(run));
        await RemoveAsync(91);
        await using var db = await Server.Services.GetRequiredService<IDbContextFactory<OperoneDb>>().CreateDbContextAsync(Cancelled);
        Assert.False(await db.Set<Run>().AnyAsync(r => r.Id == run, Cancelled));
        Assert.False(await db.Set<JournalEntry>().AnyAsync(e => e.RunId == run, Cancelled));
        Assert.True(await db.Set<Run>().AnyAsync(r => r.Id == running, Cancelled));

        Task RemoveAsync(int days) => new WorkloadRunRetention(Server.Services.GetRequiredService<RunRemoval>(),
            Options.Create(new JobRunOptions()), new FakeTimeProvider(DateTimeOffset.UtcNow.AddDays(days)), NullLogger<WorkloadRunRetention>.Instance).RunAsync(Cancelled);
    }

    private async Task<TendedDevice> StartAsync(string name)
    {
        var mark = Mark(name);
        var device = (await TendedAsync(mark, 1))[0];
        await WriteAsync($"name: {mark}\ncommand: serve\noutput: 64KiB\ntarget: {{selector: fleet={mark}}}\ncount: 1\n");
        await StandsAsync(mark, v => v.Status == WorkloadStatus.Running, "it runs");
        return device;
    }

    private static async Task PrintAsync(TendedDevice device, Guid execution, int from, int to)
    {
        for (var i = from; i < to; i++)
        {
            await device.Agent.ReportAsync(new(execution, null, [new(OutputStream.Stdout, i * Piece, Data(i))], null));
        }
    }

    private static byte[] Data(int piece) => Encoding.ASCII.GetBytes(Text(piece * Piece, (piece + 1) * Piece));

    /// <summary>What the program prints between two places: the number of each line's place.</summary>
    private static string Text(long from, long to)
    {
        var text = new StringBuilder();
        for (var line = from / 8; line * 8 < to; line++)
        {
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"{line:0000000}\n");
        }

        return text.ToString().Substring((int)(from % 8), (int)(to - from));
    }

    private async Task<ExecutionView> ExecutionAsync(Guid run) =>
        Assert.Single((await Server.Owner.GetFromJsonAsync<RunView>($"/api/v1/runs/{run}", Cancelled))!.Executions!);

    private async Task<HttpResponseMessage> GetAsync(Guid run, RangeHeaderValue? range)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/runs/{run}/executions/{(await ExecutionAsync(run)).DeviceName}/stdout");
        request.Headers.Range = range;
        return await Server.Owner.SendAsync(request, Cancelled);
    }

    /// <summary>Reads the live stream until a piece ends at this place.</summary>
    private async Task<List<SseItem<string>>> ReadAsync(Guid run, string? lastEventId, long end)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/runs/{run}/stream");
        if (lastEventId is not null)
        {
            request.Headers.Add("Last-Event-ID", lastEventId);
        }

        using var response = await Server.Owner.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancelled);
        await using var body = await response.Content.ReadAsStreamAsync(Cancelled);
        var all = new List<SseItem<string>>();
        await foreach (var item in SseParser.Create(body).EnumerateAsync(Cancelled))
        {
            all.Add(item);
            if (item.EventType == "output" && JsonSerializer.Deserialize(item.Data, OperoneJson.Default.RunStreamOutput) is { } output && output.Offset + output.Data.Length == end)
            {
                break;
            }
        }

        return all;
    }

    private static RunStreamGap Gap(SseItem<string> item)
    {
        Assert.Equal("gap", item.EventType);
        return JsonSerializer.Deserialize(item.Data, OperoneJson.Default.RunStreamGap)!;
    }

    private static string Printed(IEnumerable<SseItem<string>> events) =>
        string.Concat(events.Where(e => e.EventType == "output").Select(e => Encoding.ASCII.GetString(JsonSerializer.Deserialize(e.Data, OperoneJson.Default.RunStreamOutput)!.Data)));
}
