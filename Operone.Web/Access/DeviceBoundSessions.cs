using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.EntityFrameworkCore;
using Microsoft.IdentityModel.JsonWebTokens;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Web.Data;

namespace Operone.Web.Access;

/// <summary>What a browser is told of a device-bound session (W3C Device Bound Session Credentials, "session instructions").</summary>
internal sealed record BoundSessionInstructions(
    [property: JsonPropertyName("session_identifier")] string SessionIdentifier,
    [property: JsonPropertyName("refresh_url")] string RefreshUrl,
    [property: JsonPropertyName("scope")] BoundSessionScope Scope,
    [property: JsonPropertyName("credentials")] IReadOnlyList<BoundSessionCredential> Credentials);

/// <summary>For which addresses the browser looks after the cookie.</summary>
internal sealed record BoundSessionScope(
    [property: JsonPropertyName("origin")] string Origin,
    [property: JsonPropertyName("include_site")] bool IncludeSite,
    [property: JsonPropertyName("scope_specification")] IReadOnlyList<BoundSessionRule> Rules);

/// <summary>Addresses that are in or out.</summary>
internal sealed record BoundSessionRule(
    [property: JsonPropertyName("type")] string Type, [property: JsonPropertyName("domain")] string Domain, [property: JsonPropertyName("path")] string Path);

/// <summary>The cookie that the browser looks after.</summary>
internal sealed record BoundSessionCredential(
    [property: JsonPropertyName("type")] string Type, [property: JsonPropertyName("name")] string Name, [property: JsonPropertyName("attributes")] string Attributes);

