using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Operone.Core.Access;
using Operone.Core.Events;
using Operone.Tests.Hosting;
using Operone.Web.Access;
using Xunit;

namespace Operone.Tests.Web.Access;

public abstract class AuditVerifierTests(Database database)
{
    private readonly FakeEvents _events = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Verify_NothingNoted_Holds()
    {
        await using var made = await AuditDatabase.CreateAsync(database);
        var found = await VerifyAsync(made);
        Assert.Equal((true, 0, 0), (found.Holds, found.Checked, found.Seq));
    }

    [Fact]
    public async Task Verify_AsWritten_HoldsOverManyChunks()
    {
        await using var made = await MakeAsync(4321);
        var found = await VerifyAsync(made);
        Assert.Equal((true, 4321, 4321, null), (found.Holds, found.Checked, found.Seq, found.Break?.Reason));
        Assert.Empty(_events.Published);
    }

    [Theory]
    [InlineData("""UPDATE audit_entries SET "Detail" = 'nothing happened' WHERE "Seq" = 4""", 4, "not what was sealed")]
    [InlineData("""UPDATE audit_entries SET "Allowed" = NOT "Allowed" WHERE "Seq" = 1""", 1, "not what was sealed")]
    [InlineData("""UPDATE audit_entries SET "SessionId" = NULL WHERE "Seq" = 9""", 9, "not what was sealed")]
    [InlineData("""UPDATE audit_entries SET "Hash" = NULL WHERE "Seq" = 5""", 5, "no seal")]
    [InlineData("""UPDATE audit_entries SET "PreviousHash" = "Hash" WHERE "Seq" = 5""", 5, "not what was sealed")]
    [InlineData("""DELETE FROM audit_entries WHERE "Seq" = 6""", 6, "Entry 6 is missing")]
    [InlineData("""DELETE FROM audit_entries WHERE "Seq" = 1""", 1, "Entry 1 is missing")]
    [InlineData("""DELETE FROM audit_entries WHERE "Seq" >= 8""", 8, "8 to 9 are missing at the end")]
    [InlineData("DELETE FROM audit_entries", 1, "1 to 9 are missing at the end")]
    [InlineData("""UPDATE audit_entries SET "Seq" = 1000 - "Seq"; UPDATE audit_entries SET "Seq" = "Seq" - 990""", 1, "not what was sealed")]
    [InlineData("""UPDATE audit_entries SET "Seq" = -3 WHERE "Seq" = 3; UPDATE audit_entries SET "Seq" = 3 WHERE "Seq" = 4; UPDATE audit_entries SET "Seq" = 4 WHERE "Seq" = -3""", 3, "not what was sealed")]
    [InlineData("""UPDATE audit_head SET "Seq" = 8, "Hash" = (SELECT "Hash" FROM audit_entries WHERE "Seq" = 8)""", 9, "behind the chain's head")]
    [InlineData("""UPDATE audit_head SET "Hash" = (SELECT "Hash" FROM audit_entries WHERE "Seq" = 8)""", 9, "another hash for entry 9")]
    [InlineData("DELETE FROM audit_head", 1, "head is missing")]
    public async Task Verify_AfterSomebodyMeddled_SaysWhereAndHow(string sql, long at, string says)
    {
        await using var made = await MakeAsync(9);
        await made.DropGuardsAsync();
        await made.ExecuteAsync(sql);

        var found = await VerifyAsync(made);
        Assert.False(found.Holds);
        Assert.Equal(at, found.Break!.Seq);
        Assert.Contains(says, found.Break.Reason, StringComparison.Ordinal);
        Assert.Equal(EventTypes.AuditBroken, Assert.Single(_events.Published).Type);
    }

    [Fact]
    public async Task Verify_AgainstAWitness_FindsARewrittenChain()
    {
        await using var made = await MakeAsync(9);
        var noted = await VerifyAsync(made);
        Assert.True((await VerifyAsync(made, new(noted.Seq, noted.Hash!))).Holds);
        Assert.Contains("noted elsewhere", (await VerifyAsync(made, new(9, new('a', 64)))).Break!.Reason, StringComparison.Ordinal);
        Assert.Contains("ends at 9", (await VerifyAsync(made, new(10, new('a', 64)))).Break!.Reason, StringComparison.Ordinal);
        Assert.Equal(["hash", "seq"], (await NewVerifier(made).VerifyAsync(Actor.System, new(0, "x"), Cancelled)).Error!.Fields!.Keys.Order());
    }

    [Fact]
    public async Task Verify_WithoutThePermission_IsRefused()
    {
        await using var made = await MakeAsync(1);
        var nobody = new Actor(null, "nobody", Standing.None);
        Assert.Equal("permission-missing", (await NewVerifier(made).VerifyAsync(nobody, null, Cancelled)).Error?.Code);
    }

