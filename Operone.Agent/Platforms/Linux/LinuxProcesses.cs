using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Operone.Agent.Platforms.Linux;

/// <summary>Counts processes: the folders in <c>/proc</c> whose names are numbers, read without making an object for each.</summary>
[SupportedOSPlatform("linux")]
internal sealed unsafe partial class LinuxProcesses
{
    // struct dirent64: inode (8), offset (8), record length (2), type (1), name
    private const int NameOffset = 19;

    /// <summary>How many there are.</summary>
    public int Count()
    {
        var folder = OpenDirectory("/proc");
        if (folder == 0)
        {
            return 0;
        }

        var count = 0;
        for (var entry = ReadDirectory(folder); entry != null; entry = ReadDirectory(folder))
        {
            count += entry[NameOffset] is >= (byte)'1' and <= (byte)'9' ? 1 : 0;
        }

        return CloseDirectory(folder) == 0 ? count : 0;
    }

    [LibraryImport("libc", EntryPoint = "opendir", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint OpenDirectory(string path);

    [LibraryImport("libc", EntryPoint = "readdir", SetLastError = true)]
    private static partial byte* ReadDirectory(nint folder);

    [LibraryImport("libc", EntryPoint = "closedir", SetLastError = true)]
    private static partial int CloseDirectory(nint folder);
}
