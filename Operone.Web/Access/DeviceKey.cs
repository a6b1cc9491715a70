using System.Security.Cryptography;

namespace Operone.Web.Access;

/// <summary>The public keys that devices and sessions are known by: ECDSA on P-256.</summary>
internal static class DeviceKey
{
    private const int MaxText = 300;

    /// <summary>A key from SubjectPublicKeyInfo in base64, in its one canonical form; null where it is none.</summary>
    public static byte[]? Read(string? text)
    {
        var bytes = new byte[256];
        return text is { Length: > 0 and <= MaxText } && Convert.TryFromBase64String(text, bytes, out var length) ? Read(bytes.AsSpan(0, length)) : null;
    }

    /// <summary>A key from SubjectPublicKeyInfo, in its one canonical form; null where it is none.</summary>
    public static byte[]? Read(ReadOnlySpan<byte> bytes)
    {
        try
        {
            using var key = ECDsa.Create();
            key.ImportSubjectPublicKeyInfo(bytes, out var read);
            var parameters = key.ExportParameters(includePrivateParameters: false);
            return read == bytes.Length && parameters.Curve.Oid.Value == ECCurve.NamedCurves.nistP256.Oid.Value ? key.ExportSubjectPublicKeyInfo() : null;
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    /// <summary>The key with this point on the curve.</summary>
    /// <exception cref="CryptographicException">There is no such point.</exception>
    public static byte[] FromPoint(byte[] x, byte[] y)
    {
        using var key = ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = new() { X = x, Y = y } });
        return key.ExportSubjectPublicKeyInfo();
    }

    /// <summary>Whether the holder of a key signed this (SHA-256; the signature is r and s, as WebCrypto and JWS have it).</summary>
    public static bool Verify(byte[] publicKey, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        using var key = ECDsa.Create();
        key.ImportSubjectPublicKeyInfo(publicKey, out _);
        return key.VerifyData(data, signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
    }
}
