using Microsoft.EntityFrameworkCore;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Connection;
using Operone.Core.Errors;
using Operone.Core.Events;
using Operone.Core.Kernel.Jobs;
using Operone.Web.Access;
using Operone.Web.Data;
using Operone.Web.Kernel.Jobs.Documents;
using Operone.Web.Kernel.Jobs.Runs;
using Operone.Web.Kernel.Schedules;

namespace Operone.Web.Kernel.Jobs;

/// <summary>The use cases of jobs as such: look, write, compare, remove. <see cref="JobStarts"/> runs them.</summary>
internal sealed class JobService(
    IDbContextFactory<OperoneDb> databases, JobSight sight, JobRights rights, IAuditTrail audit, JobRecords records, TimeProvider time)
{
    private const int Stretch = 200;

    /// <summary>A page of the jobs that there are for somebody, by name.</summary>
    public async Task<Result<Page<JobView>>> ListAsync(Actor actor, string? text, int? limit, string? cursor, CancellationToken cancellationToken)
    {
        if (LacksSight(actor) is { } lacks)
        {
            return lacks;
        }

        if (limit is < 1 or > PageRequest.MaxLimit)
        {
            return Error.InvalidField("limit", $"must be 1 to {PageRequest.MaxLimit}");
        }

        if (cursor is { Length: > 0 } && JobRules.CheckName(cursor) is not null)
        {
            return Error.InvalidField("cursor", "is not a cursor that this list gave");
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var (sees, wanted, after) = (sight.Of(actor), (limit ?? PageRequest.DefaultLimit) + 1, string.IsNullOrEmpty(cursor) ? null : Job.Normalize(cursor));
        var found = new List<Job>();
        while (found.Count < wanted)
        {
            var jobs = db.Set<Job>().AsQueryable();
            if (after is not null)
            {
                jobs = jobs.Where(j => string.Compare(j.NormalizedName, after) > 0);
            }

            if (!string.IsNullOrWhiteSpace(text))
            {
                var upper = Job.Normalize(text);
                jobs = jobs.Where(j => j.NormalizedName.Contains(upper));
            }

            var some = await jobs.OrderBy(j => j.NormalizedName).Take(Stretch).ToListAsync(cancellationToken);
            found.AddRange(some.Where(sees));
            if (some.Count < Stretch)
            {
                break;
            }

            after = some[^1].NormalizedName;
        }

        var page = found.Take(wanted - 1).ToArray();
        var last = await LastRunsAsync(db, actor, [.. page.Select(j => j.Id)], cancellationToken);
        return new Page<JobView>([.. page.Select(j => j.ToView(whole: false, last.GetValueOrDefault(j.Id)))], found.Count >= wanted ? page[^1].Name : null);
    }

    /// <summary>A job as it is now.</summary>
    public async Task<Result<JobView>> GetAsync(Actor actor, string idOrName, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var job = await FindAsync(db, actor, idOrName, cancellationToken);
        return job.IsError ? job.Error! : job.Value.ToView(whole: true, (await LastRunsAsync(db, actor, [job.Value.Id], cancellationToken)).GetValueOrDefault(job.Value.Id));
    }

    /// <summary>Reads a text without writing anything: what is wrong with it, and where.</summary>
    public static Result<CheckedJob> Check(Actor actor, string text) => LacksSight(actor) is { } lacks ? lacks : JobDocument.Check(text);

    /// <summary>Writes a job from a text: makes it, or a new version of the one with its name. The same once more changes nothing.</summary>
    /// <param name="actor">Who writes.</param>
    /// <param name="text">YAML or JSON.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<Result<AppliedJob>> ApplyAsync(Actor actor, string text, CancellationToken cancellationToken)
    {
        var read = JobDocument.Check(text);
        return read.Definition is null ? JobDocument.ToError(read.Problems) : await WriteAsync(actor, null, read.Definition, null, cancellationToken);
    }

    /// <summary>Writes a job.</summary>
    /// <param name="actor">Who writes.</param>
    /// <param name="idOrName">The job that gets a new version, and may get a new name; null for the one with the definition's name, which is made where there is none.</param>
    /// <param name="definition">What it is.</param>
    /// <param name="seen">The version that was looked at: where the job has another one by now nothing is done. Null for whatever it is.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<Result<AppliedJob>> WriteAsync(Actor actor, string? idOrName, JobDefinition definition, int? seen, CancellationToken cancellationToken)
    {
        if (await audit.RequireAsync(actor, Permissions.JobsManage, "job.write", idOrName ?? definition.Name, cancellationToken) is { } denied)
        {
            return denied;
        }

        if (JobRules.Check(definition) is { } invalid)
        {
            return invalid;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var job = await Job.FindAsync(db, idOrName ?? definition.Name!, cancellationToken);
        if (job is not null && !sight.Of(actor)(job))
        {
            // it does not exist for them; that its name is taken they learn as with any other
            return idOrName is not null ? JobErrors.NotFound(idOrName) : JobErrors.NameTaken(definition.Name!);
        }

        if (job is null && idOrName is not null)
        {
            return JobErrors.NotFound(idOrName);
        }

        if ((sight.LacksManage(actor, definition) ?? (job is null ? null : sight.LacksManage(actor, job.Definition))) is { } lacks)
        {
            return await records.RefusedAsync(actor, "job.write", definition.Name, lacks, cancellationToken);
        }

        // what they send is sent by the installation, to where its settings say
        var hooks = HooksOf(definition).Except(job is null ? [] : HooksOf(job.Definition), StringComparer.OrdinalIgnoreCase).ToArray();
        if (hooks.Length > 0 && actor.Lacks(Permissions.SettingsManage) is { } noHooks)
        {
            return await records.RefusedAsync(actor, "job.write", definition.Name, JobErrors.HooksNotAllowed(actor.Name, hooks, noHooks), cancellationToken);
        }

        if (await rights.LacksCalledAsync(actor, definition, cancellationToken) is { } mayNotCall)
        {
            return await records.RefusedAsync(actor, "job.write", definition.Name, mayNotCall, cancellationToken);
        }

        if (job is not null && seen is not null && seen != job.Version)
        {
            return JobErrors.Changed(job.Name);
        }

        if (job is not null && IsSame(job.Definition, definition))
        {
            return new AppliedJob("unchanged", job.ToView(whole: true));
        }

        // What schedules and other jobs run in others' names is written by who may run it themselves.
        var isCalled = await CalledJob.IsAnyAsync(db, job, definition.Name!, cancellationToken);
        if (isCalled && definition.Target is null && !actor.MayEverywhere(Permissions.JobsRun))
        {
            return await records.RefusedAsync(
                actor, "job.write", definition.Name, JobErrors.NotOnAll(actor.Name, ["every device: another job calls this one, which has no target"]), cancellationToken);
        }

        if ((isCalled || (job is not null && await db.Set<Schedule>().AnyAsync(s => s.JobId == job.Id, cancellationToken)))
            && await rights.LacksAsync(actor, definition.Name!, definition, cancellationToken, inOthersNames: true) is { } mayNot)
        {
            return mayNot;
        }

        return await StoreAsync(db, actor, job, definition, cancellationToken);
    }

    /// <summary>Removes a job with its versions. Its runs that have ended stay.</summary>
    public async Task<Result<Unit>> RemoveAsync(Actor actor, string idOrName, CancellationToken cancellationToken)
    {
        if (await audit.RequireAsync(actor, Permissions.JobsManage, "job.remove", idOrName, cancellationToken) is { } denied)
        {
            return denied;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var found = await FindAsync(db, actor, idOrName, cancellationToken);
        if (found.IsError)
        {
            return found.Error!;
        }

        var job = found.Value;
        if (sight.LacksManage(actor, job.Definition) is { } lacks)
        {
            return await records.RefusedAsync(actor, "job.remove", job.Name, lacks, cancellationToken);
        }

        if (await db.Set<JobRun>().AnyAsync(r => r.JobId == job.Id && r.EndedAt == null, cancellationToken))
        {
            return JobErrors.GoesOn(job.Name);
        }

        await db.Set<Job>().Where(j => j.Id == job.Id).ExecuteDeleteAsync(cancellationToken);
        await records.WrittenAsync(actor, "job.remove", EventTypes.JobRemoved, job, cancellationToken);
        return Unit.Value;
    }

    /// <summary>A page of a job's versions, newest first.</summary>
    public async Task<Result<Page<JobVersionView>>> VersionsAsync(Actor actor, string idOrName, int? limit, string? cursor, CancellationToken cancellationToken)
    {
        var before = int.MaxValue;
        if (limit is < 1 or > PageRequest.MaxLimit || (!string.IsNullOrEmpty(cursor) && !int.TryParse(cursor, out before)))
        {
            return Error.InvalidField(limit is < 1 or > PageRequest.MaxLimit ? "limit" : "cursor", $"must be 1 to {PageRequest.MaxLimit}, and a cursor one that this list gave");
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var job = await FindAsync(db, actor, idOrName, cancellationToken);
        if (job.IsError)
        {
            return job.Error!;
        }

        var (id, wanted) = (job.Value.Id, limit ?? PageRequest.DefaultLimit);
        var found = await db.Set<JobVersion>().Where(v => v.JobId == id && v.Number < before).OrderByDescending(v => v.Number).Take(wanted + 1)
            .Select(v => new { v.Number, v.CreatedAt, v.CreatedBy }).ToListAsync(cancellationToken);
        return new Page<JobVersionView>(
            [.. found.Take(wanted).Select(v => new JobVersionView(v.Number, v.CreatedAt, v.CreatedBy))], found.Count > wanted ? $"{found[wanted - 1].Number}" : null);
    }

    /// <summary>A version of a job; null for the newest.</summary>
    public async Task<Result<JobVersionView>> VersionAsync(Actor actor, string idOrName, int? number, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var job = await FindAsync(db, actor, idOrName, cancellationToken);
        if (job.IsError)
        {
            return job.Error!;
        }

        var (id, wanted) = (job.Value.Id, number ?? job.Value.Version);
        return await db.Set<JobVersion>().SingleOrDefaultAsync(v => v.JobId == id && v.Number == wanted, cancellationToken) is { } version
            ? new JobVersionView(version.Number, version.CreatedAt, version.CreatedBy, version.Definition)
            : JobErrors.VersionNotFound(job.Value.Name, wanted);
    }

    /// <summary>What is different between two versions of a job.</summary>
    public async Task<Result<JobDifference>> CompareAsync(Actor actor, string idOrName, int from, int to, CancellationToken cancellationToken)
    {
        var before = await VersionAsync(actor, idOrName, from, cancellationToken);
        var after = before.IsError ? before : await VersionAsync(actor, idOrName, to, cancellationToken);
        return after.IsError ? after.Error!
            : new JobDifference(from, to, LineDifference.Of(YamlWriter.Write(before.Value.Definition!), YamlWriter.Write(after.Value.Definition!)));
    }

    private async Task<Result<AppliedJob>> StoreAsync(OperoneDb db, Actor actor, Job? job, JobDefinition definition, CancellationToken cancellationToken)
    {
        var (now, isNew, name) = (time.GetUtcNow(), job is null, definition.Name!);
        if (job is null)
        {
            job = new Job
            {
                Id = Guid.CreateVersion7(now),
                Name = name,
                NormalizedName = Job.Normalize(name),
                Version = 1,
                Definition = definition,
                CreatedAt = now,
                CreatedBy = actor.Name,
                UpdatedAt = now,
                UpdatedBy = actor.Name,
            };
            db.Add(job);
        }
        else
        {
            (job.Name, job.NormalizedName, job.Definition, job.Version) = (name, Job.Normalize(name), definition, job.Version + 1);
            (job.UpdatedAt, job.UpdatedBy) = (now, actor.Name);
        }

        db.Add(new JobVersion { JobId = job.Id, Number = job.Version, Definition = definition, CreatedAt = now, CreatedBy = actor.Name });
        try
        {
            await db.SaveChangesAsync(cancellationToken);
        }
        catch (DbUpdateConcurrencyException)
        {
            return JobErrors.Changed(name);
        }
        catch (DbUpdateException exception) when (exception.IsDuplicate())
        {
            return JobErrors.NameTaken(name);
        }

        await records.WrittenAsync(actor, isNew ? "job.create" : "job.update", isNew ? EventTypes.JobCreated : EventTypes.JobUpdated, job, CancellationToken.None);
        return new AppliedJob(isNew ? "created" : "updated", job.ToView(whole: true));
    }

    private async Task<Result<Job>> FindAsync(OperoneDb db, Actor actor, string idOrName, CancellationToken cancellationToken) =>
        LacksSight(actor) is { } lacks ? lacks
            : await Job.FindAsync(db, idOrName, cancellationToken) is { } job && sight.Of(actor)(job) ? job : JobErrors.NotFound(idOrName);

    private static Error? LacksSight(Actor actor) =>
        actor.May(Permissions.JobsManage) || actor.May(Permissions.JobsRun) ? null : actor.Lacks(Permissions.JobsRead);

    private async Task<Dictionary<Guid, JobRunView>> LastRunsAsync(OperoneDb db, Actor actor, Guid[] jobs, CancellationToken cancellationToken)
    {
        if (!actor.May(Permissions.JobsRead))
        {
            return [];
        }

        var seen = sight.Runs(db, actor);
        var last = await db.Set<Job>().Where(j => jobs.Contains(j.Id))
            .Select(j => seen.Where(r => r.JobId == j.Id).OrderByDescending(r => r.Id).Select(r => (Guid?)r.Id).FirstOrDefault()).ToListAsync(cancellationToken);
        var runs = await JobRunReader.ViewsAsync(db, db.Set<JobRun>().Where(r => last.Contains(r.Id)), sight.DevicesOf(actor), cancellationToken);
        return runs.ToDictionary(r => r.JobId);
    }

    private static IEnumerable<string> HooksOf(JobDefinition definition) =>
        (definition.Notify?.Webhooks ?? []).Concat(definition.Steps!.Select(s => s.Webhook?.Name).OfType<string>());

    private static bool IsSame(JobDefinition a, JobDefinition b) =>
        System.Text.Json.JsonSerializer.Serialize(a, OperoneJson.Default.JobDefinition) == System.Text.Json.JsonSerializer.Serialize(b, OperoneJson.Default.JobDefinition);
}
