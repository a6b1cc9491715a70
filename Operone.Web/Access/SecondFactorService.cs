using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Web.Data;

namespace Operone.Web.Access;

/// <summary>How one-time codes stand for somebody.</summary>
/// <param name="IsOn">Whether signing in with the password needs one.</param>
/// <param name="RecoveryCodes">How many recovery codes are left.</param>
/// <param name="HasPassword">Whether there is a password at all: codes go with it.</param>
internal sealed record SecondFactorState(bool IsOn, int RecoveryCodes, bool HasPassword);

/// <summary>A secret that is not in use yet.</summary>
/// <param name="Sealed">What to send back with a code of it.</param>
/// <param name="Text">To type into an app.</param>
/// <param name="Address">What the QR code says.</param>
internal sealed record SecondFactorOffer(string Sealed, string Text, string Address);

/// <summary>Recovery codes, to be shown once.</summary>
internal sealed record RecoveryCodeSet(IReadOnlyList<string> Codes);

/// <summary>The use cases of one's own password and one-time codes, and of who resets another's.</summary>
internal sealed class SecondFactorService(
    IDbContextFactory<OperoneDb> databases, AccessDirectory access, SecondFactor factor, SignInPauses pauses, PasswordWays passwords, StepUp stepUp, SessionService sessions,
    IPasswordHasher<Person> hasher, IAuditTrail audit, TimeProvider time)
{
    /// <summary>What codes are counted under at <see cref="SignInPauses"/>; the name is the person's id.</summary>
    public const string PauseKind = "code";

    private static readonly Error WrongCode = Error.InvalidField("code", "is not right, or was used already; wait for the next one");

    private static readonly Error AlreadyOn = new(
        ErrorKind.Conflict, "codes-on", "One-time codes are turned on already.", "Turn them off first, to use another device.");

    private static readonly Error NotOn = new(ErrorKind.Conflict, "codes-off", "One-time codes are not turned on.", "There is nothing to change.");

    /// <summary>How it stands.</summary>
    public async Task<SecondFactorState> GetAsync(Actor actor, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var person = await db.Set<Person>().Where(p => p.Id == actor.PersonId).Select(p => new { p.TwoFactorEnabled, HasPassword = p.PasswordHash != null })
            .SingleOrDefaultAsync(cancellationToken);
        return person is null
            ? new(false, 0, false)
            : new(person.TwoFactorEnabled, await SecondFactor.CountRecoveryCodesAsync(db, actor.PersonId!.Value, cancellationToken), person.HasPassword);
    }

    /// <summary>A new secret, to be put into an app. Nothing is stored before a code of it comes back.</summary>
    public SecondFactorOffer Offer(Actor actor)
    {
        var secret = Totp.NewSecret();
        return new(factor.Seal(secret), string.Join(' ', Totp.ToText(secret).Chunk(4).Select(c => new string(c))), Totp.Address("Operone", actor.Name, secret));
    }

    /// <summary>Turns codes on. Gives the recovery codes, which are not shown again.</summary>
    public async Task<Result<RecoveryCodeSet>> TurnOnAsync(Actor actor, string? sealedSecret, string? code, CancellationToken cancellationToken)
    {
        if (await stepUp.RequireFreshAsync(actor, "person.codes-on", "Turning one-time codes on", cancellationToken) is { } stale)
        {
            return stale;
        }

        if (factor.Open(sealedSecret) is not { } secret || Totp.Find(secret, Digits(code), time.GetUtcNow()) is not { } step)
        {
            return WrongCode;
        }

        return await ChangeAsync<RecoveryCodeSet>(
            actor, "person.codes-on", async (db, person) =>
            {
                if (person.TwoFactorEnabled)
                {
                    return AlreadyOn;
                }

                return new RecoveryCodeSet(await factor.TurnOnAsync(db, person, secret, step, cancellationToken));
            },
            cancellationToken);
    }

    /// <summary>Makes new recovery codes, against a code; the old ones are not good any more.</summary>
    public async Task<Result<RecoveryCodeSet>> RenewRecoveryCodesAsync(Actor actor, string? code, CancellationToken cancellationToken) =>
        await RequireCodeAsync(actor, "person.recovery-codes", code, cancellationToken) is { } error
            ? error
            : await ChangeAsync<RecoveryCodeSet>(
                actor, "person.recovery-codes",
                async (db, person) => new RecoveryCodeSet(await SecondFactor.RenewRecoveryCodesAsync(db, person.Id, cancellationToken)), cancellationToken);

    /// <summary>Turns codes off, against a code or the password.</summary>
    public async Task<Result<Unit>> TurnOffAsync(Actor actor, string? codeOrPassword, CancellationToken cancellationToken) =>
        await RequireCodeAsync(actor, "person.codes-off", codeOrPassword, cancellationToken, orPassword: true) is { } error
            ? error
            : await ChangeAsync<Unit>(
                actor, "person.codes-off",
                async (db, person) =>
                {
                    await SecondFactor.TurnOffAsync(db, person, cancellationToken);
                    return Unit.Value;
                },
                cancellationToken);

    /// <summary>Turns another's codes off, for who lost their device and asks an administrator. An owner's, who manages owners.</summary>
    public async Task<Result<Unit>> ResetAsync(Actor actor, Guid personId, CancellationToken cancellationToken)
    {
        var email = access.Current.People.GetValueOrDefault(personId)?.Email;
        var permission = RecoveryService.IsOwner(access.Current, personId) ? Permissions.OwnersManage : Permissions.PeopleManage;
        var denied = await audit.RequireAsync(actor, Permissions.PeopleManage, "person.codes-reset", email ?? personId.ToString(), cancellationToken)
            ?? await audit.RequireAsync(actor, permission, "person.codes-reset", email, cancellationToken);
        if (denied is not null)
        {
            return denied;
        }

        if (email is null)
        {
            return new Error(ErrorKind.NotFound, "person-not-found", "There is no such person.", $"Nobody has the id {personId}.");
        }

        if (await stepUp.RequireAsync(actor, DangerousActs.ChangeAccess, cancellationToken) is { } untouched)
        {
            return untouched;
        }

        await using (var db = await OpenAsync(cancellationToken))
        {
            var person = await db.Set<Person>().SingleAsync(p => p.Id == personId, cancellationToken);
            await SecondFactor.TurnOffAsync(db, person, cancellationToken);
            await db.SaveChangesAsync(cancellationToken);
        }

        await pauses.ClearAsync(PauseKind, personId.ToString(), cancellationToken);
        await audit.NoteAsync(actor, "person.codes-reset", email, allowed: true, null, actor.Decide(permission, null).Grant, cancellationToken);
        return Unit.Value;
    }

    /// <summary>Sets one's password. It needs the present one, or a fresh sign-in or touch of a passkey.</summary>
    /// <param name="actor">Who.</param>
    /// <param name="present">The present password; may be empty in a fresh session.</param>
    /// <param name="password">The new one.</param>
    /// <param name="endOthers">Whether all other sessions end.</param>
    /// <param name="cancellationToken">Ends it before anything is stored.</param>
    public async Task<Result<Unit>> SetPasswordAsync(Actor actor, string? present, string? password, bool endOthers, CancellationToken cancellationToken)
    {
        if (actor.TokenId is not null || actor.PersonId is not { } personId)
        {
            return StepUpErrors.Impossible(actor.Name, "Changing a password");
        }

        if (!passwords.MayUse(personId))
        {
            return InvitationErrors.PasswordsNotAllowed;
        }

        if (PasswordRules.Check(password ?? "", actor.Name) is { } weakness)
        {
            return Error.InvalidField("password", weakness);
        }

        if (!string.IsNullOrEmpty(present) || !await stepUp.IsFreshAsync(actor, orSignedIn: true, cancellationToken))
        {
            await using var db = await OpenAsync(cancellationToken);
            var person = await db.Set<Person>().AsNoTracking().SingleAsync(p => p.Id == personId, cancellationToken);
            if (!await pauses.TakeAsync(SignInService.PauseKind, actor.Name, cancellationToken) || !passwords.Verify(person, present))
            {
                await audit.NoteAsync(actor, "person.password", actor.Name, allowed: false, "the present password is wrong", cancellationToken);
                return Error.InvalidField("present", "is not right; after five tries that fail there is a pause");
            }

            await pauses.ClearAsync(SignInService.PauseKind, actor.Name, cancellationToken);
        }

        var changed = await ChangeAsync<Unit>(
            actor, "person.password",
            (_, person) =>
            {
                person.PasswordHash = hasher.HashPassword(person, password!);
                person.SecurityStamp = Guid.NewGuid().ToString("N");
                return Task.FromResult<Result<Unit>>(Unit.Value);
            },
            cancellationToken);
        if (!changed.IsError && endOthers)
        {
            await sessions.EndAllAsync(actor, personId, actor.SessionId, "the password was changed", cancellationToken);
        }

        return changed;
    }

    private async Task<Error?> RequireCodeAsync(Actor actor, string action, string? code, CancellationToken cancellationToken, bool orPassword = false)
    {
        if (actor.TokenId is not null || actor.PersonId is not { } personId)
        {
            return StepUpErrors.Impossible(actor.Name, "Changing one-time codes");
        }

        await using var db = await OpenAsync(cancellationToken);
        var person = await db.Set<Person>().AsNoTracking().SingleAsync(p => p.Id == personId, cancellationToken);
        if (!person.TwoFactorEnabled)
        {
            return NotOn;
        }

        var isRight = await pauses.TakeAsync(PauseKind, personId.ToString(), cancellationToken)
            && (await factor.TakeAsync(db, personId, code, cancellationToken) || (orPassword && passwords.Verify(person, code)));
        if (!isRight)
        {
            await audit.NoteAsync(actor, action, actor.Name, allowed: false, "wrong code", cancellationToken);
            return WrongCode;
        }

        await pauses.ClearAsync(PauseKind, personId.ToString(), cancellationToken);
        return null;
    }

    private async Task<Result<T>> ChangeAsync<T>(Actor actor, string action, Func<OperoneDb, Person, Task<Result<T>>> change, CancellationToken cancellationToken)
    {
        await using var db = await OpenAsync(cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var person = await db.Set<Person>().SingleAsync(p => p.Id == actor.PersonId, cancellationToken);
        var result = await change(db, person);
        if (result.IsError)
        {
            return result;
        }

        person.ConcurrencyStamp = Guid.NewGuid().ToString();
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        await audit.NoteAsync(actor, action, actor.Name, allowed: true, cancellationToken: cancellationToken);
        return result;
    }

    private async Task<OperoneDb> OpenAsync(CancellationToken cancellationToken)
    {
        var db = await databases.CreateDbContextAsync(cancellationToken);
        db.ChangeTracker.QueryTrackingBehavior = QueryTrackingBehavior.TrackAll;
        return db;
    }

    private static string Digits(string? code) => new([.. (code ?? "").Where(c => !char.IsWhiteSpace(c))]);
}
