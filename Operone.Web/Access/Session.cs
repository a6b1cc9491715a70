using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Operone.Core.Access;

namespace Operone.Web.Access;

/// <summary>One sign-in on one device: a browser, or a command line. It is bound to a key that does not leave the device.</summary>
internal sealed class Session
{
    public required Guid Id { get; init; }
    public required Guid PersonId { get; init; }

    /// <summary>How the person proved who they are: <see cref="SignInMethods"/>.</summary>
    public required string Method { get; init; }

    /// <summary>The browser and the system, in words, as it said of itself.</summary>
    public required string Device { get; init; }

    public string? Address { get; set; }
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>To the minute.</summary>
    public DateTimeOffset LastSeenAt { get; set; }

    /// <summary>When it ends by itself, renewed or not.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>Whether the browser keeps its cookie when it is closed.</summary>
    public required bool IsPersistent { get; init; }

    /// <summary>What the session is bound by.</summary>
    public SessionBinding Binding { get; set; }

    /// <summary>The key that it is bound to, as SubjectPublicKeyInfo; null for a command line, which holds a token instead.</summary>
    public byte[]? PublicKey { get; set; }

    /// <summary>When the nonce was made by which it was last renewed: none is good twice.</summary>
    public DateTimeOffset? RenewedAt { get; set; }

    /// <summary>When a passkey was last touched in it.</summary>
    public DateTimeOffset? SteppedUpAt { get; set; }

    public DateTimeOffset? EndedAt { get; set; }
    public string? EndedBy { get; set; }
    public string? EndReason { get; set; }
}

internal sealed class SessionConfiguration : IEntityTypeConfiguration<Session>
{
    public void Configure(EntityTypeBuilder<Session> builder)
    {
        builder.ToTable("sessions");
        builder.Property(s => s.Id).ValueGeneratedNever();
        builder.Property(s => s.Method).HasMaxLength(100);
        builder.Property(s => s.Device).HasMaxLength(200);
        builder.Property(s => s.Address).HasMaxLength(64);
        builder.Property(s => s.PublicKey).HasMaxLength(1024);
        builder.Property(s => s.EndedBy).HasMaxLength(256);
        builder.Property(s => s.EndReason).HasMaxLength(200);
        builder.HasOne<Person>().WithMany().HasForeignKey(s => s.PersonId).OnDelete(DeleteBehavior.Cascade);
        builder.HasIndex(s => new { s.PersonId, s.EndedAt });
        builder.HasIndex(s => s.ExpiresAt);
    }
}
