using System.Text;
using System.Text.Unicode;
using UtfUnknown;

namespace Operone.Web.Files.Pages.Look;

/// <summary>How the bytes of a text are to be read.</summary>
/// <param name="Name">For people.</param>
/// <param name="Encoding">Reads and writes it; what it cannot read it shows as U+FFFD.</param>
/// <param name="Mark">How many bytes at the file's beginning only say so (a byte order mark).</param>
/// <param name="Unit">A window begins and ends at a multiple of so many bytes.</param>
internal sealed record TextKind(string Name, Encoding Encoding, int Mark, int Unit)
{
    // how sure the guess of an encoding must be; languages with letters of their own are told apart more easily
    private const float Sure = 0.6f;
    private const float SureOfLetters = 0.45f;

    private static readonly TextKind _utf8 = new("UTF-8", new UTF8Encoding(true), 0, 1);
    private static readonly TextKind _little = new("UTF-16 LE", new UnicodeEncoding(false, true), 0, 2);
    private static readonly TextKind _big = new("UTF-16 BE", new UnicodeEncoding(true, true), 0, 2);
    private static readonly TextKind _little4 = new("UTF-32 LE", new UTF32Encoding(false, true), 0, 4);
    private static readonly TextKind _big4 = new("UTF-32 BE", new UTF32Encoding(true, true), 0, 4);
    private static readonly TextKind _latin = new("Latin-1", Encoding.Latin1, 0, 1);
    private static readonly TextKind _windows = Of("Windows-1252", "windows-1252");

    /// <summary>Those one can choose by hand.</summary>
    public static IReadOnlyList<TextKind> All { get; } =
    [
        _utf8, _little, _big, _little4, _big4, _latin, _windows,
        Of("Latin-9 (ISO 8859-15)", "iso-8859-15"), Of("Central European (Windows-1250)", "windows-1250"), Of("Central European (ISO 8859-2)", "iso-8859-2"),
        Of("Cyrillic (Windows-1251)", "windows-1251"), Of("Cyrillic (KOI8-R)", "koi8-r"), Of("Ukrainian (KOI8-U)", "koi8-u"), Of("Cyrillic (ISO 8859-5)", "iso-8859-5"),
        Of("Cyrillic (DOS 866)", "cp866"), Of("Western (DOS 850)", "ibm850"), Of("Western (DOS 437)", "ibm437"), Of("Greek (Windows-1253)", "windows-1253"),
        Of("Greek (ISO 8859-7)", "iso-8859-7"), Of("Turkish (Windows-1254)", "windows-1254"), Of("Hebrew (Windows-1255)", "windows-1255"),
        Of("Arabic (Windows-1256)", "windows-1256"), Of("Baltic (Windows-1257)", "windows-1257"), Of("Vietnamese (Windows-1258)", "windows-1258"), Of("Thai (TIS-620)", "windows-874"),
        Of("Japanese (Shift-JIS)", "shift_jis"), Of("Japanese (EUC-JP)", "euc-jp"), Of("Japanese (ISO 2022-JP)", "iso-2022-jp"), Of("Chinese (GB18030)", "gb18030"),
        Of("Chinese (Big5)", "big5"), Of("Korean (EUC-KR)", "euc-kr"), Of("Western (Mac)", "macintosh"),
    ];

    /// <summary>Its name in an address.</summary>
    public string Key => Encoding.WebName;

    /// <summary>The one that was chosen by hand, with the mark that the file has; null where none was, or none that is known.</summary>
    public static TextKind? Named(string? key, ReadOnlySpan<byte> head)
    {
        foreach (var kind in All)
        {
            if (kind.Key == key)
            {
                var mark = kind.Encoding.GetPreamble();
                return mark.Length > 0 && head.StartsWith(mark) ? kind.Marked() : kind;
            }
        }

        return null;
    }

    /// <summary>Looks at the beginning of a file; null where it is no text.</summary>
    public static TextKind? Detect(ReadOnlySpan<byte> head)
    {
        // the longer marks first: one of them begins as a shorter one does
        foreach (var kind in (ReadOnlySpan<TextKind>)[_little4, _big4, _utf8, _little, _big])
        {
            if (head.StartsWith(kind.Encoding.GetPreamble()))
            {
                return kind.Marked();
            }
        }

        if (head.Contains((byte)0))
        {
            return Wide(head);
        }

        var odd = 0;
        foreach (var unit in head)
        {
            // what texts have of these are tabs, line ends, form feeds, and the escapes of a terminal's colours
            odd += unit < 0x20 && unit is not (0x09 or 0x0A or 0x0C or 0x0D or 0x1B or 0x08) ? 1 : 0;
        }

        if (odd * 50 > head.Length)
        {
            return null;
        }

        return head.IndexOf("\u001b$"u8) >= 0 && Guess(head) is var seven && seven.Key == "iso-2022-jp" ? seven
            : Utf8.IsValid(head[..WholeUtf8(head)]) ? _utf8 : odd > 0 ? null : Guess(head);
    }

