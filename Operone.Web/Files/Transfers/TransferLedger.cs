using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Microsoft.EntityFrameworkCore;
using Operone.Core.Events;
using Operone.Core.Files;
using Operone.Web.Data;
using Operone.Web.Events;

namespace Operone.Web.Files.Transfers;

/// <summary>
/// What is stored of a transfer while one piece of work has it: what became of each item, in batches, and that the work is still there.
/// Whoever is faster than the database waits.
/// </summary>
internal sealed class TransferLedger(IDbContextFactory<OperoneDb> databases, Transfer transfer, Guid claim, LiveChanges changes, TimeProvider time) : IDisposable
{
    /// <summary>How long a piece of work that says nothing is believed to be there.</summary>
    public static readonly TimeSpan ClaimTime = TimeSpan.FromSeconds(20);

    private const int Page = 500;

    private const string UpdateItem = """
        UPDATE transfer_items SET "Outcome" = @outcome, "Problem" = @problem, "To" = @to, "IsSourceSettled" = @settled
        WHERE "TransferId" = @transfer AND "Number" = @number
        """;

    private readonly Channel<TransferItem> _notes = Channel.CreateBounded<TransferItem>(new BoundedChannelOptions(4096) { SingleReader = true });
    private readonly SemaphoreSlim _flushing = new(1);
    private List<TransferItem> _unsaved = [];
    private long _bytes;
    private long _sent = transfer.BytesSent ?? 0;
    private long _filesDone;
    private long _skipped;
    private long _failed;

    /// <inheritdoc/>
    public void Dispose() => _flushing.Dispose();

    /// <summary>How many bytes are there, with those of files that are on their way.</summary>
    public long BytesDone => Interlocked.Read(ref _bytes);

    /// <summary>Bytes have moved.</summary>
    public void Moved(long bytes) => Interlocked.Add(ref _bytes, bytes);

    /// <summary>Bytes have gone from one device to another. What is tried again counts again.</summary>
    public void Sent(long bytes) => Interlocked.Add(ref _sent, bytes);

    /// <summary>Sums up what is stored of the items; the plan's figures go to the transfer.</summary>
    public async Task SumUpAsync(CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var groups = await db.Set<TransferItem>().Where(i => i.TransferId == transfer.Id)
            .GroupBy(i => new { i.Kind, i.Outcome, i.IsConflict })
            .Select(g => new { g.Key.Kind, g.Key.Outcome, g.Key.IsConflict, Count = g.LongCount(), Bytes = g.Sum(i => i.Size ?? 0) }).ToListAsync(cancellationToken);
        var files = groups.FindAll(g => g.Kind != FileKind.Folder);
        var done = files.FindAll(g => g.Outcome is TransferOutcome.Done or TransferOutcome.Same);
        (_filesDone, _bytes) = (done.Sum(g => g.Count), done.Sum(g => g.Bytes));
        _skipped = files.Where(g => g.Outcome == TransferOutcome.Skipped).Sum(g => g.Count);
        _failed = groups.Where(g => g.Outcome == TransferOutcome.Failed).Sum(g => g.Count);
        (transfer.Files, transfer.Folders, transfer.Bytes) = (files.Sum(g => g.Count), groups.Sum(g => g.Count) - files.Sum(g => g.Count), files.Sum(g => g.Bytes));
        transfer.Conflicts = groups.Where(g => g.IsConflict).Sum(g => g.Count);
    }

    /// <summary>Whether anything has failed, or was skipped.</summary>
    public (long Failed, long Skipped) Left => (Interlocked.Read(ref _failed), Interlocked.Read(ref _skipped));

    /// <summary>Items in the plan's order, or the other way round.</summary>
    public async IAsyncEnumerable<TransferItem> ReadAsync(
        Func<IQueryable<TransferItem>, IQueryable<TransferItem>> which, bool isBackwards, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var last = isBackwards ? long.MaxValue : -1;
        while (true)
        {
            List<TransferItem> page;
            await using (var db = await databases.CreateDbContextAsync(cancellationToken))
            {
                var items = which(db.Set<TransferItem>().AsNoTracking().Where(i => i.TransferId == transfer.Id));
                items = isBackwards ? items.Where(i => i.Number < last).OrderByDescending(i => i.Number) : items.Where(i => i.Number > last).OrderBy(i => i.Number);
                page = await items.Take(Page).ToListAsync(cancellationToken);
            }

            foreach (var item in page)
            {
                last = item.Number;
                yield return item;
            }

            if (page.Count < Page)
            {
                yield break;
            }
        }
    }

    /// <summary>What became of an item.</summary>
    public async ValueTask NoteAsync(TransferItem item, TransferOutcome outcome, string? problem = null)
    {
        (item.Outcome, item.Problem) = (outcome, problem);
        if (outcome == TransferOutcome.Failed)
        {
            Interlocked.Increment(ref _failed);
        }
        else if (item.Kind != FileKind.Folder)
        {
            Interlocked.Increment(ref outcome == TransferOutcome.Skipped ? ref _skipped : ref _filesDone);
        }

        await _notes.Writer.WriteAsync(item);
    }

