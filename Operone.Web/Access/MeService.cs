using Microsoft.EntityFrameworkCore;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Web.Data;

namespace Operone.Web.Access;

/// <summary>Who somebody is here, and what they may: what each may ask of themselves.</summary>
internal sealed class MeService(IDbContextFactory<OperoneDb> databases, AccessDirectory access, IAuditTrail audit, TimeProvider time)
{
    /// <summary>Who asks, and what they may with what they came with.</summary>
    public async Task<Result<MeView>> GetAsync(Actor actor, CancellationToken cancellationToken)
    {
        var snapshot = access.Current;
        if (actor.Id is not { } id || snapshot.People.GetValueOrDefault(actor.PersonId ?? Guid.Empty) is not { } person)
        {
            return AccessErrors.NoPerson(actor.Name);
        }

        var now = time.GetUtcNow();
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var session = actor.SessionId is { } sessionId ? await db.Set<Session>().SingleOrDefaultAsync(s => s.Id == sessionId, cancellationToken) : null;
        var token = actor.TokenId is { } tokenId ? await db.Set<ApiToken>().SingleOrDefaultAsync(t => t.Id == tokenId, cancellationToken) : null;
        var teams = await db.Set<Team>().Where(t => person.TeamIds.Contains(t.Id)).Select(t => t.Name).ToListAsync(cancellationToken);
        return new MeView(
            actor.TokenId is null ? "person" : "token", id, actor.Name, person.Id, person.Email, person.DisplayName,
            session is null ? null : new(session.Id, session.Method, session.Device, session.ExpiresAt),
            token is null ? null : new(token.Id, token.Name, token.Kind, token.ExpiresAt),
            [.. snapshot.RolesOf(person.Id, now).Select(r => r.Name).Order(StringComparer.OrdinalIgnoreCase)],
            [.. teams.Order(StringComparer.OrdinalIgnoreCase)],
            HeldPermission.Of(actor.Subject, now));
    }

    /// <summary>Changes one's own name. In a session, a browser's or a command line's: a token that was made for something else has no say in it.</summary>
    public async Task<Result<MeView>> RenameAsync(Actor actor, string? displayName, CancellationToken cancellationToken)
    {
        if (actor.PersonId is not { } id || actor.SessionId is null)
        {
            await audit.NoteAsync(actor, "me.rename", null, allowed: false, "no session", cancellationToken);
            return AccessErrors.SessionOnly(actor.Name);
        }

        var name = displayName?.Trim() ?? "";
        if (name.Length > 100 || name.Any(char.IsControl))
        {
            return Error.InvalidField("displayName", "must have at most 100 characters, none of them control characters");
        }

        await using (var change = await access.BeginAsync(cancellationToken))
        {
            if (await change.Db.Set<Person>().SingleOrDefaultAsync(p => p.Id == id, cancellationToken) is not { } person)
            {
                return AccessErrors.NoPerson(actor.Name);
            }

            person.DisplayName = name;
            if (await change.CommitAsync(cancellationToken) is { } error)
            {
                return error;
            }
        }

        await audit.NoteAsync(actor, "me.rename", access.Current.People.GetValueOrDefault(id)?.Email, allowed: true, name, cancellationToken);
        return await GetAsync(actor, cancellationToken);
    }
}
