using System.Security.Claims;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Identity.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Operone.Core.Access;
using Operone.Web.Data;

namespace Operone.Web.Access;

/// <summary>Identity's store over our context. Identity counts on a context that tracks what it reads.</summary>
internal sealed class PersonStore : UserOnlyStore<Person, OperoneDb, Guid>
{
    public PersonStore(OperoneDb context, IdentityErrorDescriber? describer = null)
        : base(context, describer) => context.ChangeTracker.QueryTrackingBehavior = QueryTrackingBehavior.TrackAll;
}

/// <summary>What a person's cookie says of them: who they are and what they may do. Nothing is read from the database for it.</summary>
internal sealed class PersonClaims(UserManager<Person> people, IOptions<IdentityOptions> options) : UserClaimsPrincipalFactory<Person>(people, options)
{
    protected override Task<ClaimsIdentity> GenerateClaimsAsync(Person user)
    {
        var identity = new ClaimsIdentity(IdentityConstants.ApplicationScheme, ClaimTypes.Name, ClaimTypes.Role);
        identity.AddClaim(new(ClaimTypes.NameIdentifier, user.Id.ToString()));
        identity.AddClaim(new(ClaimTypes.Name, user.UserName!));
        identity.AddClaim(new(Options.ClaimsIdentity.SecurityStampClaimType, user.SecurityStamp!));
        foreach (var permission in PermissionsOf(user))
        {
            identity.AddClaim(new(Actor.PermissionClaim, permission));
        }

        return Task.FromResult(identity);
    }

    /// <summary>What a person may do: an owner everything, anybody else nothing until roles are given.</summary>
    public static IReadOnlyList<string> PermissionsOf(Person person) => person.IsOwner ? Permissions.All : [];
}
