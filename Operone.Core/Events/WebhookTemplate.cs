using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Operone.Core.Errors;

namespace Operone.Core.Events;

/// <summary>
/// The body of a webhook, as somebody wrote it for a chat: JSON whose texts have placeholders, <c>{{subject}}</c> or
/// <c>{{subject|slack}}</c>. What is put in stays within its text, whatever it contains: the JSON is built, not pasted together. Names
/// of members have no placeholders.
/// </summary>
public sealed class WebhookTemplate
{
    /// <summary>The longest template, in characters.</summary>
    public const int MaxLength = 16 * 1024;

    /// <summary>How many placeholders one may have.</summary>
    public const int MaxPlaceholders = 100;

    /// <summary>The most characters of a value that are put in.</summary>
    public const int MaxValue = 2000;

    private const int MaxDepth = 16;

    /// <summary>The names that a placeholder may have, besides <c>data.NAME</c> for the event's details.</summary>
    public static IReadOnlyList<string> Names { get; } = ["id", "type", "subject", "time", "source", "actor", "deviceId", "runId", "text"];

    /// <summary>
    /// What may be done to a value: <c>slack</c> escapes what Slack reads as a mention or a link, <c>plain</c> lets no <c>@</c> be a mention
    /// in the others' chats.
    /// </summary>
    public static IReadOnlyList<string> Filters { get; } = ["slack", "plain"];

    /// <summary>Templates to begin with, by the chat's name.</summary>
    public static IReadOnlyDictionary<string, string> Presets { get; } = new Dictionary<string, string>
    {
        ["slack"] = """{"text": "{{text|slack}}"}""",
        ["discord"] = """{"content": "{{text|plain}}", "allowed_mentions": {"parse": []}}""",
        ["mattermost"] = """{"text": "{{text|plain}}", "username": "Operone"}""",
        ["teams"] = """
            {"type": "message", "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "content": {
              "$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4",
              "body": [{"type": "TextBlock", "text": "{{text|plain}}", "wrap": true}]}}]}
            """,
    };

    private static readonly SearchValues<char> _nameCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.");

    private readonly JsonElement _root;
    private readonly Dictionary<string, Part[]> _texts;

    private WebhookTemplate(JsonElement root, Dictionary<string, Part[]> texts) => (_root, _texts) = (root, texts);

    /// <summary>Reads one, or says what is wrong with it.</summary>
    public static Result<WebhookTemplate> Parse(string? text)
    {
        if (text is not { Length: > 0 and <= MaxLength })
        {
            return Wrong($"is empty, or longer than {MaxLength} characters");
        }

        try
        {
            using var document = JsonDocument.Parse(text, new() { MaxDepth = MaxDepth, AllowDuplicateProperties = false });
            if (document.RootElement.ValueKind is not (JsonValueKind.Object or JsonValueKind.Array))
            {
                return Wrong("must be a JSON object or array");
            }

            var texts = new Dictionary<string, Part[]>(StringComparer.Ordinal);
            return Collect(document.RootElement, texts) is { } problem ? Wrong(problem)
                : texts.Values.Sum(t => t.Count(p => p.Name is not null)) > MaxPlaceholders ? Wrong($"has more than {MaxPlaceholders} placeholders")
                : new WebhookTemplate(document.RootElement.Clone(), texts);
        }
        catch (JsonException problem)
        {
            return Wrong($"is no JSON: {problem.Message}");
        }
        catch (Exception problem) when (problem is InvalidOperationException or ArgumentException)
        {
            // the reader finds it when it makes a text of it, or before where it stands there as itself
            return Wrong("has half of a character, as \\ud800 alone");
        }

        static Error Wrong(string problem) => Error.InvalidField("template", problem);
    }

    /// <summary>The body for an event, as UTF-8.</summary>
    public byte[] Render(EventView happened)
    {
        ArgumentNullException.ThrowIfNull(happened);
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            Write(writer, _root, happened);
        }

