using System.Buffers;
using Operone.Core.Files;
using Operone.Disk;

namespace Operone.Agent.Files.Handlers;

/// <summary>Sends what is in a file.</summary>
internal sealed class ReadHandler(IDisk disk) : IFileHandler
{
    /// <inheritdoc/>
    public IReadOnlyList<string> Ops { get; } = [FileOps.Read];

    /// <inheritdoc/>
    public async Task RunAsync(FileTask task)
    {
        var (from, length) = (task.Call.Offset ?? 0, task.Call.Length ?? long.MaxValue);
        if (from < 0 || length < 0)
        {
            throw new FileFault(FileProblems.Failed, "There is no offset, and no length, below 0.");
        }

        using var file = disk.OpenFile(task.Place);
        await task.ReplyAsync(new FileReply { Entry = file.Entry });
        var buffer = ArrayPool<byte>.Shared.Rent(FileLimits.PieceBytes);
        try
        {
            var size = file.Entry.Size is null or 0 ? long.MaxValue : file.Entry.Size.Value; // of the system's own files nobody knows it
            var to = length < size - Math.Min(from, size) ? from + length : size;
            await SendAsync(task, file, buffer, from, to, file.MayHaveHoles && size != long.MaxValue);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        await task.ReplyAsync(new FileReply { IsLast = true, Entry = file.Now() });
    }

    private static async Task SendAsync(FileTask task, IDiskFile file, byte[] buffer, long at, long to, bool mayHaveHoles)
    {
        var hole = mayHaveHoles ? at : long.MaxValue; // where one begins at the earliest
        while (at < to)
        {
            if (at >= hole)
            {
                var data = Math.Min(file.NextData(at) ?? to, to);
                if (data > at)
                {
                    if (data == to)
                    {
                        Require(file, task.Place, to);
                    }

                    await task.ReplyAsync(new FileReply { Hole = data - at });
                    at = data;
                    continue;
                }

                hole = file.NextHole(at);
            }

            var count = file.Read(buffer.AsSpan(0, (int)Math.Min(FileLimits.PieceBytes, Math.Min(hole, to) - at)), at);
            if (count == 0)
            {
                if (to != long.MaxValue)
                {
                    Require(file, task.Place, to);
                }

                return;
            }

            await task.Channel.SendAsync(buffer.AsMemory(0, count), task.Cancel);
            at += count;
        }
    }

    /// <summary>Nothing is left to read: that is right where the file says no other size than it did (the system's own files do not keep to theirs).</summary>
    private static void Require(IDiskFile file, FilePlace place, long to)
    {
        if (file.Now().Size < to)
        {
            throw new FileFault(FileProblems.Changed, $"'{place}' was cut short while it was read.");
        }
    }
}
