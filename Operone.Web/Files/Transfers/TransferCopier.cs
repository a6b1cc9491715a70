using System.Buffers;
using System.Security.Cryptography;
using Operone.Core.Errors;
using Operone.Core.Files;
using Operone.Core.Files.Chunks;
using Operone.Web.Files.Reuse;

namespace Operone.Web.Files.Transfers;

/// <summary>
/// Brings one file from one backend to another, piece by piece: never more of it is here than two pieces. It goes on where it stood, and is in its
/// place only when it is whole and its SHA-256 right. Of a file that replaces another version of it only what differs goes.
/// </summary>
/// <param name="moved">Is told of bytes that are there; of fewer than none, where some have to go again.</param>
/// <param name="sent">Is told of bytes that have gone from one to the other.</param>
internal sealed class TransferCopier(Action<long> moved, Action<long> sent)
{
    /// <summary>A file above this size is looked at once more at the end: whether it changed while it was read.</summary>
    private const long LookAgainBytes = 64 * 1024;

    /// <summary>Copies.</summary>
    /// <param name="ends">Where from and where to.</param>
    /// <param name="item">Which.</param>
    /// <param name="to">Where it goes, on the target's backend.</param>
    /// <param name="overwrite">Whether it replaces what is there.</param>
    /// <param name="isAgain">It may have been begun before, or be there already.</param>
    /// <param name="cancellationToken">Stops it; what has arrived stays at the target.</param>
    public async Task<Result<Unit>> CopyAsync(
        TransferEnds ends, TransferItem item, TreePath to, bool overwrite, bool isAgain, CancellationToken cancellationToken)
    {
        var came = 0L;
        void Count(long bytes)
        {
            came += bytes;
            moved(bytes);
        }

        var isDone = false;
        try
        {
            var how = new Way(overwrite, overwrite && item.IsConflict, isAgain);
            var done = await CopyAsync(ends, item, to, how, Count, cancellationToken);
            if (done.Error is { Code: "bad-digest" or "file-changed" } && (how.Reuses || how.GoesOn))
            {
                // of what was there something was not what it seemed: all of it goes then
                moved(-came);
                came = 0;
                await ends.To.Backend.DiscardAsync(ends.To.Scope, to, item.Upload, cancellationToken);
                done = await CopyAsync(ends, item, to, new(overwrite, mayReuse: false, isAgain: false), Count, cancellationToken);
            }

            isDone = !done.IsError;
            return done;
        }
        finally
        {
            if (!isDone)
            {
                // what is counted are files that are there, and what is on its way just now
                moved(-came);
            }
        }
    }

    private async Task<Result<Unit>> CopyAsync(TransferEnds ends, TransferItem item, TreePath to, Way how, Action<long> moved, CancellationToken cancellationToken)
    {
        var (from, target) = (ends.From, ends.To);
        var path = ends.FromPath(item);
        var have = 0L;
        if (how.IsAgain)
        {
            var there = await target.Backend.StatAsync(target.Scope, to, withAttributes: false, cancellationToken);
            if (!there.IsError && there.Value.Kind == FileKind.File && there.Value.Size == item.Size && TransferPlanner.IsSameTime(there.Value.ModifiedAt, item.ModifiedAt))
            {
                // its answer was lost the last time
                moved(item.Size ?? 0);
                return Unit.Value;
            }

            var stands = await target.Backend.StandsAsync(target.Scope, to, item.Upload, cancellationToken);
            if (stands.IsError)
            {
                return stands.Error!;
            }

            have = target.Backend.Abilities.CanResume ? stands.Value : 0;
        }

        how.GoesOn = have > 0;
        var plan = how.MayReuse ? await FileChunkService.CompareAsync(from, path, target, to, item.Size ?? 0, cancellationToken) : null;
        how.Reuses = plan is not null;

        // without a plan all that is left is one stretch
        var opened = plan is null ? await from.Backend.ReadAsync(from.Scope, path, have, null, cancellationToken) : default(Result<IFileReading>?);
        if (opened is { IsError: true })
        {
            return opened.Value.Error!;
        }

        FileEntry entry;
        byte[]? sha;
        await using (var reading = opened?.Value)
        {
            entry = reading?.Entry ?? plan!.Now;
            if (have > 0 && (entry.Tag is null || entry.Tag != item.Tag || have > entry.Size))
            {
                // another file by now: from its beginning
                await target.Backend.DiscardAsync(target.Scope, to, item.Upload, cancellationToken);
                return await CopyAsync(ends, item, to, new(how.Overwrite, how.MayReuse, isAgain: false), moved, cancellationToken);
            }

            var begun = await target.Backend.WriteAsync(target.Scope, to, item.Upload, have, cancellationToken);
            if (begun.IsError)
            {
                return begun.Error!;
            }

            await using var writing = begun.Value;
            if (writing.Offset != have)
            {
                return new Error(ErrorKind.Unavailable, "upload-offset", "The upload stands elsewhere.", $"{to} has {writing.Offset} bytes, and {have} were expected.");
            }

            moved(have);
            using var hash = have == 0 && plan is null ? IncrementalHash.CreateHash(HashAlgorithmName.SHA256) : null;
            var carried = reading is not null
                ? await CarryAsync(reading, writing, hash, moved, cancellationToken)
                : await CarryAsync(from, path, plan!, have, writing, moved, cancellationToken);
            if (carried.IsError)
            {
                return carried.Error!;
            }

            var ended = await writing.EndAsync(cancellationToken);
            if (ended.IsError)
            {
                return ended.Error!;
            }

            if (ended.Value != have + carried.Value)
            {
                return new Error(ErrorKind.Unavailable, "upload-offset", "Not all has arrived.", $"{to} has {ended.Value} bytes, and {have + carried.Value} were sent.");
            }

            sha = hash?.GetHashAndReset();
        }

        if (sha is null)
        {
            var whole = await from.Backend.HashAsync(from.Scope, path, cancellationToken);
            if (whole.IsError)
            {
                return whole.Error!;
            }

            sha = whole.Value;
        }

        if (entry.Size > LookAgainBytes)
        {
            var after = await from.Backend.StatAsync(from.Scope, path, withAttributes: false, cancellationToken);
            if (!after.IsError && after.Value.Kind != FileKind.Link && after.Value.Tag != entry.Tag)
            {
                return new Error(ErrorKind.Conflict, "file-changed", "It has changed meanwhile.", $"{from} was written to while it was read.");
            }
        }

        var mode = target.Backend.Abilities.HasModes ? entry.Mode & 0x1FF : null;
        var made = await target.Backend.CommitAsync(
            target.Scope, to, item.Upload, new(how.Overwrite, Sha256: sha, Mode: mode, ModifiedAt: entry.ModifiedAt), cancellationToken);
        return made.IsError ? made.Error! : Unit.Value;
    }

