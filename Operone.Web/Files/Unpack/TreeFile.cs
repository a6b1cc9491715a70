using Operone.Core.Errors;
using Operone.Core.Files;

namespace Operone.Web.Files.Unpack;

/// <summary>A file in the tree that is read here and there: in blocks, of which the last few are kept.</summary>
internal sealed class TreeFile
{
    private const int BlockBytes = 1 << 20;
    private const int MaxBlocks = 4;

    private readonly IFileBackend _backend;
    private readonly FileScope _scope;
    private readonly TreePath _path;
    private readonly FileEntry _entry;
    private readonly LinkedList<(long Index, byte[] Bytes)> _blocks = [];

    private TreeFile(IFileBackend backend, FileScope scope, TreePath path, FileEntry entry) => (_backend, _scope, _path, _entry) = (backend, scope, path, entry);

    /// <summary>How many bytes it has.</summary>
    public long Length => _entry.Size ?? 0;

    /// <summary>Changes whenever its content may have changed.</summary>
    public string Tag => _entry.Tag ?? string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Length}-{_entry.ModifiedAt?.UtcTicks}");

    /// <summary>Opens one.</summary>
    public static async Task<Result<TreeFile>> OpenAsync(IFileBackend backend, FileScope scope, TreePath path, CancellationToken cancellationToken)
    {
        var opened = await backend.ReadAsync(scope, path, 0, 0, cancellationToken);
        if (opened.IsError)
        {
            return opened.Error!;
        }

        await using var reading = opened.Value;
        return new TreeFile(backend, scope, path, reading.Entry);
    }

    /// <summary>Reads; 0 at the end.</summary>
    /// <exception cref="UnpackStop">It cannot be read, or has changed.</exception>
    public async ValueTask<int> ReadAsync(Memory<byte> buffer, long offset, CancellationToken cancellationToken)
    {
        if (offset < 0 || offset >= Length || buffer.IsEmpty)
        {
            return 0;
        }

        var block = await BlockAsync(offset / BlockBytes, cancellationToken);
        var from = (int)(offset % BlockBytes);
        var count = Math.Min(buffer.Length, block.Length - from);
        block.AsSpan(from, count).CopyTo(buffer.Span);
        return count;
    }

    /// <summary>Reads exactly so much.</summary>
    /// <exception cref="UnpackStop">It has no so much, cannot be read, or has changed.</exception>
    public async ValueTask<byte[]> ReadAsync(long offset, int count, CancellationToken cancellationToken)
    {
        var bytes = new byte[count];
        for (var have = 0; have < count;)
        {
            var read = await ReadAsync(bytes.AsMemory(have), offset + have, cancellationToken);
            have += read > 0 ? read : throw UnpackStop.Broken("It ends in the middle, or points behind its end.");
        }

        return bytes;
    }

    /// <summary>A part of it, as a stream.</summary>
    public Stream Part(long offset, long length) => new PartStream(this, offset, offset + length);

    /// <summary>All of it, as a stream in which one can leap.</summary>
    public Stream Whole() => new WholeStream(this);

    private async ValueTask<byte[]> BlockAsync(long index, CancellationToken cancellationToken)
    {
        for (var node = _blocks.First; node is not null; node = node.Next)
        {
            if (node.Value.Index == index)
            {
                _blocks.Remove(node);
                _blocks.AddFirst(node);
                return node.Value.Bytes;
            }
        }

        var bytes = new byte[Math.Min(BlockBytes, Length - (index * BlockBytes))];
        var opened = await _backend.ReadAsync(_scope, _path, index * BlockBytes, bytes.Length, cancellationToken);
        if (opened.IsError)
        {
            throw new UnpackStop(opened.Error!);
        }

        await using (var reading = opened.Value)
        {
            if (reading.Entry.Tag != _entry.Tag)
            {
                throw UnpackStop.Broken("It was changed while it was read.");
            }

            for (var have = 0; ;)
            {
                var piece = await reading.ReadAsync(bytes.AsMemory(have), cancellationToken);
                if (piece.IsError)
                {
                    throw new UnpackStop(piece.Error!);
                }

                have += piece.Value.Count + (int)piece.Value.Hole; // what was not written is zero already
                if (piece.Value.IsEnd || have == bytes.Length)
                {
                    if (have < bytes.Length)
                    {
                        throw UnpackStop.Broken("It has become shorter while it was read.");
                    }

                    break;
                }
            }

            // the last reply, so that the channel can be used again
            await reading.ReadAsync(new byte[1], cancellationToken);
        }

        _blocks.AddFirst((index, bytes));
        if (_blocks.Count > MaxBlocks)
        {
            _blocks.RemoveLast();
        }

        return bytes;
    }

    private sealed class PartStream(TreeFile file, long at, long end) : ReadStream
    {
        private readonly long _begin = at;
        private long _at = at;

        public override bool CanSeek => true;

        public override long Length => end - _begin;

        public override long Position { get => _at - _begin; set => _at = _begin + value; }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var count = await file.ReadAsync(buffer[..(int)Math.Clamp(end - _at, 0, buffer.Length)], _at, cancellationToken);
            _at += count;
            return count;
        }
    }

    private sealed class WholeStream(TreeFile file) : ReadStream
    {
        public override bool CanSeek => true;

        public override long Length => file.Length;

        public override long Position { get; set; }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var count = await file.ReadAsync(buffer, Position, cancellationToken);
            Position += count;
            return count;
        }
    }
}
