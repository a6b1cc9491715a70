using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Kernel.Jobs;
using Operone.Core.Kernel.Workloads;
using Operone.Core.Shell;
using Operone.Web.Access;
using Operone.Web.Data;
using Operone.Web.Kernel.Jobs;
using Operone.Web.Kernel.Jobs.Documents;
using Operone.Web.Shell;
using Operone.Web.Shell.Placement;

namespace Operone.Web.Kernel.Workloads;

/// <summary>Looks at workloads for somebody: those whose target reaches a device on which they may see jobs, and of those the instances that are on such a device.</summary>
internal sealed class WorkloadReader(IDbContextFactory<OperoneDb> databases, JobSight sight)
{
    private const int Stretch = 200;
    private const int MaxEnded = 20;
    /// <summary>A page of the workloads, by name.</summary>
    public async Task<Result<Page<WorkloadView>>> ListAsync(Actor actor, string? text, int? limit, string? cursor, CancellationToken cancellationToken)
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
        var (reaches, wanted, after) = (sight.Reaching(actor), (limit ?? PageRequest.DefaultLimit) + 1, string.IsNullOrEmpty(cursor) ? null : Job.Normalize(cursor));
        var found = new List<Workload>();
        while (found.Count < wanted)
        {
            var workloads = db.Set<Workload>().AsQueryable();
            if (after is not null)
            {
                workloads = workloads.Where(w => string.Compare(w.NormalizedName, after) > 0);
            }

            if (!string.IsNullOrWhiteSpace(text))
            {
                var upper = Job.Normalize(text);
                workloads = workloads.Where(w => w.NormalizedName.Contains(upper));
            }

            var some = await workloads.OrderBy(w => w.NormalizedName).Take(Stretch).ToListAsync(cancellationToken);
            found.AddRange(some.Where(w => reaches(w.Definition.Target)));
            if (some.Count < Stretch)
            {
                break;
            }

            after = some[^1].NormalizedName;
        }

