using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Web.Data;
using Operone.Web.Hosting;

namespace Operone.Web.Access;

/// <summary>What somebody who recovers their account is shown.</summary>
/// <param name="PersonId">Who.</param>
/// <param name="Email">Their e-mail.</param>
/// <param name="HasCodes">Whether one-time codes are turned on.</param>
/// <param name="ExpiresAt">Until when the address is good.</param>
internal sealed record RecoveryOffer(Guid PersonId, string Email, bool HasCodes, DateTimeOffset ExpiresAt);

/// <summary>Lets an owner back in who lost every way in, with an address that the server's own shell printed.</summary>
internal sealed class RecoveryService(
    IDbContextFactory<OperoneDb> databases, AccessDirectory access, SessionService sessions, SignInPauses pauses, IPasswordHasher<Person> hasher, AccountLimits limits,
    IAuditTrail audit, TimeProvider time)
{
    /// <summary>What a code offers.</summary>
    public async Task<Result<RecoveryOffer>> LookAsync(string? code, CancellationToken cancellationToken)
    {
        if (code is not { Length: > 0 and <= 100 })
        {
            return RecoveryErrors.NotGood;
        }

        if (!limits.TryTake(AccountLimits.Recovery, code[..Math.Min(code.Length, 12)], out var wait))
        {
            return Error.TooMany(wait);
        }

        var (hash, now) = (SecretText.Hash(code), time.GetUtcNow());
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var found = await db.Set<RecoveryAddress>().Where(r => r.Hash == hash && r.ExpiresAt > now)
            .Join(db.Set<Person>(), r => r.PersonId, p => p.Id, (r, p) => new { p.Id, p.UserName, p.TwoFactorEnabled, r.ExpiresAt })
            .SingleOrDefaultAsync(cancellationToken);
        return found is null ? RecoveryErrors.NotGood : new RecoveryOffer(found.Id, found.UserName!, found.TwoFactorEnabled, found.ExpiresAt);
    }

    /// <summary>Recovers an account by setting a new password.</summary>
    public async Task<Result<Person>> RecoverWithPasswordAsync(
        HttpContext context, string? code, string? password, bool turnCodesOff, CancellationToken cancellationToken)
    {
        var offer = await LookAsync(code, cancellationToken);
        if (offer.IsError)
        {
            return offer.Error!;
        }

        return PasswordRules.Check(password ?? "", offer.Value.Email) is { } weakness
            ? Error.InvalidField("password", weakness)
            : await RecoverAsync(
                context, code!, "a new password", (person, _) => person.PasswordHash = hasher.HashPassword(person, password!), turnCodesOff, cancellationToken);
    }

    /// <summary>Recovers an account: adds the new way in, enables and unlocks it, and ends all its sessions.</summary>
    /// <param name="context">The request.</param>
    /// <param name="code">The address's code.</param>
    /// <param name="way">The new way in, in words.</param>
    /// <param name="addWay">Adds it.</param>
    /// <param name="turnCodesOff">Whether one-time codes are turned off.</param>
    /// <param name="cancellationToken">Ends it before anything is stored.</param>
    public async Task<Result<Person>> RecoverAsync(
        HttpContext context, string code, string way, Action<Person, OperoneDb> addWay, bool turnCodesOff, CancellationToken cancellationToken)
    {
        var (hash, now) = (SecretText.Hash(code), time.GetUtcNow());
        Person person;
        await using (var change = await access.BeginAsync(cancellationToken))
        {
            // Whoever deletes the address has it: two at the same time are not both let in.
            var address = await change.Db.Set<RecoveryAddress>().AsNoTracking().SingleOrDefaultAsync(r => r.Hash == hash && r.ExpiresAt > now, cancellationToken);
            if (address is null || !IsOwner(change.Before, address.PersonId)
                || await change.Db.Set<RecoveryAddress>().Where(r => r.Hash == hash).ExecuteDeleteAsync(cancellationToken) == 0)
            {
                return await RefusedAsync(context, cancellationToken);
            }

            person = await change.Db.Set<Person>().SingleAsync(p => p.Id == address.PersonId, cancellationToken);
            addWay(person, change.Db);
            person.DisabledAt = null;
            person.SecurityStamp = Guid.NewGuid().ToString("N");
            if (turnCodesOff)
            {
                person.TwoFactorEnabled = false;
                await change.Db.Set<IdentityUserToken<Guid>>().Where(t => t.UserId == person.Id).ExecuteDeleteAsync(cancellationToken);
            }

            if (await change.CommitAsync(cancellationToken) is { } error)
            {
                return error;
            }
        }

        await pauses.ClearAsync(SignInService.PauseKind, person.UserName!, cancellationToken);
        var actor = new Actor(person.Id, person.UserName!, Standing.None, context.Connection.RemoteIpAddress?.ToString()) { RequestId = context.TraceIdentifier };
        await sessions.EndAllAsync(actor, person.Id, but: null, "the account was recovered", cancellationToken);
        await audit.NoteAsync(
            actor, "person.recover", person.UserName, allowed: true, way + (turnCodesOff ? "; one-time codes turned off" : ""), cancellationToken);
        return person;
    }

    /// <summary>Whether somebody is an owner by their grants, also where they are disabled.</summary>
    public static bool IsOwner(AccessSnapshot snapshot, Guid personId) =>
        snapshot.GrantsOf(personId).Concat(snapshot.People.GetValueOrDefault(personId)?.TeamIds.SelectMany(snapshot.GrantsOf) ?? [])
            .Any(g => g is { Effect: GrantEffect.Allow, Selector.Length: 0, Until: null } && g.RoleId == BuiltInRoles.Owner.Id);

    private async Task<Error> RefusedAsync(HttpContext context, CancellationToken cancellationToken)
    {
        await audit.NoteAsync(Actor.Anonymous(context), "person.recover", null, allowed: false, RecoveryErrors.NotGood.Detail, cancellationToken);
        return RecoveryErrors.NotGood;
    }
}

/// <summary>What can go wrong when an account is recovered, as expected.</summary>
internal static class RecoveryErrors
{
    public static Error NotGood { get; } = new(ErrorKind.NotFound, "recovery-not-good", "The address is not good any more.",
        "It was used already, or is older than an hour; or it was cut off when it was copied. Print another on the server: ./run.sh --recover-owner EMAIL");
}
