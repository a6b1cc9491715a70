using System.Text;
using CsCheck;
using Operone.Agent.Platforms;
using Operone.Agent.Platforms.Windows;
using Xunit;

namespace Operone.Tests.Agent.Platforms;

/// <summary>What a process on Windows starts with. Pure, so that it is tested anywhere.</summary>
public sealed class WindowsTextTests
{
    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("", "\"\"")]
    [InlineData("two words", "\"two words\"")]
    [InlineData("tab\there", "\"tab\there\"")]
    [InlineData(@"C:\Windows\System32", @"C:\Windows\System32")]
    [InlineData(@"C:\Program Files\", @"""C:\Program Files\\""")]
    [InlineData("say \"hi\"", "\"say \\\"hi\\\"\"")]
    [InlineData("quote\"", "\"quote\\\"\"")]
    [InlineData(@"a\""b", @"""a\\\""b""")]
    [InlineData(@"a\\b c", @"""a\\b c""")]
    [InlineData("a&b|c>d", "a&b|c>d")]
    [InlineData("größer", "größer")]
    public void CommandLine_OneArgument_IsQuotedWhereItMustBe(string argument, string line) =>
        Assert.Equal(line, WindowsText.CommandLine([argument]));

    [Fact]
    public void CommandLine_AnyArguments_AreTakenApartAsTheyWere() => Gen.String[Gen.OneOf(Gen.Const('a'), Gen.Const(' '), Gen.Const('"'), Gen.Const('\\'), Gen.Const('\t'), Gen.Const('é'))].Array[1, 6]
        .Sample(arguments => Assert.Equal(arguments, TakenApart(WindowsText.CommandLine(["p", .. arguments]))[1..]));

    [Fact]
    public void EnvironmentBlock_Variables_AreSortedAndClosed() => Assert.Equal(
        "a=1\0B=2\0c=x=y\0\0", WindowsText.EnvironmentBlock(["c=x=y", "B=2", "a=1"]));

    [Fact]
    public void EnvironmentBlock_None_IsStillClosed() => Assert.Equal("\0\0", WindowsText.EnvironmentBlock([]));

    [Fact]
    public void EnvironmentBlock_NameThatComesTwice_HasTheLastValue() => Assert.Equal("PATH=2\0\0", WindowsText.EnvironmentBlock(["Path=1", "PATH=2"]));

    [Fact]
    public void EnvironmentBlock_DirectoryOfADrive_KeepsItsName() => Assert.Equal("=C:=C:\\x\0A=\0\0", WindowsText.EnvironmentBlock(["A=", "=C:=C:\\x"]));

    [Fact]
    public void PipeName_Path_NamesTheExecution()
    {
        Assert.Equal("operone-0199aaaa-t", LocalConnection.PipeName("C:\\ProgramData\\Operone/x/0199aaaa/t"));
        Assert.Equal("operone-0199aaaa-s", LocalConnection.PipeName(@"D:\s\x\0199aaaa\s"));
    }

    /// <summary>CommandLineToArgvW, as Microsoft describes it, for what follows the program's name.</summary>
    private static List<string> TakenApart(string line)
    {
        var all = new List<string>();
        for (var i = 0; i < line.Length;)
        {
            while (i < line.Length && line[i] is ' ' or '\t')
            {
                i++;
            }

            if (i == line.Length)
            {
                break;
            }

            var (one, isQuoted) = (new StringBuilder(), false);
            for (; i < line.Length && (isQuoted || line[i] is not (' ' or '\t')); i++)
            {
                var backslashes = 0;
                for (; i < line.Length && line[i] == '\\'; i++)
                {
                    backslashes++;
                }

                if (i < line.Length && line[i] == '"')
                {
                    one.Append('\\', backslashes / 2);
                    if (backslashes % 2 == 1)
                    {
                        one.Append('"');
                    }
                    else
                    {
                        isQuoted = !isQuoted;
                    }

                    continue;
                }

                one.Append('\\', backslashes);
                i--;
                if (backslashes == 0)
                {
                    one.Append(line[++i]);
                }
            }

            all.Add(one.ToString());
        }

        return all;
    }
}
