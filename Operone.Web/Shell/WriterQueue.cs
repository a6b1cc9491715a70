using System.Threading.Channels;

namespace Operone.Web.Shell;

/// <summary>
/// What waits for the writer, bounded in bytes: who adds to a full queue waits, and so the agents' connections are read
/// no further (TCP holds them back). One item may always enter an empty queue, however large.
/// </summary>
internal sealed class WriterQueue
{
    /// <summary>The bound, in bytes.</summary>
    public const int MaxBytes = 48 * 1024 * 1024;

    private readonly Channel<WriterItem> _items = Channel.CreateUnbounded<WriterItem>(new() { SingleReader = true });
    private readonly Lock _lock = new();
    private readonly Queue<(int Weight, TaskCompletionSource Entered)> _waiting = new();
    private long _bytes;

    /// <summary>Adds an item, when there is room.</summary>
    public ValueTask AddAsync(WriterItem item, CancellationToken cancellationToken)
    {
        TaskCompletionSource entered;
        lock (_lock)
        {
            if (_waiting.Count == 0 && HasRoom(item.Weight))
            {
                _bytes += item.Weight;
                return Write(item);
            }

            entered = new(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Enqueue((item.Weight, entered));
        }

        return AddLaterAsync(item, entered, cancellationToken);
    }

    /// <summary>Takes what there is, up to about <paramref name="maxBytes"/>; waits for the first.</summary>
    public async ValueTask<bool> TakeAsync(List<WriterItem> into, int maxBytes, CancellationToken cancellationToken)
    {
        if (!await _items.Reader.WaitToReadAsync(cancellationToken))
        {
            return false;
        }

        var bytes = 0;
        while (bytes < maxBytes && _items.Reader.TryRead(out var item))
        {
            into.Add(item);
            bytes += item.Weight;
        }

        return true;
    }

    /// <summary>Items are stored, or given up: their room is free.</summary>
    public void Release(IEnumerable<WriterItem> items)
    {
        var freed = items.Sum(item => (long)item.Weight);
        lock (_lock)
        {
            _bytes -= freed;
            while (_waiting.TryPeek(out var next) && (next.Entered.Task.IsCompleted || HasRoom(next.Weight)))
            {
                _waiting.Dequeue();
                if (next.Entered.TrySetResult())
                {
                    _bytes += next.Weight;
                }
            }
        }
    }

    private bool HasRoom(int weight) => _bytes == 0 || _bytes + weight <= MaxBytes;

    private ValueTask Write(WriterItem item) =>
        _items.Writer.TryWrite(item) ? ValueTask.CompletedTask : ValueTask.FromException(new ChannelClosedException());

    private async ValueTask AddLaterAsync(WriterItem item, TaskCompletionSource entered, CancellationToken cancellationToken)
    {
        await using (cancellationToken.Register(() => entered.TrySetCanceled(cancellationToken)))
        {
            await entered.Task;
        }

        await Write(item);
    }
}
