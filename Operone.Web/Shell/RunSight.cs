using Microsoft.EntityFrameworkCore;
using Operone.Core.Access;
using Operone.Core.Devices;
using Operone.Core.Shell;
using Operone.Web.Access;
using Operone.Web.Data;
using Operone.Web.Devices;
using Operone.Web.Events;
using Operone.Web.Shell.Placement;

namespace Operone.Web.Shell;

/// <summary>How much of a run there is for somebody.</summary>
/// <param name="IsWhole">Whether they see all its executions.</param>
/// <param name="ExecutionIds">Those that they see, where that is not all.</param>
internal sealed record RunPart(bool IsWhole, Guid?[] ExecutionIds)
{
    /// <summary>All of it.</summary>
    public static RunPart Whole { get; } = new(true, []);
}

/// <summary>
/// Which runs there are for somebody, and how much of each: a run is seen through its executions on the devices on which
/// one holds <see cref="Permissions.RunsRead"/>, and where there is none of these it does not exist. Executions on devices
/// that were removed are for those who hold it on everything.
/// </summary>
internal sealed class RunSight(DeviceSight devices) : IEventSight
{
    /// <summary>Whether nothing needs to be looked at one by one.</summary>
    public static bool SeesAll(Actor actor) => actor.MayEverywhere(Permissions.RunsRead);

    /// <summary>Whether they see what runs on a device.</summary>
    public bool Sees(Actor actor, Guid deviceId) => devices.May(actor, Permissions.RunsRead, deviceId);

    /// <summary>Whether they may run commands on a device.</summary>
    public bool MayRun(Actor actor, Guid deviceId) => devices.May(actor, Permissions.RunsCreate, deviceId);

    /// <summary>The executions that they see.</summary>
    public IQueryable<Execution> Executions(OperoneDb db, Actor actor) =>
        devices.IdsWith(actor, Permissions.RunsRead) is { } ids ? On(db, ids) : db.Set<Execution>();

    /// <summary>Whether it is they who asked for it.</summary>
    public static bool IsOwn(Actor actor, Run run) => run.CreatedById is not null && run.CreatedById == actor.Id;

    /// <summary>The runs that they asked for and that have no device yet, or never got one: nobody else but who sees everything sees those.</summary>
    public static IQueryable<Run> Unplaced(OperoneDb db, Actor actor)
    {
        var (all, mine) = (db.Set<Execution>(), actor.Id);
        return db.Set<Run>().Where(r => mine != null && r.CreatedById == mine && r.Placement != null && !all.Any(e => e.RunId == r.Id));
    }

    /// <summary>How much of a run they see; null where that is nothing, or there is no such run.</summary>
    public async Task<RunPart?> PartAsync(OperoneDb db, Actor actor, Guid runId, CancellationToken cancellationToken)
    {
        // What a terminal printed is a recording, which is for others to see.
        if (await db.Set<Run>().AnyAsync(r => r.Id == runId && r.Kind == RunKind.Terminal, cancellationToken))
        {
            return null;
        }

        if (SeesAll(actor))
        {
            return RunPart.Whole;
        }

        var all = await db.Set<Execution>().Where(e => e.RunId == runId).Select(e => new { e.Id, e.DeviceId }).ToListAsync(cancellationToken);
        if (all.Count == 0)
        {
            return await Unplaced(db, actor).AnyAsync(r => r.Id == runId, cancellationToken) ? RunPart.Whole : null;
        }

        var seen = all.Where(e => Sees(actor, e.DeviceId)).Select(e => (Guid?)e.Id).ToArray();
        return seen.Length == 0 ? null : seen.Length == all.Count ? RunPart.Whole : new(false, seen);
    }

    /// <summary>
    /// A run as somebody sees it through some of its executions: what it says of state, end and counts is of those alone.
    /// What it was aimed at may name others' devices, so that is told to who asked for it and to who sees everything.
    /// </summary>
    public static RunView View(Actor actor, Run run, IReadOnlyCollection<Execution> all, Func<Guid, bool> sees)
    {
        var whole = RunReader.View(run, all);
        if (SeesAll(actor))
        {
            return whole;
        }

        var seen = all.Where(e => sees(e.DeviceId)).ToArray();
        var view = seen.Length == all.Count ? whole : RunReader.View(run, seen) with
        {
            Status = RunRules.Combine(seen.CountBy(e => e.Status).ToDictionary()),
            EndedAt = seen.Any(e => e.EndedAt is null) ? null : seen.Max(e => e.EndedAt),
        };
        view = view with { Placement = PlacementSight.Part(view.Placement, sees) };
        return IsOwn(actor, run) ? view : view with { Request = Of(view) };
    }

    private static CreateRun Of(RunView view) => view.Request! with
    {
        Target = new RunTarget([.. view.Executions!.Select(e => e.DeviceName)]),
        Placement = view.Request.Placement is { } placement ? placement with { Exclude = null } : null,
        Stages = view.Request.Stages is null ? null : [.. view.Executions!.Where(e => e.Stage is not null).Select(e => view.Request.Stages[e.Stage!.Value])],
    };

    /// <summary>Those of the runs that stand so, going by these executions of theirs alone.</summary>
    public static IQueryable<Run> Standing(IQueryable<Run> runs, IQueryable<Execution> seen, RunStatus status)
    {
        var open = seen.Where(e => e.EndedAt == null);
        var bad = seen.Where(e => e.EndedAt != null && e.Status != ExecutionStatus.Succeeded && e.Status != ExecutionStatus.Cancelled);
        var cancelled = seen.Where(e => e.Status == ExecutionStatus.Cancelled);
        if (status == RunStatus.Running)
        {
            return runs.Where(r => open.Any(e => e.RunId == r.Id));
        }

        runs = runs.Where(r => !open.Any(e => e.RunId == r.Id));
        return status switch
        {
            RunStatus.Failed => runs.Where(r => bad.Any(e => e.RunId == r.Id)),
            RunStatus.Cancelled => runs.Where(r => !bad.Any(e => e.RunId == r.Id) && cancelled.Any(e => e.RunId == r.Id)),
            _ => runs.Where(r => !bad.Any(e => e.RunId == r.Id) && !cancelled.Any(e => e.RunId == r.Id)),
        };
    }

    /// <inheritdoc/>
    public Guid[]? DevicesOf(Actor actor) => devices.IdsWith(actor, Permissions.EventsRead);

    /// <inheritdoc/>
    public IQueryable<Guid> RunsOn(OperoneDb db, Guid[] deviceIds) => On(db, deviceIds).Select(e => e.RunId);

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, string>? LabelsOf(Guid deviceId) => devices.LabelsOf(deviceId);

    // One parameter, however many there are: thousands of devices make no new statement each time.
    private static IQueryable<Execution> On(OperoneDb db, Guid[] ids) => db.Set<Execution>().Where(e => EF.Parameter(ids).Contains(e.DeviceId));
}
