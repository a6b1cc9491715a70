using CsCheck;
using Operone.Web.Access.Pages;
using Xunit;

namespace Operone.Tests.Web.Access;

public sealed class LocalAddressTests
{
    [Theory]
    [InlineData("/")]
    [InlineData("/devices")]
    [InlineData("/runs?status=failed&q=a%20b")]
    [InlineData("/devices/%C3%BCber/settings#top")]
    [InlineData("/devices?next=https%3A%2F%2Felsewhere.example%2F")]
    [InlineData("/runs?text=%0A")]
    [InlineData("/api/")]
    public void Address_OfThisSite_IsFollowed(string address) => Assert.Equal(address, LocalAddress.Or(address, "/other"));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("devices")]
    [InlineData("//evil.example")]
    [InlineData("///evil.example")]
    [InlineData("/\\evil.example")]
    [InlineData("\\\\evil.example")]
    [InlineData("/%2f%2fevil.example")]
    [InlineData("/%2Fevil.example")]
    [InlineData("/%5cevil.example")]
    [InlineData("/%252fevil.example")]
    [InlineData("/%25252fevil.example")]
    [InlineData("/%2525252525252fevil.example")]
    [InlineData("/.//evil.example")]
    [InlineData("/a/..//evil.example")]
    [InlineData("https:evil.example")]
    [InlineData("https://evil.example")]
    [InlineData("javascript:alert(1)")]
    [InlineData("/\t/evil.example")]
    [InlineData("/\n/evil.example")]
    [InlineData("/%09/evil.example")]
    [InlineData("/%0d%0aSet-Cookie:x=y")]
    [InlineData("\t//evil.example")]
    [InlineData(" //evil.example")]
    [InlineData("/ü")]
    [InlineData("/a b")]
    [InlineData("/\u2028/evil.example")]
    [InlineData("/\0")]
    public void Address_OfAnother_IsNotFollowed(string? address) => Assert.Equal("/other", LocalAddress.Or(address, "/other"));

    [Fact]
    public void Address_TooLong_IsNotFollowed() => Assert.Equal("/other", LocalAddress.Or("/" + new string('a', LocalAddress.MaxLength), "/other"));

    [Fact]
    public void Address_Whatever_StaysOnThisSite()
    {
        var piece = Gen.OneOf(
            Gen.OneOf<string>("/", "//", "\\", "%2f", "%5c", "%252f", "%09", "%00", "\t", "\n", "\r", "?", "#", "@", ":", ".", "..", "https:", "evil.example", "devices", "%", "%c3%bc", "\u3002"),
            Gen.Char.Select(c => c.ToString()));
        piece.Array[0, 8].Select(pieces => "/" + string.Concat(pieces)).Sample(
            address =>
            {
                if (!LocalAddress.IsLocal(address))
                {
                    return;
                }

                // As browsers do it: tabs and line ends are dropped, and a backslash is a slash; before and after decoding.
                foreach (var form in (string[])[address, Uri.UnescapeDataString(address.Split('?', '#')[0])])
                {
                    var read = form.Replace("\t", "", StringComparison.Ordinal).Replace("\n", "", StringComparison.Ordinal)
                        .Replace("\r", "", StringComparison.Ordinal).Replace('\\', '/');
                    Assert.False(read.StartsWith("//", StringComparison.Ordinal), address);
                    Assert.Equal("ours.example", new Uri(new Uri("https://ours.example/sign-in"), read).Host);
                }

                Assert.True(address.All(c => c is >= '!' and <= '~'), address);
            },
            iter: 20_000);
    }

    /// <summary>An address that comes from outside is followed nowhere but through <see cref="LocalAddress"/>.</summary>
    [Fact]
    public void ReturnUrl_WhereverItIsTaken_GoesThroughHere()
    {
        var wrong = Architecture.SourceTree.Files("Operone.Web", "*.razor").Concat(Architecture.SourceTree.Files("Operone.Web"))
            .Where(file => File.ReadLines(file).Any(line => line.Contains("returnUrl", StringComparison.OrdinalIgnoreCase)
                && (line.Contains("NavigateTo(", StringComparison.Ordinal) || line.Contains("Redirect(", StringComparison.Ordinal)
                    || line.Contains("RedirectUri =", StringComparison.Ordinal) || line.Contains("Location =", StringComparison.Ordinal))
                && !line.Contains("LocalAddress.", StringComparison.Ordinal)))
            .Select(Path.GetFileName);
        Assert.Empty(wrong);
    }
}
