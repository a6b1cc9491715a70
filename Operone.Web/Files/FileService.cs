using System.Globalization;
using System.Security.Cryptography;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Files;
using Operone.Web.Access;

namespace Operone.Web.Files;

/// <summary>The use cases of single files and folders. Every door calls these.</summary>
internal sealed partial class FileService(FileTree tree, FileRecords records)
{
    /// <summary>How long a change may take on a device. Whoever asked may leave meanwhile: it is done, or not, and noted.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    /// <summary>What is at an address.</summary>
    public async Task<Result<FileView>> StatAsync(Actor actor, TreePath address, CancellationToken cancellationToken)
    {
        if (await tree.ListOwnAsync(actor, address, cancellationToken) is { } own)
        {
            return own.IsError ? own.Error! : View(address, new() { Segment = FileName.ToSegment(address.Name), Kind = FileKind.Folder }, isWritable: false);
        }

        var place = await tree.FindAsync(actor, address, Permissions.FilesRead, "file.read", cancellationToken);
        if (place.IsError)
        {
            return place.Error!;
        }

        var entry = await place.Value.Backend.StatAsync(place.Value.Scope, place.Value.Path, withAttributes: true, cancellationToken);
        return entry.IsError ? entry.Error! : View(address, entry.Value, place.Value.IsWritable);
    }

    /// <summary>What whoever reads an address gets: of a link what it leads to.</summary>
    public async Task<Result<FileView>> StatOpenedAsync(Actor actor, TreePath address, CancellationToken cancellationToken)
    {
        var stat = await StatAsync(actor, address, cancellationToken);
        if (stat.IsError || stat.Value.Kind != FileKind.Link)
        {
            return stat;
        }

        var place = await tree.FindAsync(actor, address, Permissions.FilesRead, "file.read", cancellationToken);
        if (place.IsError)
        {
            return place.Error!;
        }

        var opened = await place.Value.Backend.ReadAsync(place.Value.Scope, place.Value.Path, 0, 0, cancellationToken);
        if (opened.IsError)
        {
            return opened.Error!;
        }

        await using var reading = opened.Value;
        return View(address, reading.Entry, place.Value.IsWritable);
    }

    /// <summary>Opens a file to read a range of it.</summary>
    public async Task<Result<IFileReading>> ReadAsync(Actor actor, TreePath address, long offset, long? length, CancellationToken cancellationToken)
    {
        var place = await tree.FindAsync(actor, address, Permissions.FilesRead, "file.read", cancellationToken);
        if (place.IsError)
        {
            return place.Error!;
        }

        var reading = await place.Value.Backend.ReadAsync(place.Value.Scope, place.Value.Path, offset, length, cancellationToken);
        if (!reading.IsError)
        {
            await records.ReadAsync(actor, place.Value, offset, length, cancellationToken);
        }

        return reading;
    }

    /// <summary>The SHA-256 of a file.</summary>
    public async Task<Result<byte[]>> HashAsync(Actor actor, TreePath address, CancellationToken cancellationToken)
    {
        var place = await tree.FindAsync(actor, address, Permissions.FilesRead, "file.read", cancellationToken);
        return place.IsError ? place.Error! : await place.Value.Backend.HashAsync(place.Value.Scope, place.Value.Path, cancellationToken);
    }

    /// <summary>
    /// Writes a whole file, at once: until all of it is there and right, whoever reads it has the old one. What breaks off leaves nothing.
    /// </summary>
    public async Task<Result<FileView>> WriteAsync(Actor actor, TreePath address, Stream content, WriteFile how, CancellationToken cancellationToken)
    {
        var place = await tree.FindAsync(actor, address, Permissions.FilesWrite, "file.write", cancellationToken);
        if (place.IsError)
        {
            return place.Error!;
        }

        var (backend, scope, path) = (place.Value.Backend, place.Value.Scope, place.Value.Path);
        var upload = Guid.CreateVersion7();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var isDone = false;
        try
        {
            var sent = await SendAsync(backend, scope, path, upload, content, hash, cancellationToken);
            if (sent.IsError)
            {
                return sent.Error!;
            }

            var sha = hash.GetHashAndReset();
            if (how.Sha256 is { } expected && !sha.AsSpan().SequenceEqual(expected))
            {
                return FileErrors.From(
                    new(FileProblems.BadDigest, $"its SHA-256 is {Convert.ToHexStringLower(sha)}, and {Convert.ToHexStringLower(expected)} was said."), address.ToString());
            }

            using var patience = new CancellationTokenSource(Patience);
            var entry = await backend.CommitAsync(scope, path, upload, new(how.Overwrite, how.Tag, sha, how.Mode, how.ModifiedAt), patience.Token);
            if (entry.IsError)
            {
                return entry.Error!;
            }

            isDone = true;
            await records.WrittenAsync(actor, place.Value, sent.Value, CancellationToken.None);
            return View(address, entry.Value, isWritable: true);
        }
        finally
        {
            if (!isDone)
            {
                // where that does not arrive either, the device throws it away by itself
                await backend.DiscardAsync(scope, path, upload, TimeSpan.FromSeconds(10), CancellationToken.None);
            }
        }
    }

