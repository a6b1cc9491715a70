using Operone.Core;
using Operone.Core.Errors;
using Operone.Core.Shell;
using Operone.Web.Access;

namespace Operone.Web.Shell;

/// <summary>Which runs a list shows. All that is given must hold.</summary>
/// <param name="Status">In this state.</param>
/// <param name="DeviceId">Aimed at this device.</param>
/// <param name="Text">With this in the command line or in who made it.</param>
/// <param name="Limit">How many, 1 to 500.</param>
/// <param name="Cursor">Where the page before ended.</param>
internal sealed record RunQuery(RunStatus? Status = null, Guid? DeviceId = null, string? Text = null, int Limit = 50, string? Cursor = null);

/// <summary>The use cases of runs: create, look, cancel. Every door calls these.</summary>
internal sealed class RunService
{
#pragma warning disable CA1822, IDE0060
    /// <summary>Accepts a run, stores it, and tells the devices that are connected.</summary>
    public Task<Result<RunView>> CreateAsync(Actor actor, CreateRun request, string? idempotencyKey, CancellationToken cancellationToken) =>
        throw new InvalidOperationException("Being built.");

    /// <summary>A run with its executions.</summary>
    public Task<Result<RunView>> GetAsync(Actor actor, Guid runId, CancellationToken cancellationToken) =>
        throw new InvalidOperationException("Being built.");

    /// <summary>A page of runs, newest first, without executions.</summary>
    public Task<Result<Page<RunView>>> ListAsync(Actor actor, RunQuery query, CancellationToken cancellationToken) =>
        throw new InvalidOperationException("Being built.");

    /// <summary>Ends a run: what is queued at once, what runs on the devices.</summary>
    public Task<Result<RunView>> CancelAsync(Actor actor, Guid runId, CancellationToken cancellationToken) =>
        throw new InvalidOperationException("Being built.");
}
