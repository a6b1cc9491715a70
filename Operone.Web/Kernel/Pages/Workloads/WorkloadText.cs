using Operone.Core.Kernel.Workloads;
using Operone.Core.Shell;

namespace Operone.Web.Kernel.Pages.Workloads;

/// <summary>Words for workloads on pages.</summary>
internal static class WorkloadText
{
    /// <summary>Its page. One that is called as the page that makes them is found by its id.</summary>
    public static string Address(WorkloadView workload) => $"workloads/{(workload.Name.Equals("new", StringComparison.OrdinalIgnoreCase) ? workload.Id : workload.Name)}";

    /// <summary>How many there are.</summary>
    public static string Counts(WorkloadView workload) =>
        $"{workload.Healthy} of {workload.Wanted} well{(workload.Waiting > 0 ? $", {workload.Waiting} waiting" : "")}";

    /// <summary>How an instance does, in a word.</summary>
    public static string StateOf(InstanceView instance) =>
        instance.Status != InstanceStatus.Running ? instance.Status.ToText()
        : instance.AwaySince is not null ? "away"
        : instance.Supervision switch
        {
            null => "starting",
            { Phase: SupervisedPhase.Waiting } => "restarting",
            { Health: HealthState.Healthy } => "healthy",
            { Health: HealthState.Unhealthy } => "unhealthy",
            _ => "starting",
        };

    /// <summary>Why it stands so.</summary>
    public static string? WhyOf(InstanceView instance) => instance.Reason ?? (instance.Supervision is { Starts: > 1, LastReason: { } last } ? $"the start before: {last}" : null);
}
