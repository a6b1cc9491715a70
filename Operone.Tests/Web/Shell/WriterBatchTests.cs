using System.Text;
using CsCheck;
using Operone.Core.Shell;
using Operone.Web.Shell;
using Xunit;

namespace Operone.Tests.Web.Shell;

public sealed class WriterBatchTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly Guid Device = Guid.CreateVersion7();

    private static ExecutionState Running(ExecutionStatus status = ExecutionStatus.Running) => new(
        Guid.CreateVersion7(), Guid.CreateVersion7(), Device, "web-1", status, 0, 0, Now);

    private static OutputChunk Chunk(long offset, string text, OutputStream stream = OutputStream.Stdout) => new(stream, offset, Encoding.UTF8.GetBytes(text));

    private static WriterBatch Apply(ExecutionState known, params ExecutionReport[] reports)
    {
        var batch = new WriterBatch(new Dictionary<Guid, ExecutionState> { [known.Id] = known }, Now);
        foreach (var report in reports)
        {
            batch.Apply(new ReportItem(Device, report));
        }

        return batch;
    }

    private static string Stored(WriterBatch batch, JournalKind kind) =>
        string.Concat(batch.Journal().Where(e => e.Kind == kind).Select(e => Encoding.UTF8.GetString(e.Data)));

    [Fact]
    public void Report_WithCharactersThatNoDatabaseTakes_IsCleaned_AndTheSameAgainChangesNothing()
    {
        var known = Running();
        var supervision = new SupervisionState(1, SupervisedPhase.Running, HealthState.Unhealthy, Now, LastReason: "a\0b\ud800");
        var batch = Apply(known, new ExecutionReport(known.Id, Now, [], null) { Supervision = supervision });
        var cleaned = batch.Changed[known.Id];
        Assert.Equal("a\u2400b\ufffd", cleaned.Supervision!.LastReason);
        Assert.Empty(Apply(cleaned with { StartedAt = Now }, new ExecutionReport(known.Id, Now, [], null) { Supervision = supervision }).Changed);
        var ended = Apply(known, new ExecutionReport(known.Id, Now, [], new(ExecutionStatus.Failed, 1, "x\0", Now, 0, 0)));
        Assert.Equal("x\u2400", ended.Changed[known.Id].Reason);
    }

    [Fact]
    public void Report_SentTwice_IsStoredOnce()
    {
        var known = Running();
        var report = new ExecutionReport(known.Id, Now, [Chunk(0, "hello")], null);
        var batch = Apply(known, report, report);
        Assert.Equal("hello", Stored(batch, JournalKind.Stdout));
        Assert.Equal(5, batch.Answers.Single().Acknowledgement.StdoutOffset);
        Assert.False(batch.Answers.Single().Acknowledgement.Rewind);
    }

    [Fact]
    public void Report_ThatOverlaps_StoresOnlyWhatIsNew()
    {
        var known = Running();
        var batch = Apply(known,
            new ExecutionReport(known.Id, Now, [Chunk(0, "hello")], null),
            new ExecutionReport(known.Id, Now, [Chunk(3, "lo world")], null));
        Assert.Equal("hello world", Stored(batch, JournalKind.Stdout));
    }

    [Fact]
    public void Report_WithAGap_StoresNothingAndAsksToRewind()
    {
        var known = Running();
        var batch = Apply(known, new ExecutionReport(known.Id, Now, [Chunk(10, "late")], null));
        Assert.Equal("", Stored(batch, JournalKind.Stdout));
        Assert.True(batch.Answers.Single().Acknowledgement.Rewind);
        Assert.Equal(0, batch.Answers.Single().Acknowledgement.StdoutOffset);
    }

    [Fact]
    public void Report_WithANegativeOffset_StoresNothing()
    {
        var known = Running();
        var batch = Apply(known, new ExecutionReport(known.Id, Now, [Chunk(-3, "hello")], null));
        Assert.Equal("", Stored(batch, JournalKind.Stdout));
        Assert.True(batch.Answers.Single().Acknowledgement.Rewind);
    }

    [Fact]
    public void Report_ForSomebodyElsesExecution_ChangesNothing()
    {
        var known = Running();
        var batch = new WriterBatch(new Dictionary<Guid, ExecutionState> { [known.Id] = known }, Now);
        var thief = Guid.CreateVersion7();
        batch.Apply(new ReportItem(thief, new(known.Id, Now, [Chunk(0, "forged")], null)));
        Assert.Empty(batch.Changed);
        Assert.Empty(batch.Journal());
        Assert.Equal(thief, batch.Answers.Single().DeviceId);
        Assert.NotNull(batch.Answers.Single().Acknowledgement.Problem);
    }

    [Fact]
    public void End_BeforeAllOutput_AsksToRewindAndDoesNotEnd()
    {
        var known = Running();
        var batch = Apply(known, new ExecutionReport(known.Id, Now, [Chunk(0, "hel")], new(ExecutionStatus.Succeeded, 0, "exited with 0", Now, 5, 0)));
        Assert.Equal(ExecutionStatus.Running, batch.Changed[known.Id].Status);
        Assert.True(batch.Answers.Single().Acknowledgement.Rewind);
        Assert.False(batch.Answers.Single().Acknowledgement.Ended);
    }

    [Fact]
    public void End_WithAllOutput_EndsAndIsAcknowledged()
    {
        var known = Running(ExecutionStatus.Starting) with { StartedAt = null };
        var batch = Apply(known, new ExecutionReport(known.Id, Now, [Chunk(0, "a"), Chunk(0, "b", OutputStream.Stderr)], new(ExecutionStatus.Failed, 3, "exited with 3", Now, 1, 1)));
        Assert.Equal(ExecutionStatus.Failed, batch.Changed[known.Id].Status);
        Assert.True(batch.Answers.Single().Acknowledgement.Ended);
        Assert.Equal(3, batch.Changed[known.Id].ExitCode);
        Assert.Equal([JournalKind.Stdout, JournalKind.Stderr, JournalKind.Status], batch.Journal().Select(e => e.Kind));
    }

    [Fact]
    public void Report_AfterTheEnd_IsAcknowledgedAgainAndStoresNothing()
    {
        var known = Running(ExecutionStatus.Succeeded) with { EndedAt = Now };
        var batch = Apply(known, new ExecutionReport(known.Id, Now, [Chunk(0, "more")], null));
        Assert.Empty(batch.Changed);
        Assert.True(batch.Answers.Single().Acknowledgement.Ended);
    }

    [Fact]
    public void Journal_KeepsTheOrderOfBothStreams()
    {
        var known = Running();
        var batch = Apply(known, new ExecutionReport(known.Id, Now,
            [Chunk(0, "1"), Chunk(0, "2", OutputStream.Stderr), Chunk(1, "3"), Chunk(2, "4")], null));
        Assert.Equal(["1", "2", "34"], batch.Journal().Select(e => Encoding.UTF8.GetString(e.Data)));
    }

    /// <summary>Whatever pieces are repeated, overlap or are lost on the way: what is stored is always a beginning of the truth.</summary>
    [Fact]
    public void Output_SentInAnyPieces_IsAlwaysABeginningOfWhatWasWritten()
    {
        var truth = Enumerable.Range(0, 200).Select(i => (byte)i).ToArray();
        Gen.Select(Gen.Int[0, 199], Gen.Int[1, 60]).Array[1, 40].Sample(pieces =>
        {
            var known = Running();
            var reports = pieces.Select(p => new ExecutionReport(known.Id, Now,
                [new(OutputStream.Stdout, p.Item1, truth[p.Item1..Math.Min(truth.Length, p.Item1 + p.Item2)])], null)).ToArray();
            var batch = Apply(known, reports);
            var stored = batch.Journal().Where(e => e.Kind == JournalKind.Stdout).SelectMany(e => e.Data).ToArray();
            return truth.AsSpan().StartsWith(stored)
                && (batch.Changed.GetValueOrDefault(known.Id) ?? known).StdoutBytes == stored.Length;
        });
    }
}
