using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;
using Operone.Core.Files;

namespace Operone.Disk.Linux;

/// <summary>An open folder.</summary>
[SupportedOSPlatform("linux")]
internal sealed class LinuxFolder(SafeFileHandle handle, FilePlace place, Opened opened, LinuxResolver resolver, LinuxEntries entries) : IDiskFolder
{
    private const int BufferBytes = 64 * 1024;

    /// <inheritdoc/>
    public FolderStamp Stamp => FileCalls.Stat(handle, out var stat)
        ? new FolderStamp(stat.Device, stat.Inode, stat.Modified.Nanoseconds, stat.Changed.Nanoseconds)
        : throw LinuxFaults.Last(place.Path, "read");

    /// <inheritdoc/>
    public void Read(FolderNames names)
    {
        var filter = new NameFilter(resolver, place, opened.Path, opened.Root);
        var reader = new FolderReader(handle, place.Path, BufferBytes);
        while (reader.Next())
        {
            if (!filter.Hides(reader.Name))
            {
                names.Add(reader.Name, reader.Kind);
            }
        }
    }

    /// <inheritdoc/>
    public FileEntry? Entry(string name) => entries.Of(handle, FileCalls.Name(name, stackalloc byte[FileCalls.NameBytes]), name, place);

    /// <inheritdoc/>
    public (long Size, long Modified) Weigh(string name) =>
        FileCalls.StatName(handle, FileCalls.Name(name, stackalloc byte[FileCalls.NameBytes]), out var stat)
            ? (stat.Kind == FileKind.Folder ? -1 : (long)stat.Size, stat.Modified.Nanoseconds)
            : (-1, long.MinValue);

    /// <inheritdoc/>
    public void Dispose()
    {
        handle.Dispose();
        opened.Dispose();
    }
}
