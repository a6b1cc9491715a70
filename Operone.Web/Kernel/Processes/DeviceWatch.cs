using System.Net.WebSockets;
using System.Text.Json;
using Operone.Core.Errors;
using Operone.Core.Kernel;
using Operone.Web.Access;
using Operone.Web.Channels;
using Operone.Web.Devices;

namespace Operone.Web.Kernel.Processes;

/// <summary>What is known of a device's processes at a moment.</summary>
/// <param name="Number">The sample's number; 0 before the first.</param>
/// <param name="Sample">What holds of it.</param>
/// <param name="Processes">The processes.</param>
/// <param name="Problem">Why there is nothing newer; null where all is well.</param>
/// <param name="ReceivedAt">This node's timestamp of the sample: a device's clock may be wrong.</param>
internal sealed record WatchView(long Number, ProcessSample? Sample, IReadOnlyList<ProcessInfo> Processes, Error? Problem, long ReceivedAt = 0);

/// <summary>
/// The watch of one device, for all who look through this node. It goes on while somebody does: when the device is away it waits, and what
/// is shown stays. Each sample that comes is one step, and who is slow skips some.
/// </summary>
internal sealed partial class DeviceWatch
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);

    private readonly AgentProcesses _agents;
    private readonly DeviceDirectory _directory;
    private readonly Actor _actor;
    private readonly DeviceEntry _device;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _lock = new();
    private readonly List<WatchSeat> _seats = [];
    private readonly CancellationTokenSource _stop;
    private readonly ProcessTable _table = new();
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource _wanted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _step;
    private long _receivedAt;
    private Error? _problem;

    /// <summary>Begins to watch, in the name of who looks first.</summary>
    public DeviceWatch(AgentProcesses agents, DeviceDirectory directory, Actor actor, DeviceEntry device, TimeProvider time, ILogger logger, CancellationToken stopping)
    {
        (_agents, _directory, _actor, _device, _time, _logger) = (agents, directory, actor, device, time, logger);
        _stop = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        var stop = _stop.Token;
        Ended = Task.Run(() => RunAsync(stop), CancellationToken.None);
    }

    public Guid DeviceId => _device.Id;

    /// <summary>The watch's own end.</summary>
    public Task Ended { get; }

    /// <summary>Takes somebody in.</summary>
    public WatchSeat Sit(TimeSpan interval, Action<WatchSeat> leave)
    {
        lock (_lock)
        {
            var seat = new WatchSeat(this, interval, leave);
            _seats.Add(seat);
            _wanted.TrySetResult();
            return seat;
        }
    }

    /// <summary>Somebody leaves. True where they were the last: the watch is over.</summary>
    public bool Leave(WatchSeat seat)
    {
        lock (_lock)
        {
            _seats.Remove(seat);
            _wanted.TrySetResult();
            if (_seats.Count > 0)
            {
                return false;
            }
        }

        _stop.Cancel();
        _stop.Dispose();
        return true;
    }

    /// <summary>Somebody wants another pace.</summary>
    public void Want() => _wanted.TrySetResult();

    public WatchView View()
    {
        lock (_lock)
        {
            return new WatchView(_table.Number, _table.Sample, _table.All, _problem, _receivedAt);
        }
    }

    /// <summary>What has changed since a number of the table.</summary>
    public (ProcessNews News, ProcessSample? Sample) Since(long number)
    {
        lock (_lock)
        {
            return (_table.Since(number), _table.Sample);
        }
    }

    /// <summary>Waits for another step than the one that is known. Gives its number.</summary>
    public async Task<long> ChangedAsync(long step, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task changed;
            lock (_lock)
            {
                if (_step != step)
                {
                    return _step;
                }

                changed = _changed.Task;
            }

            await changed.WaitAsync(cancellationToken);
        }
    }

    private async Task RunAsync(CancellationToken stop)
    {
        try
        {
            var pause = FirstPause;
            while (!stop.IsCancellationRequested)
            {
                var before = _table.Number;
                var problem = await WatchAsync(stop);
                pause = _table.Number > before ? FirstPause : pause < LongestPause ? pause * 2 : LongestPause;
                Tell(() => _problem = problem);
                await WaitAsync(Next(), pause, stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // the last has left, or the node stops
        }
#pragma warning disable CA1031 // who looks is told; the node goes on
        catch (Exception bug)
#pragma warning restore CA1031
        {
            Log.Broke(_logger, bug, _device.Name);
            Tell(() => _problem = ProcessErrors.Lost(_device.Name));
        }
    }

    /// <summary>Watches until it ends, and says why it has.</summary>
    private async Task<Error> WatchAsync(CancellationToken stop)
    {
        var opened = await _agents.OpenAsync(_actor, _device, stop);
        if (opened.IsError)
        {
            return opened.Error!;
        }

        using var channel = opened.Value;
        using var over = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var renewing = RenewAsync(channel, over.Token);
        try
        {
            while (await channel.ReceiveAsync(stop) is { } reply)
            {
                if (reply.Problem is { } problem)
                {
                    return ProcessErrors.From(_device.Name, problem);
                }

                if (!Take(reply))
                {
                    return ProcessErrors.NotUnderstood(_device.Name);
                }
            }

            return channel.CloseReason is { Length: > 0 } reason ? ChannelErrors.Ended(_device.Name, reason) : ProcessErrors.Lost(_device.Name);
        }
        catch (JsonException)
        {
            return ProcessErrors.NotUnderstood(_device.Name);
        }
        catch (Exception problem) when (problem is WebSocketException or IOException or ObjectDisposedException)
        {
            return _directory.IsOnline(_device.Id) ? ProcessErrors.Lost(_device.Name) : ChannelErrors.DeviceOffline(_device.Name);
        }
        finally
        {
            await over.CancelAsync();
            await renewing;
        }
    }

    private bool Take(ProcessReply reply)
    {
        var isSensible = false;
        if (reply.Sample is null)
        {
            lock (_lock)
            {
                return _table.Apply(reply);
            }
        }

        Tell(() => (isSensible, _problem, _receivedAt) = (_table.Apply(reply), null, _time.GetTimestamp()));
        return isSensible;
    }

    /// <summary>Says how often samples are wanted, and that somebody still looks.</summary>
    private async Task RenewAsync(ProcessChannel channel, CancellationToken over)
    {
        try
        {
            var said = 0;
            while (true)
            {
                var wanted = Wanted();
                await channel.CallAsync(wanted == said ? new ProcessCall { Op = ProcessOps.Renew } : new ProcessCall { Op = ProcessOps.Watch, IntervalMilliseconds = wanted }, over);
                said = wanted;
                var renew = _time.GetTimestamp();
                while (Next() is var next && Wanted() == said && _time.GetElapsedTime(renew) < TimeSpan.FromSeconds(ProcessLimits.RenewSeconds))
                {
                    await WaitAsync(next, TimeSpan.FromSeconds(ProcessLimits.RenewSeconds), over);
                }
            }
        }
        catch (Exception known) when (known is OperationCanceledException or WebSocketException or IOException or ObjectDisposedException)
        {
            // the watch is over, or the connection is gone: who receives finds out
        }
    }

    private int Wanted()
    {
        lock (_lock)
        {
            return _seats.Count == 0 ? ProcessLimits.DefaultInterval : (int)_seats.Min(s => s.Interval).TotalMilliseconds;
        }
    }

    /// <summary>The next time that somebody comes, goes or wants another pace. Asked for before it is looked how things stand, it misses none.</summary>
    private Task Next()
    {
        lock (_lock)
        {
            _wanted = _wanted.Task.IsCompleted ? new(TaskCreationOptions.RunContinuationsAsynchronously) : _wanted;
            return _wanted.Task;
        }
    }

    /// <summary>Waits for a time, or until that.</summary>
    private async Task WaitAsync(Task wanted, TimeSpan pause, CancellationToken cancellationToken)
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(wanted, Task.Delay(pause, _time, enough.Token));
        await enough.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
    }

    private void Tell(Action change)
    {
        TaskCompletionSource told;
        lock (_lock)
        {
            change();
            _step++;
            (told, _changed) = (_changed, new(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        told.SetResult();
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "The watch of the processes of {Device} broke")]
        public static partial void Broke(ILogger logger, Exception exception, string device);
    }
}

/// <summary>Somebody who looks at a device's processes.</summary>
internal sealed class WatchSeat(DeviceWatch watch, TimeSpan interval, Action<WatchSeat> leave) : IDisposable
{
    private int _hasLeft;
    private long _step = -1;

    public DeviceWatch Watch => watch;

    /// <summary>How often they want a sample at least.</summary>
    public TimeSpan Interval { get; private set; } = interval;

    /// <summary>Changes how often.</summary>
    public void Want(TimeSpan interval)
    {
        Interval = interval;
        watch.Want();
    }

    /// <summary>Waits until there is something that they have not seen: at first, at once.</summary>
    public async Task NextAsync(CancellationToken cancellationToken) => _step = await watch.ChangedAsync(_step, cancellationToken);

    /// <summary>What is known now.</summary>
    public WatchView View() => watch.View();

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _hasLeft, 1) == 0)
        {
            leave(this);
        }
    }
}
