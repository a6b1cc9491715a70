using System.Security.Cryptography;
using Microsoft.Extensions.Options;
using Operone.Web.Access;

namespace Operone.Web.Hosting;

/// <summary>Headers that tell a browser what this site never does (OWASP Secure Headers).</summary>
internal static class SecurityHeaders
{
    // For programs: nothing in the answer is ever a page.
    private const string Programs = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    // Styles may stand in the page: MudBlazor writes its theme into a style element and places its popovers by style
    // attributes, and the API's reference does the like; neither can be given a nonce. Scripts may not.
    private const string Rest =
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; "
        + "worker-src 'self'; object-src 'none'; base-uri 'self'; frame-ancestors 'none'; ";

    private const string HstsAge = "max-age=31536000";

    private static readonly object _nonce = new();
    private static readonly object _formTargets = new();
    private static readonly object _framed = new();

    /// <summary>
    /// What a script element of this answer must carry to run: <c>nonce="..."</c>. Made when first asked for; where nobody
    /// asks, no script runs at all.
    /// </summary>
    public static string ScriptNonce(this HttpContext context)
    {
        if (context.Items[_nonce] is not string nonce)
        {
            nonce = Convert.ToBase64String(RandomNumberGenerator.GetBytes(18));
            context.Items[_nonce] = nonce;
        }

        return nonce;
    }

    /// <summary>
    /// Lets this answer's forms lead to another origin. A form that is sent here and answered with a redirect counts:
    /// signing in at another provider needs its origin.
    /// </summary>
    public static void AllowFormsTo(this HttpContext context, string origin)
    {
        var parsed = Origin.Parse(origin) ?? throw new ArgumentException($"'{origin}' is not an origin.", nameof(origin));
        context.Items[_formTargets] = $"{context.Items[_formTargets]} {parsed}";
    }

    /// <summary>Lets this answer be a frame in a page of this site. It brings a policy of its own that says so too.</summary>
    public static void AllowFramingHere(this HttpContext context) => context.Items[_framed] = true;

    public static void UseSecurityHeaders(this WebApplication app)
    {
        var subdomains = app.Services.GetRequiredService<IOptions<OperoneOptions>>().Value.HstsSubdomains;

        // When the answer begins: what handles a failure throws away the headers that were set before.
        app.Use((context, next) =>
        {
            context.Response.OnStarting(() =>
            {
                Write(context, subdomains);
                return Task.CompletedTask;
            });
            return next(context);
        });
    }

    private static void Write(HttpContext context, bool subdomains)
    {
        var (request, headers) = (context.Request, context.Response.Headers);
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = context.Items.ContainsKey(_framed) ? "SAMEORIGIN" : "DENY";
        headers["Referrer-Policy"] = "same-origin";
        headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=(), payment=(), usb=(), serial=(), hid=()";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers["X-Permitted-Cross-Domain-Policies"] = "none";
        if (headers.ContentSecurityPolicy.Count == 0)
        {
            headers.ContentSecurityPolicy = Policy(context);
        }

        // This machine's own addresses are used by many programs, most of them without TLS.
        if (request.IsHttps && !IsLocal(request.Host.Host))
        {
            headers.StrictTransportSecurity = subdomains ? HstsAge + "; includeSubDomains" : HstsAge;
        }

        // Nothing that somebody had to sign in for stays in a browser's or a proxy's cache.
        var isHtml = context.Response.ContentType?.StartsWith("text/html", StringComparison.OrdinalIgnoreCase) == true;
        var isSignedIn = context.User.Identity?.IsAuthenticated == true;
        if (request.Path.StartsWithSegments("/api/v1") || (isSignedIn && (isHtml || headers.CacheControl.Count == 0)))
        {
            headers.CacheControl = "no-store";
        }
    }

    internal static string Policy(HttpContext context)
    {
        if (AccessSchemes.IsForPrograms(context.Request.Path))
        {
            return Programs;
        }

        // Scripts that carry the nonce may load others: modules, and those that Blazor imports when they are needed.
        // A worker is a script with a policy of its own, which its file brings along.
        var scripts = context.Items[_nonce] is string nonce ? $"'nonce-{nonce}' 'strict-dynamic'"
            : context.Response.ContentType?.Contains("javascript", StringComparison.OrdinalIgnoreCase) == true ? "'self'"
            : "'none'";
        return $"{Rest}form-action 'self'{context.Items[_formTargets]}; script-src {scripts}";
    }

    private static bool IsLocal(string host) =>
        host is "localhost" or "[::1]" || host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase) || host.StartsWith("127.", StringComparison.Ordinal);
}
