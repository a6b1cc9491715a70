using Microsoft.EntityFrameworkCore;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Devices;
using Operone.Core.Errors;
using Operone.Core.Events;
using Operone.Web.Access;
using Operone.Web.Data;
using Operone.Web.Events;

namespace Operone.Web.Devices;

/// <summary>How a device comes in: with an enrolment token, once, and known by its key ever after.</summary>
internal sealed class EnrollmentService(
    IDbContextFactory<OperoneDb> databases, DeviceDirectory directory, DeviceKeys keys, CurrentStanding standing, NodePresence nodes, IAuditTrail audit,
    LiveChanges changes, TimeProvider time)
{
    private const int MaxAttempts = 50;

    /// <summary>Enrols a device. The token is the only credential. The same key with the same token gives the same device again.</summary>
    public async Task<Result<EnrollReply>> EnrollAsync(EnrollRequest request, string? remoteAddress, CancellationToken cancellationToken)
    {
        var checkedRequest = Check(request);
        if (checkedRequest.IsError)
        {
            return checkedRequest.Error!;
        }

        var (hash, name, key) = checkedRequest.Value;
        for (var attempt = 0; ; attempt++)
        {
            var enrolled = await TryEnrollAsync(hash, FreeName(name), key, request.Labels, attempt < MaxAttempts, cancellationToken);
            if (enrolled is not { } result)
            {
                // Another device took the name in between.
                continue;
            }

            if (result.IsError)
            {
                await audit.NoteAsync(Nobody(name, remoteAddress), "device.enroll", name, allowed: false, result.Error!.Detail, cancellationToken);
                return result.Error!;
            }

            var (device, token, isNew) = result.Value;
            if (isNew)
            {
                directory.Put(device.ToEntry());
                nodes.TellChanged(device.Id);
                var actor = new Actor(device.Id, $"device:{device.Name}", Standing.None, remoteAddress);
                await audit.NoteAsync(actor, "device.enroll", device.Name, allowed: true, $"with the enrolment token '{token}'", cancellationToken);
                changes.Signal(LiveChanges.Devices);
                changes.Signal(LiveChanges.EnrollmentTokens);
            }

            return new EnrollReply(device.Id, device.Name, keys.Audience);
        }
    }

    /// <summary>Null where the name was taken in between, and another is to be tried.</summary>
    private async Task<Result<(Device Device, string Token, bool IsNew)>?> TryEnrollAsync(
        byte[] hash, string name, byte[] key, IReadOnlyDictionary<string, string>? labels, bool mayTryAgain, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var token = await db.Set<EnrollmentToken>().SingleOrDefaultAsync(t => t.Hash == hash, cancellationToken);
        if (token is null)
        {
            return EnrollmentErrors.Unknown;
        }

        // An agent whose answer got lost asks again.
        if (await db.Set<Device>().SingleOrDefaultAsync(d => d.PublicKey == key, cancellationToken) is { } known)
        {
            return known.EnrolledWith == token.Id
                ? (known, token.Name, false)
                : Error.InvalidField("publicKey", "belongs to a device that is enrolled already");
        }

        var now = time.GetUtcNow();
        var merged = Merge(labels, token.Labels);
        if (token.CreatedById is { } maker
            && !Policy.Decide(await standing.OfAsync(maker, cancellationToken), Permissions.DevicesManage, merged, now).Allowed)
        {
            return EnrollmentErrors.OutsideItsMaker(token.Name);
        }

        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var taken = await db.Set<EnrollmentToken>()
            .Where(t => t.Id == token.Id && t.UsesLeft > 0 && t.RevokedAt == null && t.ExpiresAt > now)
            .ExecuteUpdateAsync(set => set.SetProperty(t => t.UsesLeft, t => t.UsesLeft - 1), cancellationToken);
        if (taken == 0)
        {
            return token.RevokedAt is { } revoked ? EnrollmentErrors.Revoked(token.Name, revoked)
                : token.ExpiresAt <= now ? EnrollmentErrors.Expired(token.Name, token.ExpiresAt)
                : EnrollmentErrors.Spent(token.Name, token.Uses);
        }

        var device = new Device
        {
            Id = Guid.CreateVersion7(now),
            Name = name,
            NormalizedName = Device.Normalize(name),
            Labels = merged,
            PublicKey = key,
            EnrolledAt = now,
            EnrolledWith = token.Id,
        };
        db.Add(device);
        db.Publish(new(EventTypes.DeviceEnrolled, device.Name, device.Id, Actor: $"device:{device.Name}"));
        try
        {
            await db.SaveChangesAsync(cancellationToken);
        }
        catch (DbUpdateException exception) when (exception.IsDuplicate())
        {
            if (mayTryAgain)
            {
                return null;
            }

            return DeviceErrors.NameTaken(name);
        }

        await transaction.CommitAsync(cancellationToken);
        return (device, token.Name, true);
    }

    /// <summary>The hash of the token, the name, and the key.</summary>
    private static Result<(byte[] Hash, string Name, byte[] Key)> Check(EnrollRequest request)
    {
        var errors = new FieldErrors();
        errors.AddIf(string.IsNullOrWhiteSpace(request.Token), "token", "is missing");
        errors.AddIf(request.Token?.Length > 1000, "token", "is too long");
        var name = string.IsNullOrWhiteSpace(request.Name) ? "device" : request.Name.Trim();
        if (Labels.CheckDeviceName(name) is { } problem)
        {
            errors.Add("name", problem);
        }

        Labels.Check(request.Labels, "labels", errors);
        // In its one form, so that the unique index sees the same key as the same.
        var key = Access.DeviceKey.Read(request.PublicKey);
        errors.AddIf(key is null, "publicKey", "must be an ECDSA P-256 public key as SubjectPublicKeyInfo, in base64");
        return errors.ToError() is { } error ? error : (EnrollmentTokenText.Hash(request.Token!), name, key!);
    }

    private string FreeName(string wanted)
    {
        var name = wanted;
        for (var number = 2; directory.Find(name) is not null; number++)
        {
            var suffix = $"-{number}";
            name = wanted[..Math.Min(wanted.Length, 63 - suffix.Length)].TrimEnd('-', '_', '.') + suffix;
        }

        return name;
    }

    private static Dictionary<string, string> Merge(IReadOnlyDictionary<string, string>? own, IReadOnlyDictionary<string, string> tokens)
    {
        var merged = new Dictionary<string, string>(own ?? tokens, StringComparer.Ordinal);
        foreach (var (key, value) in tokens)
        {
            merged[key] = value;
        }

        return merged;
    }

    private static Actor Nobody(string name, string? remoteAddress) => new(null, $"device:{name}", Standing.None, remoteAddress);
}
