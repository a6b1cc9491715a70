using Microsoft.EntityFrameworkCore;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Devices;
using Operone.Core.Kernel.Jobs;
using Operone.Core.Shell;
using Operone.Web.Access;
using Operone.Web.Data;
using Operone.Web.Devices;
using Operone.Web.Kernel.Ledger;
using Operone.Web.Shell;

namespace Operone.Web.Kernel.Jobs.Runs;

/// <summary>
/// Takes a run that somebody has claimed one step further: reads how it stands, asks the <see cref="JobRunMachine"/>, stores what comes of it along with the
/// runs that are made, and sends those after that. What was stored and not sent is sent again by whoever takes the run up.
/// </summary>
internal sealed class JobStepper(
    IDbContextFactory<OperoneDb> databases, DeviceDirectory directory, CurrentStanding standing, JobSecrets secrets, RunStart starts,
    ApprovalContent contents, JobCalls calls, JobRecords records, TimeProvider time)
{
    /// <summary>How long a run that is to end waits for devices that are away.</summary>
    internal static readonly TimeSpan AwayPatience = TimeSpan.FromMinutes(5);

    private readonly long _began = time.GetTimestamp();

    private const string UpdateDevice = """
        UPDATE job_run_devices SET "Status" = @status, "Step" = @step, "Attempt" = @attempt, "RunId" = @run, "ExecutionId" = @execution, "RetryAt" = @retryAt, "Reason" = @reason
        WHERE "JobRunId" = @jobRun AND "DeviceId" = @device
        """;

    /// <summary>Does it.</summary>
    /// <param name="run">The run as it was read when it was claimed.</param>
    /// <param name="claim">The claim: where it is not the run's any more, nothing is done.</param>
    /// <param name="isTakenOver">Whether whoever had it before did not come to the end of their step.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>When to look at it again; null for not before there is news.</returns>
    public async Task<DateTimeOffset?> StepAsync(JobRun run, Guid claim, bool isTakenOver, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var now = time.GetUtcNow();
        var open = await db.Set<JobRunDevice>().Where(d => d.JobRunId == run.Id && d.Status < JobDeviceStatus.Succeeded).OrderBy(d => d.Position).ToListAsync(cancellationToken);
        var failed = await db.Set<JobRunDevice>().CountAsync(d => d.JobRunId == run.Id && d.Status == JobDeviceStatus.Failed, cancellationToken);
        var before = open.Where(d => d.Status == JobDeviceStatus.Running).Select(d => d.ExecutionId!.Value).ToArray();
        var machine = new JobRunMachine(run, open, failed, now);
        var (ending, why) = EndingOf(run, now);
        if (run.IsUnplaced && ending is null)
        {
            // whoever places it wakes it, and whoever lets it go on after a pause
            return run.PausedAt is null ? run.WaitsUntil : null;
        }

        machine.Harvest(await EndsAsync(db, before, cancellationToken), ending is not null);
        var approval = run.Status == JobRunStatus.Approval
            ? await db.Set<Approval>().Where(a => a.JobRunId == run.Id).OrderByDescending(a => a.Step ?? -1).ThenByDescending(a => a.Id).FirstAsync(cancellationToken) : null;
        var (over, next) = (ApprovalStatus.Fallen, (DateTimeOffset?)null);
        var actor = await standing.ActorAsync(run.CreatedById, run.CreatedBy, cancellationToken);
        var call = await db.Set<JobRunCall>().SingleOrDefaultAsync(c => c.JobRunId == run.Id && c.Status == JobCallStatus.Running, cancellationToken);
        var (outcome, again) = (new CallOutcome(JobCallStatus.Cancelled, why), (JobRunCall?)null);
        if (ending is { } status)
        {
            // what was told and is away may be away for months
            var gone = (run.CancelledAt ?? run.Deadline) + AwayPatience <= now ? await GoneAsync(db, open, now, cancellationToken) : [];
            machine.End(status, why!, isTakenOver, d => gone.Contains(d.DeviceId));
            next = now.AddSeconds(30);
        }
        else if (call is not null)
        {
            outcome = await calls.LookAsync(actor, run, call, machine.Able, now, cancellationToken);
            again = JobCalls.Again(run, call, outcome, now);
            machine.Take(call.Step, again is null ? outcome : new(JobCallStatus.Running));
            next = JobCalls.NextLook(run.Definition.Steps![call.Step], again ?? call, outcome, now);
        }
        else if (approval is not null)
        {
            (over, next) = await LookAsync(machine, run, approval, now, cancellationToken);
        }

        if (machine.Status == JobRunStatus.Waiting && await MayBeginAsync(db, run, cancellationToken))
        {
            machine.Begin();
        }

        var prepared = new List<PreparedRun>();
        if (ending is null && machine.Status == JobRunStatus.Running && (call is null || outcome.Status == JobCallStatus.Succeeded))
        {
            machine.Drive(run.PausedAt is not null);
            while (machine.Starting.Count > 0 && await PrepareAsync(machine, run, actor, prepared, cancellationToken))
            {
                // some could not begin: others may take their place, or the batch is done
                machine.Drive(run.PausedAt is not null);
            }

            next = machine.NextAt;
        }

        var asked = machine.Asks is { } step ? await AskAsync(db, run, actor, step, machine, now, cancellationToken) : null;
        var isCallOver = call is not null && (outcome.Status != JobCallStatus.Running || machine.Status.IsEnd());
        if (!await StoreAsync(db, run, claim, machine, prepared, approval, over, asked, isCallOver ? (call!, outcome, again) : null, now, cancellationToken))
        {
            return null;
        }

        await TellAsync(run, actor, machine, prepared, asked, isTakenOver ? before : [], why, cancellationToken);
        if (isCallOver && outcome.Status != JobCallStatus.Succeeded)
        {
            await calls.TellCancelledAsync(run, call!, cancellationToken);
        }

        next = machine.Calls is not null ? now : machine.Status == JobRunStatus.Waiting ? now.AddSeconds(5) : asked is not null ? now.AddMinutes(1) : next;
        return new[] { next, run.Deadline ?? (run.StartedAt ?? now) + JobRules.Time(run.Definition.Timeout) }.Min();
    }

    private static (JobRunStatus? Status, string? Why) EndingOf(JobRun run, DateTimeOffset now) =>
        run.CancelledAt is not null ? (JobRunStatus.Cancelled, $"cancelled by {run.CancelledBy}")
        : run.Deadline <= now ? (JobRunStatus.TimedOut, $"it took longer than {run.Definition.Timeout}")
        : run is { IsUnplaced: true, PausedAt: null } && run.WaitsUntil <= now
            ? (JobRunStatus.TimedOut, $"there was no room within {Quantities.FormatDuration(run.Patience)}{(run.Reason is null ? "" : $": {run.Reason}")}")
        : (null, null);

    /// <summary>
    /// The devices that nobody has seen for long. Which are connected is known once agents had the time to come back, and of those of another node that is not
    /// heard of by what it stores.
    /// </summary>
    private async Task<HashSet<Guid>> GoneAsync(OperoneDb db, List<JobRunDevice> open, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var away = time.GetElapsedTime(_began) < AwayPatience ? [] : open.Select(d => d.DeviceId).Where(id => !directory.IsOnline(id)).ToArray();
        var before = now - AwayPatience;
        return away.Length == 0 ? [] : await db.Set<Device>().Where(d => EF.Parameter(away).Contains(d.Id) && (d.LastSeenAt == null || d.LastSeenAt <= before))
            .Select(d => d.Id).ToHashSetAsync(cancellationToken);
    }

    private static async Task<Dictionary<Guid, ExecutionOutcome>> EndsAsync(OperoneDb db, Guid[] executions, CancellationToken cancellationToken) =>
        executions.Length == 0 ? [] : await db.Set<Execution>().Where(e => EF.Parameter(executions).Contains(e.Id) && e.EndedAt != null)
            .ToDictionaryAsync(e => e.Id, e => new ExecutionOutcome(e.Status, e.Reason, e.ExitCode), cancellationToken);

    /// <summary>Where its yes stands. It holds for exactly what was asked about, now as well as then.</summary>
    private async Task<(ApprovalStatus Over, DateTimeOffset? Next)> LookAsync(
        JobRunMachine machine, JobRun run, Approval approval, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (approval.Status == ApprovalStatus.Refused)
        {
            machine.End(JobRunStatus.Refused, $"{approval.DecidedBy} said no{(approval.Comment is null ? "" : $": {approval.Comment}")}", again: false);
            return (approval.Status, null);
        }

        if (await contents.HashAsync(run, approval.Step, cancellationToken) != approval.Hash)
        {
            machine.End(JobRunStatus.Refused, "the job or its devices changed while it waited for a yes: run it anew", again: false);
            return (ApprovalStatus.Fallen, null);
        }

        if (approval.Status == ApprovalStatus.Approved)
        {
            machine.Approve(approval.Step is null);
            return (approval.Status, null);
        }

        if (approval.Until <= now)
        {
            machine.End(JobRunStatus.Refused, "nobody said yes in time", again: false);
            return (ApprovalStatus.Expired, null);
        }

        return (approval.Status, new[] { approval.Until, now.AddMinutes(1) }.Min());
    }

    /// <summary>Whether a run that takes the place of another one may begin: all runs of its job before it have ended.</summary>
    internal static async Task<bool> MayBeginAsync(OperoneDb db, JobRun run, CancellationToken cancellationToken) =>
        !await db.Set<JobRun>().AnyAsync(
            r => r.JobId == run.JobId && r.EndedAt == null && r.Id != run.Id && (r.CreatedAt < run.CreatedAt || (r.CreatedAt == run.CreatedAt && r.Id < run.Id)), cancellationToken);

    /// <summary>Makes the runs of what is to start, one for each step. True where a device could not begin.</summary>
    private async Task<bool> PrepareAsync(JobRunMachine machine, JobRun run, Actor actor, List<PreparedRun> prepared, CancellationToken cancellationToken)
    {
        var bound = secrets.Open(run);
        var hasRefused = false;
        foreach (var step in machine.Starting.GroupBy(d => d.Step).ToArray())
        {
            var able = new Dictionary<Guid, (JobRunDevice Row, DeviceEntry Device)>();
            foreach (var row in step)
            {
                var device = directory.Find(row.DeviceId);
                var problem = device is null ? "the device was removed"
                    : device.Intake.IsShut() && row is { Step: 0, Attempt: <= 1 } ? "the device is drained, and takes nothing new"
                    : !actor.May(Permissions.JobsRun, device.Labels) ? $"{run.CreatedBy} may not run jobs on it any more"
                    : bound is null ? "the key that sealed the run's secrets is not there any more" : null;
                if (problem is not null)
                {
                    machine.Refuse(row, problem);
                    hasRefused = true;
                }
                else
                {
                    able[row.DeviceId] = (row, device!);
                }
            }

            if (able.Count == 0)
            {
                continue;
            }

            var variables = JobParameters.Variables(run.Definition, bound!);
            var made = await starts.PrepareAsync(actor, Request(run, run.Definition.Steps![step.Key], bound!), [.. able.Values.Select(a => a.Device)], variables.Values, variables.Secrets, cancellationToken);
            foreach (var execution in made.IsError ? [] : made.Value.Executions)
            {
                able.Remove(execution.DeviceId, out var begun);
                (begun.Row.RunId, begun.Row.ExecutionId) = (execution.RunId, execution.Id);
            }

            foreach (var (row, _) in able.Values)
            {
                machine.Refuse(row, made.IsError ? made.Error!.Detail : $"{run.CreatedBy} may not use its environments on it any more");
                hasRefused = true;
            }

            if (!made.IsError)
            {
                prepared.Add(made.Value);
            }
        }

        machine.Starting.Clear();
        return hasRefused;
    }

    private static CreateRun Request(JobRun run, JobStep step, BoundParameters bound) => new()
    {
        Command = step.Command,
        Argv = step.File is not null ? PlacedFile.Command(step.File) : step.Argv is null ? null : JobParameters.Fill(step.Argv, bound),
        StdinBase64 = step.File is not null ? PlacedFile.Content(step.File) : null,
        Script = step.Script,
        Interpreter = step.Interpreter,
        WorkingDirectory = step.WorkingDirectory,
        Environment = step.Environment,
        TimeoutSeconds = JobRules.Time(step.Timeout)?.TotalSeconds,
        ExpiresInSeconds = JobRules.Time(run.Definition.Limits?.Wait)?.TotalSeconds,
        OutputLimitBytes = run.Definition.Limits?.Output is { } output ? Quantities.ParseSize(output).Value : null,
        Sandbox = run.Definition.Sandbox,
        RunAs = run.Definition.RunAs,
        Environments = run.Definition.Environments,

        // what was reserved for the whole run is what each of its commands may use
        Placement = JobPlacement.ToRun(run.Definition.Placement) is { Needs: { IsNone: false } needs } ? new() { Needs = needs } : null,
    };

    private async Task<Approval?> AskAsync(OperoneDb db, JobRun run, Actor actor, int step, JobRunMachine machine, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var meant = await contents.DevicesAsync(actor, run, cancellationToken);
        var devices = await db.Set<JobRunDevice>().Where(d => d.JobRunId == run.Id).Select(d => d.DeviceId).ToListAsync(cancellationToken);
        if (!meant.IsError && !meant.Value.Select(d => d.Id).ToHashSet().SetEquals(devices))
        {
            machine.End(JobRunStatus.Refused, "the devices that its target means are not those that it runs on any more: run it anew", again: false);
            return null;
        }

        if (!meant.IsError)
        {
            return JobStarts.Ask(
                run, run.Definition.Steps![step].Approval!, meant.Value, await CalledJob.OfAsync(db, run.JobName, run.Definition, cancellationToken), step, now);
        }

        machine.End(JobRunStatus.Failed, meant.Error!.Detail, again: false);
        return null;
    }

    private async Task<bool> StoreAsync(
        OperoneDb db, JobRun run, Guid claim, JobRunMachine machine, List<PreparedRun> prepared, Approval? approval, ApprovalStatus over, Approval? asked,
        (JobRunCall Call, CallOutcome Outcome, JobRunCall? Again)? ended, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var isOver = machine.Status.IsEnd();
        DateTimeOffset? endedAt = isOver ? now : null;
        var started = run.StartedAt ?? (machine.Status == JobRunStatus.Running ? now : null);
        var deadline = run.Deadline ?? started + JobRules.Time(run.Definition.Timeout);
        var exclusive = isOver ? null : run.Exclusive;
        if (await db.Set<JobRun>().Where(r => r.Id == run.Id && r.Claim == claim && r.EndedAt == null).ExecuteUpdateAsync(
            r => r.SetProperty(x => x.Status, machine.Status).SetProperty(x => x.Phase, machine.Phase).SetProperty(x => x.Batch, machine.Batch)
                .SetProperty(x => x.ReadyAt, machine.ReadyAt).SetProperty(x => x.Reason, machine.Reason).SetProperty(x => x.EndedAt, endedAt)
                .SetProperty(x => x.StartedAt, started).SetProperty(x => x.Deadline, deadline).SetProperty(x => x.Exclusive, exclusive), cancellationToken) == 0)
        {
            return false;
        }

        var sql = new SqlBatch(db);
        foreach (var device in machine.Changed)
        {
            sql.Add(UpdateDevice, ("status", device.Status), ("step", device.Step), ("attempt", device.Attempt), ("run", device.RunId), ("execution", device.ExecutionId),
                ("retryAt", device.RetryAt), ("reason", device.Reason), ("jobRun", device.JobRunId), ("device", device.DeviceId));
        }

        await sql.ExecuteAsync(cancellationToken);
        if (run.Placement is not null && machine.DoneAll is { Length: > 0 } done)
        {
            // what is called for all after the last command may take a day, and needs no room there
            await db.Set<JobReservation>().Where(r => r.JobRunId == run.Id && EF.Parameter(done).Contains(r.DeviceId)).ExecuteDeleteAsync(cancellationToken);
        }

        foreach (var made in prepared)
        {
            await RunStart.InsertAsync(db, made, cancellationToken);
            db.Add(new JobRunPart { RunId = made.Run.Id, JobRunId = run.Id, Step = StepOf(machine, made) });
        }

        if (ended is var (called, outcome, again))
        {
            var reason = outcome.Reason is null ? null : ShortText.Shorten(outcome.Reason, 1000);
            var row = db.Set<JobRunCall>().Where(c => c.JobRunId == run.Id && c.Step == called.Step);
            await (again is null
                ? row.ExecuteUpdateAsync(c => c.SetProperty(x => x.Status, outcome.Status).SetProperty(x => x.Reason, reason).SetProperty(x => x.EndedAt, now), cancellationToken)
                : row.ExecuteUpdateAsync(c => c.SetProperty(x => x.CalledId, again.CalledId).SetProperty(x => x.At, again.At).SetProperty(x => x.Attempt, again.Attempt)
                    .SetProperty(x => x.PreviousId, again.PreviousId).SetProperty(x => x.Reason, reason), cancellationToken));
            if (again is not null && await db.Set<Run>().AnyAsync(r => r.Id == called.CalledId, cancellationToken))
            {
                // a pipeline of an earlier time is still one of the step's runs
                db.Add(new JobRunPart { RunId = called.CalledId, JobRunId = run.Id, Step = called.Step });
            }

            if (outcome.Status != JobCallStatus.Succeeded)
            {
                await JobCalls.CancelAsync(db, run, called, reason ?? "it has ended", now, cancellationToken);
            }
        }

        if (machine.Calls is { } step)
        {
            // what the run called that this one does again may still be coming to its end
            var before = run.RetryOf is { } of ? await db.Set<JobRunCall>().Where(c => c.JobRunId == of && c.Step == step).Select(c => (Guid?)c.CalledId).SingleOrDefaultAsync(cancellationToken) : null;
            db.Add(calls.New(db, run, step, before, now));
        }

        if (asked is not null)
        {
            db.Add(asked);
            db.Publish(JobRecords.Asked(run, asked.Id));
        }

        if (approval?.Status is ApprovalStatus.Waiting or ApprovalStatus.Approved && isOver)
        {
            var fallen = over is ApprovalStatus.Expired ? over : ApprovalStatus.Fallen;
            await db.Set<Approval>().Where(a => a.Id == approval.Id).ExecuteUpdateAsync(a => a.SetProperty(x => x.Status, fallen), cancellationToken);
        }

        if (isOver && run.IsUnplaced)
        {
            var how = run.Placement! with { State = PlacementState.Ended, At = now };
            await db.Set<JobRun>().Where(r => r.Id == run.Id).ExecuteUpdateAsync(r => r.SetProperty(x => x.Placement, how), cancellationToken);
        }

        if (isOver)
        {
            db.Publish(JobRecords.Ended(run, machine.Status, machine.Reason));

            // who called for it, and one that was to take its place, go on; one that waits for room is looked at by who places it
            await db.Set<JobRun>().Where(r => r.Id == run.ParentId && r.EndedAt == null)
                .ExecuteUpdateAsync(r => r.SetProperty(x => x.NextAt, now).SetProperty(x => x.News, x => x.News + 1), cancellationToken);
            await db.Set<JobRun>().Where(r => r.JobId == run.JobId && r.Status == JobRunStatus.Waiting && r.Placement == null)
                .ExecuteUpdateAsync(r => r.SetProperty(x => x.NextAt, now).SetProperty(x => x.News, x => x.News + 1), cancellationToken);
        }

        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    private static int StepOf(JobRunMachine machine, PreparedRun made) => machine.Changed.First(d => d.RunId == made.Run.Id).Step;

    private async Task TellAsync(
        JobRun run, Actor actor, JobRunMachine machine, List<PreparedRun> prepared, Approval? asked, Guid[] again, string? why, CancellationToken cancellationToken)
    {
        foreach (var made in prepared)
        {
            await starts.SendAsync(actor, made, cancellationToken);
        }

        if (again.Length > 0)
        {
            await starts.SendAgainAsync(again, cancellationToken);
        }

        if (machine.Cancelling.Count > 0)
        {
            await starts.CancelAsync([.. machine.Cancelling.Select(d => (d.DeviceId, d.ExecutionId!.Value))], why ?? "the run has ended", cancellationToken);
        }

        if (asked is not null || machine.Status.IsEnd() || machine.Changed.Count > 0 || machine.Status != run.Status || machine.Calls is not null)
        {
            records.Signal(run.Id);
        }
    }
}
