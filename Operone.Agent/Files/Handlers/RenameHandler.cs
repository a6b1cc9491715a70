using Operone.Core.Files;
using Operone.Disk;

namespace Operone.Agent.Files.Handlers;

/// <summary>Moves within a file system.</summary>
internal sealed class RenameHandler(IDisk disk) : IFileHandler
{
    /// <inheritdoc/>
    public IReadOnlyList<string> Ops { get; } = [FileOps.Rename];

    /// <inheritdoc/>
    public async Task RunAsync(FileTask task)
    {
        var to = task.To;
        disk.Rename(task.Place, to, task.Call.Overwrite);
        await task.ReplyAsync(new FileReply { IsLast = true, Entry = disk.Stat(to, withAttributes: false) });
    }
}
