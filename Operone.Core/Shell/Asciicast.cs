using System.Text.Json;

namespace Operone.Core.Shell;

/// <summary>What an event of a recording is.</summary>
public enum AsciicastEventKind
{
    /// <summary>Something was printed.</summary>
    Output,
    /// <summary>Something was typed.</summary>
    Input,
    /// <summary>The size changed: <c>80x24</c>.</summary>
    Resize,
    /// <summary>Something else: a mark, or what later versions add.</summary>
    Other,
}

/// <summary>An event of a recording.</summary>
/// <param name="At">Seconds from the beginning; never less than that of the event before.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Data">Its text.</param>
public readonly record struct AsciicastEvent(double At, AsciicastEventKind Kind, string Data);

/// <summary>
/// Reads a recording in asciicast v2 (https://docs.asciinema.org/manual/asciicast/v2/) piece by piece, in bounded memory and
/// without trust: a line that is no event (cut short, binary, endless) is left out and counted, and what comes after is read.
/// </summary>
public sealed class AsciicastDecoder
{
    /// <summary>The longest line that is read, in bytes.</summary>
    public const int MaxLineBytes = 4 * 1024 * 1024;

    private const double MaxSeconds = 10 * 365 * 24 * 3600d;

    private readonly Queue<AsciicastEvent> _events = [];
    private byte[] _line = new byte[4096];
    private int _length;
    private bool _isSkipping;
    private bool _isHeaderRead;
    private double _at;

    /// <summary>The width when it began; 0 where nothing says so.</summary>
    public int Columns { get; private set; }

    /// <summary>The height when it began; 0 where nothing says so.</summary>
    public int Rows { get; private set; }

    /// <summary>How many lines could not be read.</summary>
    public long Broken { get; private set; }

    /// <summary>Takes the next bytes. Take what <see cref="TryRead"/> gives before the next.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var end = bytes.IndexOf((byte)'\n');
            Keep(end < 0 ? bytes : bytes[..end]);
            if (end < 0)
            {
                return;
            }

            EndLine();
            bytes = bytes[(end + 1)..];
        }
    }

    /// <summary>Nothing comes any more: reads a last line that has no end.</summary>
    public void Complete() => EndLine();

    /// <summary>The next event, where there is one already.</summary>
    public bool TryRead(out AsciicastEvent found) => _events.TryDequeue(out found);

    private void Keep(ReadOnlySpan<byte> bytes)
    {
        if (_isSkipping)
        {
            return;
        }

        if (_length + bytes.Length > MaxLineBytes)
        {
            _isSkipping = true;
            return;
        }

        if (_length + bytes.Length > _line.Length)
        {
            Array.Resize(ref _line, Math.Max(_line.Length * 2, _length + bytes.Length));
        }

        bytes.CopyTo(_line.AsSpan(_length));
        _length += bytes.Length;
    }

    private void EndLine()
    {
        var line = _line.AsSpan(0, _length);
        var wasSkipped = _isSkipping;
        (_length, _isSkipping) = (0, false);
        if (wasSkipped)
        {
            Broken++;
        }
        else if (!line.Trim((ReadOnlySpan<byte>)" \r\t"u8).IsEmpty && !TryReadLine(line))
        {
            Broken++;
        }
    }

    private bool TryReadLine(ReadOnlySpan<byte> line)
    {
        try
        {
            var json = new Utf8JsonReader(line, new JsonReaderOptions { MaxDepth = 8 });
            if (!json.Read())
            {
                return false;
            }

            if (!_isHeaderRead && json.TokenType == JsonTokenType.StartObject)
            {
                _isHeaderRead = true;
                return TryReadHeader(ref json);
            }

            return TryReadEvent(ref json);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            // no JSON, or a text that is no UTF-8
            return false;
        }
    }

    private bool TryReadHeader(ref Utf8JsonReader json)
    {
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var isColumns = json.ValueTextEquals("width"u8);
            var isRows = json.ValueTextEquals("height"u8);
            json.Read();
            if ((isColumns || isRows) && json.TokenType == JsonTokenType.Number && json.TryGetInt32(out var side))
            {
                side = Math.Clamp(side, 0, TerminalLimits.MaxSide);
                (Columns, Rows) = isColumns ? (side, Rows) : (Columns, side);
            }

            json.Skip();
        }

        return true;
    }

    private bool TryReadEvent(ref Utf8JsonReader json)
    {
        if (json.TokenType != JsonTokenType.StartArray || !json.Read() || json.TokenType != JsonTokenType.Number || !json.TryGetDouble(out var at)
            || !json.Read() || json.TokenType != JsonTokenType.String)
        {
            return false;
        }

        var kind = json.ValueTextEquals("o"u8) ? AsciicastEventKind.Output
            : json.ValueTextEquals("i"u8) ? AsciicastEventKind.Input
            : json.ValueTextEquals("r"u8) ? AsciicastEventKind.Resize
            : AsciicastEventKind.Other;
        if (!json.Read() || json.TokenType != JsonTokenType.String)
        {
            return false;
        }

        var data = json.GetString()!;
        if (!json.Read() || json.TokenType != JsonTokenType.EndArray || json.Read() || !double.IsFinite(at))
        {
            return false;
        }

        _at = Math.Clamp(at, _at, Math.Max(_at, MaxSeconds));
        _events.Enqueue(new(_at, kind, data));
        return true;
    }
}
