using System.Text;
using CsCheck;
using Operone.Agent.Cli.Operator.Terminals;
using Xunit;

namespace Operone.Tests.Agent.Cli;

public sealed class EscapeReaderTests
{
    [Theory]
    [InlineData("ls\r", "ls\r", "")]
    [InlineData("~.", "", "Leave")]
    [InlineData("a~.", "a~.", "")]
    [InlineData("a\r~.", "a\r", "Leave")]
    [InlineData("a\n~?~?b", "a\nb", "Help,Help")]
    [InlineData("~~.", "~.", "")]
    [InlineData("~/bin\r", "~/bin\r", "")]
    [InlineData("~\u001a", "", "Suspend")]
    [InlineData("~xy", "", "AskEnd,End")]
    [InlineData("~xavier", "~xavier", "AskEnd,Continue")]
    [InlineData("~\r~.", "~\r", "Leave")]
    public void Read_WhatIsTyped_TellsKeysFromCommands(string typed, string keys, string commands)
    {
        // in one piece, and key by key
        Assert.Equal((keys, commands), Read(EscapeReader.Default, [typed]));
        Assert.Equal((keys, commands), Read(EscapeReader.Default, typed.Select(c => $"{c}")));
    }

    [Fact]
    public void Read_WithoutAnEscape_PassesAll() => Gen.String[Gen.Char["~.x\r\n?y"], 0, 30].Sample(text => Read(null, [text]) == (text, ""));

    [Theory]
    [InlineData("~", (int)'~')]
    [InlineData("%", (int)'%')]
    [InlineData("^]", 0x1d)]
    [InlineData("^b", 2)]
    [InlineData("none", null)]
    public void TryParse_Known_IsRead(string text, int? expected)
    {
        Assert.True(EscapeReader.TryParse(text, out var escape));
        Assert.Equal(expected, escape);
    }

    [Theory]
    [InlineData("")]
    [InlineData("ab")]
    [InlineData("é")]
    [InlineData("^1")]
    public void TryParse_Other_IsRefused(string text) => Assert.False(EscapeReader.TryParse(text, out _));

    private static (string Keys, string Commands) Read(byte? escape, IEnumerable<string> pieces)
    {
        var reader = new EscapeReader(escape);
        var (all, commands) = (new StringBuilder(), new List<EscapeCommand>());
        foreach (var piece in pieces)
        {
            ReadOnlySpan<byte> rest = Encoding.UTF8.GetBytes(piece);
            var keys = new byte[rest.Length + 2];
            EscapeCommand command;
            do
            {
                command = reader.Read(ref rest, keys, out var count);
                all.Append(Encoding.UTF8.GetString(keys, 0, count));
                if (command != EscapeCommand.None)
                {
                    commands.Add(command);
                }
            }
            while (command != EscapeCommand.None);
        }

        return (all.ToString(), string.Join(',', commands));
    }
}
