using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.EntityFrameworkCore;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Operone.Web.Data;

/// <summary>
/// Options at the key <c>Operone:DataProtection</c>. The keys that seal cookies and secrets are in the database; with a
/// certificate they are encrypted there, so that who reads the database or a backup of it cannot use them.
/// </summary>
internal sealed class KeySealingOptions
{
    public const string Section = "Operone:DataProtection";

    /// <summary>A certificate with an RSA key: PKCS #12 (<c>.pfx</c>, <c>.p12</c>), or PEM with the private key in the same file.</summary>
    public string? CertificateFile { get; set; }

    /// <summary>A file with the password of the PKCS #12 file, on its first line.</summary>
    public string? PasswordFile { get; set; }

    /// <summary>The certificate before this one, which still opens what was sealed with it; with the same password.</summary>
    public string? OldCertificateFile { get; set; }
}

/// <summary>Reads the certificates, and says what is wrong with them by key.</summary>
internal sealed class KeySealing : IValidateOptions<KeySealingOptions>
{
    public ValidateOptionsResult Validate(string? name, KeySealingOptions options)
    {
        var problems = new List<string>();
        Try(nameof(options.CertificateFile), options.CertificateFile);
        Try(nameof(options.OldCertificateFile), options.OldCertificateFile);
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);

        void Try(string key, string? file)
        {
            try
            {
                Read(file, options.PasswordFile)?.Dispose();
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
            {
                problems.Add($"{KeySealingOptions.Section}:{key}: '{file}' cannot be used: {exception.Message}");
            }
        }
    }

    /// <summary>The certificate in a file, with its key; null where no file is named.</summary>
    /// <exception cref="CryptographicException">It is none, its password is another, or it has no RSA key.</exception>
    public static X509Certificate2? Read(string? file, string? passwordFile)
    {
        if (string.IsNullOrEmpty(file))
        {
            return null;
        }

        var password = string.IsNullOrEmpty(passwordFile) ? null : File.ReadLines(passwordFile).FirstOrDefault() ?? "";
        var certificate = Path.GetExtension(file).ToLowerInvariant() is ".pfx" or ".p12"
            ? X509CertificateLoader.LoadPkcs12FromFile(file, password)
            : X509Certificate2.CreateFromPemFile(file);
        using var key = certificate.GetRSAPrivateKey();
        return key is not null ? certificate : throw new CryptographicException("It has no RSA private key.");
    }
}

/// <summary>Wires it.</summary>
internal static class KeySealingRegistration
{
    /// <summary>Encrypts the keys with the certificate that the options name, if they name one.</summary>
    public static void SealKeys(this IDataProtectionBuilder protection, IConfiguration configuration)
    {
        var services = protection.Services;
        services.AddOptions<KeySealingOptions>().BindConfiguration(KeySealingOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<KeySealingOptions>, KeySealing>();
        var options = configuration.GetSection(KeySealingOptions.Section).Get<KeySealingOptions>() ?? new();
        if (new KeySealing().Validate(null, options).Failed)
        {
            // Reported with the other options; nothing is served.
            return;
        }

        if (KeySealing.Read(options.CertificateFile, options.PasswordFile) is { } certificate)
        {
            protection.ProtectKeysWithCertificate(certificate);
            X509Certificate2[] all = KeySealing.Read(options.OldCertificateFile, options.PasswordFile) is { } old ? [certificate, old] : [certificate];
            protection.UnprotectKeysWithAnyCertificate(all);
            services.AddHostedService<OldKeySealing>();
        }
    }
}

/// <summary>
/// At start: encrypts the keys that were stored in clear before a certificate was given. They are good for months, and
/// would lie there as long. Backups from before still have them.
/// </summary>
internal sealed partial class OldKeySealing(
    IDbContextFactory<OperoneDb> databases, IOptions<KeyManagementOptions> keys, ILogger<OldKeySealing> logger) : IHostedService
{
    // As the framework writes them itself.
    private static readonly XNamespace Ours = "http://schemas.asp.net/2015/03/dataProtection";

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var sealedNow = 0;
        foreach (var key in await db.Set<DataProtectionKey>().ToListAsync(cancellationToken))
        {
            if (key.Xml is { } xml && Seal(xml) is { } after)
            {
                sealedNow += await db.Set<DataProtectionKey>().Where(k => k.Id == key.Id)
                    .ExecuteUpdateAsync(update => update.SetProperty(k => k.Xml, after), cancellationToken);
            }
        }

        if (sealedNow > 0)
        {
            Log.KeysSealed(logger, sealedNow);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>The key with its secrets encrypted; null where none is in clear.</summary>
    private string? Seal(string xml)
    {
        var root = XElement.Parse(xml);
        var secrets = root.DescendantsAndSelf().Where(e => (bool?)e.Attribute(Ours + "requiresEncryption") == true).ToList();
        foreach (var secret in secrets)
        {
            var encrypted = keys.Value.XmlEncryptor!.Encrypt(new XElement(secret));
            secret.ReplaceWith(new XElement(
                Ours + "encryptedSecret", new XAttribute("decryptorType", encrypted.DecryptorType.AssemblyQualifiedName!), encrypted.EncryptedElement));
        }

        return secrets.Count == 0 ? null : root.ToString(SaveOptions.DisableFormatting);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Encrypted {Count} keys that were stored in clear before Operone:DataProtection:CertificateFile was set")]
        public static partial void KeysSealed(ILogger logger, int count);
    }
}
