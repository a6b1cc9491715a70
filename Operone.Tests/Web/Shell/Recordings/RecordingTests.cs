using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Shell;
using Operone.Tests.Hosting;
using Operone.Web.Access;
using Operone.Web.Data;
using Operone.Web.Shell;
using Operone.Web.Shell.Recordings;
using Operone.Web.Shell.Terminals;
using Xunit;

namespace Operone.Tests.Web.Shell.Recordings;

public sealed class RecordingOnSqlite(SqliteFixture fixture) : RecordingTests(fixture), IClassFixture<SqliteFixture>;

public sealed class RecordingOnPostgres(PostgresFixture fixture) : RecordingTests(fixture), IClassFixture<PostgresFixture>;

/// <summary>Recordings: stored as output, found, played, removed, kept for as long as is said.</summary>
public abstract class RecordingTests(ServerFixture fixture) : ShellTests(fixture)
{
    [Fact]
    public async Task Recording_ReportedByADevice_IsStoredAndFoundOnceItHasEnded()
    {
        await using var agent = await Server.ConnectAsync("rec-live");
        var id = await RecordedTerminals.OpenAsync(Server, agent.Id, agent.Name);
        var cast = RecordedTerminals.Cast("$ cat unicorn-one.txt", "Grüße aus UNICORN-two");
        var bytes = Encoding.UTF8.GetBytes(cast);
        await agent.ReportAsync(Report(id, null, new OutputChunk(OutputStream.Stdout, 0, bytes[..50])));
        await AcknowledgedAsync(agent);
        var running = await ViewAsync(id);
        Assert.Equal((50L, false, false, (double?)null), (running.Bytes, running.IsComplete, running.IsSearchable, running.Seconds));

        await agent.ReportAsync(Report(id, Succeeded(bytes.Length), new OutputChunk(OutputStream.Stdout, 50, bytes[50..])));
        await IndexedAsync(id);
        var ended = await ViewAsync(id);
        Assert.True(ended is { IsComplete: true, MissingBytes: 0, Seconds: not null });
        Assert.Equal(bytes, await Server.Owner.GetByteArrayAsync($"/api/v1/recordings/{id}/asciicast", Cancelled));
        var found = await FindAsync("unicorn-", id);
        Assert.Equal([(1d, "$ cat unicorn-one.txt"), (2d, "Grüße aus UNICORN-two")], found.Items.Select(m => (m.Seconds, m.Line)));
        Assert.Single((await FindAsync("Grüße", id)).Items);
        Assert.Empty((await FindAsync("nowhere-at-all", id)).Items);
    }

    [Fact]
    public async Task List_Filters_ChooseAndPageByCursor()
    {
        var device = Guid.CreateVersion7();
        var begin = DateTimeOffset.UtcNow.AddDays(-2);
        var ids = new List<Guid>();
        for (var i = 0; i < 5; i++)
        {
            ids.Add(await RecordedTerminals.StoreAsync(Server, device, "rec-list", RecordedTerminals.Cast("x"), begin.AddHours(i), i == 3 ? "bob@example.org" : "ann@example.org"));
        }

        var first = await PageAsync($"device={device}&limit=2");
        var second = await PageAsync($"device={device}&limit=2&cursor={first.NextCursor}");
        var third = await PageAsync($"device={device}&limit=2&cursor={second.NextCursor}");
        Assert.Null(third.NextCursor);
        Assert.Equal(Enumerable.Reverse(ids), first.Items.Concat(second.Items).Concat(third.Items).Select(r => r.Id));
        Assert.Equal(ids[3], Assert.Single((await PageAsync($"device={device}&owner=BOB@example.org")).Items).Id);
        Assert.Equal(5, (await PageAsync($"device={device}&q=REC-LIST")).Items.Count);
        Assert.Empty((await PageAsync($"device={device}&q=nothing")).Items);
        var range = $"from={Uri.EscapeDataString(begin.AddMinutes(30).ToString("O"))}&to={Uri.EscapeDataString(begin.AddMinutes(150).ToString("O"))}";
        Assert.Equal([ids[2], ids[1]], (await PageAsync($"device={device}&{range}")).Items.Select(r => r.Id));

        using var wrong = await Server.Owner.GetAsync("/api/v1/recordings?limit=0&cursor=x", Cancelled);
        Assert.Equal(HttpStatusCode.BadRequest, wrong.StatusCode);
    }

