using System.Collections.Frozen;
using System.Security.Claims;
using Operone.Core.Errors;

namespace Operone.Web.Access;

/// <summary>Who does something. Made from the authenticated connection by a door; every service takes one.</summary>
/// <param name="Id">The person's or token's id; null for the system and for nobody.</param>
/// <param name="Name">As in the audit trail: an e-mail, <c>token:NAME</c>, <c>system</c>, <c>anonymous</c>.</param>
/// <param name="Permissions">What they may do.</param>
/// <param name="RemoteAddress">From which address, where one is known.</param>
internal sealed record Actor(Guid? Id, string Name, FrozenSet<string> Permissions, string? RemoteAddress = null)
{
    /// <summary>The claim that carries one permission.</summary>
    public const string PermissionClaim = "operone:permission";

    /// <summary>In which session, where it is one.</summary>
    public Guid? SessionId { get; init; }

    /// <summary>With which API token, where it is one.</summary>
    public Guid? TokenId { get; init; }

    /// <summary>In which request, as problems and the log name it.</summary>
    public string? RequestId { get; init; }

    /// <summary>Operone itself: schedules, clean-up.</summary>
    public static Actor System { get; } = new(null, "system", Core.Access.Permissions.All.ToFrozenSet(StringComparer.Ordinal));

    /// <summary>The actor behind a principal; one that is not authenticated may do nothing.</summary>
    public static Actor From(ClaimsPrincipal principal, string? remoteAddress = null)
    {
        if (principal.Identity?.IsAuthenticated != true)
        {
            return new(null, "anonymous", FrozenSet<string>.Empty, remoteAddress);
        }

        var id = Guid.TryParse(principal.FindFirstValue(ClaimTypes.NameIdentifier), out var parsed) ? parsed : (Guid?)null;
        var permissions = principal.FindAll(PermissionClaim).Select(c => c.Value).ToFrozenSet(StringComparer.Ordinal);
        return new(id, principal.FindFirstValue(ClaimTypes.Name) ?? "unknown", permissions, remoteAddress);
    }

    /// <summary>For endpoints that take an actor: who sends the request.</summary>
    public static ValueTask<Actor> BindAsync(HttpContext context) =>
        ValueTask.FromResult(From(context.User, context.Connection.RemoteIpAddress?.ToString()));

    /// <summary>Whether they may.</summary>
    public bool May(string permission) => Permissions.Contains(permission);

    /// <summary>Null where they may, else the error to return.</summary>
    public Error? Lacks(string permission) => May(permission) ? null : new(
        ErrorKind.Forbidden, "permission-missing", "Not allowed.",
        $"{Name} lacks the permission '{permission}'. Ask an owner for it.");
}
