using Microsoft.AspNetCore.Http.HttpResults;
using Operone.Core.Access;
using Operone.Core.Connection;
using Operone.Web.Hosting;

namespace Operone.Web.Access;

/// <summary>
/// The doors of the device flow (RFC 8628) for programs without a browser, of giving a token back (RFC 7009), and what
/// describes them (RFC 8414). They speak forms and the errors of RFC 6749, as every client of OAuth does.
/// </summary>
internal static class OAuthEndpoints
{
    private const int MaxFormBytes = 8 * 1024;

    public static void Map(IEndpointRouteBuilder app)
    {
        var oauth = app.MapGroup("").WithTags("Access").AllowAnonymous().DisableAntiforgery().RequireRateLimiting(RateLimits.OAuth);
        oauth.MapPost(DeviceFlow.AuthorizationPath, AuthorizeAsync).WithName("DeviceAuthorization").WithSummary("Ask to be signed in through a browser")
            .WithDescription("RFC 8628, section 3.1. A form: `client_id` is `operone-cli`; `client_name` says which program on which machine, for the person who decides.");
        oauth.MapPost(DeviceFlow.TokenPath, PollAsync).WithName("DeviceToken").WithSummary("Ask whether the login was approved, and fetch its token")
            .WithDescription($"RFC 8628, section 3.4. A form: `grant_type` is `{DeviceFlow.GrantType}`, with `device_code` and `client_id`. Answers at once; "
                + "wait `interval` seconds between two, and five more after each `slow_down`.");
        oauth.MapPost(DeviceFlow.RevocationPath, RevokeAsync).WithName("RevokeOAuthToken").WithSummary("Give a token back")
            .WithDescription("RFC 7009. A form: `token`. Whoever has a token may revoke it; one that is not known is as good as revoked.");
        oauth.MapGet(DeviceFlow.MetadataPath, Describe).WithName("OAuthMetadata").WithSummary("Describe the device flow")
            .WithDescription("RFC 8414.");
    }

    private static async Task<Results<Ok<DeviceAuthorization>, JsonHttpResult<OAuthError>>> AuthorizeAsync(
        HttpContext context, DeviceLoginService logins, PublicAddress address, CancellationToken cancellationToken)
    {
        var (form, malformed) = await ReadAsync(context, cancellationToken);
        if ((malformed ?? CheckClient(form!)) is { } error)
        {
            return Refuse(error);
        }

        var (deviceCode, userCode) = await logins.BeginAsync(form!["client_name"], AddressOf(context), cancellationToken);
        var (page, code) = ($"{address.For(context.Request)}/device", DeviceFlow.Format(userCode));
        return TypedResults.Ok(new DeviceAuthorization(
            deviceCode, code, page, $"{page}?user_code={code}", (int)DeviceLoginService.Patience.TotalSeconds, DeviceLoginService.Interval));
    }

    private static async Task<Results<Ok<OAuthToken>, JsonHttpResult<OAuthError>>> PollAsync(
        HttpContext context, DeviceLoginService logins, CancellationToken cancellationToken)
    {
        var (form, malformed) = await ReadAsync(context, cancellationToken);
        if (malformed is not null)
        {
            return Refuse(malformed);
        }

        if (form!["grant_type"].ToString() is var grant && grant != DeviceFlow.GrantType)
        {
            return Refuse(grant.Length == 0
                ? new("invalid_request", "grant_type is missing.")
                : new("unsupported_grant_type", $"The only grant type here is {DeviceFlow.GrantType}."));
        }

        if (CheckClient(form) is { } wrongClient)
        {
            return Refuse(wrongClient);
        }

        if (form["device_code"].ToString() is not { Length: > 0 } deviceCode)
        {
            return Refuse(new("invalid_request", "device_code is missing."));
        }

        var poll = await logins.PollAsync(deviceCode, AddressOf(context), context.TraceIdentifier, cancellationToken);
        return poll.Error is { } error
            ? Refuse(new(error, Explain(error)))
            : TypedResults.Ok(new OAuthToken(poll.Token!, "Bearer", (long)poll.Lifetime.TotalSeconds));
    }

    private static async Task<Results<Ok, JsonHttpResult<OAuthError>>> RevokeAsync(HttpContext context, TokenService tokens, CancellationToken cancellationToken)
    {
        var (form, malformed) = await ReadAsync(context, cancellationToken);
        if (malformed is not null)
        {
            return Refuse(malformed);
        }

        if (form!["token"].ToString() is not { Length: > 0 and <= 4096 } token)
        {
            return Refuse(new("invalid_request", "token is missing."));
        }

        await tokens.RevokeAsync(token, AddressOf(context), context.TraceIdentifier, cancellationToken);
        return TypedResults.Ok();
    }

    private static Ok<OAuthMetadata> Describe(HttpRequest request, PublicAddress address)
    {
        var issuer = address.For(request);
        return TypedResults.Ok(new OAuthMetadata(
            issuer, issuer + DeviceFlow.AuthorizationPath, issuer + DeviceFlow.TokenPath, issuer + DeviceFlow.RevocationPath,
            [DeviceFlow.GrantType], [], ["none"], ["none"]));
    }

    private static async Task<(IFormCollection? Form, OAuthError? Error)> ReadAsync(HttpContext context, CancellationToken cancellationToken)
    {
        // RFC 6749, section 5.1: no answer with a secret is kept anywhere.
        context.Response.Headers.CacheControl = "no-store";
        context.Response.Headers.Pragma = "no-cache";
        if (!context.Request.HasFormContentType || context.Request.ContentLength is > MaxFormBytes)
        {
            return (null, new("invalid_request", "The body must be a small form: application/x-www-form-urlencoded."));
        }

        try
        {
            var options = new Microsoft.AspNetCore.Http.Features.FormOptions { ValueCountLimit = 16, KeyLengthLimit = 64, ValueLengthLimit = 4096, BufferBodyLengthLimit = MaxFormBytes };
            var form = await new Microsoft.AspNetCore.Http.Features.FormFeature(context.Request, options).ReadFormAsync(cancellationToken);
            // RFC 6749, section 3.2: nothing is given twice.
            return form.Any(field => field.Value.Count > 1) || form.Files.Count > 0
                ? (null, new("invalid_request", "A parameter is given twice."))
                : (form, null);
        }
        catch (Exception exception) when (exception is InvalidDataException or BadHttpRequestException)
        {
            return (null, new("invalid_request", "The form cannot be read."));
        }
    }

    private static OAuthError? CheckClient(IFormCollection form) => form["client_id"].ToString() switch
    {
        DeviceFlow.ClientId => null,
        "" => new("invalid_request", "client_id is missing."),
        _ => new("invalid_client", $"The only client here is {DeviceFlow.ClientId}."),
    };

    private static JsonHttpResult<OAuthError> Refuse(OAuthError error) =>
        TypedResults.Json(error, OperoneJson.Default.OAuthError, statusCode: StatusCodes.Status400BadRequest);

    private static string? AddressOf(HttpContext context) => context.Connection.RemoteIpAddress?.ToString();

    private static string Explain(string error) => error switch
    {
        DeviceFlow.AuthorizationPending => "Nobody has decided yet.",
        DeviceFlow.SlowDown => "Asked too soon. Wait five seconds longer between two.",
        DeviceFlow.AccessDenied => "The login was refused.",
        DeviceFlow.ExpiredToken => "Nobody decided in time. Begin again.",
        _ => "There is no such login, or its token was fetched already.",
    };
}
