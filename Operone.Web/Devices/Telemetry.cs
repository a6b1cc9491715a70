using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Operone.Core.Devices;
using Operone.Web.Data;

namespace Operone.Web.Devices;

/// <summary>One sample as it came. Kept for an hour.</summary>
internal sealed class TelemetryRecord
{
    public long Seq { get; init; }
    public required Guid DeviceId { get; init; }
    public required DateTimeOffset At { get; init; }
    public required TelemetrySample Sample { get; init; }
}

/// <summary>The mean of a minute's samples. Kept for a week.</summary>
internal sealed class TelemetryMinute
{
    public required Guid DeviceId { get; init; }
    public required DateTimeOffset At { get; init; }
    public required TelemetrySample Sample { get; init; }
}

internal sealed class TelemetryRecordConfiguration : IEntityTypeConfiguration<TelemetryRecord>
{
    public void Configure(EntityTypeBuilder<TelemetryRecord> builder)
    {
        builder.ToTable("telemetry_samples");
        builder.HasKey(t => t.Seq);
        builder.Property(t => t.Sample).HasJsonText();
        builder.HasIndex(t => new { t.DeviceId, t.At });
        builder.HasIndex(t => t.At);
    }
}

internal sealed class TelemetryMinuteConfiguration : IEntityTypeConfiguration<TelemetryMinute>
{
    public void Configure(EntityTypeBuilder<TelemetryMinute> builder)
    {
        builder.ToTable("telemetry_minutes");
        builder.HasKey(t => new { t.DeviceId, t.At });
        builder.Property(t => t.Sample).HasJsonText();
        builder.HasIndex(t => t.At);
    }
}
