using System.Buffers.Text;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Operone.Agent.Connection;

/// <summary>
/// Which servers are trusted. Without a pin, those that the system trusts. With one, the server whose public key it is, and
/// nobody else: the pin came by a trusted way, so names, dates and issuers add nothing.
/// </summary>
internal static class ServerTrust
{
    /// <summary>The check for a pin, or null for the system's own.</summary>
    public static RemoteCertificateValidationCallback? For(string? pin)
    {
        if (pin is null)
        {
            return null;
        }

        return (_, certificate, _, _) => certificate is not null && Matches(certificate, pin);
    }

    /// <summary>The pin of a certificate: base64url of the SHA-256 of its SubjectPublicKeyInfo (as in RFC 7469, 2.4).</summary>
    public static string PinOf(X509Certificate certificate)
    {
        using var whole = X509CertificateLoader.LoadCertificate(certificate.GetRawCertData());
        return Base64Url.EncodeToString(SHA256.HashData(whole.PublicKey.ExportSubjectPublicKeyInfo()));
    }

    private static bool Matches(X509Certificate certificate, string pin) => string.Equals(PinOf(certificate), pin, StringComparison.Ordinal);
}
