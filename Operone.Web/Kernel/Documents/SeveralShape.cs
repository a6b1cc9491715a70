using System.Text.Json.Nodes;
using Operone.Web.Kernel.Jobs.Documents;

namespace Operone.Web.Kernel.Documents;

/// <summary>One, or a list of them.</summary>
/// <param name="About">What they are for.</param>
/// <param name="Item">What one looks like.</param>
/// <param name="Most">How many there may be.</param>
internal sealed record SeveralShape(string About, ObjectShape Item, int Most) : Shape(About)
{
    /// <summary>Always a list.</summary>
    public override JsonNode? Read(DocumentNode node, string place, ShapeReading reading)
    {
        if (node is not ListNode list)
        {
            return node is ScalarNode { IsNull: true } ? null : Item.Read(node, place, reading) is { } one ? new JsonArray(one) : null;
        }

        if (list.Items.Count > Most)
        {
            return reading.Fail(place, $"there are more than {Most}", node.At);
        }

        var items = new JsonArray();
        foreach (var (index, item) in list.Items.Index())
        {
            var inner = $"{place}[{index}]";
            reading.Places[inner] = item.At;
            items.Add(item is ScalarNode ? reading.Fail(inner, $"must be fields: {string.Join(", ", Item.Fields.Keys)}", item.At) : Item.Read(item, inner, reading));
        }

        return items;
    }

    protected override void Describe(JsonObject schema) =>
        schema["oneOf"] = new JsonArray(Item.ToSchema(), new JsonObject { ["type"] = "array", ["maxItems"] = Most, ["items"] = Item.ToSchema() });
}
