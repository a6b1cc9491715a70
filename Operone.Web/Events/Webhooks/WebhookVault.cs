using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.DataProtection;
using Operone.Web.Data;

namespace Operone.Web.Events.Webhooks;

/// <summary>By what a webhook's requests are signed: the secret, and the one before it.</summary>
internal sealed class WebhookSecrets
{
    public required byte[] Current { get; init; }
    public byte[]? Old { get; init; }
}

/// <summary>Makes the secrets of webhooks, seals them by Data Protection, each for its own row, and signs with them.</summary>
internal sealed class WebhookVault(IDataProtectionProvider protection)
{
    /// <summary>How long the secret before is signed with too.</summary>
    public static readonly TimeSpan Overlap = TimeSpan.FromDays(1);

    private const string Prefix = "whsec_";
    private const int SecretBytes = 32;

    private readonly IDataProtector _protector = protection.CreateProtector("Operone.Webhook");

    /// <summary>A new secret, and its text as Standard Webhooks writes it.</summary>
    public static (byte[] Secret, string Text) Create()
    {
        var secret = RandomNumberGenerator.GetBytes(SecretBytes);
        return (secret, Prefix + Convert.ToBase64String(secret));
    }

    /// <summary>As it is stored.</summary>
    public byte[] Seal(Guid id, WebhookSecrets secrets) => _protector.Seal(id, secrets);

    /// <summary>A webhook's secrets; null where the key that sealed them is gone.</summary>
    public WebhookSecrets? Open(Webhook webhook) => _protector.Open<WebhookSecrets>(webhook.Id, webhook.Secrets);

    /// <summary>
    /// The header <c>webhook-signature</c>: HMAC-SHA256 of <c>id.timestamp.body</c> by each secret that is good now (Standard Webhooks 1.0.0,
    /// "Signature scheme").
    /// </summary>
    public static string Sign(WebhookSecrets secrets, bool isOldGood, string id, long timestamp, ReadOnlySpan<byte> body)
    {
        var head = Encoding.UTF8.GetBytes(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{id}.{timestamp}."));
        var content = new byte[head.Length + body.Length];
        head.CopyTo(content, 0);
        body.CopyTo(content.AsSpan(head.Length));
        var signature = "v1," + Convert.ToBase64String(HMACSHA256.HashData(secrets.Current, content));
        return isOldGood && secrets.Old is { } old ? $"{signature} v1,{Convert.ToBase64String(HMACSHA256.HashData(old, content))}" : signature;
    }
}
