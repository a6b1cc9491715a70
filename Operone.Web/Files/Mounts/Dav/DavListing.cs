using System.Globalization;
using System.Text;
using System.Xml;
using System.Xml.Linq;
using Operone.Core.Files;
using Operone.Disk;

namespace Operone.Web.Files.Mounts.Dav;

/// <summary>Reads what a server answers to PROPFIND (RFC 4918, section 14.16), one resource after the other.</summary>
internal static class DavListing
{
    /// <summary>What is asked.</summary>
    public const string Question =
        """<?xml version="1.0" encoding="utf-8"?><D:propfind xmlns:D="DAV:"><D:prop><D:resourcetype/><D:getcontentlength/><D:getlastmodified/><D:getetag/><D:creationdate/></D:prop></D:propfind>""";

    private static readonly XNamespace _dav = "DAV:";

    private static readonly XmlReaderSettings _settings = new()
    {
        Async = true,
        DtdProcessing = DtdProcessing.Prohibit,
        XmlResolver = null,
        IgnoreComments = true,
        IgnoreWhitespace = true,
        MaxCharactersInDocument = 2L * 1024 * 1024 * 1024,
    };

    /// <summary>All resources of an answer: each with its path on the server.</summary>
    public static async IAsyncEnumerable<(TreePath Path, FileEntry Entry, string? StrongTag)> ReadAsync(Stream xml)
    {
        using var reader = XmlReader.Create(xml, _settings);
        var isIn = false;
        while (!isIn && await NextAsync(() => reader.ReadAsync()))
        {
            isIn = reader is { NodeType: XmlNodeType.Element, LocalName: "multistatus", NamespaceURI: "DAV:" };
        }

        if (!isIn)
        {
            throw NotUnderstood("it is no multistatus");
        }

        var goesOn = await NextAsync(() => reader.ReadAsync());
        while (goesOn)
        {
            if (reader is { NodeType: XmlNodeType.Element, LocalName: "response", NamespaceURI: "DAV:" })
            {
                var element = (XElement?)null;
                await NextAsync(async () =>
                {
                    element = (XElement)await XNode.ReadFromAsync(reader, default);
                    return true;
                });
                if (Read(element!) is { } read)
                {
                    yield return read;
                }

                goesOn = !reader.EOF;
            }
            else
            {
                goesOn = await NextAsync(() => reader.ReadAsync());
            }
        }
    }

    private static async Task<bool> NextAsync(Func<Task<bool>> next)
    {
        try
        {
            return await next();
        }
        catch (XmlException problem)
        {
            throw new DavBrokenAnswer(Senseless(problem.Message));
        }
    }

    private static (TreePath, FileEntry, string?)? Read(XElement response)
    {
        var path = PathOf(response.Element(_dav + "href")?.Value.Trim() ?? "");
        var properties = response.Elements(_dav + "propstat")
            .Where(p => p.Element(_dav + "status")?.Value.Contains(" 200", StringComparison.Ordinal) == true)
            .Select(p => p.Element(_dav + "prop")).OfType<XElement>().SelectMany(p => p.Elements()).Where(p => p.Name.Namespace == _dav)
            .GroupBy(p => p.Name.LocalName).ToDictionary(g => g.Key, g => g.First(), StringComparer.Ordinal);
        if (properties.Count == 0)
        {
            return null;
        }

        var isFolder = properties.GetValueOrDefault("resourcetype")?.Element(_dav + "collection") is not null;
        var size = !isFolder && long.TryParse(Text("getcontentlength"), NumberStyles.None, CultureInfo.InvariantCulture, out var length) ? length : (long?)null;
        var modified = DateTimeOffset.TryParse(Text("getlastmodified"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? at.ToUniversalTime() : (DateTimeOffset?)null;
        var tag = Text("getetag")?.Trim();
        var strong = tag is ['"', .., '"'] ? tag : null;
        var plain = (tag?.StartsWith("W/", StringComparison.Ordinal) == true ? tag[2..] : tag)?.Trim('"');
        var entry = new FileEntry
        {
            Segment = FileName.ToSegment(path.Name),
            Kind = isFolder ? FileKind.Folder : FileKind.File,
            Size = isFolder ? null : size ?? 0,
            ModifiedAt = modified,
            CreatedAt = DateTimeOffset.TryParse(Text("creationdate"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var made) ? made.ToUniversalTime() : null,
            Tag = plain is { Length: > 0 and < 200 } && plain.All(c => c is > ' ' and <= '~' and not '"') ? plain
                : string.Create(CultureInfo.InvariantCulture, $"{size ?? 0:x}-{modified?.ToUnixTimeSeconds() ?? 0:x}"),
        };
        return (path, entry, strong);

        string? Text(string name) => properties.GetValueOrDefault(name)?.Value;
    }

    /// <summary>An address (RFC 3986), or the path of one, as the server has it.</summary>
    private static TreePath PathOf(string href)
    {
        var path = href.AsSpan();
        if (path.IndexOf("://", StringComparison.Ordinal) is > 0 and var scheme && path[..scheme].IndexOf('/') < 0)
        {
            path = path[(scheme + 3)..];
            path = path.IndexOf('/') is >= 0 and var slash ? path[slash..] : "/";
        }

        // some servers leave characters as they are that should be encoded
        var read = TreePath.Parse(Encoded(path));
        return read.IsError ? throw NotUnderstood($"'{FileName.Display(href)}' is no address of a file") : read.Value;
    }

    private static string Encoded(ReadOnlySpan<char> path)
    {
        if (path.IndexOfAnyExceptInRange(' ', '~') < 0)
        {
            return path.ToString();
        }

        var text = new StringBuilder(path.Length + 16);
        foreach (var rune in path.EnumerateRunes())
        {
            text.Append(rune.IsAscii ? rune.ToString() : FileName.ToSegment(rune.ToString()));
        }

        return text.ToString();
    }

    private static FileFault NotUnderstood(string why) => new(FileProblems.Failed, Senseless(why));

    private static string Senseless(string why) => $"the other server's answer makes no sense: {why.TrimEnd('.')}.";
}

/// <summary>What a server answered broke off, or became something else on the way.</summary>
internal sealed class DavBrokenAnswer(string detail) : FileFault(FileProblems.Failed, detail);
