using System.Collections.Concurrent;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Kernel;
using Operone.Web.Access;
using Operone.Web.Channels;
using Operone.Web.Devices;

namespace Operone.Web.Kernel.Processes;

/// <summary>Who uses most, over all devices that a selector matches: asked of so many at once, for so long, and no longer.</summary>
internal sealed class ProcessTop(ProcessService service, ProcessOwners owners, ProcessRecords records, DeviceSight sight, DeviceDirectory directory, IAuditTrail audit, TimeProvider time)
{
    /// <summary>How many are named at the most.</summary>
    public const int MaxLimit = 500;

    private const int DefaultLimit = 50;
    private const int AtOnce = 32;
    private const int MaxSilent = 100;
    private static readonly TimeSpan PerDevice = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan Whole = TimeSpan.FromSeconds(30);

    /// <summary>Asks them.</summary>
    public async Task<Result<TopView>> AskAsync(Actor actor, string? selectorText, ProcessSort by, int? limit, CancellationToken cancellationToken)
    {
        if (await audit.RequireAsync(actor, Permissions.ProcessesRead, "process.top", null, cancellationToken) is { } denied)
        {
            return denied;
        }

        var selector = Selector.Parse(selectorText);
        var errors = new FieldErrors();
        errors.AddIf(limit is < 1 or > MaxLimit, "limit", $"must be 1 to {MaxLimit}");
        errors.AddIf(by is not (ProcessSort.Cpu or ProcessSort.Memory or ProcessSort.Threads), "by", "must be cpu, memory or threads");
        if ((selector.Error ?? errors.ToError()) is { } error)
        {
            return error;
        }

        var meant = sight.With(actor, Permissions.ProcessesRead).Where(d => actor.May(Permissions.DevicesRead, d.Labels) && selector.Value.Matches(d.Labels))
            .OrderBy(d => d.Name, StringComparer.OrdinalIgnoreCase).ToArray();
        await records.ComparedAsync(actor, selectorText, meant.Length, cancellationToken);
        var gathered = new Gathered(by, limit ?? DefaultLimit);
        using var patience = new CancellationTokenSource(Whole, time);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        await Parallel.ForEachAsync(meant, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken }, async (device, _) =>
            gathered.Take(device, await AskAsync(actor, device, over.Token)));
        cancellationToken.ThrowIfCancellationRequested();
        return await gathered.ViewAsync(this, actor, meant.Length, cancellationToken);
    }

    private async Task<Result<WatchView>> AskAsync(Actor actor, DeviceEntry device, CancellationToken over)
    {
        if (!directory.IsOnline(device.Id))
        {
            return ChannelErrors.DeviceOffline(device.Name);
        }

        using var patience = new CancellationTokenSource(PerDevice, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, over);
        try
        {
            return await service.ReadAsync(actor, device, either.Token);
        }
        catch (OperationCanceledException) when (either.IsCancellationRequested)
        {
            return new Error(ErrorKind.Unavailable, "process-slow", "The device has not answered in time.", patience.IsCancellationRequested
                ? $"'{device.Name}' has not answered within {PerDevice.TotalSeconds:0} seconds." : $"There was no time left to ask '{device.Name}'.");
        }
    }

    /// <summary>What the devices have answered. Of each only those are kept that may be among the first.</summary>
    private sealed class Gathered(ProcessSort by, int limit)
    {
        private readonly ConcurrentBag<SilentDevice> _silent = [];
        private readonly Lock _lock = new();
        private readonly IComparer<ProcessInfo> _comparer = ProcessOrder.Comparer(by);
        private List<(DeviceEntry Device, ProcessInfo Process, long MemoryTotal)> _first = [];
        private int _answered;
        private int _total;

        public void Take(DeviceEntry device, Result<WatchView> answer)
        {
            if (answer.Error is { } error)
            {
                _silent.Add(new SilentDevice(device.Id, device.Name, error.Detail));
                return;
            }

            var view = answer.Value;
            lock (_lock)
            {
                _answered++;
                _total += view.Processes.Count;
                _first = [.. _first.Concat(view.Processes.Select(p => (device, p, view.Sample!.MemoryTotal))).OrderBy(p => p.Item2, _comparer).Take(limit)];
            }
        }

        public async Task<TopView> ViewAsync(ProcessTop top, Actor actor, int devices, CancellationToken cancellationToken)
        {
            foreach (var group in _first.GroupBy(f => f.Device.Id))
            {
                await top.Owners.LearnAsync(group.Key, group.Select(f => f.Process), cancellationToken);
            }

            return new TopView(
                top.Time.GetUtcNow(), devices, _answered, _total,
                [.. _first.Select(f => new TopProcess(
                    f.Device.Id, f.Device.Name, top.Service.View(actor, f.Device.Id, f.Process),
                    f.MemoryTotal > 0 && f.Process.Figures.Memory is { } memory ? Math.Round(100.0 * memory / f.MemoryTotal, 1) : null))],
                [.. _silent.OrderBy(s => s.Device, StringComparer.OrdinalIgnoreCase).Take(MaxSilent)]);
        }
    }

    private ProcessOwners Owners => owners;

    private ProcessService Service => service;

    private TimeProvider Time => time;
}
