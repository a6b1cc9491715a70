using System.Text;

namespace Operone.Disk.Search;

/// <summary>How the bytes of a file are text.</summary>
internal enum TextEncoding
{
    /// <summary>UTF-8; a line that is none is Latin-1.</summary>
    Bytes,

    /// <summary>UTF-16, the lower byte first.</summary>
    Little,

    /// <summary>UTF-16, the upper byte first.</summary>
    Big,

    /// <summary>No text.</summary>
    None,
}

/// <summary>Reads bytes as text.</summary>
internal static class FileText
{
    /// <summary>How many bytes at the beginning are looked at for NUL, as git does it.</summary>
    private const int ProbeBytes = 8000;

    private static readonly UTF8Encoding _strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>What a file is, by its first bytes, and how many of these are a mark and no text.</summary>
    public static (TextEncoding Encoding, int Mark) Of(ReadOnlySpan<byte> first) => first switch
    {
        [0xFF, 0xFE, 0, 0, ..] => (TextEncoding.None, 0), // UTF-32
        [0xFF, 0xFE, ..] => (TextEncoding.Little, 2),
        [0xFE, 0xFF, ..] => (TextEncoding.Big, 2),
        _ when first[..Math.Min(ProbeBytes, first.Length)].Contains((byte)0) => (TextEncoding.None, 0),
        [0xEF, 0xBB, 0xBF, ..] => (TextEncoding.Bytes, 3),
        _ => (TextEncoding.Bytes, 0),
    };

    /// <summary>Reads a line. Gives how many characters it has, and whether each of them was one byte.</summary>
    public static int Decode(ReadOnlySpan<byte> line, TextEncoding encoding, Span<char> to, out bool isLatin)
    {
        isLatin = false;
        switch (encoding)
        {
            case TextEncoding.Little:
                return Encoding.Unicode.GetChars(line, to);
            case TextEncoding.Big:
                return Encoding.BigEndianUnicode.GetChars(line, to);
            default:
                isLatin = !System.Text.Unicode.Utf8.IsValid(line);
                return isLatin ? Encoding.Latin1.GetChars(line, to) : _strict.GetChars(line, to);
        }
    }

    /// <summary>How many bytes the first characters of a line are.</summary>
    public static int BytesOf(ReadOnlySpan<char> text, TextEncoding encoding, bool isLatin) =>
        encoding is TextEncoding.Little or TextEncoding.Big ? text.Length * 2 : isLatin ? text.Length : Encoding.UTF8.GetByteCount(text);

    /// <summary>Text that JSON takes: halves of characters are shown as U+FFFD.</summary>
    public static string Clean(ReadOnlySpan<char> text)
    {
        if (text.IndexOfAnyInRange('\uD800', '\uDFFF') < 0)
        {
            return text.ToString();
        }

        var clean = text.ToArray();
        for (var i = 0; i < clean.Length; i++)
        {
            if (char.IsHighSurrogate(clean[i]) && i + 1 < clean.Length && char.IsLowSurrogate(clean[i + 1]))
            {
                i++;
            }
            else if (char.IsSurrogate(clean[i]))
            {
                clean[i] = '\uFFFD';
            }
        }

        return new string(clean);
    }
}
