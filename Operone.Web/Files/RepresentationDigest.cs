using Microsoft.Extensions.Primitives;
using Operone.Core.Errors;

namespace Operone.Web.Files;

/// <summary>The fields of RFC 9530: <c>Repr-Digest: sha-256=:base64:</c>.</summary>
internal static class RepresentationDigest
{
    /// <summary>The SHA-256 in a field; null where it has none.</summary>
    public static Result<byte[]?> Read(StringValues field)
    {
        foreach (var member in field.ToString().Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (!member.StartsWith("sha-256=", StringComparison.OrdinalIgnoreCase))
            {
                continue;
            }

            var value = member["sha-256=".Length..].Trim(':');
            var bytes = new byte[33];
            return Convert.TryFromBase64String(value, bytes, out var count) && count == 32 ? bytes[..32] : Error.InvalidField("Repr-Digest", "has a sha-256 that is none");
        }

        return (byte[]?)null;
    }

    /// <summary>A field's value.</summary>
    public static string Write(byte[] sha256) => $"sha-256=:{Convert.ToBase64String(sha256)}:";

    /// <summary>Whether who asks wants one.</summary>
    public static bool IsWanted(StringValues field) => field.ToString().Contains("sha-256", StringComparison.OrdinalIgnoreCase);
}
