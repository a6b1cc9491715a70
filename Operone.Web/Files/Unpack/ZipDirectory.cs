using System.Buffers.Binary;
using Operone.Core.Files;

namespace Operone.Web.Files.Unpack;

/// <summary>What the directory of a zip says of an entry.</summary>
/// <param name="Entry">The entry, without its bytes.</param>
/// <param name="Offset">Where its own head is.</param>
/// <param name="Packed">How many bytes it has in the archive.</param>
/// <param name="IsDeflated">Whether these are compressed.</param>
/// <param name="Crc">Its checksum.</param>
internal sealed record ZipHead(ArchiveEntry Entry, long Offset, long Packed, bool IsDeflated, uint Crc);

/// <summary>
/// The central directory of a zip in the tree (APPNOTE.TXT 6.3): names are kept as their bytes, which .NET's own reader loses, and nothing of it is taken into memory
/// whole.
/// </summary>
internal sealed class ZipDirectory(TreeFile file)
{
    private const int EndBytes = 22, End64Bytes = 56, LocatorBytes = 20, CentralBytes = 46, LocalBytes = 30;
    private const int MaxTargetBytes = 4096;
    private const int Unix = 3, Mac = 19;

    private long _at = -1;
    private long _left;

    /// <summary>The next entry, or null at the end.</summary>
    /// <exception cref="UnpackStop">The archive is broken.</exception>
    public async ValueTask<ZipHead?> NextAsync(CancellationToken cancellationToken)
    {
        if (_at < 0)
        {
            await FindDirectoryAsync(cancellationToken);
        }

        if (_left-- == 0)
        {
            return null;
        }

        var head = await file.ReadAsync(_at, CentralBytes, cancellationToken);
        if (!head.AsSpan().StartsWith("PK\x01\x02"u8))
        {
            throw UnpackStop.Broken("Its directory has something else where an entry should be.");
        }

        var (nameLength, extraLength, commentLength) = (Short(head, 28), Short(head, 30), Short(head, 32));
        var rest = await file.ReadAsync(_at + CentralBytes, nameLength + extraLength, cancellationToken);
        _at += CentralBytes + nameLength + extraLength + commentLength;
        var place = new Placed(Long(head, 42), Long(head, 20), Long(head, 24));
        var modified = ReadExtra(rest.AsSpan(nameLength), ref place);
        return Make(head, FileName.FromBytes(rest.AsSpan(0, nameLength)), place, modified);
    }

    /// <summary>Where the bytes of an entry begin; or why they are not to be had. What is in front of them must say the same as the directory.</summary>
    /// <exception cref="UnpackStop">They lie behind the archive's end.</exception>
    public static async ValueTask<(long Begin, string? Refusal)> FindAsync(TreeFile file, ZipHead head, CancellationToken cancellationToken)
    {
        if (head.Packed < 0 || head.Entry.Size < 0)
        {
            throw UnpackStop.Broken("An entry has a negative size.");
        }

        var local = await file.ReadAsync(head.Offset, LocalBytes, cancellationToken);
        if (!local.AsSpan().StartsWith("PK\x03\x04"u8))
        {
            return (0, "the directory points to where it is not");
        }

        var localName = await file.ReadAsync(head.Offset + LocalBytes, Short(local, 26), cancellationToken);
        if (!localName.AsSpan().SequenceEqual(FileName.ToBytes(head.Entry.Name)))
        {
            return (0, "it has another name in front of its bytes than in the directory");
        }

        var begin = head.Offset + LocalBytes + Short(local, 26) + Short(local, 28);
        return begin + head.Packed > file.Length ? throw UnpackStop.Broken("Entries overlap, or lie behind its end.") : (begin, null);
    }

    /// <summary>Where a link leads to, which are its bytes; or why that is not to be had.</summary>
    public static async Task<(string? Target, string? Refusal)> ReadTargetAsync(Stream content, CancellationToken cancellationToken)
    {
        var target = new byte[MaxTargetBytes + 1];
        try
        {
            var count = await content.ReadAtLeastAsync(target, target.Length, throwOnEndOfStream: false, cancellationToken);
            return count > MaxTargetBytes ? (null, "its target is too long") : (FileName.FromBytes(target.AsSpan(0, count)), null);
        }
        catch (InvalidDataException problem)
        {
            return (null, problem.Message);
        }
    }

