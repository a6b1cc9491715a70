using System.Globalization;
using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Identity;
using Operone.Core.Access;
using Operone.Core.Errors;

namespace Operone.Web.Access;

/// <summary>
/// The session's cookie: it names the session, and until when it is good. It is good for <see cref="Lifetime"/>, and is
/// renewed only by who has the session's key, so that a copy of it is soon worth nothing.
/// </summary>
internal sealed class SessionCookie(SessionDirectory sessions, TimeProvider time) : CookieAuthenticationEvents
{
    /// <summary>For how long a cookie is good before it must be renewed.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    /// <summary>Its name.</summary>
    public const string Name = "operone";

    private static readonly TimeSpan Leeway = TimeSpan.FromSeconds(20);

    private const string GoodUntil = "good-until";
    private static readonly object ErrorKey = new();

    /// <summary>The session that a request's cookie names, good or not; null where there is no cookie that we made.</summary>
    public static Guid? NamedBy(HttpContext context)
    {
        var options = context.RequestServices.GetRequiredService<Microsoft.Extensions.Options.IOptionsMonitor<CookieAuthenticationOptions>>()
            .Get(IdentityConstants.ApplicationScheme);
        return options.CookieManager.GetRequestCookie(context, options.Cookie.Name!) is { } text
            && options.TicketDataFormat.Unprotect(text) is { } ticket && SessionOf(ticket.Principal) is { } id ? id : null;
    }

    /// <summary>Gives a session's cookie, good from now on.</summary>
    public static Task GiveAsync(HttpContext context, Session session, DateTimeOffset now)
    {
        // With DBSC the browser looks after it, and renews it when it is gone; with WebCrypto the page does, and it must outlive a closed browser.
        var properties = new AuthenticationProperties
        {
            IsPersistent = session.IsPersistent || session.Binding == SessionBinding.DeviceBound,
            IssuedUtc = now,
            ExpiresUtc = session.Binding == SessionBinding.DeviceBound ? now + Lifetime : session.ExpiresAt,
        };
        // A moment more for what was on its way when the browser's clock ran out.
        properties.Items[GoodUntil] = (now + Lifetime + Leeway).UtcTicks.ToString(CultureInfo.InvariantCulture);
        var identity = new ClaimsIdentity([new(ClaimTypes.Sid, session.Id.ToString())], IdentityConstants.ApplicationScheme);
        return context.SignInAsync(IdentityConstants.ApplicationScheme, new(identity), properties);
    }

    /// <summary>Whether a request came with a cookie that is good.</summary>
    public static bool IsGood(HttpContext context) => AccessIdentity.Of(context.User).Credential is { TokenId: null };

    /// <summary>Takes the cookie away.</summary>
    public static Task TakeAwayAsync(HttpContext context) => context.SignOutAsync(IdentityConstants.ApplicationScheme);

    /// <summary>Why the cookie of a request did not do, or null where there is none or it did.</summary>
    public static Error? ErrorOf(HttpContext context) => context.Items.TryGetValue(ErrorKey, out var error) ? (Error?)error : null;

    public override async Task ValidatePrincipal(CookieValidatePrincipalContext context)
    {
        if (SessionOf(context.Principal) is not { } id || await sessions.FindAsync(id, context.HttpContext.RequestAborted) is not { } found)
        {
            context.HttpContext.Items[ErrorKey] = AccessErrors.SessionEnded;
            context.RejectPrincipal();
            return;
        }

        if (!(context.Properties.Items.TryGetValue(GoodUntil, out var text)
            && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var ticks) && time.GetUtcNow().UtcTicks < ticks))
        {
            context.HttpContext.Items[ErrorKey] = AccessErrors.SessionStale;
            context.RejectPrincipal();
            return;
        }

        context.ReplacePrincipal(found.Principal);
        context.ShouldRenew = false;
    }

    public override Task SigningIn(CookieSigningInContext context)
    {
        // Over plain HTTP a browser keeps it on this machine alone, which browsers hold to be as good as HTTPS.
        context.CookieOptions.Secure = IsSecure(context.Request);
        if (context.Properties is { IsPersistent: true, ExpiresUtc: { } end })
        {
            // Counts more than the date, which a browser whose clock is wrong would misread.
            context.CookieOptions.MaxAge = TimeSpan.FromSeconds(Math.Ceiling((end - time.GetUtcNow()).TotalSeconds));
        }

        return Task.CompletedTask;
    }

    public override Task RedirectToLogin(RedirectContext<CookieAuthenticationOptions> context)
    {
        // Who has a cookie that only wants renewing is sent where the page renews it, and comes back.
        var target = ErrorOf(context.HttpContext) == AccessErrors.SessionStale && HttpMethods.IsGet(context.Request.Method)
            ? $"{context.Request.PathBase}/renew?returnUrl={Uri.EscapeDataString(context.Request.PathBase + context.Request.Path + context.Request.QueryString)}"
            : context.RedirectUri;
        context.Response.Redirect(target);
        return Task.CompletedTask;
    }

    /// <summary>Whether the cookie that answers a request is for HTTPS alone.</summary>
    internal static bool IsSecure(HttpRequest request) => request.IsHttps || !IsThisMachine(request.Host.Host);

    private static bool IsThisMachine(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase)
        || (System.Net.IPAddress.TryParse(host.Trim('[', ']'), out var address) && System.Net.IPAddress.IsLoopback(address));

    private static Guid? SessionOf(ClaimsPrincipal? principal) => Guid.TryParse(principal?.FindFirstValue(ClaimTypes.Sid), out var id) ? id : null;
}
