using CsCheck;
using Operone.Agent.Shell;
using Operone.Core.Connection;
using Operone.Core.Shell;
using Operone.Tests.Agent.Hosting;
using Xunit;

namespace Operone.Tests.Agent.Shell;

/// <summary>Output of which the newest is kept, on the device's disk.</summary>
public sealed class OutputSegmentsTests
{
    private const int SegmentBytes = 32 * 1024;

    [Fact]
    public void Reader_OfWhatIsWrittenAndLetGoOf_GivesEveryByteOrSaysThatItIsMissing() =>
        Gen.Select(Gen.Select(Gen.Bool, Gen.Int[1, 20_000], Gen.Int[0, 9]).Array[1, 60], Gen.Int[0, 150_000]).Sample(t =>
        {
            var (steps, limit) = t;
            using var temp = new TempFolder();
            var (writer, reader) = (OutputWriter.OfNewest(temp["output"], limit, null), new SegmentReader(temp["output"]));
            var (streams, got, missing) = (new Dictionary<OutputStream, List<byte>> { [OutputStream.Stdout] = [], [OutputStream.Stderr] = [] }, new long[3], 0L);
            foreach (var (isError, length, act) in steps)
            {
                var stream = isError ? OutputStream.Stderr : OutputStream.Stdout;
                var data = Enumerable.Range(streams[stream].Count, length).Select(i => (byte)(i * 31 / 7)).ToArray();
                streams[stream].AddRange(data);
                writer.Append(stream, [.. new byte[OutputLog.HeadBytes], .. data], length);
                Assert.True(Directory.GetFiles(temp.Path).Sum(f => new FileInfo(f).Length) <= Math.Max(limit, SegmentBytes + 20_000 + OutputLog.HeadBytes) + SegmentBytes + length + OutputLog.HeadBytes);
                switch (act)
                {
                    case 0:
                        // another host goes on
                        writer.Dispose();
                        writer = OutputWriter.OfNewest(temp["output"], limit, null);
                        break;
                    case 1:
                        // another agent, which asks the server how far it is
                        reader.Dispose();
                        reader = new SegmentReader(temp["output"]);
                        reader.Seek(got[1], got[2]);
                        break;
                    case 2:
                        Take();
                        break;
                    case 3:
                        Take();
                        reader.Forget(got[1], got[2]);
                        break;
                }
            }

            // all that is on the disk is read to the end, which is the end of what was written
            while (Take())
            {
            }

            writer.Dispose();
            reader.Dispose();
            return got[1] == streams[OutputStream.Stdout].Count && got[2] == streams[OutputStream.Stderr].Count
                && missing <= Math.Max(0, got[1] + got[2] - (limit * 3 / 4) + 40_000);

            bool Take()
            {
                var chunks = reader.Read(ProtocolVersion.MaxReportBytes, new());
                if (reader.Gap is { } gap)
                {
                    Assert.True(gap.Stdout >= got[1] && gap.Stderr >= got[2]);
                    missing += gap.Stdout - got[1] + gap.Stderr - got[2];
                    (got[1], got[2]) = (gap.Stdout, gap.Stderr);
                }

                foreach (var chunk in chunks)
                {
                    Assert.Equal(got[(int)chunk.Stream], chunk.Offset);
                    Assert.Equal(streams[chunk.Stream].Skip((int)chunk.Offset).Take(chunk.Data.Length), chunk.Data);
                    got[(int)chunk.Stream] += chunk.Data.Length;
                }

                return chunks.Count > 0 || reader.Gap is not null;
            }
        }, iter: 150);

    [Fact]
    public void Writer_WhereTheDiskTakesNothing_GoesOnLaterAndTheReaderSaysWhatIsMissing()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "There is no /dev/full here.");
        using var temp = new TempFolder();
        using var writer = OutputWriter.OfNewest(temp["output"], 1000, null);
        File.CreateSymbolicLink(temp["output"], "/dev/full");
        Append("lost");
        File.Delete(temp["output"]);
        Append("kept");
        using var reader = new SegmentReader(temp["output"]);
        var chunk = Assert.Single(reader.Read(ProtocolVersion.MaxReportBytes, new()));
        Assert.Equal(new OutputPlace(4, 0), reader.Gap);
        Assert.Equal((4, "kept"), (chunk.Offset, System.Text.Encoding.UTF8.GetString(chunk.Data)));
        Assert.Equal((8, 0, null), (writer.StdoutBytes, writer.DiscardedBytes, writer.Problem));

        void Append(string text) => writer.Append(OutputStream.Stdout, [.. new byte[OutputLog.HeadBytes], .. System.Text.Encoding.UTF8.GetBytes(text)], text.Length);
    }
}
