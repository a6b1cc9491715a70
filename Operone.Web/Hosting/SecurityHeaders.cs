namespace Operone.Web.Hosting;

/// <summary>Headers that tell a browser what this site never does (OWASP Secure Headers).</summary>
internal static class SecurityHeaders
{
    // Styles may stand in the page: MudBlazor writes them there. Scripts may not.
    private const string Console =
        "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
        + "connect-src 'self'; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'";

    // The API's reference has a script in its page, and builds others.
    private const string Reference =
        "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
        + "font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'";

    public static void UseSecurityHeaders(this WebApplication app) => app.Use((context, next) =>
    {
        var headers = context.Response.Headers;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "same-origin";
        headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=()";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        var path = context.Request.Path;
        var isReference = path.StartsWithSegments("/api") && !path.StartsWithSegments("/api/v1");
        headers.ContentSecurityPolicy = isReference ? Reference : Console;
        return next(context);
    });
}
