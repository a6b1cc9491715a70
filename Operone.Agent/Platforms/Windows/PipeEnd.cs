using System.Runtime.Versioning;

namespace Operone.Agent.Platforms.Windows;

/// <summary>
/// One side of a named pipe, for a thread that never waits for it. One read and one write are under way at most, each with a
/// buffer of its own: what the other side sends waits in the pipe until what came before it is taken.
/// </summary>
[SupportedOSPlatform("windows")]
internal sealed class PipeEnd : ILocalEnd
{
    private const int BufferBytes = 64 * 1024;

    private readonly Stream _from;
    private readonly Stream _to;
    private readonly Action _wake;
    private byte[] _in = [];
    private byte[] _out = [];
    private int _next;
    private int _count;
    private volatile bool _isReading;
    private volatile bool _isWriting;
    private volatile bool _hasEnded;
    private volatile bool _isBroken;

    /// <summary>Takes the streams, and begins to read: else nobody would be woken by what comes first.</summary>
    /// <param name="from">What is read.</param>
    /// <param name="to">What is written to; may be the same.</param>
    /// <param name="wake">Called whenever something has come or has gone, on whatever thread.</param>
    public PipeEnd(Stream from, Stream to, Action wake)
    {
        (_from, _to, _wake) = (from, to, wake);
        BeginRead();
    }

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
        if (_isBroken)
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
        _ = WriteAsync(head + rest);
        return head + rest;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _from.Dispose();
        _to.Dispose();
    }

    /// <summary>Begins to read, where that makes sense. Gives whether something has come at once.</summary>
    private bool BeginRead()
    {
        if (_hasEnded)
        {
            return false;
        }

        _in = _in.Length == 0 ? GC.AllocateUninitializedArray<byte>(BufferBytes) : _in;
        (_next, _count) = (0, 0);
        _isReading = true;
        _ = ReadAsync();
        return !_isReading && _count > 0;
    }

    private async Task ReadAsync()
    {
        try
        {
            _count = await _from.ReadAsync(_in).ConfigureAwait(false);
            _hasEnded = _count == 0;
        }
        catch (Exception problem) when (problem is IOException or ObjectDisposedException or OperationCanceledException)
        {
            _hasEnded = true;
        }

        _isReading = false;
        _wake();
    }

    private async Task WriteAsync(int count)
    {
        try
        {
            await _to.WriteAsync(_out.AsMemory(0, count)).ConfigureAwait(false);
        }
        catch (Exception problem) when (problem is IOException or ObjectDisposedException or OperationCanceledException)
        {
            _isBroken = true;
        }

        _isWriting = false;
        _wake();
    }
}
