using System.Text;
using CsCheck;
using Operone.Core.Files;
using Xunit;

namespace Operone.Tests.Core.Files;

public sealed class FileNameTests
{
    [Fact]
    public void Name_OfAnyBytes_ComesBackAsItWas() =>
        Gen.Byte.Array[0, 40].Sample(bytes =>
        {
            var name = FileName.FromBytes(bytes);
            return FileName.ToBytes(name).AsSpan().SequenceEqual(bytes)
                && FileName.ToBytes(FileName.FromSegment(FileName.ToSegment(name))!).AsSpan().SequenceEqual(bytes);
        }, iter: 20_000);

    [Fact]
    public void Name_OfAnyText_IsItsUtf8() =>
        Gen.String[0, 30].Where(t => !t.Any(char.IsSurrogate)).Sample(
            text => FileName.FromSegment(FileName.ToSegment(text)) == text && FileName.ToBytes(text).AsSpan().SequenceEqual(Encoding.UTF8.GetBytes(text)), iter: 10_000);

    [Theory]
    [InlineData("plain.txt", "plain.txt")]
    [InlineData("a b", "a%20b")]
    [InlineData("50%", "50%25")]
    [InlineData("ü", "%C3%BC")]
    [InlineData("a/b", "a%2Fb")]
    [InlineData("line\nbreak", "line%0Abreak")]
    [InlineData("😀", "%F0%9F%98%80")]
    [InlineData("q?#", "q%3F%23")]
    public void Segment_IsPercentEncoded(string name, string segment)
    {
        Assert.Equal(segment, FileName.ToSegment(name));
        Assert.Equal(name, FileName.FromSegment(segment));
    }

    [Fact]
    public void Name_ThatIsNotUtf8_IsKeptAndShownAsWhatItIs()
    {
        var name = FileName.FromSegment("%FF%80x")!;
        Assert.Equal("\udcff\udc80x", name);
        Assert.Equal("%FF%80x", FileName.ToSegment(name));
        Assert.Equal("\uFFFD\uFFFDx", FileName.Display(name));
    }

    [Theory]
    [InlineData("%")]
    [InlineData("%4")]
    [InlineData("%zz")]
    [InlineData("a%+1")]
    public void Segment_ThatIsNone_IsNone(string segment) => Assert.Null(FileName.FromSegment(segment));

    [Theory]
    [InlineData("evil\u202Etxt.exe", "evil\uFFFDtxt.exe")]
    [InlineData("a\nb\u001b[31m", "a\uFFFDb\uFFFD[31m")]
    [InlineData("😀ü", "😀ü")]
    public void Display_MovesAndHidesNothing(string name, string shown) => Assert.Equal(shown, FileName.Display(name));
}

public sealed class TreePathTests
{
    [Theory]
    [InlineData("/", "/")]
    [InlineData("", "/")]
    [InlineData("/etc/hosts/", "/etc/hosts")]
    [InlineData("etc/na%FFme", "/etc/na%FFme")]
    [InlineData("/a%20b/%C3%BC", "/a%20b/%C3%BC")]
    public void Path_ReadsAsItIsWritten(string address, string written) => Assert.Equal(written, TreePath.Parse(address).Value.ToAddress());

    [Theory]
    [InlineData("/a/../b")]
    [InlineData("/a/%2e%2e/b")]
    [InlineData("/./a")]
    [InlineData("/a//b")]
    [InlineData("/a%00b")]
    [InlineData("/a%2Fb")]
    [InlineData("/a%")]
    public void Path_ThatIsNone_IsRefusedInWords(string address)
    {
        var path = TreePath.Parse(address);
        Assert.True(path.IsError);
        Assert.Contains("is no path", path.Error!.Fields!["path"][0], StringComparison.Ordinal);
    }

