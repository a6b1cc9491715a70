using System.CommandLine;
using System.Globalization;
using Operone.Core;
using Operone.Core.Connection;
using Operone.Core.Devices;
using Operone.Core.Kernel;
using Operone.Core.Shell;

namespace Operone.Agent.Cli.Operator.Kernel;

/// <summary><c>operone resources</c>.</summary>
internal static class ResourcesCommand
{
    public static Command Create(CliContext cli)
    {
        var selector = Shared.Selector();
        var reservations = new Option<bool>("--reservations") { Description = "List the reservations instead: who has what of which device." };
        var device = new Option<string?>("--device", "-d") { Description = "With --reservations: of this device alone.", HelpName = "NAME" };
        device.CompletionSources.Add(Shared.DeviceNames(cli));
        var json = Shared.Json("Print them as one JSON array.");
        var command = new OperatorCommand("resources", "List what devices have, what of it is reserved, and what is free.",
            """
            'operone run --any N --cpu C --memory M' reserves; 'operone runs --status queued' lists what waits for room.

            Example:
              operone resources -l role=worker
              operone resources --reservations -d worker-1
            """) { selector, reservations, device, json };
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, api => parsed.GetValue(reservations)
            ? Listing.PrintAsync(
                cli, api, "resources/reservations" + Shared.Query(("device", parsed.GetValue(device))), null, parsed.GetValue(json),
                new Table("DEVICE", "RUN", "STATUS", "CPU", "MEMORY", "DISK", "SINCE", "BY", "FOR"), "nothing is reserved", OperoneJson.Default.ReservationView,
                r => Row(r, cli.Time.GetUtcNow()), cancellationToken)
            : Listing.PrintAsync(
                cli, api, "resources" + Shared.Query(("selector", parsed.GetValue(selector))), null, parsed.GetValue(json),
                new Table("NAME", "STATUS", "CPU FREE", "OF", "MEMORY FREE", "OF", "DISK FREE", "OF", "LOAD", "RESERVATIONS") { Elastic = 0 }, "no device matches",
                OperoneJson.Default.DeviceResourcesView, Row, cancellationToken)));
        return command;
    }

    private static Cell[] Row(DeviceResourcesView device)
    {
        var (word, tone) = (device.Status, device.Intake) switch
        {
            (DeviceStatus.Offline, DeviceIntake.Open) => ("offline", Tone.Off),
            (DeviceStatus.Offline, var intake) => ($"offline, {intake.ToText()}", Tone.Off),
            (_, DeviceIntake.Open) => ("online", Tone.Good),
            var (_, intake) => ($"online, {intake.ToText()}", Tone.Warning),
        };
        var all = device.Capacity;
        return
        [
            device.Name,
            new(word, tone),
            all is null ? "" : Resources.Cores(device.Free.CpuMillis),
            all is null ? "" : Resources.Cores(all.CpuMillis),
            all is null ? "" : Quantities.FormatSize(device.Free.MemoryBytes),
            all is null ? "" : Quantities.FormatSize(all.MemoryBytes),
            all is null ? "" : Quantities.FormatSize(device.Free.DiskBytes),
            all is null ? "" : Quantities.FormatSize(all.DiskBytes),
            device.Load is { } load ? string.Create(CultureInfo.InvariantCulture, $"{load * 100:0} %") : "",
            device.Reservations.ToString(CultureInfo.InvariantCulture),
        ];
    }

    private static Cell[] Row(ReservationView reservation, DateTimeOffset now) =>
    [
        reservation.DeviceName,
        (reservation.RunId ?? reservation.JobRunId).ToString(),
        reservation.Status,
        reservation.Amount.CpuMillis > 0 ? Resources.Cores(reservation.Amount.CpuMillis) : "",
        reservation.Amount.MemoryBytes > 0 ? Quantities.FormatSize(reservation.Amount.MemoryBytes) : "",
        reservation.Amount.DiskBytes > 0 ? Quantities.FormatSize(reservation.Amount.DiskBytes) : "",
        Quantities.FormatRelative(reservation.At, now),
        reservation.By,
        reservation.For,
    ];
}
