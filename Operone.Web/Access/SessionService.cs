using Microsoft.EntityFrameworkCore;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Events;
using Operone.Web.Data;

namespace Operone.Web.Access;

/// <summary>The use cases of sessions: begin, look, end.</summary>
internal sealed class SessionService(
    IDbContextFactory<OperoneDb> databases, SessionDirectory directory, TokenDirectory tokens, AccessDirectory access, IAuditTrail audit,
    TimeProvider time)
{
    /// <summary>How long a session lasts where the person wanted to stay signed in.</summary>
    public static readonly TimeSpan Long = TimeSpan.FromDays(14);

    /// <summary>How long it lasts at the most where not; it also ends with the browser.</summary>
    public static readonly TimeSpan Short = TimeSpan.FromHours(12);

    /// <summary>
    /// Begins a session for somebody who has just proved who they are, and gives its cookie. It is bound to the key that
    /// their browser made.
    /// </summary>
    /// <param name="context">The request that answers with the cookie.</param>
    /// <param name="person">Who.</param>
    /// <param name="method">How they proved it: <see cref="SignInMethods"/>.</param>
    /// <param name="deviceKey">The browser's public key, as SubjectPublicKeyInfo in base64.</param>
    /// <param name="remember">Whether to stay signed in when the browser is closed.</param>
    /// <param name="cancellationToken">Ends it before anything is stored.</param>
    public async Task<Result<Session>> BeginAsync(
        HttpContext context, Person person, string method, string? deviceKey, bool remember, CancellationToken cancellationToken)
    {
        var address = context.Connection.RemoteIpAddress?.ToString();
        var actor = new Actor(person.Id, person.UserName!, Standing.None, address) { RequestId = context.TraceIdentifier };
        if (person.DisabledAt is not null)
        {
            await audit.NoteAsync(actor, "session.begin", person.UserName, allowed: false, "the account is disabled", cancellationToken: cancellationToken);
            return AccessErrors.SignInFailed;
        }

        if (DeviceKey.Read(deviceKey) is not { } key)
        {
            return AccessErrors.DeviceKeyMissing;
        }

        var now = time.GetUtcNow();
        var session = new Session
        {
            Id = Guid.CreateVersion7(now),
            PersonId = person.Id,
            Method = method,
            Device = UserAgentText.Describe(context.Request.Headers.UserAgent.ToString()),
            Address = address,
            CreatedAt = now,
            LastSeenAt = now,
            ExpiresAt = now + (remember ? Long : Short),
            IsPersistent = remember,
            Binding = SessionBinding.WebCrypto,
            PublicKey = key,
            SteppedUpAt = method == SignInMethods.Passkey ? now : null,
        };
        await StoreAsync(session, person, cancellationToken);
        await SessionCookie.GiveAsync(context, session, now);
        DeviceBoundSessions.Offer(context, session);
        await audit.NoteAsync(actor with { SessionId = session.Id }, "session.begin", person.UserName, allowed: true, $"{method}, {session.Device}", cancellationToken: cancellationToken);
        return session;
    }

    private async Task StoreAsync(Session session, Person person, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        db.Add(session);
        db.Publish(new(EventTypes.PersonSignedIn, person.UserName, Actor: person.UserName));
        await db.SaveChangesAsync(cancellationToken);
    }

    /// <summary>A page of the sessions that go on, newest first: one's own, somebody's, or everybody's.</summary>
    /// <param name="actor">Who asks.</param>
    /// <param name="personId">Whose; null for everybody's.</param>
    /// <param name="limit">How many, 1 to 500.</param>
    /// <param name="cursor">Where the page before ended.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public async Task<Result<Page<SessionView>>> ListAsync(
        Actor actor, Guid? personId, int? limit, string? cursor, CancellationToken cancellationToken)
    {
        if (await RequireAsync(actor, personId, "session.read", personId?.ToString(), cancellationToken) is { } denied)
        {
            return denied;
        }

        var page = PageRequest.Parse(limit, cursor);
        if (page.IsError)
        {
            return page.Error!;
        }

        var now = time.GetUtcNow();
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var sessions = db.Set<Session>().Where(s => s.EndedAt == null && s.ExpiresAt > now);
        if (personId is { } person)
        {
            sessions = sessions.Where(s => s.PersonId == person);
        }

        if (page.Value.After is { } after)
        {
            sessions = sessions.Where(s => s.Id < after);
        }

        var found = await sessions.OrderByDescending(s => s.Id).Take(page.Value.Limit + 1).ToListAsync(cancellationToken);
        return page.Value.ToPage(found, s => s.Id, s => View(actor, s));
    }

    /// <summary>Ends a session, one's own or, for who manages people, anybody's. Somebody else's does not exist for others.</summary>
    public async Task<Result<Unit>> EndAsync(Actor actor, Guid id, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var session = await db.Set<Session>().SingleOrDefaultAsync(s => s.Id == id && s.EndedAt == null, cancellationToken);
        if (session is null || (!IsOwn(actor, session.PersonId) && !actor.May(Permissions.PeopleManage, null)))
        {
            return AccessErrors.SessionNotFound(id);
        }

        if (await RequireAsync(actor, session.PersonId, "session.end", id.ToString(), cancellationToken) is { } denied)
        {
            return denied;
        }

        await EndAsync(actor, [session], $"ended by {actor.Name}", cancellationToken);
        return Unit.Value;
    }

    /// <summary>Ends all sessions of a person but the one that asks. Returns how many.</summary>
    public async Task<Result<int>> EndAllAsync(Actor actor, Guid personId, bool keepThis, CancellationToken cancellationToken)
    {
        if (await RequireAsync(actor, personId, "session.end", access.Current.People.GetValueOrDefault(personId)?.Email, cancellationToken) is { } denied)
        {
            return denied;
        }

        return await EndAllAsync(actor, personId, keepThis ? actor.SessionId : null, $"ended by {actor.Name}", cancellationToken);
    }

    /// <summary>Ends all sessions of a person, for a reason that needs no permission: the account was disabled, or recovered.</summary>
    public async Task<int> EndAllAsync(Actor actor, Guid personId, Guid? but, string reason, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var sessions = await db.Set<Session>().Where(s => s.PersonId == personId && s.EndedAt == null && s.Id != but).ToListAsync(cancellationToken);
        await EndAsync(actor, sessions, reason, cancellationToken);
        return sessions.Count;
    }

    /// <summary>Ends sessions, with all that they hold.</summary>
    /// <param name="actor">Who ends them.</param>
    /// <param name="sessions">Which.</param>
    /// <param name="reason">Why, in words.</param>
    /// <param name="cancellationToken">Ends it before anything is stored.</param>
    /// <param name="besides">What else happens by it.</param>
    public async Task EndAsync(
        Actor actor, IReadOnlyList<Session> sessions, string reason, CancellationToken cancellationToken, OperoneEvent? besides = null)
    {
        if (sessions.Count == 0)
        {
            return;
        }

        var now = time.GetUtcNow();
        var ids = sessions.Select(s => s.Id).ToArray();
        await using (var db = await databases.CreateDbContextAsync(cancellationToken))
        await using (var transaction = await db.Database.BeginTransactionAsync(cancellationToken))
        {
            await db.Set<Session>().Where(s => ids.Contains(s.Id) && s.EndedAt == null).ExecuteUpdateAsync(
                set => set.SetProperty(s => s.EndedAt, now).SetProperty(s => s.EndedBy, actor.Name).SetProperty(s => s.EndReason, reason), cancellationToken);
            await db.Set<ApiToken>().Where(t => t.SessionId != null && ids.Contains(t.SessionId.Value)).ExecuteDeleteAsync(cancellationToken);
            foreach (var session in sessions)
            {
                db.Publish(new(EventTypes.SessionEnded, EmailOf(session), Actor: actor.Name,
                    Data: new Dictionary<string, string?> { ["sessionId"] = session.Id.ToString(), ["reason"] = reason }));
            }

            if (besides is not null)
            {
                db.Publish(besides);
            }

            await db.SaveChangesAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }

        foreach (var session in sessions)
        {
            directory.Ended(session.Id);
            tokens.EndOfSession(session.Id);
            await audit.NoteAsync(actor, "session.end", EmailOf(session), allowed: true, $"{reason}: {session.Device}, {session.Id}",
                IsOwn(actor, session.PersonId) ? null : actor.Decide(Permissions.PeopleManage, null).Grant, cancellationToken);
        }
    }

    private string? EmailOf(Session session) => access.Current.People.GetValueOrDefault(session.PersonId)?.Email;

    // To look is for who manages people; to end an owner's is for who manages owners.
    private async ValueTask<Error?> RequireAsync(Actor actor, Guid? personId, string action, string? target, CancellationToken cancellationToken)
    {
        if (IsOwn(actor, personId))
        {
            return null;
        }

        var isOwners = action == "session.end" && personId is { } id && access.Current.IsProtected(id, time.GetUtcNow());
        return await audit.RequireAsync(actor, isOwners ? Permissions.OwnersManage : Permissions.PeopleManage, action, target, cancellationToken);
    }

    /// <summary>One's own are one's own in a session; an API token that was made for something else has nothing to do with them.</summary>
    private static bool IsOwn(Actor actor, Guid? personId) => personId is not null && personId == actor.PersonId && actor.SessionId is not null;

    private SessionView View(Actor actor, Session session) => new(
        session.Id, session.PersonId, access.Current.People.GetValueOrDefault(session.PersonId)?.Email ?? "", session.Device, session.Address,
        session.Method, session.Binding, session.CreatedAt, session.LastSeenAt, session.ExpiresAt, session.Id == actor.SessionId);
}
