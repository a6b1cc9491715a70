using System.Net;
using Microsoft.Extensions.Options;

namespace Operone.Web.Events.Webhooks;

/// <summary>Options of webhooks, at the key <c>Operone:Webhooks</c>.</summary>
internal sealed class WebhookOptions
{
    public const string Section = "Operone:Webhooks";

    /// <summary>
    /// Networks that webhooks may go to though they are not of the public internet, as <c>10.1.0.0/16</c>; also without TLS there. None by
    /// default: who manages webhooks could else knock at every service of the house.
    /// </summary>
    public IList<string> AllowedNetworks { get; set; } = [];

    /// <summary>The same, read.</summary>
    public IReadOnlyList<IPNetwork> Networks => [.. AllowedNetworks.Select(n => IPNetwork.Parse(n))];
}

/// <summary>Takes the list as one text with commas too.</summary>
internal sealed class WebhookOptionsLists(IConfiguration configuration) : IPostConfigureOptions<WebhookOptions>
{
    public void PostConfigure(string? name, WebhookOptions options)
    {
        if (configuration[$"{WebhookOptions.Section}:{nameof(options.AllowedNetworks)}"] is { Length: > 0 } text)
        {
            options.AllowedNetworks = text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        }
    }
}

/// <summary>Says what is wrong with the options, by key.</summary>
internal sealed class WebhookOptionsValidation : IValidateOptions<WebhookOptions>
{
    public ValidateOptionsResult Validate(string? name, WebhookOptions options)
    {
        var wrong = options.AllowedNetworks.Where(n => !IPNetwork.TryParse(n, out _)).ToList();
        return wrong.Count == 0 ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail($"{WebhookOptions.Section}:AllowedNetworks: '{wrong[0]}' is no network, as 10.1.0.0/16");
    }
}
