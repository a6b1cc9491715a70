using Operone.Core;

namespace Operone.Agent.Cli.Operator.Files;

/// <summary>One line on standard error that says how far it is: only where that is a terminal.</summary>
internal sealed class Progress : IDisposable
{
    private static readonly TimeSpan Often = TimeSpan.FromMilliseconds(250);

    private readonly CliContext _cli;
    private readonly Lock _lock = new();
    private readonly ITimer? _timer;
    private readonly long _start;
    private readonly long _bytes;
    private readonly int _files;
    private long _moved;
    private int _done;
    private double _speed;
    private (long At, long Moved) _last;
    private bool _isShown;

    /// <summary>Begins.</summary>
    /// <param name="cli">Where it is shown.</param>
    /// <param name="isQuiet">Whether it is not.</param>
    /// <param name="bytes">How many there are to move.</param>
    /// <param name="files">How many files.</param>
    public Progress(CliContext cli, bool isQuiet, long bytes, int files)
    {
        (_cli, _bytes, _files, _start) = (cli, bytes, files, cli.Time.GetTimestamp());
        _last = (_start, 0);
        _timer = isQuiet || !cli.ErrorIsTerminal ? null : cli.Time.CreateTimer(_ => Show(), null, Often, Often);
    }

    /// <summary>Bytes have moved.</summary>
    public void Moved(long bytes) => Interlocked.Add(ref _moved, bytes);

    /// <summary>A file is done.</summary>
    public void Done() => Interlocked.Increment(ref _done);

    /// <summary>Says something above the line.</summary>
    public void Say(Action say)
    {
        lock (_lock)
        {
            Clear();
            say();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _timer?.Dispose();
        lock (_lock)
        {
            Clear();
        }
    }

    private void Show()
    {
        lock (_lock)
        {
            var now = _cli.Time.GetTimestamp();
            var moved = Interlocked.Read(ref _moved);
            var passed = _cli.Time.GetElapsedTime(_last.At, now).TotalSeconds;
            if (passed <= 0)
            {
                return;
            }

            // what was a while ago counts less and less
            var speed = Math.Max(0, moved - _last.Moved) / passed;
            _speed = _speed == 0 ? speed : (0.8 * _speed) + (0.2 * speed);
            _last = (now, moved);
            var share = _bytes == 0 ? 1 : Math.Clamp((double)moved / _bytes, 0, 1);
            var width = Math.Clamp(_cli.Width() - 62, 0, 30);
            var bar = width < 5 ? "" : $"[{new string('#', (int)(share * width))}{new string('.', width - (int)(share * width))}] ";
            var left = moved >= _bytes ? Quantities.FormatDuration(TimeSpan.FromSeconds(Math.Floor(_cli.Time.GetElapsedTime(_start, now).TotalSeconds)))
                : _speed < 1 ? "stalled" : Quantities.FormatDuration(TimeSpan.FromSeconds(Math.Min(1e9, Math.Ceiling((_bytes - moved) / _speed)))) + " left";
            var files = _files > 1 ? $"{_done}/{_files} files, " : "";
            var line = $"{bar}{share * 100:0}%  {files}{Quantities.FormatSize(moved)} of {Quantities.FormatSize(_bytes)}, {Quantities.FormatSize((long)_speed)}/s, {left}";
            line = line.Length >= _cli.Width() ? line[..Math.Max(0, _cli.Width() - 1)] : line;
            _cli.ErrorText.Write($"\r{line}\e[K");
            _isShown = true;
        }
    }

    private void Clear()
    {
        if (_isShown)
        {
            _cli.ErrorText.Write("\r\e[K");
            _isShown = false;
        }
    }
}
