using System.Globalization;
using System.Security.Cryptography;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.EntityFrameworkCore;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Web.Data;
using Operone.Web.Hosting;

namespace Operone.Web.Access;

/// <summary>The second step of signing in with a password, where one-time codes are turned on. Only who has the password learns that there is one.</summary>
internal sealed class CodeStep(
    IDbContextFactory<OperoneDb> databases, SecondFactor factor, SignInPauses pauses, AccountLimits limits, SessionService sessions, IDataProtectionProvider protection,
    IAuditTrail audit, TimeProvider time)
{
    /// <summary>How long the code may take.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    /// <summary>The code of the error that leads back to the password.</summary>
    public const string OverCode = "sign-in-code-over";

    private static readonly Error Over = new(ErrorKind.Unauthenticated, OverCode, "That took too long.",
        "Sign in with your password once more.");

    private static readonly Error Wrong = new(ErrorKind.Unauthenticated, "sign-in-code-wrong", "The code is not right.",
        "Each code is good once: wait for the next one. After five tries that fail there is a pause, longer each time. A recovery code does, too.");

    private readonly IDataProtector _protector = protection.CreateProtector("Operone.CodeStep");

    /// <summary>Somebody gave the right password: what the page sends back with the code.</summary>
    public string Begin(Person person, bool remember) => _protector.Protect(
        string.Create(CultureInfo.InvariantCulture, $"{person.Id}|{(time.GetUtcNow() + Lifetime).UtcTicks}|{(remember ? 1 : 0)}|{person.SecurityStamp}"));

    /// <summary>Signs in with a one-time code or a recovery code.</summary>
    public async Task<Result<Person>> FinishAsync(HttpContext context, string? pending, string? code, string? deviceKey, CancellationToken cancellationToken)
    {
        if (DeviceKey.Read(deviceKey) is null)
        {
            return AccessErrors.DeviceKeyMissing;
        }

        if (Open(pending) is not { } begun)
        {
            return Over;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var person = await db.Set<Person>().SingleOrDefaultAsync(p => p.Id == begun.PersonId, cancellationToken);
        if (person is null || person.DisabledAt is not null || !person.TwoFactorEnabled || person.SecurityStamp != begun.Stamp)
        {
            return Over;
        }

        var name = person.Id.ToString();
        if (!limits.TryTake(AccountLimits.SignIn, name, out var wait))
        {
            return Error.TooMany(wait);
        }

        var may = await pauses.TakeAsync(SecondFactorService.PauseKind, name, cancellationToken);
        if (!may || !await factor.TakeAsync(db, person.Id, code, cancellationToken))
        {
            await audit.NoteAsync(
                Actor.Anonymous(context), "person.sign-in", person.UserName, allowed: false, may ? "wrong code" : "the account pauses after too many codes", cancellationToken);
            return Wrong;
        }

        await pauses.ClearAsync(SecondFactorService.PauseKind, name, cancellationToken);
        var session = await sessions.BeginAsync(context, person, SignInMethods.PasswordAndCode, deviceKey, begun.Remember, cancellationToken);
        return session.IsError ? session.Error! : person;
    }

    private Begun? Open(string? pending)
    {
        try
        {
            var parts = pending is { Length: > 0 and <= 2000 } ? _protector.Unprotect(pending).Split('|') : [];
            return parts.Length == 4 && long.Parse(parts[1], CultureInfo.InvariantCulture) > time.GetUtcNow().UtcTicks
                ? new(Guid.Parse(parts[0]), parts[2] == "1", parts[3])
                : null;
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    private sealed record Begun(Guid PersonId, bool Remember, string Stamp);
}