        return stream.ToArray();
    }

    /// <summary>An event in one line of words.</summary>
    public static string Describe(EventView happened)
    {
        ArgumentNullException.ThrowIfNull(happened);
        var words = new StringBuilder(happened.Type.Replace('.', ' ').Replace('-', ' '));
        if (happened.Data.Details is { } alert && alert.GetValueOrDefault("text") is { Length: > 0 } said && alert.GetValueOrDefault("rule") is { } rule)
        {
            // an alert says itself what is the matter
            return words.Append(CultureInfo.InvariantCulture, $" ({alert.GetValueOrDefault("severity")}, {rule}): {said}")
                .Append(alert.GetValueOrDefault("reason") is { } reason ? $"; {reason}" : "").Append(happened.Data.Actor is { } by ? $" (by {by})" : "").ToString();
        }

        words.Append(happened.Subject is { } subject ? $": {subject}" : "");
        foreach (var (name, value) in (happened.Data.Details ?? new Dictionary<string, string?>()).Where(d => !string.IsNullOrEmpty(d.Value) && !d.Key.EndsWith("Id", StringComparison.Ordinal)))
        {
            words.Append(CultureInfo.InvariantCulture, $", {name} {value}");
        }

        return words.Append(happened.Data.Actor is { } actor ? $" (by {actor})" : "").ToString();
    }

    private static string? Collect(JsonElement element, Dictionary<string, Part[]> texts)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (var member in element.EnumerateObject())
                {
                    if (member.Name.Contains("{{", StringComparison.Ordinal))
                    {
                        return $"has a placeholder in the name '{member.Name}': only values have them";
                    }

                    if (Collect(member.Value, texts) is { } problem)
                    {
                        return problem;
                    }
                }

                return null;
            case JsonValueKind.Array:
                return element.EnumerateArray().Select(e => Collect(e, texts)).FirstOrDefault(p => p is not null);
            case JsonValueKind.String:
                var text = element.GetString()!;
                var parts = Split(text);
                if (parts.IsError)
                {
                    return parts.Error!.Detail;
                }

                texts[text] = parts.Value;
                return null;
            default:
                return null;
        }
    }

    private static Result<Part[]> Split(string text)
    {
        var parts = new List<Part>();
        for (var at = 0; at < text.Length;)
        {
            var open = text.IndexOf("{{", at, StringComparison.Ordinal);
            if (open < 0)
            {
                parts.Add(new(text[at..], null, null));
                break;
            }

            var close = text.IndexOf("}}", open, StringComparison.Ordinal);
            if (close < 0)
            {
                return Problem("has a placeholder without an end: '{{' needs '}}'");
            }

            parts.Add(new(text[at..open], null, null));
            var inside = text[(open + 2)..close].Split('|', 2, StringSplitOptions.TrimEntries);
            if (!IsName(inside[0]))
            {
                return Problem($"has no value '{(inside[0].Length > 40 ? inside[0][..40] : inside[0])}': there are {string.Join(", ", Names)} and data.NAME");
            }

            if (inside.Length > 1 && !Filters.Contains(inside[1]))
            {
                return Problem($"has no filter '{(inside[1].Length > 40 ? inside[1][..40] : inside[1])}': there are {string.Join(", ", Filters)}");
            }

            parts.Add(new("", inside[0], inside.ElementAtOrDefault(1)));
            at = close + 2;
        }

        return parts.ToArray();

        static Error Problem(string what) => new(ErrorKind.Invalid, "invalid-input", what, what);
    }

    private static bool IsName(string name) => Names.Contains(name)
        || (name.StartsWith("data.", StringComparison.Ordinal) && name.Length is > 5 and <= 69
            && name.AsSpan(5).IndexOfAnyExcept(_nameCharacters) < 0);

    private void Write(Utf8JsonWriter writer, JsonElement element, EventView happened)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                writer.WriteStartObject();
                foreach (var member in element.EnumerateObject())
                {
                    writer.WritePropertyName(member.Name);
                    Write(writer, member.Value, happened);
                }

                writer.WriteEndObject();
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (var item in element.EnumerateArray())
                {
                    Write(writer, item, happened);
                }

                writer.WriteEndArray();
                break;
            case JsonValueKind.String:
                writer.WriteStringValue(string.Concat(_texts[element.GetString()!].Select(p => p.Name is null ? p.Text : Filter(Value(p.Name, happened), p.Filter))));
                break;
            default:
                element.WriteTo(writer);
                break;
        }
    }

    private static string Value(string name, EventView happened)
    {
        var value = name switch
        {
            "id" => happened.Id.ToString(),
            "type" => happened.Type,
            "subject" => happened.Subject,
            "time" => happened.Time.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
            "source" => happened.Source,
            "actor" => happened.Data.Actor,
            "deviceId" => happened.Data.DeviceId?.ToString(),
            "runId" => happened.Data.RunId?.ToString(),
            "text" => Describe(happened),
            _ => happened.Data.Details?.GetValueOrDefault(name[5..]),
        };
        if (value is null || value.Length <= MaxValue)
        {
            return value ?? "";
        }

        // not through the middle of a character of two
        return value[..(char.IsHighSurrogate(value[MaxValue - 1]) ? MaxValue - 1 : MaxValue)] + "…";
    }

    private static string Filter(string value, string? filter) => filter switch
    {
        "slack" => value.Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal).Replace(">", "&gt;", StringComparison.Ordinal),
        "plain" => value.Replace("@", "@\u200B", StringComparison.Ordinal),
        _ => value,
    };

    private sealed record Part(string Text, string? Name, string? Filter);
}
