using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Operone.Agent.Cli.Operator;

/// <summary>JSON passed through as it came.</summary>
[JsonSerializable(typeof(JsonElement))]
internal sealed partial class CliJson : JsonSerializerContext
{
    /// <summary>Writes one JSON value and a line feed to standard output; indented for people, on one line for programs.</summary>
    public static void Print(CliContext cli, JsonElement json) => Print(cli, json.WriteTo);

    /// <summary>Writes JSON values as one array.</summary>
    public static void Print(CliContext cli, IReadOnlyCollection<JsonElement> items) => Print(cli, writer =>
    {
        writer.WriteStartArray();
        foreach (var item in items)
        {
            item.WriteTo(writer);
        }

        writer.WriteEndArray();
    });

    private static void Print(CliContext cli, Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = cli.OutputIsTerminal, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            write(writer);
        }

        buffer.Write("\n"u8);
        cli.OutputText.Flush();
        cli.Output.Write(buffer.WrittenSpan);
    }
}
