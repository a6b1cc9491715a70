using System.Runtime.Versioning;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Operone.Core.Files;

namespace Operone.Disk.Linux;

/// <summary>Makes entries.</summary>
[SupportedOSPlatform("linux")]
internal sealed class LinuxEntries(LinuxResolver resolver)
{
    /// <summary>The most bytes of extended attributes in an entry: more would not fit into a message.</summary>
    private const int MaxAttributeBytes = 24 * 1024;

    /// <summary>Users and groups.</summary>
    public LinuxOwners Users { get; } = new("/etc/passwd");

    /// <summary>Groups.</summary>
    public LinuxOwners Groups { get; } = new("/etc/group");

    /// <summary>Of a name in an open folder; null where that is gone.</summary>
    public FileEntry? Of(SafeFileHandle folder, ReadOnlySpan<byte> nameBytes, string name, FilePlace place)
    {
        if (!FileCalls.StatName(folder, nameBytes, out var stat))
        {
            return null;
        }

        return stat.Kind == FileKind.Link ? Link(name, stat, FileCalls.ReadLink(folder, nameBytes), place.Child(name)) : Of(name, stat);
    }

    /// <summary>Of something that is open.</summary>
    public FileEntry Of(Opened opened, FilePlace place, bool withAttributes = false)
    {
        var entry = opened.Stat.Kind == FileKind.Link
            ? Link(place.Path.Name, opened.Stat, FileCalls.ReadLink(opened.Handle, "\0"u8), place)
            : Of(place.Path.Name, opened.Stat);
        return withAttributes && opened.Stat.Kind != FileKind.Link ? entry with { Attributes = ReadAttributes(opened.Handle) } : entry;
    }

    /// <summary>From what is known of it.</summary>
    public FileEntry Of(string name, in FileStat stat) => new()
    {
        Segment = FileName.ToSegment(name),
        Kind = stat.Kind,
        Size = stat.Kind == FileKind.Folder ? null : (long)stat.Size,
        ModifiedAt = stat.Modified.At,
        AccessedAt = stat.Accessed.At,
        CreatedAt = stat.BornAt,
        Mode = stat.Mode,
        Owner = Users.NameOf(stat.User),
        Group = Groups.NameOf(stat.Group),
        Tag = stat.Tag,
    };

    private FileEntry Link(string name, in FileStat stat, byte[]? target, FilePlace place) => Of(name, stat) with
    {
        Target = target is null ? null : string.Join('/', FileName.FromBytes(target).Split('/').Select(FileName.ToSegment)),
        TargetKind = resolver.KindBehind(place),
    };

    private static Dictionary<string, byte[]> ReadAttributes(SafeFileHandle file)
    {
        var path = FileCalls.SelfPath(file);
        var names = new byte[64 * 1024];
        var found = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        var length = (int)FileCalls.ListAttributes(path, names, (nuint)names.Length);
        var room = MaxAttributeBytes;
        var value = new byte[MaxAttributeBytes];
        var list = names.AsSpan(0, Math.Max(0, length));
        while (list.IndexOf((byte)0) is var end and >= 0)
        {
            var name = list[..(end + 1)].ToArray();
            list = list[(end + 1)..];
            if (!name.AsSpan().StartsWith("user."u8))
            {
                continue;
            }

            var size = (int)FileCalls.GetAttribute(path, name, value, (nuint)value.Length);
            if (size >= 0 && size + name.Length <= room)
            {
                room -= size + name.Length;
                found[Encoding.UTF8.GetString(name.AsSpan(..^1))] = value[..size];
            }
        }

        return found;
    }
}
