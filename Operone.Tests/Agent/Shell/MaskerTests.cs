using System.Diagnostics;
using System.Text;
using CsCheck;
using Operone.Agent.Shell;
using Operone.Agent.Shell.Host;
using Operone.Core.Shell;
using Operone.Tests.Agent.Hosting;
using Xunit;

namespace Operone.Tests.Agent.Shell;

public sealed class MaskerTests
{
    // Few letters, so that secrets begin like each other, overlap, and nearly stand everywhere.
    private static readonly Gen<string> _letters = Gen.Char["ab"].Array[1, 12].Select(c => new string(c));
    private static readonly Gen<string[]> _secrets = Gen.OneOf(_letters, Gen.Select(_letters, _letters, (a, b) => $"{a}\n{b}")).Array[1, 5];
    private static readonly Gen<string> _text = Gen.OneOf(Gen.Char["ab"], Gen.Char["ab\nc"]).Array[0, 200].Select(c => new string(c));

    [Fact]
    public void Masker_AnySecretsTextAndCuts_HidesWhatTheSlowModelHides() =>
        Gen.Select(_secrets, _text, Gen.Int[0, 200].Array[0, 12]).Sample(t =>
        {
            var (secrets, text, cuts) = t;
            var data = Encoding.UTF8.GetBytes(text);
            return Mask(secrets, data, cuts).SequenceEqual(Model(secrets, data));
        }, iter: 30_000);

    [Fact]
    public void Masker_SecretsPutIntoAnyBytes_ShowsNoneAndKeepsTheRest() =>
        Gen.Select(Gen.String[Gen.Char['!', '~'], 4, 40].Array[1, 4], Gen.Byte.Array[0, 60].Array[1, 8], Gen.Int[0, 500].Array[0, 20]).Sample(t =>
        {
            var (secrets, between, cuts) = t;
            var data = between.SelectMany((b, i) => b.Concat(Encoding.UTF8.GetBytes(secrets[i % secrets.Length]))).ToArray();
            var masked = Mask(secrets, data, cuts);
            return masked.SequenceEqual(Model(secrets, data)) && secrets.All(s => masked.AsSpan().IndexOf(Encoding.UTF8.GetBytes(s)) < 0);
        }, iter: 3000);

    [Fact]
    public void Masker_AnyPieces_NeverHoldsTheLongestSecretBack() =>
        Gen.Select(_secrets, _text).Sample(t =>
        {
            var (secrets, text) = t;
            if (MaskSet.Of(secrets) is not { } set)
            {
                return true;
            }

            // Byte by byte: what is held back is told by what has come out.
            var masker = new Masker(set);
            var data = Encoding.UTF8.GetBytes(text);
            var to = new byte[set.LongestBytes + 1];
            for (var i = 0; i < data.Length; i++)
            {
                // throws where there is no room
                masker.Take(data.AsSpan(i, 1), to);
            }

            return masker.Finish(to) < set.LongestBytes;
        }, iter: 3000);

    [Theory]
    [InlineData("hunter22", "a hunter22 b hunter22", "a *** b ***")]
    [InlineData("hunter22", "hunter2", "hunter2")]
    [InlineData("hunter22", "hunter22hunter22", "******")]
    [InlineData("abcd,bcde", "xabcdex", "x***x")]
    [InlineData("abcd,abcdef", "abcde abcdef", "***e ***")]
    [InlineData("abab", "abababab!", "***!")]
    [InlineData("abc", "abc", "abc")]
    [InlineData("pässwörd", "mein pässwörd!", "mein ***!")]
    public void Masker_Secret_IsReplaced(string secrets, string text, string expected) =>
        Assert.Equal(expected, Encoding.UTF8.GetString(Mask(secrets.Split(','), Encoding.UTF8.GetBytes(text), [])));

    [Fact]
    public void Masker_SecretOfSeveralLines_IsHiddenWholeAndLineByLine()
    {
        const string Key = "-----BEGIN KEY-----\r\nMIIEvgIBADANBg\r\nshort\r\n-----END KEY-----\n";
        Assert.Equal("***|***|***|  ***|short|***", Encoding.UTF8.GetString(Mask([Key], Encoding.UTF8.GetBytes(
            $"{Key}|{Key.TrimEnd('\n')}|MIIEvgIBADANBg|  -----END KEY-----|short|-----BEGIN KEY-----"), [])));
    }

    [Fact]
    public void Masker_WhatCannotBecomeASecret_ComesAtOnce()
    {
        var masker = new Masker(MaskSet.Of(["hunter22"])!);
        var to = new byte[100];
        Assert.Equal("login: ", Take("login: "));
        Assert.Equal("", Take("hunt"));
        Assert.Equal("hunting ", Take("ing "));
        Assert.Equal("", Take("hunter2"));
        Assert.Equal("***.", Take("2."));
        Assert.Equal("", Take("hun"));
        Assert.Equal("hun", Encoding.UTF8.GetString(to.AsSpan(0, masker.Finish(to))));

        string Take(string text) => Encoding.UTF8.GetString(to.AsSpan(0, masker.Take(Encoding.UTF8.GetBytes(text), to)));
    }

    [Fact]
    public void Set_NothingToMask_IsNone()
    {
        Assert.Null(MaskSet.Of(null));
        Assert.Null(MaskSet.Of([]));
        Assert.Null(MaskSet.Of(["", "abc", "\n\n\n"]));
    }