    private static ZipHead Make(byte[] head, string name, Placed place, DateTimeOffset? modified)
    {
        var (flags, method, host, attributes) = (Short(head, 8), Short(head, 10), head[5], (uint)Long(head, 38));
        var mode = host is Unix or Mac ? (int)(attributes >> 16) : 0;
        var kind = name.EndsWith('/') || (host is not (Unix or Mac) && (attributes & 0x10) != 0) ? FileKind.Folder
            : (mode & 0xF000) switch { 0 or 0x8000 => FileKind.File, 0x4000 => FileKind.Folder, 0xA000 => FileKind.Link, _ => FileKind.Other };
        return new(
            new ArchiveEntry(name, kind)
            {
                Mode = mode == 0 ? null : mode & 0xFFF,
                ModifiedAt = modified ?? DosTime(Short(head, 12), Short(head, 14)),
                Size = place.Size,
                Refusal = kind == FileKind.Other ? "it is a device, a pipe or a socket"
                    : kind == FileKind.Folder ? null
                    : (flags & 1) != 0 ? "it is encrypted"
                    : method is not (0 or 8) ? $"it is compressed by the method {method}, which is not unpacked" : null,
            },
            place.Offset, place.Packed, method == 8, (uint)Long(head, 16));
    }

    private async Task FindDirectoryAsync(CancellationToken cancellationToken)
    {
        var tail = (int)Math.Min(file.Length, EndBytes + ushort.MaxValue);
        var bytes = await file.ReadAsync(file.Length - tail, tail, cancellationToken);
        var end = bytes.AsSpan().LastIndexOf("PK\x05\x06"u8);
        if (end < 0 || end + EndBytes > bytes.Length)
        {
            throw UnpackStop.Broken("It has no end: a part of it is missing.");
        }

        var at = file.Length - tail + end;
        (_left, var size, _at) = (Short(bytes, end + 10), Long(bytes, end + 12), Long(bytes, end + 16));
        if ((_left == ushort.MaxValue || size == uint.MaxValue || _at == uint.MaxValue) && at >= LocatorBytes)
        {
            var locator = await file.ReadAsync(at - LocatorBytes, LocatorBytes, cancellationToken);
            if (locator.AsSpan().StartsWith("PK\x06\x07"u8))
            {
                var large = await file.ReadAsync(BinaryPrimitives.ReadInt64LittleEndian(locator.AsSpan(8)), End64Bytes, cancellationToken);
                if (!large.AsSpan().StartsWith("PK\x06\x06"u8))
                {
                    throw UnpackStop.Broken("Its end points to where no end is.");
                }

                (_left, _at) = (BinaryPrimitives.ReadInt64LittleEndian(large.AsSpan(32)), BinaryPrimitives.ReadInt64LittleEndian(large.AsSpan(48)));
            }
        }

        if (_left < 0 || _at < 0 || _at > at || _left > (at - _at) / CentralBytes)
        {
            throw UnpackStop.Broken("Its directory is not where it says.");
        }
    }

    /// <summary>Sizes of more than 4 GiB, and times that are exact.</summary>
    private static DateTimeOffset? ReadExtra(ReadOnlySpan<byte> extra, ref Placed place)
    {
        var modified = (DateTimeOffset?)null;
        while (extra.Length >= 4)
        {
            var (id, length) = (BinaryPrimitives.ReadUInt16LittleEndian(extra), BinaryPrimitives.ReadUInt16LittleEndian(extra[2..]));
            if (4 + length > extra.Length)
            {
                break;
            }

            var data = extra.Slice(4, length);
            extra = extra[(4 + length)..];
            if (id == 1)
            {
                place = new Placed(place.Offset, place.Packed, Take(place.Size, ref data));
                place = place with { Packed = Take(place.Packed, ref data) };
                place = place with { Offset = Take(place.Offset, ref data) };
            }
            else if (id == 0x5455 && data.Length >= 5 && (data[0] & 1) != 0)
            {
                modified = DateTimeOffset.FromUnixTimeSeconds(BinaryPrimitives.ReadInt32LittleEndian(data[1..]));
            }
        }

        return modified;

        static long Take(long value, ref ReadOnlySpan<byte> data)
        {
            if (value != uint.MaxValue || data.Length < 8)
            {
                return value;
            }

            value = BinaryPrimitives.ReadInt64LittleEndian(data);
            data = data[8..];
            return value;
        }
    }

    private static DateTimeOffset? DosTime(int time, int date)
    {
        var (year, month, day) = (1980 + (date >> 9), (date >> 5) & 15, date & 31);
        return month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month) || time >> 11 > 23 || ((time >> 5) & 63) > 59 || (time & 31) > 29 ? null
            : new DateTimeOffset(year, month, day, time >> 11, (time >> 5) & 63, (time & 31) * 2, TimeSpan.Zero);
    }

    private static int Short(byte[] bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(at));

    private static long Long(byte[] bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at));

    /// <summary>Where an entry is.</summary>
    private readonly record struct Placed(long Offset, long Packed, long Size);
}
