using System.Net.WebSockets;
using Operone.Core.Channels;
using Operone.Core.Errors;
using Operone.Core.Files;
using Operone.Web.Access;
using Operone.Web.Channels;
using Operone.Web.Devices;

namespace Operone.Web.Files;

/// <summary>
/// Channels to devices' files, kept open for a while: opening one costs more than most calls. Each belongs to one person and one device, and
/// counts against their limits.
/// </summary>
internal sealed class FileChannels(ChannelBroker broker, IHostApplicationLifetime lifetime, TimeProvider time) : BackgroundService
{
    /// <summary>How long one that nobody uses is kept.</summary>
    public static readonly TimeSpan Keep = TimeSpan.FromSeconds(30);

    private const int MaxKept = 8;

    /// <summary>How lately one must have been used for what is not to be done twice.</summary>
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private readonly Dictionary<(Guid Person, Guid Device), Stack<FileChannel>> _kept = [];

    /// <summary>
    /// A channel on which the call has begun, and what was said first. What breaks before that on a channel that was kept is tried again on a new
    /// one, unless it changes something: that may have been done, and takes a channel that was good a moment ago.
    /// </summary>
    public async Task<Result<(FileChannel Channel, FileReply First)>> CallAsync(Actor actor, DeviceEntry device, FileCall call, CancellationToken cancellationToken)
    {
        var changes = call.Op is FileOps.Commit or FileOps.MakeFolder or FileOps.MakeLink or FileOps.Rename or FileOps.Remove or FileOps.Change;
        while (true)
        {
            var kept = Take(actor, device, changes ? Fresh : Keep);
            if (kept is null && await broker.OpenAsync(actor, device, ChannelPurposes.Files, Guid.Empty, "{}", cancellationToken) is var opened)
            {
                if (opened.IsError)
                {
                    return opened.Error!;
                }

                kept = new FileChannel(opened.Value, time);
                var begun = await BeginAsync(kept, call, cancellationToken);
                return begun is null ? FileErrors.Lost(device.Name) : (kept, begun);
            }

            if (await BeginAsync(kept!, call, cancellationToken) is { } first)
            {
                return (kept!, first);
            }

            if (changes)
            {
                return FileErrors.Lost(device.Name);
            }
        }
    }

    /// <summary>Gives a channel back. One whose call is not over is closed: that ends the call on the device.</summary>
    public void Return(Actor actor, DeviceEntry device, FileChannel channel)
    {
        if (!channel.IsBusy && channel.IsOpen && !lifetime.ApplicationStopping.IsCancellationRequested)
        {
            lock (_lock)
            {
                var key = (actor.OwnerId, device.Id);
                if (!_kept.TryGetValue(key, out var stack))
                {
                    _kept[key] = stack = new();
                }

                if (stack.Count < MaxKept)
                {
                    stack.Push(channel);
                    return;
                }
            }
        }

        channel.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // the server waits for what is open: a node that stops lets them go first, not when its turn comes
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, lifetime.ApplicationStopping);
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(5), time);
        try
        {
            while (await timer.WaitForNextTickAsync(stopping.Token))
            {
                Clear(channel => !channel.IsOpen || time.GetElapsedTime(channel.IdleSince) > Keep);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            Clear(static _ => true);
        }
    }

    /// <summary>Null where the channel is of no use: it is closed then.</summary>
    private static async Task<FileReply?> BeginAsync(FileChannel channel, FileCall call, CancellationToken cancellationToken)
    {
        try
        {
            await channel.CallAsync(call, cancellationToken);
            return await channel.ReplyAsync(cancellationToken);
        }
        catch (Exception problem) when (problem is WebSocketException or IOException or ObjectDisposedException or InvalidOperationException)
        {
            channel.Dispose();
            return null;
        }
        catch
        {
            channel.Dispose();
            throw;
        }
    }

    private FileChannel? Take(Actor actor, DeviceEntry device, TimeSpan idle)
    {
        lock (_lock)
        {
            var key = (actor.OwnerId, device.Id);
            while (_kept.TryGetValue(key, out var stack) && stack.TryPop(out var channel))
            {
                if (channel.IsOpen && time.GetElapsedTime(channel.IdleSince) <= idle)
                {
                    return channel;
                }

                channel.Dispose();
            }

            return null;
        }
    }

    private void Clear(Func<FileChannel, bool> which)
    {
        lock (_lock)
        {
            foreach (var (key, stack) in _kept.ToArray())
            {
                var all = stack.Reverse().ToLookup(which);
                foreach (var channel in all[true])
                {
                    channel.Dispose();
                }

                if (all[false].Any())
                {
                    _kept[key] = new(all[false]);
                }
                else
                {
                    _kept.Remove(key);
                }
            }
        }
    }
}
