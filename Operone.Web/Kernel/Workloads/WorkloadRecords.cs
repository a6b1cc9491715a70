using Operone.Core.Errors;
using Operone.Core.Events;
using Operone.Web.Access;
using Operone.Web.Events;

namespace Operone.Web.Kernel.Workloads;

/// <summary>The audit entries, events and signals of workloads.</summary>
internal sealed class WorkloadRecords(IAuditTrail audit, LiveChanges changes)
{
    /// <summary>The error to return, which is noted where it is a denial.</summary>
    public async ValueTask<Error> RefusedAsync(Actor actor, string action, string? target, Error error, CancellationToken cancellationToken)
    {
        if (error.Kind == ErrorKind.Forbidden)
        {
            await audit.NoteAsync(actor, action, target, false, error.Detail, cancellationToken);
        }

        return error;
    }

    /// <summary>Somebody did something to a workload.</summary>
    public async ValueTask DoneAsync(Actor actor, string action, Workload workload, string? detail, CancellationToken cancellationToken)
    {
        await audit.NoteAsync(actor, action, workload.Name, true, $"version {workload.Version}{(detail is null ? "" : $" ({detail})")}", cancellationToken);
        Signal(workload.Id);
    }

    /// <summary>Who looks should look again.</summary>
    public void Signal(Guid id)
    {
        changes.Signal(LiveChanges.Workload(id));
        changes.Signal(LiveChanges.Workloads);
    }

    /// <summary>Somebody did something to a workload, as an event.</summary>
    public static OperoneEvent By(Actor actor, Workload workload, string type, int? count = null) => new(type, workload.Name, Actor: actor.Name, Data: About(workload, "count", count is { } n ? $"{n}" : null));

    /// <summary>A workload is gone.</summary>
    public static OperoneEvent Removed(Workload workload) => new(EventTypes.WorkloadRemoved, workload.Name, Actor: workload.UpdatedBy, Data: About(workload));

    /// <summary>All of it is as it is to be.</summary>
    public static OperoneEvent Updated(Workload workload) => new(EventTypes.WorkloadUpdated, workload.Name, Actor: workload.UpdatedBy, Data: About(workload));

    /// <summary>A version was given up.</summary>
    public static OperoneEvent RolledBack(Workload workload, int version, string problem)
    {
        var data = About(workload, "from", $"{version}");
        data["reason"] = problem;
        return new(EventTypes.WorkloadRolledBack, workload.Name, Actor: workload.RunsAs, Data: data);
    }

    /// <summary>Something happened to an instance.</summary>
    public static OperoneEvent Of(Workload workload, string type, WorkloadInstance instance)
    {
        var data = About(workload, "instanceId", instance.Id.ToString());
        (data["instanceVersion"], data["device"], data["reason"]) = ($"{instance.Version}", instance.DeviceName, instance.Reason);
        return new(type, workload.Name, DeviceId: instance.DeviceId, RunId: instance.RunId, Actor: workload.RunsAs, Data: data);
    }

    private static Dictionary<string, string?> About(Workload workload, string? name = null, string? value = null)
    {
        var data = new Dictionary<string, string?> { ["workloadId"] = workload.Id.ToString(), ["version"] = $"{workload.Version}" };
        if (name is not null && value is not null)
        {
            data[name] = value;
        }

        return data;
    }
}
