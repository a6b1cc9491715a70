using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Operone.Core.Kernel.Alerts;
using Operone.Web.Access;
using Operone.Web.Data;

namespace Operone.Web.Kernel.Alerts;

/// <summary>An alert rule as stored. See <see cref="AlertRuleView"/>.</summary>
internal sealed class AlertRule
{
    public required Guid Id { get; init; }
    public required string Name { get; set; }
    public required string NormalizedName { get; set; }
    public required SaveAlertRule Definition { get; set; }
    /// <summary>In whose name it looks: a person's or token's id; null for Operone itself.</summary>
    public Guid? OwnerId { get; set; }
    public required string OwnerName { get; set; }
    public bool IsEnabled { get; set; }
    /// <summary>Whether it waits for events or jobs, and not for how devices do.</summary>
    public bool IsOfEvents { get; set; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; set; }

    /// <summary>The one with this id or name; null where there is none.</summary>
    public static Task<AlertRule?> FindAsync(OperoneDb db, string idOrName, CancellationToken cancellationToken)
    {
        var isId = Guid.TryParse(idOrName, out var id);
        var name = Role.Normalize(idOrName);
        return db.Set<AlertRule>().SingleOrDefaultAsync(r => isId ? r.Id == id : r.NormalizedName == name, cancellationToken);
    }

    public AlertRuleView ToView(int firing) => new(Id, Name, Definition, OwnerName, CreatedAt, UpdatedAt, firing, AlertRules.Describe(Definition));
}

internal sealed class AlertRuleConfiguration : IEntityTypeConfiguration<AlertRule>
{
    public void Configure(EntityTypeBuilder<AlertRule> builder)
    {
        builder.ToTable("alert_rules");
        builder.Property(r => r.Id).ValueGeneratedNever();
        builder.Property(r => r.Name).HasMaxLength(AlertRules.MaxName);
        builder.Property(r => r.NormalizedName).HasMaxLength(AlertRules.MaxName);
        builder.Property(r => r.Definition).HasJsonText();
        builder.Property(r => r.OwnerName).HasMaxLength(256);
        builder.HasIndex(r => r.NormalizedName).IsUnique();
    }
}
