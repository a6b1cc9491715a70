using System.Globalization;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Events;
using Operone.Core.Kernel;
using Operone.Web.Access;
using Operone.Web.Devices;

namespace Operone.Web.Kernel.Processes;

/// <summary>The audit entries and events of processes: every signal, and who looked at which device, that at most once a minute.</summary>
internal sealed class ProcessRecords(IAuditTrail audit, IEvents events, NoteThrottle throttle)
{
    /// <summary>Somebody looks at the processes of a device.</summary>
    public async ValueTask ListedAsync(Actor actor, DeviceEntry device, CancellationToken cancellationToken)
    {
        if (throttle.Passes($"{actor.Name} lists processes of {device.Id}", out _))
        {
            await audit.NoteAsync(actor, "process.list", device.Name, allowed: true, null, GrantOf(actor, Permissions.ProcessesRead, device), cancellationToken);
        }
    }

    /// <summary>Somebody looks at one process closely, at its open files too.</summary>
    public async ValueTask LookedAsync(Actor actor, DeviceEntry device, ProcessInfo process, CancellationToken cancellationToken)
    {
        if (throttle.Passes($"{actor.Name} reads process {process.Identity} of {device.Id}", out _))
        {
            await audit.NoteAsync(actor, "process.read", device.Name, allowed: true, Describe(process.Pid, process.Name), GrantOf(actor, Permissions.ProcessesRead, device), cancellationToken);
        }
    }

    /// <summary>Somebody asks who uses most.</summary>
    public async ValueTask ComparedAsync(Actor actor, string? selector, int devices, CancellationToken cancellationToken)
    {
        if (throttle.Passes($"{actor.Name} compares processes of {selector}", out _))
        {
            await audit.NoteAsync(actor, "process.top", selector is { Length: > 0 } ? selector : "all devices", allowed: true,
                string.Create(CultureInfo.InvariantCulture, $"{devices} devices"), cancellationToken: cancellationToken);
        }
    }

    /// <summary>A signal was sent, or could not be.</summary>
    public async ValueTask SignalledAsync(Actor actor, DeviceEntry device, int pid, SignalProcess signal, Result<ProcessSignalled> done)
    {
        var what = string.Create(CultureInfo.InvariantCulture, $"{signal.Signal} to process {pid}{(signal.Tree ? " and all that descends from it" : "")}");
        var grant = GrantOf(actor, Permissions.ProcessesSignal, device);
        if (done.Error is { } error)
        {
            await audit.NoteAsync(actor, "process.signal", device.Name, allowed: true, $"{what}: {error.Detail}", grant, CancellationToken.None);
            return;
        }

        var (sent, failed) = (done.Value.Signalled, done.Value.Failed?.Count ?? 0);
        var names = string.Join(", ", sent.Take(10).Select(p => Describe(p.Pid, p.Name))) + (sent.Count > 10 ? $" and {sent.Count - 10} more" : "");
        await audit.NoteAsync(actor, "process.signal", device.Name, allowed: true, $"{what}: {names}{(failed > 0 ? $"; {failed} did not get it" : "")}", grant, CancellationToken.None);
        await events.PublishAsync(new(EventTypes.ProcessSignalled, device.Name, device.Id, Actor: actor.Name, Data: new Dictionary<string, string?>
        {
            ["signal"] = signal.Signal,
            ["pid"] = pid.ToString(CultureInfo.InvariantCulture),
            ["name"] = sent.FirstOrDefault(p => p.Pid == pid)?.Name,
            ["count"] = sent.Count.ToString(CultureInfo.InvariantCulture),
        }));
    }

    private static string Describe(int pid, string name) => string.Create(CultureInfo.InvariantCulture, $"{CommandText.Plain(name)} ({pid})");

    private static Guid? GrantOf(Actor actor, string permission, DeviceEntry device) => actor.Decide(permission, device.Labels).Grant;
}
