using System.Runtime.Versioning;
using Operone.Core.Files;

namespace Operone.Disk.Linux;

/// <summary>Paths as the system has them, and as the tree has them.</summary>
[SupportedOSPlatform("linux")]
internal static class LinuxPaths
{
    /// <summary>A path from its bytes; null where it is none that the tree can have.</summary>
    public static TreePath? Read(ReadOnlySpan<byte> path)
    {
        if (path.IsEmpty || path[0] != '/')
        {
            return null;
        }

        var names = new List<string>();
        foreach (var range in path.Split((byte)'/'))
        {
            if (!path[range].IsEmpty)
            {
                names.Add(FileName.FromBytes(path[range]));
            }
        }

        var made = TreePath.FromNames(names);
        return made.IsError ? null : made.Value;
    }

    /// <summary>Names below a folder, as a path with its NUL; <c>.</c> for the folder itself.</summary>
    public static byte[] Write(ReadOnlySpan<string> names) => names.IsEmpty ? FileCalls.Name(".") : FileCalls.Name(string.Join('/', names));

    /// <summary>A whole path with its NUL.</summary>
    public static byte[] Write(TreePath path) => FileCalls.Name("/" + string.Join('/', path.Names));
}
