using Operone.Web.Files.Dav;
using Xunit;

namespace Operone.Tests.Web.Files.Dav;

public sealed class IfHeaderTests
{
    [Theory]
    [InlineData("")]
    [InlineData("()")]
    [InlineData("(<>)")]
    [InlineData("(<a>")]
    [InlineData("(<a>) x")]
    [InlineData("(a)")]
    [InlineData("([\"a\"")]
    [InlineData("<r>")]
    [InlineData("<r> <s> (<a>)")]
    [InlineData("(<a>) <r> (<b>)")]
    [InlineData("<r> (<a>) <s>")]
    [InlineData("(Not)")]
    public void Header_ThatIsNone_IsNotRead(string text) => Assert.Null(IfHeader.Parse(text));

    [Fact]
    public void Header_WithEverything_IsReadAsItIs()
    {
        var header = IfHeader.Parse(" <r>(<a> [W/\"t\"])( Not<b>)  <s> (Not [\"u\"]) ")!;
        Assert.Equal(["r", "r", "s"], header.Lists.Select(l => l.Resource));
        Assert.Equal([new(false, "a", null), new(false, null, "W/\"t\"")], header.Lists[0].Conditions);
        Assert.Equal([new(true, "b", null)], header.Lists[1].Conditions);
        Assert.Equal([new(true, null, "\"u\"")], header.Lists[2].Conditions);
        Assert.Equal(["a", "b"], header.Tokens);
    }

    [Fact]
    public void Header_OfRandomText_NeverThrows()
    {
        var random = new Random(4918);
        for (var i = 0; i < 20_000; i++)
        {
            IfHeader.Parse(string.Concat(Enumerable.Range(0, random.Next(20)).Select(_ => "(<>[]\" Nota"[random.Next(11)])));
        }
    }
}
