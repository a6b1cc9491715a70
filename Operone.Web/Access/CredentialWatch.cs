using Microsoft.EntityFrameworkCore;
using Operone.Web.Data;
using Operone.Web.Hosting;

namespace Operone.Web.Access;

/// <summary>
/// Sees within <see cref="Period"/> that a session or token in use on this node was ended on another one, has expired or has
/// lost its person; and stores when each was last seen, a few times a minute for all of them together.
/// </summary>
internal sealed partial class CredentialWatch(
    SessionDirectory sessions, TokenDirectory tokens, IDbContextFactory<OperoneDb> databases, TimeProvider time, ILogger<CredentialWatch> logger)
    : BackgroundService
{
    /// <summary>How often it looks.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromSeconds(2);

    private const int StoreEvery = 8;
    private readonly Dictionary<Guid, DateTimeOffset> _stored = [];

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await StoreAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, time);
        for (var turn = 1; await timer.WaitForNextTickAsync(stoppingToken); turn++)
        {
            try
            {
                await sessions.RefreshAsync(stoppingToken);
                await tokens.RefreshAsync(stoppingToken);
                if (turn % StoreEvery == 0)
                {
                    await StoreAsync(stoppingToken);
                }
            }
            catch (Exception exception) when (Problems.IsDatabaseAway(exception))
            {
                Log.DatabaseAway(logger, exception.GetBaseException().Message);
            }
        }
    }

    private async Task StoreAsync(CancellationToken cancellationToken)
    {
        var seen = sessions.Seen.Where(s => _stored.GetValueOrDefault(s.Key) != s.Value).ToArray();
        var used = tokens.Uses.Where(u => _stored.GetValueOrDefault(u.Key) != u.Value.At).ToArray();
        if (seen.Length + used.Length == 0)
        {
            return;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        foreach (var (id, minute) in seen)
        {
            await db.Set<Session>().Where(s => s.Id == id && s.LastSeenAt < minute)
                .ExecuteUpdateAsync(set => set.SetProperty(s => s.LastSeenAt, minute), cancellationToken);
        }

        foreach (var (id, (minute, address)) in used)
        {
            await db.Set<ApiToken>().Where(t => t.Id == id && (t.LastUsedAt == null || t.LastUsedAt < minute)).ExecuteUpdateAsync(
                set => set.SetProperty(t => t.LastUsedAt, minute).SetProperty(t => t.LastUsedAddress, address), cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        foreach (var (id, minute) in seen.Concat(used.Select(u => KeyValuePair.Create(u.Key, u.Value.At))))
        {
            _stored[id] = minute;
        }

        Forget(seen.Select(s => s.Key), used.Select(u => u.Key));
    }

    // What was not seen since is let go, so that neither table grows with every session there ever was.
    private void Forget(IEnumerable<Guid> seen, IEnumerable<Guid> used)
    {
        var fresh = seen.Concat(used).ToHashSet();
        foreach (var id in _stored.Keys.Where(id => !fresh.Contains(id)).ToArray())
        {
            _stored.Remove(id);
            sessions.Seen.TryRemove(id, out _);
            tokens.Uses.TryRemove(id, out _);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Whether sessions and tokens go on is looked at again in a moment; the database is away: {Problem}")]
        public static partial void DatabaseAway(ILogger logger, string problem);
    }
}
