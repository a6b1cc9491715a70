using CsCheck;
using Operone.Agent.Shell;
using Operone.Core.Shell;
using Operone.Tests.Agent.Hosting;
using Xunit;

namespace Operone.Tests.Agent.Shell;

public sealed class OutputLogTests
{
    private static readonly Gen<(bool Error, byte[] Data)[]> _frames = Gen.Select(Gen.Bool, Gen.Byte.Array[1, 300]).Array[0, 60];

    [Fact]
    public void Reader_FromAnyPlaceWithAnyBudget_GivesExactlyWhatIsMissing() =>
        Gen.Select(_frames, Gen.Int[0, 100], Gen.Int[0, 100], Gen.Int[300, 2000]).Sample(t =>
        {
            var (frames, outPercent, errPercent, budget) = t;
            using var temp = new TempFolder();
            Write(temp["output"], frames, long.MaxValue);
            var (stdout, stderr) = (Join(frames, false), Join(frames, true));
            var (fromOut, fromErr) = (stdout.Length * outPercent / 100, stderr.Length * errPercent / 100);
            using var reader = new OutputReader(temp["output"]);
            ReadAll(reader, budget, 0, 0);
            reader.Forget(fromOut / 2, fromErr / 2);
            reader.Seek(fromOut, fromErr);
            var (readOut, readErr) = ReadAll(reader, budget, fromOut, fromErr);
            return readOut.SequenceEqual(stdout[fromOut..]) && readErr.SequenceEqual(stderr[fromErr..])
                && reader.Stdout == stdout.Length && reader.Stderr == stderr.Length;
        }, iter: 300);

    [Fact]
    public void Writer_AtItsLimit_KeepsTheBeginningAndCountsTheRest() =>
        Gen.Select(_frames, Gen.Long[0, 5000]).Sample(t =>
        {
            var (frames, limit) = t;
            using var temp = new TempFolder();
            using var writer = Write(temp["output"], frames, limit);
            var all = frames.Sum(f => (long)f.Data.Length);
            var (stdout, stderr) = OutputReader.Measure(temp["output"]);
            return writer.StdoutBytes + writer.StderrBytes == Math.Min(all, limit) && writer.DiscardedBytes == all - Math.Min(all, limit)
                && (stdout, stderr) == (writer.StdoutBytes, writer.StderrBytes);
        }, iter: 200);

    [Fact]
    public void Measure_OfALogThatIsCutShort_CountsWholeFramesAndCutsTheRest()
    {
        using var temp = new TempFolder();
        Write(temp["output"], [(false, [1, 2, 3]), (true, [4, 5])], 100).Dispose();
        using (var file = new FileStream(temp["output"], FileMode.Open))
        {
            file.SetLength(file.Length - 1);
        }

        Assert.Equal((3, 0), OutputReader.Measure(temp["output"]));
        Assert.Equal(OutputLog.HeadBytes + 3, new FileInfo(temp["output"]).Length);
        Assert.Equal((0, 0), OutputReader.Measure(temp["none"]));
    }

    [Fact]
    public void Reader_OfFramesOfOneStream_GivesOnePiece()
    {
        using var temp = new TempFolder();
        Write(temp["output"], [(false, [1]), (false, [2]), (true, [3]), (false, [4])], 100).Dispose();
        using var reader = new OutputReader(temp["output"]);
        var pieces = reader.Read(1000, new());
        Assert.Equal([(OutputStream.Stdout, 0L, 2), (OutputStream.Stderr, 0L, 1), (OutputStream.Stdout, 2L, 1)], pieces.Select(p => (p.Stream, p.Offset, p.Data.Length)));
    }

    [Fact]
    public void Writer_OnAFullDisk_SaysSoAndLeavesWholeFrames()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "There is no /dev/full here.");
        using var writer = new OutputWriter("/dev/full", 100);
        var frame = new byte[OutputLog.HeadBytes + 3];
        Assert.False(writer.Append(OutputStream.Stdout, frame, 3));
        Assert.NotNull(writer.Problem);
        Assert.Equal((0, 3), (writer.StdoutBytes, writer.DiscardedBytes));
        Assert.True(writer.IsFull);
    }

    private static OutputWriter Write(string path, (bool Error, byte[] Data)[] frames, long limit)
    {
        var writer = new OutputWriter(path, limit);
        foreach (var (error, data) in frames)
        {
            writer.Append(error ? OutputStream.Stderr : OutputStream.Stdout, [.. new byte[OutputLog.HeadBytes], .. data], data.Length);
        }

        return writer;
    }

    private static (List<byte> Stdout, List<byte> Stderr) ReadAll(OutputReader reader, int budget, long stdout, long stderr)
    {
        var (readOut, readErr) = (new List<byte>(), new List<byte>());
        var memory = new OutputReader.ReadMemory();
        while (reader.Read(budget, memory) is { Count: > 0 } pieces)
        {
            Assert.InRange(pieces.Sum(p => p.Data.Length), 1, budget);
            foreach (var piece in pieces)
            {
                var (read, from) = piece.Stream == OutputStream.Stdout ? (readOut, stdout) : (readErr, stderr);
                Assert.Equal(from + read.Count, piece.Offset);
                read.AddRange(piece.Data);
            }
        }

        return (readOut, readErr);
    }

    private static byte[] Join((bool Error, byte[] Data)[] frames, bool error) => [.. frames.Where(f => f.Error == error).SelectMany(f => f.Data)];
}
