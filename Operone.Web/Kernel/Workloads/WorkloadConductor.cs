using Microsoft.EntityFrameworkCore;
using Operone.Core.Devices;
using Operone.Core.Kernel.Workloads;
using Operone.Web.Data;
using Operone.Web.Devices;
using Operone.Web.Events;
using Operone.Web.Hosting;
using Operone.Web.Shell;

namespace Operone.Web.Kernel.Workloads;

/// <summary>
/// Keeps workloads as they are to be. One that has something to do is claimed in the database, taken one step further, and let go, so that one node at a time
/// works on it and any node goes on where another was killed. It looks when executions or devices have changed, when it is woken, and every now and then.
/// </summary>
internal sealed partial class WorkloadConductor(
    IDbContextFactory<OperoneDb> databases, WorkloadStepper stepper, DeviceDirectory directory, LiveChanges changes, TimeProvider time, ILogger<WorkloadConductor> logger)
    : BackgroundService
{
    /// <summary>How long a claim holds: a step takes much less, and one that takes longer finds that it may not store.</summary>
    public static readonly TimeSpan ClaimTime = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(50);

    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(500);

    private const int AtOnce = 4;

    private Dictionary<Guid, (bool IsOnline, DeviceIntake Intake, Resources? Capacity, IReadOnlyDictionary<string, string> Labels)> _devices = [];
    private long? _lookedAt;
    private long? _askedAt;
    private bool _isOwed;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var subscription = changes.Subscribe(LiveChanges.Workloads, LiveChanges.Runs, LiveChanges.Devices);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                if (await PassAsync(stoppingToken) == 0)
                {
                    await WaitAsync(subscription, stoppingToken);
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

    /// <summary>Takes every workload that has something to do one step further. Gives how many there were.</summary>
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
        var moved = ChangedDevices();
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var now = time.GetUtcNow();
        var free = db.Set<Workload>().Where(w => w.Claim == null || w.ClaimedUntil < now);
        var due = await free.Where(w => w.NextAt <= now || w.Claim != null).OrderBy(w => w.Id).Select(w => w.Id).Take(100).ToListAsync(cancellationToken);
        _isOwed = _askedAt is { } at && time.GetElapsedTime(at) < LookEvery;
        var ended = _isOwed ? [] : await db.Set<WorkloadInstance>().Where(i => (i.Status == InstanceStatus.Running || i.Status == InstanceStatus.Stopping) && free.Any(w => w.Id == i.WorkloadId))
            .Join(db.Set<Execution>().Where(e => e.EndedAt != null), i => i.ExecutionId, e => e.Id, (i, e) => i.WorkloadId).Distinct().Take(100).ToListAsync(cancellationToken);
        _askedAt = _isOwed ? _askedAt : time.GetTimestamp();
        var touched = new List<Guid>();
        if (moved.Length > 0)
        {
            var concerned = db.Set<WorkloadInstance>().Where(i => i.Status == InstanceStatus.Waiting || (i.Status != InstanceStatus.Ended && EF.Parameter(moved).Contains(i.DeviceId!.Value)));
            touched = await free.Where(w => w.IsStarted && (w.Count == null || concerned.Any(i => i.WorkloadId == w.Id))).Select(w => w.Id).Take(100).ToListAsync(cancellationToken);
        }

        return [.. due.Union(ended).Union(touched)];
    }

    /// <summary>The devices that came, went, changed, or take work otherwise than at the last look.</summary>
    private Guid[] ChangedDevices()
    {
        if (_lookedAt is { } at && time.GetElapsedTime(at) < LookEvery)
        {
            return [];
        }

        _lookedAt = time.GetTimestamp();
        var known = directory.All.ToDictionary(d => d.Id, d => (directory.IsOnline(d.Id), d.Intake, d.Capacity, d.Labels));
        var changed = known.Where(k => !_devices.TryGetValue(k.Key, out var before) || before != k.Value).Select(k => k.Key).Concat(_devices.Keys.Except(known.Keys)).ToArray();
        _devices = known;
        return changed;
    }

    private async Task<bool> StepAsync(Guid id, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var (now, claim) = (time.GetUtcNow(), Guid.NewGuid());
        var before = await db.Set<Workload>().Where(w => w.Id == id && (w.Claim == null || w.ClaimedUntil < now)).Select(w => new { w.Claim }).SingleOrDefaultAsync(cancellationToken);
        if (before is null)
        {
            return false;
        }

        var until = now + ClaimTime;
        if (await db.Set<Workload>().Where(w => w.Id == id && w.Claim == before.Claim && (w.Claim == null || w.ClaimedUntil < now)).ExecuteUpdateAsync(
            w => w.SetProperty(x => x.Claim, claim).SetProperty(x => x.ClaimedUntil, until), cancellationToken) == 0)
        {
            // somebody else was faster
            return false;
        }

        // read now that nobody else moves it
        var workload = await db.Set<Workload>().SingleAsync(w => w.Id == id, CancellationToken.None);
        DateTimeOffset? next;
        try
        {
            // once it is claimed it is done to the end: half of it would have to wait until the claim is over
            next = await stepper.StepAsync(workload, claim, before.Claim is not null, CancellationToken.None);
        }
        catch (Exception problem) when (Problems.IsDatabaseAway(problem))
        {
            Log.DatabaseAway(logger, problem.GetBaseException().Message);
            return false;
        }
#pragma warning disable CA1031 // one workload that fails in a way nobody foresaw must not end the others; it is logged whole, and tried again
        catch (Exception bug)
#pragma warning restore CA1031
        {
            Log.Broke(logger, bug, id);

            // the claim runs out: whoever takes it over then tells again what may not have been told
            return false;
        }

        await db.Set<Workload>().Where(w => w.Id == id && w.Claim == claim).ExecuteUpdateAsync(
            w => w.SetProperty(x => x.Claim, (Guid?)null).SetProperty(x => x.ClaimedUntil, (DateTimeOffset?)null)
                .SetProperty(x => x.NextAt, x => x.News == workload.News ? next : now), CancellationToken.None);
        return true;
    }

    private async Task WaitAsync(LiveChanges.Subscription subscription, CancellationToken cancellationToken)
    {
        using var waited = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        waited.CancelAfter(_isOwed ? LookEvery : Interval);
        await subscription.WaitAsync(waited.Token).AsTask().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellationToken.ThrowIfCancellationRequested();

        // news come in crowds
        await Task.Delay(Gather, time, cancellationToken);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Workloads are looked at again in a moment; the database is away: {Problem}")]
        public static partial void DatabaseAway(ILogger logger, string problem);

        [LoggerMessage(Level = LogLevel.Error, Message = "Workloads could not be looked at; it is tried again in a moment")]
        public static partial void Failed(ILogger logger, Exception exception);

        [LoggerMessage(Level = LogLevel.Error, Message = "A step of the workload {Workload} broke; it is tried again")]
        public static partial void Broke(ILogger logger, Exception exception, Guid workload);
    }
}