        var page = found.Take(wanted - 1).ToArray();
        var counts = await CountsAsync(db, [.. page.Select(w => w.Id)], cancellationToken);
        var isPart = sight.DevicesOf(actor) is not null;
        return new Page<WorkloadView>([.. page.Select(w => View(w, counts.GetValueOrDefault(w.Id), isPart))], found.Count >= wanted ? page[^1].Name : null);
    }

    /// <summary>A workload with its instances.</summary>
    public async Task<Result<WorkloadView>> GetAsync(Actor actor, string idOrName, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var found = await FindAsync(db, actor, idOrName, cancellationToken);
        return found.IsError ? found.Error! : await ViewAsync(db, actor, found.Value, cancellationToken);
    }

    /// <summary>Reads a text without writing anything: what is wrong with it, and where.</summary>
    public static Result<CheckedWorkload> Check(Actor actor, string text) => LacksSight(actor) is { } lacks ? lacks : WorkloadDocument.Check(text);

    /// <summary>A page of a workload's versions, newest first.</summary>
    public async Task<Result<Page<WorkloadVersionView>>> VersionsAsync(Actor actor, string idOrName, int? limit, string? cursor, CancellationToken cancellationToken)
    {
        var before = int.MaxValue;
        if (limit is < 1 or > PageRequest.MaxLimit || (!string.IsNullOrEmpty(cursor) && !int.TryParse(cursor, NumberStyles.None, CultureInfo.InvariantCulture, out before)))
        {
            return Error.InvalidField(limit is < 1 or > PageRequest.MaxLimit ? "limit" : "cursor", $"must be 1 to {PageRequest.MaxLimit}, and a cursor one that this list gave");
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var workload = await FindAsync(db, actor, idOrName, cancellationToken);
        if (workload.IsError)
        {
            return workload.Error!;
        }

        var (id, wanted) = (workload.Value.Id, limit ?? PageRequest.DefaultLimit);
        var found = await db.Set<WorkloadVersion>().Where(v => v.WorkloadId == id && v.Number < before).OrderByDescending(v => v.Number).Take(wanted + 1)
            .Select(v => new { v.Number, v.CreatedAt, v.CreatedBy, v.Problem }).ToListAsync(cancellationToken);
        return new Page<WorkloadVersionView>(
            [.. found.Take(wanted).Select(v => new WorkloadVersionView(v.Number, v.CreatedAt, v.CreatedBy, Told(actor, v.Problem)))], found.Count > wanted ? $"{found[wanted - 1].Number}" : null);
    }

    /// <summary>A version of a workload; null for the present one.</summary>
    public async Task<Result<WorkloadVersionView>> VersionAsync(Actor actor, string idOrName, int? number, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var workload = await FindAsync(db, actor, idOrName, cancellationToken);
        if (workload.IsError)
        {
            return workload.Error!;
        }

        var (id, wanted) = (workload.Value.Id, number ?? workload.Value.Version);
        return await db.Set<WorkloadVersion>().SingleOrDefaultAsync(v => v.WorkloadId == id && v.Number == wanted, cancellationToken) is { } version
            ? new WorkloadVersionView(version.Number, version.CreatedAt, version.CreatedBy, Told(actor, version.Problem), version.Definition)
            : WorkloadErrors.VersionNotFound(workload.Value.Name, wanted);
    }

    /// <summary>What is different between two versions of a workload.</summary>
    public async Task<Result<JobDifference>> CompareAsync(Actor actor, string idOrName, int from, int to, CancellationToken cancellationToken)
    {
        var before = await VersionAsync(actor, idOrName, from, cancellationToken);
        var after = before.IsError ? before : await VersionAsync(actor, idOrName, to, cancellationToken);
        return after.IsError ? after.Error! : new JobDifference(from, to, LineDifference.Of(WorkloadDocument.ToYaml(before.Value.Definition!), WorkloadDocument.ToYaml(after.Value.Definition!)));
    }

    /// <summary>A workload with the instances that somebody sees.</summary>
    public async Task<WorkloadView> ViewAsync(OperoneDb db, Actor actor, Workload workload, CancellationToken cancellationToken)
    {
        var counts = await CountsAsync(db, [workload.Id], cancellationToken);
        var devices = sight.DevicesOf(actor);
        var mine = db.Set<WorkloadInstance>().Where(i => i.WorkloadId == workload.Id);
        if (devices is not null)
        {
            mine = mine.Where(i => i.DeviceId == null || EF.Parameter(devices).Contains(i.DeviceId!.Value));
        }

        var live = await mine.Where(i => i.Status != InstanceStatus.Ended).OrderBy(i => i.Id).ToListAsync(cancellationToken);
        var ended = await mine.Where(i => i.Status == InstanceStatus.Ended && i.RunId != null).OrderByDescending(i => i.Since).Take(MaxEnded).ToListAsync(cancellationToken);
        Guid[] ids = [.. live.Concat(ended).Select(i => i.ExecutionId).OfType<Guid>()];
        var executions = ids.Length == 0 ? [] : await db.Set<Execution>().Where(e => EF.Parameter(ids).Contains(e.Id))
            .Select(e => new { e.Id, e.Status, e.Supervision }).ToDictionaryAsync(e => e.Id, e => (e.Status, e.Supervision), cancellationToken);
        return View(workload, counts.GetValueOrDefault(workload.Id), devices is not null) with
        {
            Definition = workload.Definition,
            Instances = [.. live.Concat(ended).Select(i => View(i, devices is not null, i.ExecutionId is { } id && executions.TryGetValue(id, out var found) ? found : (null, null)))],
            Placement = devices is null ? workload.Placement : PlacementSight.Part(workload.Placement, devices.Contains),
        };
    }

    /// <summary>What a text of the server's becomes for those who do not see all devices: it may name others.</summary>
    private static string? Cut(string? text) =>
        text is null ? null : text.StartsWith("Version ", StringComparison.Ordinal) && text.Split(':') is [var head, ..] ? head.TrimEnd('.') + "." : PlacementSight.InPart;

    private string? Told(Actor actor, string? problem) => sight.DevicesOf(actor) is null || problem is null ? problem : PlacementSight.InPart;

    private static InstanceView View(WorkloadInstance i, bool isPart, (ExecutionStatus? Status, SupervisionState? Supervision) execution) => new(
        i.Id, i.Version, i.Status, i.Since, isPart && i.DeviceId is null ? Cut(i.Reason) : i.Reason, i.DeviceId, i.DeviceName, i.RunId, i.ExecutionId, execution.Status, execution.Supervision, i.AwaySince, i.Leaves);

    private static WorkloadView View(Workload w, InstanceCounts? counts, bool isPart)
    {
        var (running, healthy, waiting, stopping, completed) = counts ?? new(0, 0, 0, 0, 0);
        var wanted = !w.IsStarted ? 0 : w.Definition.Count is not null ? w.Count ?? 0 : running + waiting + completed;
        var status = w.RemovedAt is not null ? WorkloadStatus.Removing
            : !w.IsStarted ? (running + stopping + waiting == 0 ? WorkloadStatus.Stopped : WorkloadStatus.Stopping)
            : w.Phase switch
            {
                WorkloadPhase.Updating => WorkloadStatus.Updating,
                WorkloadPhase.RollingBack => WorkloadStatus.RollingBack,
                _ => waiting == 0 && healthy + completed >= wanted ? WorkloadStatus.Running : WorkloadStatus.Pending,
            };
        return new(w.Id, w.Name, status, w.Version, w.Newest, w.IsStarted, w.Count, wanted, running, healthy, waiting, isPart ? Cut(w.Reason ?? counts?.Why) : w.Reason ?? counts?.Why, w.RunsAs, w.CreatedAt, w.CreatedBy,
            w.UpdatedAt, w.UpdatedBy, w.Definition.Description);
    }

    private static async Task<Dictionary<Guid, InstanceCounts>> CountsAsync(OperoneDb db, Guid[] ids, CancellationToken cancellationToken)
    {
        var live = await db.Set<WorkloadInstance>().Where(i => EF.Parameter(ids).Contains(i.WorkloadId) && i.Status != InstanceStatus.Ended)
            .Select(i => new { i.WorkloadId, i.Status, IsWell = i.HealthySince != null && i.AwaySince == null, Why = i.Status == InstanceStatus.Waiting ? i.Reason : null })
            .ToListAsync(cancellationToken);
        return live.GroupBy(i => i.WorkloadId).ToDictionary(g => g.Key, g => new InstanceCounts(
            g.Count(i => i.Status == InstanceStatus.Running), g.Count(i => i.Status == InstanceStatus.Running && i.IsWell), g.Count(i => i.Status == InstanceStatus.Waiting),
            g.Count(i => i.Status == InstanceStatus.Stopping), g.Count(i => i.Status == InstanceStatus.Completed))
        {
            Why = g.Select(i => i.Why).FirstOrDefault(w => w is not null),
        });
    }

    private async Task<Result<Workload>> FindAsync(OperoneDb db, Actor actor, string idOrName, CancellationToken cancellationToken) =>
        LacksSight(actor) is { } lacks ? lacks
            : await Workload.FindAsync(db, idOrName, cancellationToken) is { } found && sight.Reaching(actor)(found.Definition.Target) ? found : WorkloadErrors.NotFound(idOrName);

    private static Error? LacksSight(Actor actor) =>
        actor.May(Permissions.JobsManage) || actor.May(Permissions.JobsRun) ? null : actor.Lacks(Permissions.JobsRead);

    private sealed record InstanceCounts(int Running, int Healthy, int Waiting, int Stopping, int Completed)
    {
        public string? Why { get; init; }
    }
}