    [Fact]
    public void Writer_WithMasks_KeepsStreamsApartAndCountsWhatIsMasked() =>
        Gen.Select(_secrets, Gen.Select(Gen.Bool, Gen.Char["ab"].Array[1, 30]).Array[0, 40]).Sample(t =>
        {
            var (secrets, pieces) = t;
            using var temp = new TempFolder();
            using var writer = new OutputWriter(temp["output"], long.MaxValue, MaskSet.Of(secrets));
            foreach (var (isError, text) in pieces)
            {
                writer.Append(isError ? OutputStream.Stderr : OutputStream.Stdout, (byte[])[0, 0, 0, 0, 0, .. Encoding.UTF8.GetBytes(text)], text.Length);
            }

            writer.Finish();
            var expected = new[] { false, true }.Select(e => Model(secrets, Encoding.UTF8.GetBytes(pieces.Where(p => p.Item1 == e).SelectMany(p => p.Item2).ToArray()))).ToArray();
            using var reader = new OutputReader(temp["output"]);
            var chunks = pieces.Length == 0 ? [] : reader.Read(OutputLog.MaxDataBytes, new()).ToArray();
            return new[] { OutputStream.Stdout, OutputStream.Stderr }.Zip(expected, (s, e) => chunks.Where(c => c.Stream == s).SelectMany(c => c.Data).SequenceEqual(e)).All(same => same)
                && (writer.StdoutBytes, writer.StderrBytes) == (expected[0].Length, expected[1].Length);
        }, iter: 500);

    [Fact]
    public void Writer_PieceAndWhatWasHeldBack_MayBeMoreThanAFrame()
    {
        using var temp = new TempFolder();
        var secret = new string('s', 1000);
        using var writer = new OutputWriter(temp["output"], long.MaxValue, MaskSet.Of([secret + "!"]));
        var frame = new byte[OutputLog.HeadBytes + OutputLog.MaxDataBytes];
        frame.AsSpan().Fill((byte)'s');
        writer.Append(OutputStream.Stdout, frame, 900);
        frame.AsSpan().Fill((byte)'.');
        writer.Append(OutputStream.Stdout, frame, OutputLog.MaxDataBytes);
        writer.Finish();
        Assert.Equal((900 + OutputLog.MaxDataBytes, 0L), (writer.StdoutBytes, writer.DiscardedBytes));
        Assert.Equal((900 + OutputLog.MaxDataBytes, 0L), OutputReader.Measure(temp["output"]));
    }

    [Fact]
    public void Masker_ThirtySecrets_KeepsUpWithAPipe()
    {
        // The best of many short rounds, each shorter than a turn on the processor, and a bound far below what it does (some
        // 300 MB/s): a busy machine does not fail it, something quadratic does.
        var secrets = Enumerable.Range(0, 30).Select(i => $"secret-{i:000}-{Guid.NewGuid():N}").ToArray();
        var masker = new Masker(MaskSet.Of(secrets)!);
        var piece = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 2000).Select(i => $"{i} The quick brown fox has no secret to tell here.\n"))).AsSpan(0, 64 * 1024).ToArray();
        var to = new byte[piece.Length + masker.MaxHeldBytes];
        masker.Take(piece, to);
        var best = TimeSpan.MaxValue;
        for (var i = 0; i < 2000; i++)
        {
            var began = Stopwatch.GetTimestamp();
            masker.Take(piece, to);
            best = Stopwatch.GetElapsedTime(began) is var took && took < best ? took : best;
        }

        var rate = piece.Length / best.TotalSeconds / 1e6;
        TestContext.Current.TestOutputHelper?.WriteLine($"{rate:0} MB/s");
        Assert.True(rate > 50, $"{rate:0} MB/s");
    }

    private static byte[] Mask(string[] secrets, byte[] data, int[] cuts)
    {
        if (MaskSet.Of(secrets) is not { } set)
        {
            return data;
        }

        var masker = new Masker(set);
        var all = new List<byte>();
        int[] ends = [.. cuts.Select(c => Math.Min(c, data.Length)).Order(), data.Length];
        var from = 0;
        foreach (var end in ends)
        {
            var to = new byte[end - from + masker.MaxHeldBytes];
            all.AddRange(to.AsSpan(0, masker.Take(data.AsSpan(from, end - from), to)));
            from = end;
        }

        var last = new byte[masker.MaxHeldBytes];
        all.AddRange(last.AsSpan(0, masker.Finish(last)));
        return [.. all];
    }

    /// <summary>What is hidden by definition: every byte of every place where a text stands; texts that overlap are hidden as one.</summary>
    private static byte[] Model(string[] secrets, byte[] data)
    {
        var texts = secrets.SelectMany(s => (string[])[s, s.TrimEnd('\r', '\n'), .. s.Contains('\n', StringComparison.Ordinal) ? s.Split('\n').Select(l => l.Trim()).Where(l => l.Length >= 8) : []])
            .Select(Encoding.UTF8.GetBytes).Where(t => t.Length >= 4).ToArray();
        var masked = new List<byte>();
        var hiddenTo = 0;
        for (var i = 0; i < data.Length; i++)
        {
            var longest = texts.Where(t => data.AsSpan(i).StartsWith(t)).Select(t => t.Length).DefaultIfEmpty(0).Max();
            if (longest > 0 && i >= hiddenTo)
            {
                masked.AddRange("***"u8);
            }

            hiddenTo = Math.Max(hiddenTo, longest > 0 ? i + longest : 0);
            if (i >= hiddenTo)
            {
                masked.Add(data[i]);
            }
        }

        return [.. masked];
    }
}
