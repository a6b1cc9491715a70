using Operone.Core.Files;
using Operone.Disk;
using Operone.Web.Files.Mounts.Remote;
using Renci.SshNet.Common;
using Renci.SshNet.Sftp;
using DiskPlace = Operone.Disk.FilePlace;

namespace Operone.Web.Files.Mounts.Sftp;

/// <summary>
/// A folder of an SFTP server. A path is resolved by the server first (SSH_FXP_REALPATH), and what lies outside of the folder then is
/// refused; what is done is done to the path that has no links any more. Links are listed, removed and moved as links.
/// </summary>
internal sealed class SftpRemote(SftpPool pool, SftpUploads uploads) : IRemote
{
    public FileAbilities Abilities { get; } = new(CanWrite: true, CanResume: true, CanTrash: false, CanWatch: false, CanLink: false, HasModes: true);

    public Task<FileEntry> StatAsync(DiskPlace place, CancellationToken cancellationToken) =>
        UseAsync(place, async seat => SftpEntries.Of((await FindAsync(seat, place, cancellationToken)).File, place.Path.Name), cancellationToken);

    public Task<List<FileEntry>> ListAsync(DiskPlace place, CancellationToken cancellationToken) =>
        UseAsync(place, async seat =>
        {
            var folder = await ResolveAsync(seat, place, cancellationToken);
            Require(folder, place, isFolder: true);
            var entries = new List<FileEntry>();
            await foreach (var file in seat.Client.ListDirectoryAsync(folder.FullName, cancellationToken))
            {
                if (file.Name is "." or "..")
                {
                    continue;
                }

                if (FileName.Check(file.Name) is { } problem)
                {
                    throw new FileFault(FileProblems.Failed, $"the server lists what is no name: it {problem}.");
                }

                entries.Add(SftpEntries.Of(file, file.Name));
                if (entries.Count > FileLimits.MaxFolderEntries)
                {
                    throw FileFault.Unsupported($"'{place}' has more than {FileLimits.MaxFolderEntries} entries.");
                }
            }

            return entries;
        }, cancellationToken);

    public async ValueTask<FileEntry> CompleteAsync(DiskPlace folder, FileEntry entry, CancellationToken cancellationToken)
    {
        if (entry.Kind != FileKind.Link)
        {
            return entry;
        }

        try
        {
            var behind = await UseAsync(folder, seat => ResolveAsync(seat, folder.Child(entry.Name), cancellationToken), cancellationToken);
            return entry with { TargetKind = SftpEntries.KindOf(behind) };
        }
        catch (FileFault)
        {
            return entry;
        }
    }

    public async Task<(FileEntry Entry, Stream Content)> OpenAsync(DiskPlace place, long offset, long? length, CancellationToken cancellationToken)
    {
        var seat = await pool.TakeAsync(cancellationToken);
        try
        {
            return await SftpFaults.CatchAsync(place, async () =>
            {
                var file = await ResolveAsync(seat, place, cancellationToken);
                Require(file, place, isFolder: false);
                var stream = await seat.Client.OpenAsync(file.FullName, FileMode.Open, FileAccess.Read, cancellationToken);
                stream.Seek(offset, SeekOrigin.Begin);
                return (SftpEntries.Of(file, place.Path.Name), (Stream)new SftpStream(stream, pool, seat, place));
            });
        }
        catch
        {
            pool.Return(seat, isGood: true);
            throw;
        }
    }

    public async Task<IFileWriting> WriteAsync(DiskPlace place, Guid upload, long offset, CancellationToken cancellationToken)
    {
        var seat = await pool.TakeAsync(cancellationToken);
        SftpFileStream? stream = null;
        try
        {
            return await SftpFaults.CatchAsync(place, async () =>
            {
                var path = await PartAsync(seat, place, upload, cancellationToken);
                stream = await seat.Client.OpenAsync(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, cancellationToken);
                var have = stream.Length;
                if (have == 0)
                {
                    // nobody else there reads what is not a file yet
                    var mine = await seat.Client.GetAttributesAsync(path, cancellationToken);
                    SftpEntries.SetMode(mine, 0x180);
                    seat.Client.SetAttributes(path, mine);
                }

                if (offset >= 0 && offset < have)
                {
                    stream.SetLength(offset);
                    have = offset;
                }

                stream.Seek(have, SeekOrigin.Begin);
                return (IFileWriting)new SftpWriting(stream, pool, seat, place, have, have == offset ? uploads.Begin(upload, offset) : null);
            });
        }
        catch
        {
            stream?.Dispose();
            pool.Return(seat, isGood: stream is null);
            throw;
        }
    }

