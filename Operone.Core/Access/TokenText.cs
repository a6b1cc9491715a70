using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Operone.Core.Access;

/// <summary>
/// How an API token is written: <c>opr_</c>, 32 random bytes in base 62 (43 characters), and their CRC-32 in base 62 (6
/// characters), as GitHub writes its tokens. So a scanner for secrets finds one by its form and knows without asking whether it is
/// one, and one that was cut off or mistyped is refused without a look into the database.
/// </summary>
public static class TokenText
{
    /// <summary>What every token begins with.</summary>
    public const string Prefix = "opr_";

    /// <summary>The length of a token in characters, all told.</summary>
    public const int Length = 4 + BodyLength + ChecksumLength;

    /// <summary>The form of a token, for scanners. The last six characters are the checksum.</summary>
    public const string Pattern = "opr_[0-9A-Za-z]{49}";

    private const int BodyLength = 43;
    private const int ChecksumLength = 6;
    private const string Digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    private static readonly SearchValues<char> AnyDigit = SearchValues.Create(Digits);

    /// <summary>A new token, of 32 random bytes.</summary>
    public static string Create()
    {
        Span<byte> bytes = stackalloc byte[32];
        RandomNumberGenerator.Fill(bytes);
        return Create(bytes);
    }

    /// <summary>The token of these bytes, the first of which counts most.</summary>
    /// <param name="bytes">32 of them.</param>
    /// <exception cref="ArgumentException">They are not 32.</exception>
    public static string Create(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != 32)
        {
            throw new ArgumentException("A token is made of 32 bytes.", nameof(bytes));
        }

        Span<char> text = stackalloc char[Length];
        Prefix.CopyTo(text);
        var number = new UInt256(bytes);
        for (var i = Prefix.Length + BodyLength - 1; i >= Prefix.Length; i--)
        {
            text[i] = Digits[number.DivideBy(62)];
        }

        WriteChecksum(text.Slice(Prefix.Length, BodyLength), text[^ChecksumLength..]);
        return new(text);
    }

    /// <summary>Whether a text begins as a token does, and so must be one to the last character.</summary>
    public static bool LooksLikeOne(ReadOnlySpan<char> text) => text.StartsWith(Prefix, StringComparison.Ordinal);

    /// <summary>Whether a text is a token by its form and its checksum. Whether somebody has it is another question.</summary>
    public static bool IsWellFormed(ReadOnlySpan<char> text)
    {
        if (text.Length != Length || !LooksLikeOne(text) || text[Prefix.Length..].IndexOfAnyExcept(AnyDigit) >= 0)
        {
            return false;
        }

        Span<char> checksum = stackalloc char[ChecksumLength];
        WriteChecksum(text.Slice(Prefix.Length, BodyLength), checksum);
        return checksum.SequenceEqual(text[^ChecksumLength..]);
    }

    private static void WriteChecksum(ReadOnlySpan<char> body, Span<char> to)
    {
        var rest = Crc32(body);
        for (var i = to.Length - 1; i >= 0; i--)
        {
            (rest, var digit) = Math.DivRem(rest, 62);
            to[i] = Digits[(int)digit];
        }
    }

    // CRC-32 of IEEE 802.3 (as in zlib): the reflected polynomial 0xEDB88320
    private static uint Crc32(ReadOnlySpan<char> ascii)
    {
        var crc = uint.MaxValue;
        foreach (var character in ascii)
        {
            crc ^= (byte)character;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc >> 1) ^ (0xEDB88320 & (0 - (crc & 1)));
            }
        }

        return ~crc;
    }

    /// <summary>A number of 256 bits that can be divided by a small one.</summary>
    private ref struct UInt256
    {
        private UInt128 _high;
        private UInt128 _low;

        public UInt256(ReadOnlySpan<byte> bytes)
        {
            _high = BinaryPrimitives.ReadUInt128BigEndian(bytes);
            _low = BinaryPrimitives.ReadUInt128BigEndian(bytes[16..]);
        }

        /// <summary>Divides it, and gives what is left over.</summary>
        public int DivideBy(uint divisor)
        {
            (_high, var rest) = UInt128.DivRem(_high, divisor);
            // Schoolbook division in halves: the rest stays below 2^6, and so the sums below 2^70.
            (var upper, rest) = UInt128.DivRem((rest << 64) | (_low >> 64), divisor);
            (var lower, rest) = UInt128.DivRem((rest << 64) | (_low & ulong.MaxValue), divisor);
            _low = (upper << 64) | lower;
            return (int)rest;
        }
    }
}
