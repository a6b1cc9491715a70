using System.Globalization;
using System.Runtime.Versioning;
using System.Text;
using Operone.Core.Files;

namespace Operone.Disk.Linux;

/// <summary>What is mounted where (proc_pid_mountinfo(5)).</summary>
[SupportedOSPlatform("linux")]
internal sealed class Mounts
{
    private readonly Dictionary<ulong, (TreePath Root, TreePath At)> _mounts = [];

    private Mounts()
    {
    }

    /// <summary>Reads them as they are now.</summary>
    public static Mounts Read()
    {
        var mounts = new Mounts();
        var text = File.ReadAllBytes("/proc/self/mountinfo").AsSpan();
        foreach (var line in ((ReadOnlySpan<byte>)text).Split((byte)'\n'))
        {
            mounts.Add(text[line]);
        }

        return mounts;
    }

    /// <summary>The path of something within its file system, whatever is mounted of it; null where nobody knows.</summary>
    public TreePath? InFileSystem(ulong mount, TreePath real) =>
        _mounts.TryGetValue(mount, out var found) && real.IsIn(found.At) ? found.Root.Join(real.Below(found.At.Depth)) : null;

    /// <summary>Where something is mounted.</summary>
    public TreePath? At(ulong mount) => _mounts.TryGetValue(mount, out var found) ? found.At : null;

    private void Add(ReadOnlySpan<byte> line)
    {
        Span<Range> fields = stackalloc Range[6];
        var text = Encoding.Latin1.GetString(line);
        if (text.AsSpan().Split(fields, ' ') == 6
            && ulong.TryParse(text[fields[0]], NumberStyles.None, CultureInfo.InvariantCulture, out var id)
            && Path(text[fields[3]]) is { } root && Path(text[fields[4]]) is { } at)
        {
            _mounts[id] = (root, at);
        }
    }

    /// <summary>Spaces, tabs, line ends and backslashes are written as three octal digits.</summary>
    private static TreePath? Path(string text)
    {
        var bytes = new List<byte>(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\\' && i + 3 < text.Length)
            {
                bytes.Add((byte)(((text[i + 1] - '0') * 64) + ((text[i + 2] - '0') * 8) + text[i + 3] - '0'));
                i += 3;
            }
            else
            {
                bytes.Add((byte)text[i]);
            }
        }

        return LinuxPaths.Read([.. bytes]);
    }
}
