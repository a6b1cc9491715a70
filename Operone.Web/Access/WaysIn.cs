using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Operone.Core.Access;
using Operone.Web.Data;

namespace Operone.Web.Access;

/// <summary>How somebody can sign in. Whoever takes a way away asks first whether there is another: the last one stays.</summary>
internal static class WaysIn
{
    /// <summary>Whether somebody can still sign in, as the database stands: by a passkey, an external account, or a password that the settings let them use.</summary>
    public static async Task<bool> HasAnyAsync(
        OperoneDb db, AccessSnapshot snapshot, Guid personId, DateTimeOffset at, CancellationToken cancellationToken)
    {
        if (await db.Set<Passkey>().AnyAsync(p => p.UserId == personId, cancellationToken)
            || await db.Set<IdentityUserLogin<Guid>>().AnyAsync(l => l.UserId == personId, cancellationToken))
        {
            return true;
        }

        var mayUsePassword = snapshot.Settings.Passwords == PasswordSignIn.Everyone || snapshot.IsOwner(personId, at);
        return mayUsePassword && await db.Set<Person>().AnyAsync(p => p.Id == personId && p.PasswordHash != null, cancellationToken);
    }
}
