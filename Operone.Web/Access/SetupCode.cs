using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Operone.Web.Access;

/// <summary>The one-time code with which the owner's account is made. There is at most one, and only its hash is kept.</summary>
internal sealed class SetupCode
{
    public required byte[] Hash { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
}

internal sealed class SetupCodeConfiguration : IEntityTypeConfiguration<SetupCode>
{
    public void Configure(EntityTypeBuilder<SetupCode> builder)
    {
        builder.ToTable("setup_codes");
        builder.HasKey(c => c.Hash);
        builder.Property(c => c.Hash).HasMaxLength(32);
    }
}
