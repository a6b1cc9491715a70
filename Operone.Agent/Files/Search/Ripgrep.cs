using System.Buffers.Text;
using System.Runtime.Versioning;
using Operone.Agent.Platforms.Unix;
using Operone.Core.Files.Search;
using Operone.Disk;
using Operone.Disk.Linux;
using Operone.Disk.Search;

namespace Operone.Agent.Files.Search;

/// <summary>
/// The device's own ripgrep, as a sieve. It is given no paths: only files that the agent has opened, as descriptors that it inherits, so that it can come by nothing
/// else, whatever is swapped meanwhile. It starts with no configuration, no variables, and arguments that are a vector.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed unsafe class Ripgrep(string program, string expression) : IFileSieve
{
    /// <summary>Where its descriptors are copied to first: each must have a number above those that the program gets.</summary>
    private const int HighDescriptor = 512;

    private const int FirstDescriptor = 3;
    private const int MaxOutputBytes = 4 * 1024 * 1024;

    private static readonly string[] _programs = ["/usr/bin/rg", "/usr/local/bin/rg", "/bin/rg"];

    /// <inheritdoc/>
    public string Name => "ripgrep";

    /// <summary>It, where the device has one and it serves for a pattern.</summary>
    public static Ripgrep? For(TextPattern pattern) =>
        Array.Find(_programs, p => Libc.Access(p, 1) == 0) is { } program && RipgrepPattern.Of(pattern) is { } expression ? new(program, expression) : null;

    /// <inheritdoc/>
    public bool[]? Sieve(IReadOnlyList<IDiskFile> files, CancellationToken cancel)
    {
        var copies = new List<int>(files.Count);
        var (read, write) = Libc.MakePipe();
        var nothing = Libc.Open("/dev/null", 2);
        try
        {
            foreach (var file in files)
            {
                var copy = Libc.Duplicate(((LinuxFile)file).Handle, HighDescriptor);
                if (copy < 0)
                {
                    return null;
                }

                copies.Add(copy);
            }

            string[] arguments =
            [
                program, "--no-config", "--count", "--include-zero", "--with-filename", "--null", "--no-messages", "--color=never", "--text", "--max-count=1", "--threads=1", "--no-mmap", "--encoding=auto", "-e", expression, "--",
                .. Enumerable.Range(FirstDescriptor, files.Count).Select(fd => $"/proc/self/fd/{fd}"),
            ];
            if (nothing < 0 || UnixSpawn.Start(program, arguments, ["PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8"], "/", nothing, write, nothing, out var pid, copies) != 0)
            {
                return null;
            }

            Close(ref write);
            using (cancel.Register(() => Libc.Kill(pid, Libc.SigKill)))
            {
                var output = ReadAll(read);
                int status;
                while (Libc.WaitPid(pid, &status, 0) < 0 && Libc.LastError == LinuxFaults.IsInterrupted)
                {
                }

                cancel.ThrowIfCancellationRequested();
                return output is null ? null : Understand(output, files.Count);
            }
        }
        finally
        {
            copies.ForEach(copy => Libc.Close(copy));
            Close(ref read);
            Close(ref write);
            Close(ref nothing);
        }
    }

    private static void Close(ref int fd)
    {
        if (fd >= 0)
        {
            Libc.Close(fd);
            fd = -1;
        }
    }

    private static byte[]? ReadAll(int fd)
    {
        using var output = new MemoryStream();
        var buffer = new byte[64 * 1024];
        fixed (byte* to = buffer)
        {
            while (true)
            {
                var count = Libc.Read(fd, to, (nuint)buffer.Length);
                if (count > 0 && output.Length < MaxOutputBytes)
                {
                    output.Write(buffer, 0, (int)count);
                }
                else if (count == 0)
                {
                    return output.Length < MaxOutputBytes ? output.ToArray() : null;
                }
                else if (count < 0 && Libc.LastError != LinuxFaults.IsInterrupted)
                {
                    return null;
                }
            }
        }
    }

    /// <summary>A line for each file that was looked at to its end: its path, NUL, and how many lines have it, as far as they were counted. A file without one could not be told.</summary>
    private static bool[]? Understand(ReadOnlySpan<byte> output, int count)
    {
        var (may, told) = (new bool[count], 0);
        foreach (var range in output.Split((byte)'\n'))
        {
            var line = output[range];
            var end = line.IndexOf((byte)0);
            if (end < 0)
            {
                continue;
            }

            var path = line[..end];
            if (!Utf8Parser.TryParse(path[(path.LastIndexOf((byte)'/') + 1)..], out int fd, out _) || fd < FirstDescriptor || fd >= FirstDescriptor + count)
            {
                return null;
            }

            may[fd - FirstDescriptor] = !line[(end + 1)..].SequenceEqual("0"u8);
            told++;
        }

        return told == count ? may : null;
    }
}