    /// <summary>Makes a folder; with <paramref name="parents"/> those above it too, and it may be there.</summary>
    public async Task<Result<FileView>> MakeFolderAsync(Actor actor, TreePath address, bool parents, CancellationToken cancellationToken) => await ChangedAsync(
        actor, address, "folder.make", null, (place, until) => place.Backend.MakeFolderAsync(place.Scope, place.Path, parents, until), cancellationToken);

    /// <summary>Makes a symbolic link.</summary>
    public async Task<Result<FileView>> MakeLinkAsync(Actor actor, TreePath address, string target, CancellationToken cancellationToken) => await ChangedAsync(
        actor, address, "file.link", $"to {target}", (place, until) => place.Backend.MakeLinkAsync(place.Scope, place.Path, target, until), cancellationToken);

    /// <summary>Changes what is given.</summary>
    public async Task<Result<FileView>> ChangeAsync(Actor actor, TreePath address, UpdateFile change, CancellationToken cancellationToken)
    {
        var mode = (int?)null;
        if (change.Mode is { } text && (mode = ParseMode(text)) is null)
        {
            return Error.InvalidField("mode", "must be three or four octal digits, as 644");
        }

        return await ChangedAsync(actor, address, "file.change", Describe(change),
            (place, until) => place.Backend.ChangeAsync(place.Scope, place.Path, new(mode, change.Owner, change.Group, change.ModifiedAt, change.Attributes), until), cancellationToken);
    }

    /// <summary>Moves within one device or mount.</summary>
    public async Task<Result<FileView>> MoveAsync(Actor actor, TreePath address, TreePath to, bool overwrite, CancellationToken cancellationToken)
    {
        var place = await tree.FindAsync(actor, address, Permissions.FilesWrite, "file.move", cancellationToken);
        var target = place.IsError ? place : await tree.FindAsync(actor, to, Permissions.FilesWrite, "file.move", cancellationToken);
        if (target.IsError)
        {
            return target.Error!;
        }

        if (!place.Value.Top.Equals(target.Value.Top))
        {
            return FileErrors.From(new(FileProblems.OtherFileSystem, $"'{to}' is on another device or mount."), address.ToString());
        }

        if (target.Value.Address.IsIn(place.Value.Address))
        {
            return Error.InvalidField("to", $"'{to}' lies in '{address}' itself");
        }

        using var patience = new CancellationTokenSource(Patience);
        var entry = await place.Value.Backend.RenameAsync(place.Value.Scope, place.Value.Path, target.Value.Scope, target.Value.Path, overwrite, patience.Token);
        if (entry.IsError)
        {
            return entry.Error!;
        }

        await records.ChangedAsync(actor, place.Value, "file.move", $"to {to}", CancellationToken.None);
        return View(to, entry.Value, isWritable: true);
    }

    /// <summary>Removes.</summary>
    public async Task<Result<RemovedFiles>> RemoveAsync(Actor actor, TreePath address, bool recursive, bool trash, CancellationToken cancellationToken)
    {
        var place = await tree.FindAsync(actor, address, Permissions.FilesWrite, "file.remove", cancellationToken);
        if (place.IsError)
        {
            return place.Error!;
        }

        if (place.Value.Path.IsTop)
        {
            return FileErrors.NotThere(address.ToString());
        }

        using var patience = new CancellationTokenSource(Patience);
        var count = await place.Value.Backend.RemoveAsync(place.Value.Scope, place.Value.Path, recursive, trash, patience.Token);
        if (count.IsError)
        {
            if (recursive && !trash && count.Error!.Kind != ErrorKind.NotFound)
            {
                await records.ChangedAsync(actor, place.Value, "file.remove", $"in part, perhaps: {count.Error.Detail}", CancellationToken.None);
            }

            return count.Error!;
        }

        var what = string.Create(CultureInfo.InvariantCulture, $"{count.Value} {(count.Value == 1 ? "entry" : "entries")}{(trash ? ", to the trash" : "")}");
        await records.ChangedAsync(actor, place.Value, "file.remove", what, CancellationToken.None);
        return new RemovedFiles(count.Value, trash);
    }

