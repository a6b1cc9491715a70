using System.Buffers;
using Operone.Core.Errors;

namespace Operone.Core.Events;

/// <summary>What has become of an event that is for a webhook.</summary>
public enum DeliveryStatus
{
    /// <summary>It is sent, or waits to be sent again.</summary>
    Pending,
    /// <summary>It was taken.</summary>
    Delivered,
    /// <summary>It was tried for a day, or the webhook was turned off; it can be sent again by hand.</summary>
    Dead,
}

/// <summary>A webhook: where events are sent to.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">Its name, unique without regard to case.</param>
/// <param name="Url">Where: an https address, or <c>mailto:</c> and an e-mail address.</param>
/// <param name="Types">Which types of events; one that ends with <c>*</c> is every type that begins so.</param>
/// <param name="Selector">Of which devices; empty for all events. With one, events that are of no device are not sent.</param>
/// <param name="Template">The body, as JSON with placeholders; null for the CloudEvent.</param>
/// <param name="IsEnabled">Whether it is sent to.</param>
/// <param name="Problem">Why it was turned off by itself, where it was.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="UpdatedAt">When it was changed last.</param>
/// <param name="UpdatedBy">Who changed it last.</param>
/// <param name="Pending">How many events wait to be sent.</param>
/// <param name="Dead">How many could not be sent.</param>
/// <param name="OldSecretUntil">Until when the secret before is signed with too.</param>
public sealed record WebhookView(
    Guid Id, string Name, string Url, IReadOnlyList<string> Types, string Selector, string? Template, bool IsEnabled, string? Problem,
    DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, string UpdatedBy, int Pending, int Dead, DateTimeOffset? OldSecretUntil);

/// <summary>What <c>POST /api/v1/webhooks</c> and <c>PUT /api/v1/webhooks/{idOrName}</c> take. See <see cref="WebhookView"/>.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Url">Where.</param>
/// <param name="Types">Which types of events; none for all.</param>
/// <param name="Selector">Of which devices.</param>
/// <param name="Template">The body, as JSON with placeholders.</param>
/// <param name="IsEnabled">Whether it is sent to.</param>
public sealed record WriteWebhook(
    string? Name, string? Url, IReadOnlyList<string>? Types = null, string? Selector = null, string? Template = null, bool IsEnabled = true);

/// <summary>A webhook with its secret, which is shown this once.</summary>
/// <param name="Webhook">The webhook.</param>
/// <param name="Secret">What its requests are signed with: <c>whsec_</c> and Base64.</param>
public sealed record WebhookSecretView(WebhookView Webhook, string Secret)
{
    /// <summary>Without the secret: whoever prints it prints none.</summary>
    public override string ToString() => $"{nameof(WebhookSecretView)} {Webhook?.Name}";
}

/// <summary>An event that is for a webhook.</summary>
/// <param name="Id">Its id.</param>
/// <param name="EventId">The event's id, which is sent as <c>webhook-id</c> with each attempt.</param>
/// <param name="Type">The event's type.</param>
/// <param name="Subject">What the event is about.</param>
/// <param name="Status">What has become of it.</param>
/// <param name="Attempts">How often it was tried.</param>
/// <param name="CreatedAt">When it was taken from the log.</param>
/// <param name="NextAt">When it is tried next, where it waits.</param>
/// <param name="EndedAt">When it was taken, or given up.</param>
/// <param name="Problem">What went wrong last.</param>
public sealed record WebhookDeliveryView(
    Guid Id, Guid EventId, string Type, string? Subject, DeliveryStatus Status, int Attempts, DateTimeOffset CreatedAt, DateTimeOffset? NextAt,
    DateTimeOffset? EndedAt, string? Problem);

/// <summary>One attempt to send.</summary>
/// <param name="At">When it began.</param>
/// <param name="Milliseconds">How long it took.</param>
/// <param name="StatusCode">The HTTP status of the answer; null where there was none.</param>
/// <param name="Problem">What went wrong; null where it was taken.</param>
/// <param name="Excerpt">How the answer begins.</param>
public sealed record WebhookAttemptView(DateTimeOffset At, int Milliseconds, int? StatusCode, string? Problem, string? Excerpt);

/// <summary>An event that is for a webhook, with what was sent and each attempt.</summary>
/// <param name="Delivery">What has become of it.</param>
/// <param name="Event">The event.</param>
/// <param name="Attempts">The attempts, newest first.</param>
public sealed record WebhookDeliveryDetails(WebhookDeliveryView Delivery, EventView Event, IReadOnlyList<WebhookAttemptView> Attempts);

