using Operone.Core.Files;
using Operone.Disk;

namespace Operone.Agent.Files.Handlers;

/// <summary>Changes mode, owner, times and extended attributes.</summary>
internal sealed class ChangeHandler(IDisk disk) : IFileHandler
{
    /// <inheritdoc/>
    public IReadOnlyList<string> Ops { get; } = [FileOps.Change];

    /// <inheritdoc/>
    public async Task RunAsync(FileTask task)
    {
        var call = task.Call;
        FileFault.RequireMode(call.Mode);
        disk.Change(task.Place, new FileChange(call.Mode, call.Owner, call.Group, call.ModifiedAt, call.Attributes));
        await task.ReplyAsync(new FileReply { IsLast = true, Entry = disk.Stat(task.Place, withAttributes: call.Attributes is not null) });
    }
}
