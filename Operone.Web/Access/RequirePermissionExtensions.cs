namespace Operone.Web.Access;

/// <summary>On an endpoint: the permission that its caller needs.</summary>
/// <param name="Permission">One of <see cref="Core.Access.Permissions"/>.</param>
internal sealed record RequiredPermission(string Permission);

/// <summary>On an endpoint: whoever is signed in may ask, and the service says what of it is theirs.</summary>
internal sealed record SignedInIsEnough;

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

    /// <summary>Lets whoever is signed in ask: for what is one's own, and what the service decides one by one.</summary>
    public static TBuilder RequireSignedIn<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder => builder.RequireAuthorization().WithMetadata(new SignedInIsEnough());
}
