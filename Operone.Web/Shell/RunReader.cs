using Microsoft.EntityFrameworkCore;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Shell;
using Operone.Web.Access;
using Operone.Web.Data;
using Operone.Web.Events;
using Operone.Web.Shell.Environments;

namespace Operone.Web.Shell;

/// <summary>Which runs a list shows. All that is given must hold.</summary>
/// <param name="Status">In this state.</param>
/// <param name="DeviceId">Aimed at this device.</param>
/// <param name="Text">With this in the command line or in who made it.</param>
/// <param name="Limit">How many, 1 to 500.</param>
/// <param name="Cursor">Where the page before ended.</param>
/// <param name="Kind">Of this kind alone.</param>
/// <param name="IsWaiting">Those that wait for room alone; each is given with why.</param>
internal sealed record RunQuery(
    RunStatus? Status = null, Guid? DeviceId = null, string? Text = null, int Limit = 50, string? Cursor = null, RunKind? Kind = null, bool IsWaiting = false);

/// <summary>The use cases that look at runs.</summary>
internal sealed class RunReader(IDbContextFactory<OperoneDb> databases, RunSight sight, EnvironmentVault vault, LiveChanges changes, TimeProvider time)
{
    private const int FewExecutions = 20;

    // Compiled once for this node's database: whoever waits for a run waits for these two.
    private readonly Func<OperoneDb, Guid, CancellationToken, Task<Run?>> _findRun = EF.CompileAsyncQuery(
        (OperoneDb db, Guid id, CancellationToken cancellationToken) => db.Set<Run>().Where(r => r.Id == id && r.Kind != RunKind.Terminal).Select(r => new Run
        {
            Id = r.Id,
            Kind = r.Kind,
            Status = r.Status,
            Request = r.Request,
            Sandbox = r.Sandbox,
            SealedEnvironment = r.SealedEnvironment,
            Summary = r.Summary,
            CreatedBy = r.CreatedBy,
            CreatedById = r.CreatedById,
            CreatedAt = r.CreatedAt,
            ExpiresAt = r.ExpiresAt,
            EndedAt = r.EndedAt,
            WaitingSince = r.WaitingSince,
            Placement = r.Placement,
        }).FirstOrDefault());

    private readonly Func<OperoneDb, Guid, IAsyncEnumerable<Execution>> _findExecutions = EF.CompileAsyncQuery(
        (OperoneDb db, Guid runId) => db.Set<Execution>().Where(e => e.RunId == runId));

    /// <summary>A run with those of its executions that the actor sees.</summary>
    public async Task<Result<RunView>> GetAsync(Actor actor, Guid runId, CancellationToken cancellationToken) =>
        actor.Lacks(Permissions.RunsRead) is { } lacks ? lacks : await ViewAsync(actor, runId, d => sight.Sees(actor, d), cancellationToken);

    /// <summary>A run with its executions once all have ended, or as it stands when the time is up.</summary>
    /// <param name="actor">Who asks.</param>
    /// <param name="runId">Which run.</param>
    /// <param name="patience">How long to wait at the most.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<Result<RunView>> WaitAsync(Actor actor, Guid runId, TimeSpan patience, CancellationToken cancellationToken)
    {
        using var subscription = Subscribe(runId);
        var run = await GetAsync(actor, runId, cancellationToken);
        return run.IsError ? run : await WaitAsync(actor, run.Value, subscription, static () => false, patience, cancellationToken);
    }

    /// <summary>Interest in a run's changes; subscribe before what may change it.</summary>
    internal LiveChanges.Subscription Subscribe(Guid runId) => changes.Subscribe(LiveChanges.Run(runId));

