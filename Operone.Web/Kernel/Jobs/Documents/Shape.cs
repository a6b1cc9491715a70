using System.Globalization;
using System.Text.Json.Nodes;
using Operone.Core.Kernel.Jobs;

namespace Operone.Web.Kernel.Jobs.Documents;

/// <summary>What may stand at a place of a document: it reads what stands there, and says itself as JSON Schema (draft 2020-12).</summary>
/// <param name="About">What it is for.</param>
internal abstract record Shape(string About)
{
    /// <summary>What stands there as JSON; null where it is nothing, or a problem was noted.</summary>
    public abstract JsonNode? Read(DocumentNode node, string place, ShapeReading reading);

    /// <summary>As JSON Schema.</summary>
    public JsonObject ToSchema()
    {
        var schema = new JsonObject { ["description"] = About };
        Describe(schema);
        return schema;
    }

    protected abstract void Describe(JsonObject schema);
}

/// <summary>What reading a document notes: problems, and where each place is.</summary>
internal sealed class ShapeReading
{
    public List<DocumentProblem> Problems { get; } = [];

    public Dictionary<string, TextPlace> Places { get; } = new(StringComparer.Ordinal);

    public JsonNode? Fail(string place, string message, TextPlace at)
    {
        if (Problems.Count < DocumentLimits.MaxProblems)
        {
            Problems.Add(new(place, message, at.Line, at.Column));
        }

        return null;
    }

    /// <summary>Where a place is, else what it is in.</summary>
    public TextPlace? Find(string place)
    {
        while (place.Length > 0)
        {
            if (Places.TryGetValue(place, out var found))
            {
                return found;
            }

            place = place[..Math.Max(0, place.LastIndexOfAny(['.', '[']))];
        }

        return Places.TryGetValue("", out var root) ? root : null;
    }
}

/// <summary>Text.</summary>
/// <param name="About">What it is for.</param>
/// <param name="Words">Where only some words may stand there.</param>
/// <param name="Pattern">How it looks, for editors.</param>
/// <param name="IsScalar">Whether it may be written as a number or truth value too.</param>
internal sealed record TextShape(string About, IReadOnlyList<string>? Words = null, string? Pattern = null, bool IsScalar = false) : Shape(About)
{
    public override JsonNode? Read(DocumentNode node, string place, ShapeReading reading) => node switch
    {
        ScalarNode { IsNull: true } => null,
        ScalarNode scalar when Words is not null && !Words.Contains(scalar.Text) => reading.Fail(place, $"must be one of {string.Join(", ", Words)}", node.At),
        ScalarNode scalar => scalar.Text.Any(char.IsSurrogate) && !IsWhole(scalar.Text) ? reading.Fail(place, "is not Unicode", node.At) : JsonValue.Create(scalar.Text),
        _ => reading.Fail(place, "must be text", node.At),
    };

    protected override void Describe(JsonObject schema)
    {
        schema["type"] = IsScalar ? new JsonArray("string", "number", "boolean") : "string";
        if (Words is not null)
        {
            schema["enum"] = new JsonArray([.. Words.Select(w => (JsonNode)w)]);
        }

        if (Pattern is not null)
        {
            schema["pattern"] = Pattern;
        }
    }

    private static bool IsWhole(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
            {
                i++;
            }
            else if (char.IsSurrogate(text[i]))
            {
                return false;
            }
        }

        return true;
    }
}

/// <summary>A number.</summary>
internal sealed record NumberShape(string About, double Least, double Most, bool IsWhole = true) : Shape(About)
{
    public override JsonNode? Read(DocumentNode node, string place, ShapeReading reading)
    {
        if (node is ScalarNode { IsNull: true })
        {
            return null;
        }

        return node is ScalarNode { IsPlain: true } scalar
            && double.TryParse(scalar.Text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out var number)
            && (!IsWhole || number == Math.Truncate(number)) && number >= Least && number <= Most
            ? (IsWhole ? JsonValue.Create((int)number) : JsonValue.Create(number))
            : reading.Fail(place, string.Create(CultureInfo.InvariantCulture, $"must be a {(IsWhole ? "whole " : "")}number from {Least} to {Most}"), node.At);
    }

