using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Devices;
using Operone.Core.Errors;
using Operone.Core.Kernel.Jobs;
using Operone.Core.Shell;
using Operone.Web.Access;
using Operone.Web.Data;
using Operone.Web.Devices;
using Operone.Web.Kernel.Jobs.Runs;

namespace Operone.Web.Kernel.Jobs;

/// <summary>
/// Which jobs there are for somebody: those that reach a device on which one may see jobs, and those that name no devices. A run of a job is seen
/// through its devices, as runs are. Whoever writes a job must be allowed to manage jobs on every device that it reaches.
/// </summary>
internal sealed class JobSight(DeviceDirectory directory, DeviceSight devices)
{
    /// <summary>Whether nothing needs to be looked at one by one.</summary>
    public static bool SeesAll(Actor actor) => actor.MayEverywhere(Permissions.JobsRead);

    /// <summary>Tells which jobs exist for somebody.</summary>
    public Func<Job, bool> Of(Actor actor)
    {
        var reaches = Reaching(actor);
        return job => reaches(job.Definition.Target);
    }

    /// <summary>Tells which targets reach a device on which somebody may see or run jobs.</summary>
    public Func<RunTarget?, bool> Reaching(Actor actor)
    {
        if (SeesAll(actor) || actor.MayEverywhere(Permissions.JobsManage))
        {
            return static _ => true;
        }

        var mine = devices.With(actor, Permissions.JobsRead).Concat(devices.With(actor, Permissions.JobsRun)).DistinctBy(d => d.Id).ToArray();
        return aim => aim is not { } target ? mine.Length > 0 : Meant(target, mine).Any();
    }

    /// <summary>Whether they may write a job that is aimed so; else the error to return.</summary>
    public Error? LacksManage(Actor actor, JobDefinition job)
    {
        if (actor.MayEverywhere(Permissions.JobsManage))
        {
            return null;
        }

        // a device that there is not may come to be any
        return job.Target is null ? LacksManage(actor, (RunTarget?)null)
            : Stages(job).FirstOrDefault(s => directory.Find(s.Device!) is null) is { } unknown
                ? JobErrors.NotManageable(actor.Name, $"the device '{unknown.Device}' of a pipeline, which there is not")
            : LacksManage(actor, [.. Targets(job)]);
    }

    /// <summary>Whether they may write what is aimed so; else the error to return.</summary>
    public Error? LacksManage(Actor actor, RunTarget? aim) =>
        actor.MayEverywhere(Permissions.JobsManage) ? null
            : aim is null ? JobErrors.NotManageable(actor.Name, "every device, which a job without a target can be run on")
            : LacksManage(actor, [aim]);

    private Error? LacksManage(Actor actor, RunTarget[] targets)
    {
        if (targets.Any(t => t.All))
        {
            return JobErrors.NotManageable(actor.Name, "every device");
        }

        var reached = targets.SelectMany(t => Meant(t, directory.All)).DistinctBy(d => d.Id).ToArray();
        var others = reached.Where(d => !actor.May(Permissions.JobsManage, d.Labels)).ToArray();
        return reached.Length == 0 ? JobErrors.NotManageable(actor.Name, "devices that come to match it: none does now")
            : others.Length == 0 ? null
            : JobErrors.NotManageable(actor.Name, string.Join(", ", others.Where(d => actor.May(Permissions.DevicesRead, d.Labels)).Select(d => d.Name).Take(20).DefaultIfEmpty("a device that it reaches")));
    }

    /// <summary>All that a job is aimed at by itself: its target, its pipelines, and what it says of the jobs that it runs.</summary>
    public static IEnumerable<RunTarget> Targets(JobDefinition job)
    {
        var stages = Stages(job).Select(s => s.Device!).Distinct(StringComparer.OrdinalIgnoreCase).ToArray();
        return new[] { job.Target, stages.Length > 0 ? new RunTarget(stages) : null }.Concat(job.Steps!.Select(s => s.Job?.Target)).OfType<RunTarget>();
    }

    /// <summary>The devices of job runs that somebody sees; null where that is all.</summary>
    public Guid[]? DevicesOf(Actor actor) => devices.IdsWith(actor, Permissions.JobsRead);

    /// <summary>Whether they may run jobs on a device.</summary>
    public bool MayRun(Actor actor, Guid deviceId) => devices.May(actor, Permissions.JobsRun, deviceId);

    /// <summary>Whether they may run jobs on every device that a target means now.</summary>
    public bool MayRunAll(Actor actor, RunTarget target) => actor.MayEverywhere(Permissions.JobsRun) || Meant(target).All(d => actor.May(Permissions.JobsRun, d.Labels));

    /// <summary>Whether a run is somebody's own, by whichever of their tokens.</summary>
    public static bool IsOwn(Actor actor, JobRun run) => run.OwnerId is { } owner && owner == (actor.PersonId ?? actor.Id);

    /// <summary>
    /// Whether they may steer a run whose devices Operone chooses, before it has any, or choose them anew: it is their own, or they may run jobs on all devices that it
    /// may be given. With what somebody else typed in it must go nowhere else.
    /// </summary>
    public bool MaySteer(Actor actor, JobRun run) => IsOwn(actor, run) || MayRunAll(actor, run.Among ?? run.Target);

    /// <summary>Whether they see jobs on a device.</summary>
    public bool Sees(Actor actor, Guid deviceId) => devices.May(actor, Permissions.JobsRead, deviceId);

    /// <summary>Those of the runs that there are for somebody.</summary>
    public IQueryable<JobRun> Runs(OperoneDb db, Actor actor)
    {
        if (DevicesOf(actor) is not { } ids)
        {
            return db.Set<JobRun>();
        }

        // one that waits for room has no devices to be seen through: whoever asked for it sees it
        var (seen, mine) = (db.Set<JobRunDevice>().Where(d => Microsoft.EntityFrameworkCore.EF.Parameter(ids).Contains(d.DeviceId)), actor.PersonId ?? actor.Id);
        return db.Set<JobRun>().Where(r => seen.Any(d => d.JobRunId == r.Id) || (mine != null && r.OwnerId == mine && r.Placement != null && r.Among == null));
    }

    /// <summary>The devices that a target means now.</summary>
    public IEnumerable<DeviceEntry> Meant(RunTarget target) => Meant(target, directory.All);

    private static IEnumerable<PipelineStage> Stages(JobDefinition job) => job.Steps!.SelectMany(s => s.Pipeline?.Stages ?? []);

    private IEnumerable<DeviceEntry> Meant(RunTarget target, IEnumerable<DeviceEntry> among)
    {
        var selector = target.Selector is { } text && Selector.Parse(text) is { IsError: false } parsed ? parsed.Value : null;
        var named = (target.Devices ?? []).Select(directory.Find).OfType<DeviceEntry>().Select(d => d.Id).ToHashSet();
        return among.Where(d => target.All || named.Contains(d.Id) || selector?.Matches(d.Labels) == true);
    }
}
