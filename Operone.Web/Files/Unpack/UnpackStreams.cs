namespace Operone.Web.Files.Unpack;

/// <summary>A stream that is read, from its beginning to its end.</summary>
internal abstract class ReadStream : Stream
{
    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public abstract override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default);

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => !CanSeek ? throw new NotSupportedException()
        : Position = offset + origin switch { SeekOrigin.Current => Position, SeekOrigin.End => Length, _ => 0 };

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
        // nothing is written
    }
}

/// <summary>What goes into the unpacking, counted; what was looked at already comes first.</summary>
internal sealed class InStream(ReadOnlyMemory<byte> first, Stream rest, UnpackMeter? meter) : ReadStream
{
    private ReadOnlyMemory<byte> _first = first;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int count;
        if (_first.IsEmpty)
        {
            count = await rest.ReadAsync(buffer, cancellationToken);
        }
        else
        {
            count = Math.Min(buffer.Length, _first.Length);
            _first[..count].CopyTo(buffer);
            _first = _first[count..];
        }

        if (meter is not null)
        {
            meter.In += count;
        }

        return count;
    }
}

/// <summary>What comes out, counted. <see cref="Budget"/> holds what is read for an entry's head. One can leap in it where <paramref name="leaps"/> says so.</summary>
internal sealed class OutStream(Stream inner, UnpackMeter meter, bool leaps = false) : ReadStream
{
    public override bool CanSeek => leaps;

    public override long Length => leaps ? inner.Length : base.Length;

    public override long Position
    {
        get => leaps ? inner.Position : base.Position;
        set => inner.Position = leaps ? value : throw new NotSupportedException();
    }

    /// <summary>How many bytes were read.</summary>
    public long Count { get; private set; }

    /// <summary>How many bytes may be read yet.</summary>
    public long Budget { get; set; } = long.MaxValue;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var count = await inner.ReadAsync(buffer, cancellationToken);
        if ((Budget -= count) < 0)
        {
            throw UnpackStop.TooMuch("The head of an entry has no end.");
        }

        meter.Add(count);
        Count += count;
        return count;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
        }

        base.Dispose(disposing);
    }
}

/// <summary>A stream that must have as many bytes as was said.</summary>
/// <exception cref="UnpackStop">It has fewer: the archive was cut off.</exception>
/// <param name="inner">The stream that it is a part of.</param>
/// <param name="length">How many bytes it must have.</param>
/// <param name="isOwner">Whether the stream ends with it.</param>
internal sealed class ExactStream(Stream inner, long length, bool isOwner = false) : ReadStream
{
    private long _left = length;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_left == 0 || buffer.IsEmpty)
        {
            return 0;
        }

        var count = await inner.ReadAsync(buffer[..(int)Math.Min(buffer.Length, _left)], cancellationToken);
        _left -= count > 0 ? count : throw UnpackStop.Broken($"It ends in the middle of an entry: {_left} bytes of it are missing.");
        return count;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing && isOwner)
        {
            inner.Dispose();
        }

        base.Dispose(disposing);
    }
}
