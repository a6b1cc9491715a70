using Microsoft.EntityFrameworkCore;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Files;
using Operone.Web.Access;
using Operone.Web.Data;
using Operone.Web.Hosting;

namespace Operone.Web.Files.Dav;

/// <summary>How something is to be locked.</summary>
internal sealed record TakeLock(bool IsExclusive, bool IsDeep, string? Owner, int Seconds);

/// <summary>
/// The locks of network drives. They are in the database: every node sees the same ones, and a restart keeps them. They hold
/// among drives; the console, the API and the command line have their entity tags instead.
/// </summary>
internal sealed class DavLocks(IDbContextFactory<OperoneDb> databases, FileTree tree, IAuditTrail audit, TimeProvider time)
{
    /// <summary>How long a lock is good that says nothing of it, in seconds.</summary>
    public const int DefaultSeconds = 600;

    /// <summary>The longest time that a lock is good without being asked for again, in seconds.</summary>
    public const int MaxSeconds = 3600;

    /// <summary>The longest text about an owner.</summary>
    public const int MaxOwner = 4096;

    /// <summary>The most locks of one holder.</summary>
    public const int MaxHeld = 1000;

    /// <summary>The locks that a place lies under.</summary>
    public async Task<IReadOnlyList<DavLock>> CoveringAsync(TreePath path, CancellationToken cancellationToken) =>
        [.. (await AboveAsync(path, cancellationToken)).Where(l => l.Covers(path))];

    /// <summary>The locks of a place and of all folders that it is in, whether they cover it or not.</summary>
    public async Task<IReadOnlyList<DavLock>> AboveAsync(TreePath path, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        byte[][] hashes = [.. Enumerable.Range(0, path.Depth + 1).Select(depth => DavLock.Hash(path.First(depth)))];
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return [.. (await db.Set<DavLock>().AsNoTracking().Where(l => hashes.Contains(l.AddressHash) && l.ExpiresAt > now).ToListAsync(cancellationToken)).OrderBy(l => l.Id)];
    }

    /// <summary>The locks of what is in a folder, at any depth, without its own.</summary>
    public async Task<IReadOnlyList<DavLock>> BelowAsync(TreePath path, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var top = DavLock.TopOf(path);
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var all = db.Set<DavLock>().AsNoTracking().Where(l => l.ExpiresAt > now);
        var some = await (path.Depth < 2 ? all : all.Where(l => l.Top == top)).ToListAsync(cancellationToken);
        return [.. some.Where(l => l.Path is var locked && locked.Depth > path.Depth && locked.IsIn(path)).OrderBy(l => l.Id)];
    }

    /// <summary>Takes a lock. Who may write there may lock.</summary>
    public async Task<Result<DavLock>> TakeAsync(Actor actor, TreePath path, TakeLock how, CancellationToken cancellationToken)
    {
        var place = await tree.FindAsync(actor, path, Permissions.FilesWrite, "file.lock", cancellationToken);
        if (place.IsError)
        {
            return place.Error!;
        }

        var taken = new DavLock
        {
            Id = Guid.CreateVersion7(),
            Address = path.ToAddress(),
            AddressHash = DavLock.Hash(path),
            Top = DavLock.TopOf(path),
            IsExclusive = how.IsExclusive,
            IsDeep = how.IsDeep,
            HolderId = actor.OwnerId,
            Owner = how.Owner,
            Seconds = how.Seconds,
            ExpiresAt = time.GetUtcNow().AddSeconds(how.Seconds),
        };
        var now = time.GetUtcNow();
        await using (var db = await databases.CreateDbContextAsync(cancellationToken))
        {
            if (await db.Set<DavLock>().CountAsync(l => l.HolderId == taken.HolderId && l.ExpiresAt > now, cancellationToken) >= MaxHeld)
            {
                return DavErrors.TooManyLocks(actor.Name);
            }

            db.Add(taken);
            await db.SaveChangesAsync(cancellationToken);
        }

        // It is written first and held against the others then: of two that are taken at once, on whatever nodes, never both stay.
        var others = (await CoveringAsync(path, cancellationToken)).Concat(how.IsDeep ? await BelowAsync(path, cancellationToken) : []);
        if (others.FirstOrDefault(l => l.Id != taken.Id && (l.IsExclusive || how.IsExclusive)) is { } other)
        {
            await ForgetAsync([taken.Id], CancellationToken.None);
            return DavErrors.Locked(path.ToString(), other);
        }

        await audit.NoteAsync(actor, "file.lock", path.ToString(), allowed: true, how.IsExclusive ? "exclusive" : "shared", place.Value.Grant, cancellationToken);
        return taken;
    }

