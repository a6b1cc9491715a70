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

            for (var i = 0; i < 6; i++)
            {
                bytes[i] = (byte)(_milliseconds >> (40 - (8 * i)));
            }

            bytes[6] = (byte)(0x70 | (_counter >> 8));
            bytes[7] = (byte)_counter;
        }

        bytes[8] = (byte)(0x80 | (bytes[8] & 0x3F));
        return new Guid(bytes, bigEndian: true);
    }
}
