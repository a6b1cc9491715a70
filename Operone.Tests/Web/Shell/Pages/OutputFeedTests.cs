using System.Text;
using CsCheck;
using Operone.Core.Shell;
using Operone.Web.Shell.Pages.Output;
using Xunit;

namespace Operone.Tests.Web.Shell.Pages;

public sealed class OutputFeedTests
{
    [Theory]
    [InlineData("plain\n", "plain")]
    [InlineData("two  spaces\tand a tab\n", "two  spaces\tand a tab")]
    [InlineData("a\r\nb\n", "a|b")]
    [InlineData("10 %\r20 %\r100 %\n", "100 %")]
    [InlineData("longer\rab\n", "abnger")]
    [InlineData("longer\r\u001b[Kab\n", "ab")]
    [InlineData("abc\b\bX\n", "aXc")]
    [InlineData("\u001b]0;a title\u0007text\n", "text")]
    [InlineData("\u001b]8;;https://example.org\u001b\\link\u001b]8;;\u001b\\\n", "link")]
    [InlineData("\u001b[?25lhidden cursor\u001b[?25h\n", "hidden cursor")]
    [InlineData("\u001b(Bcharset\n", "charset")]
    [InlineData("\n\nafter two empty ones\n", "||after two empty ones")]
    [InlineData("nul \0 shown\n", "nul \u2400 shown")]
    [InlineData("col\u001b[10Gten\n", "col      ten")]
    public void Text_AsATerminalTakesIt_HasTheseLines(string written, string lines) =>
        Assert.Equal(lines, string.Join('|', Lines(Read(Encoding.UTF8.GetBytes(written)))));

    [Fact]
    public void Markup_InOutput_IsText() =>
        Assert.Contains("&lt;script&gt;&amp;", Html(Read("<script>&\n"u8)), StringComparison.Ordinal);

    [Fact]
    public void InvalidUtf8_IsReplaced_AndTheRestIsKept() =>
        Assert.Equal(["a\ufffdb"], Lines(Read([(byte)'a', 0xff, (byte)'b', (byte)'\n'])));

    [Theory]
    [InlineData("\u001b[31mred\u001b[0m", "f1")]
    [InlineData("\u001b[1;92mbright\u001b[m", "b f10")]
    [InlineData("\u001b[44mback\u001b[49m", "g4")]
    [InlineData("\u001b[7minverse\u001b[27m", "if ib")]
    [InlineData("\u001b[38;5;208morange\u001b[0m", "--c:#ff8700")]
    [InlineData("\u001b[38;2;1;2;3mrgb\u001b[0m", "--c:#010203")]
    [InlineData("\u001b[48;5;232mgrey\u001b[0m", "background:#080808")]
    public void Colour_IsKeptAsASpan(string written, string expected) =>
        Assert.Contains(expected, Html(Read(Encoding.UTF8.GetBytes(written + "\n"))), StringComparison.Ordinal);

    [Fact]
    public void Colour_LastsOverLines_UntilItIsReset()
    {
        var html = Html(Read("\u001b[31mone\ntwo\u001b[0m\nthree\n"u8));
        Assert.Equal(2, html.Split("class=\"f1 \"").Length - 1);
    }

    [Fact]
    public void Stderr_IsMarked_AndDoesNotBreakAnOpenLineOfStdout()
    {
        var feed = new OutputFeed();
        feed.Read(OutputStream.Stdout, "half "u8);
        feed.Read(OutputStream.Stderr, "error\n"u8);
        feed.Read(OutputStream.Stdout, "whole\n"u8);
        var html = Html(feed);
        Assert.Contains("<div class=\"l e\">error", html, StringComparison.Ordinal);
        Assert.Contains("<div class=\"l\">half whole", html, StringComparison.Ordinal);
    }

    [Fact]
    public void OpenLine_IsTakenAgain_UntilItEnds()
    {
        var feed = new OutputFeed();
        feed.Read(OutputStream.Stdout, "wait"u8);
        Assert.Contains("wait", feed.Take().Open, StringComparison.Ordinal);
        feed.Read(OutputStream.Stdout, " done\n"u8);
        var update = feed.Take();
        Assert.Empty(update.Open);
        Assert.Contains("wait done", Assert.Single(update.Blocks).Html, StringComparison.Ordinal);
    }

    [Fact]
    public void EndlessOutput_KeepsTheLastLines_AndSaysThatMoreCame()
    {
        var feed = new OutputFeed();
        for (var i = 0; i < 200_000; i++)
        {
            feed.Read(OutputStream.Stdout, Encoding.UTF8.GetBytes($"{i}\n"));
        }

        var update = feed.Take();
        Assert.True(update.Clear);
        Assert.True(feed.HasLeftOut);
        Assert.InRange(update.Blocks.Sum(b => b.Lines), OutputFeed.MaxLines, OutputFeed.MaxLines + 100);
        Assert.Contains("199999", update.Blocks[^1].Html, StringComparison.Ordinal);
    }

    [Fact]
    public void LineOf50Megabytes_IsCut_AndSaysByHowMuch()
    {
        var feed = new OutputFeed();
        var piece = Encoding.UTF8.GetBytes(new string('x', 1024 * 1024));
        for (var i = 0; i < 50; i++)
        {
            feed.Read(OutputStream.Stdout, piece);
        }

        feed.Read(OutputStream.Stdout, "\n"u8);
        var html = Html(feed);
        Assert.InRange(html.Length, TextLine.MaxLength, TextLine.MaxLength + 200);
        Assert.Contains($"{(50 * 1024 * 1024) - TextLine.MaxLength} more characters", html, StringComparison.Ordinal);
    }

    [Fact]
    public void Pieces_HoweverTheyAreCut_GiveTheSame() =>
        Gen.Select(Gen.String[Gen.Char["a\u001b[31m;m\r\n\b\t<é✓\u001b]0K0;2"], 0, 60], Gen.Int[1, 7]).Sample((text, size) =>
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            var whole = new OutputFeed();
            whole.Read(OutputStream.Stdout, bytes);
            var cut = new OutputFeed();
            foreach (var piece in bytes.Chunk(size))
            {
                cut.Read(OutputStream.Stdout, piece);
            }

            return Html(whole) == Html(cut);
        });

    private static OutputFeed Read(ReadOnlySpan<byte> bytes)
    {
        var feed = new OutputFeed();
        feed.Read(OutputStream.Stdout, bytes);
        return feed;
    }

    private static string Html(OutputFeed feed)
    {
        var update = feed.Take();
        return string.Concat(update.Blocks.Select(b => b.Html)) + update.Open;
    }

    private static string[] Lines(OutputFeed feed) => [.. Html(feed)
        .Split("</div>", StringSplitOptions.RemoveEmptyEntries).Select(l => l[(l.IndexOf('>', StringComparison.Ordinal) + 1)..].Replace("<br>", "", StringComparison.Ordinal))];
}