/// <summary>How many events are sent again.</summary>
/// <param name="Count">How many.</param>
public sealed record WebhookResent(int Count);

/// <summary>What holds for webhooks.</summary>
public static class WebhookLimits
{
    /// <summary>How many there may be.</summary>
    public const int Most = 200;

    /// <summary>The longest address, in characters.</summary>
    public const int MaxUrl = 2048;

    // What may be before the @ without quotes (RFC 5322, section 3.2.3), but for what an address would have to escape.
    private static readonly SearchValues<char> _mailboxCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!$&'*+-=_~.");

    /// <summary>How many types one may name.</summary>
    public const int MaxTypes = 50;

    /// <summary>Says what is wrong with one, field by field.</summary>
    public static void Check(WriteWebhook request, FieldErrors errors)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(errors);
        if (Labels.CheckDeviceName(request.Name?.Trim() ?? "") is { } wrongName)
        {
            errors.Add("name", wrongName);
        }

        var types = request.Types ?? [];
        errors.AddIf(types.Count > MaxTypes, "types", $"are more than {MaxTypes}");
        foreach (var type in types.Where(t => !IsType(t)).Take(3))
        {
            errors.Add("types", $"'{type}' is no type of events, as device.connected, device.* or *");
        }

        if (Selector.Parse(request.Selector) is { IsError: true, Error: { } wrongSelector })
        {
            errors.Add("selector", wrongSelector.Detail);
        }

        if (ReadUrl(request.Url) is { IsError: true, Error: { } wrongUrl })
        {
            errors.Add("url", wrongUrl.Fields!.First().Value[0]);
        }

        if (!string.IsNullOrWhiteSpace(request.Template) && WebhookTemplate.Parse(request.Template) is { IsError: true, Error: { } wrongTemplate })
        {
            errors.Add("template", wrongTemplate.Fields!.First().Value[0]);
        }
    }

    /// <summary>The address, where it is one that can be sent to. Whether it is allowed is known when it is connected to.</summary>
    public static Result<Uri> ReadUrl(string? text)
    {
        if (text is not { Length: > 0 and <= MaxUrl } || !Uri.TryCreate(text, UriKind.Absolute, out var uri))
        {
            return Error.InvalidField("url", "is no address, as https://example.org/hook or mailto:ops@example.org");
        }

        if (uri.Scheme == Uri.UriSchemeMailto)
        {
            return uri.Query.Length == 0 && IsMailbox(uri.UserInfo) && uri.Host.Length > 0 && text.Count(c => c == '@') == 1 && !text.Any(c => c <= ' ' || c is ',' or ';' or '%' or '<' or '>' or '"')
                ? uri
                : Error.InvalidField("url", "is no single e-mail address, as mailto:ops@example.org");
        }

        return uri.Scheme is not ("https" or "http") || uri.Host.Length == 0 ? Error.InvalidField("url", "must begin with https:// or mailto:")
            : uri.UserInfo.Length > 0 ? Error.InvalidField("url", "has a user or a password in it, which are not sent")
            : uri.Fragment.Length > 0 ? Error.InvalidField("url", "has a fragment, which is not sent")
            : uri;
    }

    private static bool IsMailbox(string name) => name.Length > 0 && name.AsSpan().IndexOfAnyExcept(_mailboxCharacters) < 0
        && name[0] != '.' && name[^1] != '.' && !name.Contains("..", StringComparison.Ordinal);

    /// <summary>Whether one of the types is an event's; none are all.</summary>
    public static bool Matches(IReadOnlyList<string> types, string type)
    {
        ArgumentNullException.ThrowIfNull(types);
        ArgumentNullException.ThrowIfNull(type);
        if (types.Count == 0)
        {
            return true;
        }

        foreach (var wanted in types)
        {
            if (wanted.EndsWith('*') ? type.AsSpan().StartsWith(wanted.AsSpan(0, wanted.Length - 1), StringComparison.Ordinal) : wanted == type)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether it is a type of events, or the beginning of some.</summary>
    public static bool IsType(string? type) =>
        type is { Length: > 0 and <= 100 } && type.TrimEnd('*').All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '.')
        && type.IndexOf('*', StringComparison.Ordinal) is var star && (star < 0 || star == type.Length - 1);
}
