using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Operone.Core.Access;
using Operone.Core.Connection;
using Operone.Core.Errors;
using Operone.Core.Shell;
using Operone.Web.Access;
using Operone.Web.Data;
using Operone.Web.Devices;
using Operone.Web.Shell.Environments;
using Operone.Web.Shell.Placement;

namespace Operone.Web.Shell;

/// <summary>The use cases that change runs: create and cancel. Every door calls these. <see cref="RunReader"/> looks.</summary>
internal sealed class RunService(
    IDbContextFactory<OperoneDb> databases, DeviceDirectory devices, DeviceSight sight, RunSight runSight, ExecutionWriter writer,
    ExecutionDispatch dispatch, RunReader reader, RunRecords records, Sandbox.SandboxChoice sandboxes, EnvironmentUse environments, EnvironmentVault vault,
    StepUp stepUp, RunStart starts, WaitingRuns waitingRuns, IRunPlacer placer, TimeProvider time)
{
    /// <summary>
    /// Accepts a run, stores it, and tells the devices that are connected. The same key and request again give the same run.
    /// </summary>
    /// <param name="actor">Who asks.</param>
    /// <param name="request">What is asked for.</param>
    /// <param name="idempotencyKey">The caller's key, or null.</param>
    /// <param name="patience">How long to wait for the end; zero answers at once.</param>
    /// <param name="cancellationToken">Ends the wait, not the run.</param>
    public async Task<Result<RunView>> CreateAsync(
        Actor actor, CreateRun request, string? idempotencyKey, TimeSpan patience, CancellationToken cancellationToken)
    {
        if (actor.Lacks(Permissions.RunsCreate) is { } lacks)
        {
            await records.DeniedAsync(actor, "run.create", RunLimits.Summary(request), lacks, cancellationToken);
            return lacks;
        }

        if (RunLimits.Check(request) is { } invalid)
        {
            return invalid;
        }

        if (idempotencyKey is { Length: 0 or > IdempotencyKey.MaxLength })
        {
            return Error.InvalidField("Idempotency-Key", $"must have 1 to {IdempotencyKey.MaxLength} characters");
        }

        var hash = idempotencyKey is null ? null : Hash(request);
        if (idempotencyKey is not null && await FindByKeyAsync(actor, idempotencyKey, hash!, cancellationToken) is { } known)
        {
            return await AwaitedAsync(actor, known, patience, cancellationToken);
        }

        var aimed = sight.Resolve(actor, request.Target!, Permissions.RunsCreate, withCordoned: request.Placement is not null);
        var resolved = aimed.IsError ? aimed.Error! : await environments.ResolveAsync(actor, request, aimed.Value, cancellationToken);
        if (resolved.Error is { } unresolved)
        {
            if (unresolved.Kind == ErrorKind.Forbidden)
            {
                await records.DeniedAsync(actor, "run.create", RunLimits.Summary(request), unresolved, cancellationToken);
            }

            return unresolved;
        }

        var (target, variables) = resolved.Value;
        if (request.Stdout is not null && target.Devices.Count != 1)
        {
            return Error.InvalidField("stdout", $"can be streamed of one device; the target has {target.Devices.Count}");
        }

        if (await stepUp.RequireForRunAsync(actor, Math.Min(target.Devices.Count, request.Placement?.Count ?? int.MaxValue), cancellationToken) is { } untouched)
        {
            return untouched;
        }

        var sandbox = await sandboxes.ResolveAsync(actor, request.Sandbox, request.RunAs, cancellationToken);
        if (sandbox.Error is { } unheld)
        {
            if (unheld.Kind == ErrorKind.Forbidden)
            {
                await records.DeniedAsync(actor, "run.create", RunLimits.Summary(request), unheld, cancellationToken);
            }

            return unheld;
        }

        var (run, executions) = Make(actor, request with { Sandbox = sandbox.Value.Name }, sandbox.Value.Spec, target.Devices, variables);
        try
        {
            await StoreAsync(actor, run, executions, idempotencyKey, hash, cancellationToken);
        }
        catch (DbUpdateException) when (idempotencyKey is not null)
        {
            // Somebody used the same key at the same moment: theirs is the run. Anything else is thrown on.
            if (await FindByKeyAsync(actor, idempotencyKey, hash!, CancellationToken.None) is { } theirs)
            {
                return await AwaitedAsync(actor, theirs, patience, cancellationToken);
            }

            throw;
        }

        // From here on the run is accepted: who asked may leave, the run goes on.
        if (run.WaitingSince is not null)
        {
            await records.CreatedAsync(actor, run, target, CancellationToken.None);
            await placer.PlaceAsync(run.Id, CancellationToken.None);
            var placed = await AwaitedAsync(
                actor, await reader.ViewAsync(actor, run.Id, d => MaySee(actor, d), CancellationToken.None), patience, cancellationToken);
            return Told(placed, target);
        }

        var waiting = patience > TimeSpan.Zero && executions.TrueForAll(e => runSight.Sees(actor, e.DeviceId)) ? reader.Subscribe(run.Id) : null;
        using var subscription = waiting;
        await starts.BeginAsync(run, executions, CancellationToken.None);
        await records.CreatedAsync(actor, run, target, CancellationToken.None);
        Result<RunView> view = RunReader.View(run, executions) with { AppliedEnvironment = variables?.ToView() };
        if (waiting is not null)
        {
            view = await reader.WaitAsync(actor, view.Value, waiting, () => executions.Any(e => writer.IsOpen(e.Id)), patience, cancellationToken);
        }

        return Told(view, target);
    }

    private static Result<RunView> Told(Result<RunView> view, TargetedDevices target) =>
        view.IsError || (target.LeftOut.Count == 0 && target.Skipped.Count == 0) ? view : view.Value with
        {
            LeftOut = target.LeftOut.Count == 0 ? null : [.. target.LeftOut.Select(d => d.Name)],
            Skipped = target.Skipped.Count == 0 ? null : target.Skipped,
        };

    private async Task<Result<RunView>> AwaitedAsync(Actor actor, Result<RunView> run, TimeSpan patience, CancellationToken cancellationToken) =>
        run.IsError || run.Value.Status.IsEnd() || patience <= TimeSpan.Zero || !run.Value.Executions!.All(e => runSight.Sees(actor, e.DeviceId))
            ? run : await reader.WaitAsync(actor, run.Value.Id, patience, cancellationToken);

    /// <summary>
    /// Ends a run: what is queued at once, what runs on its device with its whole process tree. Where the actor may run
    /// commands on some of its devices alone, it ends on those, and the answer names the others that they see.
    /// </summary>
    public async Task<Result<RunView>> CancelAsync(Actor actor, Guid runId, CancellationToken cancellationToken)
    {
        if (actor.Lacks(Permissions.RunsCreate) is { } lacks)
        {
            await records.DeniedAsync(actor, "run.cancel", runId.ToString(), lacks, cancellationToken);
            return lacks;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var run = await db.Set<Run>().FirstOrDefaultAsync(r => r.Id == runId && r.Kind != RunKind.Terminal, cancellationToken);
        var all = await db.Set<Execution>().Where(e => e.RunId == runId)
            .Select(e => new { e.Id, e.DeviceId, e.DeviceName, IsOpen = e.EndedAt == null }).ToListAsync(cancellationToken);
        var isTheirs = run is not null && all.Count == 0 && (RunSight.IsOwn(actor, run) || actor.MayEverywhere(Permissions.RunsCreate));
        if (run is null || !(isTheirs || all.Exists(e => MaySee(actor, e.DeviceId))))
        {
            return RunErrors.NotFound(runId.ToString());
        }

        if (run.WaitingSince is not null)
        {
            return await CancelWaitingAsync(actor, run, cancellationToken);
        }

        var open = all.Where(e => e.IsOpen).ToList();
        var mine = open.Where(e => runSight.MayRun(actor, e.DeviceId)).ToList();
        var left = open.Except(mine).Where(e => MaySee(actor, e.DeviceId)).Select(e => e.DeviceName).ToArray();
        if (run.EndedAt is not null || (mine.Count == 0 && left.Length == 0))
        {
            return RunErrors.AlreadyEnded(runId);
        }

        if (mine.Count == 0)
        {
            var error = RunErrors.NotCancellable(actor.Name, left);
            await records.DeniedAsync(actor, "run.cancel", runId.ToString(), error, cancellationToken);
            return error;
        }

        // What is not there to be told just now is cancelled when it is back.
        var now = time.GetUtcNow();
        var ids = mine.ConvertAll(e => e.Id).ToArray();
        if (mine.Count == open.Count)
        {
            await db.ChangeAsync(() => db.Set<Run>().Where(r => r.Id == runId && r.CancelledAt == null).ExecuteUpdateAsync(
                r => r.SetProperty(x => x.CancelledAt, now).SetProperty(x => x.CancelledBy, actor.Name), cancellationToken),
                RunRecords.Cancelled(actor, run), cancellationToken);
        }
        else
        {
            await db.ChangeAsync(() => db.Set<Execution>().Where(e => EF.Parameter(ids).Contains(e.Id) && e.CancelledAt == null).ExecuteUpdateAsync(
                e => e.SetProperty(x => x.CancelledAt, now), cancellationToken),
                RunRecords.Cancelled(actor, run), cancellationToken);
        }

        await writer.EndAsync(ids, [ExecutionStatus.Queued], ExecutionStatus.Cancelled,
            $"cancelled by {actor.Name} before it was sent to the device", cancellationToken);
        await dispatch.CancelAsync(mine.Select(e => (e.DeviceId, e.Id)), cancellationToken);
        await records.CancelledAsync(
            actor, run, mine.ConvertAll(e => e.DeviceName), left, devices.Find(mine[0].DeviceId) is { } first ? actor.Decide(Permissions.RunsCreate, first.Labels).Grant : null,
            cancellationToken);
        var view = await reader.ViewAsync(actor, runId, d => MaySee(actor, d), cancellationToken);
        return view.IsError || left.Length == 0 ? view : view.Value with { NotCancelled = left };
    }

    private async Task<Result<RunView>> CancelWaitingAsync(Actor actor, Run run, CancellationToken cancellationToken)
    {
        if (!await waitingRuns.EndAsync(run.Id, RunStatus.Cancelled, $"It was cancelled by {actor.Name} before there was room.", actor.Name, cancellationToken))
        {
            // It was placed at the same moment, or has ended.
            return await CancelAsync(actor, run.Id, cancellationToken);
        }

        await records.CancelledAsync(actor, run, [], [], null, cancellationToken);
        return await reader.ViewAsync(actor, run.Id, d => MaySee(actor, d), cancellationToken);
    }

    // Who may run commands on a device sees what came of what they ask for there.
    private bool MaySee(Actor actor, Guid deviceId) => runSight.Sees(actor, deviceId) || runSight.MayRun(actor, deviceId);

    private (Run Run, List<Execution> Executions) Make(
        Actor actor, CreateRun request, SandboxSpec? sandbox, IReadOnlyList<DeviceEntry> targets, RunVariables? variables)
    {
        var now = time.GetUtcNow();
        var id = Guid.CreateVersion7(now);
        var run = new Run
        {
            Id = id,
            Status = RunStatus.Running,
            Request = request with { Stdin = request.Stdin == StreamLimits.Word ? request.Stdin : null, StdinBase64 = null },
            Stdin = RunLimits.Stdin(request),
            Sandbox = request.Placement is { } placement ? placement.Hold(sandbox) : sandbox,
            WaitingSince = request.Placement is null ? null : now,
            Placement = request.Placement is null ? null : new(PlacementState.Waiting, "Devices are being chosen.", now, []),
            SealedEnvironment = vault.SealRun(id, variables),
            Summary = RunLimits.Summary(request),
            CreatedBy = actor.Name,
            CreatedById = actor.Id,
            CreatedAt = now,
            ExpiresAt = now.AddSeconds(request.ExpiresInSeconds ?? RunLimits.DefaultExpirySeconds),
        };
        var executions = (request.Placement is null ? targets : []).Select(device => new Execution
        {
            Id = Guid.CreateVersion7(now),
            RunId = run.Id,
            DeviceId = device.Id,
            DeviceName = device.Name,
            Status = devices.IsOnline(device.Id) ? ExecutionStatus.Starting : ExecutionStatus.Queued,
        }).ToList();
        return (run, executions);
    }

    private async Task StoreAsync(
        Actor actor, Run run, List<Execution> executions, string? idempotencyKey, string? hash, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        if (idempotencyKey is not null)
        {
            db.Add(new IdempotencyKey { Actor = KeyOwner(actor), Key = idempotencyKey, RequestHash = hash!, RunId = run.Id, CreatedAt = run.CreatedAt });
            await db.SaveChangesAsync(cancellationToken);
        }

        await RunTables.InsertAsync(db, run, executions, cancellationToken);
        db.Publish(RunRecords.Created(actor, run, executions.Count));
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    private async Task<Result<RunView>?> FindByKeyAsync(Actor actor, string key, string hash, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var owner = KeyOwner(actor);
        var found = await db.Set<IdempotencyKey>().AsTracking().FirstOrDefaultAsync(k => k.Actor == owner && k.Key == key, cancellationToken);
        if (found is null)
        {
            return null;
        }

        if (found.CreatedAt + IdempotencyKey.Lifetime < time.GetUtcNow())
        {
            db.Remove(found);
            await db.SaveChangesAsync(cancellationToken);
            return null;
        }

        return found.RequestHash == hash ? await reader.ViewAsync(actor, found.RunId, d => MaySee(actor, d), cancellationToken) : RunErrors.KeyReused(key);
    }

    // By id: names can be given to somebody else.
    private static string KeyOwner(Actor actor) => actor.Id?.ToString() ?? actor.Name;

    private static string Hash(CreateRun request) =>
        Convert.ToHexString(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(request, OperoneJson.Default.CreateRun)));
}
