using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Events;
using Operone.Web.Data;

namespace Operone.Web.Access;

/// <summary>Which people a list shows. All that is given must hold.</summary>
/// <param name="Text">With this in the e-mail or the name.</param>
/// <param name="State"><c>enabled</c> or <c>disabled</c>; null for both.</param>
/// <param name="TeamId">In this team.</param>
/// <param name="Role">With this role, by its id or name.</param>
/// <param name="Limit">How many, 1 to 500; null for 50.</param>
/// <param name="Cursor">Where the page before ended.</param>
internal sealed record PersonQuery(
    string? Text = null, string? State = null, Guid? TeamId = null, string? Role = null, int? Limit = null, string? Cursor = null);

/// <summary>The use cases of people: list, look, rename, disable, enable, remove.</summary>
internal sealed class PersonService(
    IDbContextFactory<OperoneDb> databases, AccessDirectory access, AccessRules rules, IAuditTrail audit, TimeProvider time,
    PersonEnding ending)
{
    private const int MaxName = 100;

    /// <summary>A page of people, by e-mail.</summary>
    public async Task<Result<Page<PersonView>>> ListAsync(Actor actor, PersonQuery query, CancellationToken cancellationToken)
    {
        if (await audit.RequireAsync(actor, Permissions.PeopleManage, "person.read", null, cancellationToken) is { } denied)
        {
            return denied;
        }

        var (snapshot, now) = (access.Current, time.GetUtcNow());
        var role = string.IsNullOrEmpty(query.Role) ? null : AccessInput.FindRole(snapshot, query.Role);
        var errors = new FieldErrors();
        errors.AddIf(query.State is not (null or "" or "enabled" or "disabled"), "state", "must be enabled or disabled");
        errors.AddIf(!string.IsNullOrEmpty(query.Role) && role is null, "role", $"is no role: '{query.Role}'");
        if (errors.ToError() is { } error)
        {
            return error;
        }

        var found = snapshot.People.Values.Where(p =>
            (string.IsNullOrEmpty(query.State) || p.IsEnabled == (query.State == "enabled"))
            && (query.TeamId is not { } team || p.TeamIds.Contains(team))
            && (role is null || snapshot.RolesOf(p.Id, now).Contains(role))
            && (string.IsNullOrWhiteSpace(query.Text) || Has(p, query.Text)));
        var page = NamedPage.Take(found, p => p.Email, query.Limit, query.Cursor);
        return page.IsError
            ? page.Error!
            : new Page<PersonView>(await ViewsAsync(snapshot, page.Value.Items, cancellationToken), page.Value.NextCursor);
    }

    /// <summary>One person with their grants, their own and their teams'.</summary>
    public async Task<Result<PersonDetails>> GetAsync(Actor actor, Guid id, CancellationToken cancellationToken)
    {
        if (await audit.RequireAsync(actor, Permissions.PeopleManage, "person.read", id.ToString(), cancellationToken) is { } denied)
        {
            return denied;
        }

        var snapshot = access.Current;
        if (snapshot.People.GetValueOrDefault(id) is not { } person)
        {
            return AccessErrors.PersonNotFound(id.ToString());
        }

        var grants = snapshot.GrantsOf(id).Concat(person.TeamIds.SelectMany(snapshot.GrantsOf)).OrderByDescending(g => g.Id).ToArray();
        var names = await GrantNames.ReadAsync(databases, snapshot, grants, time.GetUtcNow(), cancellationToken);
        return await ViewsAsync(snapshot, [person], cancellationToken) is [var view]
            ? new PersonDetails(view, [.. grants.Select(names.View)])
            : AccessErrors.PersonNotFound(id.ToString());
    }

    /// <summary>Changes what others call a person.</summary>
    public async Task<Result<PersonView>> UpdateAsync(Actor actor, Guid id, UpdatePerson request, CancellationToken cancellationToken)
    {
        var found = await BeginAsync(actor, id, "person.update", cancellationToken);
        if (found.IsError)
        {
            return found.Error!;
        }

        await using var change = found.Value.Change;
        var name = request.DisplayName?.Trim() ?? "";
        if (name.Length > MaxName || name.Any(char.IsControl))
        {
            return Error.InvalidField("displayName", $"must have at most {MaxName} characters");
        }

        var person = found.Value.Person;
        var before = person.DisplayName;
        person.DisplayName = name;
        Publish(actor, change, EventTypes.PersonUpdated, person);
        if (await change.CommitAsync(cancellationToken) is { } conflict)
        {
            return await rules.RefuseAsync(actor, "person.update", person.UserName, conflict, null, cancellationToken);
        }

        await NoteAsync(actor, "person.update", person, $"named '{name}', before '{before}'", cancellationToken);
        return (await ViewsAsync(access.Current, [access.Current.People[id]], cancellationToken))[0];
    }

    /// <summary>Signs a person out everywhere, and lets them in no more. Their tokens act no more either. Their grants stay, for when they are enabled.</summary>
    public async Task<Result<Unit>> DisableAsync(Actor actor, Guid id, CancellationToken cancellationToken)
    {
        if (id == actor.PersonId)
        {
            return await rules.RefuseAsync(actor, "person.disable", actor.Name, AccessErrors.NotYourself("disable"), null, cancellationToken);
        }

        var found = await BeginAsync(actor, id, "person.disable", cancellationToken);
        if (found.IsError)
        {
            return found.Error!;
        }

        await using var change = found.Value.Change;
        var person = found.Value.Person;
        if (person.DisabledAt is null)
        {
            person.DisabledAt = time.GetUtcNow();
            Publish(actor, change, EventTypes.PersonDisabled, person);
            if (await change.CommitAsync(cancellationToken) is { } conflict)
            {
                return await rules.RefuseAsync(actor, "person.disable", person.UserName, conflict, null, cancellationToken);
            }

            await NoteAsync(actor, "person.disable", person, null, cancellationToken);
        }

        await ending.EndAsync(actor, id, "the account was disabled", cancellationToken);
        return Unit.Value;
    }

    /// <summary>Lets a person in again who was disabled.</summary>
    public async Task<Result<Unit>> EnableAsync(Actor actor, Guid id, CancellationToken cancellationToken)
    {
        var found = await BeginAsync(actor, id, "person.enable", cancellationToken);
        if (found.IsError)
        {
            return found.Error!;
        }

        await using var change = found.Value.Change;
        var person = found.Value.Person;
        if (person.DisabledAt is not null)
        {
            person.DisabledAt = null;
            Publish(actor, change, EventTypes.PersonEnabled, person);
            if (await change.CommitAsync(cancellationToken) is { } conflict)
            {
                return await rules.RefuseAsync(actor, "person.enable", person.UserName, conflict, null, cancellationToken);
            }

            await NoteAsync(actor, "person.enable", person, null, cancellationToken);
        }

        return Unit.Value;
    }

    /// <summary>Removes a person: their sessions, tokens, ways in and grants go. What they did stays in the runs and the audit trail.</summary>
    public async Task<Result<Unit>> RemoveAsync(Actor actor, Guid id, CancellationToken cancellationToken)
    {
        if (id == actor.PersonId)
        {
            return await rules.RefuseAsync(actor, "person.remove", actor.Name, AccessErrors.NotYourself("remove"), null, cancellationToken);
        }

        var found = await BeginAsync(actor, id, "person.remove", cancellationToken);
        if (found.IsError)
        {
            return found.Error!;
        }

        await using var change = found.Value.Change;
        var person = found.Value.Person;
        var held = await PersonEnding.FindAsync(change.Db, id, cancellationToken);
        var subjects = held.Tokens.Select(t => t.Id).Append(id).ToArray();
        await change.Db.Set<Grant>().Where(g => subjects.Contains(g.SubjectId)).ExecuteDeleteAsync(cancellationToken);
        change.Db.Remove(person);
        Publish(actor, change, EventTypes.PersonRemoved, person);
        if (await change.CommitAsync(cancellationToken) is { } conflict)
        {
            return await rules.RefuseAsync(actor, "person.remove", person.UserName, conflict, null, cancellationToken);
        }

        await NoteAsync(
            actor, "person.remove", person, $"with {held.Sessions.Count} sessions and {held.Tokens.Count} tokens", cancellationToken);
        await ending.EndAsync(actor, held, "the account was removed", cancellationToken);
        return Unit.Value;
    }

    // The person as they are when the change has its turn; who is an owner is for who manages owners.
    private async Task<Result<(AccessChange Change, Person Person)>> BeginAsync(
        Actor actor, Guid id, string action, CancellationToken cancellationToken)
    {
        var name = access.Current.People.GetValueOrDefault(id)?.Email ?? id.ToString();
        var begun = await rules.BeginAsync(actor, Permissions.PeopleManage, action, name, cancellationToken);
        if (begun.IsError)
        {
            return begun.Error!;
        }

        var change = begun.Value;
        var error = await rules.RequireOverAsync(actor, action, change.Before, id, cancellationToken);
        var person = error is null ? await change.Db.Set<Person>().SingleOrDefaultAsync(p => p.Id == id, cancellationToken) : null;
        if (person is not null)
        {
            return (change, person);
        }

        await change.DisposeAsync();
        return error ?? AccessErrors.PersonNotFound(id.ToString());
    }

    private ValueTask NoteAsync(Actor actor, string action, Person person, string? detail, CancellationToken cancellationToken) =>
        rules.NoteAsync(actor, Permissions.PeopleManage, action, person.UserName, detail, cancellationToken);

    private static void Publish(Actor actor, AccessChange change, string type, Person person) =>
        change.Db.Publish(new(type, person.UserName, Actor: actor.Name, Data: new Dictionary<string, string?> { ["personId"] = person.Id.ToString() }));

    private async Task<IReadOnlyList<PersonView>> ViewsAsync(
        AccessSnapshot snapshot, IReadOnlyList<PersonEntry> people, CancellationToken cancellationToken)
    {
        var (ids, now) = (people.Select(p => p.Id).ToArray(), time.GetUtcNow());
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var stored = await db.Set<Person>().Where(p => ids.Contains(p.Id))
            .Select(p => new { p.Id, p.DisabledAt, p.CreatedAt, HasPassword = p.PasswordHash != null, p.TwoFactorEnabled }).ToDictionaryAsync(p => p.Id, cancellationToken);
        var seen = await db.Set<Session>().Where(s => ids.Contains(s.PersonId)).GroupBy(s => s.PersonId)
            .Select(g => new { g.Key, At = g.Max(s => s.LastSeenAt) }).ToDictionaryAsync(s => s.Key, s => s.At, cancellationToken);
        var passkeys = await db.Set<Passkey>().Where(k => ids.Contains(k.UserId)).GroupBy(k => k.UserId)
            .Select(g => new { g.Key, Count = g.Count() }).ToDictionaryAsync(k => k.Key, k => k.Count, cancellationToken);
        var logins = (await db.Set<IdentityUserLogin<Guid>>().Where(l => ids.Contains(l.UserId))
            .Select(l => new { l.UserId, Name = l.ProviderDisplayName ?? l.LoginProvider }).ToListAsync(cancellationToken)).ToLookup(l => l.UserId, l => l.Name);
        return [.. people.Where(p => stored.ContainsKey(p.Id)).Select(p => new PersonView(
            p.Id, p.Email, p.DisplayName, snapshot.IsProtected(p.Id, now), stored[p.Id].DisabledAt, stored[p.Id].CreatedAt,
            seen.TryGetValue(p.Id, out var at) ? at : null,
            [.. snapshot.RolesOf(p.Id, now).OrderBy(r => r.Id).Select(r => new NamedId(r.Id, r.Name))],
            [.. p.TeamIds.Select(snapshot.Teams.GetValueOrDefault).OfType<TeamEntry>().OrderBy(t => t.Name, StringComparer.OrdinalIgnoreCase).Select(t => new NamedId(t.Id, t.Name))],
            new(stored[p.Id].HasPassword, stored[p.Id].TwoFactorEnabled, passkeys.GetValueOrDefault(p.Id), [.. logins[p.Id].Distinct()])))];
    }

    private static bool Has(PersonEntry person, string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries)
        .All(word => person.Email.Contains(word, StringComparison.OrdinalIgnoreCase) || person.DisplayName.Contains(word, StringComparison.OrdinalIgnoreCase));
}
