using Microsoft.EntityFrameworkCore;
using Operone.Core.Errors;
using Operone.Core.Files;
using Operone.Web.Access;
using Operone.Web.Data;

namespace Operone.Web.Files.Transfers;

/// <summary>Makes the plan of a transfer by looking through both sides. Nothing is changed by that.</summary>
internal sealed class TransferPlanner(IDbContextFactory<OperoneDb> databases, TransferPlaces places, TimeProvider time)
{
    /// <summary>Items are stored so many at a time.</summary>
    private const int Batch = 1000;

    /// <summary>Makes it, in place of one that was begun before. Gives it summed up; an error where a source cannot be had at all.</summary>
    public async Task<Result<PlanSums>> PlanAsync(Actor actor, Transfer transfer, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await db.Set<TransferItem>().Where(i => i.TransferId == transfer.Id).ExecuteDeleteAsync(cancellationToken);
        var sums = new PlanSums();
        for (var root = 0; root < transfer.From.Count; root++)
        {
            var ends = await places.FindAsync(actor, transfer, root, cancellationToken);
            if ((ends.Error ?? await PlanRootAsync(db, actor, transfer, root, ends.Value, sums, cancellationToken)) is { } error)
            {
                // a part of a plan is none
                db.ChangeTracker.Clear();
                await db.Set<TransferItem>().Where(i => i.TransferId == transfer.Id).ExecuteDeleteAsync(cancellationToken);
                return error;
            }
        }

        await SaveAsync(db, cancellationToken);
        return sums;
    }

    private async Task<Error?> PlanRootAsync(OperoneDb db, Actor actor, Transfer transfer, int root, TransferEnds ends, PlanSums sums, CancellationToken cancellationToken)
    {
        var (from, to) = (ends.From, ends.To);
        var source = await from.Backend.StatAsync(from.Scope, from.Path, withAttributes: false, cancellationToken);
        if (source.IsError)
        {
            return source.Error;
        }

        var there = await to.Backend.StatAsync(to.Scope, to.Path, withAttributes: false, cancellationToken);
        if (there.Error is { } error && error.Kind != ErrorKind.NotFound)
        {
            return error;
        }

        var isRename = transfer is { Kind: TransferKind.Move, IsRenameRefused: false } && ends.IsOnePlace && there.IsError;
        await AddAsync(Item(transfer, root, "/", source.Value, there.IsError ? null : there.Value, isRename, sums));
        if (isRename || source.Value.Kind != FileKind.Folder)
        {
            return null;
        }

        var present = new Dictionary<string, FileEntry>(StringComparer.Ordinal);
        if (there is { IsError: false, Value.Kind: FileKind.Folder })
        {
            var seen = await to.Backend.WalkAsync(to.Scope, to.Path, batch =>
            {
                foreach (var entry in batch)
                {
                    present[PathOf(entry)] = entry;
                }

                return present.Count > TransferLimits.Items ? throw new PlanTooLargeException() : ValueTask.CompletedTask;
            }, cancellationToken);
            if (seen.Error is { } unseen && TransferWork.IsPassing(unseen))
            {
                return unseen;
            }
        }

        var walked = await from.Backend.WalkAsync(from.Scope, from.Path, async batch =>
        {
            foreach (var entry in batch)
            {
                var path = PathOf(entry);
                await AddAsync(Item(transfer, root, path, entry, present.GetValueOrDefault(path), isRename: false, sums));
            }
        }, cancellationToken);
        if (walked.Error is { } unread)
        {
            if (TransferWork.IsPassing(unread))
            {
                return unread;
            }

            await AddAsync(Missing(transfer, root, "/", $"Not all of it could be looked through: {unread.Detail}", sums));
        }

        // what has a scope of its own is not reached by this one: it is said, not left out in silence
        foreach (var inner in await places.InnerAsync(actor, from, cancellationToken))
        {
            await AddAsync(Missing(transfer, root, inner.ToAddress(), "A policy of its own holds for it: bring it by itself.", sums));
        }

        return null;

        async ValueTask AddAsync(TransferItem item)
        {
            if (sums.Items > TransferLimits.Items)
            {
                throw new PlanTooLargeException();
            }

            db.Add(item);
            if (sums.Items % Batch == 0)
            {
                await SaveAsync(db, cancellationToken);
            }
        }
    }

    private static async Task SaveAsync(OperoneDb db, CancellationToken cancellationToken)
    {
        await db.SaveChangesAsync(cancellationToken);
        db.ChangeTracker.Clear();
    }

    private TransferItem Item(Transfer transfer, int root, string path, FileEntry entry, FileEntry? there, bool isRename, PlanSums sums)
    {
        var problem = isRename ? null
            : entry.Kind == FileKind.Other ? "It is no file, no folder and no link: it is not brought along."
            : there is not null && (entry.Kind == FileKind.Folder) != (there.Kind == FileKind.Folder)
                ? $"A {(there.Kind == FileKind.Folder ? "folder" : "file")} of this name is there already."
            : null;
        var outcome = problem is not null ? TransferOutcome.Failed : there is not null && IsSame(entry, there) ? TransferOutcome.Same : TransferOutcome.Pending;
        var item = new TransferItem
        {
            TransferId = transfer.Id,
            Number = sums.Items++,
            Root = root,
            Path = path,
            Kind = entry.Kind,
            Size = entry.Size,
            ModifiedAt = entry.ModifiedAt,
            Mode = entry.Mode,
            Target = entry.Target,
            Tag = entry.Tag,
            IsConflict = there is not null && outcome == TransferOutcome.Pending,
            ThereModifiedAt = there?.ModifiedAt,
            IsRename = isRename,
            Upload = Guid.CreateVersion7(time.GetUtcNow()),
            Outcome = outcome,
            Problem = problem,
        };
        sums.Conflicts += item.IsConflict ? 1 : 0;
        return item;
    }

    /// <summary>Something that is known not to be brought.</summary>
    private static TransferItem Missing(Transfer transfer, int root, string path, string why, PlanSums sums) => new()
    {
        TransferId = transfer.Id,
        Number = sums.Items++,
        Root = root,
        Path = path,
        Kind = FileKind.Other,
        Upload = Guid.Empty,
        Outcome = TransferOutcome.Failed,
        Problem = why,
    };

    /// <summary>As rclone and rsync have it: the same size and time of change, as far as both sides keep it.</summary>
    private static bool IsSame(FileEntry entry, FileEntry there) => entry.Kind == there.Kind && entry.Kind switch
    {
        FileKind.Folder => true,
        FileKind.Link => entry.Target == there.Target,
        _ => entry.Size == there.Size && IsSameTime(entry.ModifiedAt, there.ModifiedAt),
    };

    /// <summary>Whether two times of change are the same, as far as both sides keep them.</summary>
    public static bool IsSameTime(DateTimeOffset? one, DateTimeOffset? other) => one is { } a && other is { } b && (a - b).Duration() < TimeSpan.FromSeconds(1);

    private static string PathOf(FileEntry entry) => "/" + entry.Segment.TrimStart('/');
}

/// <summary>What a plan comes to.</summary>
internal sealed class PlanSums
{
    /// <summary>How many files, folders and links.</summary>
    public long Items { get; set; }

    /// <summary>How many have another one in their place.</summary>
    public long Conflicts { get; set; }
}

/// <summary>There is more than one transfer may bring.</summary>
internal sealed class PlanTooLargeException() : Exception($"There are more than {TransferLimits.Items} files and folders. Bring them in parts.");
