using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Operone.Agent.Platforms.Unix;

namespace Operone.Agent.Platforms.Linux;

/// <summary>Linux's own calls: files in memory, and which processors a thread runs on.</summary>
[SupportedOSPlatform("linux")]
internal static unsafe partial class LinuxCalls
{
    /// <summary>The length of a set of processors, in bytes (CPU_SETSIZE).</summary>
    public const int CpuSetBytes = 128;

    private const uint CloseOnExec = 1;
    private const int ReadOnlyCloseOnExec = 0x80000; // O_RDONLY | O_CLOEXEC
    private const int DuplicateCloseOnExec = 1030;

    /// <summary>Descriptors that a child gets are made above all numbers that they may get there.</summary>
    private const int FirstFree = 64;

    /// <summary>A file in memory (memfd_create(2)) with this content, at its beginning. No child inherits it.</summary>
    /// <exception cref="IOException">There is no memory.</exception>
    public static int NewFile(ReadOnlySpan<byte> content)
    {
        var file = MakeMemoryFile("operone", CloseOnExec);
        Require(file, "memfd_create");
        fixed (byte* data = content)
        {
            for (var done = 0; done < content.Length;)
            {
                // at an offset, so that whoever gets it reads from the beginning
                var count = (int)WriteAt(file, data + done, (nuint)(content.Length - done), done);
                Require(count, "pwrite");
                done += count;
            }
        }

        return Move(file);
    }

    /// <summary>A file to be read, for a child; null where it cannot be opened.</summary>
    public static int? TryOpen(string path)
    {
        var file = Libc.Open(path, ReadOnlyCloseOnExec);
        return file < 0 ? null : Move(file);
    }

    /// <summary>Gives a descriptor a number that is out of the way.</summary>
    public static int Move(int descriptor)
    {
        var moved = Duplicate(descriptor, DuplicateCloseOnExec, FirstFree);
        Libc.Close(descriptor);
        Require(moved, "fcntl");
        return moved;
    }

    /// <summary>The processors that this thread may use.</summary>
    public static byte[] Processors()
    {
        var set = new byte[CpuSetBytes];
        fixed (byte* first = set)
        {
            return GetAffinity(0, CpuSetBytes, first) < 0 ? [] : set;
        }
    }

    /// <summary>Lets this thread, and what it starts from now on, use these processors alone.</summary>
    public static bool Use(byte[] processors)
    {
        fixed (byte* first = processors)
        {
            return SetAffinity(0, (nuint)processors.Length, first) == 0;
        }
    }

    private static void Require(int result, string call)
    {
        if (result < 0)
        {
            throw new IOException($"{call}: {Libc.Describe(Libc.LastError)}");
        }
    }

    [LibraryImport("libc", EntryPoint = "getegid")]
    public static partial uint EffectiveGroup();

    [LibraryImport("libc", EntryPoint = "memfd_create", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MakeMemoryFile(string name, uint flags);

    [LibraryImport("libc", EntryPoint = "pwrite", SetLastError = true)]
    private static partial nint WriteAt(int fd, byte* data, nuint count, nint offset);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int Duplicate(int fd, int command, nint least);

    [LibraryImport("libc", EntryPoint = "sched_getaffinity", SetLastError = true)]
    private static partial int GetAffinity(int pid, nuint size, byte* set);

    [LibraryImport("libc", EntryPoint = "sched_setaffinity", SetLastError = true)]
    private static partial int SetAffinity(int pid, nuint size, byte* set);
}
