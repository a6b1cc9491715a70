using System.Collections.Concurrent;
using System.Security.Claims;
using Microsoft.EntityFrameworkCore;
using Operone.Web.Data;

namespace Operone.Web.Access;

/// <summary>
/// API tokens by the hash of their text. What was found is kept for a few seconds, so that a busy program costs no read
/// a request; a revocation on another node is seen when that time is over, on this one at once.
/// </summary>
internal sealed class TokenDirectory(IDbContextFactory<OperoneDb> databases, TimeProvider time)
{
    private static readonly TimeSpan Keep = TimeSpan.FromSeconds(10);

    // Only tokens that exist are kept, so that it cannot grow past their number.
    private readonly ConcurrentDictionary<string, Entry> _entries = new(StringComparer.Ordinal);

    /// <summary>When each token was last used, until it is stored.</summary>
    public ConcurrentDictionary<Guid, DateTimeOffset> Uses { get; } = new();

    /// <summary>The token with this text, or null. Whether it has expired is for the caller to see.</summary>
    public async ValueTask<Entry?> FindAsync(string text, CancellationToken cancellationToken)
    {
        var hash = SecretText.Hash(text);
        var key = Convert.ToBase64String(hash);
        var now = time.GetUtcNow();
        if (_entries.TryGetValue(key, out var entry) && now - entry.ReadAt < Keep)
        {
            return entry;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var token = await db.Set<ApiToken>().SingleOrDefaultAsync(t => t.Hash == hash, cancellationToken);
        if (token is null)
        {
            _entries.TryRemove(key, out _);
            return null;
        }

        return _entries[key] = new(token, ToPrincipal(token), now);
    }

    /// <summary>Forgets what was kept of a token that was revoked.</summary>
    public void Forget(byte[] hash) => _entries.TryRemove(Convert.ToBase64String(hash), out _);

    private static ClaimsPrincipal ToPrincipal(ApiToken token)
    {
        var identity = new ClaimsIdentity(AccessSchemes.ApiToken, ClaimTypes.Name, ClaimTypes.Role);
        identity.AddClaim(new(ClaimTypes.NameIdentifier, token.Id.ToString()));
        identity.AddClaim(new(ClaimTypes.Name, $"token:{token.Name}"));
        identity.AddClaims(token.Permissions.Select(p => new Claim(Actor.PermissionClaim, p)));
        return new(identity);
    }

    internal sealed record Entry(ApiToken Token, ClaimsPrincipal Principal, DateTimeOffset ReadAt);
}

/// <summary>Stores when tokens were last used, to the minute, a few times a minute for all of them together.</summary>
internal sealed partial class TokenUseWriter(
    TokenDirectory tokens, IDbContextFactory<OperoneDb> databases, TimeProvider time, ILogger<TokenUseWriter> logger) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(15);
    private readonly Dictionary<Guid, DateTimeOffset> _stored = [];

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await StoreAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            await StoreAsync(stoppingToken);
        }
    }

    private async Task StoreAsync(CancellationToken cancellationToken)
    {
        try
        {
            var fresh = tokens.Uses.Where(u => _stored.GetValueOrDefault(u.Key) != u.Value).ToArray();
            if (fresh.Length == 0)
            {
                return;
            }

            await using var db = await databases.CreateDbContextAsync(cancellationToken);
            await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
            foreach (var (id, minute) in fresh)
            {
                await db.Set<ApiToken>().Where(t => t.Id == id && (t.LastUsedAt == null || t.LastUsedAt < minute))
                    .ExecuteUpdateAsync(set => set.SetProperty(t => t.LastUsedAt, minute), cancellationToken);
            }

            await transaction.CommitAsync(cancellationToken);
            foreach (var (id, minute) in fresh)
            {
                _stored[id] = minute;
            }
        }
        catch (Exception exception) when (Hosting.Problems.IsDatabaseAway(exception))
        {
            Log.UsesWait(logger, exception.Message);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "When tokens were last used is stored later: {Reason}")]
        public static partial void UsesWait(ILogger logger, string reason);
    }
}
