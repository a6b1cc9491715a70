using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Operone.Web.Data;
using Operone.Web.Hosting;

namespace Operone.Web.Shell;

/// <summary>Says which runs are part of something else, and stay for as long as that.</summary>
internal interface IRunOwner
{
    /// <summary>Those of some runs that are part of it.</summary>
    Task<List<Guid>> OwnedAsync(OperoneDb db, IReadOnlyList<Guid> runs, CancellationToken cancellationToken);
}

/// <summary>
/// Each night: removes the runs that people and programs asked for, commands and pipelines, that ended more than <see cref="ShellOptions.RunDays"/> ago, with
/// what they printed. Those that are part of something else go with that.
/// </summary>
internal sealed partial class RunRetention(
    RunRemoval removal, IEnumerable<IRunOwner> owners, IOptions<ShellOptions> options, TimeProvider time, ILogger<RunRetention> logger) : IRecurringJob
{
    public string Name => "run-retention";

    public string Cron => "41 3 * * *";

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var days = options.Value.RunDays;
        if (days == 0)
        {
            return;
        }

        var (before, kept) = (time.GetUtcNow().AddDays(-days), new HashSet<Guid>());
        var found = await removal.RemoveOldAsync((db, after, most, cancel) => FindAsync(db, before, after, most, kept, cancel),
            (id, cancel) => kept.Contains(id) ? Task.CompletedTask : removal.RemoveAsync(id, cancel), cancellationToken);
        if (found > kept.Count)
        {
            Log.Removed(logger, found - kept.Count, days);
        }
    }

    private async Task<List<Guid>> FindAsync(OperoneDb db, DateTimeOffset before, Guid after, int most, HashSet<Guid> kept, CancellationToken cancellationToken)
    {
        var oldest = OrderedIds.FirstAt(before);
        var old = await db.Set<Run>()
            .Where(r => (r.Kind == RunKind.Command || r.Kind == RunKind.Pipeline) && r.EndedAt < before && r.Id.CompareTo(oldest) < 0 && r.Id.CompareTo(after) > 0)
            .OrderBy(r => r.Id).Select(r => r.Id).Take(most).ToListAsync(cancellationToken);
        foreach (var owner in owners)
        {
            kept.UnionWith(await owner.OwnedAsync(db, old, cancellationToken));
        }

        return old;
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "{Count} runs are older than {Days} days and were removed")]
        public static partial void Removed(ILogger logger, int count, int days);
    }
}
