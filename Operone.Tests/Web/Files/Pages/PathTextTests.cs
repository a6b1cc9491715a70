using Operone.Core.Files;
using Operone.Web.Files.Pages;
using Xunit;

namespace Operone.Tests.Web.Files.Pages;

public sealed class PathTextTests
{
    [Theory]
    [InlineData("https://ops.example.org/files", "/")]
    [InlineData("https://ops.example.org/files/", "/")]
    [InlineData("https://ops.example.org/files?q=a", "/")]
    [InlineData("https://ops.example.org/files/devices/web-1/etc?sort=-size", "/devices/web-1/etc")]
    [InlineData("https://ops.example.org/files/devices/files/files#x", "/devices/files/files")]
    [InlineData("https://files.example.org/files/devices/a%2541%FF", "/devices/a%2541%FF")]
    public void Address_OfAPage_IsReadAsItWasSent(string uri, string address) =>
        Assert.Equal(address, PathText.FromUri(uri).Value.ToAddress());

    [Theory]
    [InlineData("plain.txt", "plain.txt")]
    [InlineData("Röntgen 🩻.txt", "Röntgen 🩻.txt")]
    [InlineData("it's \"quoted\"", "it's \"quoted\"")]
    [InlineData("100%", "100%25")]
    [InlineData("line\nbreak", "line%0Abreak")]
    [InlineData("\u202Etxt.exe", "%E2%80%AEtxt.exe")]
    public void Name_Written_ComesBackAsItWas(string name, string written)
    {
        Assert.Equal(written, PathText.WriteName(name));
        Assert.Equal((name, null), PathText.ReadName(written));
        var path = TreePath.FromNames("devices", "web-1", name).Value;
        Assert.Equal(path, PathText.Read(PathText.Write(path)).Value);
        Assert.Equal(path, PathText.FromUri("https://ops.example.org/" + PathText.Href(path)).Value);
    }

    // an attribute of a test cannot hold such a name
    [Fact]
    public void Name_ThatIsNotUtf8_IsWrittenPercentEncoded() => Name_Written_ComesBackAsItWas("not\uDCFFutf8", "not%FFutf8");

    [Theory]
    [InlineData("/devices/web-1/100% sure", "100% sure")]
    [InlineData("devices/web-1/50%/", "50%")]
    [InlineData("  /devices/web-1/a%20b ", "a b")]
    public void Path_TypedByAPerson_IsUnderstood(string typed, string name) => Assert.Equal(name, PathText.Read(typed).Value.Name);

    [Theory]
    [InlineData("")]
    [InlineData("..")]
    [InlineData("a/b")]
    [InlineData("a%2Fb")]
    public void Name_ThatIsNone_IsRefusedInWords(string typed)
    {
        var (name, problem) = PathText.ReadName(typed);
        Assert.Null(name);
        Assert.NotNull(problem);
    }

    [Theory]
    [InlineData("0644", "rw-r--r--")]
    [InlineData("755", "rwxr-xr-x")]
    [InlineData("4755", "rwsr-xr-x")]
    [InlineData("1777", "rwxrwxrwt")]
    [InlineData("2640", "rw-r-S---")]
    [InlineData(null, "")]
    public void Mode_InOctalDigits_IsShownAsLsDoes(string? octal, string shown) => Assert.Equal(shown, FileText.Mode(octal));
}
