using Operone.Core.Events;

namespace Operone.Web.Events.Pages.Webhooks;

/// <summary>What was typed into the form of a webhook, all of it as text.</summary>
public sealed class WebhookForm
{
    public string Name { get; set; } = "";
    public string Url { get; set; } = "";
    /// <summary>One type a line.</summary>
    public string Types { get; set; } = "";
    public string Selector { get; set; } = "";
    public string Template { get; set; } = "";
    public bool IsEnabled { get; set; } = true;

    public bool IsMail => Url.TrimStart().StartsWith("mailto:", StringComparison.OrdinalIgnoreCase);

    public WriteWebhook Read() => new(
        Name, Url.Trim(), Types.Split(['\n', ','], StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries), Selector.Trim(), IsMail ? null : Template, IsEnabled);

    public static WebhookForm From(WebhookView webhook)
    {
        ArgumentNullException.ThrowIfNull(webhook);
        return new()
        {
            Name = webhook.Name,
            Url = webhook.Url,
            Types = string.Join('\n', webhook.Types),
            Selector = webhook.Selector,
            Template = webhook.Template ?? "",
            IsEnabled = webhook.IsEnabled,
        };
    }

    /// <summary>What of an address everybody may see who looks at the screen: a chat's path is a secret of its own.</summary>
    public static string Host(string url) => Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri.Scheme != Uri.UriSchemeMailto ? $"{uri.Scheme}://{uri.Authority}" : url;
}
