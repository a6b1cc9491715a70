using System.Buffers.Binary;

namespace Operone.Core.Files.Chunks;

/// <summary>
/// What stands before each stretch of an upload, 16 bytes: its length, and where the file that is replaced has it, or -1 where its bytes follow. Both are whole
/// numbers of eight bytes, the highest first.
/// </summary>
/// <param name="Length">How many bytes the stretch has, at least 1.</param>
/// <param name="OldOffset">Where the old version has them; null where they follow.</param>
public readonly record struct StretchHead(long Length, long? OldOffset)
{
    /// <summary>How many bytes it has.</summary>
    public const int Bytes = 16;

    /// <summary>Reads one; null where it makes no sense.</summary>
    public static StretchHead? Read(ReadOnlySpan<byte> bytes)
    {
        var (length, offset) = (BinaryPrimitives.ReadInt64BigEndian(bytes), BinaryPrimitives.ReadInt64BigEndian(bytes[8..]));
        return length < 1 || offset < -1 || offset > long.MaxValue - length ? null : new StretchHead(length, offset < 0 ? null : offset);
    }

    /// <summary>Writes it.</summary>
    public void Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteInt64BigEndian(bytes, Length);
        BinaryPrimitives.WriteInt64BigEndian(bytes[8..], OldOffset ?? -1);
    }
}
