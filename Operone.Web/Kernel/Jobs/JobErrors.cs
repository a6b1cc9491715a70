using Operone.Core.Errors;
using Operone.Core.Kernel.Jobs;

namespace Operone.Web.Kernel.Jobs;

/// <summary>What can go wrong with jobs, as expected.</summary>
internal static class JobErrors
{
    public static Error NotFound(string idOrName) => new(ErrorKind.NotFound, "job-not-found", "There is no such job.",
        $"No job has the id or name '{idOrName}'. `operone job list` lists them.");

    public static Error VersionNotFound(string job, int version) => new(ErrorKind.NotFound, "job-version-not-found", "The job has no such version.",
        $"The job '{job}' has no version {version}. `operone job versions {job}` lists them.");

    public static Error NameTaken(string name) => new(ErrorKind.Conflict, "job-name-taken", "The name is taken.",
        $"Another job is called '{name}'. Names are unique without regard to case.");

    public static Error Changed(string name) => new(ErrorKind.Conflict, "job-changed", "Somebody else changed the job.",
        $"The job '{name}' has another version by now. Look at it, and write yours again.");

    public static Error NotManageable(string actor, string what) => new(ErrorKind.Forbidden, "permission-missing", "Not allowed.",
        $"{actor} lacks the permission 'jobs.manage' on {what}. Narrow the job's target to devices on which you may manage jobs, or make an access request.");

    public static Error HooksNotAllowed(string actor, IEnumerable<string> hooks, Error lacks) => lacks with
    {
        Detail = $"{actor} lacks the permission 'settings.manage', which it takes to let a job use webhooks ({string.Join(", ", hooks)}). Ask somebody who has it to write the job.",
    };

    public static Error GoesOn(string name) => new(ErrorKind.Conflict, "job-runs", "The job runs.",
        $"The job '{name}' has a run that has not ended. Cancel it, or wait for its end.");

    public static Error RunsAlready(string name) => new(ErrorKind.Conflict, "job-runs", "The job runs already.",
        $"The job '{name}' does not run twice at the same time (concurrency: forbid). Wait for the end of its run, or cancel it.");

    public static Error TooDeep(string name, int most) => new(ErrorKind.Conflict, "job-too-deep", "Jobs call each other without end.",
        $"The job '{name}' does not run: more than {most} jobs have called each other in a row. Look whether one of them calls itself.");

    public static Error NoneAmong(string name) => new(ErrorKind.Unprocessable, "job-no-device", "There is no device for it.",
        $"None of the devices of the job '{name}' is one that this time is for: they are offline, or the device of the event is not among them.");

    public static Error RunNotFound(string id) => new(ErrorKind.NotFound, "job-run-not-found", "There is no such run of a job.",
        $"No run of a job has the id '{id}'. `operone job history` lists them.");

    public static Error RunEnded(Guid id) => new(ErrorKind.Conflict, "job-run-ended", "The run has ended.", $"The run {id} of a job has already ended.");

    public static Error RunNotEnded(Guid id) => new(ErrorKind.Conflict, "job-run-goes-on", "The run has not ended.",
        $"The run {id} of a job has not ended: what is left over can be tried again when it has.");

    public static Error NothingLeft(Guid id) => new(ErrorKind.Conflict, "job-run-complete", "There is nothing left over.",
        $"The run {id} has succeeded, or what is left of it is for devices that are not there any more.");

    public static Error ChangedSince(string job, int version) => new(ErrorKind.Conflict, "job-changed", "The job is another one by now.",
        $"The run was of version {version} of '{job}', and a yes is for the job as it is now. Run it anew, on the devices that are left.");

    public static Error NotOnAll(string actor, IEnumerable<string> names) => new(ErrorKind.Forbidden, "permission-missing", "Not allowed.",
        $"{actor} lacks the permission 'jobs.run' on devices of the run: {string.Join(", ", names.Take(20))}. Make an access request.");

    public static Error ApprovalNotFound(Guid id) => new(ErrorKind.NotFound, "approval-not-found", "There is no such approval.", $"No approval has the id '{id}'.");

    public static Error ApprovalOver(Guid id, ApprovalStatus status) => new(ErrorKind.Conflict, "approval-over", "It is not waited for any more.",
        $"The approval {id} is over: it is {status}.");

    public static Error OwnApproval { get; } = new(ErrorKind.Forbidden, "own-approval", "Not allowed.",
        "Whoever asked for a run does not say yes to it: somebody else has to.");

    public static Error ApprovalChanged { get; } = new(ErrorKind.Conflict, "approval-changed", "It is not what you looked at.",
        "The content or the devices are not those that were looked at. Look again.");
}
