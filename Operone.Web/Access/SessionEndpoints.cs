using Microsoft.AspNetCore.Http.HttpResults;
using Operone.Core;
using Operone.Core.Access;
using Operone.Web.Hosting;

namespace Operone.Web.Access;

/// <summary>What a page's script is told before it renews its session.</summary>
/// <param name="Nonce">What to sign.</param>
/// <param name="Binding">By what the session is bound; with DBSC the browser renews by itself.</param>
/// <param name="IsGood">Whether the cookie is good as it is.</param>
internal sealed record SessionNonce(string Nonce, SessionBinding Binding, bool IsGood);

/// <summary>What a page's script sends to renew its session.</summary>
/// <param name="Nonce">The nonce that was signed.</param>
/// <param name="Signature">The signature, r and s, in base64; null where the browser has no key.</param>
internal sealed record RenewSession(string? Nonce, string? Signature);

/// <summary>
/// The doors of sessions: the REST API; and where the console's script, or the browser by itself, renews a session. A stale cookie is
/// enough to come there, the signature is what counts; they are no part of the REST API.
/// </summary>
internal static class SessionEndpoints
{
    public static void Map(IEndpointRouteBuilder app)
    {
        MapApi(app);
        var session = app.MapGroup("/session").AllowAnonymous().ExcludeFromDescription().RequireRateLimiting(RateLimits.Session);
        session.MapPost("/nonce", NonceAsync).DisableAntiforgery();
        session.MapPost("/renew", RenewAsync).DisableAntiforgery();
        session.MapPost("/bound/start", StartAsync).DisableAntiforgery();
        session.MapPost("/bound/refresh", RefreshAsync).DisableAntiforgery();
    }

    /// <summary>Sessions in the REST API.</summary>
    private static void MapApi(IEndpointRouteBuilder app)
    {
        var sessions = app.MapGroup("/api/v1/sessions").WithTags("Access").RequireSignedIn().ProducesAccessProblems();
        sessions.MapGet("/", ListAsync).WithName("ListSessions").WithSummary("List the sessions that go on")
            .WithDescription("One's own, newest first. With personId, that person's, and with all, everybody's: both for who holds people.manage.")
            .ProducesProblem(StatusCodes.Status400BadRequest);
        sessions.MapDelete("/{id:guid}", EndAsync).WithName("EndSession").WithSummary("End a session")
            .WithDescription("One's own, or anybody's for who holds people.manage. Within five seconds everything that it holds ends: its pages, its streams, its token.")
            .ProducesProblem(StatusCodes.Status404NotFound);
        sessions.MapDelete("/", EndAllAsync).WithName("EndSessions").WithSummary("End all sessions of a person")
            .WithDescription("One's own, but the one that asks; with personId all of that person's, for who holds people.manage.");
    }

    private static async Task<Results<Ok<Page<SessionView>>, ProblemHttpResult>> ListAsync(
        Actor actor, SessionService sessions, Guid? personId, bool? all, int? limit, string? cursor, CancellationToken cancellationToken) =>
        (await sessions.ListAsync(actor, all == true ? null : personId ?? actor.PersonId, limit, cursor, cancellationToken)).ToOk();

    private static async Task<Results<NoContent, ProblemHttpResult>> EndAsync(
        Actor actor, Guid id, SessionService sessions, CancellationToken cancellationToken) =>
        (await sessions.EndAsync(actor, id, cancellationToken)).ToNoContent();

    private static async Task<Results<Ok<SessionsEnded>, ProblemHttpResult>> EndAllAsync(
        Actor actor, Guid? personId, SessionService sessions, CancellationToken cancellationToken)
    {
        if ((personId ?? actor.PersonId) is not { } person)
        {
            return AccessErrors.NoPerson(actor.Name).ToProblem();
        }

        var ended = await sessions.EndAllAsync(actor, person, keepThis: true, cancellationToken);
        return ended.IsError ? ended.Error!.ToProblem() : TypedResults.Ok(new SessionsEnded(ended.Value));
    }

    private static async Task<Results<Ok<BoundSessionInstructions>, ProblemHttpResult>> StartAsync(
        HttpContext context, DeviceBoundSessions sessions, CancellationToken cancellationToken)
    {
        context.Response.Headers.CacheControl = "no-store";
        return (await sessions.StartAsync(context, cancellationToken)).ToOk();
    }

    private static async Task<Results<Ok<BoundSessionInstructions>, ProblemHttpResult>> RefreshAsync(
        HttpContext context, DeviceBoundSessions sessions, CancellationToken cancellationToken)
    {
        context.Response.Headers.CacheControl = "no-store";
        return (await sessions.RefreshAsync(context, cancellationToken)).ToOk();
    }

    private static async Task<Results<Ok<SessionNonce>, ProblemHttpResult>> NonceAsync(
        HttpContext context, SessionRenewal renewal, CancellationToken cancellationToken)
    {
        context.Response.Headers.CacheControl = "no-store";
        return await renewal.FindAsync(context, cancellationToken) is { } session
            ? TypedResults.Ok(new SessionNonce(renewal.Nonce(session.Id, SessionRenewal.ForRenewal), session.Binding, SessionCookie.IsGood(context)))
            : AccessErrors.SessionEnded.ToProblem();
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> RenewAsync(
        HttpContext context, RenewSession request, SessionRenewal renewal, CancellationToken cancellationToken) =>
        (await renewal.RenewAsync(context, request.Nonce, request.Signature, cancellationToken)).ToNoContent();
}
