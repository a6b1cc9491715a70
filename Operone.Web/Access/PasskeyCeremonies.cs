using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Events;
using Operone.Web.Data;

namespace Operone.Web.Access;

/// <summary>
/// The use cases of passkeys that need a touch (WebAuthn level 3, section 7): sign in, step up, add one. Each has two requests:
/// one that gives the browser a challenge, one that takes what the passkey made of it. The framework checks what was made.
/// </summary>
internal sealed class PasskeyCeremonies(
    IPasskeyHandler<Person> handler, PasskeyState states, PasskeyDomain domain, IDbContextFactory<OperoneDb> databases, SessionService sessions,
    SessionDirectory directory, StepUp stepUp, IAuditTrail audit, TimeProvider time)
{
    private const string Adding = "Adding a passkey";

    /// <summary>The longest answer of a passkey that is read.</summary>
    public const int MaxCredential = 32_768;

    /// <summary>A challenge for whoever comes: the passkey says who they are. Gives the options of the browser's call, as JSON.</summary>
    public async Task<Result<string>> BeginSignInAsync(HttpContext context)
    {
        if (RefuseAddress(context) is { } error)
        {
            return error;
        }

        var options = await handler.MakeRequestOptionsAsync(null, context);
        states.Keep(context, PasskeyPurpose.SignIn, options.AssertionState!, sessionId: null);
        return options.RequestOptionsJson;
    }

    /// <summary>Signs in whose passkey was touched. The answer is the same whatever is wrong.</summary>
    /// <param name="context">The request; its answer has the session's cookie.</param>
    /// <param name="credential">What the browser made, as JSON.</param>
    /// <param name="deviceKey">The browser's public key, as SubjectPublicKeyInfo in base64.</param>
    /// <param name="remember">Whether to stay signed in when the browser is closed.</param>
    /// <param name="cancellationToken">Ends it before anything is stored.</param>
    public async Task<Result<Session>> SignInAsync(
        HttpContext context, string? credential, string? deviceKey, bool remember, CancellationToken cancellationToken)
    {
        var actor = Actor.Anonymous(context);
        if (DeviceKey.Read(deviceKey) is null)
        {
            return AccessErrors.DeviceKeyMissing;
        }

        var (person, problem) = await AssertAsync(context, PasskeyPurpose.SignIn, credential, sessionId: null, cancellationToken);
        if (problem is not null)
        {
            await audit.NoteAsync(actor, "person.sign-in", person?.UserName, allowed: false, $"passkey: {problem}", cancellationToken);
            return PasskeyErrors.SignInFailed;
        }

        var session = await sessions.BeginAsync(context, person!, SignInMethods.Passkey, deviceKey, remember, cancellationToken);
        return session.Error == AccessErrors.SignInFailed ? PasskeyErrors.SignInFailed : session;
    }

    /// <summary>A challenge for a passkey of the person who is signed in.</summary>
    public async Task<Result<string>> BeginStepUpAsync(HttpContext context, Actor actor, CancellationToken cancellationToken)
    {
        if ((NotSignedIn(context, actor) ?? RefuseAddress(context)) is { } refused)
        {
            return refused;
        }

        var (person, passkeys) = await ReadAsync(actor, cancellationToken);
        if (person is null || passkeys.Count == 0)
        {
            return StepUpErrors.NoPasskey;
        }

        var options = await handler.MakeRequestOptionsAsync(person, context);
        states.Keep(context, PasskeyPurpose.StepUp, options.AssertionState!, actor.SessionId);
        return options.RequestOptionsJson;
    }

    /// <summary>Notes in the session that a passkey of its person was touched just now.</summary>
    public async Task<Result<Unit>> StepUpAsync(HttpContext context, Actor actor, string? credential, CancellationToken cancellationToken)
    {
        if (NotSignedIn(context, actor) is { } denied)
        {
            return denied;
        }

        var (person, problem) = await AssertAsync(context, PasskeyPurpose.StepUp, credential, actor.SessionId, cancellationToken);
        problem ??= person!.Id == actor.PersonId ? null : "it is somebody else's";
        if (problem is not null)
        {
            await audit.NoteAsync(actor, "session.step-up", actor.Name, allowed: false, problem, cancellationToken);
            return PasskeyErrors.StepUpFailed;
        }

        var (now, id) = (time.GetUtcNow(), actor.SessionId!.Value);
        await using (var db = await databases.CreateDbContextAsync(cancellationToken))
        {
            await db.Set<Session>().Where(s => s.Id == id && s.EndedAt == null)
                .ExecuteUpdateAsync(set => set.SetProperty(s => s.SteppedUpAt, now), cancellationToken);
        }

        directory.Changed(id);
        await audit.NoteAsync(actor, "session.step-up", actor.Name, allowed: true, cancellationToken: cancellationToken);
        return Unit.Value;
    }

    /// <summary>A challenge for a new passkey of the person who is signed in. It needs a fresh session, or a fresh touch of another passkey.</summary>
    public async Task<Result<string>> BeginAddAsync(HttpContext context, Actor actor, CancellationToken cancellationToken)
    {
        if ((NotSignedIn(context, actor) ?? RefuseAddress(context)) is { } refused)
        {
            return refused;
        }

        if (await stepUp.RequireFreshAsync(actor, "passkey.add", Adding, cancellationToken) is { } stale)
        {
            return stale;
        }

        var (person, passkeys) = await ReadAsync(actor, cancellationToken);
        if (person is null || passkeys.Count >= PasskeyService.Most)
        {
            return PasskeyErrors.TooMany(PasskeyService.Most);
        }

        var options = await handler.MakeCreationOptionsAsync(Entity(person.Id, person.UserName!, person.DisplayName), context);
        states.Keep(context, PasskeyPurpose.Add, options.AttestationState!, actor.SessionId);
        return options.CreationOptionsJson;
    }

    /// <summary>Adds the passkey that the browser made.</summary>
    public async Task<Result<PasskeyView>> AddAsync(HttpContext context, Actor actor, string? credential, string? name, CancellationToken cancellationToken)
    {
        if (NotSignedIn(context, actor) is { } denied)
        {
            return denied;
        }

        if (name?.Trim() is { Length: > 0 } given && !PasskeyNames.IsName(given))
        {
            return Error.InvalidField("name", $"must have 1 to {PasskeyNames.MaxLength} characters");
        }

        var pending = states.Take(context, PasskeyPurpose.Add, actor.SessionId);
        var (made, problem) = await AttestAsync(context, pending, credential);
        problem ??= made!.UserEntity!.Id == actor.PersonId.ToString() ? null : "The challenge was for somebody else.";
        if (problem is null && await stepUp.RequireFreshAsync(actor, "passkey.add", Adding, cancellationToken) is { } stale)
        {
            return stale;
        }

        var (_, passkeys) = await ReadAsync(actor, cancellationToken);
        if (problem is null && await StoreAsync(actor, pending!, made!.Passkey!, name, passkeys, context, cancellationToken) is { } passkey)
        {
            await audit.NoteAsync(actor, "passkey.add", passkey.Data.Name, allowed: true, cancellationToken: cancellationToken);
            return PasskeyService.View(passkey);
        }

        problem ??= "The challenge was used already, or the passkey belongs to an account.";
        await audit.NoteAsync(actor, "passkey.add", null, allowed: false, problem, cancellationToken);
        return PasskeyErrors.NotMade(problem);
    }

    /// <summary>A challenge for the passkey of somebody who has no account yet.</summary>
    public async Task<Result<string>> BeginSignUpAsync(HttpContext context, string? email, string? displayName)
    {
        email = email?.Trim() ?? "";
        if (!SetupOptionsValidation.IsEmail(email))
        {
            return Error.InvalidField("email", "is not an e-mail address");
        }

        if (RefuseAddress(context) is { } error)
        {
            return error;
        }

        // The account is made later, with the id that the passkey holds.
        var name = displayName?.Trim() is { Length: > 0 and <= 100 } given ? given : email;
        var options = await handler.MakeCreationOptionsAsync(Entity(Guid.CreateVersion7(time.GetUtcNow()), email, name), context);
        states.Keep(context, PasskeyPurpose.SignUp, options.AttestationState!, sessionId: null);
        return options.CreationOptionsJson;
    }

    /// <summary>
    /// Checks the passkey of somebody who signs up. The caller makes their account with the id that it gives, and stores the passkey
    /// in the same transaction.
    /// </summary>
    /// <param name="context">The request, of the browser that asked for the challenge.</param>
    /// <param name="email">The e-mail of the account that is made.</param>
    /// <param name="credential">What the browser made, as JSON.</param>
    public async Task<Result<Passkey>> SignUpAsync(HttpContext context, string email, string credential)
    {
        var pending = states.Take(context, PasskeyPurpose.SignUp, sessionId: null);
        var (made, problem) = await AttestAsync(context, pending, credential);
        if (problem is not null)
        {
            return PasskeyErrors.NotMade(problem);
        }

        if (!email.Trim().Equals(made!.UserEntity!.Name, StringComparison.OrdinalIgnoreCase))
        {
            return PasskeyErrors.NotMade("It was made for another e-mail than the one that was sent.");
        }

        var name = PasskeyNames.Choose(null, made.Passkey!.AttestationObject, context.Request.Headers.UserAgent.ToString(), []);
        return PasskeyService.Make(Guid.Parse(made.UserEntity.Id), made.Passkey, name, time.GetUtcNow());
    }

    /// <summary>Whose passkey was touched; or why it does not count. A challenge counts once, and a counter that went back never does.</summary>
    private async Task<(Person? Person, string? Problem)> AssertAsync(
        HttpContext context, PasskeyPurpose purpose, string? credential, Guid? sessionId, CancellationToken cancellationToken)
    {
        if (states.Take(context, purpose, sessionId) is not { } pending)
        {
            return (null, "there is no challenge for it, or it is too old");
        }

        if (credential is null or { Length: > MaxCredential })
        {
            return (null, "it cannot be read");
        }

        var result = await handler.PerformAssertionAsync(new() { HttpContext = context, CredentialJson = credential, AssertionState = pending.State });
        if (!result.Succeeded)
        {
            return (null, result.Failure.Message);
        }

        var (id, now) = (result.Passkey.CredentialId, time.GetUtcNow());
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        db.ChangeTracker.QueryTrackingBehavior = QueryTrackingBehavior.TrackAll;
        if (await db.Set<Passkey>().SingleOrDefaultAsync(p => p.CredentialId == id, cancellationToken) is not { } stored)
        {
            return (result.User, "it was removed");
        }

        stored.Data.SignCount = result.Passkey.SignCount;
        stored.Data.IsBackedUp = result.Passkey.IsBackedUp;
        stored.LastUsedAt = now;
        try
        {
            await UsedChallenge.TakeAsync(db, pending, now, cancellationToken);
            await db.SaveChangesAsync(cancellationToken);
            return (result.User, null);
        }
        catch (DbUpdateException exception) when (exception.IsDuplicate())
        {
            return (result.User, "its challenge was used already");
        }
    }

    private async Task<(PasskeyAttestationResult? Made, string? Problem)> AttestAsync(HttpContext context, PendingPasskey? pending, string? credential)
    {
        if (pending is null)
        {
            return (null, "There is no challenge for it, or it is too old.");
        }

        if (credential is null or { Length: > MaxCredential })
        {
            return (null, "It cannot be read.");
        }

        var result = await handler.PerformAttestationAsync(new() { HttpContext = context, CredentialJson = credential, AttestationState = pending.State });
        return result.Succeeded ? (result, null) : (null, result.Failure.Message);
    }

    private async Task<Passkey?> StoreAsync(
        Actor actor, PendingPasskey pending, UserPasskeyInfo info, string? name, List<Passkey> others, HttpContext context, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        name = PasskeyNames.Choose(name, info.AttestationObject, context.Request.Headers.UserAgent.ToString(), [.. others.Select(p => p.Data.Name ?? "")]);
        var passkey = PasskeyService.Make(actor.PersonId!.Value, info, name, now);
        try
        {
            await using var db = await databases.CreateDbContextAsync(cancellationToken);
            await UsedChallenge.TakeAsync(db, pending, now, cancellationToken);
            db.Add(passkey);
            db.Publish(new(EventTypes.PasskeyAdded, passkey.Data.Name, Actor: actor.Name));
            await db.SaveChangesAsync(cancellationToken);
            return passkey;
        }
        catch (DbUpdateException exception) when (exception.IsDuplicate())
        {
            return null;
        }
    }

    private async Task<(Person? Person, List<Passkey> Passkeys)> ReadAsync(Actor actor, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var person = await db.Set<Person>().SingleOrDefaultAsync(p => p.Id == actor.PersonId, cancellationToken);
        return (person, await db.Set<Passkey>().Where(p => p.UserId == actor.PersonId).ToListAsync(cancellationToken));
    }

    private static Error? NotSignedIn(HttpContext context, Actor actor) => actor switch
    {
        { TokenId: not null } => PasskeyErrors.NotWithToken(actor.Name),
        { SessionId: null } or { PersonId: null } => SessionCookie.ErrorOf(context) ?? AccessErrors.NoCredential,
        _ => null,
    };

    private Error? RefuseAddress(HttpContext context) => domain.For(context.Request) is null ? PasskeyErrors.NoDomain(context.Request.Host.Host) : null;

    private static PasskeyUserEntity Entity(Guid id, string email, string displayName) =>
        new() { Id = id.ToString(), Name = email, DisplayName = displayName.Length > 0 ? displayName : email };
}
