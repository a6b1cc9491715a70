using Operone.Web.Access;

namespace Operone.Web.Events;

/// <summary>Tells who looks at the audit trail that there is more of it.</summary>
internal sealed class AuditSignal(AuditTrail trail, LiveChanges changes) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        trail.Appended += Signal;
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        trail.Appended -= Signal;
        return Task.CompletedTask;
    }

    private void Signal() => changes.Signal(LiveChanges.Audit);
}