    /// <summary>A file whose beginning says UTF-8 because it is all ASCII may go on otherwise: then what is looked at decides.</summary>
    public TextKind Confirm(ReadOnlySpan<byte> head, ReadOnlySpan<byte> window, long offset)
    {
        if (this != _utf8 || head.ContainsAnyExceptInRange((byte)0, (byte)0x7F))
        {
            return this;
        }

        var start = 0;
        while (offset > 0 && start < Math.Min(3, window.Length) && (window[start] & 0xC0) == 0x80)
        {
            start++;
        }

        window = window[start..];
        return Utf8.IsValid(window[..WholeUtf8(window)]) || window.Contains((byte)0) ? this : Guess(window);
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
        else if (Unit == 1 && !Encoding.IsSingleByte)
        {
            // one that is cut at its end is left out
            var decoder = Encoding.GetDecoder();
            var text = new char[Encoding.GetMaxCharCount(window.Length)];
            return new(text, 0, decoder.GetChars(window, text, flush: false));
        }

        return Encoding.GetString(window[..(window.Length / Unit * Unit)]);
    }

    /// <summary>A text as the file's bytes, with its mark.</summary>
    public byte[] Write(string text) => Mark == 0 ? Encoding.GetBytes(text) : [.. Encoding.GetPreamble(), .. Encoding.GetBytes(text)];

    /// <summary>The first character that cannot be written so; null where all can.</summary>
    public string? Foreign(string text)
    {
        if (Encoding is UTF8Encoding or UnicodeEncoding or UTF32Encoding)
        {
            return null;
        }

        // most can: what was written is read again, and only where it differs each is looked at
        if (Encoding.GetString(Encoding.GetBytes(text)) == text)
        {
            return null;
        }

        foreach (var rune in text.EnumerateRunes())
        {
            if (Encoding.GetString(Encoding.GetBytes(rune.ToString())) != rune.ToString())
            {
                return rune.ToString();
            }
        }

        return null;
    }

    private static TextKind Of(string name, string key) => new(name, CodePagesEncodingProvider.Instance.GetEncoding(key) ?? Encoding.GetEncoding(key), 0, 1);

    private TextKind Marked() => this with { Name = this == _utf8 ? "UTF-8 with a mark" : Name, Mark = Encoding.GetPreamble().Length };

    /// <summary>Whether two or four bytes make a character, where nothing says so: every other one of a text in a western language is zero.</summary>
    private static TextKind? Wide(ReadOnlySpan<byte> head)
    {
        Span<int> zeros = stackalloc int[4];
        head = head[..(head.Length & ~3)];
        for (var i = 0; i < head.Length; i++)
        {
            zeros[i & 3] += head[i] == 0 ? 1 : 0;
        }

        var most = head.Length / 4;
        return most == 0 ? null
            : zeros[3] == most && zeros[2] > most * 9 / 10 && zeros[0] == 0 ? _little4
            : zeros[0] == most && zeros[1] > most * 9 / 10 && zeros[3] == 0 ? _big4
            : zeros[0] + zeros[2] == 0 && zeros[1] + zeros[3] > most && IsText(head, 0) ? _little
            : zeros[1] + zeros[3] == 0 && zeros[0] + zeros[2] > most && IsText(head, 1) ? _big
            : null;
    }

    private static bool IsText(ReadOnlySpan<byte> head, int low)
    {
        for (var i = low; i < head.Length; i += 2)
        {
            if (head[i] < 0x20 && head[i ^ 1] == 0 && head[i] is not (0x09 or 0x0A or 0x0C or 0x0D))
            {
                return false;
            }
        }

        return true;
    }

    private static TextKind Guess(ReadOnlySpan<byte> bytes)
    {
        var found = CharsetDetector.DetectFromBytes(bytes.ToArray()).Detected;
        if (found is { Encoding: { } encoding } && found.Confidence >= (encoding.WebName is "windows-1251" or "koi8-r" or "cp866" or "iso-8859-5" ? SureOfLetters : Sure))
        {
            var key = encoding.WebName is "gb2312" or "hz-gb-2312" or "gbk" ? "gb18030" : encoding.WebName;
            foreach (var kind in All)
            {
                if (kind.Key == key && kind != _latin && kind != _windows && kind != _utf8)
                {
                    return kind;
                }
            }
        }

        return bytes.ContainsAnyInRange((byte)0x80, (byte)0x9F) ? _windows : _latin;
    }

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
