using Operone.Core.Files;
using Operone.Disk;

namespace Operone.Agent.Files.Handlers;

/// <summary>Says what something is.</summary>
internal sealed class StatHandler(IDisk disk) : IFileHandler
{
    /// <inheritdoc/>
    public IReadOnlyList<string> Ops { get; } = [FileOps.Stat];

    /// <inheritdoc/>
    public async Task RunAsync(FileTask task) =>
        await task.ReplyAsync(new FileReply { IsLast = true, Entry = disk.Stat(task.Place, task.Call.Recursive) });
}
