using Microsoft.EntityFrameworkCore;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Devices;
using Operone.Core.Errors;
using Operone.Core.Events;
using Operone.Core.Kernel.Schedules;
using Operone.Web.Access;
using Operone.Web.Data;
using Operone.Web.Devices;
using Operone.Web.Events;
using Operone.Web.Kernel.Jobs;

namespace Operone.Web.Kernel.Schedules.Windows;

/// <summary>
/// The use cases of maintenance windows. There is one for whoever sees jobs on a device that it is for; who writes one must be allowed to manage jobs on all
/// devices that it is for, before and after.
/// </summary>
internal sealed partial class MaintenanceWindowService(
    IDbContextFactory<OperoneDb> databases, JobSight jobs, DeviceSight devices, IAuditTrail audit, LiveChanges changes, TimeProvider time)
{
    /// <summary>The most windows: all of them are looked at whenever a schedule fires.</summary>
    public const int Most = 200;

    /// <summary>Those that there are for somebody, by name.</summary>
    public async Task<Result<Page<MaintenanceWindowView>>> ListAsync(Actor actor, CancellationToken cancellationToken)
    {
        if (actor.Lacks(Permissions.JobsRead) is { } lacks)
        {
            return lacks;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var (all, now) = (await db.Set<MaintenanceWindow>().OrderBy(w => w.NormalizedName).ToListAsync(cancellationToken), time.GetUtcNow());
        var mine = devices.With(actor, Permissions.JobsRead).ToArray();
        return new Page<MaintenanceWindowView>([.. all.Select(w => View(w, mine, now)).Where(v => v.Devices > 0 || JobSight.SeesAll(actor))], null);
    }

    /// <summary>One of them.</summary>
    public async Task<Result<MaintenanceWindowView>> GetAsync(Actor actor, string idOrName, CancellationToken cancellationToken)
    {
        if (actor.Lacks(Permissions.JobsRead) is { } lacks)
        {
            return lacks;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var window = await MaintenanceWindow.FindAsync(db, idOrName, cancellationToken);
        return window is not null && SeenBy(actor, window) is { } view ? view : ScheduleErrors.WindowNotFound(idOrName);
    }

    /// <summary>Makes one.</summary>
    public async Task<Result<MaintenanceWindowView>> CreateAsync(Actor actor, SaveMaintenanceWindow request, CancellationToken cancellationToken)
    {
        if (await MayNotAsync(actor, "maintenance-window.create", request.Name, [request], cancellationToken) is { } refused)
        {
            return refused;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        if (await db.Set<MaintenanceWindow>().CountAsync(cancellationToken) >= Most)
        {
            return ScheduleErrors.TooManyWindows(Most);
        }

        var now = time.GetUtcNow();
        var window = New(now, request);
        db.Add(window);
        return await SaveAsync(db, actor, window, request, "maintenance-window.create", EventTypes.MaintenanceWindowCreated, cancellationToken);
    }

    /// <summary>Says anew what one is.</summary>
    public async Task<Result<MaintenanceWindowView>> ReplaceAsync(Actor actor, string idOrName, SaveMaintenanceWindow request, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        db.ChangeTracker.QueryTrackingBehavior = QueryTrackingBehavior.TrackAll;
        var window = await MaintenanceWindow.FindAsync(db, idOrName, cancellationToken);
        if (await MayNotAsync(actor, "maintenance-window.update", idOrName, window is null ? [] : [window.Definition, request], cancellationToken, window) is { } refused)
        {
            return refused;
        }

        return await SaveAsync(db, actor, window!, request, "maintenance-window.update", EventTypes.MaintenanceWindowUpdated, cancellationToken);
    }

    /// <summary>Removes one. What waits for it is looked at again at once.</summary>
    public async Task<Result<Unit>> RemoveAsync(Actor actor, string idOrName, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        db.ChangeTracker.QueryTrackingBehavior = QueryTrackingBehavior.TrackAll;
        var window = await MaintenanceWindow.FindAsync(db, idOrName, cancellationToken);
        if (await MayNotAsync(actor, "maintenance-window.remove", idOrName, window is null ? [] : [window.Definition], cancellationToken, window) is { } refused)
        {
            return refused;
        }

        db.Remove(window!);
        db.Publish(Told(EventTypes.MaintenanceWindowRemoved, actor, window!));
        try
        {
            await db.SaveChangesAsync(cancellationToken);
        }
        catch (DbUpdateConcurrencyException)
        {
            return ScheduleErrors.WindowNotFound(idOrName);
        }

        await audit.NoteAsync(actor, "maintenance-window.remove", window!.Name, allowed: true, null, CancellationToken.None);
        await LookAgainAsync(db);
        return Unit.Value;
    }

    /// <summary>How many devices somebody sees jobs on that a selector is for; an error where it is none.</summary>
    public Result<int> Count(Actor actor, string? selector)
    {
        var parsed = string.IsNullOrWhiteSpace(selector) ? Selector.Everything : Selector.Parse(selector);
        return parsed.IsError ? parsed.Error! : devices.With(actor, Permissions.JobsRead).Count(d => parsed.Value.Matches(d.Labels));
    }

    private async Task<Error?> MayNotAsync(
        Actor actor, string action, string? name, IReadOnlyList<SaveMaintenanceWindow> windows, CancellationToken cancellationToken, MaintenanceWindow? known = null)
    {
        if (await audit.RequireAsync(actor, Permissions.JobsManage, action, name, cancellationToken) is { } denied)
        {
            return denied;
        }

        if (windows.Count == 0 || (known is not null && SeenBy(actor, known) is null && !actor.MayEverywhere(Permissions.JobsManage)))
        {
            return ScheduleErrors.WindowNotFound(name ?? "");
        }

        foreach (var window in windows)
        {
            // one that was saved may be right no more, as where its time zone is gone: it must be possible to mend or remove it
            if (!ReferenceEquals(window, known?.Definition) && WindowRules.Check(window) is { } invalid)
            {
                return invalid;
            }

            var target = string.IsNullOrWhiteSpace(window.Selector) ? new RunTarget(All: true) : new RunTarget(Selector: window.Selector);
            if (jobs.LacksManage(actor, target) is { } lacks)
            {
                await audit.NoteAsync(actor, action, name, allowed: false, lacks.Detail, cancellationToken);
                return lacks;
            }
        }

        return null;
    }

    private async Task<Result<MaintenanceWindowView>> SaveAsync(
        OperoneDb db, Actor actor, MaintenanceWindow window, SaveMaintenanceWindow request, string action, string type, CancellationToken cancellationToken)
    {
        Put(window, actor, request, time.GetUtcNow());
        db.Publish(Told(type, actor, window));
        try
        {
            await db.SaveChangesAsync(cancellationToken);
        }
        catch (DbUpdateConcurrencyException)
        {
            return ScheduleErrors.WindowNotFound(window.Name);
        }
        catch (DbUpdateException exception) when (exception.IsDuplicate())
        {
            return ScheduleErrors.WindowNameTaken(window.Name);
        }

        await audit.NoteAsync(
            actor, action, window.Name, allowed: true, Describe(request), CancellationToken.None);
        await LookAgainAsync(db);
        return View(window, [.. devices.With(actor, Permissions.JobsRead)], time.GetUtcNow());
    }

    private static MaintenanceWindow New(DateTimeOffset now, SaveMaintenanceWindow request) =>
        new() { Id = Guid.CreateVersion7(now), Name = "", NormalizedName = "", Definition = request, UpdatedAt = now, UpdatedBy = "" };

    private static void Put(MaintenanceWindow window, Actor actor, SaveMaintenanceWindow request, DateTimeOffset now)
    {
        (window.Name, window.NormalizedName, window.Definition, window.IsEnabled) = (request.Name!, Role.Normalize(request.Name!), request, request.Enabled != false);
        (window.UpdatedAt, window.UpdatedBy) = (now, actor.Name);
    }

    private static string Describe(SaveMaintenanceWindow window) =>
        $"{(window.Mode == WindowMode.Only ? "only" : "never")} on '{window.Selector}', {ScheduledJob.Describe(window)} for {window.Duration}";

    /// <summary>What waits for a window may not have to any more, or for another time: it is taken up, and waits anew where it must.</summary>
    private async Task LookAgainAsync(OperoneDb db)
    {
        var now = time.GetUtcNow();
        await db.Set<Firing>().Where(f => f.FiredAt == null && f.DeviceIds != null && f.ClaimedUntil == f.At && f.At > now)
            .ExecuteUpdateAsync(f => f.SetProperty(x => x.ClaimedUntil, now), CancellationToken.None);
        changes.Signal(LiveChanges.MaintenanceWindows);
        changes.Signal(LiveChanges.Schedules);
    }

    private MaintenanceWindowView? SeenBy(Actor actor, MaintenanceWindow window) =>
        View(window, [.. devices.With(actor, Permissions.JobsRead)], time.GetUtcNow()) is var view && (view.Devices > 0 || JobSight.SeesAll(actor)) ? view : null;

    private static MaintenanceWindowView View(MaintenanceWindow window, DeviceEntry[] seen, DateTimeOffset now)
    {
        var selector = WindowHolds.SelectorOf(window.Definition);
        return window.ToView(seen.Count(d => selector.Matches(d.Labels)), now);
    }

    private static OperoneEvent Told(string type, Actor actor, MaintenanceWindow window) =>
        new(type, window.Name, Actor: actor.Name, Data: new Dictionary<string, string?> { ["windowId"] = window.Id.ToString(), ["selector"] = window.Definition.Selector });
}
