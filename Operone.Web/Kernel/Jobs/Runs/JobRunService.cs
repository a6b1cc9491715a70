using Microsoft.EntityFrameworkCore;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Events;
using Operone.Core.Kernel.Jobs;
using Operone.Web.Access;
using Operone.Web.Data;

namespace Operone.Web.Kernel.Jobs.Runs;

/// <summary>The use cases that steer a run of a job: pause, go on, cancel. It takes <see cref="Permissions.JobsRun"/> on each of its devices.</summary>
internal sealed class JobRunService(
    IDbContextFactory<OperoneDb> databases, JobSight sight, JobRecords records, TimeProvider time)
{
    /// <summary>Lets nothing new begin; what is at work comes to the end of its step.</summary>
    public async Task<Result<JobRunView>> PauseAsync(Actor actor, Guid id, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var run = await RequireAsync(db, actor, id, "job-run.pause", cancellationToken);
        if (run.IsError)
        {
            return run.Error!;
        }

        var now = time.GetUtcNow();
        var changed = await Open(db, id).Where(r => r.PausedAt == null).ExecuteUpdateAsync(
            r => r.SetProperty(x => x.PausedAt, now).SetProperty(x => x.PausedBy, actor.Name).SetProperty(x => x.NextAt, now).SetProperty(x => x.News, x => x.News + 1), cancellationToken);
        return await DoneAsync(db, actor, run.Value, changed, "job-run.pause", EventTypes.JobRunPaused, cancellationToken);
    }

    /// <summary>Goes on after a pause.</summary>
    public async Task<Result<JobRunView>> ResumeAsync(Actor actor, Guid id, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var run = await RequireAsync(db, actor, id, "job-run.resume", cancellationToken);
        if (run.IsError)
        {
            return run.Error!;
        }

        var now = time.GetUtcNow();
        var changed = await Open(db, id).Where(r => r.PausedAt != null).ExecuteUpdateAsync(
            r => r.SetProperty(x => x.PausedAt, (DateTimeOffset?)null).SetProperty(x => x.PausedBy, (string?)null).SetProperty(x => x.NextAt, now)
                .SetProperty(x => x.WaitsFrom, x => x.Placement != null && x.Among == null ? now : x.WaitsFrom)
                .SetProperty(x => x.News, x => x.News + 1), cancellationToken);
        return await DoneAsync(db, actor, run.Value, changed, "job-run.resume", EventTypes.JobRunResumed, cancellationToken);
    }

    /// <summary>Ends it: what has not begun does not, what runs is ended on its device.</summary>
    public async Task<Result<JobRunView>> CancelAsync(Actor actor, Guid id, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var run = await RequireAsync(db, actor, id, "job-run.cancel", cancellationToken);
        if (run.IsError)
        {
            return run.Error!;
        }

        var now = time.GetUtcNow();
        var changed = await Open(db, id).Where(r => r.CancelledAt == null).ExecuteUpdateAsync(
            r => r.SetProperty(x => x.CancelledAt, now).SetProperty(x => x.CancelledBy, actor.Name).SetProperty(x => x.NextAt, now).SetProperty(x => x.News, x => x.News + 1), cancellationToken);
        return await DoneAsync(db, actor, run.Value, changed, "job-run.cancel", EventTypes.JobRunCancelled, cancellationToken);
    }

    /// <summary>A page of what somebody is asked to agree to, newest first.</summary>
    public async Task<Result<Page<ApprovalView>>> ApprovalsAsync(Actor actor, bool waiting, int? limit, string? cursor, CancellationToken cancellationToken)
    {
        if (actor.Lacks(Permissions.JobsRead) is { } lacks)
        {
            return lacks;
        }

        var page = PageRequest.Parse(limit, cursor);
        if (page.IsError)
        {
            return page.Error!;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var seen = sight.Runs(db, actor);
        var approvals = db.Set<Approval>().Where(a => seen.Any(r => r.Id == a.JobRunId));
        approvals = waiting ? approvals.Where(a => a.Status == ApprovalStatus.Waiting) : approvals;
        approvals = page.Value.After is { } after ? approvals.Where(a => a.Id < after) : approvals;
        var found = await approvals.OrderByDescending(a => a.Id).Take(page.Value.Limit + 1).ToListAsync(cancellationToken);
        return page.Value.ToPage(found, a => a.Id, a => a.ToView());
    }

    /// <summary>Says yes or no. Who asked for the run does not say yes to it, and what was looked at must be what it is about.</summary>
    public async Task<Result<ApprovalView>> DecideAsync(Actor actor, Guid approvalId, DecideApproval decision, CancellationToken cancellationToken)
    {
        var errors = new FieldErrors();
        errors.AddIf(decision.Approve is null, "approve", "must be true or false");
        errors.AddIf(decision.Approve == true && string.IsNullOrEmpty(decision.Hash), "hash", "must be given: it says what the yes is about");
        errors.AddIf(decision.Comment?.Length > JobRules.MaxTextLength, "comment", $"must have at most {JobRules.MaxTextLength} characters");
        if (errors.ToError() is { } invalid)
        {
            return invalid;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        if (await db.Set<Approval>().SingleOrDefaultAsync(a => a.Id == approvalId, cancellationToken) is not { } approval)
        {
            return JobErrors.ApprovalNotFound(approvalId);
        }

        var run = await RequireAsync(db, actor, approval.JobRunId, "approval.decide", cancellationToken);
        if (run.IsError)
        {
            return run.Error!.Kind == ErrorKind.NotFound ? JobErrors.ApprovalNotFound(approvalId) : run.Error;
        }

        if (decision.Approve == true && approval.OwnerId is { } owner && owner == (actor.PersonId ?? actor.Id))
        {
            return await records.RefusedAsync(actor, "approval.decide", approval.JobRunId.ToString(), JobErrors.OwnApproval, cancellationToken);
        }

        if (approval.Status != ApprovalStatus.Waiting)
        {
            return JobErrors.ApprovalOver(approvalId, approval.Status);
        }

        if (decision.Hash is { } hash && !hash.Equals(approval.Hash, StringComparison.OrdinalIgnoreCase))
        {
            return JobErrors.ApprovalChanged;
        }

        var (now, status) = (time.GetUtcNow(), decision.Approve == true ? ApprovalStatus.Approved : ApprovalStatus.Refused);
        var comment = string.IsNullOrWhiteSpace(decision.Comment) ? null : decision.Comment.Trim();
        if (await db.Set<Approval>().Where(a => a.Id == approvalId && a.Status == ApprovalStatus.Waiting).ExecuteUpdateAsync(
            a => a.SetProperty(x => x.Status, status).SetProperty(x => x.DecidedBy, actor.Name).SetProperty(x => x.DecidedById, actor.Id)
                .SetProperty(x => x.DecidedAt, now).SetProperty(x => x.Comment, comment), cancellationToken) == 0)
        {
            return JobErrors.ApprovalOver(approvalId, ApprovalStatus.Fallen);
        }

        await Open(db, approval.JobRunId).ExecuteUpdateAsync(r => r.SetProperty(x => x.NextAt, now).SetProperty(x => x.News, x => x.News + 1), CancellationToken.None);
        await records.RunAsync(actor, status == ApprovalStatus.Approved ? "approval.approve" : "approval.refuse",
            status == ApprovalStatus.Approved ? EventTypes.ApprovalApproved : EventTypes.ApprovalRefused, run.Value, comment, CancellationToken.None);
        return (await db.Set<Approval>().SingleAsync(a => a.Id == approvalId, CancellationToken.None)).ToView();
    }

    private static IQueryable<JobRun> Open(OperoneDb db, Guid id) => db.Set<JobRun>().Where(r => r.Id == id && r.EndedAt == null);

    private async Task<Result<JobRun>> RequireAsync(OperoneDb db, Actor actor, Guid id, string action, CancellationToken cancellationToken)
    {
        if (actor.Lacks(Permissions.JobsRun) is { } lacks)
        {
            return await records.RefusedAsync(actor, action, id.ToString(), lacks, cancellationToken);
        }

        if (await sight.Runs(db, actor).SingleOrDefaultAsync(r => r.Id == id, cancellationToken) is not { } run)
        {
            return JobErrors.RunNotFound(id.ToString());
        }

        if (run.IsUnplaced && !sight.MaySteer(actor, run))
        {
            return await records.RefusedAsync(actor, action, id.ToString(), JobErrors.NotOnAll(actor.Name, ["those that it may be given"]), cancellationToken);
        }

        if (!actor.MayEverywhere(Permissions.JobsRun))
        {
            var on = await db.Set<JobRunDevice>().Where(d => d.JobRunId == id).Select(d => new { d.DeviceId, d.DeviceName }).ToListAsync(cancellationToken);
            var barred = on.Where(d => !sight.MayRun(actor, d.DeviceId)).ToArray();
            if (barred.Length > 0)
            {
                var names = barred.Where(d => sight.Sees(actor, d.DeviceId)).Select(d => d.DeviceName).DefaultIfEmpty($"{barred.Length} of its devices");
                return await records.RefusedAsync(actor, action, id.ToString(), JobErrors.NotOnAll(actor.Name, names), cancellationToken);
            }
        }

        return run;
    }

    private async Task<Result<JobRunView>> DoneAsync(OperoneDb db, Actor actor, JobRun run, int changed, string action, string type, CancellationToken cancellationToken)
    {
        if (run.EndedAt is not null)
        {
            return JobErrors.RunEnded(run.Id);
        }

        if (changed > 0)
        {
            await records.RunAsync(actor, action, type, run, null, CancellationToken.None);
        }

        return await JobRunReader.WholeAsync(db, run, sight.DevicesOf(actor), cancellationToken);
    }
}
