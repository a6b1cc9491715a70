using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Operone.Web.Shell;

/// <summary>Which run a request with an <c>Idempotency-Key</c> made; kept for <see cref="Lifetime"/>.</summary>
internal sealed class IdempotencyKey
{
    /// <summary>How long a key is honoured.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(24);

    /// <summary>The longest key.</summary>
    public const int MaxLength = 255;

    /// <summary>The id of the person or API token whose key it is.</summary>
    public required string Actor { get; init; }
    public required string Key { get; init; }
    /// <summary>SHA-256 of the request, in hex.</summary>
    public required string RequestHash { get; init; }
    public required Guid RunId { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
}

internal sealed class IdempotencyKeyConfiguration : IEntityTypeConfiguration<IdempotencyKey>
{
    public void Configure(EntityTypeBuilder<IdempotencyKey> builder)
    {
        builder.ToTable("run_idempotency_keys");
        builder.HasKey(k => new { k.Actor, k.Key });
        builder.Property(k => k.Actor).HasMaxLength(256);
        builder.Property(k => k.Key).HasMaxLength(IdempotencyKey.MaxLength);
        builder.Property(k => k.RequestHash).HasMaxLength(64);
        builder.HasIndex(k => k.CreatedAt);
    }
}
