using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Web.Access.Pages;
using Operone.Web.Hosting;

namespace Operone.Web.Access;

/// <summary>What a page's script sends to sign in with a passkey.</summary>
internal sealed record PasskeySignInRequest(JsonElement? Credential, string? DeviceKey, bool Remember, string? ReturnUrl);

/// <summary>Where to go once signed in.</summary>
internal sealed record PasskeySignedIn(string ReturnUrl);

/// <summary>What a page's script sends for a challenge of a passkey that an account will be made with.</summary>
internal sealed record PasskeySignUpRequest(string? Email, string? DisplayName);

/// <summary>What a page's script sends of a new passkey.</summary>
internal sealed record AddPasskeyRequest(JsonElement? Credential, string? Name);

/// <summary>What a page's script sends of a passkey that was touched.</summary>
internal sealed record StepUpRequest(JsonElement? Credential);

/// <summary>
/// The doors of passkeys. Those under /session are for the console's script and no part of the REST API: each act is a challenge,
/// then what the passkey made of it. They take JSON alone, which no other site's page can send here.
/// </summary>
internal static class PasskeyEndpoints
{
    public static void Map(IEndpointRouteBuilder app)
    {
        MapApi(app);
        var session = app.MapGroup("/session").AllowAnonymous().ExcludeFromDescription()
            .DisableAntiforgery().WithMetadata(new RequestSizeLimitAttribute(2 * PasskeyCeremonies.MaxCredential));
        var challenges = session.MapGroup("").RequireRateLimiting(RateLimits.Session);
        challenges.MapPost("/passkey/sign-in/options", BeginSignInAsync);
        challenges.MapPost("/passkey/add/options", BeginAddAsync);
        challenges.MapPost("/step-up/options", BeginStepUpAsync);
        var answers = session.MapGroup("").RequireRateLimiting(RateLimits.SignIn);
        answers.MapPost("/passkey/sign-up/options", BeginSignUpAsync);
        answers.MapPost("/passkey/sign-in", SignInAsync);
        answers.MapPost("/passkey/add", AddAsync);
        answers.MapPost("/step-up", StepUpAsync);
    }

    private static void MapApi(IEndpointRouteBuilder app)
    {
        var passkeys = app.MapGroup("/api/v1/me/passkeys").WithTags("Access").RequireSignedIn().ProducesAccessProblems();
        passkeys.MapGet("/", ListAsync).WithName("ListMyPasskeys").WithSummary("List one's own passkeys")
            .WithDescription("Oldest first. One is added in the console, where it can be touched.");
        passkeys.MapPatch("/{id}", RenameAsync).WithName("RenameMyPasskey").WithSummary("Rename one of one's own passkeys")
            .WithDescription("For who has signed in, such as with 'operone login'; API tokens may not.")
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status404NotFound);
        passkeys.MapDelete("/{id}", RemoveAsync).WithName("RemoveMyPasskey").WithSummary("Remove one of one's own passkeys")
            .WithDescription("For who has signed in, such as with 'operone login'; API tokens may not. The last way to sign in stays.")
            .ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);
    }

    private static async Task<Results<Ok<IReadOnlyList<PasskeyView>>, ProblemHttpResult>> ListAsync(
        Actor actor, PasskeyService passkeys, CancellationToken cancellationToken) =>
        (await passkeys.ListAsync(actor, cancellationToken)).ToOk();

    private static async Task<Results<Ok<PasskeyView>, ProblemHttpResult>> RenameAsync(
        Actor actor, string id, RenamePasskey request, PasskeyService passkeys, CancellationToken cancellationToken) =>
        (await passkeys.RenameAsync(actor, id, request.Name, cancellationToken)).ToOk();

    private static async Task<Results<NoContent, ProblemHttpResult>> RemoveAsync(
        Actor actor, string id, PasskeyService passkeys, CancellationToken cancellationToken) =>
        (await passkeys.RemoveAsync(actor, id, cancellationToken)).ToNoContent();

    private static async Task<Results<ContentHttpResult, ProblemHttpResult>> BeginSignInAsync(HttpContext context, PasskeyCeremonies passkeys) =>
        ToOptions(context, await passkeys.BeginSignInAsync(context));

    private static async Task<Results<Ok<PasskeySignedIn>, ProblemHttpResult>> SignInAsync(
        HttpContext context, PasskeySignInRequest request, PasskeyCeremonies passkeys, AccountLimits limits, CancellationToken cancellationToken)
    {
        context.Response.Headers.CacheControl = "no-store";
        if (!limits.TryTake(AccountLimits.SignIn, CredentialOf(request.Credential), out var retryAfter))
        {
            return Error.TooMany(retryAfter).ToProblem();
        }

        var session = await passkeys.SignInAsync(context, Text(request.Credential), request.DeviceKey, request.Remember, cancellationToken);
        return session.IsError ? session.Error!.ToProblem() : TypedResults.Ok(new PasskeySignedIn(LocalAddress.Or(request.ReturnUrl, "/")));
    }

    private static async Task<Results<ContentHttpResult, ProblemHttpResult>> BeginSignUpAsync(
        HttpContext context, PasskeySignUpRequest request, PasskeyCeremonies passkeys) =>
        ToOptions(context, await passkeys.BeginSignUpAsync(context, request.Email, request.DisplayName));

    private static async Task<Results<ContentHttpResult, ProblemHttpResult>> BeginAddAsync(
        HttpContext context, Actor actor, PasskeyCeremonies passkeys, CancellationToken cancellationToken) =>
        ToOptions(context, await passkeys.BeginAddAsync(context, actor, cancellationToken));

    private static async Task<Results<Ok<PasskeyView>, ProblemHttpResult>> AddAsync(
        HttpContext context, Actor actor, AddPasskeyRequest request, PasskeyCeremonies passkeys, CancellationToken cancellationToken) =>
        (await passkeys.AddAsync(context, actor, Text(request.Credential), request.Name, cancellationToken)).ToOk();

    private static async Task<Results<ContentHttpResult, ProblemHttpResult>> BeginStepUpAsync(
        HttpContext context, Actor actor, PasskeyCeremonies passkeys, CancellationToken cancellationToken) =>
        ToOptions(context, await passkeys.BeginStepUpAsync(context, actor, cancellationToken));

    private static async Task<Results<NoContent, ProblemHttpResult>> StepUpAsync(
        HttpContext context, Actor actor, StepUpRequest request, PasskeyCeremonies passkeys, CancellationToken cancellationToken) =>
        (await passkeys.StepUpAsync(context, actor, Text(request.Credential), cancellationToken)).ToNoContent();

    private static Results<ContentHttpResult, ProblemHttpResult> ToOptions(HttpContext context, Result<string> options)
    {
        context.Response.Headers.CacheControl = "no-store";
        return options.IsError ? options.Error!.ToProblem() : TypedResults.Text(options.Value, "application/json");
    }

    private static string? Text(JsonElement? credential) => credential?.GetRawText();

    // Nobody can guess it, so that nobody can use up somebody else's tries.
    private static string CredentialOf(JsonElement? credential) =>
        credential is { ValueKind: JsonValueKind.Object } given && given.TryGetProperty("id", out var id) && id.ValueKind == JsonValueKind.String
            ? $"passkey {id.GetString()}" : "passkey";
}
