using Operone.Core.Devices;

namespace Operone.Core.Kernel;

/// <summary>A device in the ledger, as <c>GET /resources</c> gives it.</summary>
/// <param name="DeviceId">The device.</param>
/// <param name="Name">Its name.</param>
/// <param name="Status">Whether its agent is connected now.</param>
/// <param name="Intake">Whether it takes new work.</param>
/// <param name="Capacity">What it has; null where it has not told yet.</param>
/// <param name="OwnReserve">What is kept for the device itself.</param>
/// <param name="Reserved">What is reserved on it.</param>
/// <param name="Free">What can still be reserved.</param>
/// <param name="Load">How busy it is by live telemetry, 0 to 1; null where it has not told within a minute.</param>
/// <param name="Reservations">How many reservations there are.</param>
public sealed record DeviceResourcesView(
    Guid DeviceId, string Name, DeviceStatus Status, DeviceIntake Intake, Resources? Capacity, Resources OwnReserve, Resources Reserved, Resources Free, double? Load,
    int Reservations);

/// <summary>A reservation, as <c>GET /resources/reservations</c> gives it. It lasts as long as its execution, or as its device of a job's run.</summary>
/// <param name="Id">Its id: that of its execution, where it is for one.</param>
/// <param name="RunId">The run that it belongs to; null where it is a job's.</param>
/// <param name="JobRunId">The run of a job that it belongs to; null where it is not a job's.</param>
/// <param name="DeviceId">On which device.</param>
/// <param name="DeviceName">The device's name when it was placed.</param>
/// <param name="For">The command as one line for people, or the job's name.</param>
/// <param name="By">Who asked for the run.</param>
/// <param name="Amount">How much.</param>
/// <param name="At">Since when (UTC).</param>
/// <param name="Status">Where the execution stands, or the device in the job's run.</param>
public sealed record ReservationView(
    Guid Id, Guid? RunId, Guid? JobRunId, Guid DeviceId, string DeviceName, string For, string By, Resources Amount, DateTimeOffset At, string Status);
