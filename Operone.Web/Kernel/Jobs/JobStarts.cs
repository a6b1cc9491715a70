using Microsoft.EntityFrameworkCore;
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

/// <summary>What makes a job run.</summary>
/// <param name="Text">In words, up to 200 characters: <c>asked for</c>, <c>schedule nightly</c>, <c>device.connected of web-1</c>.</param>
/// <param name="IsAsked">Whether the actor is there and asks for it now: then a fresh touch of a passkey is required where the settings say so. What a
/// schedule or trigger does in somebody's name was checked when they made it.</param>
/// <param name="RunId">The id that the run gets: the same once more makes no second run, but gives the first. Null for a new one.</param>
internal sealed record JobCause(string Text, bool IsAsked = false, Guid? RunId = null)
{
    /// <summary>Somebody asks for it.</summary>
    public static JobCause Asked { get; } = new("asked for", IsAsked: true);

    /// <summary>The run whose step calls for it; null for none.</summary>
    public JobRun? Parent { get; init; }

    /// <summary>The version that is meant; null for whichever it has.</summary>
    public int? Version { get; init; }

    /// <summary>Whether a schedule or trigger makes it: maintenance windows hold those.</summary>
    public bool ObeysWindows { get; init; }

    /// <summary>What is stored along with the run, in its transaction, before it; an error where it is not to be made after all.</summary>
    public Func<OperoneDb, CancellationToken, Task<Error?>>? Along { get; init; }

    /// <summary>Which of the job's devices this run is for; null for all.</summary>
    public Func<DeviceEntry, bool>? Among { get; init; }
}

