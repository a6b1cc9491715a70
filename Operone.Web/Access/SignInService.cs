using Microsoft.EntityFrameworkCore;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Web.Data;
using Operone.Web.Hosting;

namespace Operone.Web.Access;

/// <summary>How far somebody came who signs in with a password.</summary>
/// <param name="Person">Who.</param>
/// <param name="Pending">Where a one-time code is needed too: what to send back with it. Null where they are signed in.</param>
internal sealed record SignInStep(Person Person, string? Pending);

/// <summary>Signs people in with a password, and out. The page's form calls it: it needs a request to answer with a cookie.</summary>
internal sealed class SignInService(
    IDbContextFactory<OperoneDb> databases, PasswordWays passwords, SignInPauses pauses, AccountLimits limits, CodeStep codes, SessionService sessions,
    IAuditTrail audit)
{
    /// <summary>
    /// Signs in with a password. The answer is the same, and takes as long, for an unknown name, a wrong password, a person
    /// without one or who may not use it, a disabled account, and one that pauses after too many tries.
    /// </summary>
    public async Task<Result<SignInStep>> SignInAsync(
        HttpContext context, string? email, string? password, string? deviceKey, bool remember, CancellationToken cancellationToken)
    {
        if (DeviceKey.Read(deviceKey) is null)
        {
            return AccessErrors.DeviceKeyMissing;
        }

        var name = email?.Trim() ?? "";
        if (!limits.TryTake(AccountLimits.SignIn, name, out var wait))
        {
            return Error.TooMany(wait);
        }

        var may = await pauses.TakeAsync(PauseKind, name, cancellationToken);
        var person = await FindAsync(name, cancellationToken);
        var isRight = passwords.Verify(person, password);
        var problem = person is null ? "unknown name"
            : !may ? "the account pauses after too many tries"
            : person.PasswordHash is null ? "the account has no password"
            : !isRight ? "wrong password"
            : person.DisabledAt is not null ? "the account is disabled"
            : !passwords.MayUse(person.Id) ? "passwords are for owners alone"
            : null;
        if (problem is not null || person is null)
        {
            await audit.NoteAsync(Actor.Anonymous(context), "person.sign-in", name, allowed: false, problem, cancellationToken);
            return AccessErrors.SignInFailed;
        }

        await pauses.ClearAsync(PauseKind, name, cancellationToken);
        if (person.TwoFactorEnabled)
        {
            return new SignInStep(person, codes.Begin(person, remember));
        }

        var session = await sessions.BeginAsync(context, person, SignInMethods.Password, deviceKey, remember, cancellationToken);
        return session.IsError ? session.Error! : new SignInStep(person, null);
    }

    /// <summary>What a password is counted under at <see cref="SignInPauses"/>; the name is the e-mail.</summary>
    public const string PauseKind = "password";

    /// <summary>Ends the session.</summary>
    public async Task SignOutAsync(HttpContext context, CancellationToken cancellationToken)
    {
        var actor = Actor.From(context);
        if (actor.SessionId is { } id)
        {
            await sessions.EndAsync(actor, id, cancellationToken);
        }

        await SessionCookie.TakeAwayAsync(context);
    }

    private async Task<Person?> FindAsync(string email, CancellationToken cancellationToken)
    {
        var normalized = email.Length <= 256 ? email.ToUpperInvariant() : "";
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.Set<Person>().SingleOrDefaultAsync(p => p.NormalizedUserName == normalized, cancellationToken);
    }
}
