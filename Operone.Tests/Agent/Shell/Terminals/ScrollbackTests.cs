using System.Text;
using CsCheck;
using Operone.Agent.Shell.Host.Terminals;
using Xunit;

namespace Operone.Tests.Agent.Shell.Terminals;

/// <summary>What falls out of what a terminal's host keeps, and what a fresh screen is brought to for the rest.</summary>
public sealed class ScrollbackTests
{
    private const int Capacity = 4096;

    /// <summary>Pieces of output: text, characters of several bytes, sequences whole and cut, and anything at all.</summary>
    private static readonly Gen<byte[]> _piece = Gen.OneOf(
        OneOf(
            "plain text\r\n", "é€😀", "\e[1;31mred\e[0m", "\e[?1049h", "\e[?1049l", "\e[?2004h", "\e[?1000h", "\e[?1003l", "\e]0;title\a", "\e]2;other\e\\",
            "\e(0", "\e(B", "\e)0", "\x0e", "\x0f", "\e[5;20r", "\e[r", "\e[4 q", "\e[!p", "\ec", "\e=", "\e>", "\e[4h", "\eP1$rq\e\\", "\e[38;2;1;2;3m", "\e[", "\e]", "\e", "\x18",
            "\e(\e[", "\e[1\x7f2m", "\e[>4;1m", "\e[$r", "\e[48:2::9:8:7m"),
        Gen.Byte.Array[0, 40],
        Gen.Select(Gen.Char['a', 'z'], Gen.Int[1, 900], (c, n) => Encoding.ASCII.GetBytes(new string(c, n))));

    private static readonly Gen<byte[]> _output = _piece.Array[0, 60].Select(pieces => pieces.SelectMany(p => p).ToArray());

    private static Gen<byte[]> OneOf(params string[] texts) => Gen.Int[0, texts.Length - 1].Select(i => Encoding.UTF8.GetBytes(texts[i]));

    private static Scrollback Filled(byte[] output, int atOnce)
    {
        var scrollback = new Scrollback(Capacity);
        for (var at = 0; at < output.Length;)
        {
            var room = scrollback.Room(Math.Min(atOnce, output.Length - at));
            output.AsSpan(at, room.Length).CopyTo(room);
            scrollback.Advance(room.Length);
            at += room.Length;
        }

        return scrollback;
    }

    private static string State(byte[] output)
    {
        var modes = new ScreenModes();
        modes.Feed(output);
        return modes.ToString();
    }

    private static byte[] Rest(Scrollback scrollback, long offset)
    {
        var rest = new List<byte>();
        while (offset + rest.Count < scrollback.End)
        {
            rest.AddRange(scrollback.From(offset + rest.Count, int.MaxValue));
        }

        return [.. rest];
    }

    [Fact]
    public void Rest_IsWhatWasPrintedLast() => Gen.Select(_output, Gen.Int[1, 700]).Sample((output, atOnce) =>
    {
        using var scrollback = Filled(output, atOnce);
        Assert.Equal(output.Length, scrollback.End);
        Assert.InRange(scrollback.End - scrollback.Start, Math.Min(output.Length, Capacity - 700), Capacity);
        Assert.Equal(output[(int)scrollback.Start..], Rest(scrollback, scrollback.Start));
    });

    [Fact]
    public void Replay_OfAFreshScreen_ComesToTheSameStateAsAllOfIt() => Gen.Select(_output, Gen.Int[1, 700]).Sample((output, atOnce) =>
    {
        using var scrollback = Filled(output, atOnce);
        var (offset, modes) = scrollback.Replay();
        var before = modes.ToString();
        Assert.InRange(offset, scrollback.Start, scrollback.End);

        // what is left out is followed too
        Assert.Equal(State(output[..(int)offset]), before);

        // and never does it begin in the midst of a sequence or a character
        if (offset < scrollback.End)
        {
            Assert.True(modes.IsBetween);
            Assert.True(offset == 0 || (output[(int)offset] & 0xC0) != 0x80);
            Assert.Equal(State(output), State([.. Encoding.UTF8.GetBytes(before), .. output[(int)offset..]]));
        }
    });

    [Theory]
    [InlineData("\e[?1049h\e[?25l\e[2J", "\e[?1049h\e[H\e[?25l")]
    [InlineData("\e[?1049h\e[?1049l", "")]
    [InlineData("\e[?47h\e[?1049l", "")]
    [InlineData("\e[?2004h\e[?1;1004h", "\e[?1h\e[?1004h\e[?2004h")]
    [InlineData("\e[?1003h\e[?1000h\e[?1006h", "\e[?1000h\e[?1006h")]
    [InlineData("\e[?1002h\e[?1003h\e[?1003l", "")]
    [InlineData("\e[1;4;38;5;200;48;2;1;2;3mx", "\e[1;4;38;5;200;48;2;1;2;3m")]
    [InlineData("\e[1;31m\e[22;39m", "")]
    [InlineData("\e(0\e)0\x0e", "\e(0\e)0\x0e")]
    [InlineData("\e(0\e(B\x0e\x0f", "")]
    [InlineData("\e[3;20r", "\e[3;20r")]
    [InlineData("\e[3;20r\e[r", "")]
    [InlineData("\e[1;2;3;4;5$r", "")]
    [InlineData("\e]0;a title\a", "\e]2;a title\a")]
    [InlineData("\e]2;evil\r\nrm -rf\tall\u009b31m\x08\a", "\e]2;evilrm -rfall31m\a")]
    [InlineData("\e]52;c;ZXZpbA==\a\e]8;;http://x\a\ePq#0~\e\\", "")]
    [InlineData("\e[?25l\e[4h\e=\e[2 q\ec", "")]
    [InlineData("\e(\e[31m", "\e[31m")]
    [InlineData("\e(\x01\u00e9", "")]
    [InlineData("\e[3\x18\x31m", "")]
    [InlineData("\e[99999999999m\e[;;;m\e[38;m\e[?h\e[?99999999999h", "")]
    public void Modes_AfterOutput_AreWhatBringsAFreshScreenThere(string output, string expected) =>
        Assert.Equal(expected, State(Encoding.UTF8.GetBytes(output)));

    [Theory]
    [InlineData("\e]0;", "\e]x")]
    [InlineData("\e]52;c;", "\e]x")]
    [InlineData("\ePq", "\eX")]
    [InlineData("\e[", "\e[0 0")]
    public void Sequence_WithoutAnEnd_IsNotShownAsTextNorCarriedOut(string beginning, string expected)
    {
        using var scrollback = Filled([.. Encoding.ASCII.GetBytes("\e[1m" + beginning), .. Enumerable.Repeat((byte)'1', Capacity * 3)], 512);
        var (offset, modes) = scrollback.Replay();
        Assert.Equal((scrollback.End, "\e[1m" + expected), (offset, modes.ToString()));
    }

    [Fact]
    public void Modes_OfAHostileProgram_StaySmall() => Gen.Byte.Array[0, 4000].Sample(bytes => Assert.InRange(State(bytes).Length, 0, 4096));

    [Fact]
    public void Modes_SetWithoutEnd_StaySmall() =>
        Assert.InRange(State(Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(1, 100_000).Select(i => $"\e[?{i}h\e]0;{new string('x', 500)}\a\e[{i % 120}m")))).Length, 0, 4096);
}
