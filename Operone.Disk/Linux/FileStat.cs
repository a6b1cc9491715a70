using System.Globalization;
using System.Runtime.InteropServices;
using Operone.Core.Files;

namespace Operone.Disk.Linux;

/// <summary>What statx(2) tells (struct statx).</summary>
[StructLayout(LayoutKind.Sequential, Size = 256)]
internal struct FileStat
{
    public uint Mask, BlockSize;
    public ulong Attributes;
    public uint Links, User, Group;
    public ushort FullMode, Spare;
    public ulong Inode, Size, Blocks, KnownAttributes;
    public FileTime Accessed, Born, Changed, Modified;
    public uint SpecialMajor, SpecialMinor, DeviceMajor, DeviceMinor;
    public ulong Mount;

    private const uint HasBirth = 0x800;

    public readonly ulong Device => ((ulong)DeviceMajor << 32) | DeviceMinor;

    /// <summary>The permission bits.</summary>
    public readonly int Mode => FullMode & 0xFFF;

    public readonly FileKind Kind => (FullMode & 0xF000) switch
    {
        0x8000 => FileKind.File,
        0x4000 => FileKind.Folder,
        0xA000 => FileKind.Link,
        _ => FileKind.Other,
    };

    /// <summary>See <see cref="FileEntry.Tag"/>.</summary>
    public readonly string Tag => string.Create(CultureInfo.InvariantCulture, $"{Inode:x}-{Modified.Nanoseconds:x}-{Changed.Nanoseconds:x}-{Size:x}");

    public readonly DateTimeOffset? BornAt => (Mask & HasBirth) != 0 ? Born.At : null;

    /// <summary>The kind that getdents64(2) tells; null where it does not know.</summary>
    public static FileKind? KindOf(byte type) => type switch
    {
        8 => FileKind.File,
        4 => FileKind.Folder,
        10 => FileKind.Link,
        0 => null,
        _ => FileKind.Other,
    };
}

/// <summary>A time of statx(2).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FileTime
{
    public long Seconds;
    public uint Rest;
    public int Spare;

    public readonly long Nanoseconds => unchecked((Seconds * 1_000_000_000) + Rest);

    public readonly DateTimeOffset? At => Seconds is > -62_135_596_800 and < 253_402_300_800 ? DateTimeOffset.UnixEpoch.AddTicks((Seconds * TimeSpan.TicksPerSecond) + (Rest / 100)) : null;
}
