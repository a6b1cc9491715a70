using System.Threading.Channels;
using Microsoft.EntityFrameworkCore;
using Operone.Web.Data;
using Operone.Web.Hosting;

namespace Operone.Web.Agents;

/// <summary>
/// Takes each token of a device once, on whichever node it comes first: who inserts its row has it. Tokens that come
/// together are stored together, so that a fleet that comes back costs a few transactions; a token is good only after
/// the commit, so that a crash does not make it good again.
/// </summary>
internal sealed class AgentTokenUses(IDbContextFactory<OperoneDb> databases, TimeProvider time) : BackgroundService
{
    private const int MaxBatch = 500;

    private readonly Channel<Attempt> _queue = Channel.CreateBounded<Attempt>(new BoundedChannelOptions(10_000) { SingleReader = true });

    /// <summary>True for the first use of a token, false for each other.</summary>
    public async Task<bool> TryUseAsync(Guid deviceId, string tokenId, DateTimeOffset expiresAt, CancellationToken cancellationToken)
    {
        var attempt = new Attempt(deviceId, tokenId, expiresAt);
        await _queue.Writer.WriteAsync(attempt, cancellationToken);
        return await attempt.Outcome.Task.WaitAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var batch = new List<Attempt>();
        while (await _queue.Reader.WaitToReadAsync(stoppingToken))
        {
            batch.Clear();
            while (batch.Count < MaxBatch && _queue.Reader.TryRead(out var attempt))
            {
                batch.Add(attempt);
            }

            try
            {
                await StoreAsync(batch, stoppingToken);
            }
            catch (Exception exception)
            {
                // Each caller answers for itself: a database that is away is a 503.
                foreach (var attempt in batch)
                {
                    attempt.Outcome.TrySetException(exception);
                }
            }
        }
    }

    private async Task StoreAsync(List<Attempt> batch, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var ids = batch.Select(a => a.TokenId).Distinct().ToArray();
        var used = (await db.Set<AgentTokenUse>().Where(u => ids.Contains(u.TokenId)).Select(u => new { u.DeviceId, u.TokenId })
            .ToListAsync(cancellationToken)).Select(u => (u.DeviceId, u.TokenId)).ToHashSet();
        var fresh = batch.Where(a => used.Add((a.DeviceId, a.TokenId))).ToList();
        try
        {
            db.AddRange(fresh.Select(ToUse));
            await db.SaveChangesAsync(cancellationToken);
        }
        catch (DbUpdateException exception) when (exception.IsDuplicate() && fresh.Count > 1)
        {
            // Another node took one of them in between: find out which.
            foreach (var attempt in fresh)
            {
                await StoreAsync([attempt], cancellationToken);
            }
        }
        catch (DbUpdateException exception) when (exception.IsDuplicate())
        {
            fresh.Clear();
        }

        foreach (var attempt in fresh)
        {
            attempt.Outcome.TrySetResult(true);
        }

        foreach (var attempt in batch)
        {
            attempt.Outcome.TrySetResult(false);
        }
    }

    /// <summary>Deletes what would not be taken any more for its age.</summary>
    public async Task PruneAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await db.Set<AgentTokenUse>().Where(u => u.ExpiresAt < now).ExecuteDeleteAsync(cancellationToken);
    }

    private static AgentTokenUse ToUse(Attempt attempt) =>
        new() { DeviceId = attempt.DeviceId, TokenId = attempt.TokenId, ExpiresAt = attempt.ExpiresAt };

    private sealed record Attempt(Guid DeviceId, string TokenId, DateTimeOffset ExpiresAt)
    {
        public TaskCompletionSource<bool> Outcome { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}

/// <summary>Every five minutes: forgets used tokens that are too old to be used again.</summary>
internal sealed class AgentTokenUpkeep(AgentTokenUses uses) : IRecurringJob
{
    public string Name => "agent-tokens";

    public string Cron => "*/5 * * * *";

    public Task RunAsync(CancellationToken cancellationToken) => uses.PruneAsync(cancellationToken);
}
