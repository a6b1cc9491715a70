using System.Buffers;
using System.Text;
using Operone.Core.Files;
using Operone.Core.Files.Search;

namespace Operone.Disk.Search;

/// <summary>Finds the lines of a file that have what is looked for. What it holds at once is a line, or a mebibyte of one.</summary>
internal sealed class LineFinder : IDisposable
{
    private const int WindowBytes = 256 * 1024;

    /// <summary>A line of more bytes is looked at in pieces of so many.</summary>
    public const int MaxLineBytes = 1024 * 1024;

    private readonly TextPattern _pattern;
    private readonly byte[]? _bytes;
    private readonly byte[]? _latin;
    private readonly SearchValues<string>? _folded;
    private byte[] _window = ArrayPool<byte>.Shared.Rent(WindowBytes);
    private char[] _text = ArrayPool<char>.Shared.Rent(WindowBytes);

    /// <summary>One for a pattern.</summary>
    public LineFinder(TextPattern pattern)
    {
        _pattern = pattern;
        if (pattern.Query.IsRegex)
        {
            return;
        }

        var isAscii = Ascii.IsValid(pattern.Text);
        if (!pattern.Query.IgnoreCase)
        {
            _bytes = Encoding.UTF8.GetBytes(pattern.Text);
            _latin = !isAscii && pattern.Text.All(c => c <= 0xFF) ? Encoding.Latin1.GetBytes(pattern.Text) : null;
        }
        else if (isAscii)
        {
            _folded = SearchValues.Create([pattern.Text], StringComparison.OrdinalIgnoreCase);
        }
    }

    /// <summary>Finds them, one after the other, until <paramref name="found"/> says that it has enough. Gives how many bytes were looked at; null where it is no text.</summary>
    public long? Find(IDiskFile file, Func<FileMatch, bool> found, CancellationToken cancel)
    {
        var (have, read, isEnd) = (0, 0L, false);
        State? state = null;
        while (true)
        {
            while (have < _window.Length && !isEnd)
            {
                cancel.ThrowIfCancellationRequested();
                var count = file.Read(_window.AsSpan(have), read);
                (have, read, isEnd) = (have + count, read + count, count == 0);
            }

            if (state is null)
            {
                var (encoding, mark) = FileText.Of(_window.AsSpan(0, have));
                if (encoding == TextEncoding.None)
                {
                    return null;
                }

                state = new State(encoding, found);
                Drop(mark);
            }

            var window = _window.AsSpan(0, have);
            var end = isEnd ? have : LastLineEnd(window, state.Encoding);
            var isPiece = end == 0 && !isEnd;
            if (isPiece && _window.Length < MaxLineBytes)
            {
                Grow();
                continue;
            }

            end = isPiece ? PieceEnd(window, state.Encoding) : end;
            if (!Lines(window[..end], state, isPiece) || isEnd)
            {
                return read;
            }

            Drop(end);
        }

        void Drop(int count)
        {
            _window.AsSpan(count, have - count).CopyTo(_window);
            have -= count;
            state!.Offset += count;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_window);
        ArrayPool<char>.Shared.Return(_text);
        (_window, _text) = ([], []);
    }

    private void Grow()
    {
        var larger = ArrayPool<byte>.Shared.Rent(_window.Length * 2);
        _window.CopyTo(larger, 0);
        ArrayPool<byte>.Shared.Return(_window);
        _window = larger;
    }

    /// <summary>Looks at whole lines, or at a piece of one.</summary>
    private bool Lines(ReadOnlySpan<byte> bytes, State state, bool isPiece)
    {
        var (at, counted) = (0, 0);
        while (at < bytes.Length)
        {
            var begin = at;
            if (state.Encoding == TextEncoding.Bytes)
            {
                var candidate = Candidate(bytes[at..]);
                if (candidate < 0)
                {
                    break;
                }

                begin += bytes.Slice(at, candidate).LastIndexOf((byte)'\n') + 1;
            }

            var length = LineLength(bytes[begin..], state.Encoding);
            state.Line += Count(bytes[counted..begin], state.Encoding);
            counted = begin;
            if (!Line(bytes.Slice(begin, length), state, begin))
            {
                return false;
            }

            at = begin + length + (state.Encoding == TextEncoding.Bytes ? 1 : 2);
        }

        state.Line += Count(bytes[counted..], state.Encoding);
        state.Carried = isPiece ? state.Carried + CharsOf(bytes, state.Encoding) : 0;
        return true;
    }

    private bool Line(ReadOnlySpan<byte> bytes, State state, int begin)
    {
        if (_text.Length < bytes.Length)
        {
            ArrayPool<char>.Shared.Return(_text);
            _text = ArrayPool<char>.Shared.Rent(bytes.Length);
        }

        var line = _text.AsSpan(0, FileText.Decode(bytes, state.Encoding, _text, out var isLatin));
        line = line is [.., '\r'] ? line[..^1] : line;
        var at = _pattern.Find(line, out var length);
        if (at < 0)
        {
            return true;
        }

        var (text, cut) = Show(line, at, length);
        return state.Found(new FileMatch(
            "", FileKind.File, state.Line, (begin == 0 ? state.Carried : 0) + at + 1, length, state.Offset + begin + FileText.BytesOf(line[..at], state.Encoding, isLatin), text,
            cut == 0 ? null : cut));
    }