    protected override void Describe(JsonObject schema)
    {
        schema["type"] = IsWhole ? "integer" : "number";
        schema["minimum"] = Least;
        schema["maximum"] = Most;
    }
}

/// <summary>A truth value.</summary>
internal sealed record TruthShape(string About) : Shape(About)
{
    public override JsonNode? Read(DocumentNode node, string place, ShapeReading reading) => node switch
    {
        ScalarNode { IsNull: true } => null,
        ScalarNode { IsPlain: true, Text: "true" or "True" or "TRUE" } => JsonValue.Create(true),
        ScalarNode { IsPlain: true, Text: "false" or "False" or "FALSE" } => JsonValue.Create(false),
        _ => reading.Fail(place, "must be true or false", node.At),
    };

    protected override void Describe(JsonObject schema) => schema["type"] = "boolean";
}

/// <summary>A list.</summary>
internal sealed record ListShape(string About, Shape Item, int Most) : Shape(About)
{
    public override JsonNode? Read(DocumentNode node, string place, ShapeReading reading)
    {
        if (node is ScalarNode { IsNull: true })
        {
            return null;
        }

        if (node is not ListNode list)
        {
            return reading.Fail(place, "must be a list", node.At);
        }

        var items = new JsonArray();
        for (var i = 0; i < list.Items.Count; i++)
        {
            reading.Places[$"{place}[{i}]"] = list.Items[i].At;
            items.Add(Item.Read(list.Items[i], $"{place}[{i}]", reading));
        }

        return items;
    }

    protected override void Describe(JsonObject schema)
    {
        schema["type"] = "array";
        schema["maxItems"] = Most;
        schema["items"] = Item.ToSchema();
    }
}

/// <summary>Values by any name.</summary>
internal sealed record MapShape(string About, Shape Value) : Shape(About)
{
    public override JsonNode? Read(DocumentNode node, string place, ShapeReading reading)
    {
        if (node is ScalarNode { IsNull: true })
        {
            return null;
        }

        if (node is not MapNode map)
        {
            return reading.Fail(place, "must be names with values", node.At);
        }

        var values = new JsonObject();
        foreach (var (name, at, value) in map.Entries)
        {
            reading.Places[$"{place}.{name}"] = at;
            values[name] = Value.Read(value, $"{place}.{name}", reading);
        }

        return values;
    }

    protected override void Describe(JsonObject schema)
    {
        schema["type"] = "object";
        schema["additionalProperties"] = Value.ToSchema();
    }
}

/// <summary>Fields, each with its own shape. What is not among them is a problem that names what is.</summary>
internal sealed record ObjectShape(string About, IReadOnlyDictionary<string, Shape> Fields, params IReadOnlyList<string> Required) : Shape(About)
{
    public override JsonNode? Read(DocumentNode node, string place, ShapeReading reading)
    {
        if (node is ScalarNode { IsNull: true })
        {
            return null;
        }

        if (node is not MapNode map)
        {
            return reading.Fail(place, $"must be fields: {string.Join(", ", Fields.Keys)}", node.At);
        }

        var values = new JsonObject();
        foreach (var (name, at, value) in map.Entries)
        {
            var inner = place.Length == 0 ? name : $"{place}.{name}";
            reading.Places[inner] = at;
            if (!Fields.TryGetValue(name, out var shape))
            {
                var close = Fields.Keys.FirstOrDefault(f => f.Equals(name, StringComparison.OrdinalIgnoreCase));
                reading.Fail(inner, close is not null ? $"there is no field '{name}': write '{close}'" : $"there is no field '{name}'; there are {string.Join(", ", Fields.Keys)}", at);
            }
            else if (shape.Read(value, inner, reading) is { } read)
            {
                values[name] = read;
            }
        }

        return values;
    }

    protected override void Describe(JsonObject schema)
    {
        schema["type"] = "object";
        schema["additionalProperties"] = false;
        if (Required.Count > 0)
        {
            schema["required"] = new JsonArray([.. Required.Select(r => (JsonNode)r)]);
        }

        schema["properties"] = new JsonObject(Fields.Select(f => KeyValuePair.Create(f.Key, (JsonNode?)f.Value.ToSchema())));
    }
}
