using System.Security.Claims;
using Operone.Core.Access;
using Operone.Core.Errors;

namespace Operone.Web.Access;

/// <summary>Who does something. Made from the authenticated connection by a door; every service takes one.</summary>
/// <param name="Id">The person's or token's id; null for the system and for nobody.</param>
/// <param name="Name">As in the audit trail: an e-mail, <c>token:NAME</c>, <c>system</c>, <c>anonymous</c>.</param>
/// <param name="Standing">What they may, as of now.</param>
/// <param name="RemoteAddress">From which address, where one is known.</param>
internal sealed record Actor(Guid? Id, string Name, Standing Standing, string? RemoteAddress = null)
{
    /// <summary>Operone itself: schedules, clean-up.</summary>
    public static Actor System { get; } = new(null, "system", Standing.Everything);

    /// <summary>The person; of a token, who made it.</summary>
    public Guid? PersonId => Person ?? Standing.Credential?.PersonId;

    /// <summary>The person, of one who asked earlier and is not there now.</summary>
    public Guid? Person { get; init; }

    /// <summary>Whose it is what they make and have open: the person's, of a service token the token's own.</summary>
    public Guid OwnerId => PersonId ?? Id ?? Guid.Empty;

    /// <summary>The session that they come with.</summary>
    public Guid? SessionId { get => field ?? Standing.Credential?.SessionId; init; }

    /// <summary>The token that they come with.</summary>
    public Guid? TokenId { get => field ?? Standing.Credential?.TokenId; init; }

    /// <summary>The request, as the log and problems name it.</summary>
    public string? RequestId { get; init; }

    /// <summary>Their grants now.</summary>
    public Subject Subject => Standing.Subject;

    /// <summary>The actor behind a principal; one that is not authenticated may do nothing.</summary>
    public static Actor From(ClaimsPrincipal principal, string? remoteAddress = null)
    {
        if (principal.Identity?.IsAuthenticated != true)
        {
            return Anonymous(remoteAddress);
        }

        var id = Guid.TryParse(principal.FindFirstValue(ClaimTypes.NameIdentifier), out var parsed) ? parsed : (Guid?)null;
        return new(id, principal.FindFirstValue(ClaimTypes.Name) ?? "unknown", AccessIdentity.Of(principal), remoteAddress);
    }

    /// <summary>Nobody that is known.</summary>
    public static Actor Anonymous(string? remoteAddress = null) => new(null, "anonymous", Standing.None, remoteAddress);

    /// <summary>Somebody at the other end of a request who has not signed in.</summary>
    public static Actor Anonymous(HttpContext context) =>
        Anonymous(context.Connection.RemoteIpAddress?.ToString()) with { RequestId = context.TraceIdentifier };

    /// <summary>Who sends a request.</summary>
    public static Actor From(HttpContext context) =>
        From(context.User, context.Connection.RemoteIpAddress?.ToString()) with { RequestId = context.TraceIdentifier };

    /// <summary>For endpoints that take an actor: who sends the request.</summary>
    public static ValueTask<Actor> BindAsync(HttpContext context) => ValueTask.FromResult(From(context));

    /// <summary>Whether they hold the permission on anything at all. On which devices is for <see cref="Decide"/> to say, one by one.</summary>
    public bool May(string permission) => Policy.IsHeldAnywhere(Subject, permission, Standing.Now);

    /// <summary>Whether they hold the permission on every device, with no exception.</summary>
    public bool MayEverywhere(string permission) => Policy.IsHeldEverywhere(Subject, permission, Standing.Now);

    /// <summary>What policy says of the permission on a device with these labels; null for what is no device.</summary>
    public Decision Decide(string permission, IReadOnlyDictionary<string, string>? labels) => Policy.Decide(Subject, permission, labels, Standing.Now);

    /// <summary>Whether they hold the permission on a device with these labels; null for what is no device.</summary>
    public bool May(string permission, IReadOnlyDictionary<string, string>? labels) => Decide(permission, labels).Allowed;

    /// <summary>
    /// Null where they may, else the error to return. A permission that is held on devices is enough on any of them;
    /// one of the installation is needed on all.
    /// </summary>
    public Error? Lacks(string permission)
    {
        var may = Permissions.ScopeOf(permission) == PermissionScope.Devices ? May(permission) : May(permission, null);
        return may ? null : AccessErrors.PermissionMissing(Name, permission);
    }
}