    public Task CommitAsync(DiskPlace place, Guid upload, FileCommit commit, FileEntry? replaced, CancellationToken cancellationToken) =>
        UseAsync(place, async seat =>
        {
            var path = await PartAsync(seat, place, upload, cancellationToken);
            var part = await seat.Client.GetAsync(path, cancellationToken);
            if (commit.Sha256 is { } expected)
            {
                var hash = uploads.Take(upload, part.Attributes.Size);
                if (hash is null)
                {
                    await using var content = await seat.Client.OpenAsync(path, FileMode.Open, FileAccess.Read, cancellationToken);
                    (hash, _) = await RemoteFiles.DigestAsync(content, cancellationToken);
                }

                if (!hash.AsSpan().SequenceEqual(expected))
                {
                    throw new FileFault(FileProblems.BadDigest, $"What came of '{place}' is not what was sent: its SHA-256 is another one.");
                }
            }

            var dress = await seat.Client.GetAttributesAsync(path, cancellationToken);
            SftpEntries.SetMode(dress, commit.Mode ?? (replaced is { Kind: FileKind.File, Mode: { } mode } ? mode & 0x3FF : 0x1A4));
            if (commit.ModifiedAt is { } at)
            {
                dress.LastWriteTimeUtc = at.UtcDateTime;
            }

            seat.Client.SetAttributes(path, dress);
            var target = await CandidateAsync(seat, place, cancellationToken);
            await PutAsync(seat, part, target, replaced, place, cancellationToken);
            return true;
        }, cancellationToken);

    public Task DiscardAsync(DiskPlace place, Guid upload, CancellationToken cancellationToken) =>
        UseAsync(place, async seat =>
        {
            uploads.Forget(upload);
            try
            {
                var path = await PartAsync(seat, place, upload, cancellationToken);
                await (await seat.Client.GetAsync(path, cancellationToken)).DeleteAsync(cancellationToken);
            }
            catch (Exception gone) when (gone is SftpPathNotFoundException or FileFault { Code: FileProblems.NotFound })
            {
                // it is gone, or its folder is
            }

            return true;
        }, cancellationToken);

    public Task MakeFolderAsync(DiskPlace place, CancellationToken cancellationToken) =>
        UseAsync(place, async seat =>
        {
            // nothing is there, not even a link that leads to nothing: that was looked at
            await seat.Client.CreateDirectoryAsync(await CandidateAsync(seat, place, cancellationToken), cancellationToken);
            return true;
        }, cancellationToken);

    public Task RenameAsync(DiskPlace from, FileEntry entry, DiskPlace to, FileEntry? replaced, CancellationToken cancellationToken) =>
        UseAsync(from, async seat =>
        {
            var (file, _) = await FindAsync(seat, from, cancellationToken);
            await PutAsync(seat, file, await CandidateAsync(seat, to, cancellationToken), replaced, to, cancellationToken);
            return true;
        }, cancellationToken);

    public Task RemoveAsync(DiskPlace place, FileEntry entry, CancellationToken cancellationToken) =>
        UseAsync(place, async seat =>
        {
            // by its own path, which the server does not resolve once more: a link goes, not what it leads to
            var (file, _) = await FindAsync(seat, place, cancellationToken);
            await file.DeleteAsync(cancellationToken);
            return true;
        }, cancellationToken);

    public Task ChangeAsync(DiskPlace place, FileChanges changes, CancellationToken cancellationToken) =>
        UseAsync(place, async seat =>
        {
            if (changes.Attributes is not null)
            {
                throw FileFault.Unsupported("SFTP has no extended attributes.");
            }

            var (file, isLink) = await FindAsync(seat, place, cancellationToken);
            if (isLink)
            {
                throw FileFault.Unsupported($"'{place}' is a link, of which SFTP changes nothing.");
            }

            var attributes = await seat.Client.GetAttributesAsync(file.FullName, cancellationToken);
            if (changes.Mode is { } mode)
            {
                SftpEntries.SetMode(attributes, mode is >= 0 and <= 0xFFF ? mode : throw new FileFault(FileProblems.Failed, $"{mode} is no mode."));
            }

            if (changes.ModifiedAt is { } at)
            {
                attributes.LastWriteTimeUtc = at.UtcDateTime;
            }

            attributes.UserId = SftpEntries.Number(changes.Owner) ?? attributes.UserId;
            attributes.GroupId = SftpEntries.Number(changes.Group) ?? attributes.GroupId;
            seat.Client.SetAttributes(file.FullName, attributes);
            return true;
        }, cancellationToken);

