using System.Net.WebSockets;
using Operone.Core.Errors;
using Operone.Core.Files;

namespace Operone.Web.Files;

/// <content>How calls are made and answered.</content>
internal sealed partial class AgentFiles
{
    private async Task<Result<FileReply>> OneAsync(FileCall call, TreePath path, CancellationToken cancellationToken)
    {
        var begun = await BeginAsync(call, path, cancellationToken);
        if (begun.IsError)
        {
            return begun.Error!;
        }

        var (channel, first) = begun.Value;
        channels.Return(actor, device, channel);
        return first.IsLast ? first : FileErrors.NotUnderstood(device.Name);
    }

    private async Task<Result<FileEntry>> EntryAsync(FileCall call, TreePath path, CancellationToken cancellationToken)
    {
        var reply = await OneAsync(call, path, cancellationToken);
        return reply.IsError ? reply.Error! : reply.Value.Entry ?? (Result<FileEntry>)FileErrors.NotUnderstood(device.Name);
    }

    private async Task<Result<Unit>> UnitAsync(FileCall call, TreePath path, CancellationToken cancellationToken)
    {
        var reply = await OneAsync(call, path, cancellationToken);
        return reply.IsError ? reply.Error! : Unit.Value;
    }

    private async Task<Result<long>> ManyAsync(
        FileCall call, TreePath path, Func<FileEntry, bool> isRight, Func<IReadOnlyList<FileEntry>, ValueTask> take, CancellationToken cancellationToken)
    {
        var last = await RepliesAsync(call, path, async reply =>
        {
            if (reply.Entries is { } entries)
            {
                if (!entries.All(isRight))
                {
                    return false;
                }

                await take(entries);
            }

            return true;
        }, cancellationToken);
        return last.IsError ? last.Error! : last.Value.Count ?? 0;
    }

    /// <summary>Takes the replies of a call as they come, and gives the last one. Where <paramref name="take"/> says that one makes no sense, the device is not believed.</summary>
    private async Task<Result<FileReply>> RepliesAsync(FileCall call, TreePath path, Func<FileReply, ValueTask<bool>> take, CancellationToken cancellationToken)
    {
        var begun = await BeginAsync(call, path, cancellationToken);
        if (begun.IsError)
        {
            return begun.Error!;
        }

        var (channel, reply) = begun.Value;
        try
        {
            while (true)
            {
                if (reply.Problem is { } problem)
                {
                    return FileErrors.From(problem, PlaceOf(path));
                }

                if (!await take(reply))
                {
                    channel.Dispose();
                    return FileErrors.NotUnderstood(device.Name);
                }

                if (reply.IsLast)
                {
                    return reply;
                }

                if (await NextAsync(channel, cancellationToken) is not { } next)
                {
                    return FileErrors.Lost(device.Name);
                }

                reply = next;
            }
        }
        finally
        {
            channels.Return(actor, device, channel);
        }
    }

    /// <summary>Does something with many small files by one call; an agent from before knows them one by one alone.</summary>
    /// <param name="op">The call.</param>
    /// <param name="scope">Within what.</param>
    /// <param name="together">Does it; gives null where the device's answer makes no sense.</param>
    /// <param name="oneByOne">Does it for an agent that does not know the call.</param>
    /// <param name="cancellationToken">Stops it.</param>
    private async Task<Result<T>> TogetherAsync<T>(
        string op, FileScope scope, Func<FileChannel, Task<Result<T>?>> together, Func<Task<Result<T>>> oneByOne, CancellationToken cancellationToken)
    {
        var begun = await BeginAsync(new() { Op = op, Scope = scope, Path = scope.Root }, TreePath.Parse(scope.Root).Value, cancellationToken);
        if (begun.IsError)
        {
            return begun.Error!.Code == "file-unsupported" ? await oneByOne() : begun.Error!;
        }

        var channel = begun.Value.Channel;
        try
        {
            return await together(channel) ?? (Result<T>)FileErrors.NotUnderstood(device.Name);
        }
        catch (Exception gone) when (gone is WebSocketException or IOException or ObjectDisposedException)
        {
            return FileErrors.Lost(device.Name);
        }
        finally
        {
            channels.Return(actor, device, channel);
        }
    }

    /// <summary>The next reply, or null where the connection is gone. What whoever takes entries throws is theirs.</summary>
    private static async ValueTask<FileReply?> NextAsync(FileChannel channel, CancellationToken cancellationToken)
    {
        try
        {
            return await channel.ReplyAsync(cancellationToken);
        }
        catch (Exception gone) when (gone is WebSocketException or IOException or ObjectDisposedException)
        {
            return null;
        }
    }

    private async Task<Result<(FileChannel Channel, FileReply First)>> BeginAsync(FileCall call, TreePath path, CancellationToken cancellationToken)
    {
        var begun = await channels.CallAsync(actor, device, call, cancellationToken);
        if (!begun.IsError && begun.Value.First.Problem is { } problem)
        {
            channels.Return(actor, device, begun.Value.Channel);
            if (problem.Code is FileProblems.Outside or FileProblems.ReadOnly)
            {
                await records.RefusedAsync(actor, $"file.{call.Op}", PlaceOf(path), problem.Detail, cancellationToken);
            }

            return FileErrors.From(problem, PlaceOf(path));
        }

        return begun;
    }
}
