using System.Security.Cryptography;

namespace Operone.Web.Data;

/// <summary>
/// UUIDv7 whose later ones are larger, also within a millisecond (RFC 9562, section 6.2, method 1: a counter behind the
/// time). One writer uses one of these.
/// </summary>
internal sealed class OrderedIds
{
    private readonly Lock _lock = new();
    private long _milliseconds;
    private int _counter;

    /// <summary>The smallest id of a time; every id made later is larger.</summary>
    public static Guid FirstAt(DateTimeOffset at)
    {
        Span<byte> bytes = stackalloc byte[16];
        bytes.Clear();
        WriteTime(bytes, Math.Max(0, at.ToUnixTimeMilliseconds()));
        bytes[6] = 0x70;
        bytes[8] = 0x80;
        return new Guid(bytes, bigEndian: true);
    }

    /// <summary>The next id. One made at the same millisecond, or after the clock was set back, is larger all the same.</summary>
    public Guid Next(DateTimeOffset at)
    {
        Span<byte> bytes = stackalloc byte[16];
        RandomNumberGenerator.Fill(bytes[8..]);
        lock (_lock)
        {
            var now = at.ToUnixTimeMilliseconds();
            if (now > _milliseconds)
            {
                (_milliseconds, _counter) = (now, 0);
            }
            else if (++_counter > 0xFFF)
            {
                (_milliseconds, _counter) = (_milliseconds + 1, 0);
            }

            WriteTime(bytes, _milliseconds);
            bytes[6] = (byte)(0x70 | (_counter >> 8));
            bytes[7] = (byte)_counter;
        }

        bytes[8] = (byte)(0x80 | (bytes[8] & 0x3F));
        return new Guid(bytes, bigEndian: true);
    }

    private static void WriteTime(Span<byte> bytes, long milliseconds)
    {
        for (var i = 0; i < 6; i++)
        {
            bytes[i] = (byte)(milliseconds >> (40 - (8 * i)));
        }
    }
}
