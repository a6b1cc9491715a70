using Microsoft.AspNetCore.Identity;
using Operone.Core.Errors;
using Operone.Core.Events;

namespace Operone.Web.Access;

/// <summary>Signs people in and out. The page's form calls it: it needs a request to answer with a cookie.</summary>
internal sealed class SignInService(
    SignInManager<Person> signIn, UserManager<Person> people, IPasswordHasher<Person> hasher, IAuditTrail audit, IEvents events)
{
    // Any hash will do: it is compared so that an unknown name takes as long as a known one.
    private static string? _decoy;

    /// <summary>Signs in with a password. The answer is the same for an unknown name, a wrong password and a locked account.</summary>
    public async Task<Result<Person>> SignInAsync(
        HttpContext context, string? email, string? password, bool remember, CancellationToken cancellationToken)
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

        await WelcomeAsync(context, person, remember, cancellationToken);
        return person;

        async Task<Error> FailedAsync(string reason)
        {
            var anonymous = Actor.From(new(), context.Connection.RemoteIpAddress?.ToString());
            await audit.NoteAsync(anonymous, "person.sign-in", email, allowed: false, reason, cancellationToken);
            return AccessErrors.SignInFailed;
        }
    }

    /// <summary>Gives a session to somebody who has just proved who they are: a password, or the set-up code.</summary>
    public async Task WelcomeAsync(HttpContext context, Person person, bool remember, CancellationToken cancellationToken)
    {
        await signIn.SignInAsync(person, remember);
        var actor = new Actor(person.Id, person.UserName!, [], context.Connection.RemoteIpAddress?.ToString());
        await audit.NoteAsync(actor, "person.sign-in", person.UserName, allowed: true, cancellationToken: cancellationToken);
        await events.PublishAsync(new(EventTypes.PersonSignedIn, person.UserName, Actor: person.UserName), cancellationToken);
    }

    /// <summary>Ends the session.</summary>
    public Task SignOutAsync() => signIn.SignOutAsync();
}
