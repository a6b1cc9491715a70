using System.Buffers;
using System.Text;
using Operone.Core.Shell;

namespace Operone.Agent.Cli.Operator;

/// <summary>Where the output of a run's devices goes.</summary>
internal interface IRunOutput
{
    /// <summary>Takes bytes of a device, in order.</summary>
    void Write(string device, OutputStream stream, ReadOnlySpan<byte> data);

    /// <summary>Nothing more comes: writes what is still held back.</summary>
    void Complete();
}

/// <summary>Output that nobody wants to see.</summary>
internal sealed class NoOutput : IRunOutput
{
    public void Write(string device, OutputStream stream, ReadOnlySpan<byte> data)
    {
    }

    public void Complete()
    {
    }
}

/// <summary>Of one device: the bytes as they are.</summary>
/// <param name="stdout">Where its standard output goes.</param>
/// <param name="stderr">Where its standard error goes.</param>
internal sealed class RawOutput(Stream? stdout, Stream? stderr) : IRunOutput
{
    public void Write(string device, OutputStream stream, ReadOnlySpan<byte> data) =>
        (stream == OutputStream.Stderr ? stderr : stdout)?.Write(data);

    public void Complete()
    {
    }
}

/// <summary>Of a pipeline: the last stage's standard output as it is, and everybody's standard error after their names.</summary>
internal sealed class PipelineOutput(IReadOnlyList<ExecutionView> stages, CliContext cli) : IRunOutput
{
    private readonly string _last = Name(stages[^1].Stage ?? 0, stages[^1].DeviceName);
    private readonly PrefixedOutput _errors = new(stages.Select(s => Name(s.Stage ?? 0, s.DeviceName)), null, cli.Error, false, cli.ErrorHasColour);

    /// <summary>What a stage is called: two may be on one device.</summary>
    public static string Name(int stage, string device) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{stage + 1} {device}");

    public void Write(string device, OutputStream stream, ReadOnlySpan<byte> data)
    {
        if (stream == OutputStream.Stderr)
        {
            _errors.Write(device, stream, data);
        }
        else if (device == _last)
        {
            cli.Output.Write(data);
        }
    }

    public void Complete() => _errors.Complete();
}

/// <summary>
/// Of several devices: whole lines, each after its device's name. What a device has begun to write waits for the end
/// of its line, so that lines never mix; a line longer than <see cref="MaxLineBytes"/> is broken, so that one without
/// an end does not fill the memory.
/// </summary>
internal sealed class PrefixedOutput : IRunOutput
{
    /// <summary>The longest line kept together, in bytes.</summary>
    public const int MaxLineBytes = 16 * 1024;

    private const int MaxPadding = 32;

    // of the sixteen standard ones those that are readable on light and on dark, red left out: it means failure
    private static readonly string[] Colours = ["36", "33", "35", "32", "34", "96", "93", "95", "92", "94"];

    private readonly Dictionary<(string Device, OutputStream Stream), Line> _lines = [];
    private readonly Dictionary<string, int> _order = new(StringComparer.Ordinal);
    private readonly Stream? _stdout;
    private readonly Stream? _stderr;
    private readonly bool _stdoutColour;
    private readonly bool _stderrColour;
    private readonly int _width;

    public PrefixedOutput(IEnumerable<string> devices, Stream? stdout, Stream? stderr, bool stdoutColour, bool stderrColour)
    {
        (_stdout, _stderr, _stdoutColour, _stderrColour) = (stdout, stderr, stdoutColour, stderrColour);
        foreach (var device in devices)
        {
            _order.TryAdd(device, _order.Count);
            _width = Math.Max(_width, Math.Min(device.Length, MaxPadding));
        }
    }

    public void Write(string device, OutputStream stream, ReadOnlySpan<byte> data)
    {
        var to = stream == OutputStream.Stderr ? _stderr : _stdout;
        if (to is null)
        {
            return;
        }

        if (!_lines.TryGetValue((device, stream), out var line))
        {
            var colour = stream == OutputStream.Stderr ? _stderrColour : _stdoutColour;
            _lines[(device, stream)] = line = new Line(Prefix(device, colour));
        }

        line.Add(data, to);
    }

    public void Complete()
    {
        foreach (var ((_, stream), line) in _lines)
        {
            if ((stream == OutputStream.Stderr ? _stderr : _stdout) is { } to)
            {
                line.Complete(to);
            }
        }
    }

    private byte[] Prefix(string device, bool colour)
    {
        _order.TryAdd(device, _order.Count);
        var text = CliContext.Plain(device).PadRight(_width) + " | ";

        // "0;" first: a colour that a device left on must not run into the next line
        return Encoding.UTF8.GetBytes(colour ? $"\e[0;{Colours[_order[device] % Colours.Length]}m{text}\e[0m" : text);
    }

    /// <summary>A line in the making, after its prefix. The buffer grows with what it holds and is let go after a long line.</summary>
    private sealed class Line(byte[] prefix)
    {
        private const int SmallBytes = 1024;

        private byte[] _held = [];
        private int _length;

        public void Add(ReadOnlySpan<byte> data, Stream to)
        {
            // the complete lines of one piece go out in one write
            var ready = new ArrayBufferWriter<byte>();
            while (data.Length > 0)
            {
                var end = data.IndexOf((byte)'\n');
                var take = Math.Min(end < 0 ? data.Length : end, MaxLineBytes - _length);
                Hold(data[..take]);
                data = data[take..];
                if (data.Length > 0)
                {
                    // a line feed, or no room for more
                    data = data[0] == (byte)'\n' ? data[1..] : data;
                    Emit(ready);
                }
            }

            if (ready.WrittenCount > 0)
            {
                to.Write(ready.WrittenSpan);
            }
        }

        public void Complete(Stream to)
        {
            if (_length > 0)
            {
                var ready = new ArrayBufferWriter<byte>();
                Emit(ready);
                to.Write(ready.WrittenSpan);
            }
        }

        private void Hold(ReadOnlySpan<byte> data)
        {
            if (_held.Length < _length + data.Length)
            {
                Array.Resize(ref _held, Math.Min(MaxLineBytes, Math.Max(128, 2 * (_length + data.Length))));
            }

            data.CopyTo(_held.AsSpan(_length));
            _length += data.Length;
        }

        private void Emit(ArrayBufferWriter<byte> ready)
        {
            ready.Write(prefix);
            ready.Write(_held.AsSpan(0, _length));
            ready.Write("\n"u8);
            _length = 0;
            if (_held.Length > SmallBytes)
            {
                _held = [];
            }
        }
    }
}
