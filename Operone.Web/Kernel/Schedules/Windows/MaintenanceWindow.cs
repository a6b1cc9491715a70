using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Operone.Core.Kernel.Schedules;
using Operone.Web.Access;
using Operone.Web.Data;

namespace Operone.Web.Kernel.Schedules.Windows;

/// <summary>A maintenance window as stored. See <see cref="MaintenanceWindowView"/>.</summary>
internal sealed class MaintenanceWindow
{
    public required Guid Id { get; init; }
    public required string Name { get; set; }
    public required string NormalizedName { get; set; }
    public required SaveMaintenanceWindow Definition { get; set; }
    public bool IsEnabled { get; set; }
    public required DateTimeOffset UpdatedAt { get; set; }
    public required string UpdatedBy { get; set; }

    /// <summary>The one with this id or name; null where there is none.</summary>
    public static Task<MaintenanceWindow?> FindAsync(OperoneDb db, string idOrName, CancellationToken cancellationToken)
    {
        var isId = Guid.TryParse(idOrName, out var id);
        var name = Role.Normalize(idOrName);
        return db.Set<MaintenanceWindow>().SingleOrDefaultAsync(w => isId ? w.Id == id : w.NormalizedName == name, cancellationToken);
    }

    public MaintenanceWindowView ToView(int devices, DateTimeOffset now)
    {
        var times = IsEnabled && WindowRules.Times(Definition) is { IsError: false } read ? read.Value : null;
        return new(Id, Definition, times?.ClosesAt(now), times?.Opens.After(now), devices, UpdatedAt, UpdatedBy);
    }
}

internal sealed class MaintenanceWindowConfiguration : IEntityTypeConfiguration<MaintenanceWindow>
{
    public void Configure(EntityTypeBuilder<MaintenanceWindow> builder)
    {
        builder.ToTable("maintenance_windows");
        builder.Property(w => w.Id).ValueGeneratedNever();
        builder.Property(w => w.Name).HasMaxLength(ScheduleRules.MaxName);
        builder.Property(w => w.NormalizedName).HasMaxLength(ScheduleRules.MaxName);
        builder.Property(w => w.Definition).HasJsonText();
        builder.Property(w => w.UpdatedBy).HasMaxLength(256);
        builder.HasIndex(w => w.NormalizedName).IsUnique();
    }
}
