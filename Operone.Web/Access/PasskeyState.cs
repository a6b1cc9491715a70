using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.DataProtection;

namespace Operone.Web.Access;

/// <summary>What a passkey is touched for. A touch for one is good for no other.</summary>
internal enum PasskeyPurpose
{
    SignIn,
    SignUp,
    Add,
    StepUp,
}

/// <summary>What the server has to know again when a passkey was touched.</summary>
/// <param name="State">The framework's own: the challenge, and for whom.</param>
/// <param name="SessionId">The session in which it was asked for; null where nobody is signed in.</param>
/// <param name="ExpiresAt">Until when it is good.</param>
internal sealed record PendingPasskey(string State, Guid? SessionId, DateTimeOffset ExpiresAt)
{
    /// <summary>Names the challenge.</summary>
    public byte[] Hash => SHA256.HashData(Encoding.UTF8.GetBytes(State));
}

/// <summary>
/// Keeps the challenge of a passkey between the two requests in a cookie of the browser that asked: sealed, short-lived, one for
/// each purpose, so that a page that signs in and one that steps up do not take it from each other.
/// </summary>
internal sealed class PasskeyState(IDataProtectionProvider protection, TimeProvider time)
{
    /// <summary>For how long a challenge is good, and how long the browser waits for the touch.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);

    /// <summary>Keeps it.</summary>
    public void Keep(HttpContext context, PasskeyPurpose purpose, string state, Guid? sessionId)
    {
        var pending = new PendingPasskey(state, sessionId, time.GetUtcNow() + Lifetime);
        context.Response.Cookies.Append(Name(purpose), Protector(purpose).Protect(JsonSerializer.Serialize(pending)), Options(context));
    }

    /// <summary>Gives it back, once; null where there is none, or it is too old, or of another session.</summary>
    public PendingPasskey? Take(HttpContext context, PasskeyPurpose purpose, Guid? sessionId)
    {
        if (context.Request.Cookies[Name(purpose)] is not { Length: > 0 } text)
        {
            return null;
        }

        context.Response.Cookies.Delete(Name(purpose), Options(context));
        try
        {
            var pending = JsonSerializer.Deserialize<PendingPasskey>(Protector(purpose).Unprotect(text));
            return pending is not null && pending.SessionId == sessionId && pending.ExpiresAt > time.GetUtcNow() ? pending : null;
        }
        catch (Exception exception) when (exception is CryptographicException or JsonException)
        {
            return null;
        }
    }

    private IDataProtector Protector(PasskeyPurpose purpose) => protection.CreateProtector("Operone.Passkey", purpose.ToString());

    private static string Name(PasskeyPurpose purpose) => $"{SessionCookie.Name}-passkey-{purpose.ToString().ToLowerInvariant()}";

    private static CookieOptions Options(HttpContext context) => new()
    {
        HttpOnly = true,
        SameSite = SameSiteMode.Strict,
        Secure = SessionCookie.IsSecure(context.Request),
        MaxAge = Lifetime,
        IsEssential = true,
    };
}
