using Operone.Core.Shell;

namespace Operone.Web.Shell;

/// <summary>What the agents' hub hands to the room Shell. The device's id comes from the authenticated connection.</summary>
internal interface IExecutionReports
{
    /// <summary>
    /// Settles what a device that has just connected knows with what is stored, and sends it what it should start or end.
    /// </summary>
    Task<ExecutionReconciliation> ReconcileAsync(Guid deviceId, ExecutionInventory inventory, CancellationToken cancellationToken);

    /// <summary>Takes news of an execution. Returns once queued; while the queue is full it waits, and so holds the agent back.</summary>
    ValueTask ReportAsync(Guid deviceId, ExecutionReport report, CancellationToken cancellationToken);
}
