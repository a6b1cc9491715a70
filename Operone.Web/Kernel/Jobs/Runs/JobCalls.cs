using Microsoft.EntityFrameworkCore;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Devices;
using Operone.Core.Errors;
using Operone.Core.Events;
using Operone.Core.Kernel.Jobs;
using Operone.Core.Shell;
using Operone.Web.Access;
using Operone.Web.Data;
using Operone.Web.Events.Webhooks;
using Operone.Web.Shell;
using Operone.Web.Shell.Pipelines;

namespace Operone.Web.Kernel.Jobs.Runs;

/// <summary>How what a step calls stands.</summary>
/// <param name="Status">How it stands.</param>
/// <param name="Reason">Why it failed.</param>
/// <param name="Since">Since when it goes on; null where it has not begun.</param>
/// <param name="IsFinal">Whether it must not be tried again: somebody ended it or said no, or what it did may have been done.</param>
internal readonly record struct CallOutcome(JobCallStatus Status, string? Reason = null, DateTimeOffset? Since = null, bool IsFinal = false);

/// <summary>
/// Does what steps call: other jobs, pipelines and webhooks. Each has its id before it is begun, so that whoever takes a run up begins what was not begun,
/// and nothing twice.
/// </summary>
internal sealed class JobCalls(IDbContextFactory<OperoneDb> databases, JobStarts starts, PipelineService pipelines, JobSecrets secrets, JobRecords records, RunStart runs)
{
    /// <summary>How often it is looked whether a pipeline or a webhook has come to its end. A job's run tells.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>A new call. What a webhook gets is published with it.</summary>
    /// <param name="db">Where it is to be stored.</param>
    /// <param name="run">The run.</param>
    /// <param name="step">Its step.</param>
    /// <param name="before">What the same step called in the run that this one does again; null for none.</param>
    /// <param name="now">The time.</param>
    public JobRunCall New(OperoneDb db, JobRun run, int step, Guid? before, DateTimeOffset now)
    {
        var id = Guid.CreateVersion7(now);
        if (run.Definition.Steps![step].Webhook is { } webhook && secrets.Open(run) is { } bound)
        {
            id = db.Publish(JobRecords.Called(run, step, webhook.Name!, JobParameters.Fill(webhook.Data, bound).Values));
        }

        return new() { JobRunId = run.Id, Step = step, CalledId = id, PreviousId = before, At = now };
    }

    /// <summary>The same once more, after a pause: where its step is tried again. Null where it is not.</summary>
    public static JobRunCall? Again(JobRun run, JobRunCall call, CallOutcome outcome, DateTimeOffset now) =>
        outcome is { Status: JobCallStatus.Failed, IsFinal: false } && JobRules.PauseBefore(run.Definition.Steps![call.Step].Retries, call.Attempt) is { } pause
            ? new() { JobRunId = run.Id, Step = call.Step, CalledId = Guid.CreateVersion7(now), PreviousId = call.CalledId, At = now + pause, Attempt = call.Attempt + 1 } : null;

    /// <summary>How a call stands. One that has not begun is begun, when its time has come and the run is not paused.</summary>
    /// <param name="actor">In whose name.</param>
    /// <param name="run">The run.</param>
    /// <param name="call">The call, which is running.</param>
    /// <param name="devices">The run's devices that have not failed.</param>
    /// <param name="now">The time.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<CallOutcome> LookAsync(
        Actor actor, JobRun run, JobRunCall call, IReadOnlyList<Guid> devices, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var step = run.Definition.Steps![call.Step];
        if (secrets.Open(run) is not { } bound)
        {
            return new(JobCallStatus.Failed, "the key that sealed the run's secrets is not there any more", IsFinal: true);
        }

