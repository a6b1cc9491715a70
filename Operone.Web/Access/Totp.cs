using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;

namespace Operone.Web.Access;

/// <summary>One-time codes by the clock (RFC 6238): six digits of HMAC-SHA-1, a new one every 30 seconds, as every authenticator app makes them.</summary>
internal static class Totp
{
    /// <summary>How many seconds a code is shown for.</summary>
    public const int Period = 30;

    /// <summary>How many digits it has.</summary>
    public const int Digits = 6;

    /// <summary>How many bytes a secret has: as many as the hash (RFC 4226, section 4).</summary>
    public const int SecretBytes = 20;

    private const string Base32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

    /// <summary>A new secret.</summary>
    public static byte[] NewSecret() => RandomNumberGenerator.GetBytes(SecretBytes);

    /// <summary>The step that a time is in.</summary>
    public static long StepOf(DateTimeOffset at) => at.ToUnixTimeSeconds() / Period;

    /// <summary>The code of a step.</summary>
    public static string Code(ReadOnlySpan<byte> secret, long step)
    {
        Span<byte> counter = stackalloc byte[8];
        BinaryPrimitives.WriteInt64BigEndian(counter, step);
        Span<byte> hash = stackalloc byte[HMACSHA1.HashSizeInBytes];
#pragma warning disable CA5350 // HMAC-SHA-1 is what RFC 6238 and the apps have; it is not broken as an HMAC
        HMACSHA1.HashData(secret, counter, hash);
#pragma warning restore CA5350
        var number = BinaryPrimitives.ReadInt32BigEndian(hash[(hash[^1] & 0xf)..]) & 0x7fff_ffff;
        return (number % 1_000_000).ToString("D6", CultureInfo.InvariantCulture);
    }

    /// <summary>The step whose code this is, of the one now and those beside it; null where it is of none. All are compared, in the same time.</summary>
    public static long? Find(ReadOnlySpan<byte> secret, string code, DateTimeOffset now)
    {
        long? found = null;
        Span<byte> given = stackalloc byte[Digits];
        if (code.Length != Digits || !code.All(char.IsAsciiDigit))
        {
            return null;
        }

        System.Text.Encoding.ASCII.GetBytes(code, given);
        var current = StepOf(now);
        for (var step = current - 1; step <= current + 1; step++)
        {
            if (CryptographicOperations.FixedTimeEquals(System.Text.Encoding.ASCII.GetBytes(Code(secret, step)), given))
            {
                found = step;
            }
        }

        return found;
    }

    /// <summary>A secret as people type it (RFC 4648, base32).</summary>
    public static string ToText(ReadOnlySpan<byte> secret)
    {
        var text = new System.Text.StringBuilder();
        var (bits, count) = (0, 0);
        foreach (var b in secret)
        {
            bits = (bits << 8) | b;
            for (count += 8; count >= 5; count -= 5)
            {
                text.Append(Base32[(bits >> (count - 5)) & 31]);
            }
        }

        return count == 0 ? text.ToString() : text.Append(Base32[(bits << (5 - count)) & 31]).ToString();
    }

    /// <summary>The address that apps read from a QR code (Google Authenticator's Key URI Format).</summary>
    public static string Address(string issuer, string account, ReadOnlySpan<byte> secret)
    {
        var name = Uri.EscapeDataString(issuer);
        return $"otpauth://totp/{name}:{Uri.EscapeDataString(account)}?secret={ToText(secret)}&issuer={name}&algorithm=SHA1&digits={Digits}&period={Period}";
    }
}
