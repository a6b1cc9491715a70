using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Connection;
using Operone.Tests.Hosting;
using Operone.Web.Access;
using Xunit;

namespace Operone.Tests.Web.Access;

public abstract class AuditTests(ServerFixture fixture) : ServerTests(fixture)
{
    private static readonly Guid Session = Guid.NewGuid();
    private static readonly Guid Grant = Guid.NewGuid();

    [Fact]
    public async Task Note_FromManyAtOnce_IsOneChainThatHolds()
    {
        var actor = NewActor();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(writer => Task.Run(
            async () =>
            {
                for (var i = 0; i < 400; i++)
                {
                    await Trail.NoteAsync(actor, "test.many", $"{writer}-{i}", allowed: true, null, Cancelled);
                }
            }, Cancelled)));

        await EventuallyAsync(
            async () =>
            {
                await using var db = Server.OpenDatabase();
                return await db.Set<AuditEntry>().CountAsync(e => e.Actor == actor.Name, Cancelled) == 3200;
            }, "all 3,200 entries");
        var found = await VerifyAsync();
        Assert.Null(found.Break);
        Assert.True(found.Checked >= 3200);
    }

    [Fact]
    public async Task Note_WithTextThatADatabaseRefuses_IsStoredAllTheSame()
    {
        var actor = NewActor();
        await Trail.NoteAsync(actor, "test.odd", "a\0b" + (char)0xD83D, allowed: false, new string('x', 999) + "😀😀", Grant, Cancelled);
        var entry = Assert.Single(await WaitForAsync($"actor={actor.Name}", 1));
        Assert.Equal(("a␀b\uFFFD", 1000), (entry.Target, entry.Detail!.Length));
        Assert.Equal((actor.Id, Session, actor.TokenId, "0HN:7", Grant), (entry.ActorId, entry.SessionId, entry.TokenId, entry.RequestId, entry.GrantId));
        Assert.Equal(entry.Hash, AuditChain.ToText(AuditChain.Hash(entry)));
    }

    [Fact]
    public async Task List_EachFilter_GivesWhatFits()
    {
        var actor = NewActor();
        var from = DateTimeOffset.UtcNow;
        await Trail.NoteAsync(actor, "file.read", "/etc/100%_sure", allowed: true, "Größe 7", Cancelled);
        await Trail.NoteAsync(actor, "file.write", "/etc/hosts", allowed: false, "lacks files.write", Cancelled);
        await Trail.NoteAsync(actor with { SessionId = null, RemoteAddress = "198.51.100.9" }, "run.create", null, allowed: true, null, Cancelled);
        await WaitForAsync($"actor={actor.Name}", 3);

        foreach (var (query, expected) in ((string, string[])[])
            [
                ("", ["run.create", "file.write", "file.read"]),
                ("&action=file.*", ["file.write", "file.read"]),
                ("&action=file.read", ["file.read"]),
                ("&action=file", []),
                ("&target=/etc/*", ["file.write", "file.read"]),
                ("&target=/etc/100%25_*", ["file.read"]),
                ("&target=%25", []),
                ("&allowed=false", ["file.write"]),
                ("&allowed=true", ["run.create", "file.read"]),
                ("&text=LACKS", ["file.write"]),
                ("&text=100%25_S", ["file.read"]),
                ("&text=198.51", ["run.create"]),
                ("&text=nothing-like-it", []),
                ($"&session={Session}", ["file.write", "file.read"]),
                ($"&token={actor.TokenId}&request=0HN:7&allowed=false", ["file.write"]),
                ($"&from={Uri.EscapeDataString(from.ToString("O"))}", ["run.create", "file.write", "file.read"]),
                ($"&to={Uri.EscapeDataString(from.AddSeconds(-1).ToString("O"))}", []),
                ("&from=0001-01-01T00:00:00Z&to=9999-12-31T23:59:59Z", ["run.create", "file.write", "file.read"]),
            ])
        {
            Assert.Equal(expected, (await ListAsync($"actor={actor.Name}{query}")).Items.Select(e => e.Action));
        }

        Assert.Equal(3, (await ListAsync($"actor={actor.Name[..^3]}*&from={Uri.EscapeDataString(from.ToString("O"))}")).Items.Count);
        var first = await ListAsync($"actor={actor.Name}&limit=2");
        var second = await ListAsync($"actor={actor.Name}&limit=2&cursor={first.NextCursor}");
        Assert.Equal(["run.create", "file.write", "file.read"], first.Items.Concat(second.Items).Select(e => e.Action));
        Assert.Null(second.NextCursor);
    }

    [Theory]
    [InlineData("?from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z&limit=0", "from,limit")]
    [InlineData("?text=%00", "text")]
    [InlineData("?allowed=perhaps", "allowed")]
    [InlineData("?from=yesterday", "from")]
    [InlineData("?session=7", "session")]
    [InlineData("/export", "format")]
    [InlineData("/export?format=xml&text=%00", "format,text")]
    [InlineData("/verify?seq=3", "hash")]
    [InlineData("/verify?seq=0&hash=xyz", "hash,seq")]
    public async Task Query_ThatIsWrong_NamesEachField(string query, string fields)
    {
        using var response = await Server.Owner.GetAsync("/api/v1/audit" + query, Cancelled);
        var problem = await OperoneServer.ReadProblemAsync(response);
        Assert.Equal(400, problem.Status);
        Assert.Equal(fields.Split(','), problem.Errors!.Keys.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("/api/v1/audit")]
    [InlineData("/api/v1/audit/export?format=csv")]
    [InlineData("/api/v1/audit/verify")]
    public async Task Audit_WithoutThePermission_IsRefused(string path)
    {
        using var reader = await Server.ClientWithAsync(Permissions.EventsRead);
        Assert.Equal(HttpStatusCode.Forbidden, (await reader.GetAsync(path, Cancelled)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await Server.Anonymous.GetAsync(path, Cancelled)).StatusCode);
    }

    [Fact]
    public async Task Export_AsJsonLines_IsTheChainThatAnybodyCanCheck()
    {
        var actor = NewActor();
        for (var i = 0; i < 1500; i++)
        {
            await Trail.NoteAsync(actor, "test.export", $"{i}", allowed: true, "\"é\" 😀\n\\", Cancelled);
        }

        await WaitForAsync($"actor={actor.Name}&target=1499", 1);
        using var response = await Server.Owner.GetAsync("/api/v1/audit/export?format=jsonl", Cancelled);
        Assert.Equal("application/jsonl", response.Content.Headers.ContentType?.MediaType);
        Assert.Matches("^operone-audit-.*\\.jsonl$", response.Content.Headers.ContentDisposition?.FileName);
        var lines = (await response.Content.ReadAsStringAsync(Cancelled)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var check = new AuditChainCheck(0, AuditChain.Beginning);
        foreach (var line in lines)
        {
            Assert.Null(check.Next(JsonSerializer.Deserialize(line, OperoneJson.Default.AuditEntryView)!));
        }

        Assert.True(check.Checked >= 1500);
        var note = (await WaitForAsync("action=audit.export&target=jsonl", 1))[0];
        Assert.Equal("all entries", note.Detail);
    }

    [Fact]
    public async Task Export_AsCsv_ReadsBackAndHasNoFormula()
    {
        var actor = NewActor();
        string[] targets = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "'quoted", "＝1", "a,b", "say \"hi\"", "two\r\nlines", " padded ", "plain", "-2+3+cmd|' /C calc'!A0"];
        foreach (var target in targets)
        {
            await Trail.NoteAsync(actor, "test.csv", target, allowed: false, target, Cancelled);
        }

        await WaitForAsync($"actor={actor.Name}", targets.Length);
        var text = await Server.Owner.GetStringAsync($"/api/v1/audit/export?format=csv&actor={actor.Name}", Cancelled);
        var rows = ReadCsv(text);
        Assert.Equal("seq,id,at,actor,action,target,allowed,detail,remoteAddress,actorId,sessionId,tokenId,requestId,grantId,previousHash,hash", string.Join(',', rows[0]));
        Assert.Equal(targets.Length + 1, rows.Count);
        Assert.All(rows.SelectMany(r => r), cell => Assert.False(cell.Length > 0 && "=+-@\t＝".Contains(cell[0], StringComparison.Ordinal), cell));
        Assert.Equal(targets, rows.Skip(1).Select(r => r[5].StartsWith('\'') ? r[5][1..] : r[5]));
        Assert.Equal(targets, rows.Skip(1).Select(r => r[7].StartsWith('\'') ? r[7][1..] : r[7]));
    }

    [Fact]
    public async Task Verify_OverTheApi_HoldsAndIsNotedItself()
    {
        var first = await VerifyAsync();
        Assert.True(first.Holds);
        await WaitForAsync("action=audit.verify", 1);
        var known = await Server.Owner.GetFromJsonAsync<AuditVerification>($"/api/v1/audit/verify?seq={first.Seq}&hash={first.Hash}", Cancelled);
        Assert.True(known!.Holds);
        var other = await Server.Owner.GetFromJsonAsync<AuditVerification>($"/api/v1/audit/verify?seq=1&hash={new string('0', 64)}", Cancelled);
        Assert.Equal((false, 1L), (other!.Holds, other.Break!.Seq));
        await Server.RunJobAsync("audit-verify");
        await Server.RunJobAsync("audit-retention");
    }

    private IAuditTrail Trail => Server.Services.GetRequiredService<IAuditTrail>();

    private static Actor NewActor() =>
        new(Guid.NewGuid(), $"tester-{Guid.NewGuid():N}", Standing.None, "192.0.2.1") { SessionId = Session, TokenId = Guid.NewGuid(), RequestId = "0HN:7" };

    private async Task<Page<AuditEntryView>> ListAsync(string query) =>
        (await Server.Owner.GetFromJsonAsync<Page<AuditEntryView>>($"/api/v1/audit?{query}", Cancelled))!;

    private Task<IReadOnlyList<AuditEntryView>> WaitForAsync(string query, int count) => EventuallyAsync<IReadOnlyList<AuditEntryView>>(
        async () => (await ListAsync(query)).Items is { } items && items.Count >= count ? items : null, $"{count} of {query}");

    private async Task<AuditVerification> VerifyAsync() =>
        (await Server.Owner.GetFromJsonAsync<AuditVerification>("/api/v1/audit/verify", Cancelled))!;

    // As RFC 4180 reads.
    private static List<List<string>> ReadCsv(string text)
    {
        var rows = new List<List<string>> { new() };
        var cell = new StringBuilder();
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '"')
            {
                for (i++; text[i] != '"' || (i + 1 < text.Length && text[i + 1] == '"'); i++)
                {
                    cell.Append(text[i]);
                    i += text[i] == '"' ? 1 : 0;
                }
            }
            else if (text[i] is ',' or '\r')
            {
                rows[^1].Add(cell.ToString());
                cell.Clear();
                if (text[i] == '\r')
                {
                    i++;
                    rows.Add([]);
                }
            }
            else
            {
                cell.Append(text[i]);
            }
        }

        rows.RemoveAt(rows.Count - 1);
        return rows;
    }
}

public sealed class AuditOnSqlite(SqliteFixture fixture) : AuditTests(fixture), IClassFixture<SqliteFixture>;

public sealed class AuditOnPostgres(PostgresFixture fixture) : AuditTests(fixture), IClassFixture<PostgresFixture>;
