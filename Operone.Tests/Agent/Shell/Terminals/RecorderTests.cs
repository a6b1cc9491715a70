using System.Text;
using CsCheck;
using Operone.Agent.Shell;
using Operone.Agent.Shell.Host.Terminals;
using Operone.Tests.Agent.Hosting;
using Xunit;

namespace Operone.Tests.Agent.Shell.Terminals;

/// <summary>Recordings of anything at all.</summary>
public sealed class RecorderTests
{
    private static readonly Gen<byte[]> _piece = Gen.OneOf(
        Gen.Byte.Array[0, 60],
        OneOf("é€😀", "\"\\\r\n\t\b\0\x7f", "\e[31m", "\u2028\u2029\uFEFF", "plain"),
        Gen.Select(Gen.Int[1, 20_000], n => Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("a€", n)))));

    private static Gen<byte[]> OneOf(params string[] texts) => Gen.Int[0, texts.Length - 1].Select(i => Encoding.UTF8.GetBytes(texts[i]));

    private static string Record(Action<Recorder> act, long limit = 1 << 26, string command = "sh -c \"x\\y\"\n")
    {
        using var temp = new TempFolder();
        using (var output = new OutputWriter(temp["output"], limit))
        {
            var recorder = new Recorder(output, limit, 80, 24, command, "/bin/\u0001\"sh", TimeProvider.System);
            act(recorder);
            recorder.Finish();
        }

        if (!File.Exists(temp["output"]))
        {
            return "";
        }

        using var reader = new OutputReader(temp["output"]);
        var all = new MemoryStream();
        while (reader.Read(OutputLog.MaxDataBytes * 2, new()) is { Count: > 0 } chunks)
        {
            foreach (var chunk in chunks)
            {
                all.Write(chunk.Data);
            }
        }

        // strictly: a recording is UTF-8
        return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(all.ToArray());
    }

    [Fact]
    public void Recording_OfAnyBytesCutAnywhere_IsValidAndHasThemAll() => Gen.Select(_piece.Array[0, 12], Gen.Int[1, 9000]).Sample((pieces, atOnce) =>
    {
        var all = pieces.SelectMany(p => p).ToArray();
        var events = TerminalUnderTest.Events(Record(recorder =>
        {
            foreach (var chunk in all.Chunk(atOnce))
            {
                recorder.Output(chunk);
            }
        }));
        Assert.Equal(Encoding.UTF8.GetString(all), events.All("o"));
    }, iter: 60);

    [Fact]
    public void Recording_ByteByByte_KeepsCharactersWhole()
    {
        var events = TerminalUnderTest.Events(Record(recorder =>
        {
            foreach (var one in Encoding.UTF8.GetBytes("aé€😀z"))
            {
                recorder.Output([one]);
            }
        }));
        Assert.Equal(["a", "é", "€", "😀", "z"], events.Select(e => e.Data));
    }

    [Fact]
    public void Recording_WithALimit_IsNeverLongerAndOfWholeLines() => Gen.Select(_piece.Array[1, 12], Gen.Int[0, 60_000]).Sample((pieces, limit) =>
    {
        var cast = Record(recorder =>
        {
            foreach (var piece in pieces)
            {
                recorder.Output(piece);
                recorder.Size(90, 30);
                recorder.Flush();
            }
        }, limit);
        Assert.InRange(Encoding.UTF8.GetByteCount(cast), 0, limit);
        if (cast.Length > 0)
        {
            TerminalUnderTest.Events(cast);
        }
    }, iter: 60);
}
