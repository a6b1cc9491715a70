using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Operone.Core.Kernel.Jobs;
using Operone.Web.Data;
using Operone.Web.Hosting;
using Operone.Web.Shell;

namespace Operone.Web.Kernel.Jobs.Runs;

/// <summary>
/// Each night: removes runs of jobs that ended more than <see cref="JobRunOptions.RunDays"/> ago, with their devices, approvals, calls, and the runs
/// of their steps and their output. One whose calling or called run, or the run of whose step, has not ended stays until it has.
/// </summary>
internal sealed partial class JobRunRetention(
    IDbContextFactory<OperoneDb> databases, RunRemoval removal, IOptions<JobRunOptions> options, TimeProvider time, ILogger<JobRunRetention> logger) : IRecurringJob
{
    public string Name => "job-run-retention";

    public string Cron => "11 3 * * *";

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var days = options.Value.RunDays;
        if (days == 0)
        {
            return;
        }

        var before = time.GetUtcNow().AddDays(-days);
        if (await removal.RemoveOldAsync((db, after, most, cancel) => FindAsync(db, before, after, most, cancel), RemoveAsync, cancellationToken) is > 0 and var removed)
        {
            Log.Removed(logger, removed, days);
        }
    }

    private static async Task<List<Guid>> FindAsync(OperoneDb db, DateTimeOffset before, Guid after, int most, CancellationToken cancellationToken)
    {
        // those that have not ended are few; of a run that has, none can be called any more
        var open = await db.Set<JobRun>().Where(r => r.Status < JobRunStatus.Succeeded).Select(r => new { r.Id, r.ParentId }).ToListAsync(cancellationToken);
        var (callers, called) = (open.Select(r => (Guid?)r.Id).ToArray(), open.Where(r => r.ParentId is not null).Select(r => r.ParentId!.Value).ToArray());
        var oldest = OrderedIds.FirstAt(before);
        return await Over(db, before).Where(r => r.Id.CompareTo(after) > 0 && r.Id.CompareTo(oldest) < 0
                && !EF.Parameter(callers).Contains(r.ParentId) && !EF.Parameter(called).Contains(r.Id))
            .OrderBy(r => r.Id).Select(r => r.Id).Take(most).ToListAsync(cancellationToken);
    }

    // one that another run called goes after that, which says what it called
    private static IQueryable<JobRun> Over(OperoneDb db, DateTimeOffset before) => db.Set<JobRun>().Where(r => r.EndedAt < before
        && !db.Set<JobRun>().Any(p => p.Id == r.ParentId)
        && !db.Set<JobRunPart>().Any(p => p.JobRunId == r.Id && db.Set<Run>().Any(x => x.Id == p.RunId && x.EndedAt == null))
        && !db.Set<JobRunCall>().Any(c => c.JobRunId == r.Id && db.Set<Run>().Any(x => x.Id == c.CalledId && x.EndedAt == null)));

    /// <summary>The runs of its steps go first: should this be stopped in the middle, the next night finds what is left by the run of the job.</summary>
    private async Task RemoveAsync(Guid id, CancellationToken cancellationToken)
    {
        List<Guid> runs;
        await using (var db = await databases.CreateDbContextAsync(cancellationToken))
        {
            var parts = db.Set<JobRunPart>().Where(p => p.JobRunId == id).Select(p => p.RunId);
            var calls = db.Set<JobRunCall>().Where(c => c.JobRunId == id).Select(c => c.CalledId);
            runs = await db.Set<Run>().Where(r => parts.Contains(r.Id) || (calls.Contains(r.Id) && r.Kind == RunKind.Pipeline)).Select(r => r.Id).ToListAsync(cancellationToken);
        }

        foreach (var run in runs)
        {
            await removal.RemoveAsync(run, cancellationToken);
        }

        await using var last = await databases.CreateDbContextAsync(cancellationToken);
        await last.Set<JobRun>().Where(r => r.Id == id && r.EndedAt != null).ExecuteDeleteAsync(cancellationToken);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "{Count} runs of jobs are older than {Days} days and were removed")]
        public static partial void Removed(ILogger logger, int count, int days);
    }
}
