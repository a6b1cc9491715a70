using System.Security.Cryptography;
using System.Text.Json.Serialization;

namespace Operone.Core.Access;

/// <summary>The words of the device authorization grant (RFC 8628), by which a command line is signed in through a browser.</summary>
public static class DeviceFlow
{
    /// <summary>The client id of <c>operone</c>. It is public, and has no secret.</summary>
    public const string ClientId = "operone-cli";

    /// <summary>The grant type (RFC 8628, section 3.4).</summary>
    public const string GrantType = "urn:ietf:params:oauth:grant-type:device_code";

    /// <summary>Where a login is asked for.</summary>
    public const string AuthorizationPath = "/oauth/device_authorization";

    /// <summary>Where it is asked whether it was approved, and the token is fetched.</summary>
    public const string TokenPath = "/oauth/token";

    /// <summary>Where a token is given back (RFC 7009).</summary>
    public const string RevocationPath = "/oauth/revoke";

    /// <summary>Where all of this is described (RFC 8414).</summary>
    public const string MetadataPath = "/.well-known/oauth-authorization-server";

    /// <summary>Nobody has decided yet.</summary>
    public const string AuthorizationPending = "authorization_pending";
    /// <summary>Asked too soon: from now on the pause is five seconds longer.</summary>
    public const string SlowDown = "slow_down";
    /// <summary>The person refused.</summary>
    public const string AccessDenied = "access_denied";
    /// <summary>Nobody decided in time.</summary>
    public const string ExpiredToken = "expired_token";
    /// <summary>There is no such code, or its token was fetched already.</summary>
    public const string InvalidGrant = "invalid_grant";

    // RFC 8628, section 6.1: no vowels, so that no words come of it, and nothing that is easily taken for another.
    private const string Letters = "BCDFGHJKLMNPQRSTVWXZ";
    private const int CodeLength = 8;

    /// <summary>A code for a person to compare or type, without the dash.</summary>
    public static string CreateUserCode() => RandomNumberGenerator.GetString(Letters, CodeLength);

    /// <summary>A code as people read it: <c>BCDF-GHJK</c>.</summary>
    public static string Format(string userCode)
    {
        ArgumentNullException.ThrowIfNull(userCode);
        return userCode.Length == CodeLength ? $"{userCode[..4]}-{userCode[4..]}" : userCode;
    }

    /// <summary>A code as somebody typed it, with whatever case, dashes and blanks; null where it can be none.</summary>
    public static string? ReadUserCode(string? text)
    {
        if (text is null || text.Length > 64)
        {
            return null;
        }

        var code = string.Concat(text.Where(c => c is not ('-' or '\u2010' or '\u2013') && !char.IsWhiteSpace(c))).ToUpperInvariant();
        return code.Length == CodeLength && code.All(Letters.Contains) ? code : null;
    }
}

/// <summary>The answer to a device authorization request (RFC 8628, section 3.2).</summary>
/// <param name="DeviceCode">What the program proves itself with; a secret.</param>
/// <param name="UserCode">What the person compares or types.</param>
/// <param name="VerificationUri">Where they do so.</param>
/// <param name="VerificationUriComplete">The same with the code in it.</param>
/// <param name="ExpiresIn">For how long the codes are good, in seconds.</param>
/// <param name="Interval">The least pause between two polls, in seconds.</param>
public sealed record DeviceAuthorization(
    [property: JsonPropertyName("device_code")] string DeviceCode,
    [property: JsonPropertyName("user_code")] string UserCode,
    [property: JsonPropertyName("verification_uri")] string VerificationUri,
    [property: JsonPropertyName("verification_uri_complete")] string VerificationUriComplete,
    [property: JsonPropertyName("expires_in")] int ExpiresIn,
    [property: JsonPropertyName("interval")] int Interval);

/// <summary>A token that was fetched (RFC 6749, section 5.1).</summary>
/// <param name="AccessToken">An API token.</param>
/// <param name="TokenType">Always <c>Bearer</c>.</param>
/// <param name="ExpiresIn">For how long it is good, in seconds.</param>
public sealed record OAuthToken(
    [property: JsonPropertyName("access_token")] string AccessToken,
    [property: JsonPropertyName("token_type")] string TokenType,
    [property: JsonPropertyName("expires_in")] long ExpiresIn);

/// <summary>Why there is no token (RFC 6749, section 5.2).</summary>
/// <param name="Error">A word that programs know.</param>
/// <param name="Description">The same for people.</param>
public sealed record OAuthError(
    [property: JsonPropertyName("error")] string Error,
    [property: JsonPropertyName("error_description")] string Description);

/// <summary>What an authorization server says of itself (RFC 8414, section 2).</summary>
public sealed record OAuthMetadata(
    [property: JsonPropertyName("issuer")] string Issuer,
    [property: JsonPropertyName("device_authorization_endpoint")] string DeviceAuthorizationEndpoint,
    [property: JsonPropertyName("token_endpoint")] string TokenEndpoint,
    [property: JsonPropertyName("revocation_endpoint")] string RevocationEndpoint,
    [property: JsonPropertyName("grant_types_supported")] IReadOnlyList<string> GrantTypes,
    [property: JsonPropertyName("response_types_supported")] IReadOnlyList<string> ResponseTypes,
    [property: JsonPropertyName("token_endpoint_auth_methods_supported")] IReadOnlyList<string> TokenAuthMethods,
    [property: JsonPropertyName("revocation_endpoint_auth_methods_supported")] IReadOnlyList<string> RevocationAuthMethods);
