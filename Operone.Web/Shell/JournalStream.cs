using Microsoft.EntityFrameworkCore;
using Operone.Web.Data;

namespace Operone.Web.Shell;

/// <summary>Where a piece of output lies.</summary>
internal readonly record struct JournalPiece(long Seq, int Length);

/// <summary>Output from the journal as a stream of known length that can be sought in; holds one piece at a time.</summary>
internal sealed class JournalStream : Stream
{
    private readonly IDbContextFactory<OperoneDb> _databases;
    private readonly JournalPiece[] _pieces;
    private readonly long[] _starts;
    private byte[] _current = [];
    private int _currentIndex = -1;

    public JournalStream(IDbContextFactory<OperoneDb> databases, JournalPiece[] pieces)
    {
        _databases = databases;
        _pieces = pieces;
        _starts = new long[pieces.Length];
        for (var i = 0; i < pieces.Length; i++)
        {
            _starts[i] = Length;
            Length += pieces[i].Length;
        }
    }

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length { get; }

    public override long Position { get; set; }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (Position >= Length || buffer.Length == 0)
        {
            return 0;
        }

        var index = Array.BinarySearch(_starts, Position);
        index = index >= 0 ? index : ~index - 1;
        if (index != _currentIndex)
        {
            await using var db = await _databases.CreateDbContextAsync(cancellationToken);
            var seq = _pieces[index].Seq;
            _current = await db.Set<JournalEntry>().Where(e => e.Seq == seq).Select(e => e.Data).SingleOrDefaultAsync(cancellationToken)
                ?? throw new IOException("A piece of the output was let go of while it was being read, because newer output has come.");
            _currentIndex = index;
        }

        var from = (int)(Position - _starts[index]);
        var count = Math.Min(buffer.Length, _current.Length - from);
        _current.AsMemory(from, count).CopyTo(buffer);
        Position += count;
        return count;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override long Seek(long offset, SeekOrigin origin) => Position = origin switch
    {
        SeekOrigin.Begin => offset,
        SeekOrigin.Current => Position + offset,
        _ => Length + offset,
    };

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Read it asynchronously.");

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException("Output is read only.");

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("Output is read only.");
}
