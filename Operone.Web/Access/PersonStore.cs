using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Identity.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;
using Operone.Web.Data;

namespace Operone.Web.Access;

/// <summary>Identity's store over our context. Identity counts on a context that tracks what it reads.</summary>
internal sealed class PersonStore :
    UserOnlyStore<Person, OperoneDb, Guid, IdentityUserClaim<Guid>, IdentityUserLogin<Guid>, IdentityUserToken<Guid>, Passkey>
{
    public PersonStore(OperoneDb context, IdentityErrorDescriber? describer = null)
        : base(context, describer) => context.ChangeTracker.QueryTrackingBehavior = QueryTrackingBehavior.TrackAll;
}
