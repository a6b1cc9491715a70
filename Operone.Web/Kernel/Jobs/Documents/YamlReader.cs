using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Operone.Web.Kernel.Jobs.Documents;

/// <summary>
/// Reads YAML into nodes, and no more of it than a definition needs: one document, no tags, no anchors and aliases (which is what bombs are made
/// of), no name twice, not too deep and not too much.
/// </summary>
internal sealed class YamlReader
{
    private readonly Parser _parser;
    private int _nodes;

    private YamlReader(string text) => _parser = new Parser(new StringReader(text));

    /// <summary>The document's root.</summary>
    /// <exception cref="DocumentException">It cannot be read.</exception>
    public static DocumentNode Read(string text)
    {
        try
        {
            var reader = new YamlReader(text);
            reader.Take<StreamStart>();
            if (reader.Next() is not DocumentStart)
            {
                throw new DocumentException("there is nothing in it", null);
            }

            var root = reader.ReadNode(reader.Next(), 1);
            reader.Take<DocumentEnd>();
            return reader.Next() is StreamEnd ? root : throw new DocumentException("there is more than one document in it", PlaceOf(reader._parser.Current!));
        }
        catch (YamlException problem)
        {
            throw new DocumentException(Words(problem), new((int)problem.Start.Line, (int)problem.Start.Column));
        }
    }

    private DocumentNode ReadNode(ParsingEvent start, int depth)
    {
        var at = PlaceOf(start);
        if (++_nodes > DocumentLimits.MaxNodes)
        {
            throw new DocumentException($"there are more than {DocumentLimits.MaxNodes} values in it", at);
        }

        if (depth > DocumentLimits.MaxDepth)
        {
            throw new DocumentException($"it is deeper than {DocumentLimits.MaxDepth}", at);
        }

        if (start is AnchorAlias alias)
        {
            throw new DocumentException($"'*{alias.Value}' refers to something elsewhere; write it out", at);
        }

        if (start is NodeEvent { Anchor.IsEmpty: false } anchored)
        {
            throw new DocumentException($"'&{anchored.Anchor}' is an anchor; write out what it is for", at);
        }

        if (start is NodeEvent { Tag: { IsEmpty: false, IsNonSpecific: false } } tagged)
        {
            throw new DocumentException($"'{tagged.Tag}' is a tag, which are not read here", at);
        }

        return start switch
        {
            YamlDotNet.Core.Events.Scalar scalar => new ScalarNode(at, scalar.Value, scalar.Style == ScalarStyle.Plain),
            SequenceStart => ReadList(at, depth),
            MappingStart => ReadMap(at, depth),
            _ => throw new DocumentException("there is nothing in it", at),
        };
    }

    private ListNode ReadList(TextPlace at, int depth)
    {
        var items = new List<DocumentNode>();
        for (var next = Next(); next is not SequenceEnd; next = Next())
        {
            items.Add(ReadNode(next, depth + 1));
        }

        return new(at, items);
    }

    private MapNode ReadMap(TextPlace at, int depth)
    {
        var entries = new List<(string, TextPlace, DocumentNode)>();
        var lines = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var next = Next(); next is not MappingEnd; next = Next())
        {
            if (ReadNode(next, depth + 1) is not ScalarNode name)
            {
                throw new DocumentException("a name must be one word", PlaceOf(next));
            }

            if (!lines.TryAdd(name.Text, name.At.Line))
            {
                throw new DocumentException($"'{name.Text}' is there twice; the first is in line {lines[name.Text]}", name.At);
            }

            entries.Add((name.Text, name.At, ReadNode(Next(), depth + 1)));
        }

        return new(at, entries);
    }

    private ParsingEvent Next()
    {
        try
        {
            return _parser.MoveNext() ? _parser.Current! : throw new DocumentException("it ends in the middle", null);
        }
        catch (Exception problem) when (problem is not (YamlException or DocumentException or OutOfMemoryException))
        {
            // of some texts that are no YAML the library says so by an exception of another kind
            throw new DocumentException("it is not YAML from here on", _parser.Current is { } last ? new((int)last.End.Line, (int)last.End.Column) : null);
        }
    }

    private void Take<T>()
        where T : ParsingEvent
    {
        if (Next() is not T)
        {
            throw new DocumentException("it is not one document", PlaceOf(_parser.Current!));
        }
    }

    private static TextPlace PlaceOf(ParsingEvent at) => new((int)at.Start.Line, (int)at.Start.Column);

    // the library's words begin with the place, which is told apart from them here
    private static string Words(YamlException problem)
    {
        var message = problem.Message;
        var end = message.StartsWith('(') ? message.IndexOf("): ", StringComparison.Ordinal) : -1;
        message = (end < 0 ? message : message[(end + 3)..]).TrimEnd('.');
        return message.Length == 0 ? "it is not YAML" : char.ToLowerInvariant(message[0]) + message[1..];
    }
}
