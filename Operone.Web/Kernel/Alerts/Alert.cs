using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Operone.Core.Kernel.Alerts;
using Operone.Web.Events;

namespace Operone.Web.Kernel.Alerts;

/// <summary>An alert as stored: at most one that is open for a rule and what it is about. See <see cref="AlertView"/>.</summary>
internal sealed class Alert
{
    /// <summary>The longest text, in characters.</summary>
    public const int MaxText = 500;

    public required Guid Id { get; init; }
    public required Guid RuleId { get; init; }
    /// <summary>The rule's name, as it was: the alert outlives it.</summary>
    public required string RuleName { get; set; }
    /// <summary>Whose rule it was.</summary>
    public Guid? OwnerId { get; set; }
    public required AlertSeverity Severity { get; set; }
    /// <summary>What it is about, for the machine: a device's or job's id, an event's key.</summary>
    public required string SubjectKey { get; init; }
    public required string Subject { get; set; }
    public Guid? DeviceId { get; init; }
    public AlertState State { get; set; }
    public DateTimeOffset Since { get; set; }
    public DateTimeOffset? RaisedAt { get; set; }
    public DateTimeOffset? CalmSince { get; set; }
    public DateTimeOffset? RecoveredAt { get; set; }
    public DateTimeOffset? ToldAt { get; set; }
    public int Repeats { get; set; }
    public bool IsBlind { get; set; }
    public double? Value { get; set; }
    public string Text { get; set; } = "";
    public string? Reason { get; set; }
    public string? AcknowledgedBy { get; set; }
    public DateTimeOffset? AcknowledgedAt { get; set; }
    /// <summary>The place in the log of the last event that it has heard of.</summary>
    public long? LastPosition { get; set; }
    public required DateTimeOffset StoredAt { get; set; }
    /// <summary>Counts changes: of two that change it at once, one finds that it was changed.</summary>
    public int Version { get; set; }

    /// <summary>Where it stands.</summary>
    public AlertStanding Standing => new()
    {
        State = State,
        Since = Since,
        RaisedAt = RaisedAt,
        CalmSince = CalmSince,
        ToldAt = ToldAt,
        Repeats = Repeats,
        IsAcknowledged = AcknowledgedAt is not null,
        IsBlind = IsBlind,
        Value = Value,
    };

    /// <summary>Takes over where it stands now.</summary>
    public void Take(AlertStanding standing, DateTimeOffset now)
    {
        if (standing.State == AlertState.Recovered && State != AlertState.Recovered)
        {
            RecoveredAt = now;
        }

        (State, Since, RaisedAt, CalmSince) = (standing.State, standing.Since, standing.RaisedAt, standing.CalmSince);
        (ToldAt, Repeats, IsBlind, Value) = (standing.ToldAt, standing.Repeats, standing.IsBlind, standing.Value);
        StoredAt = now;
        Version++;
    }

    public AlertView ToView(DateTimeOffset? silencedUntil) => new(
        Id, RuleId, RuleName, Severity, State, Subject, DeviceId, Since, RaisedAt, RecoveredAt, Value, Text, IsBlind, Reason, AcknowledgedBy, AcknowledgedAt,
        State == AlertState.Recovered ? null : silencedUntil, ToldAt);
}

internal sealed class AlertConfiguration : IEntityTypeConfiguration<Alert>
{
    public void Configure(EntityTypeBuilder<Alert> builder)
    {
        builder.ToTable("alerts");
        builder.Property(a => a.Id).ValueGeneratedNever();
        builder.Property(a => a.RuleName).HasMaxLength(AlertRules.MaxName);
        builder.Property(a => a.SubjectKey).HasMaxLength(EventEntry.MaxText);
        builder.Property(a => a.Subject).HasMaxLength(EventEntry.MaxText);
        builder.Property(a => a.Text).HasMaxLength(Alert.MaxText);
        builder.Property(a => a.Reason).HasMaxLength(Alert.MaxText);
        builder.Property(a => a.AcknowledgedBy).HasMaxLength(256);
        builder.Property(a => a.Version).IsConcurrencyToken();
        builder.Ignore(a => a.Standing);
        builder.HasIndex(a => new { a.RuleId, a.SubjectKey }).IsUnique().HasFilter("\"State\" <> 2").HasDatabaseName("IX_alerts_open");
        builder.HasIndex(a => new { a.State, a.Id });
        builder.HasIndex(a => new { a.DeviceId, a.Id });
        builder.HasIndex(a => new { a.RuleId, a.Id });
        builder.HasIndex(a => new { a.SubjectKey, a.LastPosition });
    }
}
