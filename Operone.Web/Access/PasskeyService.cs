using System.Buffers.Text;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Events;
using Operone.Web.Data;

namespace Operone.Web.Access;

/// <summary>The use cases of one's own passkeys that need no touch: list, rename, remove. <see cref="PasskeyCeremonies"/> has those that do.</summary>
internal sealed class PasskeyService(
    IDbContextFactory<OperoneDb> databases, AccessDirectory access, IAuditTrail audit, TimeProvider time)
{
    /// <summary>How many passkeys an account can have.</summary>
    public const int Most = 50;

    /// <summary>The passkeys of who asks, oldest first.</summary>
    public async Task<Result<IReadOnlyList<PasskeyView>>> ListAsync(Actor actor, CancellationToken cancellationToken)
    {
        if (actor.PersonId is not { } person)
        {
            return AccessErrors.NoPerson(actor.Name);
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var passkeys = await db.Set<Passkey>().Where(p => p.UserId == person).ToListAsync(cancellationToken);
        return passkeys.OrderBy(p => p.Data.CreatedAt).Select(View).ToList();
    }

    /// <summary>Gives one of one's own another name.</summary>
    public async Task<Result<PasskeyView>> RenameAsync(Actor actor, string id, string? name, CancellationToken cancellationToken)
    {
        if (await RequireSignedInAsync(actor, "passkey.rename", cancellationToken) is { } denied)
        {
            return denied;
        }

        name = name?.Trim() ?? "";
        if (!PasskeyNames.IsName(name))
        {
            return Error.InvalidField("name", $"must have 1 to {PasskeyNames.MaxLength} characters");
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        db.ChangeTracker.QueryTrackingBehavior = QueryTrackingBehavior.TrackAll;
        if (await FindAsync(db, actor, id, cancellationToken) is not { } passkey)
        {
            return PasskeyErrors.NotFound(id);
        }

        var before = passkey.Data.Name;
        passkey.Data.Name = name;
        db.Publish(new(EventTypes.PasskeyRenamed, name, Actor: actor.Name));
        await db.SaveChangesAsync(cancellationToken);
        await audit.NoteAsync(actor, "passkey.rename", name, allowed: true, $"was '{before}'", cancellationToken);
        return View(passkey);
    }

    /// <summary>Removes one of one's own, unless it is the last way in.</summary>
    public async Task<Result<Unit>> RemoveAsync(Actor actor, string id, CancellationToken cancellationToken)
    {
        if (await RequireSignedInAsync(actor, "passkey.remove", cancellationToken) is { } denied)
        {
            return denied;
        }

        // Two that go at once take their turns, so that the second sees that it is the last; so does a change of the settings.
        await using var change = await access.BeginAsync(cancellationToken);
        if (await FindAsync(change.Db, actor, id, cancellationToken) is not { } passkey)
        {
            return PasskeyErrors.NotFound(id);
        }

        change.Db.Remove(passkey);
        await change.Db.SaveChangesAsync(cancellationToken);
        var name = passkey.Data.Name ?? id;
        if (!await WaysIn.HasAnyAsync(change.Db, change.Before, passkey.UserId, time.GetUtcNow(), cancellationToken))
        {
            await audit.NoteAsync(actor, "passkey.remove", name, allowed: false, "it is the last way in", cancellationToken);
            return PasskeyErrors.LastWayIn(name);
        }

        change.Db.Publish(new(EventTypes.PasskeyRemoved, name, Actor: actor.Name));
        if (await change.CommitAsync(cancellationToken) is { } error)
        {
            return error;
        }

        await audit.NoteAsync(actor, "passkey.remove", name, allowed: true, cancellationToken: cancellationToken);
        return Unit.Value;
    }

    /// <summary>As doors show it.</summary>
    public static PasskeyView View(Passkey passkey) => new(
        Base64Url.EncodeToString(passkey.CredentialId), passkey.Data.Name ?? "Passkey", passkey.Data.CreatedAt, passkey.LastUsedAt, passkey.Data.IsBackedUp);

    /// <summary>What is stored of a passkey that the framework has checked.</summary>
    public static Passkey Make(Guid personId, UserPasskeyInfo info, string name, DateTimeOffset now) => new()
    {
        CredentialId = info.CredentialId,
        UserId = personId,
        Data = new IdentityPasskeyData
        {
            Name = name,
            CreatedAt = now,
            PublicKey = info.PublicKey,
            SignCount = info.SignCount,
            Transports = info.Transports,
            IsUserVerified = info.IsUserVerified,
            IsBackupEligible = info.IsBackupEligible,
            IsBackedUp = info.IsBackedUp,
            AttestationObject = info.AttestationObject,
            ClientDataJson = info.ClientDataJson,
        },
    };

    private async ValueTask<Error?> RequireSignedInAsync(Actor actor, string action, CancellationToken cancellationToken)
    {
        // A token that was given a few permissions must not reach for its maker's keys.
        if (actor.PersonId is not null && actor.SessionId is not null)
        {
            return null;
        }

        await audit.NoteAsync(actor, action, null, allowed: false, "not signed in", cancellationToken);
        return PasskeyErrors.NotWithToken(actor.Name);
    }

    private static async Task<Passkey?> FindAsync(OperoneDb db, Actor actor, string id, CancellationToken cancellationToken)
    {
        var credential = new byte[1024];
        if (id.Length > 1364 || !Base64Url.IsValid(id) || !Base64Url.TryDecodeFromChars(id, credential, out var length))
        {
            return null;
        }

        credential = credential[..length];
        return await db.Set<Passkey>().SingleOrDefaultAsync(p => p.CredentialId == credential && p.UserId == actor.PersonId, cancellationToken);
    }
}
