using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Operone.Core.Kernel.Jobs;

namespace Operone.Web.Kernel.Jobs.Documents;

/// <summary>
/// Writes a job as YAML: always the same text for the same job, in the order of the schema. Text is written plain where no reader takes it for
/// anything else, as a block where it has lines, and in double quotes otherwise.
/// </summary>
internal sealed class YamlWriter
{
    private static readonly HashSet<string> Words = new(StringComparer.OrdinalIgnoreCase) { "true", "false", "yes", "no", "on", "off", "y", "n", "null" };

    private readonly StringBuilder _text = new();

    /// <summary>The job as YAML, with a line that tells editors of the schema.</summary>
    public static string Write(JobDefinition job, string? schema = null) => Write(JobDocument.ToJson(job), schema);

    /// <summary>A definition as YAML, in the order in which its fields are given.</summary>
    public static string Write(JsonObject definition, string? schema = null)
    {
        var writer = new YamlWriter();
        if (schema is not null)
        {
            writer._text.Append("# yaml-language-server: $schema=").Append(schema).Append('\n');
        }

        writer.WriteMap(definition, 0, isInline: true);
        return writer._text.ToString();
    }

    private void WriteMap(JsonObject map, int indent, bool isInline)
    {
        foreach (var (name, value) in map)
        {
            if (!isInline)
            {
                _text.Append(' ', indent);
            }

            isInline = false;
            _text.Append(IsPlain(name) ? name : Quote(name)).Append(':');
            WriteValue(value, indent);
        }
    }

    private void WriteValue(JsonNode? value, int indent)
    {
        switch (value)
        {
            case JsonObject { Count: > 0 } map:
                _text.Append('\n');
                WriteMap(map, indent + 2, isInline: false);
                break;
            case JsonArray { Count: > 0 } list:
                _text.Append('\n');
                foreach (var item in list)
                {
                    _text.Append(' ', indent + 2).Append('-');
                    if (item is JsonObject { Count: > 0 } map)
                    {
                        _text.Append(' ');
                        WriteMap(map, indent + 4, isInline: true);
                    }
                    else
                    {
                        WriteValue(item, indent + 2);
                    }
                }

                break;
            case JsonObject:
                _text.Append(" {}\n");
                break;
            case JsonArray:
                _text.Append(" []\n");
                break;
            default:
                _text.Append(' ');
                WriteScalar(value, indent);
                _text.Append('\n');
                break;
        }
    }

    private void WriteScalar(JsonNode? value, int indent)
    {
        if (value is null || value.GetValueKind() != JsonValueKind.String)
        {
            _text.Append(value is null ? "null" : value.ToJsonString());
            return;
        }

        var text = value.GetValue<string>();
        if (!IsBlock(text))
        {
            _text.Append(IsPlain(text) ? text : Quote(text));
            return;
        }

        _text.Append(text.EndsWith('\n') ? "|" : "|-");
        foreach (var line in (text.EndsWith('\n') ? text[..^1] : text).Split('\n'))
        {
            _text.Append('\n');
            if (line.Length > 0)
            {
                _text.Append(' ', indent + 2).Append(line);
            }
        }
    }

    // what every reader of YAML takes for text, and nothing else
    private static bool IsPlain(string text) => text.Length is > 0 and <= 200 && (char.IsAsciiLetter(text[0]) || text[0] == '/') && !text.EndsWith(' ') && !Words.Contains(text)
        && text.All(c => char.IsAsciiLetterOrDigit(c) || c is ' ' or '_' or '.' or '/' or '-' or '=' or '+' or ';' or '(' or ')' or '$' or '%' or '@');

    // a block keeps its lines as they are, as long as they begin with no white space and have nothing that a reader would change
    private static bool IsBlock(string text) => text.Contains('\n', StringComparison.Ordinal) && text[0] is not ('\n' or ' ' or '\t') && !text.EndsWith("\n\n", StringComparison.Ordinal)
        && text.Split('\n').All(l => !string.IsNullOrWhiteSpace(l) || l.Length == 0)
        && text.All(c => c == '\n' || (c >= ' ' && c is not ('\u007f' or '\u0085' or '\u2028' or '\u2029' or '\ufeff') && !char.IsControl(c) && !char.IsSurrogate(c) && c is not ('\ufffe' or '\uffff')) || c == '\t');

    private static string Quote(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (var c in text)
        {
            switch (c)
            {
                case '"' or '\\':
                    quoted.Append('\\').Append(c);
                    break;
                case '\n':
                    quoted.Append("\\n");
                    break;
                case '\t':
                    quoted.Append("\\t");
                    break;
                case '\r':
                    quoted.Append("\\r");
                    break;
                default:
                    if (c < ' ' || c is '\u007f' or '\u2028' or '\u2029' or '\ufeff' or '\ufffe' or '\uffff' || char.IsControl(c))
                    {
                        quoted.Append("\\u").Append(((int)c).ToString("x4", CultureInfo.InvariantCulture));
                    }
                    else
                    {
                        quoted.Append(c);
                    }

                    break;
            }
        }

        return quoted.Append('"').ToString();
    }
}