/// <summary>
/// Makes jobs run: for people, for schedules and triggers, and for what was left over. It takes <see cref="Permissions.JobsRun"/> on each device that the
/// target means, as runs take theirs; environments and sandbox are the caller's too.
/// </summary>
internal sealed class JobStarts(
    IDbContextFactory<OperoneDb> databases, JobSight jobs, DeviceSight devices, JobDevices jobDevices, JobRights rights, StepUp stepUp, JobSecrets secrets,
    JobRecords records, TimeProvider time)
{
    /// <summary>How many jobs may call each other in a row.</summary>
    private const int MaxDepth = 8;

    /// <summary>What the audit trail calls it.</summary>
    internal const string Action = "job.run";

    /// <summary>Makes a job run. The answer comes once it is stored.</summary>
    /// <param name="actor">In whose name.</param>
    /// <param name="idOrName">Which job.</param>
    /// <param name="request">With what, and where.</param>
    /// <param name="cause">Why.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<Result<JobRunView>> StartAsync(Actor actor, string idOrName, RunJob request, JobCause cause, CancellationToken cancellationToken)
    {
        if (actor.Lacks(Permissions.JobsRun) is { } lacks)
        {
            return await records.RefusedAsync(actor, Action, idOrName, lacks, cancellationToken);
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        if (await Job.FindAsync(db, idOrName, cancellationToken) is not { } job || !jobs.Of(actor)(job))
        {
            return JobErrors.NotFound(idOrName);
        }

        if (cause.Version is { } version && version != job.Version)
        {
            return JobErrors.Changed(job.Name);
        }

        var definition = job.Definition;
        if (definition.Target is not null && request.Target is not null)
        {
            return Error.InvalidField("target", "the job says itself on which devices it runs");
        }

        if (cause.Parent?.Depth >= MaxDepth)
        {
            return JobErrors.TooDeep(job.Name, MaxDepth);
        }

        var bound = JobParameters.Bind(definition, request.Parameters);
        if (bound.IsError)
        {
            return bound.Error!;
        }

        if ((definition.Target ?? request.Target) is not { } target || RunLimits.Check(new CreateRun { Command = "true", Target = target }) is not null)
        {
            return RunLimits.Check(new CreateRun { Command = "true", Target = request.Target })!;
        }

        if (cause.Among is { } among)
        {
            var some = definition.Placement is null
                ? devices.Resolve(actor, target, Permissions.JobsRun) : await jobDevices.CandidatesAsync(actor, target, definition, cancellationToken);
            if (some.IsError)
            {
                return await records.RefusedAsync(actor, Action, job.Name, some.Error!, cancellationToken);
            }

            target = new RunTarget([.. some.Value.Devices.Where(among).Select(d => d.Id.ToString())]) { OnlyPermitted = target.OnlyPermitted };
            if (target.Devices!.Count == 0)
            {
                return JobErrors.NoneAmong(job.Name);
            }
        }

        return await StoreAsync(db, actor, new(job.Id, job.Name, job.Version, definition, target, bound.Value, cause, null), cancellationToken);
    }

    /// <summary>
    /// Does a run that has ended once more, for the devices that did not succeed alone: with the same content and the same parameters. Where all devices did
    /// theirs, what is done once after them is done, from the step on that it ended at.
    /// </summary>
    public async Task<Result<JobRunView>> RetryAsync(Actor actor, Guid runId, CancellationToken cancellationToken)
    {
        if (actor.Lacks(Permissions.JobsRun) is { } lacks)
        {
            return await records.RefusedAsync(actor, "job-run.retry", runId.ToString(), lacks, cancellationToken);
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        if (await jobs.Runs(db, actor).SingleOrDefaultAsync(r => r.Id == runId, cancellationToken) is not { } run)
        {
            return JobErrors.RunNotFound(runId.ToString());
        }

        if (run.EndedAt is null)
        {
            return JobErrors.RunNotEnded(runId);
        }

        if (run.Placement is not null && !jobs.MaySteer(actor, run))
        {
            return await records.RefusedAsync(actor, "job-run.retry", runId.ToString(), JobErrors.NotOnAll(actor.Name, ["those that it may be given"]), cancellationToken);
        }

        if ((run.Definition.Approval is not null || run.Definition.Steps!.Any(s => s.Approval is not null))
            && !await db.Set<Job>().AnyAsync(j => j.Id == run.JobId && j.Version == run.Version, cancellationToken))
        {
            return JobErrors.ChangedSince(run.JobName, run.Version);
        }

        if (await LeftAsync(db, actor, run, cancellationToken) is not { } left)
        {
            return JobErrors.NothingLeft(runId);
        }

        // whoever tries it again does it with what somebody else typed in, without seeing it
        return secrets.Open(run) is { } bound
            ? await StoreAsync(
                db, actor, new(run.JobId, run.JobName, run.Version, run.Definition, left.Target, bound, new($"retry of {runId}", IsAsked: true), runId) { Count = left.Count, Phase = left.Phase },
                cancellationToken)
            : new Error(ErrorKind.Conflict, "secrets-gone", "The secrets cannot be opened.", "The key that sealed the run's secrets is not there any more. Run the job anew.");
    }

    /// <summary>
    /// The devices of a run that did not succeed. Where Operone chose some of many, it chooses again, as many as failed or did not begin, among those that
    /// have not done it. Where nothing is left for devices, what is done once after them may be. Null where nothing is left.
    /// </summary>
    private async Task<LeftOver?> LeftAsync(OperoneDb db, Actor actor, JobRun run, CancellationToken cancellationToken)
    {
        if (run.IsUnplaced)
        {
            return new(run.Target, run.Devices);
        }

        var rows = await db.Set<JobRunDevice>().Where(d => d.JobRunId == run.Id).OrderBy(d => d.Position).Select(d => new { d.DeviceId, d.Status }).ToListAsync(cancellationToken);
        if (run.Status != JobRunStatus.Succeeded && (rows.All(d => d.Status == JobDeviceStatus.Succeeded) || !run.Definition.Steps!.Any(JobRules.IsForDevices)))
        {
            // where it was is what failed, or was not agreed to; what was called before that has succeeded
            var there = rows.Where(d => devices.LabelsOf(d.DeviceId) is not null).Select(d => d.DeviceId.ToString()).ToArray();
            return there.Length == 0 || JobRunMachine.PhasesOf(run.Definition)[run.Phase].Last + 1 >= run.Definition.Steps!.Count
                ? null : new(new RunTarget(there)) { Phase = run.Phase };
        }

        var left = rows.Where(d => d.Status != JobDeviceStatus.Succeeded && devices.LabelsOf(d.DeviceId) is not null).Select(d => d.DeviceId).ToArray();
        if (run is { Among: { } among, Definition.Placement.Count: not null } && rows.Count(d => d.Status != JobDeviceStatus.Succeeded) is > 0 and var count)
        {
            var done = rows.Where(d => d.Status == JobDeviceStatus.Succeeded).Select(d => d.DeviceId).ToHashSet();
            var able = jobs.Meant(among).Where(d => !done.Contains(d.Id) && actor.May(Permissions.JobsRun, d.Labels)).Select(d => d.Id.ToString()).ToArray();
            return able.Length == 0 ? null : new(done.Count == 0 ? among : new RunTarget(able), Math.Min(count, able.Length));
        }

        return left.Length == 0 ? null : new(new RunTarget([.. left.Select(id => id.ToString())]));
    }

    private async Task<Result<JobRunView>> StoreAsync(OperoneDb db, Actor actor, Wanted wanted, CancellationToken cancellationToken)
    {
        var isPlaced = wanted.IsPlaced;
        var meant = await rights.MeantAsync(
            actor, wanted.Name, wanted.Target, isPlaced ? wanted.Definition : wanted.Definition with { Placement = null }, cancellationToken, withCordoned: wanted.Phase is not null);
        if (meant.IsError)
        {
            return meant.Error!;
        }

        var targeted = meant.Value;
        var called = await CalledJob.OfAsync(db, wanted.Name, wanted.Definition, cancellationToken);
        var most = isPlaced && (wanted.Count ?? wanted.Definition.Placement!.Count) is > 0 and var some ? some : targeted.Devices.Count;
        if (wanted.Cause.IsAsked && await stepUp.RequireForRunAsync(actor, Reached(targeted.Devices.Take(most), wanted.Definition, called), cancellationToken) is { } untouched)
        {
            return untouched;
        }

        // where Operone chooses, that is done where there is room, and somebody else's yes is asked for what was chosen
        var plan = RolloutPlan.Of(wanted.Definition.Rollout, isPlaced ? [] : targeted.Devices.Select(d => new RolloutDevice(d.Id, d.Name, d.Labels)));
        var run = Make(actor, wanted, plan, isPlaced ? wanted.Count ?? wanted.Definition.Placement!.Count ?? 0 : targeted.Devices.Count);
        db.Add(run);
        db.AddRange(DevicesOf(run.Id, plan, wanted.FirstStep));
        var approval = !isPlaced && wanted.Approval is { } asks ? Ask(run, asks, targeted.Devices, called) : null;
        if (approval is not null)
        {
            db.Add(approval);
            db.Publish(JobRecords.Asked(run, approval.Id));
        }

        db.Publish(JobRecords.Made(actor, run));
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        try
        {
            if (wanted.Cause.Along is { } along && await along(db, cancellationToken) is { } givenUp)
            {
                return givenUp;
            }

            // a run that ends at this moment waits for this one, and cancels it
            if (wanted.Cause.Parent is { } parent && await db.Set<JobRun>().Where(r => r.Id == parent.Id && r.EndedAt == null && r.CancelledAt == null
                    && db.Set<JobRunCall>().Any(c => c.JobRunId == r.Id && c.CalledId == run.Id && c.Status == JobCallStatus.Running))
                .ExecuteUpdateAsync(r => r.SetProperty(x => x.News, x => x.News), cancellationToken) == 0)
            {
                return JobErrors.RunEnded(parent.Id);
            }

            if (wanted.Definition.Concurrency == JobConcurrency.Replace)
            {
                var replaced = db.Set<JobRun>().Where(r => r.JobId == run.JobId && r.EndedAt == null && r.CancelledAt == null && r.Id != run.Id);
                var open = await replaced.Select(r => r.Id).ToArrayAsync(cancellationToken);
                var others = open.Length == 0 ? [] : await db.Set<JobRunDevice>().Where(d => EF.Parameter(open).Contains(d.JobRunId))
                    .Select(d => new { d.DeviceId, d.DeviceName }).Distinct().ToListAsync(cancellationToken);
                var waiting = await replaced.Where(r => r.Placement != null && r.Among == null).ToListAsync(cancellationToken);
                if (others.Where(d => !jobs.MayRun(actor, d.DeviceId) && devices.LabelsOf(d.DeviceId) is not null).Select(d => jobs.Sees(actor, d.DeviceId) ? d.DeviceName : "one that they do not see")
                    .Concat(waiting.Where(r => !jobs.MaySteer(actor, r)).Select(_ => "those that another run may be given")).Distinct().Take(20).ToArray() is { Length: > 0 } not)
                {
                    // it is noted by another connection, which must not wait for this one
                    await transaction.RollbackAsync(cancellationToken);
                    return await records.RefusedAsync(actor, Action, wanted.Name, JobErrors.NotOnAll(actor.Name, not), cancellationToken);
                }

                var now = time.GetUtcNow();
                await replaced.ExecuteUpdateAsync(
                    r => r.SetProperty(x => x.CancelledAt, now).SetProperty(x => x.CancelledBy, $"{actor.Name} by running the job anew")
                        .SetProperty(x => x.NextAt, now).SetProperty(x => x.News, x => x.News + 1), cancellationToken);
            }

            await db.SaveChangesAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }
        catch (DbUpdateException exception) when (exception.IsDuplicate())
        {
            await transaction.RollbackAsync(CancellationToken.None);
            db.ChangeTracker.Clear();
            return wanted.Cause.RunId is { } id && await db.Set<JobRun>().SingleOrDefaultAsync(r => r.Id == id, cancellationToken) is { } known
                ? await JobRunReader.WholeAsync(db, known, jobs.DevicesOf(actor), cancellationToken)
                : JobErrors.RunsAlready(wanted.Name);
        }

        var on = isPlaced && run.Devices > 0 ? $"any {run.Devices} of {targeted.Devices.Count}" : $"{targeted.Devices.Count}";
        await records.MadeAsync(actor, Action, run, $"{wanted.Cause.Text}; on {on} devices", CancellationToken.None);
        return await JobRunReader.WholeAsync(db, run, jobs.DevicesOf(actor), CancellationToken.None);
    }

    /// <summary>How many devices it acts on, those of what it calls among them.</summary>
    private int Reached(IEnumerable<DeviceEntry> on, JobDefinition definition, IReadOnlyList<CalledJob> called)
    {
        var aimed = called.Select(c => c.Definition).Prepend(definition with { Target = null }).SelectMany(JobSight.Targets).SelectMany(jobs.Meant);
        return on.Select(d => d.Id).Union(aimed.Select(d => d.Id)).Count();
    }

    /// <summary>The devices of a run, as its plan has them.</summary>
    /// <param name="runId">The run.</param>
    /// <param name="plan">Its plan.</param>
    /// <param name="step">The step that they begin with: those before it they have done in an earlier run.</param>
    internal static IEnumerable<JobRunDevice> DevicesOf(Guid runId, RolloutPlan plan, int step = 0) =>
        plan.Batches.SelectMany((batch, b) => batch.Select(device => (Device: device, Batch: b))).Select((d, position) => new JobRunDevice
        {
            JobRunId = runId,
            DeviceId = d.Device.Id,
            DeviceName = d.Device.Name,
            Position = position,
            Batch = d.Batch,
            Step = step,
        });

    private JobRun Make(Actor actor, Wanted wanted, RolloutPlan plan, int count)
    {
        var now = time.GetUtcNow();
        var id = wanted.Cause.RunId ?? Guid.CreateVersion7(now);
        var concurrency = wanted.Definition.Concurrency ?? JobConcurrency.Allow;
        return new JobRun
        {
            Id = id,
            JobId = wanted.JobId,
            JobName = wanted.Name,
            Version = wanted.Version,
            Definition = wanted.Definition,
            Target = wanted.Target,
            Placement = !wanted.IsPlaced ? null : new(PlacementState.Waiting, "It has not been looked at yet.", now, []),
            Status = wanted.IsPlaced ? JobRunStatus.Waiting : wanted.Approval is not null ? JobRunStatus.Approval
                : concurrency == JobConcurrency.Replace ? JobRunStatus.Waiting : JobRunStatus.Running,
            Cause = ShortText.Shorten(wanted.Cause.Text, 200),
            ObeysWindows = wanted.Cause.ObeysWindows,
            CreatedBy = actor.Name,
            CreatedById = actor.Id,
            OwnerId = actor.PersonId ?? actor.Id,
            CreatedAt = now,
            Parameters = wanted.Bound.Values,
            SecretNames = [.. wanted.Bound.Secrets.Keys.Order(StringComparer.Ordinal)],
            SealedSecrets = secrets.Seal(id, wanted.Bound.Secrets),
            Phase = wanted.Phase ?? 0,
            Batches = plan.Batches.Count,
            Devices = count,
            AtOnce = plan.AtOnce,
            StopAfter = plan.StopAfter,
            RetryOf = wanted.RetryOf,
            ParentId = wanted.Cause.Parent?.Id,
            Depth = wanted.Cause.Parent?.Depth + 1 ?? 0,
            Exclusive = concurrency == JobConcurrency.Forbid ? wanted.JobId : null,
            // one that waits for room is not taken a step further before its time: whoever places it would have to wait for that
            NextAt = !wanted.IsPlaced ? now : now + JobRun.PatienceOf(wanted.Definition),
        };
    }

    /// <summary>The question for somebody else.</summary>
    internal static Approval Ask(
        JobRun run, JobApproval asks, IReadOnlyList<DeviceEntry> on, IReadOnlyList<CalledJob> called, int? step = null, DateTimeOffset? at = null) => new()
        {
            Id = Guid.CreateVersion7(at ?? run.CreatedAt),
            JobRunId = run.Id,
            JobName = run.JobName,
            Step = step,
            Message = asks.Message,
            Hash = ApprovalContent.Hash(run.Version, run.Definition, called, run.Parameters, run.SecretNames, on, step),
            Called = ApprovalContent.HashOf(called),
            Devices = on.Count,
            AskedBy = run.CreatedBy,
            OwnerId = run.OwnerId,
            AskedAt = at ?? run.CreatedAt,
            Until = (at ?? run.CreatedAt) + (JobRules.Time(asks.Wait) ?? TimeSpan.FromDays(1)),
        };

    private sealed record Wanted(
        Guid JobId, string Name, int Version, JobDefinition Definition, RunTarget Target, BoundParameters Bound, JobCause Cause, Guid? RetryOf)
    {
        /// <summary>How many devices Operone is to choose, where that is not what the definition says.</summary>
        public int? Count { get; init; }

        /// <summary>The stretch of steps to begin in; past the first where nothing is left for devices.</summary>
        public int? Phase { get; init; }

        /// <summary>Whether Operone chooses devices.</summary>
        public bool IsPlaced => Definition.Placement is not null && Phase is null;

        /// <summary>The yes that it takes to begin. What asks for one in the middle of what is passed by asks before it begins.</summary>
        public JobApproval? Approval => Definition.Approval ?? Definition.Steps!.Take(FirstStep).LastOrDefault(s => s.Approval is not null)?.Approval;

        /// <summary>The step to begin with: the one after what devices have done.</summary>
        public int FirstStep => Phase is { } phase ? JobRunMachine.PhasesOf(Definition)[phase].Last + 1 : 0;
    }

    /// <summary>What is left over of a run.</summary>
    /// <param name="Target">For which devices.</param>
    /// <param name="Count">How many of those Operone is to choose; null where that is as the definition says.</param>
    private sealed record LeftOver(RunTarget Target, int? Count = null)
    {
        /// <summary>Where nothing is left for devices, the stretch of steps at whose end it goes on.</summary>
        public int? Phase { get; init; }
    }
}
