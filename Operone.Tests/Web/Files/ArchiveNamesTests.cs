using Operone.Core.Files;
using Operone.Web.Files.Unpack;
using Xunit;

namespace Operone.Tests.Web.Files;

public sealed class ArchiveNamesTests
{
    [Theory]
    [InlineData("a/b", "/a/b")]
    [InlineData("./a//b/", "/a/b")]
    [InlineData("...", "/...")]
    [InlineData("./", "/")]
    [InlineData("/a", null)]
    [InlineData("../a", null)]
    [InlineData("a/../b", null)]
    [InlineData("a\\..\\b", null)]
    [InlineData("\\a", null)]
    [InlineData("C:\\a", null)]
    [InlineData("c:a", null)]
    [InlineData("a\0b", null)]
    public void Name_InAnArchive_IsAPlaceInTheFolderOrNone(string name, string? path)
    {
        var (found, refusal) = ArchiveNames.Read(name);
        Assert.Equal(path, found?.ToString());
        Assert.Equal(path is null, refusal is not null);
    }

    [Theory]
    [InlineData("l", "a", true)]
    [InlineData("l", "./a/b", true)]
    [InlineData("d/l", "../a", true)]
    [InlineData("d/e/l", "../../a", true)]
    [InlineData("l", "..", false)]
    [InlineData("d/l", "../../a", false)]
    [InlineData("l", "a/../../b", false)]
    [InlineData("l", "a/..", false)]
    [InlineData("d/l", ".\\..\\..\\a", false)]
    [InlineData("l", "/etc/passwd", false)]
    [InlineData("l", "C:/x", false)]
    [InlineData("l", "\\\\server\\x", false)]
    [InlineData("l", "", false)]
    public void Target_OfALink_LeadsToSomethingInTheFolder(string link, string target, bool isFine) =>
        Assert.Equal(isFine, ArchiveNames.CheckTarget(TreePath.Parse(link).Value, target) is null);

    [Fact]
    public void Meter_StopsAtEachLimit()
    {
        var options = new UnpackOptions { MaxEntries = 2, MaxBytes = 100L << 20, MaxRatio = 10 };
        var meter = new UnpackMeter(options) { In = 1 << 20 };
        meter.AddEntry();
        meter.AddEntry();
        Assert.Throws<UnpackStop>(meter.AddEntry);
        meter.Add(10 << 20); // little is always fine
        Assert.Equal("archive-too-much", Assert.Throws<UnpackStop>(() => meter.Add(10 << 20)).Error.Code);
        meter = new UnpackMeter(options) { In = 50 << 20 };
        meter.Add(100 << 20);
        Assert.Contains("MaxBytes", Assert.Throws<UnpackStop>(() => meter.Add(1)).Error.Detail, StringComparison.Ordinal);
        Assert.True(new UnpackOptionsValidation().Validate(null, new()).Succeeded);
        Assert.Equal(3, new UnpackOptionsValidation().Validate(null, new() { MaxEntries = 0, MaxBytes = 0, MaxRatio = 1 }).Failures!.Count());
    }
}
