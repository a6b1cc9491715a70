using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Operone.Core.Files;
using Operone.Web.Data;

namespace Operone.Web.Files.Transfers;

/// <summary>A copy or move that the nodes carry out, as stored. See <see cref="TransferView"/>.</summary>
internal sealed class Transfer
{
    public required Guid Id { get; init; }

    /// <summary>Whose it is: a person, or a service token.</summary>
    public required Guid OwnerId { get; init; }

    /// <summary>The person or token whose rights count.</summary>
    public Guid? CreatedById { get; init; }

    public required string CreatedBy { get; init; }
    public required TransferKind Kind { get; init; }
    public required IReadOnlyList<string> From { get; init; }
    public required string To { get; init; }
    public string? Name { get; init; }
    public required ConflictRule Conflict { get; set; }
    public required TransferStatus Status { get; set; }
    public string? Reason { get; set; }

    /// <summary>It waits with its plan.</summary>
    public required bool IsPausedAfterPlan { get; init; }

    /// <summary>A move within one place that turned out not to be done by renaming.</summary>
    public bool IsRenameRefused { get; set; }

    public long Files { get; set; }
    public long Folders { get; set; }
    public long Bytes { get; set; }
    public long Conflicts { get; set; }
    public long FilesDone { get; set; }
    public long BytesDone { get; set; }

    /// <summary>How many bytes have gone from one to the other; null of one from before that was counted.</summary>
    public long? BytesSent { get; set; }

    public long Skipped { get; set; }
    public long Failed { get; set; }
    public long? BytesPerSecond { get; set; }
    public required DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? EndedAt { get; set; }

    /// <summary>Which piece of work has it now: two never do.</summary>
    public Guid? Claim { get; set; }

    /// <summary>Until when that one is believed to be there.</summary>
    public DateTimeOffset? ClaimedUntil { get; set; }
}

/// <summary>One thing that a transfer brings, as stored.</summary>
internal sealed class TransferItem
{
    public required Guid TransferId { get; init; }

    /// <summary>Its place in the plan: folders before what is in them.</summary>
    public required long Number { get; init; }

    /// <summary>Which of the sources it belongs to.</summary>
    public required int Root { get; init; }

    /// <summary>Where it is below its source, as an address; <c>/</c> for the source itself.</summary>
    public required string Path { get; init; }

    /// <summary>Where it goes, where that is not the same place below the target.</summary>
    public string? To { get; set; }

    public required FileKind Kind { get; init; }
    public long? Size { get; init; }
    public DateTimeOffset? ModifiedAt { get; init; }
    public int? Mode { get; init; }

    /// <summary>Of a link: where it leads to.</summary>
    public string? Target { get; init; }

    /// <summary>The source's tag when it was planned.</summary>
    public string? Tag { get; init; }

    /// <summary>Another one is in its place.</summary>
    public bool IsConflict { get; init; }

    /// <summary>When that one was changed.</summary>
    public DateTimeOffset? ThereModifiedAt { get; init; }

    /// <summary>The whole source is moved by renaming it.</summary>
    public bool IsRename { get; init; }

    /// <summary>The upload by which it comes, at the target.</summary>
    public required Guid Upload { get; init; }

    public TransferOutcome Outcome { get; set; }
    public string? Problem { get; set; }

    /// <summary>Of a move: the source is gone, or stays for good.</summary>
    public bool IsSourceSettled { get; set; }
}

internal sealed class TransferConfiguration : IEntityTypeConfiguration<Transfer>, IEntityTypeConfiguration<TransferItem>
{
    public void Configure(EntityTypeBuilder<Transfer> builder)
    {
        builder.ToTable("transfers");
        builder.Property(t => t.Id).ValueGeneratedNever();
        builder.Property(t => t.From).HasJsonText();
        builder.HasIndex(t => new { t.Status, t.ClaimedUntil });
        builder.HasIndex(t => t.OwnerId);
    }

    public void Configure(EntityTypeBuilder<TransferItem> builder)
    {
        builder.ToTable("transfer_items");
        builder.HasKey(i => new { i.TransferId, i.Number });
        builder.HasOne<Transfer>().WithMany().HasForeignKey(i => i.TransferId).OnDelete(DeleteBehavior.Cascade);
    }
}
