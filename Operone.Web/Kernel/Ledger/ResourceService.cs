using Microsoft.EntityFrameworkCore;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Devices;
using Operone.Core.Errors;
using Operone.Core.Kernel;
using Operone.Core.Kernel.Jobs;
using Operone.Core.Shell;
using Operone.Web.Access;
using Operone.Web.Data;
using Operone.Web.Devices;
using Operone.Web.Kernel.Jobs;
using Operone.Web.Kernel.Jobs.Runs;
using Operone.Web.Shell;

namespace Operone.Web.Kernel.Ledger;

/// <summary>Which devices a list of the ledger shows.</summary>
/// <param name="Selector">Whose labels this selector matches.</param>
/// <param name="Limit">How many, 1 to 500; null for 50.</param>
/// <param name="Cursor">Where the page before ended.</param>
internal sealed record ResourceQuery(string? Selector = null, int? Limit = null, string? Cursor = null);

/// <summary>The use cases that look at the ledger. Every door calls these.</summary>
internal sealed class ResourceService(
    IDbContextFactory<OperoneDb> databases, DeviceDirectory directory, DeviceSight sight, DeviceLoads loads, RunSight runSight, JobSight jobs, IAuditTrail audit)
{
    /// <summary>A page of the devices that the actor may read, by name: what each has, and what of it is taken.</summary>
    public async Task<Result<Page<DeviceResourcesView>>> ListAsync(Actor actor, ResourceQuery query, CancellationToken cancellationToken)
    {
        if (await audit.RequireAsync(actor, Permissions.DevicesRead, "device.read", null, cancellationToken) is { } denied)
        {
            return denied;
        }

        var errors = new FieldErrors();
        errors.AddIf(query.Limit is < 1 or > PageRequest.MaxLimit, "limit", $"must be 1 to {PageRequest.MaxLimit}");
        errors.AddIf(query.Cursor is { Length: > 0 } cursor && Labels.CheckDeviceName(cursor) is not null, "cursor", "is not a cursor that this list gave");
        var selector = Selector.Parse(query.Selector);
        if ((selector.Error ?? errors.ToError()) is { } invalid)
        {
            return invalid;
        }

        var limit = query.Limit ?? PageRequest.DefaultLimit;
        var found = sight.VisibleTo(actor)
            .Where(d => selector.Value.Matches(d.Labels)
                && (string.IsNullOrEmpty(query.Cursor) || StringComparer.OrdinalIgnoreCase.Compare(d.Name, query.Cursor) > 0))
            .OrderBy(d => d.Name, StringComparer.OrdinalIgnoreCase).Take(limit + 1).ToArray();
        var page = found.Take(limit).ToArray();
        var ids = page.Select(d => d.Id).ToArray();
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var reserved = await ReservationBook.ReservedAsync(db, ids, cancellationToken);
        var counts = await ReservationBook.CountsAsync(db, ids, cancellationToken);
        var busy = await loads.GetAsync(ids, cancellationToken);
        return new Page<DeviceResourcesView>(
            [.. page.Select(d => View(d, reserved.GetValueOrDefault(d.Id, Resources.None), busy, counts.GetValueOrDefault(d.Id)))],
            found.Length > limit ? page[^1].Name : null);
    }

    /// <summary>A page of the reservations on devices whose runs the actor sees, newest first; of one device where it is named.</summary>
    public async Task<Result<Page<ReservationView>>> ReservationsAsync(
        Actor actor, string? device, int? limit, string? cursor, CancellationToken cancellationToken)
    {
        if (await audit.RequireAsync(actor, Permissions.RunsRead, "run.read", null, cancellationToken) is { } denied)
        {
            return denied;
        }

        var before = Guid.Empty;
        if (!string.IsNullOrEmpty(cursor) && !Guid.TryParseExact(cursor, "N", out before))
        {
            return RunErrors.MalformedCursor;
        }

        if (limit is < 1 or > PageRequest.MaxLimit)
        {
            return Error.InvalidField("limit", $"must be 1 to {PageRequest.MaxLimit}");
        }

        Guid? only = null;
        if (!string.IsNullOrEmpty(device))
        {
            if (directory.Find(device) is not { } one || !(sight.May(actor, Permissions.DevicesRead, one.Id) || runSight.Sees(actor, one.Id)))
            {
                return DeviceErrors.NotFound(device);
            }

            only = one.Id;
        }

        var count = limit ?? PageRequest.DefaultLimit;
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var ofRuns = await ReservationBook.Open(db)
            .Where(r => (only == null || r.DeviceId == only) && (before == Guid.Empty || r.ExecutionId.CompareTo(before) < 0))
            .Join(runSight.Executions(db, actor), r => r.ExecutionId, e => e.Id, (r, e) => new { r, e.DeviceName, e.Status })
            .Join(db.Set<Run>(), x => x.r.RunId, r => r.Id, (x, run) => new { x.r, x.DeviceName, x.Status, run.Summary, run.CreatedBy })
            .OrderByDescending(x => x.r.ExecutionId).Take(count + 1).ToListAsync(cancellationToken);
        var found = ofRuns.ConvertAll(x => new ReservationView(
            x.r.ExecutionId, x.r.RunId, null, x.r.DeviceId, x.DeviceName, x.Summary, x.CreatedBy, x.r.ToResources(), x.r.At, x.Status.ToText()));
        found.AddRange(await OfJobsAsync(db, actor, only, before, count + 1, cancellationToken));

        // as the databases order them, which is by their text
        ReservationView[] page = [.. found.OrderByDescending(r => r.Id.ToString(), StringComparer.Ordinal).Take(count)];
        return new Page<ReservationView>(page, found.Count > count ? page[^1].Id.ToString("N") : null);
    }

    private async Task<List<ReservationView>> OfJobsAsync(OperoneDb db, Actor actor, Guid? only, Guid before, int count, CancellationToken cancellationToken)
    {
        var ofJobs = ReservationBook.OpenOfJobs(db).Where(r => (only == null || r.DeviceId == only) && (before == Guid.Empty || r.Id.CompareTo(before) < 0));
        ofJobs = jobs.DevicesOf(actor) is { } ids ? ofJobs.Where(r => EF.Parameter(ids).Contains(r.DeviceId)) : ofJobs;
        var found = await ofJobs.Join(db.Set<JobRunDevice>(), r => new { r.JobRunId, r.DeviceId }, d => new { d.JobRunId, d.DeviceId }, (r, d) => new { r, d.DeviceName, d.Status })
            .Join(db.Set<JobRun>(), x => x.r.JobRunId, r => r.Id, (x, run) => new { x.r, x.DeviceName, x.Status, run.JobName, run.CreatedBy })
            .OrderByDescending(x => x.r.Id).Take(count).ToListAsync(cancellationToken);
        return found.ConvertAll(x => new ReservationView(
            x.r.Id, null, x.r.JobRunId, x.r.DeviceId, x.DeviceName, x.JobName, x.CreatedBy, x.r.ToResources(), x.r.At, x.Status.ToText()));
    }

    private DeviceResourcesView View(DeviceEntry device, Resources reserved, IReadOnlyDictionary<Guid, double> busy, int reservations) => new(
        device.Id, device.Name, directory.IsOnline(device.Id) ? DeviceStatus.Online : DeviceStatus.Offline, device.Intake, device.Capacity, device.Kept, reserved,
        device.Capacity is null ? Resources.None : device.Capacity.Less(device.Kept).Less(reserved), busy.TryGetValue(device.Id, out var load) ? Math.Round(load, 4) : null,
        reservations);
}
