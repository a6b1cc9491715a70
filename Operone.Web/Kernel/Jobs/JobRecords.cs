using Operone.Core.Errors;
using Operone.Core.Events;
using Operone.Core.Kernel.Jobs;
using Operone.Web.Access;
using Operone.Web.Events;
using Operone.Web.Events.Webhooks;
using Operone.Web.Kernel.Jobs.Runs;

namespace Operone.Web.Kernel.Jobs;

/// <summary>The audit entries, events and signals of jobs and their runs.</summary>
internal sealed class JobRecords(IAuditTrail audit, IEvents events, LiveChanges changes)
{
    public ValueTask DeniedAsync(Actor actor, string action, string? target, Error error, CancellationToken cancellationToken) =>
        audit.NoteAsync(actor, action, target, false, error.Detail, cancellationToken);

    /// <summary>The error to return, which is noted where it is a denial.</summary>
    public async ValueTask<Error> RefusedAsync(Actor actor, string action, string? target, Error error, CancellationToken cancellationToken)
    {
        if (error.Kind == ErrorKind.Forbidden)
        {
            await DeniedAsync(actor, action, target, error, cancellationToken);
        }

        return error;
    }

    public async ValueTask WrittenAsync(Actor actor, string action, string type, Job job, CancellationToken cancellationToken)
    {
        await audit.NoteAsync(actor, action, job.Name, true, $"version {job.Version}", cancellationToken);
        await events.PublishAsync(new(type, job.Name, Actor: actor.Name,
            Data: new Dictionary<string, string?> { ["jobId"] = job.Id.ToString(), ["version"] = $"{job.Version}" }), cancellationToken);
        changes.Signal(LiveChanges.Jobs);
    }

    /// <summary>Something was done to a run by somebody.</summary>
    public async ValueTask RunAsync(Actor actor, string action, string type, JobRun run, string? detail, CancellationToken cancellationToken)
    {
        await audit.NoteAsync(actor, action, run.Id.ToString(), true, $"{run.JobName} version {run.Version}{(detail is null ? "" : $" ({detail})")}", cancellationToken);
        await events.PublishAsync(new(type, run.Id.ToString(), Actor: actor.Name, Data: About(run)), cancellationToken);
        Signal(run.Id);
    }

    /// <summary>A run was made by somebody; its event goes with it into the database.</summary>
    public async ValueTask MadeAsync(Actor actor, string action, JobRun run, string detail, CancellationToken cancellationToken)
    {
        await audit.NoteAsync(actor, action, run.Id.ToString(), true, $"{run.JobName} version {run.Version} ({detail})", cancellationToken);
        Signal(run.Id);
    }

    /// <summary>The event of a run that was made.</summary>
    public static OperoneEvent Made(Actor actor, JobRun run) => new(EventTypes.JobRunCreated, run.Id.ToString(), Actor: actor.Name, Data: About(run));

    /// <summary>The event of a run that has ended.</summary>
    public static OperoneEvent Ended(JobRun run, JobRunStatus status, string? reason)
    {
        var data = About(run);
        data["status"] = status.ToText();
        data["reason"] = reason;
        Notify(data, run, JobNotify.Of(status));
        return new(EventTypes.JobRunEnded, run.Id.ToString(), Actor: run.CreatedBy, Data: data);
    }

    /// <summary>The event of a run that waits for somebody.</summary>
    public static OperoneEvent Asked(JobRun run, Guid approval)
    {
        var data = About(run);
        data["approvalId"] = approval.ToString();
        Notify(data, run, JobNews.Approval);
        return new(EventTypes.ApprovalRequested, run.Id.ToString(), Actor: run.CreatedBy, Data: data);
    }

    /// <summary>The event of a run that calls a webhook.</summary>
    public static OperoneEvent Called(JobRun run, int step, string webhook, IReadOnlyDictionary<string, string> given)
    {
        var data = About(run);
        data[WebhookNames.Called] = webhook;
        data["step"] = $"{step + 1}";
        foreach (var (name, text) in given)
        {
            data[name] = text;
        }

        return new(EventTypes.JobRunCalled, run.Id.ToString(), Actor: run.CreatedBy, Data: data);
    }

    /// <summary>Somebody who looks at the run should look again.</summary>
    public void Signal(Guid runId)
    {
        changes.Signal(LiveChanges.JobRun(runId));
        changes.Signal(LiveChanges.JobRuns);
    }

    private static void Notify(Dictionary<string, string?> data, JobRun run, JobNews news)
    {
        if (run.Definition.Notify?.For(news) is { } names)
        {
            data[WebhookNames.Told] = names;
        }
    }

    private static Dictionary<string, string?> About(JobRun run) => new()
    {
        ["job"] = run.JobName,
        ["jobId"] = run.JobId.ToString(),
        ["version"] = $"{run.Version}",
        ["cause"] = run.Cause,
    };
}