    [Fact]
    public async Task Terminal_WithoutRecording_HasNone()
    {
        var off = await RecordedTerminals.OpenAsync(Server, Guid.CreateVersion7(), "rec-off", RecordMode.Off);
        var empty = await RecordedTerminals.OpenAsync(Server, Guid.CreateVersion7(), "rec-empty");
        foreach (var id in (Guid[])[off, empty, Guid.CreateVersion7()])
        {
            using var answer = await Server.Owner.GetAsync($"/api/v1/recordings/{id}", Cancelled);
            Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
            using var player = await Server.Owner.GetAsync($"/api/v1/recordings/{id}/asciicast", Cancelled);
            Assert.Equal(HttpStatusCode.NotFound, player.StatusCode);
        }
    }

    [Fact]
    public async Task Recording_OfADeviceOneMayNot_DoesNotExist()
    {
        await using var here = await Server.EnrollAsync("rec-here", new() { ["site"] = "here" });
        await using var there = await Server.EnrollAsync("rec-there", new() { ["site"] = "there" });
        var mine = await RecordedTerminals.StoreAsync(Server, here.Id, here.Name, RecordedTerminals.Cast("sight-marker"));
        var theirs = await RecordedTerminals.StoreAsync(Server, there.Id, there.Name, RecordedTerminals.Cast("sight-marker"));
        await KickAsync(mine, theirs);
        using var client = await Server.ClientAsync(await Server.CreatePersonAsync(BuiltInRoles.Operator, "site=here"));

        Assert.Equal([mine], (await client.GetFromJsonAsync<Page<RecordingView>>("/api/v1/recordings", Cancelled))!.Items.Select(r => r.Id));
        Assert.Equal([mine], (await client.GetFromJsonAsync<Page<RecordingMatch>>("/api/v1/recordings/search?q=sight-marker", Cancelled))!.Items.Select(r => r.RecordingId));
        Assert.Equal(2, (await FindAsync("sight-marker", null)).Items.Count);
        foreach (var path in (string[])[$"recordings/{theirs}", $"recordings/{theirs}/asciicast"])
        {
            using var answer = await client.GetAsync($"/api/v1/{path}", Cancelled);
            Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        }

        // To see is not to remove.
        using var refused = await client.DeleteAsync($"/api/v1/recordings/{mine}", Cancelled);
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
    }

    [Fact]
    public async Task Asciicast_Download_IsAnAttachmentByRangeAndNoted()
    {
        var cast = RecordedTerminals.Cast("<script>alert(1)</script>");
        var id = await RecordedTerminals.StoreAsync(Server, Guid.CreateVersion7(), "rec-get", cast);
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/recordings/{id}/asciicast");
        request.Headers.Range = new RangeHeaderValue(2, 8);
        using var part = await Server.Owner.SendAsync(request, Cancelled);
        Assert.Equal(HttpStatusCode.PartialContent, part.StatusCode);
        Assert.Equal(cast[2..9], await part.Content.ReadAsStringAsync(Cancelled));
        Assert.Equal("application/x-asciicast", part.Content.Headers.ContentType?.MediaType);
        Assert.Equal($"rec-get-{id:N}.cast", part.Content.Headers.ContentDisposition?.FileName);
        Assert.Equal("attachment", part.Content.Headers.ContentDisposition?.DispositionType);
        Assert.Equal("nosniff", part.Headers.GetValues("X-Content-Type-Options").Single());

        using var played = await Server.Owner.GetAsync($"/api/v1/recordings/{id}/asciicast?play=true", Cancelled);
        Assert.Equal(cast, await played.Content.ReadAsStringAsync(Cancelled));
        await NotedAsync("recording.download", id);
        await NotedAsync("recording.play", id);
    }

    [Fact]
    public async Task Remove_Recording_TakesAllOfItAndKeepsTheTerminal()
    {
        var id = await RecordedTerminals.StoreAsync(Server, Guid.CreateVersion7(), "rec-remove", RecordedTerminals.Cast("removal-marker"));
        await KickAsync(id);
        Assert.Single((await FindAsync("removal-marker", null)).Items);
        using var removed = await Server.Owner.DeleteAsync($"/api/v1/recordings/{id}", Cancelled);
        Assert.Equal(HttpStatusCode.NoContent, removed.StatusCode);
        await using (var db = Server.OpenDatabase())
        {
            Assert.NotNull((await db.Set<Terminal>().SingleAsync(t => t.Id == id, Cancelled)).RecordingRemovedAt);
            Assert.False(await db.Set<RecordingLine>().AnyAsync(l => l.TerminalId == id, Cancelled));
            Assert.False(await db.Set<JournalEntry>().AnyAsync(e => e.ExecutionId == id, Cancelled));
        }

        Assert.Empty((await FindAsync("removal-marker", null)).Items);
        using var again = await Server.Owner.DeleteAsync($"/api/v1/recordings/{id}", Cancelled);
        Assert.Equal(HttpStatusCode.NotFound, again.StatusCode);
        await NotedAsync("recording.remove", id);
    }

