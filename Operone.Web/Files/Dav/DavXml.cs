using System.Text;
using System.Xml;
using System.Xml.Linq;
using Operone.Core.Errors;

namespace Operone.Web.Files.Dav;

/// <summary>XML from outside, read so that it can do no harm, and the names of RFC 4918.</summary>
internal static class DavXml
{
    /// <summary>The most bytes of a body with XML.</summary>
    public const int MaxBytes = 256 * 1024;

    private const int MaxDepth = 64;

    /// <summary>The namespace of RFC 4918.</summary>
    public static XNamespace Dav { get; } = "DAV:";

    /// <summary>What Windows asks for and sets.</summary>
    public static XNamespace Windows { get; } = "urn:schemas-microsoft-com:";

    /// <summary>What davfs2 asks for and sets.</summary>
    public static XNamespace Apache { get; } = "http://apache.org/dav/props/";

    private static readonly XmlReaderSettings _safe = new()
    {
        Async = false,
        DtdProcessing = DtdProcessing.Prohibit,
        XmlResolver = null,
        MaxCharactersInDocument = MaxBytes,
        MaxCharactersFromEntities = 1024,
        IgnoreComments = true,
        IgnoreProcessingInstructions = true,
    };

    /// <summary>The body's element; null where there is no body.</summary>
    public static async Task<Result<XElement?>> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        var body = new MemoryStream();
        var buffer = new byte[16 * 1024];
        int count;
        while ((count = await request.Body.ReadAsync(buffer, cancellationToken)) > 0)
        {
            if (body.Length + count > MaxBytes)
            {
                return DavErrors.Malformed($"Its XML has more than {MaxBytes} bytes.");
            }

            body.Write(buffer, 0, count);
        }

        return body.Length == 0 ? (Result<XElement?>)(XElement?)null : Read(body);
    }

    /// <summary>An element as text, on one line.</summary>
    public static string ToText(XElement element) => element.ToString(SaveOptions.DisableFormatting);

    /// <summary>An element from what <see cref="ToText"/> gave; null where it is none.</summary>
    public static XElement? FromText(ReadOnlySpan<byte> text) => Read(new(text.ToArray())) is { IsError: false } read ? read.Value : null;

    /// <summary>Text in which nothing is that XML cannot have.</summary>
    public static string Clean(string text) => text.All(XmlConvert.IsXmlChar) ? text
        : string.Concat(text.EnumerateRunes().Select(r => r.IsBmp && !XmlConvert.IsXmlChar((char)r.Value) ? "\uFFFD" : r.ToString()));

    /// <summary>The bytes of an element as it is stored.</summary>
    public static byte[] ToBytes(XElement element) => Encoding.UTF8.GetBytes(ToText(element));

    private static Result<XElement?> Read(MemoryStream body)
    {
        try
        {
            body.Position = 0;
            using (var reader = XmlReader.Create(body, _safe))
            {
                while (reader.Read())
                {
                    if (reader.Depth > MaxDepth)
                    {
                        return DavErrors.Malformed($"Its XML is deeper than {MaxDepth} elements.");
                    }
                }
            }

            body.Position = 0;
            using var again = XmlReader.Create(body, _safe);
            return XDocument.Load(again, LoadOptions.PreserveWhitespace).Root;
        }
        catch (XmlException wrong)
        {
            return DavErrors.Malformed($"Its XML is none: {wrong.Message}");
        }
    }
}
