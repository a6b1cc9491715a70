using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Operone.Core.Access;

namespace Operone.Web.Access;

/// <summary>Somebody asks for a role on devices for a while.</summary>
internal sealed class AccessRequest
{
    public required Guid Id { get; init; }
    public required Guid PersonId { get; init; }
    public required Guid RoleId { get; init; }

    /// <summary>On which devices; empty for all.</summary>
    public required string Selector { get; init; }

    /// <summary>For how long, from the moment of the approval.</summary>
    public required long DurationSeconds { get; init; }

    public required string Reason { get; init; }
    public AccessRequestStatus Status { get; set; }
    public required DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? DecidedAt { get; set; }
    public string? DecidedBy { get; set; }
    public string? DecisionReason { get; set; }

    /// <summary>The grant that an approval made.</summary>
    public Guid? GrantId { get; set; }
}

internal sealed class AccessRequestConfiguration : IEntityTypeConfiguration<AccessRequest>
{
    public void Configure(EntityTypeBuilder<AccessRequest> builder)
    {
        builder.ToTable("access_requests");
        builder.Property(r => r.Id).ValueGeneratedNever();
        builder.Property(r => r.Selector).HasMaxLength(Core.Selector.MaxLength);
        builder.Property(r => r.Reason).HasMaxLength(500);
        builder.Property(r => r.DecidedBy).HasMaxLength(256);
        builder.Property(r => r.DecisionReason).HasMaxLength(500);
        builder.HasOne<Person>().WithMany().HasForeignKey(r => r.PersonId).OnDelete(DeleteBehavior.Cascade);
        builder.HasOne<Role>().WithMany().HasForeignKey(r => r.RoleId).OnDelete(DeleteBehavior.Cascade);
        builder.HasIndex(r => new { r.Status, r.Id });
        builder.HasIndex(r => r.PersonId);
    }
}
