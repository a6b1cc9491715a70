using System.Net.WebSockets;
using System.Text;
using Microsoft.Extensions.Logging;
using Operone.Agent.Channels;
using Operone.Agent.Platforms;
using Operone.Agent.Shell;
using Operone.Core.Channels;
using Operone.Core.Kernel;

namespace Operone.Agent.Kernel;

/// <summary>The device's processes, for channels: one call after the other on each, or a watch, which is the last.</summary>
internal sealed partial class ProcessService : IChannelService
{
    /// <summary>The most channels at once. A node needs one for all who look, and one for each act.</summary>
    public const int MaxChannels = 64;

    private static readonly TimeSpan _lease = TimeSpan.FromSeconds(ProcessLimits.LeaseSeconds);

    private readonly Func<IProcesses> _open;
    private readonly ProcessSignaller _signaller;
    private readonly Func<ProcessOwners> _owners;
    private readonly TimeProvider _time;
    private readonly ILogger<ProcessService> _logger;
    private int _channels;

    /// <summary>Makes it.</summary>
    /// <param name="open">Opens the machine's processes.</param>
    /// <param name="running">The executions that have not ended.</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggers">For what went wrong.</param>
    public ProcessService(Func<IProcesses> open, Func<IReadOnlyList<(Guid Id, ExecutionFolder Folder)>> running, TimeProvider time, ILoggerFactory loggers)
    {
        (_open, _logger, _time) = (open, loggers.CreateLogger<ProcessService>(), time);
        _owners = () => new ProcessOwners(running, OwnProgram.Command(), Environment.ProcessId);
        Sampler = new ProcessSampler(open, _owners, time, loggers.CreateLogger<ProcessSampler>());
        _signaller = new ProcessSignaller(open, Environment.ProcessId);
    }

    /// <inheritdoc/>
    public string Purpose => ChannelPurposes.Processes;

    /// <summary>Who samples.</summary>
    internal ProcessSampler Sampler { get; }

    /// <inheritdoc/>
    public async Task ServeAsync(OpenChannel channel, WebSocket socket, CancellationToken cancel)
    {
        if (Interlocked.Increment(ref _channels) > MaxChannels)
        {
            Interlocked.Decrement(ref _channels);
            await socket.CloseOutputAsync(WebSocketCloseStatus.EndpointUnavailable, $"This device has {MaxChannels} channels for processes open already.", cancel);
            return;
        }

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var carried = new ProcessChannel(socket);
        try
        {
            var reason = await ServeAsync(carried, stop.Token);
            if (socket.State is not (WebSocketState.Open or WebSocketState.CloseReceived))
            {
                return;
            }

            await socket.CloseOutputAsync(
                reason is null ? WebSocketCloseStatus.NormalClosure : WebSocketCloseStatus.PolicyViolation,
                reason is null ? null : ChannelRelay.Reason(Encoding.UTF8.GetBytes(reason)), cancel);
        }
        finally
        {
            Interlocked.Decrement(ref _channels);
            await stop.CancelAsync();
            carried.Dispose();
        }
    }

    /// <summary>Serves until the channel is closed; gives why it has to be, where it has to.</summary>
    private async Task<string?> ServeAsync(ProcessChannel channel, CancellationToken cancel)
    {
        while (true)
        {
            if (await channel.ReceiveAsync(cancel) is not { } call)
            {
                return null;
            }

            switch (call.Op)
            {
                case ProcessOps.Watch:
                    return await WatchAsync(channel, call, cancel);
                case ProcessOps.Renew:
                    break;
                default:
                    await AnswerAsync(channel, call, cancel);
                    break;
            }
        }
    }

    private async Task AnswerAsync(ProcessChannel channel, ProcessCall call, CancellationToken cancel)
    {
        try
        {
            switch (call)
            {
                case { Op: ProcessOps.List }:
                    using (var viewer = Sampler.Look(TimeSpan.FromMilliseconds(ProcessLimits.DefaultInterval)))
                    {
                        // by the second sample it is known how busy each is
                        await channel.SendAsync(await viewer.NextAsync(2, cancel), isLast: true, cancel);
                    }

                    break;
                case { Op: ProcessOps.Look, Process: { } process }:
                    await LookAsync(channel, process, cancel);
                    break;
                case { Op: ProcessOps.Signal, Process: { } process, Signal: { } signal }:
                    var sent = _signaller.Send(process, signal, call.Tree);
                    if (sent.Error is { } problem)
                    {
                        await channel.RefuseAsync(problem.Code, problem.Detail, cancel);
                        break;
                    }

                    Log.Signalled(_logger, signal, process.Pid, sent.Value.Signalled.Count);
                    await channel.SendAsync(sent.Value, cancel);
                    break;
                default:
                    await channel.RefuseAsync(ProcessProblems.Failed, $"This device knows no '{call.Op}' for processes, or something is missing in the call.", cancel);
                    break;
            }
        }
#pragma warning disable CA1031 // a call that breaks in a way nobody foresaw must not end the others; it is logged whole
        catch (Exception bug) when (bug is not (OperationCanceledException or WebSocketException))
#pragma warning restore CA1031
        {
            Log.Broke(_logger, bug, call.Op);
            await channel.RefuseAsync(ProcessProblems.Failed, $"The agent failed at this call: {bug.Message}", cancel);
        }
    }

