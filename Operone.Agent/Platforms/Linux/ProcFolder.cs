using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Text;
using Operone.Agent.Platforms.Unix;

namespace Operone.Agent.Platforms.Linux;

/// <summary><c>/proc</c>, read without making an object for each process: thousands of them are read again and again.</summary>
[SupportedOSPlatform("linux")]
internal sealed unsafe partial class ProcFolder : IDisposable
{
    // struct dirent64: inode (8), offset (8), record length (2), type (1), name
    private const int NameOffset = 19;
    private const int ReadOnlyCloseOnExec = 0x80000; // O_RDONLY | O_CLOEXEC
    private const int LongestPath = 64;

    private readonly List<int> _numbers = [];

    /// <summary>The numbers of the processes that there are. Good until it is asked again.</summary>
    public IReadOnlyList<int> Numbers()
    {
        _numbers.Clear();
        foreach (var number in new Listing("/proc"))
        {
            _numbers.Add(number);
        }

        return _numbers;
    }

    /// <summary>The numbers that are names in a folder, at most so many, and how many there are; null where it cannot be read.</summary>
    public static (List<int> Numbers, int Count)? NumbersIn(string path, int most)
    {
        var listing = new Listing(path);
        if (!listing.IsOpen)
        {
            return null;
        }

        var (numbers, count) = (new List<int>(), 0);
        foreach (var number in listing)
        {
            count++;
            if (numbers.Count < most)
            {
                numbers.Add(number);
            }
        }

        return (numbers, count);
    }

    /// <summary>Reads a file of a process; -1 where that cannot be, because it has ended or the agent may not.</summary>
    public static int Read(int pid, ReadOnlySpan<byte> file, Span<byte> buffer)
    {
        Span<byte> path = stackalloc byte[LongestPath];
        "/proc/"u8.CopyTo(path);
        System.Buffers.Text.Utf8Formatter.TryFormat(pid, path[6..], out var digits);
        path[6 + digits] = (byte)'/';
        file.CopyTo(path[(7 + digits)..]);
        path[7 + digits + file.Length] = 0;
        int descriptor;
        fixed (byte* text = path)
        {
            descriptor = OpenRaw(text, ReadOnlyCloseOnExec);
        }

        if (descriptor < 0)
        {
            return -1;
        }

        var length = 0;
        fixed (byte* into = buffer)
        {
            while (length < buffer.Length && (int)Libc.Read(descriptor, into + length, (nuint)(buffer.Length - length)) is > 0 and var count)
            {
                length += count;
            }
        }

        Libc.Close(descriptor);
        return length;
    }

    /// <summary>Where a link of a process leads; null where it cannot be read.</summary>
    public static string? Link(string path, int most)
    {
        Span<byte> target = stackalloc byte[4096];
        fixed (byte* into = target)
        {
            var length = (int)ReadLink(path, into, (nuint)target.Length);
            var text = length < 0 ? null : Encoding.UTF8.GetString(target[..length]);
            return text?.Length > most ? text[..most] + "…" : text;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _numbers.Clear();

    /// <summary>The names in a folder that are numbers.</summary>
    private readonly ref struct Listing(string path)
    {
        private readonly nint _folder = OpenDirectory(path);

        public bool IsOpen => _folder != 0;

        public Walker GetEnumerator() => new(_folder);

        public ref struct Walker(nint folder)
        {
            public int Current { get; private set; }

            public bool MoveNext()
            {
                for (var entry = folder == 0 ? null : ReadDirectory(folder); entry != null; entry = ReadDirectory(folder))
                {
                    var name = MemoryMarshal.CreateReadOnlySpanFromNullTerminated(entry + NameOffset);
                    if (System.Buffers.Text.Utf8Parser.TryParse(name, out int number, out var used) && used == name.Length && number >= 0)
                    {
                        Current = number;
                        return true;
                    }
                }

                return false;
            }

            public readonly void Dispose()
            {
                if (folder != 0)
                {
                    _ = CloseDirectory(folder);
                }
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true)]
    private static partial int OpenRaw(byte* path, int flags);

    [LibraryImport("libc", EntryPoint = "readlink", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint ReadLink(string path, byte* buffer, nuint size);

    [LibraryImport("libc", EntryPoint = "opendir", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint OpenDirectory(string path);

    [LibraryImport("libc", EntryPoint = "readdir", SetLastError = true)]
    private static partial byte* ReadDirectory(nint folder);

    [LibraryImport("libc", EntryPoint = "closedir", SetLastError = true)]
    private static partial int CloseDirectory(nint folder);
}
