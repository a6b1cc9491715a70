using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;
using Operone.Core.Files;

namespace Operone.Disk.Linux;

/// <summary>An unfinished upload, beside what it will be.</summary>
[SupportedOSPlatform("linux")]
internal sealed class LinuxPart : IDiskPart
{
    private const uint StartWriting = 2; // SYNC_FILE_RANGE_WRITE

    /// <summary>From the look at what is there to the rename nobody else of this agent comes in between.</summary>
    private static readonly Lock _commits = new();

    private readonly Opened _folder;
    private readonly FilePlace _place;
    private readonly byte[] _name;
    private readonly SafeFileHandle _file;

    private LinuxPart(Opened folder, FilePlace place, byte[] name, SafeFileHandle file) => (_folder, _place, _name, _file) = (folder, place, name, file);

    /// <inheritdoc/>
    public long Length { get; private set; }

    /// <summary>Opens one. It takes the folder over.</summary>
    public static LinuxPart Open(Opened folder, FilePlace place, string name, bool create)
    {
        var bytes = FileCalls.Name(name);
        var file = FileCalls.OpenAt(folder.Handle, bytes, FileCalls.ReadWrite | FileCalls.NoFollow | FileCalls.NonBlocking | FileCalls.NoTerminal);
        if (file.IsInvalid && FileCalls.LastError == LinuxFaults.NotFound && create)
        {
            file = FileCalls.OpenAt(folder.Handle, bytes, FileCalls.ReadWrite | FileCalls.NoFollow | FileCalls.Create | FileCalls.Exclusive, 0x180);
        }

        var error = FileCalls.LastError;
        FileStat stat = default;
        var isOurs = !file.IsInvalid && FileCalls.Stat(file, out stat) && stat.Kind == FileKind.File && stat.Links == 1 && stat.User == FileCalls.EffectiveUser();
        if (isOurs)
        {
            return new LinuxPart(folder, place, bytes, file) { Length = (long)stat.Size, Volume = stat.Device };
        }

        var isNone = file.IsInvalid;
        file.Dispose();
        folder.Dispose();
        throw isNone && error == LinuxFaults.NotFound ? new FileFault(FileProblems.NotFound, $"There is no unfinished upload of '{place}' by that id.")
            : isNone ? LinuxFaults.Of(error, place.Path, "written")
            : new FileFault(FileProblems.Denied, $"'{place}' could not be written: where its unfinished upload should be is something that the agent has not made.");
    }

    /// <inheritdoc/>
    public void Write(ReadOnlySpan<byte> bytes, long offset)
    {
        while (!bytes.IsEmpty)
        {
            var count = FileCalls.Write(_file, bytes, offset);
            if (count <= 0)
            {
                if (count < 0 && FileCalls.LastError == LinuxFaults.IsInterrupted)
                {
                    continue;
                }

                throw LinuxFaults.Last(_place.Path, "written");
            }

            offset += count;
            bytes = bytes[count..];
            Length = Math.Max(Length, offset);
        }
    }

    /// <inheritdoc/>
    public void SetLength(long length)
    {
        if (FileCalls.SetLength(_file, length) != 0)
        {
            throw LinuxFaults.Last(_place.Path, "written");
        }

        Length = length;
    }

    /// <inheritdoc/>
    public void Flush(long offset, long length) => FileCalls.SyncRange(_file, offset, length, StartWriting);

    /// <inheritdoc/>
    public int Read(Span<byte> buffer, long offset)
    {
        var count = FileCalls.Read(_file, buffer, offset);
        return count >= 0 ? count : throw LinuxFaults.Last(_place.Path, "read");
    }

    /// <inheritdoc/>
    public void Sync()
    {
        if (FileCalls.Sync(_file) != 0)
        {
            throw LinuxFaults.Last(_place.Path, "written");
        }
    }

    /// <inheritdoc/>
    public ulong? Volume { get; private init; }

    /// <inheritdoc/>
    public void SyncVolume()
    {
        if (FileCalls.SyncVolume(_file) != 0)
        {
            throw LinuxFaults.Last(_place.Path, "written");
        }
    }

