using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Operone.Core.Access;

namespace Operone.Web.Access;

/// <summary>A command line that waits to be signed in through a browser (RFC 8628). Only the hash of its device code is kept.</summary>
internal sealed class DeviceLogin
{
    public required Guid Id { get; init; }
    public required byte[] DeviceCodeHash { get; init; }

    /// <summary>What the person types or compares, without the dash.</summary>
    public required string UserCode { get; init; }

    /// <summary>What the command line says of itself: its program, user and machine.</summary>
    public required string ClientName { get; init; }

    public string? Address { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }
    public DeviceLoginStatus Status { get; set; }

    /// <summary>Who approved it.</summary>
    public Guid? PersonId { get; set; }

    /// <summary>For how long the approval is good, in seconds.</summary>
    public long? LifetimeSeconds { get; set; }

    public DateTimeOffset? PolledAt { get; set; }

    /// <summary>The least pause between two polls, in seconds.</summary>
    public int IntervalSeconds { get; set; }
}

internal sealed class DeviceLoginConfiguration : IEntityTypeConfiguration<DeviceLogin>
{
    public void Configure(EntityTypeBuilder<DeviceLogin> builder)
    {
        builder.ToTable("device_logins");
        builder.Property(d => d.Id).ValueGeneratedNever();
        builder.Property(d => d.DeviceCodeHash).HasMaxLength(32);
        builder.Property(d => d.UserCode).HasMaxLength(16);
        builder.Property(d => d.ClientName).HasMaxLength(200);
        builder.Property(d => d.Address).HasMaxLength(64);
        builder.HasIndex(d => d.DeviceCodeHash).IsUnique();
        builder.HasIndex(d => d.UserCode).IsUnique();
        builder.HasIndex(d => d.ExpiresAt);
    }
}
