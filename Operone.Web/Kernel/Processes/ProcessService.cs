using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Kernel;
using Operone.Web.Access;
using Operone.Web.Channels;
using Operone.Web.Devices;

namespace Operone.Web.Kernel.Processes;

/// <summary>Which processes a list shows, and how.</summary>
/// <param name="Sort">By what.</param>
/// <param name="Reversed">Whether the other way around than usual.</param>
/// <param name="Tree">Whether as a tree: what matches a text is shown with its ancestors.</param>
/// <param name="Text">With this in the command line, the user's name or as the number.</param>
/// <param name="Limit">How many, 1 to 20,000; null for all.</param>
internal sealed record ProcessQuery(ProcessSort Sort = ProcessSort.Cpu, bool Reversed = false, bool Tree = false, string? Text = null, int? Limit = null);

/// <summary>The use cases of a device's processes: list, watch, look, signal. Every door calls these.</summary>
internal sealed class ProcessService(
    AgentProcesses agents, ProcessWatches watches, ProcessOwners owners, ProcessRecords records, DeviceSight sight, DeviceDirectory directory, TimeProvider time)
{
    /// <summary>How old a sample may be that somebody else's look has brought, to be taken for the present.</summary>
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(3);

    /// <summary>A device's processes as they are now.</summary>
    public async Task<Result<ProcessListView>> ListAsync(Actor actor, string idOrName, ProcessQuery query, CancellationToken cancellationToken)
    {
        if (query.Limit is < 1 or > ProcessLimits.MaxProcesses)
        {
            return Error.InvalidField("limit", $"must be 1 to {ProcessLimits.MaxProcesses}");
        }

        var device = await sight.RequireAsync(actor, Permissions.ProcessesRead, idOrName, "process.list", cancellationToken);
        if (device.IsError)
        {
            return device.Error!;
        }

        await records.ListedAsync(actor, device.Value, cancellationToken);
        var read = await ReadAsync(actor, device.Value, cancellationToken);
        if (read.IsError)
        {
            return read.Error!;
        }

        var (sample, all) = (read.Value.Sample!, read.Value.Processes);
        await owners.LearnAsync(device.Value.Id, all, cancellationToken);
        var placed = ProcessFilter.Place(all, query);
        return new ProcessListView(
            device.Value.Id, device.Value.Name, sample.At, sample.Cores, sample.MemoryTotal, all.Count,
            [.. placed.Take(query.Limit ?? placed.Count).Select(p => View(actor, device.Value.Id, p.Process) with
            {
                Depth = query.Tree ? p.Depth : null,
                Descendants = query.Tree ? p.Descendants : null,
            })],
            sample.Missing, sample.Milliseconds);
    }

    /// <summary>A device's processes, without asking whether the actor may: for <see cref="ProcessTop"/>, which has.</summary>
    public async Task<Result<WatchView>> ReadAsync(Actor actor, DeviceEntry device, CancellationToken cancellationToken)
    {
        if (watches.Now(device.Id) is { Problem: null, Number: > 1 } now && time.GetElapsedTime(now.ReceivedAt) < Fresh)
        {
            return now;
        }

        var listed = await agents.ListAsync(actor, device, cancellationToken);
        return listed.IsError ? listed.Error! : new WatchView(listed.Value.Number, listed.Value.Sample, listed.Value.All, null);
    }

    /// <summary>Looks at a device's processes as they change, until what it gives is disposed.</summary>
    public async Task<Result<ProcessLook>> WatchAsync(Actor actor, string idOrName, TimeSpan interval, CancellationToken cancellationToken)
    {
        if (interval.TotalMilliseconds is < ProcessLimits.MinInterval or > ProcessLimits.MaxInterval)
        {
            return Error.InvalidField("interval", $"must be {ProcessLimits.MinInterval} to {ProcessLimits.MaxInterval} milliseconds");
        }

        var device = await sight.RequireAsync(actor, Permissions.ProcessesRead, idOrName, "process.watch", cancellationToken);
        if (device.IsError)
        {
            return device.Error!;
        }

        await records.ListedAsync(actor, device.Value, cancellationToken);
        return new ProcessLook(this, sight, owners, actor, device.Value, watches.Look(actor, device.Value, interval));
    }

    /// <summary>One process, closely.</summary>
    /// <param name="actor">Who asks.</param>
    /// <param name="idOrName">The device.</param>
    /// <param name="pid">The process's number.</param>
    /// <param name="start">Its start; null for whoever has the number now.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<Result<ProcessDetailsView>> LookAsync(Actor actor, string idOrName, int pid, long? start, CancellationToken cancellationToken)
    {
        var device = await sight.RequireAsync(actor, Permissions.ProcessesRead, idOrName, "process.read", cancellationToken);
        if (device.IsError)
        {
            return device.Error!;
        }

        var found = await agents.LookAsync(actor, device.Value, new ProcessIdentity(pid, start ?? 0), cancellationToken);
        if (found.IsError)
        {
            return found.Error!;
        }

        var details = found.Value;
        await records.LookedAsync(actor, device.Value, details.Process, cancellationToken);
        await owners.LearnAsync(device.Value.Id, [details.Process], cancellationToken);
        return new ProcessDetailsView
        {
            Process = View(actor, device.Value.Id, details.Process),
            Executable = details.Executable,
            Directory = details.Directory,
            Proportional = details.Proportional,
            Swap = details.Swap,
            Virtual = details.Virtual,
            CpuSeconds = details.CpuSeconds,
            ReadBytes = details.ReadBytes,
            WrittenBytes = details.WrittenBytes,
            FileCount = details.FileCount,
            Files = details.Files,
            Group = details.Group,
            Missing = details.Missing,
        };
    }

    /// <summary>Sends a process, or a tree of them, a signal.</summary>
    public async Task<Result<ProcessSignalled>> SignalAsync(Actor actor, string idOrName, int pid, SignalProcess request, CancellationToken cancellationToken)
    {
        var device = await sight.RequireAsync(actor, Permissions.ProcessesSignal, idOrName, "process.signal", cancellationToken);
        if (device.IsError)
        {
            return device.Error!;
        }

        if (request.Start is not { } start)
        {
            return ProcessErrors.StartMissing(pid);
        }

        if (ProcessSignals.Parse(request.Signal ?? ProcessSignals.Term) is not { } signal)
        {
            return Error.InvalidField("signal", $"must be a number from 1 to 64 or one of {string.Join(", ", ProcessSignals.All)}");
        }

        if (!directory.IsOnline(device.Value.Id))
        {
            return ChannelErrors.DeviceOffline(device.Value.Name);
        }

        // what was sent is noted, whether or not somebody still waits
        var done = await agents.SignalAsync(actor, device.Value, new ProcessIdentity(pid, start), signal, request.Tree, CancellationToken.None);
        await records.SignalledAsync(actor, device.Value, pid, request with { Signal = signal }, done);
        return done;
    }

    /// <summary>A process as the actor sees it.</summary>
    public ProcessView View(Actor actor, Guid deviceId, ProcessInfo process) => new()
    {
        Pid = process.Pid,
        Start = process.Start,
        Parent = process.Parent,
        Name = process.Name,
        Command = CommandText.Of(process),
        Arguments = process.Arguments,
        Cut = process.IsCut,
        Withheld = process.IsWithheld,
        User = process.User,
        StartedAt = process.StartedAt,
        Kernel = process.IsKernel,
        Cpu = process.Figures.Cpu,
        Memory = process.Figures.Memory,
        Threads = process.Figures.Threads,
        State = process.Figures.State,
        Part = process.Part,
        Owner = owners.Of(actor, deviceId, process),
    };
}
