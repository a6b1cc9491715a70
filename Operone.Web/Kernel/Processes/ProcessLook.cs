using Operone.Core.Access;
using Operone.Core.Kernel;
using Operone.Web.Access;
using Operone.Web.Devices;

namespace Operone.Web.Kernel.Processes;

/// <summary>Somebody's look at a device's processes as they change. They are asked for anew each time whether they still may.</summary>
internal sealed class ProcessLook(ProcessService service, DeviceSight sight, ProcessOwners owners, Actor actor, DeviceEntry device, WatchSeat seat) : IDisposable
{
    private long _number;

    /// <summary>The device.</summary>
    public DeviceEntry Device => device;

    /// <summary>Changes how often a sample is wanted.</summary>
    public void Want(TimeSpan interval) => seat.Want(interval);

    /// <summary>Waits until there is something new; at first there is at once, though it may be that nothing is known yet. False where they may no more.</summary>
    public async Task<bool> NextAsync(CancellationToken cancellationToken)
    {
        await seat.NextAsync(cancellationToken);
        return sight.May(actor, Permissions.ProcessesRead, device.Id);
    }

    /// <summary>What is known now, with all that is needed to name what processes belong to.</summary>
    public async Task<WatchView> ViewAsync(CancellationToken cancellationToken)
    {
        var view = seat.View();
        await owners.LearnAsync(device.Id, view.Processes, cancellationToken);
        return view;
    }

    /// <summary>What a process belongs to.</summary>
    public ProcessOwner? OwnerOf(ProcessInfo process) => owners.Of(actor, device.Id, process);

    /// <summary>What has changed since this was asked last; null for nothing.</summary>
    public async Task<ProcessChanges?> ChangesAsync(CancellationToken cancellationToken)
    {
        var (news, sample) = seat.Watch.Since(_number);
        if (sample is null || news.Number == _number)
        {
            return null;
        }

        _number = news.Number;
        await owners.LearnAsync(device.Id, news.Processes, cancellationToken);
        return new ProcessChanges(
            sample.At, news.IsWhole, [.. news.Processes.Select(p => service.View(actor, device.Id, p))],
            news.Figures.Count > 0 ? news.Figures : null, news.Gone.Count > 0 ? news.Gone : null);
    }

    public void Dispose() => seat.Dispose();
}
