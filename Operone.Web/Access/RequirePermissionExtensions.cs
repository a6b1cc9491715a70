namespace Operone.Web.Access;

/// <summary>On an endpoint: the permission that its caller needs.</summary>
/// <param name="Permission">One of <see cref="Core.Access.Permissions"/>.</param>
internal sealed record RequiredPermission(string Permission);

/// <summary>How doors say what they need.</summary>
internal static class RequirePermissionExtensions
{
    /// <summary>Lets only who has the permission in. For an endpoint or a whole group.</summary>
    public static TBuilder RequirePermission<TBuilder>(this TBuilder builder, string permission)
        where TBuilder : IEndpointConventionBuilder
    {
        if (!Core.Access.Permissions.IsKnown(permission))
        {
            throw new ArgumentException($"'{permission}' is not a permission.", nameof(permission));
        }

        return builder
            .RequireAuthorization(policy => policy.RequireAuthenticatedUser()
                .RequireAssertion(context => Actor.From(context.User).Lacks(permission) is null))
            .WithMetadata(new RequiredPermission(permission));
    }
}