    [Fact]
    public void Path_TooLongOrTooDeep_IsRefused()
    {
        Assert.True(TreePath.Parse(new string('a', 256)).IsError);
        Assert.False(TreePath.Parse(new string('a', 255)).IsError);
        Assert.True(TreePath.Parse(string.Join('/', Enumerable.Repeat("a", 257))).IsError);
        Assert.True(TreePath.Parse(string.Join('/', Enumerable.Repeat(new string('a', 250), 17))).IsError);
    }

    [Fact]
    public void Path_KnowsWhatItIsIn()
    {
        var path = TreePath.Parse("/srv/data/x").Value;
        Assert.True(path.IsIn(TreePath.Parse("/srv").Value));
        Assert.True(path.IsIn(path) && path.IsIn(TreePath.Top));
        Assert.False(path.IsIn(TreePath.Parse("/sr").Value));
        Assert.Equal("/data/x", path.Below(1).ToAddress());
        Assert.Equal(path, path.Parent.Child("x"));
    }
}

public sealed class FilePatternTests
{
    [Theory]
    [InlineData("*.key", "/a/b/x.key", true)]
    [InlineData("*.key", "/a/x.key/below", true)]
    [InlineData("*.key", "/a/x.keys", false)]
    [InlineData("/etc/shadow", "/etc/shadow", true)]
    [InlineData("/etc/shadow", "/x/etc/shadow", false)]
    [InlineData("/etc/shadow", "/etc", false)]
    [InlineData("**/.ssh", "/home/a/.ssh/id", true)]
    [InlineData("**/.ssh", "/.ssh", true)]
    [InlineData("/home/*/.ssh/**", "/home/a/.ssh/id", true)]
    [InlineData("/home/*/.ssh/**", "/home/a/.ssh", false)]
    [InlineData("/home/*/.ssh/**", "/home/a/b/.ssh/id", false)]
    [InlineData("/a/**/z", "/a/z", true)]
    [InlineData("/a/**/z", "/a/b/c/z", true)]
    [InlineData("/a/**/z", "/a/b/c", false)]
    [InlineData("x?z", "/xyz", true)]
    [InlineData("x[!a-c]z", "/xbz", false)]
    [InlineData("x[!a-c]z", "/xdz", true)]
    [InlineData("[a-c]*", "/b1", true)]
    [InlineData(".ssh/", "/home/.ssh/x", true)]
    [InlineData("a*b*c*d", "/aXbXcXd", true)]
    [InlineData("*", "/", false)]
    public void Pattern_Matches(string pattern, string path, bool matches) =>
        Assert.Equal(matches, FilePattern.Parse(pattern).Matches(TreePath.Parse(path.Replace("[", "%5B", StringComparison.Ordinal)).Value));

    [Theory]
    [InlineData("/a*b/[c]/d?/e\\f")]
    [InlineData("/plain")]
    public void Pattern_OfAPath_IsOfThatAlone(string text)
    {
        var path = TreePath.FromNames(text.Trim('/').Split('/')).Value;
        var pattern = FilePattern.Parse(FilePattern.Of(path));
        Assert.True(pattern.Matches(path) && pattern.Matches(path.Child("x")));
        Assert.False(pattern.Matches(TreePath.FromNames(["aXb", "c", "dX", "ef"]).Value) || pattern.Matches(path.Parent) || pattern.Matches(TreePath.FromNames(["x", .. path.Names]).Value));
    }

    [Fact]
    public void Pattern_WithoutCase_IsSo() => Assert.True(FilePattern.Parse("*.KEY", ignoreCase: true).Matches(TreePath.Parse("/x.key").Value));

    [Fact]
    public void Pattern_OfManyStars_TakesNoTime()
    {
        var name = new string('a', 255);
        var pattern = FilePattern.Parse(string.Concat(Enumerable.Repeat("*a", 100)) + "b");
        var path = TreePath.Parse(string.Join('/', Enumerable.Repeat(name, 15))).Value;
        var clock = System.Diagnostics.Stopwatch.StartNew();
        Assert.False(pattern.Matches(path));
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(1));
    }
}
