using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Operone.Core.Devices;
using Operone.Web.Shell;

namespace Operone.Web.Kernel.Ledger;

/// <summary>
/// What an execution was given of a device. It counts while the execution is open: the end of the execution, whatever it is, is the end of
/// the reservation, in the same write. So there is none that was forgotten.
/// </summary>
internal sealed class Reservation
{
    /// <summary>Whose it is.</summary>
    public required Guid ExecutionId { get; init; }
    public required Guid RunId { get; init; }
    public required Guid DeviceId { get; init; }
    public required long CpuMillis { get; init; }
    public required long MemoryBytes { get; init; }
    public required long DiskBytes { get; init; }
    public required DateTimeOffset At { get; init; }

    public Resources ToResources() => new(CpuMillis, MemoryBytes, DiskBytes);
}

internal sealed class ReservationConfiguration : IEntityTypeConfiguration<Reservation>
{
    public void Configure(EntityTypeBuilder<Reservation> builder)
    {
        builder.ToTable("reservations");
        builder.HasKey(r => r.ExecutionId);
        builder.Property(r => r.ExecutionId).ValueGeneratedNever();
        builder.HasOne<Execution>().WithOne().HasForeignKey<Reservation>(r => r.ExecutionId).OnDelete(DeleteBehavior.Cascade);
        builder.HasIndex(r => new { r.DeviceId, r.ExecutionId });
        builder.HasIndex(r => r.RunId);
    }
}
