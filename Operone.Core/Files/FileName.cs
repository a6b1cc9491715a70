using System.Buffers;
using System.Globalization;
using System.Text;

namespace Operone.Core.Files;

/// <summary>
/// Names of files as text that loses nothing. On Unix a name is any bytes but 0 and <c>/</c>; those that are not UTF-8 are held as lone
/// surrogates, U+DC80 to U+DCFF for the bytes 0x80 to 0xFF (as Python's PEP 383 does), so that each name comes back as it was.
/// </summary>
public static class FileName
{
    /// <summary>The longest name, in bytes: what Linux, macOS and Windows' file systems take.</summary>
    public const int MaxBytes = 255;

    private const char Low = '\uDC00';

    // RFC 3986's pchar without ':' (a drive's colon is kept by who writes one), and without what a shell or a browser would take otherwise
    private static readonly SearchValues<char> _plain = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=@:");

    /// <summary>A name from its bytes.</summary>
    public static string FromBytes(ReadOnlySpan<byte> bytes)
    {
        if (System.Text.Unicode.Utf8.IsValid(bytes))
        {
            return Encoding.UTF8.GetString(bytes);
        }

        var text = new StringBuilder(bytes.Length);
        while (!bytes.IsEmpty)
        {
            if (Rune.DecodeFromUtf8(bytes, out var rune, out var used) == OperationStatus.Done)
            {
                text.Append(rune.ToString());
            }
            else
            {
                used = 1;
                text.Append((char)(Low + bytes[0]));
            }

            bytes = bytes[used..];
        }

        return text.ToString();
    }

    /// <summary>The bytes of a name.</summary>
    public static byte[] ToBytes(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var bytes = new ArrayBufferWriter<byte>(name.Length + 8);
        Write(bytes, name);
        return bytes.WrittenSpan.ToArray();
    }

    /// <summary>A name for people: what is not UTF-8, and every character that moves or hides text, is shown as U+FFFD.</summary>
    public static string Display(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return string.Create(name.Length, name, static (shown, name) =>
        {
            for (var i = 0; i < name.Length; i++)
            {
                var isPair = i > 0 && char.IsSurrogatePair(name[i - 1], name[i]);
                shown[i] = char.IsControl(name[i]) || IsBidi(name[i]) || (char.IsSurrogate(name[i]) && !isPair && !(i + 1 < name.Length && char.IsSurrogatePair(name[i], name[i + 1])))
                    ? '\uFFFD'
                    : name[i];
            }
        });
    }

    /// <summary>A name as a segment of an address (RFC 3986): its bytes, percent-encoded where they must be.</summary>
    public static string ToSegment(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (name.AsSpan().IndexOfAnyExcept(_plain) < 0)
        {
            return name;
        }

        var text = new StringBuilder(name.Length + 16);
        foreach (var unit in ToBytes(name))
        {
            if (unit < 0x80 && _plain.Contains((char)unit))
            {
                text.Append((char)unit);
            }
            else
            {
                text.Append('%').Append(unit.ToString("X2", CultureInfo.InvariantCulture));
            }
        }

        return text.ToString();
    }

    /// <summary>A name from a segment of an address; null where a percent sign is followed by no two hexadecimal digits.</summary>
    public static string? FromSegment(ReadOnlySpan<char> segment)
    {
        if (segment.IndexOf('%') < 0)
        {
            return segment.ToString();
        }

        var bytes = new ArrayBufferWriter<byte>(segment.Length);
        while (!segment.IsEmpty)
        {
            if (segment[0] != '%')
            {
                var plain = segment.IndexOf('%') is var at && at < 0 ? segment : segment[..at];
                Write(bytes, plain);
                segment = segment[plain.Length..];
                continue;
            }

            if (segment.Length < 3 || !byte.TryParse(segment.Slice(1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value))
            {
                return null;
            }

            bytes.Write([value]);
            segment = segment[3..];
        }

        return FromBytes(bytes.WrittenSpan);
    }

    /// <summary>What is wrong with a name for any file system, in words; null where nothing is.</summary>
    public static string? Check(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name switch
        {
            "" => "is empty",
            "." or ".." => $"'{name}' is not a name",
            _ when name.Contains('\0', StringComparison.Ordinal) => "has a NUL character",
            _ when name.Contains('/', StringComparison.Ordinal) => "has a slash",
            _ when ByteCount(name) > MaxBytes => $"is longer than {MaxBytes} bytes",
            _ => null,
        };
    }

    private static int ByteCount(string name) => name.Length * 3 <= MaxBytes ? name.Length : ToBytes(name).Length;

    // U+202A..U+202E and U+2066..U+2069 turn the direction of what follows
    private static bool IsBidi(char c) => c is >= '\u202A' and <= '\u202E' or >= '\u2066' and <= '\u2069' or '\u200E' or '\u200F';

    private static void Write(ArrayBufferWriter<byte> to, ReadOnlySpan<char> name)
    {
        while (!name.IsEmpty)
        {
            var escaped = name.IndexOfAnyInRange('\uDC80', '\uDCFF');
            while (escaped > 0 && char.IsHighSurrogate(name[escaped - 1]))
            {
                // half of a character, not a byte
                var next = name[(escaped + 1)..].IndexOfAnyInRange('\uDC80', '\uDCFF');
                escaped = next < 0 ? -1 : escaped + 1 + next;
            }

            var valid = escaped < 0 ? name : name[..escaped];
            Encoding.UTF8.GetBytes(valid, to);
            if (escaped < 0)
            {
                return;
            }

            to.Write([(byte)(name[escaped] - Low)]);
            name = name[(escaped + 1)..];
        }
    }
}
