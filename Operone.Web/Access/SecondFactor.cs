using System.Globalization;
using System.Security.Cryptography;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Operone.Web.Data;

namespace Operone.Web.Access;

/// <summary>
/// Keeps the secrets of one-time codes, sealed, and checks codes: each is good once. Recovery codes are kept as hashes. It asks
/// nobody whether they may: <see cref="SecondFactorService"/> and signing in do.
/// </summary>
internal sealed class SecondFactor(IDataProtectionProvider protection, TimeProvider time)
{
    private const string Provider = "operone";
    private const string SecretName = "totp";
    private const string StepName = "totp-step";
    private const string RecoveryName = "recovery-codes";

    private readonly IDataProtector _protector = protection.CreateProtector("Operone.Totp");

    /// <summary>A secret as it is stored, or carried by a page.</summary>
    public string Seal(byte[] secret) => Convert.ToBase64String(_protector.Protect(secret));

    /// <summary>The secret that was sealed; null where it cannot be opened.</summary>
    public byte[]? Open(string? text)
    {
        try
        {
            return string.IsNullOrEmpty(text) ? null : _protector.Unprotect(Convert.FromBase64String(text));
        }
        catch (Exception exception) when (exception is CryptographicException or FormatException)
        {
            return null;
        }
    }

    /// <summary>How many recovery codes somebody has left.</summary>
    public static async Task<int> CountRecoveryCodesAsync(OperoneDb db, Guid personId, CancellationToken cancellationToken) =>
        RecoveryCodes.CountOf(await ReadAsync(db, personId, RecoveryName, cancellationToken));

    /// <summary>Turns one-time codes on with a secret, of which a code was just shown; gives the recovery codes. To be saved by the caller.</summary>
    public async Task<IReadOnlyList<string>> TurnOnAsync(OperoneDb db, Person person, byte[] secret, long step, CancellationToken cancellationToken)
    {
        await ForgetAsync(db, person.Id, cancellationToken);
        var codes = RecoveryCodes.Create();
        person.TwoFactorEnabled = true;
        db.Add(Row(person.Id, SecretName, Seal(secret)));
        db.Add(Row(person.Id, StepName, step.ToString(CultureInfo.InvariantCulture)));
        db.Add(Row(person.Id, RecoveryName, RecoveryCodes.Hash(codes)));
        return codes;
    }

    /// <summary>Makes new recovery codes; the old ones are not good any more.</summary>
    public static async Task<IReadOnlyList<string>> RenewRecoveryCodesAsync(OperoneDb db, Guid personId, CancellationToken cancellationToken)
    {
        var codes = RecoveryCodes.Create();
        var text = RecoveryCodes.Hash(codes);
        await Rows(db, personId, RecoveryName).ExecuteUpdateAsync(set => set.SetProperty(t => t.Value, text), cancellationToken);
        return codes;
    }

    /// <summary>Turns one-time codes off. To be saved by the caller.</summary>
    public static Task TurnOffAsync(OperoneDb db, Person person, CancellationToken cancellationToken)
    {
        person.TwoFactorEnabled = false;
        return ForgetAsync(db, person.Id, cancellationToken);
    }

    /// <summary>Takes a one-time code or a recovery code; neither is good twice, whatever comes at the same time.</summary>
    public async Task<bool> TakeAsync(OperoneDb db, Guid personId, string? code, CancellationToken cancellationToken)
    {
        var text = new string([.. (code ?? "").Where(c => !char.IsWhiteSpace(c))]);
        return text.Length == Totp.Digits
            ? await TakeCodeAsync(db, personId, text, cancellationToken)
            : text.Length is >= 16 and <= 24 && await TakeRecoveryCodeAsync(db, personId, text, cancellationToken);
    }

    private async Task<bool> TakeCodeAsync(OperoneDb db, Guid personId, string code, CancellationToken cancellationToken)
    {
        if (Open(await ReadAsync(db, personId, SecretName, cancellationToken)) is not { } secret || Totp.Find(secret, code, time.GetUtcNow()) is not { } step)
        {
            return false;
        }

        // A step is taken once, and none before it afterwards (RFC 6238, section 5.2).
        var last = await ReadAsync(db, personId, StepName, cancellationToken);
        var next = step.ToString(CultureInfo.InvariantCulture);
        return long.TryParse(last, NumberStyles.None, CultureInfo.InvariantCulture, out var before) && before < step
            && await Rows(db, personId, StepName).Where(t => t.Value == last).ExecuteUpdateAsync(set => set.SetProperty(t => t.Value, next), cancellationToken) == 1;
    }

    private static async Task<bool> TakeRecoveryCodeAsync(OperoneDb db, Guid personId, string code, CancellationToken cancellationToken)
    {
        // Somebody else may take another one at the same time: then this one is looked for again.
        while (await ReadAsync(db, personId, RecoveryName, cancellationToken) is { } stored && RecoveryCodes.Take(stored, code) is { } left)
        {
            if (await Rows(db, personId, RecoveryName).Where(t => t.Value == stored).ExecuteUpdateAsync(set => set.SetProperty(t => t.Value, left), cancellationToken) == 1)
            {
                return true;
            }
        }

        return false;
    }

    private static Task<int> ForgetAsync(OperoneDb db, Guid personId, CancellationToken cancellationToken) =>
        db.Set<IdentityUserToken<Guid>>().Where(t => t.UserId == personId && t.LoginProvider == Provider).ExecuteDeleteAsync(cancellationToken);

    private static IQueryable<IdentityUserToken<Guid>> Rows(OperoneDb db, Guid personId, string name) =>
        db.Set<IdentityUserToken<Guid>>().Where(t => t.UserId == personId && t.LoginProvider == Provider && t.Name == name);

    private static Task<string?> ReadAsync(OperoneDb db, Guid personId, string name, CancellationToken cancellationToken) =>
        Rows(db, personId, name).Select(t => t.Value).SingleOrDefaultAsync(cancellationToken);

    private static IdentityUserToken<Guid> Row(Guid personId, string name, string value) =>
        new() { UserId = personId, LoginProvider = Provider, Name = name, Value = value };
}
