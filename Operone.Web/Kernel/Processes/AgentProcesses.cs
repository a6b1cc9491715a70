using System.Net.WebSockets;
using System.Text.Json;
using Operone.Core.Channels;
using Operone.Core.Connection;
using Operone.Core.Errors;
using Operone.Core.Kernel;
using Operone.Web.Access;
using Operone.Web.Channels;
using Operone.Web.Devices;

namespace Operone.Web.Kernel.Processes;

/// <summary>Asks devices for their processes, over channels to their agents: one for each question, and one for each watch.</summary>
internal sealed class AgentProcesses(ChannelBroker broker)
{
    /// <summary>How long a device may take for an answer.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    /// <summary>All processes of a device, as they are now.</summary>
    public async Task<Result<ProcessTable>> ListAsync(Actor actor, DeviceEntry device, CancellationToken cancellationToken)
    {
        var table = new ProcessTable();
        var last = await CallAsync(actor, device, new ProcessCall { Op = ProcessOps.List }, table.Apply, cancellationToken);
        return last.IsError ? last.Error! : table.Sample is null ? ProcessErrors.NotUnderstood(device.Name) : table;
    }

    /// <summary>One process, closely.</summary>
    public async Task<Result<ProcessDetails>> LookAsync(Actor actor, DeviceEntry device, ProcessIdentity process, CancellationToken cancellationToken)
    {
        var files = new List<ProcessFile>();
        var last = await CallAsync(actor, device, new ProcessCall { Op = ProcessOps.Look, Process = process }, reply =>
        {
            files.AddRange(reply.Files ?? []);
            return files.Count <= ProcessLimits.MaxFiles && files.TrueForAll(f => f is { What: not null });
        }, cancellationToken);
        if (last.IsError)
        {
            return last.Error!;
        }

        return last.Value.Details is { } details && ProcessTable.IsSensible(details.Process) && details.Process.Pid == process.Pid && (process.Start == 0 || details.Process.Start == process.Start)
            ? details with { Files = details.FileCount is null ? null : files }
            : ProcessErrors.NotUnderstood(device.Name);
    }

    /// <summary>Sends a signal.</summary>
    public async Task<Result<ProcessSignalled>> SignalAsync(
        Actor actor, DeviceEntry device, ProcessIdentity process, string signal, bool tree, CancellationToken cancellationToken)
    {
        var (signalled, failed) = (new List<SignalledProcess>(), new List<UnsignalledProcess>());
        var last = await CallAsync(actor, device, new ProcessCall { Op = ProcessOps.Signal, Process = process, Signal = signal, Tree = tree }, reply =>
        {
            signalled.AddRange(reply.Signalled?.Signalled ?? []);
            failed.AddRange(reply.Signalled?.Failed ?? []);
            return signalled.Count + failed.Count <= ProcessLimits.MaxProcesses;
        }, cancellationToken);
        return last.Error is { Code: "processes-lost" } ? ProcessErrors.SignalLost(device.Name)
            : last.IsError ? last.Error! : new ProcessSignalled(signalled, failed.Count > 0 ? failed : null);
    }

    /// <summary>Opens a channel.</summary>
    public async Task<Result<ProcessChannel>> OpenAsync(Actor actor, DeviceEntry device, CancellationToken cancellationToken)
    {
        var opened = await broker.OpenAsync(actor, device, ChannelPurposes.Processes, Guid.Empty, "{}", cancellationToken);
        return opened.IsError ? opened.Error! : new ProcessChannel(opened.Value);
    }

    /// <summary>Calls, hands each answer on, and gives the last one.</summary>
    private async Task<Result<ProcessReply>> CallAsync(
        Actor actor, DeviceEntry device, ProcessCall call, Func<ProcessReply, bool> take, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var opened = await OpenAsync(actor, device, cancellationToken);
        if (opened.IsError)
        {
            return opened.Error!;
        }

        using var channel = opened.Value;
        patience.CancelAfter(Patience);
        try
        {
            await channel.CallAsync(call, patience.Token);
            while (await channel.ReceiveAsync(patience.Token) is { } reply)
            {
                if (reply.Problem is { } problem)
                {
                    return ProcessErrors.From(device.Name, problem);
                }

                if (!take(reply))
                {
                    return ProcessErrors.NotUnderstood(device.Name);
                }

                if (reply.IsLast)
                {
                    return reply;
                }
            }

            // an agent from before this knows of no such channel, and says so in closing it
            return channel.CloseReason is { Length: > 0 } reason ? ChannelErrors.Ended(device.Name, reason) : ProcessErrors.Lost(device.Name);
        }
        catch (JsonException)
        {
            return ProcessErrors.NotUnderstood(device.Name);
        }
        catch (Exception problem) when (problem is WebSocketException or IOException or ObjectDisposedException
            || (problem is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return ProcessErrors.Lost(device.Name);
        }
    }
}

/// <summary>A channel to a device's processes.</summary>
internal sealed class ProcessChannel(AgentChannel channel) : IDisposable
{
    private readonly byte[] _buffer = new byte[ChannelLimits.MaxControlBytes];

    /// <summary>Why the device has closed it.</summary>
    public string? CloseReason => channel.Socket.CloseStatusDescription;

    /// <summary>Sends a call.</summary>
    /// <exception cref="WebSocketException">The connection is gone.</exception>
    public Task CallAsync(ProcessCall call, CancellationToken cancellationToken) => channel.Socket.SendAsync(
        (ArraySegment<byte>)JsonSerializer.SerializeToUtf8Bytes(call, OperoneJson.Default.ProcessCall), WebSocketMessageType.Text, endOfMessage: true, cancellationToken);

    /// <summary>The next answer; null where the device has closed the channel.</summary>
    /// <exception cref="WebSocketException">The connection is gone.</exception>
    /// <exception cref="JsonException">What came is no answer.</exception>
    public async Task<ProcessReply?> ReceiveAsync(CancellationToken cancellationToken)
    {
        var have = 0;
        while (true)
        {
            var received = await channel.Socket.ReceiveAsync(_buffer.AsMemory(have), cancellationToken);
            have += received.Count;
            if (received.MessageType == WebSocketMessageType.Close)
            {
                return null;
            }

            if (received.MessageType != WebSocketMessageType.Text || (have == _buffer.Length && !received.EndOfMessage))
            {
                throw new JsonException("What came is no answer of a size that one has.");
            }

            if (received.EndOfMessage)
            {
                return JsonSerializer.Deserialize(_buffer.AsSpan(0, have), OperoneJson.Default.ProcessReply) ?? throw new JsonException("An empty answer came.");
            }
        }
    }

    public void Dispose() => channel.Dispose();
}