    /// <summary>The same for one that was read after it was subscribed to; while <paramref name="isOpen"/> says so it is not read again.</summary>
    internal async Task<Result<RunView>> WaitAsync(
        Actor actor, RunView known, LiveChanges.Subscription subscription, Func<bool> isOpen, TimeSpan patience, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(patience, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        Result<RunView> run = known;
        while (!run.IsError && !run.Value.Status.IsEnd())
        {
            try
            {
                await subscription.WaitAsync(both.Token);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                return await GetAsync(actor, known.Id, cancellationToken);
            }

            // Of a large run it is asked first whether it has ended, before its executions are all read.
            if (!isOpen() && (known.Executions!.Count <= FewExecutions || !RunSight.SeesAll(actor) || await HasEndedAsync(known.Id, cancellationToken)))
            {
                run = await GetAsync(actor, known.Id, cancellationToken);
            }
        }

        return run;
    }

    /// <summary>A page of runs, newest first, without executions.</summary>
    public async Task<Result<Page<RunView>>> ListAsync(Actor actor, RunQuery query, CancellationToken cancellationToken)
    {
        if (actor.Lacks(Permissions.RunsRead) is { } lacks)
        {
            return lacks;
        }

        if (query.Limit is < 1 or > 500)
        {
            return Error.InvalidField("limit", "must be 1 to 500");
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var runs = db.Set<Run>().Where(r => r.Kind != RunKind.Terminal);
        if (query.Cursor is { Length: > 0 } cursor)
        {
            if (!Guid.TryParseExact(cursor, "N", out var before))
            {
                return RunErrors.MalformedCursor;
            }

            runs = runs.Where(r => r.Id.CompareTo(before) < 0);
        }

        runs = query.Kind is { } kind ? runs.Where(r => r.Kind == kind) : runs;
        var seesAll = RunSight.SeesAll(actor);
        var seen = sight.Executions(db, actor);
        var unplaced = RunSight.Unplaced(db, actor);
        if (!seesAll)
        {
            runs = runs.Where(r => seen.Any(e => e.RunId == r.Id) || unplaced.Any(u => u.Id == r.Id));
        }

        if (query.Status is { } status)
        {
            var standing = RunSight.Standing(db.Set<Run>(), seen, status).Where(r => seen.Any(e => e.RunId == r.Id));
            runs = seesAll ? runs.Where(r => r.Status == status)
                : runs.Where(r => standing.Any(s => s.Id == r.Id) || unplaced.Any(u => u.Id == r.Id && u.Status == status));
        }

        runs = query.IsWaiting ? runs.Where(r => r.WaitingSince != null) : runs;

        if (query.DeviceId is { } deviceId)
        {
            runs = runs.Where(r => seen.Any(e => e.RunId == r.Id && e.DeviceId == deviceId));
        }

        if (!string.IsNullOrWhiteSpace(query.Text))
        {
#pragma warning disable CA1304, CA1311, CA1862 // translated to SQL
            var text = query.Text.Trim().ToLower();
            runs = runs.Where(r => r.Summary.ToLower().Contains(text) || r.CreatedBy.ToLower().Contains(text));
#pragma warning restore CA1304, CA1311, CA1862
        }

        var found = await runs.OrderByDescending(r => r.Id).Take(query.Limit + 1)
            .Select(r => new { r.Id, r.Status, r.Summary, r.CreatedBy, r.CreatedAt, r.EndedAt, r.WaitingSince, Placement = query.IsWaiting ? r.Placement : null })
            .ToListAsync(cancellationToken);
        var page = found.Take(query.Limit).ToArray();
        var ids = page.Select(r => r.Id).ToArray();
        var counts = await seen.Where(e => ids.Contains(e.RunId))
            .GroupBy(e => new { e.RunId, e.Status })
            .Select(g => new { g.Key.RunId, g.Key.Status, Count = g.Count(), EndedAt = g.Max(e => e.EndedAt) })
            .ToListAsync(cancellationToken);
        var byRun = counts.ToLookup(c => c.RunId);
        var items = page.Select(r =>
        {
            // Who sees a part of it is told how that part stands.
            var state = seesAll || !byRun.Contains(r.Id) ? r.Status : RunRules.Combine(byRun[r.Id].ToDictionary(c => c.Status, c => c.Count));
            var endedAt = seesAll || !byRun.Contains(r.Id) ? r.EndedAt : state.IsEnd() ? byRun[r.Id].Max(c => c.EndedAt) : null;
            return new RunView(
                r.Id, state, r.Summary, r.CreatedBy, r.CreatedAt, endedAt, byRun[r.Id].ToDictionary(c => c.Status.ToText(), c => c.Count), null, null)
            {
                WaitingSince = r.WaitingSince,
                Placement = r.Placement is null ? null : r.Placement with { Devices = [], MoreDevices = r.Placement.Devices.Count + r.Placement.MoreDevices },
            };
        }).ToArray();
        return new Page<RunView>(items, found.Count > query.Limit ? page[^1].Id.ToString("N") : null);
    }

    /// <summary>A run with those of its executions that the actor sees, going by the device.</summary>
    internal async Task<Result<RunView>> ViewAsync(Actor actor, Guid runId, Func<Guid, bool> sees, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var run = await _findRun(db, runId, cancellationToken);
        if (run is null)
        {
            return RunErrors.NotFound(runId.ToString());
        }

        var executions = new List<Execution>();
        await foreach (var execution in _findExecutions(db, runId).WithCancellation(cancellationToken))
        {
            executions.Add(execution);
        }

        return RunSight.SeesAll(actor) || executions.Any(e => sees(e.DeviceId)) || (executions.Count == 0 && RunSight.IsOwn(actor, run))
            ? RunSight.View(actor, run, executions, sees) with { AppliedEnvironment = vault.Applied(run) }
            : RunErrors.NotFound(runId.ToString());
    }

    internal static RunView View(Run run, IReadOnlyCollection<Execution> executions) => new(
        run.Id, run.Status, run.Summary, run.CreatedBy, run.CreatedAt, run.EndedAt,
        executions.GroupBy(e => e.Status).OrderBy(g => g.Key).ToDictionary(g => g.Key.ToText(), g => g.Count()),
        run.Request,
        [.. executions.OrderBy(e => e.Stage).ThenBy(e => e.DeviceName, StringComparer.OrdinalIgnoreCase).Select(e => e.ToView())])
    {
        Sandbox = run.Sandbox,
        WaitingSince = run.WaitingSince,
        Placement = run.Placement,
    };

    private async Task<bool> HasEndedAsync(Guid runId, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return !await db.Set<Run>().AnyAsync(r => r.Id == runId && r.EndedAt == null, cancellationToken);
    }
}
