using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Text;
using Microsoft.Extensions.Logging;
using Operone.Agent.Connection;
using Operone.Core.Channels;

namespace Operone.Agent.Channels;

/// <summary>The channels that are open on this device, and those that are being opened.</summary>
internal sealed partial class OpenChannels(ChannelDialer dialer, IChannelTargets targets, IReadOnlyList<IChannelService> services, ILogger<OpenChannels> logger)
    : IMessageHandler<OpenChannel>, IAsyncDisposable
{
    /// <summary>The most at once. The server has a limit of its own, which is lower.</summary>
    private const int MaxOpen = 4096;

    private readonly ConcurrentDictionary<Guid, Task> _open = new();
    private readonly CancellationTokenSource _stop = new();

    /// <summary>Takes <see cref="OpenChannel"/>.</summary>
    public Task HandleAsync(OpenChannel message)
    {
        if (_open.Count >= MaxOpen || _stop.IsCancellationRequested)
        {
            Log.Full(logger, message.ChannelId, MaxOpen);
            return Task.CompletedTask; // the node gives up after its ten seconds, and says so
        }

        var start = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (_open.TryAdd(message.ChannelId, RunAsync(message, start.Task)))
        {
            start.SetResult();
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_open.Values);
        dialer.Dispose();
        _stop.Dispose();
    }

    private async Task RunAsync(OpenChannel channel, Task start)
    {
        await start;
        try
        {
            await CarryAsync(channel, _stop.Token);
        }
        catch (Exception problem) when (problem is WebSocketException or HttpRequestException or IOException or OperationCanceledException or System.Net.Sockets.SocketException)
        {
            if (!_stop.IsCancellationRequested)
            {
                Log.NotOpened(logger, channel.ChannelId, channel.Purpose, problem.Message);
            }
        }
#pragma warning disable CA1031 // one channel that fails in a way nobody foresaw must not end the others; it is logged whole
        catch (Exception bug)
#pragma warning restore CA1031
        {
            Log.Broke(logger, bug, channel.ChannelId);
        }
        finally
        {
            _open.TryRemove(channel.ChannelId, out _);
        }
    }

    private async Task CarryAsync(OpenChannel channel, CancellationToken cancel)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        patience.CancelAfter(TimeSpan.FromSeconds(ChannelLimits.JoinSeconds));
        if (services.FirstOrDefault(s => s.Purpose == channel.Purpose) is { } service)
        {
            using var served = await dialer.DialAsync(channel, patience.Token);
            await service.ServeAsync(channel, served, cancel);
            return;
        }

        var connecting = targets.ConnectAsync(channel.Purpose, channel.Target, patience.Token).AsTask();
        ClientWebSocket socket;
        try
        {
            socket = await dialer.DialAsync(channel, patience.Token);
        }
        catch
        {
            if (await connecting is { IsError: false } made)
            {
                made.Value.Dispose();
            }

            throw;
        }

        using (socket)
        {
            var target = await connecting;
            if (target.Error is { } refusal)
            {
                await socket.CloseAsync(WebSocketCloseStatus.EndpointUnavailable, ChannelRelay.Reason(Encoding.UTF8.GetBytes(refusal.Detail)), patience.Token);
                return;
            }

            using var local = target.Value;
            var hello = Encoding.UTF8.GetBytes(channel.Hello);
            var frame = new byte[ChannelFrames.HeadBytes + hello.Length];
            ChannelFrames.WriteHead(frame, ChannelFrames.Control, hello.Length);
            hello.CopyTo(frame, ChannelFrames.HeadBytes);
            await local.WriteAsync(frame, cancel);
            await new ChannelRelay(socket, local).RunAsync(cancel);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Channel {Id} is not opened: {Max} are open already")]
        public static partial void Full(ILogger logger, Guid id, int max);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Channel {Id} for a {Purpose} could not be opened: {Problem}")]
        public static partial void NotOpened(ILogger logger, Guid id, string purpose, string problem);

        [LoggerMessage(Level = LogLevel.Error, Message = "Channel {Id} broke")]
        public static partial void Broke(ILogger logger, Exception exception, Guid id);
    }
}
