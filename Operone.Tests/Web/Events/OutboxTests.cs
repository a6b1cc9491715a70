using System.Net.Http.Json;
using Microsoft.EntityFrameworkCore;
using Operone.Core.Access;
using Operone.Core.Events;
using Operone.Tests.Hosting;
using Operone.Web.Data;
using Operone.Web.Events;
using Xunit;

namespace Operone.Tests.Web.Events;

/// <summary>Events are there exactly where the change is that they tell of, and are read in the order of commits.</summary>
public abstract class OutboxTests(ServerFixture fixture) : ServerTests(fixture)
{
    [Fact]
    public async Task Publish_InATransactionThatIsRolledBack_TellsNothing()
    {
        var mark = Guid.CreateVersion7();
        await using (var db = Server.OpenDatabase())
        {
            await using var transaction = await db.Database.BeginTransactionAsync(Cancelled);
            db.Publish(new("test.rolled-back", "never", mark));
            await db.SaveChangesAsync(Cancelled);
            await transaction.RollbackAsync(Cancelled);
        }

        await TellAsync(mark, "test.told");
        Assert.Equal("test.told", Assert.Single(await ReadAsync(mark, 1)).Type);
    }

    [Fact]
    public async Task Publish_WithASaveThatFails_TellsNothing_AndTheContextGoesOnAsNew()
    {
        var (mark, name) = (Guid.CreateVersion7(), $"mark-{Guid.NewGuid():N}");
        for (var i = 0; i < 2; i++)
        {
            await using var db = Server.OpenDatabase();
            db.Add(new EventHead { Id = EventHead.OnlyId, Position = 0 });
            db.Publish(new("test.failed", name, mark));
            await Assert.ThrowsAsync<DbUpdateException>(() => db.SaveChangesAsync(Cancelled));
        }

        await TellAsync(mark, "test.told");
        Assert.Equal("test.told", Assert.Single(await ReadAsync(mark, 1)).Type);
    }

    [Fact]
    public async Task Position_OfAnEventThatIsCommittedLate_IsBehindThoseThatWereReadAlready()
    {
        Assert.SkipWhen(Server.OpenDatabase() is SqliteDb, "SQLite has one writer: nobody commits while a transaction is open.");
        var mark = Guid.CreateVersion7();
        await using var db = Server.OpenDatabase();
        await using var transaction = await db.Database.BeginTransactionAsync(Cancelled);
        db.Publish(new("test.late", "first", mark));
        await db.SaveChangesAsync(Cancelled);

        // The one whose transaction is open has the smaller id and the smaller number of the database's counter.
        await TellAsync(mark, "test.early");
        var early = Assert.Single(await ReadAsync(mark, 1));
        Assert.Equal("test.early", early.Type);
        await transaction.CommitAsync(Cancelled);
        var late = (await ReadAsync(mark, 2)).Single(e => e.Id != early.Id);
        Assert.True(late.Arrival < early.Arrival && late.Id.CompareTo(early.Id) < 0);
        Assert.True(late.Position > early.Position, "Who has read the early one would not see the late one.");
    }

    [Fact]
    public async Task Position_OfManyWriters_HasNoGapsAndNoTwoOfOne_AndIsInTheOrderOfEach()
    {
        var mark = Guid.CreateVersion7();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async writer =>
        {
            for (var n = 0; n < 25; n++)
            {
                await TellAsync(mark, "test.counted", $"{writer}", n);
            }
        }));
        var found = await ReadAsync(mark, 200);
        foreach (var one in found.GroupBy(e => e.Subject))
        {
            Assert.Equal(Enumerable.Range(0, 25), one.OrderBy(e => e.Position).Select(e => int.Parse(e.Data!["n"]!, System.Globalization.CultureInfo.InvariantCulture)));
        }

        await using var db = Server.OpenDatabase();
        var log = await db.Set<EventHead>().Select(h => new { Numbered = db.Set<EventEntry>().Count(e => e.Position != null), h.Position }).SingleAsync(Cancelled);
        Assert.Equal(log.Numbered, log.Position);
    }

    [Fact]
    public async Task Change_ThatIsAccepted_HasItsEventInTheSameTransaction()
    {
        var name = $"team-{Guid.NewGuid():N}"[..20];
        using var response = await Server.Owner.PostAsJsonAsync("/api/v1/teams", new CreateTeam(name), Cancelled);
        response.EnsureSuccessStatusCode();

        // It is there as soon as the answer is: nobody waits for a batch.
        await using var db = Server.OpenDatabase();
        Assert.Equal(1, await db.Set<EventEntry>().CountAsync(e => e.Type == EventTypes.TeamCreated && e.Subject == name, Cancelled));
    }

    [Fact]
    public async Task Sequencer_OfWhatANodeLeftBehind_NumbersItAtTheNextLook()
    {
        var mark = Guid.CreateVersion7();
        await using (var db = Server.OpenDatabase())
        {
            // As a node would leave it that dies after the commit: nobody is woken.
            db.Add(new EventEntry { Id = Guid.CreateVersion7(), At = DateTimeOffset.UtcNow, Type = "test.left", DeviceId = mark });
            await db.SaveChangesAsync(Cancelled);
        }

        Assert.Single(await ReadAsync(mark, 1));
    }

    private async Task TellAsync(Guid mark, string type, string? subject = null, int n = 0)
    {
        await using var db = Server.OpenDatabase();
        db.Publish(new(type, subject, mark, Data: new Dictionary<string, string?> { ["n"] = n.ToString(System.Globalization.CultureInfo.InvariantCulture) }));
        await db.SaveChangesAsync(Cancelled);
    }

    private Task<List<EventEntry>> ReadAsync(Guid mark, int count) => EventuallyAsync(async () =>
    {
        await using var db = Server.OpenDatabase();
        var found = await db.Set<EventEntry>().Where(e => e.DeviceId == mark && e.Position != null).ToListAsync(Cancelled);
        return found.Count >= count ? found : null;
    }, $"{count} numbered events");
}

public sealed class OutboxOnSqlite(SqliteFixture fixture) : OutboxTests(fixture), IClassFixture<SqliteFixture>;

public sealed class OutboxOnPostgres(PostgresFixture fixture) : OutboxTests(fixture), IClassFixture<PostgresFixture>;
