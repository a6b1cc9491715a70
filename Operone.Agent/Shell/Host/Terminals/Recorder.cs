using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Operone.Core.Shell;

namespace Operone.Agent.Shell.Host.Terminals;

/// <summary>
/// Writes what happens in a terminal as asciicast v2 (docs.asciinema.org/manual/asciicast/v2): a header line, then a line an
/// event. What comes close together is one event. Lines are kept whole: the one that has no room any more ends the recording.
/// </summary>
internal sealed class Recorder
{
    private const int MaxBatchBytes = 64 * 1024;

    /// <summary>Bytes that stand in a JSON string as they are.</summary>
    private static readonly SearchValues<byte> _plain =
        SearchValues.Create([.. Enumerable.Range(0x20, 0x5f).Where(b => b is not ('"' or '\\')).Select(b => (byte)b)]);

    private readonly OutputWriter _output;
    private readonly TimeProvider _time;
    private readonly long _limitBytes;
    private readonly long _beganAt;
    private readonly byte[] _partOfCharacter = new byte[4];
    private byte[] _buffer = new byte[OutputLog.HeadBytes + 4096];
    private int _length = OutputLog.HeadBytes;
    private int _partLength;

    /// <summary>Begins a recording.</summary>
    public Recorder(OutputWriter output, long limitBytes, int columns, int rows, string command, string shell, TimeProvider time)
    {
        (_output, _time, _limitBytes, _beganAt) = (output, time, limitBytes, time.GetTimestamp());
        Append("""{"version": 2, "width": """);
        Append(columns.ToString(CultureInfo.InvariantCulture));
        Append(""", "height": """);
        Append(rows.ToString(CultureInfo.InvariantCulture));
        Append(""", "timestamp": """);
        Append(time.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture));
        Append($", \"command\": \"{JsonEncodedText.Encode(command)}\", \"env\": {{\"SHELL\": \"{JsonEncodedText.Encode(shell)}\", \"TERM\": \"xterm-256color\"}}}}\n");
    }

    /// <summary>Whether there is something to <see cref="Flush"/>.</summary>
    public bool HasNews => _length > OutputLog.HeadBytes;

    /// <summary>Why it records no more, in words; null while it does.</summary>
    public string? Problem { get; private set; }

    /// <summary>Records output.</summary>
    public void Output(ReadOnlySpan<byte> bytes)
    {
        // a character that is cut in two waits for its rest
        if (_partLength > 0)
        {
            bytes = (byte[])[.. _partOfCharacter.AsSpan(0, _partLength), .. bytes];
            _partLength = 0;
        }

        var cut = IncompleteTail(bytes);
        bytes[^cut..].CopyTo(_partOfCharacter);
        _partLength = cut;
        Event('o', bytes[..^cut]);
    }

    /// <summary>Records what was typed.</summary>
    public void Input(ReadOnlySpan<byte> bytes) => Event('i', bytes);

    /// <summary>Records a change of the size.</summary>
    public void Size(int columns, int rows) => Event('r', Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{columns}x{rows}")));

    /// <summary>Records a marker with a text: that somebody came or went.</summary>
    public void Marker(string text) => Event('m', Encoding.UTF8.GetBytes(text));

    /// <summary>Hands on what there is to the file. Gives whether a reader finds something new.</summary>
    public bool Flush()
    {
        var bytes = _length - OutputLog.HeadBytes;
        if (bytes == 0)
        {
            return false;
        }

        _length = OutputLog.HeadBytes;
        if (Problem is not null)
        {
            return false; // what comes after a gap is no recording of it
        }

        if (_output.StdoutBytes + bytes > _limitBytes)
        {
            Problem ??= string.Create(CultureInfo.InvariantCulture, $"the recording has reached its limit of {_limitBytes} bytes");
            return false;
        }

        var isNew = _output.Append(OutputStream.Stdout, _buffer, bytes);
        Problem ??= _output.Problem;
        return isNew;
    }

    /// <summary>Hands on the last of it: the beginning of a character too, whose rest has never come.</summary>
    public bool Finish()
    {
        Event('o', _partOfCharacter.AsSpan(0, _partLength));
        _partLength = 0;
        return Flush();
    }

    private void Event(char kind, ReadOnlySpan<byte> data)
    {
        if (Problem is not null || data.IsEmpty)
        {
            return;
        }

        // room for the worst: each byte as \u00xx
        while (!data.IsEmpty)
        {
            var now = data[..Math.Min(data.Length, 8192)];
            now = data.Length > now.Length ? now[..^IncompleteTail(now)] : now;
            data = data[now.Length..];
            Reserve((now.Length * 6) + 64);
            Append("[");
            Utf8Formatter.TryFormat(_time.GetElapsedTime(_beganAt).TotalSeconds, _buffer.AsSpan(_length), out var written, new StandardFormat('F', 6));
            _length += written;
            Append(", \"");
            Append([(byte)kind]);
            Append("\", \"");
            Escape(now);
            Append("\"]\n");
            if (_length > MaxBatchBytes)
            {
                Flush();
            }
        }
    }

    private void Escape(ReadOnlySpan<byte> data)
    {
        while (!data.IsEmpty)
        {
            var plain = data.IndexOfAnyExcept(_plain);
            plain = plain < 0 ? data.Length : plain;
            Append(data[..plain]);
            data = data[plain..];
            if (data.IsEmpty)
            {
                return;
            }

            if (data[0] < 0x80)
            {
                EscapeOne(data[0]);
                data = data[1..];
                continue;
            }

            var status = Rune.DecodeFromUtf8(data, out _, out var length);
            Append(status == OperationStatus.Done ? data[..length] : "\uFFFD"u8);
            data = data[Math.Max(1, length)..];
        }
    }

    private void EscapeOne(byte value)
    {
        switch (value)
        {
            case (byte)'\n':
                Append("\\n");
                break;
            case (byte)'\r':
                Append("\\r");
                break;
            case (byte)'"':
                Append("\\\"");
                break;
            case (byte)'\\':
                Append("\\\\");
                break;
            default:
                Append("\\u00");
                Append([(byte)"0123456789abcdef"[value >> 4], (byte)"0123456789abcdef"[value & 15]]);
                break;
        }
    }

    /// <summary>How many bytes at the end are the beginning of a character that is not whole.</summary>
    private static int IncompleteTail(ReadOnlySpan<byte> bytes)
    {
        for (var i = 1; i <= Math.Min(3, bytes.Length); i++)
        {
            var value = bytes[^i];
            if (value < 0x80)
            {
                return 0;
            }

            if (value >= 0xC0)
            {
                var needs = value >= 0xF0 ? 4 : value >= 0xE0 ? 3 : 2;
                return needs > i ? i : 0;
            }
        }

        return 0;
    }

    private void Append(string ascii)
    {
        Reserve(Encoding.UTF8.GetMaxByteCount(ascii.Length));
        _length += Encoding.UTF8.GetBytes(ascii, _buffer.AsSpan(_length));
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        Reserve(bytes.Length);
        bytes.CopyTo(_buffer.AsSpan(_length));
        _length += bytes.Length;
    }

    private void Reserve(int more)
    {
        if (_length + more > _buffer.Length)
        {
            Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, _length + more));
        }
    }
}