    private async Task LookAsync(ProcessChannel channel, ProcessIdentity process, CancellationToken cancel)
    {
        using var processes = _open();
        var readings = new List<ProcessReading>();
        processes.Read(readings);
        var reading = readings.Find(r => r.Pid == process.Pid && (process.Start == 0 || r.Start == process.Start));
        if (reading == default || processes.Look(reading.Identity) is not { } look)
        {
            await channel.RefuseAsync(ProcessProblems.Gone, $"Process {process.Pid} has ended.", cancel);
            return;
        }

        // whose it is decides whether its arguments may be told
        var found = look.Details.Process;
        var byPid = readings.ToDictionary(r => r.Pid);
        var owners = _owners();
        owners.Refresh(byPid);
        var owner = owners.Of(reading, new ProcessFacts(found.Name, found.Arguments, found.IsCut, found.User, found.StartedAt), byPid);
        found = found with { Part = owner.Part, Execution = owner.Execution };
        found = owner.Withholds ? found with { Arguments = null, IsCut = false, IsWithheld = true } : found;
        await channel.SendAsync(look.Details with { Process = found }, look.Files, cancel);
    }

    /// <summary>Sends every sample until the channel is closed, or nobody renews it. Gives why it ends, where the other end has not asked.</summary>
    private async Task<string?> WatchAsync(ProcessChannel channel, ProcessCall call, CancellationToken cancel)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        using var viewer = Sampler.Look(IntervalOf(call));
        var sending = SendAsync(channel, viewer, stop.Token);
        var receiving = channel.ReceiveAsync(stop.Token);
        try
        {
            while (true)
            {
                using var renewed = new CancellationTokenSource();
                var lease = Task.Delay(_lease, _time, renewed.Token);
                var first = await Task.WhenAny(sending, receiving, lease);
                await renewed.CancelAsync();
                if (first == sending)
                {
                    return await sending;
                }

                if (first == lease)
                {
                    return $"Nobody has renewed this for {ProcessLimits.LeaseSeconds} seconds.";
                }

                switch (await receiving)
                {
                    case null:
                        return null;
                    case { Op: ProcessOps.Watch } again:
                        viewer.Want(IntervalOf(again));
                        break;
                    case { Op: ProcessOps.Renew }:
                        break;
                    default:
                        return "A channel that is watched takes no other call.";
                }

                receiving = channel.ReceiveAsync(stop.Token);
            }
        }
        finally
        {
            // one sends at a time: the close goes when the last sample has gone, or will not go any more
            await stop.CancelAsync();
            await QuietlyAsync(sending);
            await QuietlyAsync(receiving);
        }
    }

    private static async Task<string?> SendAsync(ProcessChannel channel, ProcessSampler.Viewer viewer, CancellationToken cancel)
    {
        try
        {
            while (true)
            {
                await channel.SendAsync(await viewer.NextAsync(1, cancel), isLast: false, cancel);
            }
        }
        catch (IOException problem)
        {
            await channel.RefuseAsync(ProcessProblems.Failed, problem.Message, cancel);
            return problem.Message;
        }
    }

    private static async Task QuietlyAsync(Task task)
    {
        try
        {
            await task;
        }
        catch (Exception problem) when (problem is OperationCanceledException or WebSocketException or IOException or ObjectDisposedException)
        {
            // it was told to end, or its connection is gone
        }
    }

    private static TimeSpan IntervalOf(ProcessCall call) => TimeSpan.FromMilliseconds(
        Math.Clamp(call.IntervalMilliseconds ?? ProcessLimits.DefaultInterval, ProcessLimits.MinInterval, ProcessLimits.MaxInterval));

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Signal {Signal} to process {Pid} went to {Count}")]
        public static partial void Signalled(ILogger logger, string signal, int pid, int count);

        [LoggerMessage(Level = LogLevel.Error, Message = "A call of {Op} for processes broke")]
        public static partial void Broke(ILogger logger, Exception exception, string op);
    }
}
