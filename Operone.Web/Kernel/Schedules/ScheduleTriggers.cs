using Microsoft.EntityFrameworkCore;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Files;
using Operone.Core.Kernel.Schedules;
using Operone.Web.Access;
using Operone.Web.Data;
using Operone.Web.Devices;
using Operone.Web.Events;
using Operone.Web.Events.Subscribers;
using Operone.Web.Files;
using Operone.Web.Hosting;

namespace Operone.Web.Kernel.Schedules;

/// <summary>Fires schedules that wait for something to happen: an event, or a file that changes. One node at a time does.</summary>
internal sealed partial class ScheduleTriggers(
    IDbContextFactory<OperoneDb> databases, ScheduleClock clock, DeviceDirectory devices, CurrentStanding standing, FileService files, LiveChanges changes, TimeProvider time,
    ILogger<ScheduleTriggers> logger) : IEventSubscriber
{
    /// <summary>How often files are looked at.</summary>
    public static readonly TimeSpan Look = TimeSpan.FromSeconds(10);

    public string Name => "schedules";

    public bool Wants(EventEntry happened) =>
        !happened.Type.StartsWith("job", StringComparison.Ordinal) && !happened.Type.StartsWith("schedule", StringComparison.Ordinal)
        && !happened.Type.StartsWith("run.", StringComparison.Ordinal) && !happened.Type.StartsWith("approval", StringComparison.Ordinal);

    public async Task HandleAsync(IReadOnlyList<EventEntry> events, CancellationToken cancellationToken)
    {
        var waiting = await WaitingAsync(s => s.Definition.On!.Event is not null, cancellationToken);
        foreach (var happened in events)
        {
            foreach (var schedule in waiting.Where(s => ScheduleRules.Matches(s.Definition.On!, happened.Type)))
            {
                if (IsBetween(schedule, happened.At) && await IsMeantAsync(schedule, happened, cancellationToken))
                {
                    var on = happened.DeviceId is { } id && devices.Find(id) is { } device ? $" of {device.Name}" : "";
                    await FireAsync(schedule, $"{happened.Type}{on}", $"event:{happened.Id:N}", schedule.Definition.On!.OnlyThatDevice ? new(happened.DeviceId) : null, cancellationToken);
                }
            }
        }
    }

    /// <summary>Looks at the files that schedules wait for.</summary>
    public async Task RunAsync(CancellationToken whileHere)
    {
        using var timer = new PeriodicTimer(Look, time);
        while (await timer.WaitForNextTickAsync(whileHere))
        {
            try
            {
                foreach (var schedule in await WaitingAsync(s => s.Definition.On!.File is not null, whileHere))
                {
                    await LookAsync(schedule, whileHere);
                }
            }
            catch (Exception exception) when (Problems.IsDatabaseAway(exception))
            {
                Log.DatabaseAway(logger, exception.GetBaseException().Message);
            }
        }
    }

    private async Task LookAsync(Schedule schedule, CancellationToken cancellationToken)
    {
        if (!IsBetween(schedule, time.GetUtcNow()) || TreePath.Parse(schedule.Definition.On!.File!) is not { IsError: false } path)
        {
            return;
        }

        var actor = await standing.ActorAsync(schedule.OwnerId, schedule.OwnerName, cancellationToken);
        var found = await files.StatAsync(actor, path.Value, cancellationToken);

        // a device that is away says nothing of its files; a file that is not there is a version of it, too
        if (found.IsError && found.Error!.Kind != Core.Errors.ErrorKind.NotFound)
        {
            return;
        }

        var tag = found.IsError ? "none" : found.Value.Tag ?? $"{found.Value.ModifiedAt:O}/{found.Value.Size}";
        if (tag == schedule.FileTag)
        {
            return;
        }

        if (schedule.FileTag is not null)
        {
            await FireAsync(schedule, $"{schedule.Definition.On!.File} changed", $"file:{Convert.ToHexStringLower(ScheduleService.HashOf($"{schedule.FileTag}\n{tag}\n{time.GetUtcNow().UtcDateTime:yyyyMMddHH}"))}", null, cancellationToken);
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await db.Set<Schedule>().Where(s => s.Id == schedule.Id).ExecuteUpdateAsync(s => s.SetProperty(x => x.FileTag, tag), cancellationToken);
    }

    private async Task FireAsync(Schedule schedule, string cause, string key, FiringWith? with, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (await IsKnownAsync(schedule.Id, key, cancellationToken))
        {
            // it is told of again, by a node that was held up or has followed another
            return;
        }

        if (schedule.Definition.On!.Pause is { } text && schedule.LastAt is { } last && last + Quantities.ParseDuration(text).Value is var free && free > now)
        {
            // at the end of the pause, once for all that happens in it
            await using var db = await databases.CreateDbContextAsync(cancellationToken);
            await db.Set<Schedule>().Where(s => s.Id == schedule.Id && s.DueAt == null).ExecuteUpdateAsync(s => s.SetProperty(x => x.DueAt, free), cancellationToken);
            changes.Signal(LiveChanges.Schedules);
            return;
        }

        await clock.FireAsync(schedule.Id, cause, key, with, cancellationToken);
        schedule.LastAt = now;
    }

    private async Task<bool> IsKnownAsync(Guid scheduleId, string key, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.Set<Firing>().AnyAsync(f => f.ScheduleId == scheduleId && f.Key == key && f.FiredAt != null, cancellationToken);
    }

    private async Task<List<Schedule>> WaitingAsync(Func<Schedule, bool> isFor, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var waiting = await db.Set<Schedule>().Where(s => s.IsEnabled && s.IsTriggered).ToListAsync(cancellationToken);
        return waiting.FindAll(s => isFor(s));
    }

    // What happened before somebody said so is not meant, though it may be read later.
    private static bool IsBetween(Schedule schedule, DateTimeOffset at) => at >= schedule.UpdatedAt && !(at < schedule.Definition.StartsAt) && !(at > schedule.Definition.EndsAt);

    /// <summary>Whether the event is of a device that is meant, and whoever the schedule fires for may read it.</summary>
    private async Task<bool> IsMeantAsync(Schedule schedule, EventEntry happened, CancellationToken cancellationToken)
    {
        var labels = happened.DeviceId is { } id ? devices.Find(id)?.Labels : null;
        var on = schedule.Definition.On!;
        if (on.OnlyThatDevice && happened.DeviceId is null)
        {
            // there is no device to run on, which does not mean all of them
            return false;
        }

        if (on.Selector is { } selector && (labels is null || !Selector.Parse(selector).Value.Matches(labels)))
        {
            return false;
        }

        var actor = await standing.ActorAsync(schedule.OwnerId, schedule.OwnerName, cancellationToken);
        return labels is null ? actor.MayEverywhere(Permissions.EventsRead) : actor.May(Permissions.EventsRead, labels);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Files that schedules wait for are looked at again in a moment; the database is away: {Problem}")]
        public static partial void DatabaseAway(ILogger logger, string problem);
    }
}
