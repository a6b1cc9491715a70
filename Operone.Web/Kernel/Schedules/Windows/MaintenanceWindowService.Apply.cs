using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Kernel.Schedules;
using Operone.Web.Access;

namespace Operone.Web.Kernel.Schedules.Windows;

/// <content>Windows of a file.</content>
internal sealed partial class MaintenanceWindowService
{
    /// <summary>
    /// Writes the windows of a text, each by its name: makes it, or says anew what it is. The same once more changes nothing. All are looked at before the first is written.
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
        var known = new List<MaintenanceWindow?>();
        foreach (var window in read.Value)
        {
            var found = await MaintenanceWindow.FindAsync(db, window.Name!, cancellationToken);
            if (found is not null && SeenBy(actor, found) is null && !actor.MayEverywhere(Permissions.JobsManage))
            {
                // it is not there for them: they learn that its name is taken, as with any other
                return ScheduleErrors.WindowNameTaken(window.Name!);
            }

            if (await MayNotAsync(actor, Action, window.Name, found is null ? [window] : [found.Definition, window], cancellationToken, found) is { } refused)
            {
                return refused;
            }

            known.Add(found);
        }

        var applied = new List<AppliedWindow>();
        foreach (var (window, found) in read.Value.Zip(known))
        {
            if (found is not null && MaintenanceWindowDocument.IsSame(found.Definition, window))
            {
                applied.Add(new("unchanged", View(found, [.. devices.With(actor, Permissions.JobsRead)], time.GetUtcNow())));
                continue;
            }

            var saved = found is null ? await CreateAsync(actor, window, cancellationToken) : await ReplaceAsync(actor, found.Id.ToString(), window, cancellationToken);
            if (saved.IsError)
            {
                return saved.Error!;
            }

            applied.Add(new(found is null ? "created" : "updated", saved.Value));
        }

        return new AppliedWindows(applied);
    }
}
