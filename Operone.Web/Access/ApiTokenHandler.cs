using System.Text;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Web.Hosting;

namespace Operone.Web.Access;

/// <summary>A credential that is not good, with the error to answer.</summary>
internal sealed class CredentialRefusedException(Error error) : Exception(error.Detail)
{
    public Error Error { get; } = error;
}

/// <summary>Takes <c>Authorization: Bearer</c> and an API token (RFC 6750); from network drives <c>Basic</c> too, with the token as the password.</summary>
internal sealed class ApiTokenHandler(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder, TokenDirectory tokens,
    SessionDirectory sessions)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    /// <summary>The credential behind <c>Bearer</c>, or null where the header is another.</summary>
    public static string? ReadBearer(HttpRequest request)
    {
        var header = request.Headers.Authorization.ToString();
        return header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) && header.AsSpan(7).Trim() is { Length: > 0 and <= 4096 } credential
            ? credential.ToString()
            : null;
    }

    /// <summary>The password behind <c>Basic</c> (RFC 7617), whoever the name says; null where there is none.</summary>
    public static string? ReadPassword(HttpRequest request)
    {
        var header = request.Headers.Authorization.ToString();
        var bytes = new byte[4096];
        if (!header.StartsWith("Basic ", StringComparison.OrdinalIgnoreCase) || !Convert.TryFromBase64String(header[6..].Trim(), bytes, out var count))
        {
            return null;
        }

        var colon = bytes.AsSpan(0, count).IndexOf((byte)':');
        return colon < 0 || colon + 1 == count ? null : Encoding.UTF8.GetString(bytes, colon + 1, count - colon - 1);
    }

    /// <summary>Whether a password may come this way: over HTTPS, or from this machine.</summary>
    public static bool MayBringPassword(HttpContext context) => context.Request.IsHttps || Proxies.IsFromThisMachine(context);

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (Request.Headers.Authorization.Count == 0)
        {
            return AuthenticateResult.NoResult();
        }

        var isDrive = AccessSchemes.IsForDrives(Request.Path);
        if ((ReadBearer(Request) ?? (isDrive ? ReadPassword(Request) : null)) is not { } text)
        {
            return Refused(AccessErrors.CredentialMalformed);
        }

        if (isDrive && ReadBearer(Request) is null && !MayBringPassword(Context))
        {
            return Refused(AccessErrors.PasswordInTheClear);
        }

        // One that was cut off or made up is not worth a look into the database.
        if ((TokenText.LooksLikeOne(text) && !TokenText.IsWellFormed(text)) || await tokens.FindAsync(text, Context.RequestAborted) is not { } found)
        {
            return Refused(AccessErrors.TokenUnknown);
        }

        var now = TimeProvider.GetUtcNow();
        if (found.Token.ExpiresAt is { } end && end <= now)
        {
            return Refused(AccessErrors.TokenExpired(found.Token.Name, end));
        }

        tokens.Uses[found.Token.Id] = (SessionDirectory.ToMinute(now), Context.Connection.RemoteIpAddress?.ToString());
        if (found.Token.SessionId is { } session)
        {
            sessions.Seen[session] = SessionDirectory.ToMinute(now);
        }

        return AuthenticateResult.Success(new(found.Principal, Scheme.Name));

        static AuthenticateResult Refused(Error error) => AuthenticateResult.Fail(new CredentialRefusedException(error));
    }
}
