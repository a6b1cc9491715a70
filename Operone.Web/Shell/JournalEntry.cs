using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Operone.Web.Shell;

/// <summary>What an entry of a run's journal is.</summary>
internal enum JournalKind : byte
{
    Stdout = 1,
    Stderr = 2,
    /// <summary>An execution's or the run's state: the data is a <c>RunStreamStatus</c> as JSON.</summary>
    Status = 3,
}

/// <summary>
/// One entry of a run's journal: a piece of output, or a change of state, in the order in which it was stored. Live
/// readers resume from <see cref="Seq"/>; output is the entries of one kind by <see cref="Offset"/>.
/// </summary>
internal sealed class JournalEntry
{
    /// <summary>Grows over all runs; given by the database.</summary>
    public long Seq { get; init; }
    public required Guid RunId { get; init; }
    /// <summary>Null where the run itself is meant.</summary>
    public Guid? ExecutionId { get; init; }
    public required JournalKind Kind { get; init; }
    /// <summary>For output: the offset of the first byte in its stream. For states: 0.</summary>
    public required long Offset { get; init; }
    public required int Length { get; init; }
    public required byte[] Data { get; init; }
}

internal sealed class JournalEntryConfiguration : IEntityTypeConfiguration<JournalEntry>
{
    public void Configure(EntityTypeBuilder<JournalEntry> builder)
    {
        builder.ToTable("run_journal");
        builder.HasKey(e => e.Seq);
        builder.HasOne<Run>().WithMany().HasForeignKey(e => e.RunId).OnDelete(DeleteBehavior.Cascade);
        builder.HasIndex(e => new { e.RunId, e.Seq });
        builder.HasIndex(e => new { e.ExecutionId, e.Kind, e.Offset });
    }
}
