using Operone.Core.Errors;

namespace Operone.Web.Kernel.Workloads;

/// <summary>What can go wrong with workloads, as expected.</summary>
internal static class WorkloadErrors
{
    public static Error NotFound(string idOrName) => new(ErrorKind.NotFound, "workload-not-found", "There is no such workload.",
        $"No workload has the id or name '{idOrName}'. `operone workload list` lists them.");

    public static Error VersionNotFound(string workload, int version) => new(ErrorKind.NotFound, "workload-version-not-found", "The workload has no such version.",
        $"The workload '{workload}' has no version {version}. `operone workload versions {workload}` lists them.");

    public static Error NothingBefore(string workload) => new(ErrorKind.Conflict, "workload-no-version-before", "There is no version before.",
        $"The workload '{workload}' has no version before the present one that was not rolled back itself. Name one.");

    public static Error NameTaken(string name) => new(ErrorKind.Conflict, "workload-name-taken", "The name is taken.",
        $"Another workload is called '{name}'. Names are unique without regard to case.");

    public static Error Changed(string name) => new(ErrorKind.Conflict, "workload-changed", "Somebody else changed the workload.",
        $"The workload '{name}' was changed by somebody else at the same time. Look at it, and do yours again.");

    public static Error Removing(string name) => new(ErrorKind.Conflict, "workload-removing", "The workload is being removed.",
        $"The workload '{name}' is stopped in order to be removed. Wait until it is gone, and write it anew.");

    public static Error NotManageable(string actor, string what) => new(ErrorKind.Forbidden, "permission-missing", "Not allowed.",
        $"{actor} lacks the permission 'jobs.manage' on {what}. Narrow the workload's target to devices on which you may manage jobs, or make an access request.");

    public static Error NotRunnable(string actor, string what) => new(ErrorKind.Forbidden, "permission-missing", "Not allowed.",
        $"{actor} lacks the permission 'jobs.run' on devices of the workload: {what}. Make an access request.");

    public static Error NotCounted(string name) => new(ErrorKind.Conflict, "workload-not-counted", "It has no count.",
        $"The workload '{name}' has one instance on every device of its target. Give its definition a count first.");

    public static Error NotStarted(string name) => new(ErrorKind.Conflict, "workload-stopped", "The workload is stopped.",
        $"The workload '{name}' does not run. Start it first.");

    public static Error RollingBack(string name) => new(ErrorKind.Conflict, "workload-rolling-back", "The version before is coming back.",
        $"The workload '{name}' is on its way back to the version before, which starts its instances anew. Wait until that is done.");

    public static Error InstanceNotFound(string workload, Guid id) => new(ErrorKind.NotFound, "instance-not-found", "There is no such instance.",
        $"The workload '{workload}' has no instance {id} that runs. `operone workload show {workload}` lists them.");

    public static Error CannotMove(string device, string why) => new(ErrorKind.Unprocessable, "device-not-fit", "It cannot go there.",
        $"The instance cannot be moved to '{device}': {why}.");
}
