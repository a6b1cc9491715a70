using Microsoft.EntityFrameworkCore;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Kernel.Jobs;
using Operone.Core.Shell;
using Operone.Web.Access;
using Operone.Web.Data;
using Operone.Web.Events;
using Operone.Web.Shell.Placement;

namespace Operone.Web.Kernel.Jobs.Runs;

/// <summary>Which runs of jobs a list shows. All that is given must hold.</summary>
/// <param name="Job">Of the job with this id or name.</param>
/// <param name="Status">In this state.</param>
/// <param name="Limit">How many, 1 to 500; null for 50.</param>
/// <param name="Cursor">Where the page before ended.</param>
internal sealed record JobRunQuery(string? Job = null, JobRunStatus? Status = null, int? Limit = null, string? Cursor = null);

/// <summary>The use cases that look at runs of jobs.</summary>
internal sealed class JobRunReader(IDbContextFactory<OperoneDb> databases, JobSight sight, LiveChanges changes, TimeProvider time)
{
    /// <summary>A page of runs, newest first.</summary>
    public async Task<Result<Page<JobRunView>>> ListAsync(Actor actor, JobRunQuery query, CancellationToken cancellationToken)
    {
        if (actor.Lacks(Permissions.JobsRead) is { } lacks)
        {
            return lacks;
        }

        var page = PageRequest.Parse(query.Limit, query.Cursor);
        if (page.IsError)
        {
            return page.Error!;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var runs = sight.Runs(db, actor);
        if (query.Job is { Length: > 0 } name)
        {
            // the runs of a job that was removed are found by its id
            Guid? id = await Job.FindAsync(db, name, cancellationToken) is { } job && sight.Of(actor)(job) ? job.Id : Guid.TryParse(name, out var given) ? given : null;
            if (id is null)
            {
                return JobErrors.NotFound(name);
            }

            runs = runs.Where(r => r.JobId == id);
        }

        runs = query.Status is { } status ? runs.Where(r => r.Status == status) : runs;
        runs = page.Value.After is { } after ? runs.Where(r => r.Id < after) : runs;
        var found = await ViewsAsync(db, runs.OrderByDescending(r => r.Id).Take(page.Value.Limit + 1), sight.DevicesOf(actor), cancellationToken);
        return page.Value.ToPage(found, r => r.Id, r => r);
    }

    /// <summary>A run with its steps.</summary>
    public async Task<Result<JobRunView>> GetAsync(Actor actor, Guid id, CancellationToken cancellationToken)
    {
        if (actor.Lacks(Permissions.JobsRead) is { } lacks)
        {
            return lacks;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await sight.Runs(db, actor).SingleOrDefaultAsync(r => r.Id == id, cancellationToken) is { } run
            ? await WholeAsync(db, run, sight.DevicesOf(actor), cancellationToken)
            : JobErrors.RunNotFound(id.ToString());
    }

    /// <summary>A run once it has ended, or as it stands when the time is up.</summary>
    public async Task<Result<JobRunView>> WaitAsync(Actor actor, Guid id, TimeSpan patience, CancellationToken cancellationToken)
    {
        using var subscription = changes.Subscribe(LiveChanges.JobRun(id));
        using var timeout = new CancellationTokenSource(patience, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        var run = await GetAsync(actor, id, cancellationToken);
        while (!run.IsError && !run.Value.Status.IsEnd())
        {
            try
            {
                await subscription.WaitAsync(both.Token);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                return await GetAsync(actor, id, cancellationToken);
            }

            run = await GetAsync(actor, id, cancellationToken);
        }

        return run;
    }

    /// <summary>A page of a run's devices in the order in which they come.</summary>
    public async Task<Result<Page<JobRunDeviceView>>> DevicesAsync(
        Actor actor, Guid id, JobDeviceStatus? status, int? limit, string? cursor, CancellationToken cancellationToken)
    {
        if (actor.Lacks(Permissions.JobsRead) is { } lacks)
        {
            return lacks;
        }

        var after = -1;
        if (limit is < 1 or > PageRequest.MaxLimit || (!string.IsNullOrEmpty(cursor) && !int.TryParse(cursor, out after)))
        {
            return Error.InvalidField(limit is < 1 or > PageRequest.MaxLimit ? "limit" : "cursor", $"must be 1 to {PageRequest.MaxLimit}, and a cursor one that this list gave");
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        if (!await sight.Runs(db, actor).AnyAsync(r => r.Id == id, cancellationToken))
        {
            return JobErrors.RunNotFound(id.ToString());
        }

        var devices = Seen(db, sight.DevicesOf(actor)).Where(d => d.JobRunId == id && d.Position > after);
        devices = status is { } wanted ? devices.Where(d => d.Status == wanted) : devices;
        var many = limit ?? PageRequest.DefaultLimit;
        var found = await devices.OrderBy(d => d.Position).Take(many + 1).ToListAsync(cancellationToken);
        return new Page<JobRunDeviceView>(
            [.. found.Take(many).Select(d => new JobRunDeviceView(d.DeviceId, d.DeviceName, d.Batch + 1, d.Status, d.Step, d.Attempt, d.RunId, d.ExecutionId, d.Reason))],
            found.Count > many ? $"{found[many - 1].Position}" : null);
    }

    /// <summary>A run as somebody sees it through these devices; null for all.</summary>
    internal static async Task<JobRunView> WholeAsync(OperoneDb db, JobRun run, Guid[]? devices, CancellationToken cancellationToken)
    {
        var view = (await ViewsAsync(db, db.Set<JobRun>().Where(r => r.Id == run.Id), devices, cancellationToken)).Single();
        var parts = await db.Set<JobRunPart>().Where(p => p.JobRunId == run.Id).OrderBy(p => p.RunId).ToListAsync(cancellationToken);
        var approvals = await db.Set<Approval>().Where(a => a.JobRunId == run.Id).OrderBy(a => a.Id).ToListAsync(cancellationToken);
        var calls = await db.Set<JobRunCall>().Where(c => c.JobRunId == run.Id).ToDictionaryAsync(c => c.Step, cancellationToken);
        var bySteps = parts.ToLookup(p => p.Step, p => p.RunId);
        return view with
        {
            Parameters = run.Parameters.Concat(run.SecretNames.Select(n => KeyValuePair.Create(n, AppliedEnvironment.Mask))).ToDictionary(),
            Steps = [.. run.Definition.Steps!.Select((step, i) => new JobRunStepView(i, NameOf(step), [.. bySteps[i]], calls.GetValueOrDefault(i)?.ToView(step)))],
            WaitsUntil = run.IsUnplaced && run.EndedAt is null ? run.WaitsUntil : null,
            Placement = devices is null ? run.Placement : PlacementSight.Part(run.Placement, devices.Contains),
            Approvals = [.. approvals.Select(a => a.ToView())],
        };
    }

    /// <summary>Runs as a list shows them, newest first.</summary>
    internal static async Task<List<JobRunView>> ViewsAsync(OperoneDb db, IQueryable<JobRun> runs, Guid[]? devices, CancellationToken cancellationToken)
    {
        var found = await runs.OrderByDescending(r => r.Id).Select(r => new
        {
            r.Id,
            r.JobId,
            r.JobName,
            r.Version,
            r.Status,
            r.Cause,
            r.CreatedBy,
            r.CreatedAt,
            r.EndedAt,
            r.Reason,
            r.Devices,
            r.Batch,
            r.Batches,
            r.PausedAt,
            r.RetryOf,
            r.ParentId,
            IsUnplaced = r.Placement != null && r.Among == null,
        }).ToListAsync(cancellationToken);
        var ids = found.Select(r => r.Id).ToArray();
        var counts = await Seen(db, devices).Where(d => ids.Contains(d.JobRunId)).GroupBy(d => new { d.JobRunId, d.Status })
            .Select(g => new { g.Key.JobRunId, g.Key.Status, Count = g.Count() }).ToListAsync(cancellationToken);
        var byRun = counts.ToLookup(c => c.JobRunId);
        return found.ConvertAll(r => new JobRunView(
            r.Id, r.JobId, r.JobName, r.Version, r.Status, r.Cause, r.CreatedBy, r.CreatedAt, r.EndedAt, r.Reason,
            devices is null || r.IsUnplaced ? r.Devices : byRun[r.Id].Sum(c => c.Count), byRun[r.Id].OrderBy(c => c.Status).ToDictionary(c => c.Status.ToText(), c => c.Count),
            Math.Min(r.Batch + 1, r.Batches), r.Batches)
        {
            PausedAt = r.PausedAt,
            RetryOf = r.RetryOf,
            ParentId = r.ParentId,
        });
    }

    /// <summary>A step in words.</summary>
    internal static string NameOf(JobStep step) => step.Name
        ?? (step.Approval is not null ? "Approval" : step.Job is { } job ? $"Run job {job.Name}" : step.Webhook is { } webhook ? $"Call webhook {webhook.Name}"
            : step.Pipeline is { } pipeline ? PipelineLimits.Summary(new CreatePipeline { Stages = pipeline.Stages }) : step.File is { } file ? $"Place {file.Path}" : RunLimits.Summary(new CreateRun { Command = step.Command, Argv = step.Argv, Script = step.Script }));

    private static IQueryable<JobRunDevice> Seen(OperoneDb db, Guid[]? devices) =>
        devices is null ? db.Set<JobRunDevice>() : db.Set<JobRunDevice>().Where(d => EF.Parameter(devices).Contains(d.DeviceId));
}
