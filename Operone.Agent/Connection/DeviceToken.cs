using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Operone.Agent.Devices;

namespace Operone.Agent.Connection;

/// <summary>
/// The short-lived JWT by which a device shows that it holds its key: RFC 7523's private_key_jwt, signed with ES256
/// (RFC 7518, 3.4). The server accepts each one once.
/// </summary>
internal sealed class DeviceToken(Identity identity, ECDsa key, TimeProvider time)
{
    /// <summary>How long one is good for, in seconds.</summary>
    public const int LifetimeSeconds = 60;

    private static readonly string _head = Base64Url.EncodeToString("""{"alg":"ES256","typ":"JWT"}"""u8);

    /// <summary>Makes a new one.</summary>
    public string Create()
    {
        var now = time.GetUtcNow().ToUnixTimeSeconds();
        var audience = System.Text.Json.JsonEncodedText.Encode(identity.Audience);
        var id = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16));
        var claims = string.Create(
            CultureInfo.InvariantCulture,
            $$"""{"iss":"{{identity.DeviceId:D}}","sub":"{{identity.DeviceId:D}}","aud":"{{audience}}","jti":"{{id}}","iat":{{now}},"exp":{{now + LifetimeSeconds}}}""");
        var signed = $"{_head}.{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(claims))}";
        var signature = key.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        return $"{signed}.{Base64Url.EncodeToString(signature)}";
    }
}
