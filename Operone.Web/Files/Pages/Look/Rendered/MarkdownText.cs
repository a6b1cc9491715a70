using System.Text;
using AngleSharp.Dom;
using Ganss.Xss;
using Markdig;
using Markdig.Extensions.AutoIdentifiers;
using Markdig.Extensions.EmphasisExtras;
using Markdig.Renderers;
using Markdig.Renderers.Html;
using Markdig.Renderers.Html.Inlines;
using Operone.Core.Files;

namespace Operone.Web.Files.Pages.Look.Rendered;

/// <summary>
/// Markdown as a page's markup. A device wrote it, so it is held three times: what HTML stands in it never reaches a parser but for a few tags
/// that can hold nothing; what comes out is cleaned by a list of what may stay; and the console's own policy runs no script that it did not name.
/// </summary>
internal static class MarkdownText
{
    /// <summary>The most that is rendered.</summary>
    public const int MaxBytes = FileWindow.MaxBytes;

    /// <summary>The most markup that comes of it: a link that is written once and used a thousand times would grow without end.</summary>
    private const int MaxCharacters = 4 * 1024 * 1024;

    // what takes its reader longer with the square of its number: more of it in one paragraph is no text that somebody wrote
    private const int MaxBrackets = 5000;
    private const int MaxCells = 200_000;

    private const string Prefix = "md-";

    private static readonly MarkdownPipeline _pipeline = new MarkdownPipelineBuilder()
        .UsePipeTables().UseTaskLists().UseAutoLinks().UseFootnotes().UseYamlFrontMatter().UseAlertBlocks()
        .UseEmphasisExtras(EmphasisExtraOptions.Strikethrough).UseAutoIdentifiers(AutoIdentifierOptions.GitHub).Build();

    private static readonly HtmlSanitizer _sanitizer = MakeSanitizer();

    /// <summary>Renders one; null where it is nested too deep, would become too long, or would take too long.</summary>
    /// <param name="text">What is written.</param>
    /// <param name="file">Where it lies: addresses in it are relative to its folder.</param>
    public static string? Render(string text, TreePath file)
    {
        if (IsHeavy(text))
        {
            return null;
        }

        try
        {
            using var writer = new BoundedWriter();
            var renderer = new HtmlRenderer(writer);
            _pipeline.Setup(renderer);
            renderer.ObjectRenderers.ReplaceOrAdd<HtmlBlockRenderer>(new WrittenHtml.Block());
            renderer.ObjectRenderers.ReplaceOrAdd<HtmlInlineRenderer>(new WrittenHtml.Inline());
            renderer.Render(Markdig.Markdown.Parse(text, _pipeline));
            using var document = _sanitizer.SanitizeDom(writer.ToString());
            var links = new MarkdownLinks(file);
            foreach (var element in document.Body!.QuerySelectorAll("[id], a, img, input"))
            {
                Settle(element, links);
            }

            return document.Body.InnerHtml;
        }
        catch (ArgumentException)
        {
            return null; // Markdig's own limit of depth
        }
        catch (TooLongException)
        {
            return null;
        }
    }

    /// <summary>Whether a paragraph of it would keep its reader for minutes.</summary>
    private static bool IsHeavy(ReadOnlySpan<char> text)
    {
        var (brackets, bars, lines) = (0, 0, 0);
        foreach (var line in text.EnumerateLines())
        {
            if (line.IsWhiteSpace())
            {
                (brackets, bars, lines) = (0, 0, 0);
                continue;
            }

            brackets += line.Count('[');
            bars = Math.Max(bars, line.Count('|'));
            lines++;
            if (brackets > MaxBrackets || (long)bars * lines > MaxCells)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Names of its own cannot be those of the page, and addresses lead where they are meant to.</summary>
    private static void Settle(IElement element, MarkdownLinks links)
    {
        if (element.Id is { Length: > 0 } id)
        {
            element.Id = Prefix + id;
        }

        if (element.LocalName == "input")
        {
            element.SetAttribute("aria-label", element.HasAttribute("checked") ? "done" : "to do");
        }
        else if (element.LocalName == "a" && element.GetAttribute("href") is { } href)
        {
            var (to, isElsewhere) = links.Page(href, Prefix);
            if (to is null)
            {
                element.RemoveAttribute("href");
                return;
            }

            element.SetAttribute("href", to);
            if (isElsewhere)
            {
                element.SetAttribute("target", "_blank");
                element.SetAttribute("rel", "noopener noreferrer nofollow");
            }
        }
        else if (element.LocalName == "img")
        {
            if (links.Image(element.GetAttribute("src")) is { } source)
            {
                element.SetAttribute("src", source);
                element.SetAttribute("loading", "lazy");
                return;
            }

            // from elsewhere: it would tell there who looks, and the console's policy keeps it off
            var instead = element.Owner!.CreateElement("span");
            instead.ClassName = "not-loaded";
            instead.SetAttribute("title", "Images from elsewhere are not loaded");
            instead.TextContent = element.GetAttribute("alt") is { Length: > 0 } alt ? alt : "image";
            element.Replace(instead);
        }
    }

    private static HtmlSanitizer MakeSanitizer()
    {
        var options = new HtmlSanitizerOptions
        {
            AllowedTags = new HashSet<string>(StringComparer.OrdinalIgnoreCase)
            {
                "a", "blockquote", "br", "code", "dd", "del", "div", "dl", "dt", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "img", "input", "li", "ol", "p", "pre", "s",
                "strong", "sub", "sup", "table", "tbody", "td", "th", "thead", "tr", "ul",
            },
            AllowedAttributes = new HashSet<string>(StringComparer.OrdinalIgnoreCase)
            {
                "alt", "checked", "class", "disabled", "height", "href", "id", "src", "start", "title", "type", "width",
            },
            AllowedClasses = new HashSet<string>(StringComparer.Ordinal)
            {
                "task-list-item", "contains-task-list", "footnotes", "footnote-ref", "footnote-back-ref", "markdown-alert", "markdown-alert-title", "markdown-alert-note",
                "markdown-alert-tip", "markdown-alert-important", "markdown-alert-warning", "markdown-alert-caution",
            },
            AllowedSchemes = new HashSet<string>(StringComparer.OrdinalIgnoreCase) { "http", "https", "mailto" },
            UriAttributes = new HashSet<string>(StringComparer.OrdinalIgnoreCase) { "href", "src" },
        };
        return new(options) { AllowDataAttributes = false };
    }

    private sealed class TooLongException : Exception;

    private sealed class BoundedWriter : StringWriter
    {
        public override Encoding Encoding => Encoding.UTF8;

        public override void Write(char value)
        {
            Check(1);
            base.Write(value);
        }

        public override void Write(string? value)
        {
            Check(value?.Length ?? 0);
            base.Write(value);
        }

        public override void Write(char[] buffer, int index, int count)
        {
            Check(count);
            base.Write(buffer, index, count);
        }

        public override void Write(ReadOnlySpan<char> buffer)
        {
            Check(buffer.Length);
            base.Write(buffer);
        }

        private void Check(int more)
        {
            if (GetStringBuilder().Length + more > MaxCharacters)
            {
                throw new TooLongException();
            }
        }
    }
}
