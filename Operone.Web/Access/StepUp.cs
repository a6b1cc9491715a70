using Microsoft.EntityFrameworkCore;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Web.Data;

namespace Operone.Web.Access;

/// <summary>
/// Asks for a fresh touch of a passkey before an act that is marked dangerous: for everybody by the settings, or by a role.
/// The services of the acts call it once they know that the actor may at all.
/// </summary>
internal sealed class StepUp(
    IDbContextFactory<OperoneDb> databases, AccessDirectory access, SessionDirectory sessions, IAuditTrail audit, TimeProvider time)
{
    /// <summary>Null where the act may be done now; else the error to return, already noted as a denial.</summary>
    /// <param name="actor">Who wants to do it.</param>
    /// <param name="act">One of <see cref="DangerousActs.All"/>.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public async ValueTask<Error?> RequireAsync(Actor actor, string act, CancellationToken cancellationToken)
    {
        // Operone itself has no passkey; what it does in a person's name was checked when that person asked for it.
        if (ReferenceEquals(actor.Standing, Standing.Everything))
        {
            return null;
        }

        var snapshot = access.Current;
        var (roles, settings) = (snapshot.RolesOf(actor, time.GetUtcNow()), snapshot.Settings);
        var isNeeded = settings.StepUpActs?.Contains(act) == true || roles.Any(r => r.StepUpActs.Contains(act));
        var error = actor.TokenId is not null ? OfToken(actor, act, roles, isNeeded)
            : isNeeded ? await OfSessionAsync(actor, StepUpErrors.Describe(act), settings.StepUpMinutes, orSignedIn: false, cancellationToken)
            : null;
        if (error is not null)
        {
            await audit.NoteAsync(actor, act, null, allowed: false, $"{error.Code}: {error.Detail}", cancellationToken);
        }

        return error;
    }

    /// <summary>The same for a run, which is dangerous on more devices than the settings say.</summary>
    public ValueTask<Error?> RequireForRunAsync(Actor actor, int devices, CancellationToken cancellationToken) =>
        devices > access.Current.Settings.ManyDevices ? RequireAsync(actor, DangerousActs.RunOnMany, cancellationToken) : default;

    /// <summary>
    /// For a change to how somebody signs in, which always needs it: null where they touched a passkey or signed in within the
    /// settings' minutes, else the error to return, already noted as a denial.
    /// </summary>
    /// <param name="actor">Who wants to do it.</param>
    /// <param name="action">What, as the audit trail names it.</param>
    /// <param name="inWords">What, as the beginning of a sentence.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public async ValueTask<Error?> RequireFreshAsync(Actor actor, string action, string inWords, CancellationToken cancellationToken)
    {
        var error = actor.TokenId is not null
            ? StepUpErrors.Impossible(actor.Name, inWords)
            : await OfSessionAsync(actor, inWords, access.Current.Settings.StepUpMinutes, orSignedIn: true, cancellationToken);
        if (error is not null)
        {
            await audit.NoteAsync(actor, action, null, allowed: false, error.Code, cancellationToken);
        }

        return error;
    }

    /// <summary>Whether a session's last touch of a passkey, or its sign-in where that counts too, is still fresh.</summary>
    public async ValueTask<bool> IsFreshAsync(Actor actor, bool orSignedIn, CancellationToken cancellationToken)
    {
        if (actor.TokenId is not null || actor.SessionId is not { } id)
        {
            return false;
        }

        if (Check(await sessions.FindAsync(id, cancellationToken)))
        {
            return true;
        }

        // The touch may have been a moment ago, on another node.
        sessions.Changed(id);
        return Check(await sessions.FindAsync(id, cancellationToken));

        bool Check(SessionDirectory.Entry? found)
        {
            var since = time.GetUtcNow() - TimeSpan.FromMinutes(access.Current.Settings.StepUpMinutes);
            return found is not null && (found.Session.SteppedUpAt > since || (orSignedIn && found.Session.CreatedAt > since));
        }
    }

    private async ValueTask<Error?> OfSessionAsync(Actor actor, string act, int minutes, bool orSignedIn, CancellationToken cancellationToken)
    {
        if (await IsFreshAsync(actor, orSignedIn, cancellationToken))
        {
            return null;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var hasPasskey = await db.Set<Passkey>().AnyAsync(p => p.UserId == actor.PersonId, cancellationToken);
        return hasPasskey || !orSignedIn ? StepUpErrors.Required(act, minutes, hasPasskey) : StepUpErrors.SignInAgain(act, minutes);
    }

    private static Error? OfToken(Actor actor, string act, IReadOnlyList<RoleEntry> roles, bool isNeeded) =>
        roles.FirstOrDefault(r => r.TokenForbiddenActs.Contains(act)) is { } role
            ? StepUpErrors.ForbiddenToTokens(actor.Name, StepUpErrors.Describe(act), role.Name)
            : isNeeded ? StepUpErrors.Impossible(actor.Name, StepUpErrors.Describe(act)) : null;
}
