using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Operone.Web.Files.Uploads;

/// <summary>An upload that can go on after any break, as stored. How far it is, the device knows.</summary>
internal sealed class Upload
{
    public required Guid Id { get; init; }

    /// <summary>Whose it is: a person, or a service token.</summary>
    public required Guid OwnerId { get; init; }

    /// <summary>Where the file is to be, as an address in the tree.</summary>
    public required string Address { get; init; }

    /// <summary>How many bytes it has when it is whole.</summary>
    public required long Length { get; init; }

    /// <summary>How many bytes are there, as far as is known here; the device's word counts.</summary>
    public long Offset { get; set; }

    /// <summary>From here on what the device has may be wrong: a stretch with a checksum has not ended, or was not right.</summary>
    public long? DoubtfulFrom { get; set; }

    /// <summary>Whether it replaces what is there.</summary>
    public required bool Overwrite { get; init; }

    /// <summary>The time of change that the file is to have.</summary>
    public DateTimeOffset? ModifiedAt { get; init; }

    /// <summary>The SHA-256 that it must have.</summary>
    public byte[]? Sha256 { get; init; }

    /// <summary>As it was sent, to be sent back.</summary>
    public required string Metadata { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Until when it may go on.</summary>
    public required DateTimeOffset ExpiresAt { get; set; }

    /// <summary>When it became the file.</summary>
    public DateTimeOffset? CompletedAt { get; set; }
}

internal sealed class UploadConfiguration : IEntityTypeConfiguration<Upload>
{
    public void Configure(EntityTypeBuilder<Upload> builder)
    {
        builder.ToTable("uploads");
        builder.Property(u => u.Id).ValueGeneratedNever();
        builder.Property(u => u.Sha256).HasMaxLength(32);
        builder.HasIndex(u => u.ExpiresAt);
    }
}
