using System.Text;
using Operone.Agent.Cli.Operator.Terminals;
using Xunit;

namespace Operone.Tests.Agent.Cli;

public sealed class ScreenModesTests
{
    private const string Always = "\e[0m\e(B\x0f";

    [Theory]
    [InlineData("plain \e[31mred\e[0m \e]0;title\a\e]8;;x\e\\", "")]
    [InlineData("\e[?1049h\e[?25l", "\e[?25h\e[?1049l")]
    [InlineData("\e[?1049h\e[?25l\e[?1049l\e[?25h", "")]
    [InlineData("\e[?1000;1006h", "\e[?1000l\e[?1006l")]
    [InlineData("\e[?7l\e[?2004h\e[?1h\e=", "\e>\e[?1l\e[?7h\e[?2004l")]
    [InlineData("\e[2;10r", "\e7\e[r\e8")]
    [InlineData("\e[2;10r\e[r", "")]
    [InlineData("\e[4h\e[5 q\e[>4;2m\e[>1u\e[>1u\e[<u", "\e[<u\e[>4m\e[4l\e[0 q")]
    [InlineData("\e[?1049h\e[?1000h\ec", "")]
    [InlineData("\e[?2026h", "\e[?2026l")]
    [InlineData("\e]0;a title \e[?1049h with what it may not have\a", "\e[?1049l")]
    [InlineData("\ePq data ?1049h \e\\", "")]
    [InlineData("\e]0;cut off", "\e\\")]
    [InlineData("\e[?10", "\e\\")]
    [InlineData("\e[?999999999999h\e[;;;h\e[?h", "")]
    public void Undo_AfterWhatWasPrinted_UndoesWhatIsOn(string printed, string expected)
    {
        var bytes = Encoding.UTF8.GetBytes(printed);
        var (whole, apart) = (new ScreenModes(), new ScreenModes());
        whole.Watch(bytes);
        foreach (var b in bytes)
        {
            apart.Watch([b]);
        }

        Assert.Equal(expected + Always, Encoding.ASCII.GetString(whole.Undo()));
        Assert.Equal(expected + Always, Encoding.ASCII.GetString(apart.Undo()));
        Assert.Equal(Always, Encoding.ASCII.GetString(whole.Undo()));
    }
}