    /// <summary>How many files and folders are in a folder, at any depth, and how many bytes: what goes when it is removed.</summary>
    public async Task<Result<(long Entries, long Bytes)>> CountAsync(Actor actor, TreePath address, CancellationToken cancellationToken)
    {
        var place = await tree.FindAsync(actor, address, Permissions.FilesRead, "file.read", cancellationToken);
        if (place.IsError)
        {
            return place.Error!;
        }

        var (entries, bytes) = (0L, 0L);
        var walked = await place.Value.Backend.WalkAsync(place.Value.Scope, place.Value.Path, batch =>
        {
            entries += batch.Count;
            bytes += batch.Sum(e => e.Size ?? 0);
            return ValueTask.CompletedTask;
        }, cancellationToken);
        return walked.IsError ? walked.Error! : (entries, bytes);
    }

    /// <summary>Calls back whenever something in a folder has changed (with the segments, none for "read it again"), until it is cancelled or the folder is gone.</summary>
    public async Task<Result<Unit>> WatchAsync(Actor actor, TreePath address, Func<IReadOnlyList<string>, ValueTask> changed, CancellationToken cancellationToken)
    {
        var place = await tree.FindAsync(actor, address, Permissions.FilesRead, "file.read", cancellationToken);
        return place.IsError ? place.Error!
            : !place.Value.Backend.Abilities.CanWatch ? FileErrors.From(new(FileProblems.Unsupported, "changes there are not told of."), address.ToString())
            : await place.Value.Backend.WatchAsync(place.Value.Scope, place.Value.Path, changed, cancellationToken);
    }

    /// <summary>Permission bits from octal digits; null where they are none.</summary>
    public static int? ParseMode(string text) =>
        text.Length is 3 or 4 && text.All(c => c is >= '0' and <= '7') ? Convert.ToInt32(text, 8) : null;

    private async Task<Result<FileView>> ChangedAsync(
        Actor actor, TreePath address, string action, string? detail, Func<FilePlace, CancellationToken, Task<Result<FileEntry>>> change, CancellationToken cancellationToken)
    {
        var place = await tree.FindAsync(actor, address, Permissions.FilesWrite, action, cancellationToken);
        if (place.IsError)
        {
            return place.Error!;
        }

        using var patience = new CancellationTokenSource(Patience);
        var entry = await change(place.Value, patience.Token);
        if (entry.IsError)
        {
            return entry.Error!;
        }

        await records.ChangedAsync(actor, place.Value, action, detail, CancellationToken.None);
        return View(address, entry.Value, isWritable: true);
    }

    private static async Task<Result<long>> SendAsync(
        IFileBackend backend, FileScope scope, TreePath path, Guid upload, Stream content, IncrementalHash hash, CancellationToken cancellationToken)
    {
        var begun = await backend.WriteAsync(scope, path, upload, 0, cancellationToken);
        if (begun.IsError)
        {
            return begun.Error!;
        }

        await using var writing = begun.Value;
        var buffer = System.Buffers.ArrayPool<byte>.Shared.Rent(FileLimits.PieceBytes);
        try
        {
            int count;
            while ((count = await content.ReadAsync(buffer.AsMemory(0, FileLimits.PieceBytes), cancellationToken)) > 0)
            {
                hash.AppendData(buffer, 0, count);
                if ((await writing.WriteAsync(buffer.AsMemory(0, count), cancellationToken)).Error is { } error)
                {
                    return error;
                }
            }
        }
        finally
        {
            System.Buffers.ArrayPool<byte>.Shared.Return(buffer);
        }

        return await writing.EndAsync(cancellationToken);
    }

    private static string Describe(UpdateFile change) => string.Join(", ", new[]
    {
        change.Mode is { } mode ? $"mode {mode}" : null,
        change.Owner is { } owner ? $"owner {owner}" : null,
        change.Group is { } group ? $"group {group}" : null,
        change.ModifiedAt is { } at ? $"time {at:u}" : null,
        change.Attributes is { Count: > 0 } attributes ? $"attributes {string.Join(' ', attributes.Keys)}" : null,
    }.OfType<string>());

    internal static FileView View(TreePath address, FileEntry entry, bool isWritable) => new(
        address.ToAddress(), FileName.Display(address.Name), entry.Kind, entry.Size, entry.ModifiedAt, entry.AccessedAt, entry.CreatedAt,
        entry.Mode is { } mode ? Convert.ToString(mode, 8).PadLeft(4, '0') : null, entry.Owner, entry.Group, entry.Target, entry.TargetKind, entry.Tag, isWritable, entry.Attributes);
}
