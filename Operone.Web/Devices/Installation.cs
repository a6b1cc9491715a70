using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Operone.Web.Devices;

/// <summary>This installation of Operone. There is one row, made at first start.</summary>
internal sealed class Installation
{
    public const int OnlyId = 1;

    public int Id { get; init; } = OnlyId;

    /// <summary>The <c>aud</c> of devices' tokens: one made for another installation is not good here.</summary>
    public required string Audience { get; init; }
}

internal sealed class InstallationConfiguration : IEntityTypeConfiguration<Installation>
{
    public void Configure(EntityTypeBuilder<Installation> builder)
    {
        builder.ToTable("installation");
        builder.Property(i => i.Id).ValueGeneratedNever();
        builder.Property(i => i.Audience).HasMaxLength(100);
    }
}