    /// <summary>Brings what the old version does not have, and has the target take the rest from it. Gives how many bytes came.</summary>
    private async Task<Result<long>> CarryAsync(
        FilePlace from, TreePath path, ReusePlan plan, long have, IFileWriting writing, Action<long> moved, CancellationToken cancellationToken)
    {
        var at = have;
        foreach (var stretch in plan.From(have))
        {
            if (stretch.OldOffset is { } offset)
            {
                if ((await writing.ReuseAsync(new FileReuse(offset, stretch.Length, plan.Old.Tag!), cancellationToken)).Error is { } error)
                {
                    return error;
                }

                moved(stretch.Length);
            }
            else
            {
                var opened = await from.Backend.ReadAsync(from.Scope, path, stretch.Offset, stretch.Length, cancellationToken);
                if (opened.IsError)
                {
                    return opened.Error!;
                }

                await using var reading = opened.Value;
                var carried = reading.Entry.Tag == plan.Now.Tag ? await CarryAsync(reading, writing, null, moved, cancellationToken) : 0L;
                if (carried.IsError || carried.Value != stretch.Length)
                {
                    return carried.Error ?? new Error(ErrorKind.Conflict, "file-changed", "It has changed meanwhile.", $"{from} was written to while it was read.");
                }
            }

            at += stretch.Length;
        }

        return at - have;
    }

    /// <summary>Reads a piece while the one before is written. Gives how many bytes came.</summary>
    private async Task<Result<long>> CarryAsync(
        IFileReading reading, IFileWriting writing, IncrementalHash? hash, Action<long> moved, CancellationToken cancellationToken)
    {
        var (full, empty) = (ArrayPool<byte>.Shared.Rent(FileLimits.PieceBytes), ArrayPool<byte>.Shared.Rent(FileLimits.PieceBytes));
        Task<Result<FilePiece>>? next = null;
        var came = 0L;
        try
        {
            next = ReadAsync(empty);
            while (true)
            {
                var piece = await next;
                next = null;
                if (piece.IsError)
                {
                    return piece.Error!;
                }

                if (piece.Value.IsEnd)
                {
                    return came;
                }

                (full, empty) = (empty, full);
                next = ReadAsync(empty);
                hash?.AppendData(full, 0, piece.Value.Count);
                AppendZeros(hash, piece.Value.Hole);
                var written = piece.Value.Count > 0
                    ? await writing.WriteAsync(full.AsMemory(0, piece.Value.Count), cancellationToken)
                    : await writing.SkipAsync(piece.Value.Hole, cancellationToken);
                if (written.IsError)
                {
                    return written.Error!;
                }

                var count = piece.Value.Count + piece.Value.Hole;
                came += count;
                moved(count);
                sent(piece.Value.Count);
            }
        }
        finally
        {
            if (next is not null)
            {
                // a buffer that is still read into goes back to nobody
                await next.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            }

            ArrayPool<byte>.Shared.Return(full);
            ArrayPool<byte>.Shared.Return(empty);
        }

        Task<Result<FilePiece>> ReadAsync(byte[] buffer) => reading.ReadAsync(buffer.AsMemory(0, FileLimits.PieceBytes), cancellationToken).AsTask();
    }

    private static readonly byte[] _zeros = new byte[FileLimits.PieceBytes];

    private static void AppendZeros(IncrementalHash? hash, long count)
    {
        while (hash is not null && count > 0)
        {
            var part = (int)Math.Min(count, _zeros.Length);
            hash.AppendData(_zeros, 0, part);
            count -= part;
        }
    }

    /// <summary>How one attempt is made.</summary>
    private sealed class Way(bool overwrite, bool mayReuse, bool isAgain)
    {
        /// <summary>It replaces what is there.</summary>
        public bool Overwrite => overwrite;

        /// <summary>What is there may be another version of it.</summary>
        public bool MayReuse => mayReuse;

        /// <summary>It may have been begun before, or be there already.</summary>
        public bool IsAgain => isAgain;

        /// <summary>It takes something from what is there.</summary>
        public bool Reuses { get; set; }

        /// <summary>Some of it was there before.</summary>
        public bool GoesOn { get; set; }
    }
}
