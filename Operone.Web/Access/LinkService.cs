using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Operone.Core.Errors;
using Operone.Web.Data;

namespace Operone.Web.Access;

/// <summary>An account elsewhere that a person linked.</summary>
/// <param name="Provider">The provider's name.</param>
/// <param name="Title">The provider's name on buttons.</param>
/// <param name="Key">The account's id there.</param>
/// <param name="Account">The account's e-mail or name when it was linked.</param>
/// <param name="IsUsable">Whether the provider is still set up here.</param>
internal sealed record LinkedAccount(string Provider, string Title, string Key, string? Account, bool IsUsable);

/// <summary>The use cases of one's own accounts elsewhere: see, link, unlink.</summary>
internal sealed class LinkService(
    IDbContextFactory<OperoneDb> databases, AccessDirectory access, ExternalProviders providers, StepUp stepUp, IAuditTrail audit, TimeProvider time)
{
    /// <summary>An account elsewhere, as it is stored.</summary>
    public static IdentityUserLogin<Guid> ToLogin(ExternalIdentity identity, Guid personId) => new()
    {
        LoginProvider = identity.Provider.Name,
        ProviderKey = identity.Key,
        ProviderDisplayName = (identity.Email ?? identity.Name) is { Length: <= 256 } text ? text : null,
        UserId = personId,
    };

    /// <summary>One's own.</summary>
    public async Task<IReadOnlyList<LinkedAccount>> ListAsync(Actor actor, CancellationToken cancellationToken)
    {
        if (actor.PersonId is not { } personId)
        {
            return [];
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var logins = await db.Set<IdentityUserLogin<Guid>>().Where(l => l.UserId == personId).OrderBy(l => l.LoginProvider).ThenBy(l => l.ProviderKey).ToListAsync(cancellationToken);
        return [.. logins.Select(l => new LinkedAccount(
            l.LoginProvider, providers.Find(l.LoginProvider)?.Title ?? l.LoginProvider, l.ProviderKey, l.ProviderDisplayName, providers.Find(l.LoginProvider) is not null))];
    }

    /// <summary>Whether somebody may begin to link one now: it needs a fresh sign-in or touch of a passkey.</summary>
    public ValueTask<Error?> MayLinkAsync(Actor actor, CancellationToken cancellationToken) =>
        stepUp.RequireFreshAsync(actor, "person.link", "Linking an account", cancellationToken);

    /// <summary>Links the account with which somebody who is signed in just came back. Null where it went well.</summary>
    public async Task<Error?> AddAsync(Actor actor, ExternalIdentity identity, CancellationToken cancellationToken)
    {
        var personId = actor.PersonId!.Value;
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        if (await db.Set<IdentityUserLogin<Guid>>().AnyAsync(l => l.LoginProvider == identity.Provider.Name && l.ProviderKey == identity.Key, cancellationToken))
        {
            return ExternalErrors.LinkedElsewhere(identity.Provider.Title);
        }

        try
        {
            db.Add(ToLogin(identity, personId));
            await db.SaveChangesAsync(cancellationToken);
        }
        catch (DbUpdateException exception) when (exception.IsDuplicate())
        {
            return ExternalErrors.LinkedElsewhere(identity.Provider.Title);
        }

        await audit.NoteAsync(actor, "person.link", actor.Name, allowed: true, identity.ToString(), cancellationToken);
        return null;
    }

    /// <summary>Removes the link to an account; the last way in stays.</summary>
    public async Task<Result<Unit>> RemoveAsync(Actor actor, string provider, string key, CancellationToken cancellationToken)
    {
        if (actor.PersonId is not { } personId)
        {
            return AccessErrors.NoPerson(actor.Name);
        }

        if (await stepUp.RequireFreshAsync(actor, "person.unlink", "Removing a link", cancellationToken) is { } stale)
        {
            return stale;
        }

        await using (var change = await access.BeginAsync(cancellationToken))
        {
            if (await change.Db.Set<IdentityUserLogin<Guid>>().Where(l => l.UserId == personId && l.LoginProvider == provider && l.ProviderKey == key)
                .ExecuteDeleteAsync(cancellationToken) == 0)
            {
                return ExternalErrors.NotLinked;
            }

            // Inside of the change: two removals at once do not take both.
            if (!await WaysIn.HasAnyAsync(change.Db, change.Before, personId, time.GetUtcNow(), cancellationToken))
            {
                await audit.NoteAsync(actor, "person.unlink", actor.Name, allowed: false, ExternalErrors.LastWayIn.Title, cancellationToken);
                return ExternalErrors.LastWayIn;
            }

            if (await change.CommitAsync(cancellationToken) is { } error)
            {
                return error;
            }
        }

        await audit.NoteAsync(actor, "person.unlink", actor.Name, allowed: true, provider, cancellationToken);
        return Unit.Value;
    }
}