    /// <summary>The line, cut so that what was found is in it.</summary>
    private static (string Text, int Cut) Show(ReadOnlySpan<char> line, int at, int length)
    {
        const int Before = 60;
        var from = at + length <= FileQueryLimits.ShownText ? 0 : Math.Max(0, at - Before);
        from = from > 0 && char.IsLowSurrogate(line[from]) ? from - 1 : from;
        var shown = line.Slice(from, Math.Min(FileQueryLimits.ShownText, line.Length - from));
        shown = shown.Length == FileQueryLimits.ShownText && char.IsHighSurrogate(shown[^1]) ? shown[..^1] : shown;
        return (FileText.Clean(shown), from);
    }

    /// <summary>Where a line may be that has it; what is before it has not. -1 where none may be.</summary>
    private int Candidate(ReadOnlySpan<byte> bytes)
    {
        if (_bytes is not null)
        {
            var at = bytes.IndexOf(_bytes);
            var other = _latin is null ? -1 : (at < 0 ? bytes : bytes[..at]).IndexOf(_latin);
            return other >= 0 ? other : at;
        }

        if (_folded is null)
        {
            return 0;
        }

        // a byte a character: ASCII is the same in UTF-8 and Latin-1
        const int Piece = 32 * 1024;
        for (var from = 0; from < bytes.Length; from += Piece)
        {
            var piece = bytes.Slice(from, Math.Min(Piece + _pattern.Text.Length - 1, bytes.Length - from));
            if (_text.Length < piece.Length)
            {
                ArrayPool<char>.Shared.Return(_text);
                _text = ArrayPool<char>.Shared.Rent(piece.Length);
            }

            var text = _text.AsSpan(0, Encoding.Latin1.GetChars(piece, _text));
            if (text.IndexOfAny(_folded) is var at and >= 0)
            {
                return from + at;
            }
        }

        return -1;
    }

    private static int CharsOf(ReadOnlySpan<byte> bytes, TextEncoding encoding) =>
        encoding != TextEncoding.Bytes ? bytes.Length / 2 : System.Text.Unicode.Utf8.IsValid(bytes) ? Encoding.UTF8.GetCharCount(bytes) : bytes.Length;

    /// <summary>Where a piece of a line ends, so that no character is cut.</summary>
    private static int PieceEnd(ReadOnlySpan<byte> bytes, TextEncoding encoding)
    {
        var end = bytes.Length & ~1;
        for (var back = 1; encoding == TextEncoding.Bytes && back <= 4; back++)
        {
            if ((bytes[end - back] & 0xC0) != 0x80)
            {
                return bytes[end - back] >= 0xC0 ? end - back : end;
            }
        }

        return end;
    }

    private static int Count(ReadOnlySpan<byte> bytes, TextEncoding encoding)
    {
        if (encoding == TextEncoding.Bytes)
        {
            return bytes.Count((byte)'\n');
        }

        var count = 0;
        for (int at; (at = LineLength(bytes, encoding)) < bytes.Length; bytes = bytes[Math.Min(bytes.Length, at + 2)..])
        {
            count++;
        }

        return count;
    }

    /// <summary>How many bytes there are up to the end of the line.</summary>
    private static int LineLength(ReadOnlySpan<byte> bytes, TextEncoding encoding)
    {
        if (encoding == TextEncoding.Bytes)
        {
            return bytes.IndexOf((byte)'\n') is var end and >= 0 ? end : bytes.Length;
        }

        ReadOnlySpan<byte> mark = encoding == TextEncoding.Little ? [(byte)'\n', 0] : [0, (byte)'\n'];
        for (var from = 0; bytes[from..].IndexOf(mark) is var at and >= 0; from += at + 1)
        {
            if ((from + at) % 2 == 0)
            {
                return from + at;
            }
        }

        return bytes.Length;
    }

    /// <summary>How many bytes there are up to the end of the last whole line, with its end; 0 where there is none.</summary>
    private static int LastLineEnd(ReadOnlySpan<byte> bytes, TextEncoding encoding)
    {
        if (encoding == TextEncoding.Bytes)
        {
            return bytes.LastIndexOf((byte)'\n') + 1;
        }

        ReadOnlySpan<byte> mark = encoding == TextEncoding.Little ? [(byte)'\n', 0] : [0, (byte)'\n'];
        while (bytes.LastIndexOf(mark) is var at and >= 0)
        {
            if (at % 2 == 0)
            {
                return at + 2;
            }

            bytes = bytes[..(at + 1)];
        }

        return 0;
    }

    /// <summary>Where in a file it is.</summary>
    private sealed class State(TextEncoding encoding, Func<FileMatch, bool> found)
    {
        public TextEncoding Encoding => encoding;

        public Func<FileMatch, bool> Found => found;

        /// <summary>The byte of the file at which the window begins.</summary>
        public long Offset { get; set; }

        /// <summary>The line.</summary>
        public long Line { get; set; } = 1;

        /// <summary>How many characters of the line were looked at as pieces before.</summary>
        public int Carried { get; set; }
    }
}
