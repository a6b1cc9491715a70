using Microsoft.EntityFrameworkCore;
using Operone.Core.Errors;
using Operone.Core.Shell;
using Operone.Web.Access;
using Operone.Web.Data;
using Operone.Web.Devices;
using Operone.Web.Shell.Environments;
using Operone.Web.Shell.Sandbox;

namespace Operone.Web.Shell;

/// <summary>A run that is made but neither stored nor sent.</summary>
/// <param name="Run">The run.</param>
/// <param name="Executions">Its executions.</param>
/// <param name="Target">The devices: who asked may do it on these, and not on those that were left out.</param>
internal sealed record PreparedRun(Run Run, IReadOnlyList<Execution> Executions, TargetedDevices Target);

/// <summary>
/// Makes runs for a lower room that keeps its own books: it stores the run along with what it writes itself, in one transaction, and sends it after
/// that. Whether who asks may act on the devices, that room has checked by its own permission; environments and sandbox are checked here as ever.
/// </summary>
internal sealed class RunStart(
    DeviceDirectory devices, SandboxChoice sandboxes, EnvironmentUse environments, EnvironmentVault vault, ExecutionWriter writer, ExecutionDispatch dispatch,
    RunRecords records, IDbContextFactory<OperoneDb> databases, TimeProvider time)
{
    private static readonly Dictionary<string, string> NoVariables = [];

    /// <summary>Makes one.</summary>
    /// <param name="actor">In whose name.</param>
    /// <param name="request">What is to be done; its target is not looked at.</param>
    /// <param name="on">The devices.</param>
    /// <param name="variables">Variables that win over all others.</param>
    /// <param name="secrets">The same, masked in outputs and stored sealed.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public Task<Result<PreparedRun>> PrepareAsync(
        Actor actor, CreateRun request, IReadOnlyList<DeviceEntry> on, IReadOnlyDictionary<string, string> variables, IReadOnlyDictionary<string, string> secrets,
        CancellationToken cancellationToken) =>
        PrepareAsync(actor, request, on, variables, secrets, null, cancellationToken);

    /// <summary>Makes an instance of a workload on one device. It is held to the needs of the request's placement.</summary>
    /// <param name="actor">In whose name.</param>
    /// <param name="request">What is to be done; its target is not looked at.</param>
    /// <param name="on">The device.</param>
    /// <param name="supervision">How its host cares for it.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public Task<Result<PreparedRun>> PrepareAsync(Actor actor, CreateRun request, DeviceEntry on, Supervision supervision, CancellationToken cancellationToken) =>
        PrepareAsync(actor, request, [on], NoVariables, NoVariables, supervision, cancellationToken);

    private async Task<Result<PreparedRun>> PrepareAsync(
        Actor actor, CreateRun request, IReadOnlyList<DeviceEntry> on, IReadOnlyDictionary<string, string> variables, IReadOnlyDictionary<string, string> secrets,
        Supervision? supervision, CancellationToken cancellationToken)
    {
        request = request with { Target = new([.. on.Select(d => d.Id.ToString())], OnlyPermitted: true) };
        if (RunLimits.Check(request) is { } invalid)
        {
            return invalid;
        }

        var resolved = await environments.ResolveAsync(actor, request, new(on, [], new Dictionary<Guid, int>()), cancellationToken);
        if (resolved.IsError)
        {
            return resolved.Error!;
        }

        var sandbox = await sandboxes.ResolveAsync(actor, request.Sandbox, request.RunAs, cancellationToken);
        if (sandbox.IsError)
        {
            return sandbox.Error!;
        }

        var (target, given) = resolved.Value;
        var all = RunVariables.With(given, request.Environment, variables, secrets);
        request = request with { Sandbox = sandbox.Value.Name, Target = new([.. target.Devices.Select(d => d.Name)]), Supervision = supervision };
        var now = time.GetUtcNow();
        var id = Guid.CreateVersion7(now);
        var run = new Run
        {
            Id = id,
            Kind = supervision is null ? RunKind.Job : RunKind.Workload,
            Status = RunStatus.Running,
            Request = request with { StdinBase64 = null },
            Stdin = RunLimits.Stdin(request),
            Sandbox = request.Placement is { } placement ? placement.Hold(sandbox.Value.Spec) : sandbox.Value.Spec,
            SealedEnvironment = vault.SealRun(id, all),
            Summary = RunLimits.Summary(request),
            CreatedBy = actor.Name,
            CreatedById = actor.Id,
            CreatedAt = now,
            ExpiresAt = now.AddSeconds(request.ExpiresInSeconds ?? RunLimits.DefaultExpirySeconds),
        };
        return new PreparedRun(run, [.. target.Devices.Select(device => new Execution
        {
            Id = Guid.CreateVersion7(now),
            RunId = id,
            DeviceId = device.Id,
            DeviceName = device.Name,
            Status = devices.IsOnline(device.Id) ? ExecutionStatus.Starting : ExecutionStatus.Queued,
            NewestBytes = supervision is null ? null : request.OutputLimitBytes ?? RunLimits.DefaultOutputLimitBytes,
        })], target);
    }

    /// <summary>Stores it in the context's present transaction.</summary>
    public static Task InsertAsync(OperoneDb db, PreparedRun prepared, CancellationToken cancellationToken) =>
        RunTables.InsertAsync(db, prepared.Run, prepared.Executions, cancellationToken);

    /// <summary>Sends it, once it is stored.</summary>
    public async Task SendAsync(Actor actor, PreparedRun prepared, CancellationToken cancellationToken)
    {
        await BeginAsync(prepared.Run, prepared.Executions, cancellationToken);
        await records.CreatedAsync(actor, prepared.Run, prepared.Target, cancellationToken);
    }

    /// <summary>Tells the devices that are connected to begin what was stored just now.</summary>
    public async Task BeginAsync(Run run, IReadOnlyList<Execution> executions, CancellationToken cancellationToken)
    {
        writer.Track(executions);

        // a device that has come since they were made compared what it has before they were stored: nobody else would tell it
        var come = executions.Where(e => e.Status == ExecutionStatus.Queued && devices.IsOnline(e.DeviceId)).ToArray();
        await writer.MarkStartingAsync([.. come.Select(e => e.Id)], cancellationToken);
        await dispatch.StartAsync(run, executions.Where(e => e.Status == ExecutionStatus.Starting).Concat(come), cancellationToken);
    }

    /// <summary>Sends again what was stored and perhaps never sent. A device that has it already leaves it as it is.</summary>
    public async Task SendAgainAsync(IReadOnlyList<Guid> executionIds, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var waiting = await db.Set<Execution>().Where(e => executionIds.Contains(e.Id) && e.Status == ExecutionStatus.Starting && e.CancelledAt == null).ToListAsync(cancellationToken);
        var runIds = waiting.Select(e => e.RunId).Distinct().ToArray();
        foreach (var run in await db.Set<Run>().Where(r => runIds.Contains(r.Id) && r.CancelledAt == null).ToListAsync(cancellationToken))
        {
            await dispatch.StartAsync(run, waiting.Where(e => e.RunId == run.Id), cancellationToken);
        }
    }

    /// <summary>Ends executions: what is queued at once, what runs on its device.</summary>
    public async Task CancelAsync(IReadOnlyList<(Guid DeviceId, Guid ExecutionId)> executions, string reason, CancellationToken cancellationToken, double graceSeconds = 5)
    {
        var (ids, now) = (executions.Select(e => e.ExecutionId).ToArray(), time.GetUtcNow());
        await using (var db = await databases.CreateDbContextAsync(cancellationToken))
        {
            await db.Set<Execution>().Where(e => EF.Parameter(ids).Contains(e.Id) && e.CancelledAt == null && e.EndedAt == null)
                .ExecuteUpdateAsync(e => e.SetProperty(x => x.CancelledAt, now), cancellationToken);
        }

        await writer.EndAsync(ids, [ExecutionStatus.Queued], ExecutionStatus.Cancelled, reason, cancellationToken);
        await dispatch.CancelAsync(executions.Select(e => (e.DeviceId, new CancelExecution(e.ExecutionId, graceSeconds))), cancellationToken);
    }
}
