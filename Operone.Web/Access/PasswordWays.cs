using Microsoft.AspNetCore.Identity;
using Operone.Core.Access;

namespace Operone.Web.Access;

/// <summary>Verifies passwords, and knows who may use one.</summary>
internal sealed class PasswordWays(AccessDirectory access, IPasswordHasher<Person> hasher, TimeProvider time)
{
    private static readonly Person Nobody = new() { CreatedAt = default };

    // What is verified where there is nothing to verify, so that it takes as long.
    private readonly Lazy<string> _decoy = new(() => hasher.HashPassword(Nobody, SecretText.Create("")));

    /// <summary>Whether it is the person's password. It takes as long for nobody, and for who has none.</summary>
    public bool Verify(Person? person, string? password)
    {
        var known = person?.PasswordHash;
        var text = password is { Length: <= PasswordRules.MaxLength } ? password : "";
        var isRight = hasher.VerifyHashedPassword(person ?? Nobody, known ?? _decoy.Value, text) != PasswordVerificationResult.Failed;
        return isRight && known is not null && text.Length > 0;
    }

    /// <summary>Whether the settings let a person sign in with a password.</summary>
    public bool MayUse(Guid personId) =>
        access.Current.Settings.Passwords == PasswordSignIn.Everyone || access.Current.IsOwner(personId, time.GetUtcNow());

    /// <summary>Whether they would let somebody with a role, who is not there yet.</summary>
    public bool MayBeUsedBy(Guid? roleId, string selector) =>
        access.Current.Settings.Passwords == PasswordSignIn.Everyone || (roleId == BuiltInRoles.Owner.Id && selector.Length == 0);
}