    /// <summary>Makes a lock last on.</summary>
    public async Task<Result<DavLock>> RefreshAsync(Actor actor, TreePath path, string token, int seconds, CancellationToken cancellationToken)
    {
        var place = await tree.FindAsync(actor, path, Permissions.FilesWrite, "file.lock", cancellationToken);
        if (place.IsError)
        {
            return place.Error!;
        }

        if ((await CoveringAsync(path, cancellationToken)).FirstOrDefault(l => l.Token == token && l.HolderId == actor.OwnerId) is not { } held)
        {
            return DavErrors.NoSuchLock(path.ToString());
        }

        (held.Seconds, held.ExpiresAt) = (seconds, time.GetUtcNow().AddSeconds(seconds));
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var count = await db.Set<DavLock>().Where(l => l.Id == held.Id).ExecuteUpdateAsync(
            set => set.SetProperty(l => l.Seconds, seconds).SetProperty(l => l.ExpiresAt, held.ExpiresAt), cancellationToken);
        return count == 0 ? DavErrors.NoSuchLock(path.ToString()) : held;
    }

    /// <summary>Gives a lock back.</summary>
    public async Task<Result<Unit>> ReleaseAsync(Actor actor, TreePath path, string token, CancellationToken cancellationToken)
    {
        var place = await tree.FindAsync(actor, path, Permissions.FilesWrite, "file.unlock", cancellationToken);
        if (place.IsError)
        {
            return place.Error!;
        }

        if ((await CoveringAsync(path, cancellationToken)).FirstOrDefault(l => l.Token == token) is not { } held)
        {
            return DavErrors.NoSuchLock(path.ToString());
        }

        if (held.HolderId != actor.OwnerId)
        {
            await audit.NoteAsync(actor, "file.unlock", path.ToString(), allowed: false, "somebody else has the lock", cancellationToken);
            return DavErrors.OthersLock(path.ToString());
        }

        await ForgetAsync([held.Id], cancellationToken);
        await audit.NoteAsync(actor, "file.unlock", path.ToString(), allowed: true, null, place.Value.Grant, cancellationToken);
        return Unit.Value;
    }

    /// <summary>What was there is gone, and its locks with it.</summary>
    public async Task GoneAsync(TreePath path, CancellationToken cancellationToken)
    {
        var own = (await CoveringAsync(path, cancellationToken)).Where(l => l.Path.Equals(path));
        await ForgetAsync([.. own.Concat(await BelowAsync(path, cancellationToken)).Select(l => l.Id)], cancellationToken);
    }

    /// <summary>Forgets locks that have run out.</summary>
    public async Task CleanAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await db.Set<DavLock>().Where(l => l.ExpiresAt <= now).ExecuteDeleteAsync(cancellationToken);
    }

    private async Task ForgetAsync(Guid[] ids, CancellationToken cancellationToken)
    {
        if (ids.Length > 0)
        {
            await using var db = await databases.CreateDbContextAsync(cancellationToken);
            await db.Set<DavLock>().Where(l => ids.Contains(l.Id)).ExecuteDeleteAsync(cancellationToken);
        }
    }
}

/// <summary>Once an hour: forgets locks that have run out.</summary>
internal sealed class DavLockUpkeep(DavLocks locks) : IRecurringJob
{
    public string Name => "drive-locks";

    public string Cron => "23 * * * *";

    public Task RunAsync(CancellationToken cancellationToken) => locks.CleanAsync(cancellationToken);
}
