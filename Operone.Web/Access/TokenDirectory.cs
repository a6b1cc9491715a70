using System.Collections.Concurrent;
using System.Security.Claims;
using Microsoft.EntityFrameworkCore;
using Operone.Web.Data;

namespace Operone.Web.Access;

/// <summary>
/// API tokens by the hash of their text. What was found is kept for a moment, so that a busy program costs no read a
/// request; a revocation on this node counts at once, one on another node when that time is over.
/// </summary>
internal sealed class TokenDirectory(IDbContextFactory<OperoneDb> databases, AccessDirectory access, TimeProvider time)
{
    private static readonly TimeSpan Keep = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Idle = TimeSpan.FromMinutes(1);

    // Only tokens that exist are kept, and idle ones are let go.
    private readonly ConcurrentDictionary<string, Entry> _entries = new(StringComparer.Ordinal);

    /// <summary>When each token was last used, to the minute, and from where, until it is stored.</summary>
    public ConcurrentDictionary<Guid, (DateTimeOffset At, string? Address)> Uses { get; } = new();

    /// <summary>The token with this text, or null. Whether it has expired is for the caller to see.</summary>
    public async ValueTask<Entry?> FindAsync(string text, CancellationToken cancellationToken)
    {
        var hash = SecretText.Hash(text);
        var key = Convert.ToBase64String(hash);
        var now = time.GetUtcNow();
        if (_entries.TryGetValue(key, out var entry) && now - entry.ReadAt < Keep)
        {
            return entry.Live.IsEnded ? null : entry;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return Take(key, await db.Set<ApiToken>().SingleOrDefaultAsync(t => t.Hash == hash, cancellationToken), now);
    }

    /// <summary>A token was revoked: it may nothing from now on, and what it holds is cut.</summary>
    public void Ended(byte[] hash)
    {
        if (_entries.TryRemove(Convert.ToBase64String(hash), out var entry))
        {
            entry.Live.End();
        }
    }

    /// <summary>What is kept of it is old: it is read again when it is next asked for.</summary>
    public void Changed(byte[] hash)
    {
        var key = Convert.ToBase64String(hash);
        if (_entries.TryGetValue(key, out var entry))
        {
            _entries.TryUpdate(key, entry with { ReadAt = default }, entry);
        }
    }

    /// <summary>The session that held a token has ended.</summary>
    public void EndOfSession(Guid sessionId)
    {
        foreach (var entry in _entries.Values.Where(e => e.Token.SessionId == sessionId))
        {
            Ended(entry.Token.Hash);
        }
    }

    /// <summary>Reads again what is in use, ends what has ended elsewhere, and lets go of what nobody uses.</summary>
    public async Task RefreshAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        foreach (var (key, entry) in _entries)
        {
            if (entry.Live.Holders == 0 && now - entry.ReadAt > Idle)
            {
                _entries.TryRemove(new(key, entry));
            }
        }

        foreach (var some in _entries.Values.Where(e => e.Live.Holders > 0).Chunk(500))
        {
            var ids = some.Select(e => e.Token.Id).ToArray();
            await using var db = await databases.CreateDbContextAsync(cancellationToken);
            var stored = await db.Set<ApiToken>().Where(t => ids.Contains(t.Id)).ToDictionaryAsync(t => t.Id, cancellationToken);
            foreach (var entry in some)
            {
                var token = stored.GetValueOrDefault(entry.Token.Id);
                Take(Convert.ToBase64String(entry.Token.Hash), token?.ExpiresAt <= now ? null : token, now);
            }
        }
    }

    private Entry? Take(string key, ApiToken? token, DateTimeOffset now)
    {
        // A token ends with who made it.
        if (token is null || access.Current.People.GetValueOrDefault(token.OwnerId) is not { IsEnabled: true })
        {
            if (_entries.TryRemove(key, out var ended))
            {
                ended.Live.End();
            }

            return null;
        }

        return _entries.AddOrUpdate(
            key,
            _ =>
            {
                var live = new LiveCredential(token.Id, token.OwnerId, token.SessionId, token.Id);
                return new(live, token, Principal(new CredentialStanding(live, snapshot => snapshot.OfToken(token), access, time), token), now);
            },
            (_, known) => known.Token.Name == token.Name
                ? known with { Token = token, ReadAt = now }
                : known with { Token = token, ReadAt = now, Principal = Principal(AccessIdentity.Of(known.Principal), token) });
    }

    private static ClaimsPrincipal Principal(Standing standing, ApiToken token) =>
        new(new AccessIdentity(standing, token.Id, $"token:{token.Name}", AccessSchemes.ApiToken));

    internal sealed record Entry(LiveCredential Live, ApiToken Token, ClaimsPrincipal Principal, DateTimeOffset ReadAt);
}
