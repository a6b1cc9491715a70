using System.Text;
using CsCheck;
using Operone.Core.Shell;
using Xunit;

namespace Operone.Tests.Core.Shell;

/// <summary>What is made of recordings: events, lines that people saw, and text that cannot reach outside of a screen.</summary>
public sealed class RecordingTextTests
{
    [Fact]
    public void Decoder_Recording_GivesItsEvents()
    {
        var events = Decode("""
            {"version": 2, "width": 120, "height": 40, "env": {"TERM": "xterm", "width": 3}}
            [0.5, "o", "a\u001b[1mb"]
            [1.25, "i", "x"]
            [2, "r", "80x24"]
            [3, "m", ""]
            """, out var decoder);
        Assert.Equal((120, 40, 0L), (decoder.Columns, decoder.Rows, decoder.Broken));
        Assert.Equal(
            [
                new(0.5, AsciicastEventKind.Output, "a\e[1mb"), new(1.25, AsciicastEventKind.Input, "x"),
                new(2, AsciicastEventKind.Resize, "80x24"), new(3, AsciicastEventKind.Other, ""),
            ], events);
    }

    [Theory]
    [InlineData("[0.5, \"o\", \"cut")]
    [InlineData("[0.5, \"o\"]")]
    [InlineData("[\"0.5\", \"o\", \"x\"]")]
    [InlineData("[0.5, \"o\", \"x\", 1]")]
    [InlineData("[0.5, \"o\", \"x\"] trailing")]
    [InlineData("[1e999, \"o\", \"x\"]")]
    [InlineData("[0.5, \"o\", {\"a\":[[[[[[[[[[[[[[]]]]]]]]]]]]]]}]")]
    [InlineData("[0.5, \"o\", \"\\ud800\"]")]
    [InlineData("{\"version\": 2}")]
    [InlineData("nonsense")]
    [InlineData("\0\u0001\u0002")]
    public void Decoder_BrokenLine_IsLeftOut(string line)
    {
        var events = Decode($"{{\"version\":2}}\n[0, \"o\", \"a\"]\n{line}\n[1, \"o\", \"b\"]", out var decoder);
        Assert.Equal(["a", "b"], events.Select(e => e.Data));
        Assert.Equal(1, decoder.Broken);
    }

