using System.Buffers.Binary;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;
using Operone.Core.Files;

namespace Operone.Disk.Linux;

/// <summary>A folder that is watched (inotify(7)).</summary>
[SupportedOSPlatform("linux")]
internal sealed class LinuxWatch : IDiskWatch
{
    private const uint Modified = 0x2, Attributes = 0x4, Closed = 0x8, Moved = 0xC0, Created = 0x100, Deleted = 0x200, SelfDeleted = 0x400, SelfMoved = 0x800;
    private const uint Unmounted = 0x2000, Overflow = 0x4000, Ignored = 0x8000, FolderOnly = 0x1000000;
    private const int HeadBytes = 16;

    /// <summary>More news than this at once is told as "read again".</summary>
    private const int MostNews = 1000;

    private readonly SafeFileHandle _watch;
    private readonly SafeFileHandle _folder;
    private readonly Opened _opened;
    private readonly FilePlace _place;
    private readonly LinuxEntries _entries;
    private readonly NameFilter _filter;
    private readonly byte[] _buffer = new byte[16 * 1024];

    private LinuxWatch(SafeFileHandle watch, SafeFileHandle folder, FilePlace place, Opened opened, LinuxResolver resolver, LinuxEntries entries)
    {
        (_watch, _folder, _place, _opened, _entries) = (watch, folder, place, opened, entries);
        _filter = new NameFilter(resolver, place, opened.Path, opened.Root);
    }

    /// <summary>Starts one. It takes what is open over.</summary>
    public static LinuxWatch Start(SafeFileHandle folder, FilePlace place, Opened opened, LinuxResolver resolver, LinuxEntries entries)
    {
        var watch = new SafeFileHandle(FileCalls.StartWatching(FileCalls.NonBlocking | FileCalls.CloseOnExec), ownsHandle: true);
        const uint All = Modified | Attributes | Closed | Moved | Created | Deleted | SelfDeleted | SelfMoved | FolderOnly;
        if (!watch.IsInvalid && FileCalls.AddWatch(watch, FileCalls.SelfPath(folder), All) >= 0)
        {
            return new LinuxWatch(watch, folder, place, opened, resolver, entries);
        }

        var error = FileCalls.LastError;
        watch.Dispose();
        folder.Dispose();
        opened.Dispose();
        throw error is LinuxFaults.NoSpace or LinuxFaults.TooManyFiles
            ? FileFault.Unsupported($"'{place}' is not watched: the system watches as much as it can (fs.inotify).")
            : LinuxFaults.Of(error, place.Path, "watched");
    }

    /// <inheritdoc/>
    public WatchNews Poll()
    {
        var names = new HashSet<string>(StringComparer.Ordinal);

        // as long as it is open here, nobody tells that it was removed: it has no name any more then
        var (isMissed, isGone) = (false, !FileCalls.Stat(_folder, out var own) || own.Links == 0);
        int length;
        while (names.Count <= MostNews && (length = FileCalls.ReadNext(_watch, _buffer)) > 0)
        {
            for (var news = _buffer.AsSpan(0, length); news.Length >= HeadBytes;)
            {
                var what = BinaryPrimitives.ReadUInt32LittleEndian(news[4..]);
                var nameLength = (int)BinaryPrimitives.ReadUInt32LittleEndian(news[12..]);
                var name = news.Slice(HeadBytes, nameLength);
                news = news[(HeadBytes + nameLength)..];
                isMissed |= (what & Overflow) != 0;
                isGone |= (what & (SelfDeleted | SelfMoved | Unmounted | Ignored)) != 0;
                name = name[..(name.IndexOf((byte)0) is var end and >= 0 ? end : name.Length)];
                if (!name.IsEmpty && !_filter.Hides(name))
                {
                    names.Add(FileName.FromBytes(name));
                }
            }
        }

        return new WatchNews(isMissed || names.Count > MostNews ? [] : names.Count == 0 ? null : [.. names.Select(Entry)], isGone);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _watch.Dispose();
        _folder.Dispose();
        _opened.Dispose();
    }

    private FileEntry Entry(string name) =>
        _entries.Of(_folder, FileCalls.Name(name), name, _place) ?? new FileEntry { Segment = FileName.ToSegment(name), Kind = FileKind.Other };
}
