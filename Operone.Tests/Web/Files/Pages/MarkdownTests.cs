using System.Diagnostics;
using AngleSharp.Html.Parser;
using Operone.Core.Files;
using Operone.Web.Files.Pages.Look.Rendered;
using Xunit;

namespace Operone.Tests.Web.Files.Pages;

public sealed class MarkdownTests
{
    private static readonly TreePath _file = TreePath.Parse("/devices/web-1/srv/app/README.md").Value;

    [Fact]
    public void Markdown_Usual_IsRendered()
    {
        var html = Render("""
            ---
            title: x
            ---
            # Title
            A *word*, ~~gone~~, `code` and <kbd>Ctrl</kbd>.

            | a | b |
            |---|---|
            | 1 | 2 |

            - [x] done
            - [ ] open

            > [!WARNING]
            > Hot.

            ```csharp
            var a = "<b>";
            ```
            """);
        Assert.Contains("<h1 id=\"md-title\">Title</h1>", html, StringComparison.Ordinal);
        Assert.Contains("<em>word</em>", html, StringComparison.Ordinal);
        Assert.Contains("<del>gone</del>", html, StringComparison.Ordinal);
        Assert.Contains("<td>1</td>", html, StringComparison.Ordinal);
        Assert.Contains("markdown-alert-warning", html, StringComparison.Ordinal);
        Assert.Contains("type=\"checkbox\"", html, StringComparison.Ordinal);
        Assert.Contains("var a = \"&lt;b&gt;\";", html, StringComparison.Ordinal);
        Assert.DoesNotContain("title: x", html, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("<script>window.evil=1</script>")]
    [InlineData("a <script>window.evil=1</script> b")]
    [InlineData("<img src=x onerror=window.evil=1>")]
    [InlineData("<img src=\"a.png\" alt=\"`\"onerror=window.evil=1>")]
    [InlineData("<svg><script>1</script><g onload=alert(1)></svg>")]
    [InlineData("<svg/onload=alert(1)>")]
    [InlineData("<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>")]
    [InlineData("[x](javascript:alert(1))")]
    [InlineData("[x](JaVaScRiPt&colon;alert(1))")]
    [InlineData("[x](&#x6A;avascript:alert(1))")]
    [InlineData("[x](java\tscript:alert(1))")]
    [InlineData("[x](data:text/html;base64,PHNjcmlwdD4=)")]
    [InlineData("[x](vbscript:x) <javascript:alert(1)>")]
    [InlineData("![x](javascript:alert(1))")]
    [InlineData("![x](x\" onerror=\"alert(1))")]
    [InlineData("[x]: javascript:alert(1)\n\n[x]")]
    [InlineData("<a href=javascript:alert(1) onclick=alert(1)>x</a>")]
    [InlineData("<iframe src=/ srcdoc='<script>1</script>'></iframe>")]
    [InlineData("<form action=/sign-out method=post><input name=x><button>Go</button></form>")]
    [InlineData("<style>*{display:none}</style><link rel=stylesheet href=//evil><meta http-equiv=refresh content=0>")]
    [InlineData("<base href=//evil.example/><object data=x></object><embed src=x>")]
    [InlineData("# x {onclick=alert(1) #keys .notice style=position:fixed}")]
    [InlineData("<div style=\"position:fixed;inset:0\" id=keys data-submit data-keys class=\"notice\">x</div>")]
    [InlineData("```html\" onmouseover=\"alert(1)\n<script>1</script>\n```")]
    [InlineData("<img src='a.png'\n<script>alert(1)</script>>")]
    [InlineData("<!--><script>alert(1)</script>-->")]
    [InlineData("![a](https://evil.example/track.png) ![b](//evil.example/t.png) ![c](/\\evil.example/t.png) <img src=\"https://evil.example/a.png\">")]
    public void Markdown_Hostile_DoesNothingButShow(string text)
    {
        var html = Render(text);
        using var document = new HtmlParser().ParseDocument(html);
        string[] allowed = ["P", "A", "H1", "CODE", "PRE", "SPAN", "IMG", "BR", "DIV", "INPUT", "EM", "STRONG"];
        foreach (var element in document.Body!.QuerySelectorAll("*"))
        {
            Assert.Contains(element.TagName, allowed);
            foreach (var attribute in element.Attributes)
            {
                Assert.DoesNotMatch("^(on|style|srcdoc|data-|name|action)", attribute.Name);
                if (attribute.Name == "id")
                {
                    Assert.StartsWith("md-", attribute.Value, StringComparison.Ordinal);
                }

                if (attribute.Name == "href")
                {
                    Assert.Matches("^(https?:|mailto:|files/)", attribute.Value);
                }

                if (attribute.Name == "src")
                {
                    Assert.StartsWith("api/v1/files/devices/web-1/", attribute.Value, StringComparison.Ordinal);
                }
            }
        }
    }

    [Theory]
    [InlineData("[x](docs/a b.md)", "[x](docs/a b.md)", null)]
    [InlineData("[x](docs/a.md)", "files/devices/web-1/srv/app/docs/a.md", null)]
    [InlineData("[x](<docs/a b.md>)", "files/devices/web-1/srv/app/docs/a%20b.md", null)]
    [InlineData("[x](../b.md#part)", "files/devices/web-1/srv/b.md#md-part", null)]
    [InlineData("[x](#part)", "files/devices/web-1/srv/app/README.md#md-part", null)]
    [InlineData("[x](/etc/hosts)", "files/devices/web-1/etc/hosts", null)]
    [InlineData("[x](../../../../other/secret)", null, null)]
    [InlineData("![x](img/a.png)", null, "api/v1/files/devices/web-1/srv/app/img/a.png?inline=true")]
    [InlineData("![x](../a.svg?raw=true)", null, "api/v1/files/devices/web-1/srv/a.svg?inline=true")]
    [InlineData("![x](../../../../../devices/web-2/a.png)", null, null)]
    [InlineData("![x](settings)", null, null)]
    public void Addresses_InMarkdown_LeadToWhatLiesBesideIt(string text, string? href, string? source)
    {
        using var document = new HtmlParser().ParseDocument(Render(text));
        Assert.Equal(href?.StartsWith('[') == true ? null : href, document.QuerySelector("a")?.GetAttribute("href"));
        Assert.Equal(source, document.QuerySelector("img")?.GetAttribute("src"));
    }

    [Fact]
    public void Html_InMarkdown_KeepsItsWords()
    {
        var html = Render("<p align=\"center\">\n  <img src=\"logo.png\" alt=\"Logo\" width=\"100\">\n  <b>Fast</b> & small\n</p>\n\nPress <kbd>F1</kbd><br>now");
        Assert.Contains("src=\"api/v1/files/devices/web-1/srv/app/logo.png?inline=true\"", html, StringComparison.Ordinal);
        Assert.Contains("Fast &amp; small", html, StringComparison.Ordinal);
        Assert.Contains("Press F1<br>now", html, StringComparison.Ordinal);
    }

    public static TheoryData<string, string> Bombs => new()
    {
        { "brackets", new('[', 200_000) },
        { "quotes", new('>', 200_000) },
        { "lists", string.Concat(Enumerable.Repeat("- ", 100_000)) },
        { "emphasis", string.Concat(Enumerable.Repeat("*a **a ", 30_000)) },
        { "links", string.Concat(Enumerable.Repeat("[a](", 60_000)) },
        { "tags", string.Concat(Enumerable.Repeat("<b a=1><p>", 25_000)) },
        { "images", string.Concat(Enumerable.Repeat("<img src=a.png>", 16_000)) },
        { "references", $"[a]: /{new string('x', 100_000)}\n\n{string.Concat(Enumerable.Repeat("[a] ", 30_000))}" },
        { "tables", "|" + string.Concat(Enumerable.Repeat("a|", 5000)) + "\n|" + string.Concat(Enumerable.Repeat("-|", 5000)) + "\n" + string.Concat(Enumerable.Repeat("|a\n", 20_000)) },
        { "backticks", string.Concat(Enumerable.Range(1, 600).Select(i => new string('`', i) + " ")) },
        { "footnotes", string.Concat(Enumerable.Range(1, 15_000).Select(i => $"[^{i}] ")) + "\n\n" + string.Concat(Enumerable.Range(1, 5000).Select(i => $"[^{i}]: a\n")) },
    };

    [Theory]
    [MemberData(nameof(Bombs))]
    public void Markdown_MadeToTakeLong_EndsInTime(string name, string text)
    {
        var watch = Stopwatch.StartNew();
        _ = MarkdownText.Render(text.Length > MarkdownText.MaxBytes ? text[..MarkdownText.MaxBytes] : text, _file);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(20), $"{name} took {watch.Elapsed}.");
    }

    private static string Render(string text) => MarkdownText.Render(text, _file) ?? throw new InvalidOperationException("It was not rendered.");
}
