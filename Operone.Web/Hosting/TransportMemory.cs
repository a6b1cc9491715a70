using System.Buffers;
using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Connections;

namespace Operone.Web.Hosting;

/// <summary>
/// The memory that Kestrel reads sockets into and writes them from. Its own blocks have 4 KiB, and it reads no more than a block at
/// a time, so that a stream costs a system call and a change of threads for each 4 KiB. A connection that is silent holds none.
/// </summary>
internal sealed class TransportMemory : MemoryPool<byte>, IMemoryPoolFactory<byte>
{
    private const int BlockBytes = 16 * 1024;

    /// <summary>How many blocks are kept for the next one, 8 MiB in all. What is more is the garbage collector's.</summary>
    private const int MaxKept = 512;

    private readonly ConcurrentQueue<Block> _kept = new();
    private int _count;

    /// <inheritdoc/>
    public override int MaxBufferSize => BlockBytes;

    /// <inheritdoc/>
    /// <remarks>There is one for all: blocks are kept once, whoever used them.</remarks>
    public MemoryPool<byte> Create(MemoryPoolOptions? options = null) => this;

    /// <inheritdoc/>
    public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(minBufferSize, BlockBytes);
        if (_kept.TryDequeue(out var block))
        {
            Interlocked.Decrement(ref _count);
            block.Take();
            return block;
        }

        return new Block(this);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        // others have it too
    }

    private void Return(Block block)
    {
        if (Interlocked.Increment(ref _count) <= MaxKept)
        {
            _kept.Enqueue(block);
        }
        else
        {
            Interlocked.Decrement(ref _count);
        }
    }

    private sealed class Block(TransportMemory pool) : IMemoryOwner<byte>
    {
        // pinned: the system reads into it and writes from it
        private readonly Memory<byte> _memory = MemoryMarshal.CreateFromPinnedArray(GC.AllocateUninitializedArray<byte>(BlockBytes, pinned: true), 0, BlockBytes);
        private int _isTaken = 1;

        public Memory<byte> Memory => _memory;

        public void Take() => _isTaken = 1;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isTaken, 0) == 1)
            {
                pool.Return(this);
            }
        }
    }
}
