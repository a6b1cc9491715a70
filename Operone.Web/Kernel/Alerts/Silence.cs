using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Operone.Core.Kernel.Alerts;

namespace Operone.Web.Kernel.Alerts;

/// <summary>A silence as stored. See <see cref="SilenceView"/>.</summary>
internal sealed class Silence
{
    public required Guid Id { get; init; }
    public Guid? RuleId { get; init; }
    public string? RuleName { get; init; }
    public Guid? DeviceId { get; init; }
    public string? DeviceName { get; init; }
    public required string Selector { get; init; }
    public required DateTimeOffset From { get; init; }
    public required DateTimeOffset Until { get; set; }
    public required string Reason { get; init; }
    public Guid? MakerId { get; init; }
    public required string MadeBy { get; init; }
    public string? EndedBy { get; set; }

    /// <summary>Whether it is for an alert: all that it names must hold.</summary>
    public bool IsFor(Guid ruleId, Guid? deviceId, IReadOnlyDictionary<string, string>? labels) =>
        (RuleId is null || RuleId == ruleId) && (DeviceId is null || DeviceId == deviceId)
        && (Selector.Length == 0 || (labels is not null && Core.Selector.Parse(Selector) is { IsError: false } read && read.Value.Matches(labels)));

    /// <summary>Whether it holds at a time.</summary>
    public bool IsActive(DateTimeOffset now) => From <= now && now < Until;

    public SilenceView ToView(DateTimeOffset now) => new(Id, RuleId, RuleName, DeviceId, DeviceName, Selector, From, Until, Reason, MadeBy, EndedBy, IsActive(now));
}

internal sealed class SilenceConfiguration : IEntityTypeConfiguration<Silence>
{
    public void Configure(EntityTypeBuilder<Silence> builder)
    {
        builder.ToTable("alert_silences");
        builder.Property(s => s.Id).ValueGeneratedNever();
        builder.Property(s => s.RuleName).HasMaxLength(AlertRules.MaxName);
        builder.Property(s => s.DeviceName).HasMaxLength(63);
        builder.Property(s => s.Selector).HasMaxLength(Core.Selector.MaxLength);
        builder.Property(s => s.Reason).HasMaxLength(AlertRules.MaxReason);
        builder.Property(s => s.MadeBy).HasMaxLength(256);
        builder.Property(s => s.EndedBy).HasMaxLength(256);
        builder.HasIndex(s => s.Until);
    }
}
