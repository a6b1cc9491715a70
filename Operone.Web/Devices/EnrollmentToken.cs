using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Operone.Core.Devices;
using Operone.Web.Data;

namespace Operone.Web.Devices;

/// <summary>What a device needs to enrol. Its text is not stored, only its SHA-256.</summary>
internal sealed class EnrollmentToken
{
    public required Guid Id { get; init; }
    public required string Name { get; init; }
    public required byte[] Hash { get; init; }
    public required IReadOnlyDictionary<string, string> Labels { get; init; }
    public required int Uses { get; init; }
    public required int UsesLeft { get; set; }
    public required string CreatedBy { get; init; }
    /// <summary>The person or API token that made it; null where that was Operone itself. What they manage bounds what enrols with it.</summary>
    public Guid? CreatedById { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }
    public DateTimeOffset? RevokedAt { get; set; }

    public EnrollmentTokenView ToView() => new(Id, Name, Labels, Uses, UsesLeft, CreatedAt, ExpiresAt, RevokedAt);
}

internal sealed class EnrollmentTokenConfiguration : IEntityTypeConfiguration<EnrollmentToken>
{
    public void Configure(EntityTypeBuilder<EnrollmentToken> builder)
    {
        builder.ToTable("enrollment_tokens");
        builder.Property(t => t.Id).ValueGeneratedNever();
        builder.Property(t => t.Name).HasMaxLength(100);
        builder.Property(t => t.Hash).HasMaxLength(32);
        builder.Property(t => t.Labels).HasJsonText();
        builder.Property(t => t.CreatedBy).HasMaxLength(256);
        builder.HasIndex(t => t.Hash).IsUnique();
    }
}
