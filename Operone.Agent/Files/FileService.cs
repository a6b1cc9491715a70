using System.Net.WebSockets;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Operone.Agent.Channels;
using Operone.Agent.Files.Handlers;
using Operone.Agent.Files.Search;
using Operone.Core.Channels;
using Operone.Core.Connection;
using Operone.Core.Files;
using Operone.Disk;

namespace Operone.Agent.Files;

/// <summary>The device's files, for channels: one call after the other on each.</summary>
internal sealed partial class FileService : IChannelService
{
    /// <summary>The most channels at once: each may hold a thread that waits for a disk.</summary>
    public const int MaxChannels = 64;

    private readonly Dictionary<string, IFileHandler> _handlers;
    private readonly ILogger<FileService> _logger;
    private readonly Uploads _uploads;
    private int _open;

    /// <summary>Makes it.</summary>
    public FileService(IDisk disk, Uploads uploads, TimeProvider time, ILogger<FileService> logger, bool useRipgrep = true)
    {
        (_uploads, _logger) = (uploads, logger);
        IFileHandler[] handlers =
        [
            new StatHandler(disk), new ListHandler(disk, time), new WalkHandler(disk), new ReadHandler(disk), new HashHandler(disk), new ChunksHandler(disk),
            new WriteHandler(disk, uploads), new CommitHandler(disk, uploads), new DiscardHandler(disk, uploads), new PutHandler(disk, uploads), new GetHandler(disk),
            new MakeHandler(disk), new RenameHandler(disk), new RemoveHandler(disk, time), new ChangeHandler(disk), new WatchHandler(disk, time),
            new SearchHandler(disk, pattern => useRipgrep && OperatingSystem.IsLinux() ? Ripgrep.For(pattern) : null, time),
        ];
        _handlers = handlers.SelectMany(h => h.Ops.Select(op => (op, h))).ToDictionary(h => h.op, h => h.h, StringComparer.Ordinal);
    }

    /// <inheritdoc/>
    public string Purpose => ChannelPurposes.Files;

    /// <summary>Throws old unfinished uploads away until it is cancelled.</summary>
    public Task CleanAsync(CancellationToken cancel) => _uploads.CleanAsync(cancel);

    /// <inheritdoc/>
    public async Task ServeAsync(OpenChannel channel, WebSocket socket, CancellationToken cancel)
    {
        if (Interlocked.Increment(ref _open) > MaxChannels)
        {
            Interlocked.Decrement(ref _open);
            Log.Full(_logger, channel.ChannelId, MaxChannels);
            await socket.CloseOutputAsync(WebSocketCloseStatus.EndpointUnavailable, $"This device has {MaxChannels} channels for files open already.", cancel);
            return;
        }

        using var carried = new FileChannel(socket, cancel);
        try
        {
            var refusal = await ServeAsync(carried, cancel);
            await socket.CloseOutputAsync(refusal is null ? WebSocketCloseStatus.NormalClosure : WebSocketCloseStatus.PolicyViolation, refusal, cancel);
        }
        finally
        {
            Interlocked.Decrement(ref _open);
        }
    }

    /// <summary>Serves until the channel is closed; gives why it had to be, where it had to.</summary>
    private async Task<string?> ServeAsync(FileChannel channel, CancellationToken cancel)
    {
        while (true)
        {
            var received = await (channel.Next ?? channel.ReceiveAsync(cancel));
            channel.Next = null;
            switch (received.Kind)
            {
                case ReceivedKind.Close:
                    return null;
                case ReceivedKind.TooLong:
                    return $"A call may have {ChannelLimits.MaxControlBytes} bytes.";
                case ReceivedKind.Bytes:
                    return "Bytes came that no call has announced.";
                default:
                    await AnswerAsync(channel, received.Data, cancel);
                    break;
            }
        }
    }

    private async Task AnswerAsync(FileChannel channel, ReadOnlyMemory<byte> message, CancellationToken cancel)
    {
        FileCall? call = null;
        try
        {
            call = JsonSerializer.Deserialize(message.Span, OperoneJson.Default.FileCall);
        }
        catch (JsonException problem)
        {
            await channel.ReplyAsync(Problem(FileProblems.Failed, $"That is no call: {problem.Message}"), cancel);
            return;
        }

        if (call is not { Op: not null, Path: not null, Scope: { Root: not null, Hidden: not null } })
        {
            await channel.ReplyAsync(Problem(FileProblems.Failed, "That is no call: something in it is null."), cancel);
            return;
        }

        if (!_handlers.TryGetValue(call.Op, out var handler))
        {
            await channel.ReplyAsync(Problem(FileProblems.Unsupported, $"This device knows no '{call.Op}' for files."), cancel);
            return;
        }

        if (!handler.Receives)
        {
            channel.Next = channel.WaitAsync(cancel);
        }

        try
        {
            await RunAsync(handler, call, channel, channel.Closed);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            // what is being done ends with the channel: nobody waits for the answer, and what still comes belongs to it
            CloseAfter(handler, channel);
        }
    }

    /// <summary>What follows a call that broke in its middle would be taken for calls: the channel ends with it.</summary>
    private static void CloseAfter(IFileHandler handler, FileChannel channel)
    {
        if (handler.Receives)
        {
            channel.Next ??= Task.FromResult(new Received(ReceivedKind.Close, default));
        }
    }

    private async Task RunAsync(IFileHandler handler, FileCall call, FileChannel channel, CancellationToken cancel)
    {
        FileProblem? problem = null;
        try
        {
            channel.Bounds = channel.Bounds is { } same && same.Is(call.Scope) ? same : FileBounds.Of(call.Scope);
            await handler.RunAsync(new FileTask(call, channel.Bounds.At(call.Path), channel, cancel));
        }
        catch (FileFault fault)
        {
            problem = fault.Problem;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            problem = new FileProblem(FileProblems.Failed, fault.Message);
            CloseAfter(handler, channel);
        }
#pragma warning disable CA1031 // a call that breaks in a way nobody foresaw must not end the others; it is logged whole
        catch (Exception bug) when (bug is not (OperationCanceledException or WebSocketException))
#pragma warning restore CA1031
        {
            Log.Broke(_logger, bug, call.Op);
            CloseAfter(handler, channel);
            problem = new FileProblem(FileProblems.Failed, $"The agent failed at this call: {bug.Message}");
        }

        if (problem is not null)
        {
            await channel.ReplyAsync(new FileReply { IsLast = true, Problem = problem }, cancel);
        }
    }

    private static FileReply Problem(string code, string detail) => new() { IsLast = true, Problem = new FileProblem(code, detail) };

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Channel {Id} for files is not served: {Max} are open already")]
        public static partial void Full(ILogger logger, Guid id, int max);

        [LoggerMessage(Level = LogLevel.Error, Message = "A call of {Op} broke")]
        public static partial void Broke(ILogger logger, Exception exception, string op);
    }
}
