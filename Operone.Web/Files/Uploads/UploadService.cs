using System.Collections.Concurrent;
using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Files;
using Operone.Web.Access;
using Operone.Web.Data;

namespace Operone.Web.Files.Uploads;

/// <summary>What an upload is to become.</summary>
/// <param name="Address">Where.</param>
/// <param name="Length">How many bytes it has.</param>
/// <param name="Overwrite">Whether it replaces what is there.</param>
/// <param name="ModifiedAt">The time of change that it is to have.</param>
/// <param name="Sha256">The SHA-256 that it must have.</param>
/// <param name="Metadata">As it was sent.</param>
internal sealed record NewUpload(TreePath Address, long Length, bool Overwrite, DateTimeOffset? ModifiedAt, byte[]? Sha256, string Metadata);

/// <summary>
/// Uploads that go on after any break: of the browser, the node, the agent. The bytes lie on the device from the first; with the last one the
/// file is there, at once and whole.
/// </summary>
internal sealed class UploadService(
    IDbContextFactory<OperoneDb> databases, FileTree tree, FileRecords records, TimeProvider time)
{
    private static readonly TimeSpan Life = TimeSpan.FromHours(FileLimits.UploadHours);

    /// <summary>How long a request waits for one before it to end.</summary>
    private static readonly TimeSpan BusyPatience = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan BusyPause = TimeSpan.FromMilliseconds(20);

    private readonly ConcurrentDictionary<Guid, bool> _busy = new();

    /// <summary>Begins one.</summary>
    public async Task<Result<Upload>> CreateAsync(Actor actor, NewUpload request, CancellationToken cancellationToken)
    {
        var place = await tree.FindAsync(actor, request.Address, Permissions.FilesWrite, "file.write", cancellationToken);
        if (place.IsError)
        {
            return place.Error!;
        }

        if (!request.Overwrite && await ExistsAsync(place.Value, cancellationToken) is { } exists)
        {
            return exists;
        }

        var now = time.GetUtcNow();
        var upload = new Upload
        {
            Id = Guid.CreateVersion7(now),
            OwnerId = actor.OwnerId,
            Address = request.Address.ToAddress(),
            Length = request.Length,
            Overwrite = request.Overwrite,
            ModifiedAt = request.ModifiedAt,
            Sha256 = request.Sha256,
            Metadata = request.Metadata,
            CreatedAt = now,
            ExpiresAt = now + Life,
        };
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        db.Add(upload);
        await db.SaveChangesAsync(cancellationToken);
        return upload.Length == 0 ? await CompleteAsync(actor, upload, place.Value) : upload;
    }

    /// <summary>How far one is. One of which all bytes are there, and whose last answer was lost, becomes the file now.</summary>
    public async Task<Result<Upload>> GetAsync(Actor actor, Guid id, CancellationToken cancellationToken)
    {
        if (await FindAsync(actor, id, cancellationToken) is not { } upload)
        {
            return UploadErrors.NotFound(id);
        }

        if (upload.CompletedAt is not null)
        {
            return upload;
        }

        if (!await TakeAsync(id, cancellationToken))
        {
            // it is just becoming the file, or not: nobody is told that it is there before it is
            return upload.Offset < upload.Length ? upload : UploadErrors.Busy(id);
        }

        try
        {
            return await LookAsync(actor, upload, cancellationToken);
        }
        finally
        {
            _busy.TryRemove(id, out _);
        }
    }

    /// <summary>Writes on from an offset. What breaks off stays; with a checksum only what is right counts.</summary>
    /// <param name="actor">Who asks.</param>
    /// <param name="id">Which upload.</param>
    /// <param name="offset">Where the bytes begin.</param>
    /// <param name="body">What is written.</param>
    /// <param name="cancellationToken">The sender has gone.</param>
    /// <returns>The upload as it stands then; null where the checksum is not right.</returns>
    public async Task<Result<Upload?>> WriteAsync(
        Actor actor, Guid id, long offset, UploadBody body, CancellationToken cancellationToken)
    {
        if (!await TakeAsync(id, cancellationToken))
        {
            return UploadErrors.Busy(id);
        }

        try
        {
            return await WriteAloneAsync(actor, id, offset, body, cancellationToken);
        }
        finally
        {
            _busy.TryRemove(id, out _);
        }
    }

    /// <summary>Ends one before its end: nothing is left of it.</summary>
    public async Task<Result<Unit>> RemoveAsync(Actor actor, Guid id, CancellationToken cancellationToken)
    {
        if (await FindAsync(actor, id, cancellationToken) is not { } upload)
        {
            return UploadErrors.NotFound(id);
        }

        if (upload.CompletedAt is null && await PlaceAsync(actor, upload, cancellationToken) is { IsError: false } place)
        {
            // a device that is away throws it away by itself
            await place.Value.Backend.DiscardAsync(place.Value.Scope, place.Value.Path, id, cancellationToken);
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await db.Set<Upload>().Where(u => u.Id == id).ExecuteDeleteAsync(cancellationToken);
        return Unit.Value;
    }

    /// <summary>
    /// Takes an upload for one request. A request before, whose sender has gone, is still ending for a moment: whoever goes on at once waits for that.
    /// </summary>
    private async Task<bool> TakeAsync(Guid id, CancellationToken cancellationToken)
    {
        for (var began = time.GetTimestamp(); !_busy.TryAdd(id, true);)
        {
            if (time.GetElapsedTime(began) > BusyPatience)
            {
                return false;
            }

            await Task.Delay(BusyPause, time, cancellationToken);
        }

        return true;
    }

    private async Task<Upload?> FindAsync(Actor actor, Guid id, CancellationToken cancellationToken)
    {
        var owner = actor.OwnerId;
        var now = time.GetUtcNow();
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.Set<Upload>().SingleOrDefaultAsync(u => u.Id == id && u.OwnerId == owner && u.ExpiresAt >= now, cancellationToken);
    }

    private async Task<Result<Upload>> LookAsync(Actor actor, Upload upload, CancellationToken cancellationToken)
    {
        var place = await PlaceAsync(actor, upload, cancellationToken);
        if (place.IsError)
        {
            return place.Error!;
        }

        // what a node that was killed had still taken is there too
        var have = await place.Value.Backend.StandsAsync(place.Value.Scope, place.Value.Path, upload.Id, cancellationToken);
        if (have.IsError)
        {
            return have.Error!;
        }

        var wasWhole = upload is { DoubtfulFrom: null, Length: > 0 } && upload.Offset == upload.Length;
        upload.Offset = Math.Min(upload.DoubtfulFrom ?? long.MaxValue, have.Value);
        return upload.Offset == upload.Length ? await CompleteAsync(actor, upload, place.Value)
            : wasWhole && have.Value == 0 && await IsThereAsync(place.Value, upload, cancellationToken) ? await CompletedAsync(actor, upload, place.Value)
            : upload;
    }

    /// <summary>Whether the file is what the upload was to become: the device made it so, and its answer was lost.</summary>
    private static async Task<bool> IsThereAsync(FilePlace place, Upload upload, CancellationToken cancellationToken)
    {
        var there = await place.Backend.StatAsync(place.Scope, place.Path, withAttributes: false, cancellationToken);
        return !there.IsError && there.Value.Kind == FileKind.File && there.Value.Size == upload.Length
            && (upload.ModifiedAt is { } at ? there.Value.ModifiedAt is { } is_ && Math.Abs((is_ - at).TotalSeconds) < 1 : there.Value.ModifiedAt > upload.CreatedAt.AddMinutes(-1))
            && (upload.Sha256 is not { } sha
                || (await place.Backend.HashAsync(place.Scope, place.Path, cancellationToken) is { IsError: false } hash && hash.Value.AsSpan().SequenceEqual(sha)));
    }

    private async Task<Result<Upload?>> WriteAloneAsync(
        Actor actor, Guid id, long offset, UploadBody body, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        if (await FindAsync(actor, id, cancellationToken) is not { } upload)
        {
            return UploadErrors.NotFound(id);
        }

        if (upload.CompletedAt is not null)
        {
            return offset == upload.Length ? upload : UploadErrors.Offset(upload.Length, offset);
        }

        var place = await PlaceAsync(actor, upload, cancellationToken);
        if (place.IsError)
        {
            return place.Error!;
        }

        if (body.Base is not null && (!place.Value.IsReadable || !place.Value.Backend.Abilities.CanReuse))
        {
            return UploadErrors.NoBase(place.Value.ToString());
        }

        // only what is doubtful is written over
        var have = await place.Value.Backend.StandsAsync(place.Value.Scope, place.Value.Path, upload.Id, cancellationToken);
        if (have.IsError)
        {
            return have.Error!;
        }

        if (Math.Min(upload.DoubtfulFrom ?? long.MaxValue, have.Value) is var stands && stands != offset)
        {
            return UploadErrors.Offset(stands, offset);
        }

        if (body.Checksum is not null || upload.DoubtfulFrom is not null)
        {
            await NoteAsync(db, upload, offset, body.Checksum is null ? null : offset);
        }

        var begun = await place.Value.Backend.WriteAsync(place.Value.Scope, place.Value.Path, id, offset, cancellationToken);
        if (begun.IsError)
        {
            return begun.Error!;
        }

        bool isRight;
        Error? broken;
        await using (var writing = begun.Value)
        {
            if (writing.Offset != offset)
            {
                return UploadErrors.Offset(writing.Offset, offset);
            }

            using var hash = body.Checksum is { } wanted ? IncrementalHash.CreateHash(wanted.Algorithm) : null;
            broken = await body.SendAsync(writing, upload.Length - offset, hash, cancellationToken);

            // the sender may have gone: what came is stored all the same
            using var patience = new CancellationTokenSource(body.Patience);
            var ended = await writing.EndAsync(patience.Token);
            if (ended.IsError)
            {
                return ended.Error!;
            }

            have = ended;
            isRight = hash is null || (broken is null && hash.GetHashAndReset().AsSpan().SequenceEqual(body.Checksum!.Value.Value));
        }

        await NoteAsync(db, upload, isRight ? have.Value : offset, isRight ? null : offset);
        if (broken is not null)
        {
            return broken;
        }

        if (!isRight)
        {
            return (Upload?)null;
        }

        if (upload.Offset < upload.Length)
        {
            return upload;
        }

        var completed = await CompleteAsync(actor, upload, place.Value);
        return completed.IsError ? completed.Error! : completed.Value;
    }

    private Task NoteAsync(OperoneDb db, Upload upload, long offset, long? doubtfulFrom)
    {
        (upload.Offset, upload.DoubtfulFrom, upload.ExpiresAt) = (offset, doubtfulFrom, time.GetUtcNow() + Life);
        return db.Set<Upload>().Where(u => u.Id == upload.Id).ExecuteUpdateAsync(
            set => set.SetProperty(u => u.Offset, offset).SetProperty(u => u.DoubtfulFrom, doubtfulFrom).SetProperty(u => u.ExpiresAt, upload.ExpiresAt),
            CancellationToken.None);
    }

    /// <summary>Makes it the file. Whoever asked may leave meanwhile: it is done, or not, and noted.</summary>
    private async Task<Result<Upload>> CompleteAsync(Actor actor, Upload upload, FilePlace place)
    {
        using var patience = new CancellationTokenSource(FileService.Patience);
        if (upload.Length == 0)
        {
            var begun = await place.Backend.WriteAsync(place.Scope, place.Path, upload.Id, 0, patience.Token);
            if (begun.IsError)
            {
                return begun.Error!;
            }

            await using var writing = begun.Value;
            if ((await writing.EndAsync(patience.Token)).Error is { } error)
            {
                return error;
            }
        }

        var made = await place.Backend.CommitAsync(
            place.Scope, place.Path, upload.Id, new(upload.Overwrite, Sha256: upload.Sha256, ModifiedAt: upload.ModifiedAt), patience.Token);
        return made.IsError ? made.Error! : await CompletedAsync(actor, upload, place);
    }

    private async Task<Upload> CompletedAsync(Actor actor, Upload upload, FilePlace place)
    {
        (upload.CompletedAt, upload.Offset) = (time.GetUtcNow(), upload.Length);
        await using var db = await databases.CreateDbContextAsync(CancellationToken.None);
        await db.Set<Upload>().Where(u => u.Id == upload.Id).ExecuteUpdateAsync(
            set => set.SetProperty(u => u.CompletedAt, upload.CompletedAt).SetProperty(u => u.Offset, upload.Length), CancellationToken.None);
        await records.WrittenAsync(actor, place, upload.Length, CancellationToken.None);
        return upload;
    }

    private async ValueTask<Result<FilePlace>> PlaceAsync(Actor actor, Upload upload, CancellationToken cancellationToken) =>
        await tree.FindAsync(actor, TreePath.Parse(upload.Address).Value, Permissions.FilesWrite, "file.write", cancellationToken);

    private static async Task<Error?> ExistsAsync(FilePlace place, CancellationToken cancellationToken)
    {
        var there = await place.Backend.StatAsync(place.Scope, place.Path, withAttributes: false, cancellationToken);
        return there.IsError
            ? there.Error!.Kind == ErrorKind.NotFound ? null : there.Error
            : FileErrors.From(new(FileProblems.Exists, "it is there already; say that it is to be replaced."), place.ToString());
    }
}
