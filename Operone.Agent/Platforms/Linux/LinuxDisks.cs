using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Text;
using Operone.Core.Devices;

namespace Operone.Agent.Platforms.Linux;

/// <summary>
/// The disks of a Linux machine: what is mounted from a device, or is the root. Network file systems are left out: asking a
/// server that is away would hang.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed unsafe partial class LinuxDisks : IDisposable
{
    private readonly ProcFile _mounts = new("/proc/self/mounts");
    private byte[] _buffer = new byte[16 * 1024];
    private byte[] _text = [];
    private List<Mount> _known = [];

    /// <summary>Which there are.</summary>
    public IReadOnlyList<DiskFact> Facts() =>
        [.. Mounts().Select(m => (Mount: m, Size: Measure(m.Path))).Where(m => m.Size.Total > 0).Select(m => new DiskFact(m.Mount.Path, m.Mount.FileSystem, m.Size.Total))];

    /// <summary>How full they are.</summary>
    public IReadOnlyList<DiskSample> Samples()
    {
        var samples = new List<DiskSample>();
        foreach (var mount in Mounts())
        {
            var (used, total) = Measure(mount.Path);
            if (total > 0)
            {
                samples.Add(new DiskSample(mount.Path, used, total));
            }
        }

        return samples;
    }

    /// <inheritdoc/>
    public void Dispose() => _mounts.Dispose();

    /// <summary>Reads the mounts; the text is taken apart only where it has changed.</summary>
    private List<Mount> Mounts()
    {
        var text = _mounts.Read(_buffer);
        while (text.Length == _buffer.Length && _buffer.Length < 1024 * 1024)
        {
            _buffer = new byte[_buffer.Length * 4];
            text = _mounts.Read(_buffer);
        }

        if (text.SequenceEqual(_text))
        {
            return _known;
        }

        _text = text.ToArray();
        _known = Parse(Encoding.UTF8.GetString(text));
        return _known;
    }

    /// <summary>fstab(5): device, mount point, type, ...; a device that is mounted several times counts once.</summary>
    internal static List<Mount> Parse(string text)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var found = new List<Mount>();
        foreach (var line in text.Split('\n'))
        {
            var fields = line.Split(' ');
            if (fields.Length < 3)
            {
                continue;
            }

            var (device, path, type) = (fields[0], Unescape(fields[1]), fields[2]);
            var isDisk = (device.StartsWith("/dev/", StringComparison.Ordinal) && type is not ("squashfs" or "iso9660")) || type == "zfs" || path == "/";
            if (isDisk && seen.Add(path == "/" ? path : device))
            {
                if (path == "/")
                {
                    seen.Add(device);
                }

                found.Add(new Mount(path, type));
            }
        }

        return found;
    }

    /// <summary>Blanks and the like stand as octal numbers: <c>\040</c>.</summary>
    private static string Unescape(string path) => path.Replace("\\040", " ", StringComparison.Ordinal).Replace("\\011", "\t", StringComparison.Ordinal)
        .Replace("\\012", "\n", StringComparison.Ordinal).Replace("\\134", "\\", StringComparison.Ordinal);

    private static (long Used, long Total) Measure(string path)
    {
        // struct statfs on 64-bit Linux is longs: type, block size, blocks, free, available, ...
        var values = stackalloc long[32];
        return StatFs(path, values) < 0 ? (0, 0) : ((values[2] - values[3]) * values[1], values[2] * values[1]);
    }

    [LibraryImport("libc", EntryPoint = "statfs", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatFs(string path, long* values);

    /// <summary>A mount point and its type.</summary>
    internal sealed record Mount(string Path, string FileSystem);
}
