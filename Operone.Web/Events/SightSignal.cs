using Operone.Web.Access;

namespace Operone.Web.Events;

/// <summary>Tells who looks at something that who may see what has changed: they read again what they still may.</summary>
internal sealed class SightSignal(AccessDirectory access, LiveChanges changes) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        access.Changed += Signal;
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        access.Changed -= Signal;
        return Task.CompletedTask;
    }

    private void Signal() => changes.SignalHere(LiveChanges.Sight);
}
