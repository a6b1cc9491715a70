using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Events;
using Operone.Core.Kernel.Schedules;
using Operone.Web.Access;
using Operone.Web.Data;
using Operone.Web.Events;
using Operone.Web.Kernel.Jobs;

namespace Operone.Web.Kernel.Schedules;

/// <summary>
/// The use cases of schedules: look, write, remove, turn on and off, fire now. There is a schedule for whoever its job is there for; who writes
/// one must be allowed to manage the job, and it fires in their name from then on.
/// </summary>
internal sealed partial class ScheduleService(
    IDbContextFactory<OperoneDb> databases, JobSight jobs, JobRights rights, ScheduleClock clock, IAuditTrail audit, IEvents events, LiveChanges changes, TimeProvider time)
{
    /// <summary>Makes a schedule; where it waits for a webhook, its address is in the answer, once.</summary>
    public async Task<Result<SavedSchedule>> CreateAsync(Actor actor, SaveSchedule request, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        db.ChangeTracker.QueryTrackingBehavior = QueryTrackingBehavior.TrackAll;
        var job = await CheckAsync(db, actor, "schedule.create", request, cancellationToken);
        if (job.IsError)
        {
            return job.Error!;
        }

        var now = time.GetUtcNow();
        var schedule = new Schedule
        {
            Id = Guid.CreateVersion7(now),
            Name = "",
            NormalizedName = "",
            Definition = request,
            JobId = job.Value.Id,
            OwnerName = "",
            CreatedAt = now,
            UpdatedAt = now,
        };
        db.Add(schedule);
        var token = Put(schedule, actor, request, job.Value.Id, now);
        return await SaveAsync(db, schedule, cancellationToken) is { } error
            ? error
            : await TellAsync(actor, "schedule.create", EventTypes.ScheduleCreated, schedule, token, cancellationToken);
    }

    /// <summary>Replaces what a schedule says. The token of a webhook stays.</summary>
    public async Task<Result<SavedSchedule>> ReplaceAsync(Actor actor, string idOrName, SaveSchedule request, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        db.ChangeTracker.QueryTrackingBehavior = QueryTrackingBehavior.TrackAll;
        var found = await FindAsync(db, actor, idOrName, Permissions.JobsManage, "schedule.update", cancellationToken);
        if (found.IsError)
        {
            return found.Error!;
        }

        var job = await CheckAsync(db, actor, "schedule.update", request, cancellationToken);
        if (job.IsError)
        {
            return job.Error!;
        }

        var token = Put(found.Value.Schedule, actor, request, job.Value.Id, time.GetUtcNow());
        return await SaveAsync(db, found.Value.Schedule, cancellationToken) is { } error
            ? error
            : await TellAsync(actor, "schedule.update", EventTypes.ScheduleUpdated, found.Value.Schedule, token, cancellationToken);
    }

    /// <summary>Turns a schedule on or off. What was missed while it was off is not made up for.</summary>
    public async Task<Result<ScheduleView>> TurnAsync(Actor actor, string idOrName, bool on, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        db.ChangeTracker.QueryTrackingBehavior = QueryTrackingBehavior.TrackAll;
        var found = await FindAsync(db, actor, idOrName, Permissions.JobsManage, "schedule.update", cancellationToken);
        if (found.IsError)
        {
            return found.Error!;
        }

        if (on && found.Value.Schedule.Times is { IsError: true } unread)
        {
            return unread.Error!;
        }

        if (on && found.Value.Job is { } job && await rights.LacksAsync(actor, job.Name, job.Definition, cancellationToken) is { } mayNot)
        {
            return mayNot;
        }

        Put(found.Value.Schedule, actor, found.Value.Schedule.Definition with { Enabled = on }, found.Value.Schedule.JobId, time.GetUtcNow());
        if (await SaveAsync(db, found.Value.Schedule, cancellationToken) is { } error)
        {
            return error;
        }

        var told = await TellAsync(actor, on ? "schedule.enable" : "schedule.disable", EventTypes.ScheduleUpdated, found.Value.Schedule, null, cancellationToken);
        return told.Schedule;
    }

    /// <summary>Gives a schedule that waits for a webhook another address; the old one is none at once.</summary>
    public async Task<Result<SavedSchedule>> RenewHookAsync(Actor actor, string idOrName, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        db.ChangeTracker.QueryTrackingBehavior = QueryTrackingBehavior.TrackAll;
        var found = await FindAsync(db, actor, idOrName, Permissions.JobsManage, "schedule.update", cancellationToken);
        if (found.IsError)
        {
            return found.Error!;
        }

        if (found.Value.Schedule.HookHash is null)
        {
            return ScheduleErrors.NoHook(found.Value.Schedule.Name);
        }

        // who holds the new address fires it, so that it takes what saving it takes, and it fires in their name from then on
        if (found.Value.Job is { } job && await rights.LacksAsync(actor, job.Name, job.Definition, cancellationToken) is { } mayNot)
        {
            return mayNot;
        }

        var token = NewToken(found.Value.Schedule);
        Own(found.Value.Schedule, actor, time.GetUtcNow());
        return await SaveAsync(db, found.Value.Schedule, cancellationToken) is { } error
            ? error
            : await TellAsync(actor, "schedule.renew-webhook", EventTypes.ScheduleUpdated, found.Value.Schedule, token, cancellationToken);
    }

    /// <summary>Removes a schedule. What it has started goes on.</summary>
    public async Task<Result<Unit>> RemoveAsync(Actor actor, string idOrName, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var found = await FindAsync(db, actor, idOrName, Permissions.JobsManage, "schedule.remove", cancellationToken);
        if (found.IsError)
        {
            return found.Error!;
        }

        var id = found.Value.Schedule.Id;
        await db.Set<Firing>().Where(f => f.ScheduleId == id && f.FiredAt != null).ExecuteDeleteAsync(cancellationToken);
        await db.Set<Schedule>().Where(s => s.Id == id).ExecuteDeleteAsync(cancellationToken);
        await TellAsync(actor, "schedule.remove", EventTypes.ScheduleRemoved, found.Value.Schedule, null, cancellationToken);
        return Unit.Value;
    }

    /// <summary>Fires a schedule now, in the name of whoever it fires for; the times to come stay.</summary>
    public async Task<Result<FiringView>> FireAsync(Actor actor, string idOrName, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var found = await FindAsync(db, actor, idOrName, Permissions.JobsManage, "schedule.fire", cancellationToken);
        if (found.IsError)
        {
            return found.Error!;
        }

        if (found.Value.Job is { } job)
        {
            // Who asks for a run does not say yes to it, and the run is its owner's: somebody else asks for it by running the job.
            if (found.Value.Schedule.OwnerId != actor.Id && await AsksForYesAsync(db, job, cancellationToken))
            {
                return ScheduleErrors.OwnersAlone(found.Value.Schedule.Name, found.Value.Schedule.OwnerName);
            }

            if (await rights.LacksAsync(actor, job.Name, job.Definition, cancellationToken) is { } mayNot)
            {
                return mayNot;
            }
        }

        await audit.NoteAsync(actor, "schedule.fire", found.Value.Schedule.Name, allowed: true, null, cancellationToken);
        return await clock.FireAsync(found.Value.Schedule.Id, $"asked for by {actor.Name}", $"now:{Guid.NewGuid():N}", null, cancellationToken);
    }

    /// <summary>Whether a job, or one that it calls, waits for somebody's yes.</summary>
    private static async Task<bool> AsksForYesAsync(OperoneDb db, Job job, CancellationToken cancellationToken) =>
        (await CalledJob.OfAsync(db, job.Name, job.Definition, cancellationToken)).Select(c => c.Definition).Prepend(job.Definition)
            .Any(d => d.Approval is not null || d.Steps!.Any(s => s.Approval is not null));

    /// <summary>The schedule, where there is one for them and they hold the permission on its job.</summary>
    private async Task<Result<Found>> FindAsync(OperoneDb db, Actor actor, string idOrName, string permission, string action, CancellationToken cancellationToken)
    {
        if (await audit.RequireAsync(actor, permission, action, idOrName, cancellationToken) is { } denied)
        {
            return denied;
        }

        if (await Schedule.FindAsync(db, idOrName, cancellationToken) is not { } schedule)
        {
            return ScheduleErrors.NotFound(idOrName);
        }

        var job = await db.Set<Job>().SingleOrDefaultAsync(j => j.Id == schedule.JobId, cancellationToken);
        if (job is null)
        {
            // what is left of a job is for those who see all of them
            return JobSight.SeesAll(actor) ? new Found(schedule, null) : ScheduleErrors.NotFound(idOrName);
        }

        if (!jobs.Of(actor)(job))
        {
            return ScheduleErrors.NotFound(idOrName);
        }

        if (permission == Permissions.JobsManage && jobs.LacksManage(actor, job.Definition) is { } lacks)
        {
            await audit.NoteAsync(actor, action, schedule.Name, allowed: false, lacks.Detail, cancellationToken);
            return lacks;
        }

        return new Found(schedule, job);
    }

    /// <summary>The job of what is saved, where all is right with it.</summary>
    private async Task<Result<Job>> CheckAsync(OperoneDb db, Actor actor, string action, SaveSchedule request, CancellationToken cancellationToken)
    {
        if (await audit.RequireAsync(actor, Permissions.JobsManage, action, request.Name, cancellationToken) is { } denied)
        {
            return denied;
        }

        if (ScheduleRules.Check(request) is { } invalid)
        {
            return invalid;
        }

        if (await Job.FindAsync(db, request.Job!, cancellationToken) is not { } job || !jobs.Of(actor)(job))
        {
            return Error.InvalidField("job", $"there is no job '{request.Job}'");
        }

        if (jobs.LacksManage(actor, job.Definition) is { } lacks)
        {
            await audit.NoteAsync(actor, action, request.Name, allowed: false, lacks.Detail, cancellationToken);
            return lacks;
        }

        if (ScheduledJob.Check(job.Definition, request) is { } wrong)
        {
            return wrong;
        }

        // it runs in their name, so that they must be allowed to run it, with a touch of a passkey where the settings want one
        return await rights.LacksAsync(actor, job.Name, job.Definition, cancellationToken) is { } mayNot ? mayNot : job;
    }

    private static string? Put(Schedule schedule, Actor actor, SaveSchedule request, Guid jobId, DateTimeOffset now)
    {
        var (before, wasEnabled) = (schedule.Definition, schedule.IsEnabled);
        schedule.Definition = request;
        schedule.Name = request.Name!;
        schedule.NormalizedName = Role.Normalize(request.Name!);
        schedule.JobId = jobId;
        Own(schedule, actor, now);
        schedule.IsEnabled = request.Enabled != false;
        if (!schedule.IsEnabled)
        {
            schedule.AwaitNothing();
        }
        else if (!wasEnabled || !IsSameTime(before, request))
        {
            var times = schedule.Times.Value;
            schedule.Await(times, times.After(now));
        }

        // what changes while it is off is not made up for
        if (request.On?.File != before.On?.File || !schedule.IsEnabled || !wasEnabled)
        {
            schedule.FileTag = null;
        }

        schedule.IsTriggered = request.On is not null;
        if (request.On?.Webhook != true)
        {
            schedule.HookHash = null;
            return null;
        }

        return schedule.HookHash is null ? NewToken(schedule) : null;
    }

    /// <summary>Whether what is due stays due: another description moves no time.</summary>
    private static bool IsSameTime(SaveSchedule before, SaveSchedule after) =>
        (before.Cron, before.Calendar, before.Every, before.At, before.On, before.TimeZone, before.Jitter) == (after.Cron, after.Calendar, after.Every, after.At, after.On, after.TimeZone, after.Jitter)
        && (before.StartsAt, before.EndsAt) == (after.StartsAt, after.EndsAt);

    private static void Own(Schedule schedule, Actor actor, DateTimeOffset now) =>
        (schedule.OwnerId, schedule.OwnerName, schedule.UpdatedAt) = (actor.Id, actor.Name, now);

    private static string NewToken(Schedule schedule)
    {
        var token = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        schedule.HookHash = HashOf(token);
        return token;
    }

    /// <summary>What is stored of a webhook's token.</summary>
    public static byte[] HashOf(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));

    private static async Task<Error?> SaveAsync(OperoneDb db, Schedule schedule, CancellationToken cancellationToken)
    {
        try
        {
            await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
            await db.SaveChangesAsync(cancellationToken);
            if (!schedule.IsEnabled)
            {
                // turned on again it does not do what waited before
                await Firing.DropAsync(db, schedule.Id, cancellationToken);
            }

            await transaction.CommitAsync(cancellationToken);
            return null;
        }
        catch (DbUpdateConcurrencyException)
        {
            return ScheduleErrors.Changed(schedule.Name);
        }
        catch (DbUpdateException exception) when (exception.IsDuplicate())
        {
            return ScheduleErrors.NameTaken(schedule.Name);
        }
    }

    private async Task<SavedSchedule> TellAsync(Actor actor, string action, string type, Schedule schedule, string? token, CancellationToken cancellationToken)
    {
        await audit.NoteAsync(actor, action, schedule.Name, allowed: true, $"job {schedule.Definition.Job}, {ScheduledJob.Describe(schedule.Definition)}", cancellationToken);
        await events.PublishAsync(
            new(type, schedule.Name, Actor: actor.Name, Data: new Dictionary<string, string?> { ["scheduleId"] = schedule.Id.ToString(), ["jobId"] = schedule.JobId.ToString() }),
            cancellationToken);
        changes.Signal(LiveChanges.Schedules);
        return new(schedule.ToView(time.GetUtcNow()), token is null ? null : ScheduleEndpoints.HookPath(token));
    }

    /// <summary>A schedule and its job, where that is there still.</summary>
    private sealed record Found(Schedule Schedule, Job? Job);
}
