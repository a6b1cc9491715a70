using Microsoft.AspNetCore.Identity;
using Operone.Core.Errors;
using Operone.Core.Access;

namespace Operone.Web.Access;

/// <summary>Signs people in and out. The page's form calls it: it needs a request to answer with a cookie.</summary>
internal sealed class SignInService(
    SignInManager<Person> signIn, UserManager<Person> people, IPasswordHasher<Person> hasher, SessionService sessions, IAuditTrail audit)
{
    // Any hash will do: it is compared so that an unknown name takes as long as a known one.
    private static string? _decoy;

    /// <summary>Signs in with a password. The answer is the same for an unknown name, a wrong password and a locked account.</summary>
    public async Task<Result<Person>> SignInAsync(
        HttpContext context, string? email, string? password, string? deviceKey, bool remember, CancellationToken cancellationToken)
    {
        var person = string.IsNullOrWhiteSpace(email) ? null : await people.FindByNameAsync(email.Trim());
        if (person is null || password is null || password.Length > PasswordRules.MaxLength)
        {
            var nobody = new Person { CreatedAt = default };
            _decoy ??= hasher.HashPassword(nobody, SecretText.Create(""));
            hasher.VerifyHashedPassword(nobody, _decoy, "wrong");
            return await FailedAsync("unknown name");
        }

        var result = await signIn.CheckPasswordSignInAsync(person, password, lockoutOnFailure: true);
        if (!result.Succeeded)
        {
            return await FailedAsync(result.IsLockedOut ? "the account is locked after too many tries" : "wrong password");
        }

        var session = await sessions.BeginAsync(context, person, SignInMethods.Password, deviceKey, remember, cancellationToken);
        return session.IsError ? session.Error! : person;

        async Task<Error> FailedAsync(string reason)
        {
            var anonymous = Actor.Anonymous(context);
            await audit.NoteAsync(anonymous, "person.sign-in", email, allowed: false, reason, cancellationToken);
            return AccessErrors.SignInFailed;
        }
    }

    /// <summary>Ends the session.</summary>
    public async Task SignOutAsync(HttpContext context, CancellationToken cancellationToken)
    {
        var actor = Actor.From(context);
        if (actor.SessionId is { } id)
        {
            await sessions.EndAsync(actor, id, cancellationToken);
        }

        await signIn.SignOutAsync();
    }
}
