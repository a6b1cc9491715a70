using Microsoft.AspNetCore.Http.HttpResults;
using Operone.Core.Access;
using Operone.Web.Hosting;

namespace Operone.Web.Access;

/// <summary>What a page's script is told before it renews its session.</summary>
/// <param name="Nonce">What to sign.</param>
/// <param name="Binding">By what the session is bound; with DBSC the browser renews by itself.</param>
internal sealed record SessionNonce(string Nonce, SessionBinding Binding);

/// <summary>What a page's script sends to renew its session.</summary>
/// <param name="Nonce">The nonce that was signed.</param>
/// <param name="Signature">The signature, r and s, in base64; null where the browser has no key.</param>
internal sealed record RenewSession(string? Nonce, string? Signature);

/// <summary>
/// Where the console's script renews the session of its browser. A stale cookie is enough to come here; the signature is what counts.
/// These are no part of the REST API.
/// </summary>
internal static class SessionEndpoints
{
    public static void Map(IEndpointRouteBuilder app)
    {
        var session = app.MapGroup("/session").AllowAnonymous().ExcludeFromDescription().RequireRateLimiting(RateLimits.Session);
        session.MapPost("/nonce", NonceAsync).DisableAntiforgery();
        session.MapPost("/renew", RenewAsync).DisableAntiforgery();
    }

    private static async Task<Results<Ok<SessionNonce>, ProblemHttpResult>> NonceAsync(
        HttpContext context, SessionRenewal renewal, CancellationToken cancellationToken)
    {
        context.Response.Headers.CacheControl = "no-store";
        return await renewal.FindAsync(context, cancellationToken) is { } session
            ? TypedResults.Ok(new SessionNonce(renewal.Nonce(session.Id), session.Binding))
            : AccessErrors.SessionEnded.ToProblem();
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> RenewAsync(
        HttpContext context, RenewSession request, SessionRenewal renewal, CancellationToken cancellationToken) =>
        (await renewal.RenewAsync(context, request.Nonce, request.Signature, cancellationToken)).ToNoContent();
}
