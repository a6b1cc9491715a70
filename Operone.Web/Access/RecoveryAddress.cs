using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Operone.Web.Access;

/// <summary>A one-time way back in for a person, made on the server's own shell. Only the hash of its code is kept.</summary>
internal sealed class RecoveryAddress
{
    public required byte[] Hash { get; init; }
    public required Guid PersonId { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }
}

internal sealed class RecoveryAddressConfiguration : IEntityTypeConfiguration<RecoveryAddress>
{
    public void Configure(EntityTypeBuilder<RecoveryAddress> builder)
    {
        builder.ToTable("recovery_addresses");
        builder.HasKey(r => r.Hash);
        builder.Property(r => r.Hash).HasMaxLength(32);
        builder.HasOne<Person>().WithMany().HasForeignKey(r => r.PersonId).OnDelete(DeleteBehavior.Cascade);
    }
}
