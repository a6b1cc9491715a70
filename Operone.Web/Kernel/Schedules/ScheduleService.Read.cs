using Microsoft.EntityFrameworkCore;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Kernel.Schedules;
using Operone.Web.Access;
using Operone.Web.Data;
using Operone.Web.Kernel.Jobs;

namespace Operone.Web.Kernel.Schedules;

/// <summary>Looking at schedules, and at when they fired.</summary>
internal sealed partial class ScheduleService
{
    /// <summary>A page of the schedules that there are for somebody, by name.</summary>
    public async Task<Result<Page<ScheduleView>>> ListAsync(Actor actor, string? text, string? job, int? limit, string? cursor, CancellationToken cancellationToken)
    {
        if (await audit.RequireAsync(actor, Permissions.JobsRead, "schedule.read", null, cancellationToken) is { } denied)
        {
            return denied;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var schedules = db.Set<Schedule>().AsQueryable();
        if (!string.IsNullOrWhiteSpace(text))
        {
            var upper = Role.Normalize(text);
            schedules = schedules.Where(s => s.NormalizedName.Contains(upper));
        }

        if (!string.IsNullOrWhiteSpace(job))
        {
            if (await Job.FindAsync(db, job, cancellationToken) is not { } of)
            {
                return JobErrors.NotFound(job);
            }

            schedules = schedules.Where(s => s.JobId == of.Id);
        }

        // schedules are as many as somebody wrote by hand; the jobs tell which there are for whom
        var all = await schedules.ToListAsync(cancellationToken);
        if (!JobSight.SeesAll(actor))
        {
            var ids = all.Select(s => s.JobId).ToHashSet();
            var seen = (await db.Set<Job>().Where(j => ids.Contains(j.Id)).ToListAsync(cancellationToken)).Where(jobs.Of(actor)).Select(j => j.Id).ToHashSet();
            all.RemoveAll(s => !seen.Contains(s.JobId));
        }

        var page = NamedPage.Take(all, s => s.Name, limit, cursor);
        return page.IsError ? page.Error! : new Page<ScheduleView>([.. page.Value.Items.Select(s => s.ToView(time.GetUtcNow()))], page.Value.NextCursor);
    }

    /// <summary>One schedule, by its id or name.</summary>
    public async Task<Result<ScheduleView>> GetAsync(Actor actor, string idOrName, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var found = await FindAsync(db, actor, idOrName, Permissions.JobsRead, "schedule.read", cancellationToken);
        return found.IsError ? found.Error! : found.Value.Schedule.ToView(time.GetUtcNow());
    }

    /// <summary>The next times of what somebody types, or all that is wrong with it. Needs no job.</summary>
    public Result<SchedulePreview> Preview(Actor actor, ScheduleWhen when)
    {
        if (actor.Lacks(Permissions.JobsRead) is { } lacks)
        {
            return lacks;
        }

        var now = time.GetUtcNow();
        var times = ScheduleTimes.Parse(when, now);
        return times.IsError
            ? times.Error!
            : new SchedulePreview([.. times.Value.Following(now, 10)], when.Calendar is null ? null : CalendarWords.ToCron(when.Calendar).Value);
    }

    /// <summary>A page of the times that a schedule fired, newest first.</summary>
    public async Task<Result<Page<FiringView>>> FiringsAsync(Actor actor, string idOrName, int? limit, string? cursor, CancellationToken cancellationToken)
    {
        var page = PageRequest.Parse(limit, cursor);
        if (page.IsError)
        {
            return page.Error!;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var found = await FindAsync(db, actor, idOrName, Permissions.JobsRead, "schedule.read", cancellationToken);
        if (found.IsError)
        {
            return found.Error!;
        }

        var id = found.Value.Schedule.Id;
        return await PageAsync(db.Set<Firing>().Where(f => f.ScheduleId == id), page.Value, cancellationToken);
    }

    /// <summary>A page of the times that schedules fired, newest first: of all that there are for somebody.</summary>
    public async Task<Result<Page<FiringView>>> AllFiringsAsync(Actor actor, int? limit, string? cursor, CancellationToken cancellationToken)
    {
        if (await audit.RequireAsync(actor, Permissions.JobsRead, "schedule.read", null, cancellationToken) is { } denied)
        {
            return denied;
        }

        var page = PageRequest.Parse(limit, cursor);
        if (page.IsError)
        {
            return page.Error!;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var firings = db.Set<Firing>().AsQueryable();
        if (!JobSight.SeesAll(actor))
        {
            var seen = (await db.Set<Job>().ToListAsync(cancellationToken)).Where(jobs.Of(actor)).Select(j => j.Id).ToArray();
            firings = firings.Where(f => db.Set<Schedule>().Any(s => s.Id == f.ScheduleId && EF.Parameter(seen).Contains(s.JobId)));
        }

        return await PageAsync(firings, page.Value, cancellationToken);
    }

    private static async Task<Page<FiringView>> PageAsync(IQueryable<Firing> firings, PageRequest page, CancellationToken cancellationToken)
    {
        if (page.After is { } after)
        {
            firings = firings.Where(f => f.Id < after);
        }

        var some = await firings.OrderByDescending(f => f.Id).Take(page.Limit + 1).ToListAsync(cancellationToken);
        return page.ToPage(some, f => f.Id, f => f.ToView());
    }
}
