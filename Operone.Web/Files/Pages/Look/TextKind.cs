using System.Text;

namespace Operone.Web.Files.Pages.Look;

/// <summary>How the bytes of a text are to be read.</summary>
/// <param name="Name">For people.</param>
/// <param name="Encoding">Reads and writes it; what it cannot read it shows as U+FFFD.</param>
/// <param name="Mark">How many bytes at the file's beginning only say so (a byte order mark).</param>
/// <param name="Unit">A window begins and ends at a multiple of so many bytes.</param>
internal sealed record TextKind(string Name, Encoding Encoding, int Mark, int Unit)
{
    private static readonly TextKind _utf8 = new("UTF-8", new UTF8Encoding(false), 0, 1);
    private static readonly TextKind _marked = new("UTF-8 with a mark", new UTF8Encoding(true), 3, 1);
    private static readonly TextKind _little = new("UTF-16 LE", new UnicodeEncoding(false, true), 2, 2);
    private static readonly TextKind _big = new("UTF-16 BE", new UnicodeEncoding(true, true), 2, 2);
    private static readonly TextKind _latin = new("Latin-1", Encoding.Latin1, 0, 1);

    /// <summary>Looks at the beginning of a file; null where it is no text.</summary>
    public static TextKind? Detect(ReadOnlySpan<byte> head)
    {
        if (head.StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF]))
        {
            return _marked;
        }

        if (head.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE]))
        {
            return _little;
        }

        if (head.StartsWith((ReadOnlySpan<byte>)[0xFE, 0xFF]))
        {
            return _big;
        }

        var odd = 0;
        foreach (var unit in head)
        {
            if (unit == 0)
            {
                return null;
            }

            // what texts have of these are tabs, line ends, form feeds, and the escapes of a terminal's colours
            odd += unit < 0x20 && unit is not (0x09 or 0x0A or 0x0C or 0x0D or 0x1B or 0x08) ? 1 : 0;
        }

        if (odd * 50 > head.Length)
        {
            return null;
        }

        return System.Text.Unicode.Utf8.IsValid(head[..WholeUtf8(head)]) ? _utf8 : odd > 0 ? null : _latin;
    }

    /// <summary>Reads a window of the file that begins at <paramref name="offset"/>; what is cut off at its ends is left out.</summary>
    public string Read(ReadOnlySpan<byte> window, long offset)
    {
        if (offset == 0)
        {
            window = window[Math.Min(Mark, window.Length)..];
        }

        if (Encoding is UTF8Encoding)
        {
            var start = 0;
            while (offset > 0 && start < Math.Min(3, window.Length) && (window[start] & 0xC0) == 0x80)
            {
                start++;
            }

            window = window[start..];
            window = window[..WholeUtf8(window)];
        }
        else if (Unit == 2)
        {
            window = window[..(window.Length & ~1)];
        }

        return Encoding.GetString(window);
    }

    /// <summary>A text as the file's bytes, with its mark.</summary>
    public byte[] Write(string text) => Mark == 0 ? Encoding.GetBytes(text) : [.. Encoding.GetPreamble(), .. Encoding.GetBytes(text)];

    /// <summary>Whether everything in the text can be written so.</summary>
    public bool CanWrite(string text) => this != _latin || text.All(c => c <= 0xFF);

    /// <summary>How many bytes are whole characters: at the end of a window one may be cut.</summary>
    private static int WholeUtf8(ReadOnlySpan<byte> bytes)
    {
        for (var back = 1; back <= Math.Min(3, bytes.Length); back++)
        {
            var unit = bytes[^back];
            if ((unit & 0xC0) == 0x80)
            {
                continue;
            }

            var length = unit >= 0xF0 ? 4 : unit >= 0xE0 ? 3 : unit >= 0xC0 ? 2 : 1;
            return length > back ? bytes.Length - back : bytes.Length;
        }

        return bytes.Length;
    }
}
