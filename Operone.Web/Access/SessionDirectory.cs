using System.Collections.Concurrent;
using System.Security.Claims;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Operone.Web.Data;

namespace Operone.Web.Access;

/// <summary>
/// The sessions that are in use on this node. What was read is kept for <see cref="Keep"/>, so that a busy page costs no
/// read a request; an end on this node counts at once, one on another node when that time is over.
/// </summary>
internal sealed class SessionDirectory(IDbContextFactory<OperoneDb> databases, AccessDirectory access, TimeProvider time)
{
    /// <summary>How old what is known may be.</summary>
    public static readonly TimeSpan Keep = TimeSpan.FromSeconds(2);

    // Longer than a page whose connection was lost is kept: when it comes back, its standing is still the one that is ended here.
    private static readonly TimeSpan Idle = TimeSpan.FromMinutes(45);

    // Only sessions that exist are kept, and idle ones are let go.
    private readonly ConcurrentDictionary<Guid, Entry> _entries = new();

    /// <summary>When each session was last seen, to the minute, until it is stored.</summary>
    public ConcurrentDictionary<Guid, DateTimeOffset> Seen { get; } = new();

    /// <summary>A session that goes on, or null.</summary>
    public async ValueTask<Entry?> FindAsync(Guid id, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (!_entries.TryGetValue(id, out var entry) || now - entry.ReadAt >= Keep)
        {
            await using var db = await databases.CreateDbContextAsync(cancellationToken);
            entry = Take(id, await db.Set<Session>().SingleOrDefaultAsync(s => s.Id == id, cancellationToken), now);
        }

        if (entry is null || entry.Live.IsEnded || entry.Session.ExpiresAt <= now)
        {
            return null;
        }

        Seen[id] = ToMinute(now);
        return entry;
    }

    /// <summary>A session has ended, or all that is kept of it is old: it is read again when it is next asked for.</summary>
    public void Ended(Guid id)
    {
        if (_entries.TryRemove(id, out var entry))
        {
            entry.Live.End();
        }
    }

    /// <summary>What is kept of it is old: it is read again when it is next asked for.</summary>
    public void Changed(Guid id)
    {
        if (_entries.TryGetValue(id, out var entry))
        {
            _entries.TryUpdate(id, entry with { ReadAt = default }, entry);
        }
    }

    /// <summary>Reads again what is in use, ends what has ended elsewhere, and lets go of what nobody uses.</summary>
    public async Task RefreshAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        foreach (var (id, entry) in _entries)
        {
            if (entry.Live.Holders == 0 && now - entry.ReadAt > Idle)
            {
                _entries.TryRemove(new(id, entry));
            }
        }

        foreach (var some in _entries.Where(e => e.Value.Live.Holders > 0).Select(e => e.Key).Chunk(500))
        {
            await using var db = await databases.CreateDbContextAsync(cancellationToken);
            var stored = await db.Set<Session>().Where(s => some.Contains(s.Id)).ToDictionaryAsync(s => s.Id, cancellationToken);
            foreach (var id in some)
            {
                Take(id, stored.GetValueOrDefault(id), now);
                Seen[id] = ToMinute(now);
            }
        }
    }

    internal static DateTimeOffset ToMinute(DateTimeOffset at) => new(at.Ticks - (at.Ticks % TimeSpan.TicksPerMinute), TimeSpan.Zero);

    private Entry? Take(Guid id, Session? session, DateTimeOffset now)
    {
        if (session is null || session.EndedAt is not null || session.ExpiresAt <= now
            || access.Current.People.GetValueOrDefault(session.PersonId) is not { IsEnabled: true } person)
        {
            Ended(id);
            return null;
        }

        return _entries.AddOrUpdate(
            id,
            _ =>
            {
                var live = new LiveCredential(id, session.PersonId, id, tokenId: null);
                var standing = new CredentialStanding(live, snapshot => snapshot.OfPerson(session.PersonId), access, time);
                return new(live, session, Principal(standing, person), now);
            },
            (_, known) => known.Principal.Identity!.Name == person.Email
                ? known with { Session = session, ReadAt = now }
                : known with { Session = session, ReadAt = now, Principal = Principal(AccessIdentity.Of(known.Principal), person) });
    }

    private static ClaimsPrincipal Principal(Standing standing, PersonEntry person) =>
        new(new AccessIdentity(standing, person.Id, person.Email, IdentityConstants.ApplicationScheme));

    /// <summary>A session in use.</summary>
    internal sealed record Entry(LiveCredential Live, Session Session, ClaimsPrincipal Principal, DateTimeOffset ReadAt);
}
