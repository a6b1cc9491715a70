using System.Data.Common;
using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Operone.Core.Access;
using Operone.Tests.Hosting;
using Operone.Web.Access;
using Operone.Web.Data;
using Xunit;

namespace Operone.Tests.Web.Access;

public abstract class AuditLedgerTests(Database database)
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Append_FromManyAtOnce_MakesOneChain()
    {
        await using var made = await AuditDatabase.CreateAsync(database);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(writer => Task.Run(
            async () =>
            {
                for (var batch = 0; batch < 10; batch++)
                {
                    await using var db = made.CreateDbContext();
                    await AuditLedger.AppendAsync(db, [.. Enumerable.Range(0, 7).Select(i => NewEntry($"writer-{writer}", $"{batch}-{i}"))], Cancelled);
                }
            }, Cancelled)));

        var chain = await ReadAsync(made);
        AssertHolds(chain);
        Assert.Equal(560, chain.Count);
        await using var look = made.CreateDbContext();
        var head = await look.Set<AuditHead>().SingleAsync(Cancelled);
        Assert.Equal((560, chain[^1].Hash), (head.Seq, AuditChain.ToText(head.Hash)));
    }

    [Fact]
    public async Task Entries_FromBeforeTheChain_AreSealedInTheirOrder()
    {
        await using var made = await AuditDatabase.CreateAsync(database, "Initial");
        var ids = new OrderedIds();
        await using (var db = made.CreateDbContext())
        {
            await db.Database.OpenConnectionAsync(Cancelled);
            var old = new SqlBatch(db);
            for (var i = 0; i < 2345; i++)
            {
                old.Add(
                    """INSERT INTO audit_entries ("Id", "At", "Actor", "Action", "Target", "Allowed") VALUES (@id, @at, @actor, @action, @target, @allowed)""",
                    ("id", ids.Next(DateTimeOffset.UtcNow)), ("at", DateTimeOffset.UtcNow), ("actor", "old"), ("action", "run.create"),
                    ("target", i.ToString(CultureInfo.InvariantCulture)), ("allowed", true));
            }

            await old.ExecuteAsync(Cancelled);
        }

        await made.MigrateAsync();
        await AuditLedger.SealOldAsync(made, Cancelled);
        await AuditLedger.SealOldAsync(made, Cancelled);
        await using (var db = made.CreateDbContext())
        {
            await AuditLedger.AppendAsync(db, [NewEntry("new", "2345")], Cancelled);
        }

        var chain = await ReadAsync(made);
        AssertHolds(chain);
        Assert.Equal(Enumerable.Range(0, 2346).Select(i => i.ToString(CultureInfo.InvariantCulture)), chain.Select(e => e.Target));
    }

    [Theory]
    [InlineData("""UPDATE audit_entries SET "Actor" = 'somebody else' WHERE "Seq" = 2""", "append-only")]
    [InlineData("""UPDATE audit_entries SET "Hash" = NULL WHERE "Seq" = 3""", "append-only")]
    [InlineData("""DELETE FROM audit_entries WHERE "Seq" = 3""", "append-only")]
    [InlineData("DELETE FROM audit_entries", "append-only")]
    [InlineData("TRUNCATE audit_entries|DELETE FROM audit_entries WHERE 1 = 1", "append-only")]
    [InlineData("""INSERT INTO audit_entries SELECT * FROM audit_entries WHERE "Seq" = 2|INSERT OR REPLACE INTO audit_entries SELECT * FROM audit_entries WHERE "Seq" = 2""", "append-only|duplicate key")]
    [InlineData("""UPDATE audit_head SET "Seq" = 1""", "forward")]
    [InlineData("""UPDATE audit_head SET "Hash" = NULL""", "forward")]
    [InlineData("DELETE FROM audit_head", "head")]
    [InlineData("""INSERT INTO audit_anchors ("Seq", "Hash", "Count", "At") SELECT 2, "Hash", 2, "At" FROM audit_entries WHERE "Seq" = 3""", "must be an entry")]
    [InlineData("""INSERT INTO audit_anchors ("Seq", "Hash", "Count", "At") SELECT 99, "Hash", 99, "At" FROM audit_entries WHERE "Seq" = 3""", "must be an entry")]
    [InlineData("DELETE FROM audit_anchors", "audit_anchors|append-only")]
    [InlineData("""UPDATE audit_anchors SET "Seq" = 3""", "append-only")]
    public async Task Trigger_WhateverIsNoAppend_IsRefused(string sql, string says)
    {
        sql = sql.Split('|')[database == Database.Postgres ? 0 : ^1];
        await using var made = await AuditDatabase.CreateAsync(database);
        await using (var db = made.CreateDbContext())
        {
            await AuditLedger.AppendAsync(db, [.. Enumerable.Range(1, 5).Select(i => NewEntry("somebody", $"{i}"))], Cancelled);
        }

        await made.ExecuteAsync("""INSERT INTO audit_anchors ("Seq", "Hash", "Count", "At") SELECT 1, "Hash", 1, "At" FROM audit_entries WHERE "Seq" = 1""");
        await made.ExecuteAsync("""DELETE FROM audit_entries WHERE "Seq" = 1""");

        var refused = await Assert.ThrowsAnyAsync<DbException>(() => made.ExecuteAsync(sql));
        Assert.Contains(says.Split('|'), s => refused.Message.Contains(s, StringComparison.Ordinal));
        Assert.Equal([2, 3, 4, 5], (await ReadAsync(made)).Select(e => e.Seq));
    }

    [Fact]
    public async Task Append_InATransactionThatIsRolledBack_LeavesNoGap()
    {
        await using var made = await AuditDatabase.CreateAsync(database);
        await using (var db = made.CreateDbContext())
        {
            await using var transaction = await db.Database.BeginTransactionAsync(Cancelled);
            await AuditLedger.AppendAsync(db, [NewEntry("nobody", "never")], Cancelled);
        }

        await using (var db = made.CreateDbContext())
        {
            await AuditLedger.AppendAsync(db, [NewEntry("somebody", "at last")], Cancelled);
        }

        var entry = Assert.Single(await ReadAsync(made));
        Assert.Equal((1, "at last", AuditChain.Beginning), (entry.Seq, entry.Target, entry.PreviousHash));
    }

    internal static AuditEntry NewEntry(string actor, string target) => AuditEntry.Create(
        Guid.CreateVersion7(), DateTimeOffset.UtcNow, new Actor(Guid.NewGuid(), actor, Standing.None, "192.0.2.7") { SessionId = Guid.NewGuid(), RequestId = "0HN:1" },
        "test.happen", target, allowed: true, "näïve \"detail\"\n\t😀", Guid.NewGuid());

    private static async Task<List<AuditEntryView>> ReadAsync(AuditDatabase made)
    {
        await using var db = made.CreateDbContext();
        return [.. (await db.Set<AuditEntry>().OrderBy(e => e.Seq).ToListAsync(Cancelled)).Select(e => e.ToView())];
    }

    private static void AssertHolds(List<AuditEntryView> chain)
    {
        var previous = AuditChain.Beginning;
        foreach (var (i, entry) in chain.Index())
        {
            Assert.Equal((i + 1, previous), (entry.Seq, entry.PreviousHash));
            Assert.Equal(previous = AuditChain.ToText(AuditChain.Hash(entry)), entry.Hash);
        }
    }
}

public sealed class AuditLedgerOnSqlite() : AuditLedgerTests(Database.Sqlite);

public sealed class AuditLedgerOnPostgres() : AuditLedgerTests(Database.Postgres);
