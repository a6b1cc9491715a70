using Microsoft.EntityFrameworkCore;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Events;
using Operone.Core.Kernel.Schedules;
using Operone.Web.Access;
using Operone.Web.Data;
using Operone.Web.Devices;

namespace Operone.Web.Kernel.Schedules.Windows;

/// <content>Windows of a file.</content>
internal sealed partial class MaintenanceWindowService
{
    /// <summary>
    /// Writes the windows of a text, each by its name: makes it, or says anew what it is. The same once more changes nothing. All of them are written, or none.
    /// </summary>
    public async Task<Result<AppliedWindows>> ApplyAsync(Actor actor, string text, CancellationToken cancellationToken)
    {
        const string Action = "maintenance-window.apply";
        if (await audit.RequireAsync(actor, Permissions.JobsManage, Action, null, cancellationToken) is { } denied)
        {
            return denied;
        }

        var read = MaintenanceWindowDocument.Read(text);
        if (read.IsError)
        {
            return read.Error!;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        db.ChangeTracker.QueryTrackingBehavior = QueryTrackingBehavior.TrackAll;
        var known = new List<MaintenanceWindow?>();
        foreach (var window in read.Value)
        {
            var found = await MaintenanceWindow.FindAsync(db, window.Name!, cancellationToken);
            if (found is not null && SeenBy(actor, found) is null && !actor.MayEverywhere(Permissions.JobsManage))
            {
                // it is not there for them: they learn that its name is taken, as with any other
                var taken = ScheduleErrors.WindowNameTaken(window.Name!);
                await audit.NoteAsync(actor, Action, window.Name, allowed: false, taken.Detail, cancellationToken);
                return taken;
            }

            if (await MayNotAsync(actor, Action, window.Name, found is null ? [window] : [found.Definition, window], cancellationToken, found) is { } refused)
            {
                return refused with { Detail = $"Window '{window.Name}': {refused.Detail}" };
            }

            known.Add(found);
        }

        if (known.Contains(null) && await db.Set<MaintenanceWindow>().CountAsync(cancellationToken) + known.Count(w => w is null) > Most)
        {
            return ScheduleErrors.TooManyWindows(Most);
        }

        // all of them are written, or none
        var (now, windows) = (time.GetUtcNow(), new List<(string Result, MaintenanceWindow Window)>());
        foreach (var (request, found) in read.Value.Zip(known))
        {
            if (found is not null && MaintenanceWindowDocument.IsSame(found.Definition, request))
            {
                windows.Add(("unchanged", found));
                continue;
            }

            var window = found ?? New(now, request);
            Put(window, actor, request, now);
            if (found is null)
            {
                db.Add(window);
            }

            db.Publish(Told(found is null ? EventTypes.MaintenanceWindowCreated : EventTypes.MaintenanceWindowUpdated, actor, window));
            windows.Add((found is null ? "created" : "updated", window));
        }

        try
        {
            await db.SaveChangesAsync(cancellationToken);
        }
        catch (DbUpdateConcurrencyException conflict)
        {
            return ScheduleErrors.WindowNotFound(conflict.Entries.Select(e => e.Entity).OfType<MaintenanceWindow>().FirstOrDefault()?.Name ?? "");
        }
        catch (DbUpdateException conflict) when (conflict.IsDuplicate())
        {
            return ScheduleErrors.WindowNameTaken(conflict.Entries.Select(e => e.Entity).OfType<MaintenanceWindow>().FirstOrDefault()?.Name ?? "");
        }

        foreach (var (result, window) in windows.Where(w => w.Result != "unchanged"))
        {
            await audit.NoteAsync(actor, result == "created" ? "maintenance-window.create" : "maintenance-window.update", window.Name, allowed: true, Describe(window.Definition), CancellationToken.None);
        }

        await LookAgainAsync(db);
        DeviceEntry[] seen = [.. devices.With(actor, Permissions.JobsRead)];
        return new AppliedWindows([.. windows.Select(w => new AppliedWindow(w.Result, View(w.Window, seen, now)))]);
    }
}
