using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Operone.Core.Access;

namespace Operone.Web.Access;

/// <summary>Gives (or takes) a role's permissions to a person, a team or a token, on the devices that a selector matches.</summary>
internal sealed class Grant
{
    public required Guid Id { get; init; }
    public required GrantEffect Effect { get; init; }
    public required Guid RoleId { get; init; }
    public required SubjectKind SubjectKind { get; init; }

    /// <summary>The person's, team's or token's id.</summary>
    public required Guid SubjectId { get; init; }

    /// <summary>In its canonical text; empty for all devices, and for what is no device.</summary>
    public required string Selector { get; init; }

    /// <summary>When it ends by itself; null for never.</summary>
    public DateTimeOffset? Until { get; init; }

    public string? Reason { get; init; }
    public required string CreatedBy { get; init; }
    public Guid? CreatedById { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Whether it counts. At the very time of its end it does not.</summary>
    public bool IsInForce(DateTimeOffset at) => !(Until <= at);

    /// <summary>Its selector as it is compared; null where it cannot be read.</summary>
    public Core.Selector? ReadSelector() => Core.Selector.Parse(Selector) is { IsError: false } read ? read.Value : null;
}

internal sealed class GrantConfiguration : IEntityTypeConfiguration<Grant>
{
    public void Configure(EntityTypeBuilder<Grant> builder)
    {
        builder.ToTable("grants");
        builder.Property(g => g.Id).ValueGeneratedNever();
        builder.Property(g => g.Selector).HasMaxLength(Core.Selector.MaxLength);
        builder.Property(g => g.Reason).HasMaxLength(500);
        builder.Property(g => g.CreatedBy).HasMaxLength(256);
        builder.HasOne<Role>().WithMany().HasForeignKey(g => g.RoleId).OnDelete(DeleteBehavior.Restrict);
        builder.HasIndex(g => new { g.SubjectId, g.SubjectKind });
    }
}