        var outcome = step.Job is { } job ? await LookAtJobAsync(actor, run, call, job, bound, devices, now, cancellationToken)
            : step.Pipeline is { } pipeline ? await LookAtPipelineAsync(actor, run, call, pipeline, bound, now, cancellationToken)
            : await LookAtWebhookAsync(step.Webhook!.Name!, call, cancellationToken);
        return outcome.Status == JobCallStatus.Running && outcome.Since + JobRules.Time(step.Timeout) <= now ? new(JobCallStatus.Failed, $"it took longer than {step.Timeout}") : outcome;
    }

    /// <summary>When to look at a call again.</summary>
    public static DateTimeOffset NextLook(JobStep step, JobRunCall call, CallOutcome outcome, DateTimeOffset now) =>
        call.At > now ? call.At : new[] { now + (step.Job is null ? Interval : TimeSpan.FromMinutes(1)), outcome.Since + JobRules.Time(step.Timeout) ?? DateTimeOffset.MaxValue }.Min();

    /// <summary>Notes that what a call began is to end, in the transaction in which its run ends before it.</summary>
    public static async Task CancelAsync(OperoneDb db, JobRun run, JobRunCall call, string reason, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var why = ShortText.Shorten($"the run that called it: {reason}", 256);
        await db.Set<JobRun>().Where(r => r.Id == call.CalledId && r.ParentId == run.Id && r.EndedAt == null && r.CancelledAt == null).ExecuteUpdateAsync(
            r => r.SetProperty(x => x.CancelledAt, now).SetProperty(x => x.CancelledBy, why).SetProperty(x => x.NextAt, now).SetProperty(x => x.News, x => x.News + 1), cancellationToken);
        await db.Set<Run>().Where(r => r.Id == call.CalledId && r.Kind == RunKind.Pipeline && r.EndedAt == null && r.CancelledAt == null)
            .ExecuteUpdateAsync(r => r.SetProperty(x => x.CancelledAt, now).SetProperty(x => x.CancelledBy, why), cancellationToken);
    }

    /// <summary>Tells it, once that is stored. A device that is not told now is when it connects.</summary>
    public async Task TellCancelledAsync(JobRun run, JobRunCall call, CancellationToken cancellationToken)
    {
        records.Signal(call.CalledId);
        if (run.Definition.Steps![call.Step].Pipeline is not null)
        {
            await using var db = await databases.CreateDbContextAsync(cancellationToken);
            var open = await db.Set<Execution>().Where(e => e.RunId == call.CalledId && e.EndedAt == null).Select(e => new { e.DeviceId, e.Id }).ToListAsync(cancellationToken);
            await runs.CancelAsync([.. open.Select(e => (e.DeviceId, e.Id))], "the run that called it has ended", cancellationToken);
        }
    }

    private async Task<CallOutcome> LookAtJobAsync(
        Actor actor, JobRun run, JobRunCall call, JobCall called, BoundParameters bound, IReadOnlyList<Guid> devices, DateTimeOffset now,
        CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        if (await db.Set<JobRun>().SingleOrDefaultAsync(r => r.Id == call.CalledId, cancellationToken) is { } child)
        {
            return child.EndedAt is null ? new(JobCallStatus.Running, Since: child.CreatedAt)
                : child.Status == JobRunStatus.Succeeded ? new(JobCallStatus.Succeeded)
                : new(JobCallStatus.Failed, $"the job {child.JobName} {(child.Status == JobRunStatus.Failed ? "failed" : $"is {child.Status.ToText()}")}{(child.Reason is null ? "" : $": {child.Reason}")}",
                    IsFinal: child.Status is not (JobRunStatus.Failed or JobRunStatus.TimedOut) || await HasLostAsync(db, child.Id, cancellationToken));
        }

        if (call.At > now || run.PausedAt is not null || (call.PreviousId is { } before && await db.Set<JobRun>().AnyAsync(r => r.Id == before && r.EndedAt == null, cancellationToken)))
        {
            return new(JobCallStatus.Running);
        }

        if (await Job.FindAsync(db, called.Name!, cancellationToken) is not { } job)
        {
            return new(JobCallStatus.Failed, $"there is no job '{called.Name}'", IsFinal: true);
        }

        if (await IsOtherAsync(db, run, cancellationToken))
        {
            return new(JobCallStatus.Failed, $"the job '{job.Name}', or another one that is called, was changed after the yes: run it anew", IsFinal: true);
        }

        var filled = JobParameters.Fill(called.Parameters, bound);
        if (filled.Secrets.Keys.FirstOrDefault(name => job.Definition.Parameters?.FirstOrDefault(p => p.Name == name)?.Type is not JobParameterType.Secret) is { } open)
        {
            return new(JobCallStatus.Failed, $"a secret would go to the parameter '{open}' of the job {job.Name}, which is none", IsFinal: true);
        }

        var request = new RunJob
        {
            Parameters = filled.Values.Concat(filled.Secrets).ToDictionary(),
            Target = called.Target ?? (job.Definition.Target is null ? new RunTarget([.. devices.Select(d => d.ToString())]) : null),
        };
        var cause = new JobCause($"step {call.Step + 1} of {run.JobName}", RunId: call.CalledId) { Parent = run, Version = job.Version };
        return Begun(await starts.StartAsync(actor, job.Id.ToString(), request, cause, cancellationToken), now);
    }

    /// <summary>Whether a yes, for this run or for one that it comes of, was for other jobs than would be called now.</summary>
    private static async Task<bool> IsOtherAsync(OperoneDb db, JobRun run, CancellationToken cancellationToken)
    {
        for (var one = run; one is not null; one = one.ParentId is { } parent ? await db.Set<JobRun>().SingleOrDefaultAsync(r => r.Id == parent, cancellationToken) : null)
        {
            var id = one.Id;
            var agreed = await db.Set<Approval>().Where(a => a.JobRunId == id && a.Status == ApprovalStatus.Approved).OrderByDescending(a => a.Id).Select(a => a.Called).FirstOrDefaultAsync(cancellationToken);
            if (agreed is not null && agreed != ApprovalContent.HashOf(await CalledJob.OfAsync(db, one.JobName, one.Definition, cancellationToken)))
            {
                return true;
            }
        }

        return false;
    }

    private async Task<CallOutcome> LookAtPipelineAsync(
        Actor actor, JobRun run, JobRunCall call, JobPipeline called, BoundParameters bound, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        if (await db.Set<Run>().SingleOrDefaultAsync(r => r.Id == call.CalledId, cancellationToken) is { } pipeline)
        {
            if (pipeline.EndedAt is null)
            {
                return new(JobCallStatus.Running, Since: pipeline.CreatedAt);
            }

            var bad = pipeline.Status == RunStatus.Succeeded ? null
                : await db.Set<Execution>().Where(e => e.RunId == pipeline.Id && e.Status != ExecutionStatus.Succeeded).OrderBy(e => e.Stage).FirstOrDefaultAsync(cancellationToken);
            return pipeline.Status == RunStatus.Succeeded ? new(JobCallStatus.Succeeded)
                : new(JobCallStatus.Failed, $"the pipeline is {pipeline.Status.ToText()}{(bad is null ? "" : $"; stage {bad.Stage + 1} on {bad.DeviceName}: {bad.Reason ?? bad.Status.ToText()}")}",
                    IsFinal: pipeline.CancelledAt is not null || await db.Set<Execution>().AnyAsync(e => e.RunId == pipeline.Id && e.Status == ExecutionStatus.Lost, cancellationToken));
        }

        if (call.At > now || run.PausedAt is not null || (call.PreviousId is { } before && await db.Set<Run>().AnyAsync(r => r.Id == before && r.EndedAt == null, cancellationToken)))
        {
            return new(JobCallStatus.Running);
        }

        // what is secret has no place in the request of a pipeline, which everybody sees who sees its run: it is sealed beside it
        var (variables, hidden) = JobParameters.Variables(run.Definition, bound);
        var request = new CreatePipeline
        {
            Stages = [.. called.Stages!.Select(s => s with
            {
                Argv = s.Argv is null ? null : JobParameters.Fill(s.Argv, bound),
                Environment = (s.Environment ?? new Dictionary<string, string>()).Where(v => !variables.ContainsKey(v.Key) && !hidden.ContainsKey(v.Key)).Concat(variables).ToDictionary(),
            })],
            TimeoutSeconds = JobRules.Time(run.Definition.Steps![call.Step].Timeout)?.TotalSeconds,
            OutputLimitBytes = run.Definition.Limits?.Output is { } output ? Quantities.ParseSize(output).Value : null,
            Sandbox = run.Definition.Sandbox,
            Environments = run.Definition.Environments,
        };
        return Begun(await pipelines.CreateAsync(actor, request, new PipelineCall(Permissions.JobsRun, call.CalledId, run.Definition.RunAs, hidden), cancellationToken), now);
    }

    private async Task<CallOutcome> LookAtWebhookAsync(string name, JobRunCall call, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        if (await Webhook.FindAsync(db, name, cancellationToken) is not { } webhook)
        {
            return new(JobCallStatus.Failed, $"there is no webhook '{name}'");
        }

        if (await db.Set<WebhookDelivery>().SingleOrDefaultAsync(d => d.WebhookId == webhook.Id && d.EventId == call.CalledId, cancellationToken) is not { } delivery)
        {
            return !webhook.IsEnabled ? new(JobCallStatus.Failed, $"the webhook '{name}' is turned off")
                : webhook.CreatedAt > call.At ? new(JobCallStatus.Failed, $"there was no webhook '{name}' when it was called") : new(JobCallStatus.Running, Since: call.At);
        }

        return delivery.Status switch
        {
            DeliveryStatus.Delivered => new(JobCallStatus.Succeeded),
            DeliveryStatus.Pending when !webhook.IsEnabled => new(JobCallStatus.Failed, $"the webhook '{name}' is turned off"),
            DeliveryStatus.Dead => new(JobCallStatus.Failed, $"the webhook '{name}' did not take it; its deliveries say why"),
            _ => new(JobCallStatus.Running, Since: call.At),
        };
    }

    /// <summary>Whether a device of it was lost in the middle: what it did there may have been done.</summary>
    private static Task<bool> HasLostAsync(OperoneDb db, Guid jobRunId, CancellationToken cancellationToken) => db.Set<JobRunDevice>()
        .Where(d => d.JobRunId == jobRunId && d.Status == JobDeviceStatus.Failed)
        .Join(db.Set<Execution>().Where(e => e.Status == ExecutionStatus.Lost), d => d.ExecutionId, e => e.Id, (d, e) => e.Id).AnyAsync(cancellationToken);

    private static CallOutcome Begun<T>(Result<T> made, DateTimeOffset now) => made.IsError
        ? new(JobCallStatus.Failed, made.Error!.Detail, IsFinal: made.Error.Kind == ErrorKind.Forbidden) : new(JobCallStatus.Running, Since: now);
}
