using System.Collections.Frozen;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;
using Operone.Core.Errors;
using Operone.Web.Access;

namespace Operone.Web.Hosting;

/// <summary>
/// Keeps the pages of other sites out of what a browser would do for them with somebody's cookies: live connections, which
/// no browser holds to the same origin by itself, and requests that change something. Programs send no Origin, and are not held up.
/// </summary>
internal sealed partial class Origins(
    IOptions<OperoneOptions> options, IOptionsMonitor<CookieAuthenticationOptions> sessions, IOptions<AntiforgeryOptions> antiforgery,
    IAuditTrail audit, NoteThrottle throttle, ILogger<Origins> logger)
{
    private readonly FrozenSet<Origin> _allowed = Allowed(options.Value);

    /// <summary>Null where the request may go on, else the error to answer.</summary>
    public Error? Check(HttpContext context)
    {
        var request = context.Request;
        if (IsLive(context))
        {
            return request.Headers.Origin.All(o => IsOurs(request, o)) ? null : Refused(request);
        }

        return IsAct(request) && IsFromElsewhere(request) ? Refused(request) : null;
    }

    /// <summary>Notes a refusal; those of one sort from one address once a minute.</summary>
    public async Task NoteAsync(HttpContext context, Error error)
    {
        var actor = Actor.Anonymous(context);
        if (throttle.Passes($"{actor.RemoteAddress} {error.Code}", out var heldBack))
        {
            var detail = heldBack > 0 ? $"{error.Detail} ({heldBack} more like it since the last note)" : error.Detail;
            Log.Refused(logger, actor.RemoteAddress, detail);
            await audit.NoteAsync(
                actor, "access.use", $"{context.Request.Method} {context.Request.Path}", allowed: false, detail, context.RequestAborted);
        }
    }

    private static FrozenSet<Origin> Allowed(OperoneOptions options)
    {
        var origins = options.AllowedOrigins.Select(Origin.Parse).OfType<Origin>();
        return (Uri.TryCreate(options.PublicUrl, UriKind.Absolute, out var address) ? origins.Append(Origin.Of(address)) : origins).ToFrozenSet();
    }

    private static bool IsLive(HttpContext context) =>
        context.Request.Path.StartsWithSegments("/_blazor") || context.Request.Path.StartsWithSegments("/hubs")
        || context.Request.Path.StartsWithSegments("/channels")
        || context.Features.Get<IHttpUpgradeFeature>()?.IsUpgradableRequest == true
        || context.Features.Get<IHttpExtendedConnectFeature>()?.IsExtendedConnect == true;

    /// <summary>Whether it may change something, with a browser's cookies. What carries none, such as a provider's answer to a sign-in, proves itself otherwise.</summary>
    private bool IsAct(HttpRequest request)
    {
        if (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method) || HttpMethods.IsOptions(request.Method))
        {
            return false;
        }

        // what a browser remembers of a drive's password it would send along, too
        if (AccessSchemes.IsForDrives(request.Path))
        {
            return true;
        }

        var session = sessions.Get(IdentityConstants.ApplicationScheme).Cookie.Name;
        return (session is not null && request.Cookies.ContainsKey(session))
            || (antiforgery.Value.Cookie.Name is { } form && request.Cookies.ContainsKey(form));
    }

    /// <summary>What the browser says itself (Fetch Metadata) counts more than the origin, which a proxy can make look like another.</summary>
    private bool IsFromElsewhere(HttpRequest request) => request.Headers["Sec-Fetch-Site"].ToString() switch
    {
        "same-origin" or "none" => false,
        "" => !request.Headers.Origin.All(o => IsOurs(request, o)),
        _ => request.Headers.Origin.Count == 0 || !request.Headers.Origin.All(o => Origin.Parse(o) is { } origin && _allowed.Contains(origin)),
    };

    private bool IsOurs(HttpRequest request, string? text) =>
        Origin.Parse(text) is { } origin && (_allowed.Contains(origin) || origin == Origin.Of(request));

    private static Error Refused(HttpRequest request)
    {
        var origin = request.Headers.Origin.ToString() is { Length: > 0 } given ? $"'{(given.Length > 200 ? given[..200] : given)}'" : "another site";
        return new(ErrorKind.Forbidden, "origin-refused", "Not from that site.",
            $"The request comes from a page of {origin}, and this is {request.Scheme}://{request.Host}. Where both are this installation behind a "
            + "reverse proxy, set Operone:PublicUrl to its address; other sites that may do this go into Operone:AllowedOrigins.");
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Refused a request from {Address}: {Detail}")]
        public static partial void Refused(ILogger logger, string? address, string detail);
    }
}

/// <summary>Hangs the check before everything that answers.</summary>
internal static class OriginsExtensions
{
    public static void UseOrigins(this WebApplication app)
    {
        var origins = app.Services.GetRequiredService<Origins>();
        app.Use(async (context, next) =>
        {
            if (origins.Check(context) is { } error)
            {
                await origins.NoteAsync(context, error);
                await error.ToProblem().ExecuteAsync(context);
                return;
            }

            await next(context);
        });
    }
}
