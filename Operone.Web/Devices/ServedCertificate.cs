using System.Buffers.Text;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Options;

namespace Operone.Web.Devices;

/// <summary>
/// The certificate that the node serves over HTTPS, noted at each handshake. Where devices would not trust it, enrolment
/// tokens carry its public key's pin.
/// </summary>
internal sealed class ServedCertificate(IOptions<DevicesOptions> options)
{
    private X509Certificate2? _served;
    private string? _pin;

    /// <summary>A handshake was made with this certificate.</summary>
    public void Note(X509Certificate2 certificate)
    {
        if (!ReferenceEquals(Interlocked.Exchange(ref _served, certificate), certificate))
        {
            _pin = options.Value.CertificatePin switch
            {
                CertificatePinning.Never => null,
                CertificatePinning.Auto when IsTrusted(certificate) => null,
                _ => Pin(certificate),
            };
        }
    }

    /// <summary>The pin that a token for this address needs, or null.</summary>
    public string? PinFor(string serverAddress) =>
        serverAddress.StartsWith("https://", StringComparison.OrdinalIgnoreCase) ? Volatile.Read(ref _pin) : null;

    /// <summary>The SHA-256 of the public key (RFC 7469, section 2.4), in base64url.</summary>
    public static string Pin(X509Certificate2 certificate) =>
        Base64Url.EncodeToString(SHA256.HashData(certificate.PublicKey.ExportSubjectPublicKeyInfo()));

    private static bool IsTrusted(X509Certificate2 certificate)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        return chain.Build(certificate);
    }
}
