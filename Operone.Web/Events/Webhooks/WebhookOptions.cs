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

    /// <summary>How long it is kept what was sent and taken, with its attempts, in days, 1 to 3650.</summary>
    public int DeliveredDays { get; set; } = 7;

    /// <summary>How long it is kept what was given up, in days, at least <see cref="DeliveredDays"/>, at most 3650.</summary>
    public int DeadDays { get; set; } = 30;
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
        var wrong = options.AllowedNetworks.Where(n => !IPNetwork.TryParse(n, out _)).Take(1)
            .Select(n => $"{WebhookOptions.Section}:AllowedNetworks: '{n}' is no network, as 10.1.0.0/16").ToList();
        if (options.DeliveredDays is < 1 or > 3650)
        {
            wrong.Add($"{WebhookOptions.Section}:DeliveredDays: must be 1 to 3650, is {options.DeliveredDays}");
        }

        if (options.DeadDays is < 1 or > 3650 || options.DeadDays < options.DeliveredDays)
        {
            wrong.Add($"{WebhookOptions.Section}:DeadDays: must be at least DeliveredDays and at most 3650, is {options.DeadDays}");
        }

        return wrong.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(wrong);
    }
}
