using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Operone.Core.Kernel.Workloads;
using Operone.Web.Data;
using Operone.Web.Hosting;
using Operone.Web.Kernel.Jobs.Runs;
using Operone.Web.Shell;

namespace Operone.Web.Kernel.Workloads;

/// <summary>
/// Each night: removes the runs of instances of workloads that ended more than <see cref="JobRunOptions.RunDays"/> ago, with their output. That of an
/// instance that is not over stays: it is still to be told how it ended.
/// </summary>
internal sealed partial class WorkloadRunRetention(
    RunRemoval removal, IOptions<JobRunOptions> options, TimeProvider time, ILogger<WorkloadRunRetention> logger) : IRecurringJob
{
    public string Name => "workload-run-retention";

    public string Cron => "26 3 * * *";

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var days = options.Value.RunDays;
        if (days == 0)
        {
            return;
        }

        var before = time.GetUtcNow().AddDays(-days);
        if (await removal.RemoveOldAsync((db, after, most, cancel) => FindAsync(db, before, after, most, cancel), removal.RemoveAsync, cancellationToken) is > 0 and var removed)
        {
            Log.Removed(logger, removed, days);
        }
    }

    private static async Task<List<Guid>> FindAsync(OperoneDb db, DateTimeOffset before, Guid after, int most, CancellationToken cancellationToken)
    {
        var oldest = OrderedIds.FirstAt(before);
        var live = await db.Set<WorkloadInstance>().Where(i => i.Status != InstanceStatus.Ended && i.RunId != null).Select(i => i.RunId!.Value).ToArrayAsync(cancellationToken);
        return await db.Set<Run>()
            .Where(r => r.Kind == RunKind.Workload && r.EndedAt < before && r.Id.CompareTo(oldest) < 0 && r.Id.CompareTo(after) > 0 && !EF.Parameter(live).Contains(r.Id))
            .OrderBy(r => r.Id).Select(r => r.Id).Take(most).ToListAsync(cancellationToken);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "{Count} runs of instances of workloads are older than {Days} days and were removed")]
        public static partial void Removed(ILogger logger, int count, int days);
    }
}
