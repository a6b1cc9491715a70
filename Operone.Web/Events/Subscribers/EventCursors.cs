using Microsoft.EntityFrameworkCore;
using Operone.Web.Data;
using Operone.Web.Hosting.Nodes;

namespace Operone.Web.Events.Subscribers;

/// <summary>The subscribers' places and leases in the database, for this node.</summary>
internal sealed class EventCursors(IDbContextFactory<OperoneDb> databases, INodeBus nodes, TimeProvider time)
{
    /// <summary>For how long a node has a subscriber; one that dies is followed after that time.</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(15);

    /// <summary>Makes the places that are missing: a new subscriber begins at the end of the log.</summary>
    public async Task PrepareAsync(IReadOnlyCollection<string> names, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var sql = new SqlBatch(db);
        await db.Database.OpenConnectionAsync(cancellationToken);
        foreach (var name in names)
        {
            sql.Add("""
                INSERT INTO event_cursors ("Name", "Position", "Until") SELECT @name, "Position", @now FROM event_head WHERE "Id" = 1
                ON CONFLICT ("Name") DO NOTHING
                """, ("name", name), ("now", time.GetUtcNow() - Lease));
        }

        await sql.ExecuteAsync(cancellationToken);
    }

    /// <summary>Takes those that nobody has, says again that this node has its own, and gives all that it has now with their places.</summary>
    /// <param name="names">The subscribers' names.</param>
    /// <param name="isStart">Whether the node has just started: one that is alone then takes what it had before, whose lease goes on.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<IReadOnlyDictionary<string, long>> ClaimAsync(IReadOnlyCollection<string> names, bool isStart, CancellationToken cancellationToken)
    {
        var (now, isFree) = (time.GetUtcNow(), isStart && nodes.IsAlone);
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await db.Set<EventCursor>().Where(c => EF.Parameter(names).Contains(c.Name) && (c.Owner == nodes.Id || c.Until < now || isFree))
            .ExecuteUpdateAsync(set => set.SetProperty(c => c.Owner, nodes.Id).SetProperty(c => c.Until, now + Lease), cancellationToken);
        return await db.Set<EventCursor>().Where(c => c.Owner == nodes.Id).ToDictionaryAsync(c => c.Name, c => c.Position, cancellationToken);
    }

    /// <summary>Moves a place on. False where another node has the subscriber by now.</summary>
    public async Task<bool> MoveAsync(string name, long position, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.Set<EventCursor>().Where(c => c.Name == name && c.Owner == nodes.Id)
            .ExecuteUpdateAsync(set => set.SetProperty(c => c.Position, position), cancellationToken) > 0;
    }

    /// <summary>Lets go of all that this node has: others take them at once.</summary>
    public async Task ReleaseAsync(CancellationToken cancellationToken)
    {
        var past = time.GetUtcNow() - Lease;
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await db.Set<EventCursor>().Where(c => c.Owner == nodes.Id)
            .ExecuteUpdateAsync(set => set.SetProperty(c => c.Owner, (Guid?)null).SetProperty(c => c.Until, past), cancellationToken);
    }
}
