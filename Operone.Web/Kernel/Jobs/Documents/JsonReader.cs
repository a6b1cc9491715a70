using System.Text;
using System.Text.Json;

namespace Operone.Web.Kernel.Jobs.Documents;

/// <summary>Reads JSON into the same nodes as YAML, with the same limits. Comments and commas at the end of a list are let pass.</summary>
internal static class JsonReader
{
    /// <summary>The document's root.</summary>
    /// <exception cref="DocumentException">It cannot be read.</exception>
    public static DocumentNode Read(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var reader = new Utf8JsonReader(bytes, new JsonReaderOptions
        {
            MaxDepth = DocumentLimits.MaxDepth,
            CommentHandling = JsonCommentHandling.Skip,
            AllowTrailingCommas = true,
        });
        var nodes = 0;
        var lines = new Lines(bytes);
        try
        {
            reader.Read();
            var root = ReadNode(ref reader, lines, ref nodes);
            return reader.Read() ? throw new DocumentException("there is more after its end", lines.At(reader.TokenStartIndex)) : root;
        }
        catch (JsonException problem)
        {
            var message = problem.Message.Split(" LineNumber:", 2)[0].TrimEnd('.', ' ');
            throw new DocumentException(message, new((int)(problem.LineNumber ?? 0) + 1, (int)(problem.BytePositionInLine ?? 0) + 1));
        }
        catch (InvalidOperationException)
        {
            throw new DocumentException("it has text that is not Unicode", lines.At(reader.TokenStartIndex));
        }
    }

    private static DocumentNode ReadNode(ref Utf8JsonReader reader, Lines lines, ref int nodes)
    {
        var at = lines.At(reader.TokenStartIndex);
        if (++nodes > DocumentLimits.MaxNodes)
        {
            throw new DocumentException($"there are more than {DocumentLimits.MaxNodes} values in it", at);
        }

        switch (reader.TokenType)
        {
            case JsonTokenType.StartArray:
                var items = new List<DocumentNode>();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    items.Add(ReadNode(ref reader, lines, ref nodes));
                }

                return new ListNode(at, items);
            case JsonTokenType.StartObject:
                var entries = new List<(string, TextPlace, DocumentNode)>();
                var seen = new Dictionary<string, int>(StringComparer.Ordinal);
                while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
                {
                    var (name, where) = (reader.GetString()!, lines.At(reader.TokenStartIndex));
                    if (!seen.TryAdd(name, where.Line))
                    {
                        throw new DocumentException($"'{name}' is there twice; the first is in line {seen[name]}", where);
                    }

                    reader.Read();
                    entries.Add((name, where, ReadNode(ref reader, lines, ref nodes)));
                }

                return new MapNode(at, entries);
            default:
                return reader.TokenType == JsonTokenType.String
                    ? new ScalarNode(at, reader.GetString()!, IsPlain: false) : new ScalarNode(at, Encoding.UTF8.GetString(reader.ValueSpan), IsPlain: true);
        }
    }

    /// <summary>Finds lines by bytes; it is asked in order.</summary>
    private sealed class Lines(byte[] bytes)
    {
        private long _at;
        private long _lineStart;
        private int _line = 1;

        public TextPlace At(long index)
        {
            for (; _at < index; _at++)
            {
                if (bytes[_at] == (byte)'\n')
                {
                    (_line, _lineStart) = (_line + 1, _at + 1);
                }
            }

            return new(_line, Encoding.UTF8.GetCharCount(bytes, (int)_lineStart, (int)(index - _lineStart)) + 1);
        }
    }
}
