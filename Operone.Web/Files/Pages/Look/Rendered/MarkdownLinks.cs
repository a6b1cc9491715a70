using Operone.Core.Files;

namespace Operone.Web.Files.Pages.Look.Rendered;

/// <summary>Where addresses in a file lead: those beside it within the tree, never out of the device.</summary>
internal sealed class MarkdownLinks(TreePath file)
{
    /// <summary>How much of a path is the device's, or the mount's, own name.</summary>
    private const int Root = 2;

    /// <summary>The address of a link, and whether it leads out of the console; null where it leads nowhere.</summary>
    public (string? Href, bool IsElsewhere) Page(string href, string prefix)
    {
        if (href.StartsWith('#'))
        {
            return href.Length > 1 ? ($"{PathText.Href(file)}#{prefix}{href[1..]}", false) : (null, false);
        }

        if (IsAbsolute(href))
        {
            return (href, true);
        }

        var mark = href.IndexOf('#', StringComparison.Ordinal);
        return Resolve(href) is { } path ? (PathText.Href(path) + (mark < 0 ? "" : $"#{prefix}{href[(mark + 1)..]}"), false) : (null, false);
    }

    /// <summary>Where an image's bytes are had; null where it is from elsewhere.</summary>
    public string? Image(string? source) =>
        source is null || IsAbsolute(source) || Resolve(source) is not { } path || LookKinds.Of(path.Name) != LookKind.Image ? null : $"api/v1/files{path.ToAddress()}?inline=true";

    private static bool IsAbsolute(string address) =>
        address.StartsWith("//", StringComparison.Ordinal) || address.StartsWith('\\') || address.StartsWith("/\\", StringComparison.Ordinal)
        || (address.IndexOf(':', StringComparison.Ordinal) is var colon and >= 0 && address.AsSpan(0, colon).IndexOfAny('/', '?', '#') < 0);

    /// <summary>A path from the file's folder, or from the device's top; null where there is none.</summary>
    private TreePath? Resolve(string address)
    {
        var end = address.AsSpan().IndexOfAny('?', '#');
        var path = end < 0 ? address : address[..end];
        if (path.Length == 0 || file.Depth < Root)
        {
            return null;
        }

        var names = (path.StartsWith('/') ? file.First(Root) : file.Parent).Names.ToList();
        foreach (var segment in path.Split('/'))
        {
            switch (segment)
            {
                case "" or ".":
                    break;
                case "..":
                    if (names.Count <= Root)
                    {
                        return null;
                    }

                    names.RemoveAt(names.Count - 1);
                    break;
                default:
                    if (FileName.FromSegment(segment) is not { } name)
                    {
                        return null;
                    }

                    names.Add(name);
                    break;
            }
        }

        return TreePath.FromNames(names) is { IsError: false, Value: var found } ? found : null;
    }
}