    [Fact]
    public void Decoder_EndlessLine_IsLeftOutInBoundedMemory()
    {
        var decoder = new AsciicastDecoder();
        decoder.Append("{\"version\":2}\n[0,\"o\",\""u8);
        var piece = new byte[1024 * 1024];
        Array.Fill(piece, (byte)'x');
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
        {
            decoder.Append(piece);
        }

        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 4 * AsciicastDecoder.MaxLineBytes);
        decoder.Append("\n[1,\"o\",\"b\"]\n"u8);
        Assert.True(decoder.TryRead(out var only));
        Assert.Equal(new(1, AsciicastEventKind.Output, "b"), only);
        Assert.Equal(1, decoder.Broken);
    }

    [Fact]
    public void Decoder_TimeThatGoesBack_StandsStill() =>
        Assert.Equal([5, 5, 5, 6], Decode("[5,\"o\",\"a\"]\n[1,\"o\",\"b\"]\n[-3,\"o\",\"c\"]\n[6,\"o\",\"d\"]", out _).Select(e => e.At));

    [Fact]
    public void Decoder_AnyBytesInAnyPieces_NeverThrowsAndSaysTheSame() => Gen.Select(Gen.Byte.Array[0, 300], Gen.Int[1, 50]).Sample((bytes, size) =>
    {
        var (whole, pieces) = (new AsciicastDecoder(), new AsciicastDecoder());
        var text = Encoding.UTF8.GetBytes("[1,\"o\",\"a\"]\n").Concat(bytes).Concat(Encoding.UTF8.GetBytes("\n[2,\"o\",\"b\"]\n")).ToArray();
        whole.Append(text);
        foreach (var piece in text.Chunk(size))
        {
            pieces.Append(piece);
        }

        Assert.Equal(Drain(whole), Drain(pieces));
    });

    [Theory]
    [InlineData("plain\r\n", "plain")]
    [InlineData("no end", "no end")]
    [InlineData("\e[1;31mred\e[0m\r\n", "red")]
    [InlineData("10%\r20%\r100%\r\n", "100%")]
    [InlineData("longer\rnew\e[K\r\n", "new")]
    [InlineData("lss\b \b -l\r\n", "ls -l")]
    [InlineData("ab\e[Dx\r\n", "ax")]
    [InlineData("ac\b\e[1@b\r\n", "abc")]
    [InlineData("abbc\b\b\b\e[1P\r\n", "abc")]
    [InlineData("a\tb\r\n", "a       b")]
    [InlineData("\e]0;title\ashown\r\n", "shown")]
    [InlineData("\e]8;;http://x\e\\link\e]8;;\e\\\r\n", "link")]
    [InlineData("\eP+q544e\e\\shown\r\n", "shown")]
    [InlineData("one\e[5;10Htwo\r\n", "one|two")]
    [InlineData("one\e[2J\e[Htwo\r\n", "one|two")]
    [InlineData("shell\r\n\e[?1049hvim\e[?1049lback", "shell|vim|back")]
    [InlineData("same\r\nsame\r\nother\r\nsame", "same|other")]
    [InlineData("a\0b\u0007c\r\n", "abc")]
    [InlineData("\ud83d\ude00 ok\r\n", "\ud83d\ude00 ok")]
    [InlineData("   \r\n\r\n", "")]
    [InlineData("cut \e[", "cut")]
    [InlineData("\e[38;5;196;1;4;7;9;38;5;196;1;4;7;9;38;5;196;1;4;7;9;38;5;196;1;4;7;9;38;5;196;1mlong\r\n", "long")]
    public void Lines_WhatWasPrinted_AreAsPeopleSawThem(string printed, string expected) =>
        Assert.Equal(expected, string.Join('|', Lines(printed).Select(l => l.Text)));

    [Fact]
    public void Lines_LongLine_GoesOnInTheNext()
    {
        var lines = Lines(string.Concat(Enumerable.Range(0, 500).Select(i => $"{i:0000} ")) + "\r\n");
        Assert.Equal([999, 999, 499], lines.Select(l => l.Text.Length));
    }

    [Fact]
    public void Lines_HalfACharacter_IsMarked() => Assert.Equal(["half \ufffd", "\ufffd half"], Lines("half \ud83d\r\n\ude00 half").Select(l => l.Text));

    [Fact]
    public void Lines_Line_HasTheMomentOfItsLastCharacter()
    {
        var lines = new List<RecordedLine>();
        var screen = new RecordedLines(lines.Add);
        screen.Write(1, "$ ");
        screen.Write(9, "ls");
        screen.Write(10, "\r\n");
        screen.Write(11, "file");
        screen.Complete();
        Assert.Equal([new(9, "$ ls"), new(11, "file")], lines);
    }

    [Fact]
    public void Lines_AnythingPrinted_AreBoundedAndFreeOfControlCharacters() => GenPrinted.Sample(printed => Assert.All(Lines(printed), line =>
    {
        Assert.InRange(line.Text.Length, 1, RecordedLines.MaxLine);
        Assert.DoesNotContain(line.Text, char.IsControl);
        Assert.Equal(line.Text, Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(line.Text)));
    }));

    [Theory]
    [InlineData("text \e[1;38;5;196mred\e[0m\r\n", "text \e[1;38;5;196mred\e[0m\r\n")]
    [InlineData("\e[?1049h\e[2J\e[H\e[3;4Hx\e[K\e[?25l\e(0q\e(B", "\e[?1049h\e[2J\e[H\e[3;4Hx\e[K\e[?25l\e(0q\e(B")]
    [InlineData("\e]0;owned\a\e]2;owned\e\\", "")]
    [InlineData("\e]52;c;ZXZpbA==\a", "")]
    [InlineData("\u009d52;c;ZXZpbA==\u009c", "")]
    [InlineData("\e]8;;http://evil\atext\e]8;;\a", "text")]
    [InlineData("\eP$qm\e\\\e_G\e\\\e^x\e\\\eXx\e\\", "")]
    [InlineData("\ektitle\e\\", "")]
    [InlineData("\e[c\e[>c\e[=c\e[5n\e[6n\e[?6n\e[x\e[>q", "")]
    [InlineData("\e[21t\e[8;10;10t\e[3;0;0t", "")]
    [InlineData("\e[?1000h\e[?1003h\e[?1006h\e[?2004h\e[?1004h\e[?1h\e=", "")]
    [InlineData("\e[?1000;25h", "")]
    [InlineData("\e[>4;2m\e[>1u\e[=1u\e[?u", "")]
    [InlineData("\e[5i\e[?5i", "")]
    [InlineData("\e[1;2;3;4;5T", "")]
    [InlineData("\e[$p\e[?25$p\e[\"p\e[!p", "")]
    [InlineData("\u0005\a\u007f", "")]
    [InlineData("\ec", "\e[0m\e[r\e[H\e[2J")]
    [InlineData("\e[99999999b", "")]
    public void Screen_WhatReachesOutside_IsGone(string printed, string expected) => Assert.Equal(expected, new ScreenText().Filter(printed));

    [Fact]
    public void Screen_AnythingInAnyPieces_IsTheSameAndStaysSo() => Gen.Select(GenPrinted, Gen.Int[1, 7]).Sample((printed, size) =>
    {
        var (whole, pieces) = (new ScreenText().Filter(printed), new ScreenText());
        Assert.Equal(whole, string.Concat(printed.Chunk(size).Select(c => pieces.Filter(c))));

        // What passed once passes again: nothing is made of what was left out.
        Assert.Equal(whole, new ScreenText().Filter(whole));
        Assert.DoesNotContain("\e]", whole, StringComparison.Ordinal);
        Assert.DoesNotContain("\eP", whole, StringComparison.Ordinal);
    });

    private static readonly Gen<string> GenPrinted = Gen.Frequency(
        (3, Gen.Char), (4, Gen.OneOf('\e', '\a', '\r', '\n', '\b', '\t', '\u009b', '\u009d', '\u0090', '\u0018')),
        (4, Gen.OneOf('[', ']', ';', '?', 'm', 'K', 'P', '@', 'C', 'h', '1', '9', 'b', 'c', 'k', '(', '\\')))
        .Array[0, 200].Select(c => new string(c));

    private static List<RecordedLine> Lines(string printed)
    {
        var lines = new List<RecordedLine>();
        var screen = new RecordedLines(lines.Add);
        screen.Write(0, printed);
        screen.Complete();
        return lines;
    }

    private static List<AsciicastEvent> Decode(string text, out AsciicastDecoder decoder)
    {
        decoder = new AsciicastDecoder();
        decoder.Append(Encoding.UTF8.GetBytes(text));
        return Drain(decoder);
    }

    private static List<AsciicastEvent> Drain(AsciicastDecoder decoder)
    {
        decoder.Complete();
        var events = new List<AsciicastEvent>();
        while (decoder.TryRead(out var found))
        {
            events.Add(found);
        }

        return events;
    }
}
