using Operone.Core.Files;
using Operone.Core.Files.Chunks;
using Operone.Disk;

namespace Operone.Agent.Files.Handlers;

/// <summary>Says what chunks a file has.</summary>
internal sealed class ChunksHandler(IDisk disk) : IFileHandler
{
    /// <inheritdoc/>
    public IReadOnlyList<string> Ops { get; } = [FileOps.Chunks];

    /// <inheritdoc/>
    public async Task RunAsync(FileTask task)
    {
        using var file = disk.OpenFile(task.Place);
        var found = FileChunking.Read(file, task.Place, task.Call.Length ?? 0, task.Cancel);
        await task.ReplyAsync(new FileReply { Entry = found.Entry });
        ReadOnlyMemory<byte> bytes = ChunkList.Write(found.Chunks);
        for (; !bytes.IsEmpty; bytes = bytes[Math.Min(bytes.Length, FileLimits.PieceBytes)..])
        {
            await task.Channel.SendAsync(bytes[..Math.Min(bytes.Length, FileLimits.PieceBytes)], task.Cancel);
        }

        await task.ReplyAsync(new FileReply { IsLast = true });
    }
}
