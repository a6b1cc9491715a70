using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Operone.Web.Data;

namespace Operone.Web.Access;

/// <summary>A challenge that a passkey has answered, until it would be too old anyway: none is good twice, on any node.</summary>
internal sealed class UsedChallenge
{
    public required byte[] Hash { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>Notes that a challenge is used; the context's next save fails where it was already. Forgets those that are too old.</summary>
    public static async Task TakeAsync(OperoneDb db, PendingPasskey pending, DateTimeOffset now, CancellationToken cancellationToken)
    {
        // Clocks of nodes differ a little.
        var old = now.AddMinutes(-5);
        await db.Set<UsedChallenge>().Where(c => c.ExpiresAt < old).ExecuteDeleteAsync(cancellationToken);
        db.Add(new UsedChallenge { Hash = pending.Hash, ExpiresAt = pending.ExpiresAt });
    }
}

internal sealed class UsedChallengeConfiguration : IEntityTypeConfiguration<UsedChallenge>
{
    public void Configure(EntityTypeBuilder<UsedChallenge> builder)
    {
        builder.ToTable("used_challenges");
        builder.HasKey(c => c.Hash);
        builder.Property(c => c.Hash).HasMaxLength(32);
        builder.HasIndex(c => c.ExpiresAt);
    }
}
