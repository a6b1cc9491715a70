using Operone.Core.Files;
using Operone.Disk;

namespace Operone.Agent.Files.Handlers;

/// <summary>Removes, or moves to the trash.</summary>
internal sealed class RemoveHandler(IDisk disk, TimeProvider time) : IFileHandler
{
    /// <inheritdoc/>
    public IReadOnlyList<string> Ops { get; } = [FileOps.Remove];

    /// <inheritdoc/>
    public async Task RunAsync(FileTask task)
    {
        long count = 1;
        if (task.Call.Trash)
        {
            disk.Trash(task.Place, time.GetLocalNow());
        }
        else
        {
            count = disk.Remove(task.Place, task.Call.Recursive, task.Cancel);
        }

        await task.ReplyAsync(new FileReply { IsLast = true, Count = count });
    }
}
