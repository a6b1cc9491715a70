using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Operone.Core.Errors;
using Operone.Web.Devices;

namespace Operone.Web.Agents;

/// <summary>
/// Checks a device's token: a short-lived JWT signed with the device's key (private_key_jwt, RFC 7523, section 3), taken once.
/// </summary>
internal sealed class AgentTokens(DeviceKeys keys, AgentTokenUses uses, TimeProvider time)
{
    /// <summary>How long a token may be good for, as it says itself.</summary>
    public static readonly TimeSpan MaxLifetime = TimeSpan.FromMinutes(5);

    /// <summary>How far a device's clock may be off.</summary>
    public static readonly TimeSpan Skew = TimeSpan.FromMinutes(2);

    /// <summary>The longest <c>jti</c>, in characters.</summary>
    public const int MaxTokenIdLength = 64;

    // Signature providers are not cached: the cache would keep a key for each device.
    private static readonly CryptoProviderFactory Crypto = new() { CacheSignatureProviders = false };
    private readonly JsonWebTokenHandler _handler = new() { SetDefaultTimesOnTokenCreation = false };

    /// <summary>The device that the token is from, and its name; or why it is not taken.</summary>
    public async Task<Result<(Guid Id, string Name)>> CheckAsync(string text, CancellationToken cancellationToken)
    {
        var read = Read(text);
        if (read.IsError)
        {
            return read.Error!;
        }

        var (token, deviceId) = read.Value;
        if (await keys.FindAsync(deviceId, cancellationToken) is not { } key)
        {
            return AgentErrors.DeviceUnknown(deviceId);
        }

        var device = $"the device '{key.Name}'";
        if (!await IsSignedByAsync(token, key))
        {
            return AgentErrors.TokenForged(device);
        }

        if (!token.Audiences.Contains(keys.Audience, StringComparer.Ordinal))
        {
            return AgentErrors.WrongAudience(device);
        }

        var (now, issued, expires) = (time.GetUtcNow(), new DateTimeOffset(token.IssuedAt, TimeSpan.Zero), new DateTimeOffset(token.ValidTo, TimeSpan.Zero));
        // In this order, so that no time that a token names can be too far off to reckon with.
        if (issued > now + Skew)
        {
            return AgentErrors.TokenTooEarly(device, issued);
        }

        if (expires - issued > MaxLifetime)
        {
            return AgentErrors.TokenTooLong(device);
        }

        if (expires <= now - Skew)
        {
            return AgentErrors.TokenExpired(device, expires);
        }

        return await uses.TryUseAsync(deviceId, token.Id, expires + Skew, cancellationToken) ? (deviceId, key.Name) : AgentErrors.TokenReplayed(device);
    }

    private static Result<(JsonWebToken Token, Guid DeviceId)> Read(string text)
    {
        if (!IsCanonical(text))
        {
            return AgentErrors.TokenMalformed("it is not a JWT in its one plain form");
        }

        JsonWebToken token;
        try
        {
            token = new JsonWebToken(text);
        }
        catch (Exception exception) when (exception is ArgumentException or SecurityTokenException)
        {
            return AgentErrors.TokenMalformed("it is not a JWT");
        }

        return token switch
        {
            { Alg: not SecurityAlgorithms.EcdsaSha256 } => AgentErrors.TokenMalformed("its algorithm is not ES256"),
            _ when !Guid.TryParseExact(token.Issuer, "D", out _) || token.Subject != token.Issuer => AgentErrors.TokenMalformed("iss and sub must be the device's id"),
            { Id: not { Length: > 0 and <= MaxTokenIdLength } } => AgentErrors.TokenMalformed($"jti must have 1 to {MaxTokenIdLength} characters"),
            _ when token.ValidTo == DateTime.MinValue || token.IssuedAt == DateTime.MinValue => AgentErrors.TokenMalformed("iat or exp is missing"),
            _ => (token, Guid.ParseExact(token.Issuer, "D")),
        };
    }

    /// <summary>
    /// Whether it is three parts in base64url as everybody writes them, of JSON without a member twice: what two readers
    /// could understand differently is not taken (RFC 7519, section 4; RFC 7515, section 4.1.11 for <c>crit</c>).
    /// </summary>
    private static bool IsCanonical(string text)
    {
        var parts = text.Split('.');
        if (parts.Length != 3)
        {
            return false;
        }

        foreach (var (part, isJson) in (ReadOnlySpan<(string, bool)>)[(parts[0], true), (parts[1], true), (parts[2], false)])
        {
            try
            {
                var bytes = Base64Url.DecodeFromChars(part);
                if (Base64Url.EncodeToString(bytes) != part)
                {
                    return false;
                }

                if (isJson)
                {
                    using var json = JsonDocument.Parse(bytes, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 8 });
                    if (json.RootElement.ValueKind != JsonValueKind.Object || json.RootElement.TryGetProperty("crit", out _))
                    {
                        return false;
                    }
                }
            }
            catch (Exception exception) when (exception is FormatException or JsonException)
            {
                return false;
            }
        }

        return true;
    }

    private async Task<bool> IsSignedByAsync(JsonWebToken token, DeviceKey key)
    {
        using var publicKey = ECDsa.Create();
        publicKey.ImportSubjectPublicKeyInfo(key.PublicKey, out _);
        var result = await _handler.ValidateTokenAsync(token, new TokenValidationParameters
        {
            IssuerSigningKey = new ECDsaSecurityKey(publicKey) { CryptoProviderFactory = Crypto },
            ValidAlgorithms = [SecurityAlgorithms.EcdsaSha256],
            RequireSignedTokens = true,
            // The claims are checked by us, each with an answer of its own.
            ValidateIssuer = false,
            ValidateAudience = false,
            ValidateLifetime = false,
        });
        return result.IsValid;
    }
}