/// <summary>
/// Device Bound Session Credentials (the W3C's draft): a browser that has them makes a key in its hardware, and renews the
/// session's cookie by itself. The session is the same row; only its key is another.
/// </summary>
internal sealed class DeviceBoundSessions(
    IDbContextFactory<OperoneDb> databases, SessionDirectory directory, SessionRenewal renewal, IAuditTrail audit, TimeProvider time)
{
    private const string RefreshPath = "/session/bound/refresh";

    /// <summary>Where a browser registers its key.</summary>
    public const string StartPath = "/session/bound/start";

    private const string RegistrationHeader = "Secure-Session-Registration";
    private const string ChallengeHeader = "Secure-Session-Challenge";
    private const string ResponseHeader = "Secure-Session-Response";
    private const string IdHeader = "Sec-Secure-Session-Id";

    /// <summary>
    /// On the answer to a sign-in: offers the browser to bind the session by itself. The challenge is for this alone, so that
    /// somebody who copies the cookie later cannot bind the session to a key of their own.
    /// </summary>
    public static void Offer(HttpContext context, Session session) => context.Response.Headers[RegistrationHeader] =
        $"(ES256);path=\"{StartPath}\";challenge=\"{context.RequestServices.GetRequiredService<SessionRenewal>().Nonce(session.Id, SessionRenewal.ForBinding)}\"";

    /// <summary>A browser registers the key that it made.</summary>
    public async Task<Result<BoundSessionInstructions>> StartAsync(HttpContext context, CancellationToken cancellationToken)
    {
        if (await renewal.FindAsync(context, cancellationToken) is not { } session)
        {
            return AccessErrors.SessionEnded;
        }

        if (session.Binding != SessionBinding.WebCrypto || Read(context.Request) is not { } proof || KeyOf(proof) is not { } key || !IsSigned(proof, key)
            || renewal.Read(session.Id, proof.Id, SessionRenewal.ForBinding) is not { } made || !await renewal.TakeAsync(session.Id, made, cancellationToken))
        {
            return AccessErrors.BindingRefused;
        }

        await using (var db = await databases.CreateDbContextAsync(cancellationToken))
        {
            await db.Set<Session>().Where(s => s.Id == session.Id && s.EndedAt == null).ExecuteUpdateAsync(
                set => set.SetProperty(s => s.Binding, SessionBinding.DeviceBound).SetProperty(s => s.PublicKey, key), cancellationToken);
        }

        directory.Changed(session.Id);
        (session.Binding, session.PublicKey) = (SessionBinding.DeviceBound, key);
        await audit.NoteAsync(
            new Actor(session.PersonId, "browser", Standing.None, context.Connection.RemoteIpAddress?.ToString()) { SessionId = session.Id, RequestId = context.TraceIdentifier },
            "session.bind", session.Id.ToString(), allowed: true, "the browser binds it to its device by itself", cancellationToken: cancellationToken);
        return await GiveAsync(context, session);
    }

    /// <summary>
    /// A browser renews the cookie. Without a proof it is given a challenge: the error is <see cref="AccessErrors.ProofWanted"/>
    /// and the answer has the header.
    /// </summary>
    public async Task<Result<BoundSessionInstructions>> RefreshAsync(HttpContext context, CancellationToken cancellationToken)
    {
        var named = context.Request.Headers[IdHeader].ToString().Trim('"');
        if (!Guid.TryParseExact(named, "D", out var id) || await directory.FindAsync(id, cancellationToken) is not { Session: var session }
            || session is not { Binding: SessionBinding.DeviceBound, PublicKey: { } key })
        {
            return AccessErrors.SessionEnded;
        }

        if (Read(context.Request) is { } proof && IsSigned(proof, key) && renewal.Read(id, proof.Id, SessionRenewal.ForRenewal) is { } made
            && await renewal.TakeAsync(id, made, cancellationToken))
        {
            return await GiveAsync(context, session);
        }

        context.Response.Headers[ChallengeHeader] = $"\"{renewal.Nonce(id, SessionRenewal.ForRenewal)}\";id=\"{id}\"";
        return AccessErrors.ProofWanted;
    }

    private async Task<BoundSessionInstructions> GiveAsync(HttpContext context, Session session)
    {
        await SessionCookie.GiveAsync(context, session, time.GetUtcNow());
        var request = context.Request;
        var secure = SessionCookie.IsSecure(request) ? "; Secure" : "";
        return new(
            session.Id.ToString(), RefreshPath,
            new($"{request.Scheme}://{request.Host}", IncludeSite: false,
                [new("exclude", request.Host.Host, "/session"), new("exclude", request.Host.Host, "/health"), new("exclude", request.Host.Host, "/sign-in")]),
            [new("cookie", SessionCookie.Name, $"Path=/{secure}; HttpOnly; SameSite=Lax")]);
    }

    private static Proof? Read(HttpRequest request)
    {
        var text = request.Headers[ResponseHeader].ToString().Trim().Trim('"');
        if (text.Length is 0 or > 4096)
        {
            return null;
        }

        try
        {
            var token = new JsonWebToken(text);
            return token.Alg == "ES256" && token.Typ == "dbsc+jwt" && token.Id is { Length: > 0 and < 1000 } id
                ? new(token, id, Encoding.ASCII.GetBytes($"{token.EncodedHeader}.{token.EncodedPayload}"), Base64Url.DecodeFromChars(token.EncodedSignature))
                : null;
        }
        catch (Exception exception) when (exception is ArgumentException or FormatException or JsonException
            or Microsoft.IdentityModel.Tokens.SecurityTokenException)
        {
            return null;
        }
    }

    private static bool IsSigned(Proof proof, byte[] key) => DeviceKey.Verify(key, proof.Signed, proof.Signature);

    /// <summary>The key in a registration: in the header, as the draft has it; in the payload, as it had it before.</summary>
    private static byte[]? KeyOf(Proof proof)
    {
        try
        {
            var key = Find(proof.Token.EncodedHeader, "jwk") ?? Find(proof.Token.EncodedPayload, "key");
            return key is { ValueKind: JsonValueKind.Object } jwk && jwk.GetProperty("kty").GetString() == "EC" && jwk.GetProperty("crv").GetString() == "P-256"
                ? DeviceKey.FromPoint(Base64Url.DecodeFromChars(jwk.GetProperty("x").GetString()), Base64Url.DecodeFromChars(jwk.GetProperty("y").GetString()))
                : null;
        }
        catch (Exception exception) when (exception is JsonException or FormatException or KeyNotFoundException or InvalidOperationException or CryptographicException)
        {
            return null;
        }

        static JsonElement? Find(string part, string name)
        {
            using var document = JsonDocument.Parse(Base64Url.DecodeFromChars(part));
            return document.RootElement.TryGetProperty(name, out var found) ? found.Clone() : null;
        }
    }

    private sealed record Proof(JsonWebToken Token, string Id, byte[] Signed, byte[] Signature);
}
