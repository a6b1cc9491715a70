using System.Runtime.Versioning;

namespace Operone.Agent.Platforms.Windows;

/// <summary>
/// One side of a named pipe, for a thread that never waits for it. One read and one write are under way at most, each with a
/// buffer of its own: what the other side sends waits in the pipe until what came before it is taken.
/// </summary>
/// <param name="from">What is read; null where nothing is.</param>
/// <param name="to">What is written to; null where nothing is.</param>
/// <param name="wake">Called whenever something has come or has gone, on whatever thread.</param>
[SupportedOSPlatform("windows")]
internal sealed class PipeEnd(Stream? from, Stream? to, Action wake) : ILocalEnd
{
    private const int BufferBytes = 64 * 1024;

    private byte[] _in = [];
    private byte[] _out = [];
    private int _next;
    private int _count;
    private volatile bool _isReading;
    private volatile bool _isWriting;
    private volatile bool _hasEnded;
    private volatile bool _isBroken;

    /// <inheritdoc/>
    public int Descriptor => -1;

    /// <inheritdoc/>
    public bool CanWrite => !_isWriting;

    /// <inheritdoc/>
    public bool IsSent => !_isWriting;

    /// <inheritdoc/>
    public int Read(Span<byte> to)
    {
        if (_isReading)
        {
            return ILocalEnd.NotNow;
        }

        if (_next == _count)
        {
            return BeginRead() ? Read(to) : _hasEnded ? 0 : ILocalEnd.NotNow;
        }

        var taken = Math.Min(to.Length, _count - _next);
        _in.AsSpan(_next, taken).CopyTo(to);
        _next += taken;
        if (_next == _count)
        {
            BeginRead();
        }

        return taken;
    }

    /// <inheritdoc/>
    public int Write(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        if (_isBroken || to is null)
        {
            return ILocalEnd.Gone;
        }

        if (_isWriting)
        {
            return ILocalEnd.NotNow;
        }

        _out = _out.Length == 0 ? GC.AllocateUninitializedArray<byte>(BufferBytes) : _out;
        var head = Math.Min(first.Length, _out.Length);
        var rest = Math.Min(second.Length, _out.Length - head);
        first[..head].CopyTo(_out);
        second[..rest].CopyTo(_out.AsSpan(head));
        _isWriting = true;
        _ = WriteAsync(to, head + rest);
        return head + rest;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        from?.Dispose();
        to?.Dispose();
    }

    /// <summary>Begins to read, where that makes sense. Gives whether something has come at once.</summary>
    private bool BeginRead()
    {
        if (_hasEnded || from is null)
        {
            return false;
        }

        _in = _in.Length == 0 ? GC.AllocateUninitializedArray<byte>(BufferBytes) : _in;
        (_next, _count) = (0, 0);
        _isReading = true;
        _ = ReadAsync(from);
        return !_isReading && _count > 0;
    }

    private async Task ReadAsync(Stream stream)
    {
        try
        {
            _count = await stream.ReadAsync(_in).ConfigureAwait(false);
            _hasEnded = _count == 0;
        }
        catch (Exception problem) when (problem is IOException or ObjectDisposedException or OperationCanceledException)
        {
            _hasEnded = true;
        }

        _isReading = false;
        wake();
    }

    private async Task WriteAsync(Stream stream, int count)
    {
        try
        {
            await stream.WriteAsync(_out.AsMemory(0, count)).ConfigureAwait(false);
        }
        catch (Exception problem) when (problem is IOException or ObjectDisposedException or OperationCanceledException)
        {
            _isBroken = true;
        }

        _isWriting = false;
        wake();
    }
}
