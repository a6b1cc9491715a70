using Operone.Core.Files;

namespace Operone.Web.Files.Archives;

/// <summary>
/// A file that is read, as a stream of exactly the length that it had when it was opened; without one, up to where it ends. Archives ask for a length and a place; it is read once,
/// from its beginning.
/// </summary>
/// <exception cref="IOException">It broke off, or has become shorter.</exception>
internal sealed class FileContent(IFileReading reading, long? length) : Stream
{
    private long _at;
    private long _hole;

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => length ?? throw new NotSupportedException();

    public override long Position
    {
        get => _at;
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_at == length)
        {
            return 0;
        }

        buffer = buffer[..(int)Math.Min(buffer.Length, (length ?? long.MaxValue) - _at)];
        if (_hole == 0)
        {
            var piece = await reading.ReadAsync(buffer, cancellationToken);
            if (piece.IsError)
            {
                throw new IOException(piece.Error!.Detail);
            }

            if (piece.Value.IsEnd)
            {
                return length is null ? 0 : throw new IOException("It has become shorter while it was read.");
            }

            if (piece.Value.Count > 0)
            {
                _at += piece.Value.Count;
                return piece.Value.Count;
            }

            _hole = piece.Value.Hole;
        }

        var zeros = (int)Math.Min(buffer.Length, _hole);
        buffer.Span[..zeros].Clear();
        (_at, _hole) = (_at + zeros, _hole - zeros);
        return zeros;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
        // nothing is written
    }
}