    /// <inheritdoc/>
    public void Commit(PartCommit how)
    {
        var name = FileCalls.Name(_place.Path.Name);
        lock (_commits)
        {
            var isThere = FileCalls.StatName(_folder.Handle, name, out var old);
            if (how.Tag is { } tag && !(isThere && (tag == "*" || tag == old.Tag)))
            {
                throw new FileFault(FileProblems.Changed, isThere ? $"'{_place}' has changed since it was looked at." : $"'{_place}' is gone.");
            }

            if (isThere && old.Kind is FileKind.Folder or FileKind.Other)
            {
                throw new FileFault(FileProblems.WrongKind, $"'{_place}' is {(old.Kind == FileKind.Folder ? "a folder" : "no file")}: it is not replaced by one.");
            }

            var replaces = how.Overwrite || how.Tag is not null;
            if (isThere && !replaces)
            {
                throw new FileFault(FileProblems.Exists, $"'{_place}' is there already.");
            }

            Dress(how, isThere && old.Kind == FileKind.File ? name : null, old);
            if (how.IsDurable)
            {
                Sync();
            }

            Put(name, replaces);
        }

        if (!how.IsDurable)
        {
            return;
        }

        using var folder = FileCalls.OpenAt(_folder.Handle, ".\0"u8, FileCalls.ReadOnly | FileCalls.FolderOnly);
        if (!folder.IsInvalid)
        {
            _ = FileCalls.Sync(folder);
        }
    }

    /// <inheritdoc/>
    public void Discard()
    {
        if (FileCalls.Unlink(_folder.Handle, _name, 0) != 0 && FileCalls.LastError != LinuxFaults.NotFound)
        {
            throw LinuxFaults.Last(_place.Path, "thrown away");
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _file.Dispose();
        _folder.Dispose();
    }

    /// <summary>
    /// Gives it the mode, owner and attributes of what it replaces. The bits that let a program run as its owner go, as with every write
    /// (write(2)), unless they were asked for.
    /// </summary>
    private void Dress(PartCommit how, byte[]? replaced, in FileStat old)
    {
        if (replaced is not null)
        {
            if (FileCalls.SetOwner(_file, old.User, old.Group) != 0)
            {
                _ = FileCalls.SetOwner(_file, uint.MaxValue, old.Group);
            }

            using var from = FileCalls.OpenAt(_folder.Handle, replaced, FileCalls.PathOnly | FileCalls.NoFollow);
            if (!from.IsInvalid)
            {
                LinuxAttributes.Copy(from, _file);
            }
        }

        var mode = how.Mode ?? (replaced is null ? 0x1B6 & ~LinuxAttributes.Umask : old.Mode & 0x3FF);
        if (FileCalls.SetMode(_file, (uint)mode) != 0)
        {
            throw LinuxFaults.Last(_place.Path, "given its mode");
        }

        if (how.ModifiedAt is { } modified && FileCalls.SetModified(FileCalls.SelfPath(_file), modified) != 0)
        {
            throw LinuxFaults.Last(_place.Path, "given its time");
        }
    }

    private void Put(byte[] name, bool replaces)
    {
        if (!FileCalls.Rename(_folder.Handle, _name, _folder.Handle, name, replaces ? 0 : FileCalls.RenameNoReplace))
        {
            var error = FileCalls.LastError;

            // a file system without RENAME_NOREPLACE: a second link is refused where something is there, too
            if (error is not (LinuxFaults.Invalid or LinuxFaults.NoCall) || FileCalls.MakeHardLink(_folder.Handle, _name, _folder.Handle, name, 0) != 0)
            {
                throw LinuxFaults.Of(error is LinuxFaults.Invalid or LinuxFaults.NoCall ? FileCalls.LastError : error, _place.Path, "put in its place");
            }

            _ = FileCalls.Unlink(_folder.Handle, _name, 0);
        }

        if (!FileCalls.Stat(_file, out var own) || !FileCalls.StatName(_folder.Handle, name, out var now) || own.Inode != now.Inode)
        {
            throw new FileFault(FileProblems.Changed, $"'{_place}' was changed by somebody else as it was put in its place.");
        }
    }
}
