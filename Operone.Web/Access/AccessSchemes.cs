namespace Operone.Web.Access;

/// <summary>How a request says who it is from. One of these is chosen for each request by its path and headers.</summary>
internal static class AccessSchemes
{
    /// <summary>Chooses among the others.</summary>
    public const string Chooser = "operone";

    /// <summary>An API token in the Authorization header.</summary>
    public const string ApiToken = "api-token";

    /// <summary>A JWT signed with a device's key. Its handler is with the agents.</summary>
    public const string Device = "device";

    /// <summary>Where agents talk: only there a device's JWT counts, and only that.</summary>
    public static bool IsForAgents(PathString path) => path.StartsWithSegments("/hubs/agent") || path.StartsWithSegments("/channels") || path.StartsWithSegments("/api/v1/agents");

    /// <summary>Where network drives ask: a browser's session never counts there, and an API token may come as a password (RFC 7617).</summary>
    public static bool IsForDrives(PathString path) => path.StartsWithSegments("/dav");

    /// <summary>Whether a program asks, which wants a problem rather than a sign-in page.</summary>
    public static bool IsForPrograms(PathString path) =>
        path.StartsWithSegments("/api/v1") || path.StartsWithSegments("/hubs") || path.StartsWithSegments("/channels") || path.StartsWithSegments("/metrics")
        || path.StartsWithSegments("/health") || path.StartsWithSegments("/openapi") || path.StartsWithSegments("/downloads") || IsForDrives(path);
}