    [Fact]
    public async Task Retention_OldEntries_GoAndTheChainGoesOnFromTheAnchor()
    {
        var now = new DateTimeOffset(2026, 6, 1, 0, 0, 0, TimeSpan.Zero);
        await using var made = await AuditDatabase.CreateAsync(database);
        await AppendAsync(made, 4500, now.AddDays(-40));
        await AppendAsync(made, 100, now.AddDays(-20));
        var retention = new AuditRetention(made, Options.Create(new AuditOptions { KeepDays = 30 }), new FakeTimeProvider(now), NullLogger<AuditRetention>.Instance);
        await retention.RunAsync(Cancelled);

        var found = await VerifyAsync(made);
        Assert.Equal((true, 101, 4500, 4601, now), (found.Holds, found.Checked, found.AnchorSeq, found.Seq, found.PrunedAt));
        await using var db = made.CreateDbContext();
        Assert.Equal(101, await db.Set<AuditEntry>().CountAsync(Cancelled));
        var note = await db.Set<AuditEntry>().SingleAsync(e => e.Action == "audit.prune", Cancelled);
        Assert.Equal(("system", "1 to 4500"), (note.Actor, note.Target));

        // Nothing more to do, and then some more.
        await retention.RunAsync(Cancelled);
        Assert.Equal(101, (await VerifyAsync(made)).Checked);
        var later = new AuditRetention(made, Options.Create(new AuditOptions { KeepDays = 15 }), new FakeTimeProvider(now), NullLogger<AuditRetention>.Instance);
        await later.RunAsync(Cancelled);
        var last = await VerifyAsync(made);
        Assert.Equal((true, 2, 4600), (last.Holds, last.Checked, last.AnchorSeq));

        // A meddled anchor is found.
        await made.DropGuardsAsync();
        await made.ExecuteAsync("""UPDATE audit_anchors SET "Hash" = (SELECT "Hash" FROM audit_head) WHERE "Seq" = 4600""");
        Assert.Equal(4601, (await VerifyAsync(made)).Break?.Seq);
    }

    [Fact]
    public async Task Retention_EndedBetweenAnchorAndDeletion_IsFinishedAtTheNextTurn()
    {
        await using var made = await MakeAsync(50);
        await made.ExecuteAsync("""INSERT INTO audit_anchors ("Seq", "Hash", "Count", "At") SELECT 20, "Hash", 20, "At" FROM audit_entries WHERE "Seq" = 20""");
        Assert.Equal((true, 30), ((await VerifyAsync(made)).Holds, (await VerifyAsync(made)).Checked));
        await new AuditRetention(made, Options.Create(new AuditOptions()), TimeProvider.System, NullLogger<AuditRetention>.Instance).RunAsync(Cancelled);
        await using var db = made.CreateDbContext();
        Assert.Equal(21, await db.Set<AuditEntry>().MinAsync(e => e.Seq, Cancelled));
        Assert.True((await VerifyAsync(made)).Holds);
    }

    private protected async Task<AuditDatabase> MakeAsync(int count)
    {
        var made = await AuditDatabase.CreateAsync(database);
        await AppendAsync(made, count, DateTimeOffset.UtcNow);
        return made;
    }

    private static async Task AppendAsync(AuditDatabase made, int count, DateTimeOffset at)
    {
        await using var db = made.CreateDbContext();
        await AuditLedger.AppendAsync(
            db, [.. Enumerable.Range(1, count).Select(i => AuditEntry.Create(
                Guid.CreateVersion7(at), at, new Actor(Guid.NewGuid(), "somebody", Standing.None) { SessionId = Guid.NewGuid() }, "test.happen", $"{i}", true, "détail", null))],
            Cancelled);
    }

    private AuditVerifier NewVerifier(AuditDatabase made) =>
        new(made, new FakeAuditTrail(), _events, TimeProvider.System, NullLogger<AuditVerifier>.Instance);

    private protected async Task<AuditVerification> VerifyAsync(AuditDatabase made, AuditWitness? known = null)
    {
        using var verifier = NewVerifier(made);
        return (await verifier.VerifyAsync(Actor.System, known, Cancelled)).Value;
    }

    private sealed class FakeEvents : IEvents
    {
        public List<OperoneEvent> Published { get; } = [];

        public ValueTask PublishAsync(OperoneEvent happened, CancellationToken cancellationToken = default)
        {
            Published.Add(happened);
            return ValueTask.CompletedTask;
        }
    }

    private sealed class FakeAuditTrail : IAuditTrail
    {
        public ValueTask NoteAsync(
            Actor actor, string action, string? target, bool allowed, string? detail, Guid? grant, CancellationToken cancellationToken = default) =>
            ValueTask.CompletedTask;
    }
}

public sealed class AuditVerifierOnSqlite() : AuditVerifierTests(Database.Sqlite)
{
    [Fact]
    public async Task Verify_ValueThatCannotBeRead_IsABreakAndNoFailure()
    {
        await using var made = await MakeAsync(9);
        await made.DropGuardsAsync();
        await made.ExecuteAsync("""UPDATE audit_entries SET "At" = -5, "Id" = 'nonsense' WHERE "Seq" = 7""");

        var found = await VerifyAsync(made);
        Assert.Equal(7, found.Break?.Seq);
        Assert.Contains("cannot be read", found.Break!.Reason, StringComparison.Ordinal);
    }
}

public sealed class AuditVerifierOnPostgres() : AuditVerifierTests(Database.Postgres);
