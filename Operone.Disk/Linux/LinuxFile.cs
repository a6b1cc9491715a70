using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;
using Operone.Core.Files;

namespace Operone.Disk.Linux;

/// <summary>An open file.</summary>
[SupportedOSPlatform("linux")]
internal sealed class LinuxFile(SafeFileHandle handle, FilePlace place, FileStat stat, LinuxEntries entries) : IDiskFile
{
    /// <summary>Its descriptor.</summary>
    public SafeFileHandle Handle => handle;

    /// <inheritdoc/>
    public FileEntry Entry { get; } = entries.Of(place.Path.Name, stat);

    /// <inheritdoc/>
    public bool MayHaveHoles => stat.Blocks * 512 < stat.Size;

    /// <inheritdoc/>
    public int Read(Span<byte> buffer, long offset)
    {
        while (true)
        {
            var count = FileCalls.Read(handle, buffer, offset);
            if (count >= 0)
            {
                return count;
            }

            switch (FileCalls.LastError)
            {
                case LinuxFaults.IsInterrupted:
                    continue;
                case LinuxFaults.TryAgain:
                    return 0; // a file of the system's own that has nothing to say now
                default:
                    throw LinuxFaults.Last(place.Path, "read");
            }
        }
    }

    /// <inheritdoc/>
    public long? NextData(long offset)
    {
        var data = FileCalls.Seek(handle, offset, FileCalls.SeekData);
        return data >= 0 ? data : FileCalls.LastError == LinuxFaults.NoSuchAddress ? null : offset;
    }

    /// <inheritdoc/>
    public long NextHole(long offset)
    {
        var hole = FileCalls.Seek(handle, offset, FileCalls.SeekHole);
        return hole > offset ? hole : long.MaxValue;
    }

    /// <inheritdoc/>
    public FileEntry Now() => FileCalls.Stat(handle, out var now) ? entries.Of(place.Path.Name, now) : throw LinuxFaults.Last(place.Path, "read");

    /// <inheritdoc/>
    public void Dispose() => handle.Dispose();
}
