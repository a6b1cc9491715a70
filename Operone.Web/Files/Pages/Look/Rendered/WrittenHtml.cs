using System.Text.RegularExpressions;
using Markdig.Renderers;
using Markdig.Renderers.Html;
using Markdig.Syntax;
using Markdig.Syntax.Inlines;

namespace Operone.Web.Files.Pages.Look.Rendered;

/// <summary>
/// HTML that stands in Markdown: images, line breaks and rules stay, which can hold nothing; of the rest the words stay. So no markup of a device's
/// is nested, unclosed or misread, whatever it is.
/// </summary>
internal static partial class WrittenHtml
{
    /// <summary>The longest tag that stays.</summary>
    private const int MaxTag = 4096;

    public sealed class Inline : HtmlObjectRenderer<HtmlInline>
    {
        protected override void Write(HtmlRenderer renderer, HtmlInline obj)
        {
            if (renderer.EnableHtmlForInline && IsKept(obj.Tag))
            {
                renderer.Write(obj.Tag);
            }
        }
    }

    public sealed class Block : HtmlObjectRenderer<HtmlBlock>
    {
        protected override void Write(HtmlRenderer renderer, HtmlBlock obj)
        {
            var text = obj.Lines.ToString();
            if (obj.Type is HtmlBlockType.Comment or HtmlBlockType.ProcessingInstruction or HtmlBlockType.DocumentType || Hidden().IsMatch(text))
            {
                return;
            }

            renderer.Write("<p>");
            var at = 0;
            foreach (var tag in Tag().EnumerateMatches(text))
            {
                renderer.WriteEscape(text.AsSpan(at, tag.Index - at));
                at = tag.Index + tag.Length;
                var written = text.Substring(tag.Index, tag.Length);
                if (IsKept(written))
                {
                    renderer.Write(written);
                }
            }

            renderer.WriteEscape(text.AsSpan(at));
            renderer.WriteLine("</p>");
        }
    }

    private static bool IsKept(string tag) => tag.Length < MaxTag && Kept().IsMatch(tag);

    [GeneratedRegex(@"\A\s*<(script|style|template|noscript|iframe|object|svg|math|textarea|title|head)\b", RegexOptions.IgnoreCase | RegexOptions.NonBacktracking)]
    private static partial Regex Hidden();

    [GeneratedRegex(@"<!--[\s\S]*?-->|</?[a-z][^<>]*>", RegexOptions.IgnoreCase | RegexOptions.NonBacktracking)]
    private static partial Regex Tag();

    // whole, with every quote closed: nothing after it is taken for a part of it
    [GeneratedRegex("""\A<(img|br|hr)(\s+[a-z-]+(\s*=\s*("[^"<>]*"|'[^'<>]*'|[^\s"'<>=`]+))?)*\s*/?>\z""", RegexOptions.IgnoreCase | RegexOptions.NonBacktracking)]
    private static partial Regex Kept();
}