    /// <summary>A move is through with an item's source.</summary>
    public ValueTask SettledAsync(TransferItem item, string? problem = null)
    {
        (item.IsSourceSettled, item.Problem) = (true, problem);
        return _notes.Writer.WriteAsync(item);
    }

    /// <summary>
    /// Stores what has become of items, and that the work is there. Gives how the transfer stands now: somebody may have paused or ended it;
    /// null where the work has it no more.
    /// </summary>
    public async Task<TransferStatus?> StoreAsync(long? bytesPerSecond, CancellationToken cancellationToken)
    {
        await _flushing.WaitAsync(cancellationToken);
        try
        {
            while (_notes.Reader.TryRead(out var item))
            {
                _unsaved.Add(item);
            }

            await using var db = await databases.CreateDbContextAsync(cancellationToken);
            await db.Database.OpenConnectionAsync(cancellationToken);
            await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
            var until = time.GetUtcNow() + ClaimTime;
            var mine = await db.Set<Transfer>().Where(t => t.Id == transfer.Id && t.Claim == claim).ExecuteUpdateAsync(
                set => set.SetProperty(t => t.ClaimedUntil, until).SetProperty(t => t.Files, transfer.Files).SetProperty(t => t.Folders, transfer.Folders)
                    .SetProperty(t => t.Bytes, transfer.Bytes).SetProperty(t => t.Conflicts, transfer.Conflicts).SetProperty(t => t.FilesDone, Interlocked.Read(ref _filesDone))
                    .SetProperty(t => t.BytesDone, BytesDone).SetProperty(t => t.BytesSent, Interlocked.Read(ref _sent)).SetProperty(t => t.Skipped, Interlocked.Read(ref _skipped)).SetProperty(t => t.Failed, Interlocked.Read(ref _failed))
                    .SetProperty(t => t.BytesPerSecond, bytesPerSecond).SetProperty(t => t.Reason, transfer.Reason), cancellationToken);
            if (mine == 0)
            {
                return null;
            }

            var sql = new SqlBatch(db);
            foreach (var item in _unsaved)
            {
                sql.Add(UpdateItem, ("outcome", item.Outcome), ("problem", item.Problem), ("to", item.To), ("settled", item.IsSourceSettled),
                    ("transfer", item.TransferId), ("number", item.Number));
            }

            await sql.ExecuteAsync(cancellationToken);
            var status = await db.Set<Transfer>().Where(t => t.Id == transfer.Id).Select(t => t.Status).SingleAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            _unsaved = [];
            changes.Signal(LiveChanges.Transfers);
            return status;
        }
        finally
        {
            _flushing.Release();
        }
    }

    /// <summary>Goes from one state to the next, unless somebody has changed it meanwhile.</summary>
    public async Task<bool> TurnAsync(TransferStatus from, TransferStatus to, bool isRelease, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var endedAt = to is TransferStatus.Completed or TransferStatus.Failed ? time.GetUtcNow() : null as DateTimeOffset?;
        var turned = await db.ChangeAsync(() => db.Set<Transfer>().Where(t => t.Id == transfer.Id && t.Claim == claim && t.Status == from).ExecuteUpdateAsync(
            set => set.SetProperty(t => t.Status, to).SetProperty(t => t.Reason, transfer.Reason).SetProperty(t => t.EndedAt, endedAt)
                .SetProperty(t => t.IsRenameRefused, transfer.IsRenameRefused).SetProperty(t => t.BytesPerSecond, (long?)null)
                .SetProperty(t => t.Claim, t => isRelease ? null : t.Claim), cancellationToken), endedAt is null ? [] : [Ended()], cancellationToken) > 0;
        transfer.Status = turned ? to : transfer.Status;
        changes.Signal(LiveChanges.Transfers);
        return turned;
    }

    /// <summary>It ends as failed, however it stands, with its reason.</summary>
    public async Task FailAsync(CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var now = time.GetUtcNow();
        await db.ChangeAsync(() => db.Set<Transfer>().Where(t => t.Id == transfer.Id && t.EndedAt == null).ExecuteUpdateAsync(
            set => set.SetProperty(t => t.Status, TransferStatus.Failed).SetProperty(t => t.Reason, transfer.Reason).SetProperty(t => t.EndedAt, now)
                .SetProperty(t => t.Claim, (Guid?)null), cancellationToken), Ended(), cancellationToken);
    }

    private OperoneEvent Ended() => FileRecords.Event(EventTypes.TransferEnded, transfer.CreatedBy, transfer);

    /// <summary>The work lets it go; whoever comes next may take it at once.</summary>
    public async Task ReleaseAsync(CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await db.Set<Transfer>().Where(t => t.Id == transfer.Id && t.Claim == claim).ExecuteUpdateAsync(
            set => set.SetProperty(t => t.Claim, (Guid?)null).SetProperty(t => t.ClaimedUntil, (DateTimeOffset?)null).SetProperty(t => t.BytesPerSecond, (long?)null), cancellationToken);
    }
}
