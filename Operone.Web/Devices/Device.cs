using System.Linq.Expressions;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Operone.Core.Devices;
using Operone.Web.Data;

namespace Operone.Web.Devices;

/// <summary>A device as stored. Whether it is connected is known in memory alone, see <see cref="DeviceDirectory"/>.</summary>
internal sealed class Device
{
    public required Guid Id { get; init; }
    public required string Name { get; set; }

    /// <summary>The name in upper case: names are unique without regard to case on both databases.</summary>
    public required string NormalizedName { get; set; }
    public required IReadOnlyDictionary<string, string> Labels { get; set; }

    /// <summary>The device's public key as SubjectPublicKeyInfo. The server keeps no secret of a device.</summary>
    public required byte[] PublicKey { get; init; }
    public DeviceFacts? Facts { get; set; }
    public string? AgentVersion { get; set; }
    public DateTimeOffset? LastSeenAt { get; set; }
    public required DateTimeOffset EnrolledAt { get; init; }

    /// <summary>The enrolment token that it came with.</summary>
    public required Guid EnrolledWith { get; init; }

    /// <summary>Why it takes no new work; null where it does.</summary>
    public DeviceCordon? Cordon { get; set; }

    /// <summary>What is kept for the device itself; null for what is kept by default.</summary>
    public Resources? OwnReserve { get; set; }

    /// <summary>What the directory keeps of it, to read it from the database.</summary>
    public static Expression<Func<Device, DeviceEntry>> AsEntry { get; } = d =>
        new DeviceEntry(d.Id, d.Name, d.Labels) { Cordon = d.Cordon, OwnReserve = d.OwnReserve, Capacity = DeviceCapacity.Of(d.Facts) };

    public static string Normalize(string name) => name.ToUpperInvariant();

    public DeviceEntry ToEntry() => new(Id, Name, Labels) { Cordon = Cordon, OwnReserve = OwnReserve, Capacity = DeviceCapacity.Of(Facts) };

    public DeviceView ToView(bool online, DateTimeOffset now) => new(
        Id, Name, online ? DeviceStatus.Online : DeviceStatus.Offline, Labels, Facts, online ? now : LastSeenAt, AgentVersion, EnrolledAt)
    {
        Cordon = Cordon,
        OwnReserve = OwnReserve,
    };
}

internal sealed class DeviceConfiguration : IEntityTypeConfiguration<Device>
{
    public void Configure(EntityTypeBuilder<Device> builder)
    {
        builder.ToTable("devices");
        builder.Property(d => d.Id).ValueGeneratedNever();
        builder.Property(d => d.Name).HasMaxLength(63);
        builder.Property(d => d.NormalizedName).HasMaxLength(63);
        builder.Property(d => d.Labels).HasJsonText();
        builder.Property(d => d.PublicKey).HasMaxLength(128);
        builder.Property(d => d.Facts).HasJsonText();
        builder.Property(d => d.Cordon).HasJsonText();
        builder.Property(d => d.OwnReserve).HasJsonText();
        builder.Property(d => d.AgentVersion).HasMaxLength(64);
        builder.HasIndex(d => d.NormalizedName).IsUnique();
        builder.HasIndex(d => d.PublicKey).IsUnique();
    }
}
