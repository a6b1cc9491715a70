using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Operone.Core.Devices;
using Operone.Web.Kernel.Jobs.Runs;

namespace Operone.Web.Kernel.Ledger;

/// <summary>
/// What a device of a job's run was given. It counts until the device has done the job's last step, or has failed: in the same write it ends.
/// So what one step needs is still there for the next.
/// </summary>
internal sealed class JobReservation
{
    public required Guid Id { get; init; }
    public required Guid JobRunId { get; init; }
    public required Guid DeviceId { get; init; }
    public required long CpuMillis { get; init; }
    public required long MemoryBytes { get; init; }
    public required long DiskBytes { get; init; }
    public required DateTimeOffset At { get; init; }

    public Resources ToResources() => new(CpuMillis, MemoryBytes, DiskBytes);
}

internal sealed class JobReservationConfiguration : IEntityTypeConfiguration<JobReservation>
{
    public void Configure(EntityTypeBuilder<JobReservation> builder)
    {
        builder.ToTable("job_reservations");
        builder.Property(r => r.Id).ValueGeneratedNever();
        builder.HasOne<JobRunDevice>().WithOne().HasForeignKey<JobReservation>(r => new { r.JobRunId, r.DeviceId }).OnDelete(DeleteBehavior.Cascade);
        builder.HasIndex(r => r.DeviceId);
    }
}