    [Fact]
    public async Task Remove_RecordingThatIsBeingMade_IsRefused()
    {
        await using var agent = await Server.ConnectAsync("rec-open");
        var id = await RecordedTerminals.OpenAsync(Server, agent.Id, agent.Name);
        await agent.ReportAsync(Report(id, null, Out(0, "{}\n")));
        await AcknowledgedAsync(agent);
        using var refused = await Server.Owner.DeleteAsync($"/api/v1/recordings/{id}", Cancelled);
        Assert.Equal(HttpStatusCode.Conflict, refused.StatusCode);
    }

    [Fact]
    public async Task Index_TwiceAtTheSameTime_MakesEachLineOnce()
    {
        var id = await RecordedTerminals.StoreAsync(Server, Guid.CreateVersion7(), "rec-twice", RecordedTerminals.Cast([.. Enumerable.Range(0, 1200).Select(i => $"line {i} of many")]));
        var indexer = Server.Services.GetRequiredService<RecordingIndexer>();
        var did = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => indexer.IndexAsync(id, Cancelled), Cancelled)));
        Assert.InRange(did.Count(d => d), 0, 1);
        await IndexedAsync(id);
        await using var db = Server.OpenDatabase();
        Assert.Equal(1200, await db.Set<RecordingLine>().CountAsync(l => l.TerminalId == id, Cancelled));
    }

    [Fact]
    public async Task Index_HostileRecording_IsBoundedAndHarmless()
    {
        var hostile = "\0\u0001 binary\n{\"version\":2\n[1,\"o\",\"still found \\u0000 here\\r\\n\"]\n[2,\"o\",\"" + new string('x', 50_000) + "\"]\n[3,\"o\",\"\\u001b]52;c;hidden\\u0007\"]\n[4,\"o\",\"cut";
        var id = await RecordedTerminals.StoreAsync(Server, Guid.CreateVersion7(), "rec-hostile", hostile);
        await KickAsync(id);
        Assert.Equal("still found  here", Assert.Single((await FindAsync("still found", id)).Items).Line);
        Assert.Empty((await FindAsync("hidden", id)).Items);
        var match = (await FindAsync("xxxxxxxx", id)).Items[0];
        Assert.Equal((1000, 161), (match.Line.Length, match.Snippet.Length));

        var endless = new RepeatingStream("[1,\"o\",\"line \\u001b[31m of many\\r\\nand another\\r\\n\"]\n", 100 * 1024 * 1024);
        var lines = await RecordingIndexer.ReadAsync(endless, Cancelled);
        Assert.InRange(lines.Count, 1, RecordingIndexer.MaxLines);
        Assert.True(lines.Sum(l => l.Text.Length) <= RecordingIndexer.MaxCharacters);
    }

    [Fact]
    public async Task Search_ManyMatches_ArePagedByCursor()
    {
        var id = await RecordedTerminals.StoreAsync(Server, Guid.CreateVersion7(), "rec-pages", RecordedTerminals.Cast([.. Enumerable.Range(0, 25).Select(i => $"paged-marker {i}")]));
        await KickAsync(id);
        var (all, cursor) = (new List<string>(), (string?)null);
        do
        {
            var page = await Server.Owner.GetFromJsonAsync<Page<RecordingMatch>>($"/api/v1/recordings/search?q=PAGED-marker&limit=10&cursor={cursor}", Cancelled);
            all.AddRange(page!.Items.Select(m => m.Line));
            cursor = page.NextCursor;
        }
        while (cursor is not null);
        Assert.Equal(Enumerable.Range(0, 25).Select(i => $"paged-marker {i}"), all);

        foreach (var wrong in (string[])["q=", "q=x", $"q={new string('y', 201)}", "q=abc&limit=0", "q=abc&cursor=zzz"])
        {
            using var refused = await Server.Owner.GetAsync($"/api/v1/recordings/search?{wrong}", Cancelled);
            Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        }

        // What means something to a database is text here.
        Assert.Empty((await FindAsync("paged%marker", id)).Items);
        Assert.Empty((await FindAsync("paged_marker", id)).Items);
    }

    [Fact]
    public async Task Retention_OldRecordings_GoAndYoungOnesStay()
    {
        var begin = new DateTimeOffset(2020, 1, 1, 0, 0, 0, TimeSpan.Zero);
        var old = await RecordedTerminals.StoreAsync(Server, Guid.CreateVersion7(), "rec-old", RecordedTerminals.Cast("x"), begin);
        var young = await RecordedTerminals.StoreAsync(Server, Guid.CreateVersion7(), "rec-young", RecordedTerminals.Cast("x"), begin.AddDays(5));
        var time = new FakeTimeProvider(begin.AddDays(90));
        await RunAsync(90);
        Assert.True(await ExistsAsync(old));
        time.Advance(TimeSpan.FromHours(1));
        await RunAsync(0);
        Assert.True(await ExistsAsync(old));
        await RunAsync(90);
        Assert.False(await ExistsAsync(old));
        Assert.True(await ExistsAsync(young));
        var noted = await NotedAsync("recording.remove", old);
        Assert.Equal("system", noted.Actor);
        Assert.Contains("older than 90 days", noted.Detail, StringComparison.Ordinal);

        Task RunAsync(int days) => new RecordingRetention(
            Server.Services.GetRequiredService<IDbContextFactory<OperoneDb>>(), Server.Services.GetRequiredService<RecordingRemoval>(),
            Options.Create(new ShellOptions { RecordingDays = days }), time, NullLogger<RecordingRetention>.Instance).RunAsync(Cancelled);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(40_000)]
    public void Options_OutOfRange_AreRefused(int days) =>
        Assert.Contains("Operone:Shell:RecordingDays", new ShellOptionsValidation().Validate(null, new ShellOptions { RecordingDays = days }).FailureMessage, StringComparison.Ordinal);

    private async Task<RecordingView> ViewAsync(Guid id) => (await Server.Owner.GetFromJsonAsync<RecordingView>($"/api/v1/recordings/{id}", Cancelled))!;

    private async Task<bool> ExistsAsync(Guid id)
    {
        using var answer = await Server.Owner.GetAsync($"/api/v1/recordings/{id}", Cancelled);
        return answer.IsSuccessStatusCode;
    }

    private async Task<Page<RecordingView>> PageAsync(string query) => (await Server.Owner.GetFromJsonAsync<Page<RecordingView>>($"/api/v1/recordings?{query}", Cancelled))!;

    private async Task<Page<RecordingMatch>> FindAsync(string text, Guid? id) => (await Server.Owner.GetFromJsonAsync<Page<RecordingMatch>>(
        $"/api/v1/recordings/search?q={Uri.EscapeDataString(text)}{(id is null ? "" : $"&recording={id}")}", Cancelled))!;

    /// <summary>Reads recordings that were put into the database behind the node's back.</summary>
    private async Task KickAsync(params Guid[] ids)
    {
        var indexer = Server.Services.GetRequiredService<RecordingIndexer>();
        foreach (var id in ids)
        {
            await indexer.IndexAsync(id, Cancelled);
            await IndexedAsync(id);
        }
    }

    private Task<object> IndexedAsync(Guid id) => EventuallyAsync<object>(async () =>
    {
        await using var db = Server.OpenDatabase();
        return await db.Set<Terminal>().AnyAsync(t => t.Id == id && t.IndexedAt != null, Cancelled) ? id : null;
    }, "lines of the recording");

    private Task<AuditEntry> NotedAsync(string action, Guid id)
    {
        var target = id.ToString();
        return EventuallyAsync(async () =>
        {
            await using var db = Server.OpenDatabase();
            return await db.Set<AuditEntry>().FirstOrDefaultAsync(e => e.Action == action && e.Target == target && e.Allowed, Cancelled);
        }, $"a note of {action}");
    }

    /// <summary>The same bytes again and again.</summary>
    private sealed class RepeatingStream(string text, long length) : MemoryStream
    {
        private readonly byte[] _text = Encoding.UTF8.GetBytes(text);
        private long _left = length;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var count = (int)Math.Min(Math.Min(_left, buffer.Length), _text.Length);
            _text.AsMemory(0, count).CopyTo(buffer);
            _left -= count;
            return ValueTask.FromResult(count);
        }
    }
}
