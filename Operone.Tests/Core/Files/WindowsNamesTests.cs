using Operone.Core.Files;
using Xunit;

namespace Operone.Tests.Core.Files;

public sealed class WindowsNamesTests
{
    [Theory]
    [InlineData("file.txt")]
    [InlineData("a b")]
    [InlineData(".hidden")]
    [InlineData("CONTENT")]
    [InlineData("COM10")]
    [InlineData("console.log")]
    [InlineData("~")]
    [InlineData("a~b")]
    [InlineData("backup~")]
    [InlineData("longer-than-eight~1")]
    [InlineData("é😀")]
    public void Name_ThatIsOne_IsTaken(string name) => Assert.Null(WindowsNames.Check(name));

    [Theory]
    [InlineData("CON")]
    [InlineData("con")]
    [InlineData("NUL.txt")]
    [InlineData("nul .txt")]
    [InlineData("COM1")]
    [InlineData("com¹.log")]
    [InlineData("LPT9.tar.gz")]
    [InlineData("CONIN$")]
    [InlineData("trailing.")]
    [InlineData("trailing ")]
    [InlineData("file:stream")]
    [InlineData("file::$DATA")]
    [InlineData("C:")]
    [InlineData("a\\b")]
    [InlineData("a/b")]
    [InlineData("..")]
    [InlineData("a*")]
    [InlineData("a?")]
    [InlineData("a\"b")]
    [InlineData("a<b")]
    [InlineData("a|b")]
    [InlineData("new\nline")]
    [InlineData("a\u0085b")]
    [InlineData("PROGRA~1")]
    [InlineData("a~12.htm")]
    public void Name_ThatWindowsTakesForSomethingElse_IsRefused(string name) => Assert.NotNull(WindowsNames.Check(name));

    [Fact]
    public void Name_ThatIsNoUnicode_IsRefused() => Assert.NotNull(WindowsNames.Check("a\uDC80"));

    [Theory]
    [InlineData("C:", true)]
    [InlineData("z:", true)]
    [InlineData("CC:", false)]
    [InlineData("1:", false)]
    [InlineData("C", false)]
    public void Drive_IsALetterAndAColon(string name, bool isDrive) => Assert.Equal(isDrive, WindowsNames.IsDrive(name));
}
