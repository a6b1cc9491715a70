using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Operone.Web.Access;

/// <summary>
/// Secrets that Operone makes: 32 random bytes, so that a plain SHA-256 of them cannot be turned back and needs no salt.
/// </summary>
internal static class SecretText
{
    /// <summary>A new secret with a prefix that tells people and scanners what it is.</summary>
    public static string Create(string prefix)
    {
        Span<byte> bytes = stackalloc byte[32];
        RandomNumberGenerator.Fill(bytes);
        return prefix + Base64Url.EncodeToString(bytes);
    }

    /// <summary>What is stored of a secret.</summary>
    public static byte[] Hash(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));
}
