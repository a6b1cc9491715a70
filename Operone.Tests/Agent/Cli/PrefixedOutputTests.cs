using System.Text;
using CsCheck;
using Operone.Agent.Cli.Operator;
using Operone.Core.Shell;
using Xunit;

namespace Operone.Tests.Agent.Cli;

public sealed class PrefixedOutputTests
{
    [Fact]
    public void Write_AnyPieces_GivesEachDevicesLinesWholeAndInOrder() =>
        Gen.Select(Gen.Int[0, 2], Gen.String[Gen.Char["ab\n"], 0, 12]).List[0, 40].Sample(pieces =>
        {
            string[] names = ["x", "yy", "zzz"];
            using var to = new MemoryStream();
            var output = new PrefixedOutput(names, to, null, stdoutColour: false, stderrColour: false);
            foreach (var (device, text) in pieces)
            {
                output.Write(names[device], OutputStream.Stdout, Encoding.UTF8.GetBytes(text));
            }

            output.Complete();
            var lines = Encoding.UTF8.GetString(to.ToArray()).Split('\n').SkipLast(1).ToArray();
            for (var i = 0; i < names.Length; i++)
            {
                var whole = string.Concat(pieces.Where(p => p.Item1 == i).Select(p => p.Item2));
                var expected = whole.Split('\n').ToList();
                if (expected[^1].Length == 0)
                {
                    expected.RemoveAt(expected.Count - 1);
                }

                var prefix = names[i].PadRight(3) + " | ";
                Assert.Equal(expected, lines.Where(l => l.StartsWith(prefix, StringComparison.Ordinal)).Select(l => l[prefix.Length..]));
            }

            Assert.All(lines, l => Assert.Contains(l[..3].TrimEnd(), names));
        });

    [Theory]
    [InlineData(1)]
    [InlineData(1000)]
    [InlineData(16 * 1024)]
    [InlineData(100_000)]
    public void Write_LineWithoutEnd_IsBrokenAtTheLimit(int piece)
    {
        using var to = new MemoryStream();
        var output = new PrefixedOutput(["d"], to, null, false, false);
        var data = new byte[100_000];
        Array.Fill(data, (byte)'x');
        for (var at = 0; at < data.Length; at += piece)
        {
            output.Write("d", OutputStream.Stdout, data.AsSpan(at, Math.Min(piece, data.Length - at)));
        }

        output.Write("d", OutputStream.Stdout, "\n"u8);
        output.Complete();
        var lines = Encoding.ASCII.GetString(to.ToArray()).Split('\n').SkipLast(1).Select(l => l.Length - 4).ToArray();
        Assert.Equal(data.Length, lines.Sum());
        Assert.All(lines.SkipLast(1), length => Assert.Equal(PrefixedOutput.MaxLineBytes, length));
    }

    [Fact]
    public void Write_LineExactlyAtTheLimit_StaysOne()
    {
        using var to = new MemoryStream();
        var output = new PrefixedOutput(["d"], to, null, false, false);
        output.Write("d", OutputStream.Stdout, new byte[PrefixedOutput.MaxLineBytes]);
        output.Write("d", OutputStream.Stdout, "\n"u8);
        output.Complete();
        Assert.Equal(PrefixedOutput.MaxLineBytes + 5, to.Length);
    }

    [Fact]
    public void Write_WithColour_ColoursThePrefixAlone()
    {
        using var to = new MemoryStream();
        var output = new PrefixedOutput(["d"], to, null, stdoutColour: true, stderrColour: false);
        output.Write("d", OutputStream.Stdout, "text\n"u8);
        Assert.Equal("\e[0;36md | \e[0mtext\n", Encoding.UTF8.GetString(to.ToArray()));
    }
}