    /// <summary>Puts something at a path that was looked at: the new name, never what a link there leads to.</summary>
    private static async Task PutAsync(SftpSeat seat, ISftpFile file, string target, FileEntry? replaced, DiskPlace place, CancellationToken cancellationToken)
    {
        if (replaced is { Kind: FileKind.File or FileKind.Other } or { Kind: FileKind.Folder } && !file.IsSymbolicLink)
        {
            try
            {
                seat.Client.RenameFile(file.FullName, target, isPosix: true);
                return;
            }
            catch (NotSupportedException)
            {
                // a server without posix-rename@openssh.com: not at once, then
            }
        }

        if (replaced is not null)
        {
            var (old, _) = await FindAsync(seat, place, cancellationToken);
            await old.DeleteAsync(cancellationToken);
        }

        file.MoveTo(target);
    }

    /// <summary>What is behind a path, which may be a link within the folder; by the path that it really has.</summary>
    private static async Task<ISftpFile> ResolveAsync(SftpSeat seat, DiskPlace place, CancellationToken cancellationToken)
    {
        try
        {
            var file = await seat.Client.GetAsync(SftpPaths.Write(seat.Root.Join(place.Path)), cancellationToken);
            RequireInside(seat, file.FullName, place);
            return file;
        }
        catch (SftpPathNotFoundException)
        {
            throw FileFault.NotFound(place.Path);
        }
    }

    /// <summary>What has a name, be it a link, and whether it is one.</summary>
    private static async Task<(ISftpFile File, bool IsLink)> FindAsync(SftpSeat seat, DiskPlace place, CancellationToken cancellationToken)
    {
        if (place.IsRoot)
        {
            return (await ResolveAsync(seat, place, cancellationToken), false);
        }

        var path = await CandidateAsync(seat, place, cancellationToken);
        try
        {
            var file = await seat.Client.GetAsync(path, cancellationToken);
            if (file.FullName == path)
            {
                return (file, false);
            }
        }
        catch (SftpPathNotFoundException gone) when (gone.Path == path)
        {
            throw FileFault.NotFound(place.Path);
        }
        catch (SftpPathNotFoundException)
        {
            // a link that leads to nothing
        }

        // SFTP's own stat of a link is not to be had from here: the folder has it
        await foreach (var file in seat.Client.ListDirectoryAsync(path[..Math.Max(1, path.LastIndexOf('/'))], cancellationToken))
        {
            if (file.Name == place.Path.Name)
            {
                return (file, file.IsSymbolicLink);
            }
        }

        throw FileFault.NotFound(place.Path);
    }

    /// <summary>The path of a name in its folder, which is resolved: only its last name may be a link.</summary>
    private static async Task<string> CandidateAsync(SftpSeat seat, DiskPlace place, CancellationToken cancellationToken)
    {
        var parent = await ResolveAsync(seat, place.Parent, cancellationToken);
        Require(parent, place.Parent, isFolder: true);
        var path = $"{parent.FullName.TrimEnd('/')}/{place.Path.Name}";
        RequireInside(seat, path, place);
        return path;
    }

    private static async Task<string> PartAsync(SftpSeat seat, DiskPlace place, Guid upload, CancellationToken cancellationToken)
    {
        var path = await CandidateAsync(seat, place, cancellationToken);
        path = $"{path[..path.LastIndexOf('/')]}/{RemoteNames.Part(upload)}";
        try
        {
            var there = await seat.Client.GetAsync(path, cancellationToken);
            return there.FullName == path && there.IsRegularFile ? path
                : throw new FileFault(FileProblems.Denied, $"'{place}' could not be written: where its unfinished upload should be is something else.");
        }
        catch (SftpPathNotFoundException gone)
        {
            return gone.Path == path ? path : throw new FileFault(FileProblems.Denied, $"'{place}' could not be written: where its unfinished upload should be is a link.");
        }
    }

    private static void RequireInside(SftpSeat seat, string real, DiskPlace place)
    {
        if (SftpPaths.Read(real) is not { } path || !path.IsIn(seat.Root))
        {
            throw FileFault.Outside(place.Path, "leads outside of the mount");
        }

        if (place.Bounds.HidesAny && place.Bounds.Hides(path.Below(seat.Root.Depth)))
        {
            throw FileFault.NotFound(place.Path);
        }
    }

    private static void Require(ISftpFile file, DiskPlace place, bool isFolder)
    {
        if (isFolder ? !file.IsDirectory : !file.IsRegularFile)
        {
            throw new FileFault(FileProblems.WrongKind, isFolder ? $"'{place}' is no folder." : $"'{place}' is {(file.IsDirectory ? "a folder" : "no file: it is not opened")}.");
        }
    }

    private async Task<T> UseAsync<T>(DiskPlace place, Func<SftpSeat, Task<T>> work, CancellationToken cancellationToken)
    {
        var seat = await pool.TakeAsync(cancellationToken);
        var isGood = false;
        try
        {
            var done = await SftpFaults.CatchAsync(place, () => work(seat));
            isGood = true;
            return done;
        }
        catch (FileFault)
        {
            isGood = true;
            throw;
        }
        finally
        {
            pool.Return(seat, isGood);
        }
    }
}
