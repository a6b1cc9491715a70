using Microsoft.EntityFrameworkCore;
using Operone.Core.Kernel.Jobs;
using Operone.Web.Data;
using Operone.Web.Events;
using Operone.Web.Hosting;
using Operone.Web.Shell;

namespace Operone.Web.Kernel.Jobs.Runs;

/// <summary>
/// Keeps runs of jobs going. A run that has something to do is claimed in the database, taken one step further, and let go, so that one node at a time
/// works on it and any node goes on where another was killed. It looks when executions have ended, when it is woken, and every now and then.
/// </summary>
internal sealed partial class JobConductor(
    IDbContextFactory<OperoneDb> databases, JobStepper stepper, LiveChanges changes, TimeProvider time, ILogger<JobConductor> logger) : BackgroundService
{
    /// <summary>How long a claim holds: a step takes much less, and one that takes longer finds that it may not store.</summary>
    public static readonly TimeSpan ClaimTime = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(15);

    private const int AtOnce = 4;

    private bool _hasActive = true;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var jobs = changes.Subscribe(LiveChanges.JobRuns);
        using var runs = changes.Subscribe(LiveChanges.Runs);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                if (await PassAsync(stoppingToken) == 0)
                {
                    await WaitAsync(_hasActive ? [jobs, runs] : [jobs], stoppingToken);
                }
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception problem) when (Problems.IsDatabaseAway(problem))
            {
                Log.DatabaseAway(logger, problem.GetBaseException().Message);
                await PauseAsync(stoppingToken);
            }
            catch (Exception problem) when (problem is not OperationCanceledException || !stoppingToken.IsCancellationRequested)
            {
                Log.Failed(logger, problem);
                await PauseAsync(stoppingToken);
            }
        }
    }

    private async Task PauseAsync(CancellationToken stoppingToken) =>
        await Task.Delay(Interval, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    /// <summary>Takes every run that has something to do one step further. Gives how many there were.</summary>
    private async Task<int> PassAsync(CancellationToken cancellationToken)
    {
        var due = await DueAsync(cancellationToken);
        var worked = 0;
        await Parallel.ForEachAsync(due, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken }, async (id, token) =>
        {
            if (await StepAsync(id, token))
            {
                Interlocked.Increment(ref worked);
            }
        });
        return worked;
    }

    private async Task<List<Guid>> DueAsync(CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var now = time.GetUtcNow();
        _hasActive = await db.Set<JobRun>().AnyAsync(r => r.Status < JobRunStatus.Succeeded, cancellationToken);
        if (!_hasActive)
        {
            return [];
        }

        var free = db.Set<JobRun>().Where(r => r.Status < JobRunStatus.Succeeded && (r.Claim == null || r.ClaimedUntil < now));
        var due = await free.Where(r => r.NextAt <= now || r.Claim != null).OrderBy(r => r.Id).Select(r => r.Id).Take(100).ToListAsync(cancellationToken);
        var news = await db.Set<JobRunDevice>().Where(d => d.Status == JobDeviceStatus.Running && free.Any(r => r.Id == d.JobRunId))
            .Join(db.Set<Execution>().Where(e => e.EndedAt != null), d => d.ExecutionId, e => e.Id, (d, e) => d.JobRunId).Distinct().Take(100).ToListAsync(cancellationToken);
        return [.. due.Union(news)];
    }

    private async Task<bool> StepAsync(Guid id, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var (now, claim) = (time.GetUtcNow(), Guid.NewGuid());
        var before = await db.Set<JobRun>().Where(r => r.Id == id && r.Status < JobRunStatus.Succeeded && (r.Claim == null || r.ClaimedUntil < now))
            .Select(r => new { r.Claim }).SingleOrDefaultAsync(cancellationToken);
        if (before is null)
        {
            return false;
        }

        var until = now + ClaimTime;
        if (await db.Set<JobRun>().Where(r => r.Id == id && r.Claim == before.Claim && (r.Claim == null || r.ClaimedUntil < now)).ExecuteUpdateAsync(
            r => r.SetProperty(x => x.Claim, claim).SetProperty(x => x.ClaimedUntil, until), cancellationToken) == 0)
        {
            // somebody else was faster
            return false;
        }

        // read now that nobody else changes where it stands
        var run = await db.Set<JobRun>().SingleAsync(r => r.Id == id, CancellationToken.None);
        DateTimeOffset? next = now.AddSeconds(10);
        try
        {
            // once it is claimed it is done to the end: half of it would have to wait until the claim is over
            next = await stepper.StepAsync(run, claim, before.Claim is not null, CancellationToken.None);
        }
        catch (Exception problem) when (Problems.IsDatabaseAway(problem))
        {
            Log.DatabaseAway(logger, problem.GetBaseException().Message);
            return false;
        }
#pragma warning disable CA1031 // one run that fails in a way nobody foresaw must not end the others; it is logged whole, and tried again
        catch (Exception bug)
#pragma warning restore CA1031
        {
            Log.Broke(logger, bug, id);
        }

        await db.Set<JobRun>().Where(r => r.Id == id && r.Claim == claim).ExecuteUpdateAsync(
            r => r.SetProperty(x => x.Claim, (Guid?)null).SetProperty(x => x.ClaimedUntil, (DateTimeOffset?)null)
                .SetProperty(x => x.NextAt, x => x.News == run.News ? next : now), CancellationToken.None);
        return true;
    }

    private async Task WaitAsync(LiveChanges.Subscription[] subscriptions, CancellationToken cancellationToken)
    {
        using var waited = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        waited.CancelAfter(Interval);
        Task[] news = [.. subscriptions.Select(s => s.WaitAsync(waited.Token).AsTask())];
        await Task.WhenAny(news);
        await waited.CancelAsync();
        await Task.WhenAll(news).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellationToken.ThrowIfCancellationRequested();

        // ends come in crowds
        await Task.Delay(Gather, time, cancellationToken);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "Runs of jobs could not be looked at; it is tried again in a moment")]
        public static partial void Failed(ILogger logger, Exception exception);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Runs of jobs are looked at again in a moment; the database is away: {Problem}")]
        public static partial void DatabaseAway(ILogger logger, string problem);

        [LoggerMessage(Level = LogLevel.Error, Message = "A step of the run {JobRun} of a job broke; it is tried again")]
        public static partial void Broke(ILogger logger, Exception exception, Guid jobRun);
    }
}
