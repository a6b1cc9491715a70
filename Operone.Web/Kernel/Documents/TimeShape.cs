using System.Globalization;
using System.Text.Json.Nodes;
using Operone.Web.Kernel.Jobs.Documents;

namespace Operone.Web.Kernel.Documents;

/// <summary>A time, as RFC 3339 writes it.</summary>
internal sealed record TimeShape(string About) : Shape(About)
{
    private static readonly string[] Forms = ["yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd HH:mm:ssK"];

    public override JsonNode? Read(DocumentNode node, string place, ShapeReading reading) => node switch
    {
        ScalarNode { IsNull: true } => null,
        ScalarNode scalar when DateTimeOffset.TryParseExact(scalar.Text, Forms, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) => JsonValue.Create(time),
        _ => reading.Fail(place, "must be a time such as 2026-12-24T18:00:00+01:00", node.At),
    };

    protected override void Describe(JsonObject schema)
    {
        schema["type"] = "string";
        schema["format"] = "date-time";
    }
}
