using Operone.Core.Files;
using Operone.Disk;

namespace Operone.Agent.Files.Handlers;

/// <summary>Makes folders and links.</summary>
internal sealed class MakeHandler(IDisk disk) : IFileHandler
{
    /// <inheritdoc/>
    public IReadOnlyList<string> Ops { get; } = [FileOps.MakeFolder, FileOps.MakeLink];

    /// <inheritdoc/>
    public async Task RunAsync(FileTask task)
    {
        var call = task.Call;
        FileFault.RequireMode(call.Mode);
        if (call.Op == FileOps.MakeFolder)
        {
            disk.MakeFolder(task.Place, call.Recursive, call.Mode);
        }
        else
        {
            disk.MakeLink(task.Place, Target(call.To));
        }

        await task.ReplyAsync(new FileReply { IsLast = true, Entry = disk.Stat(task.Place, withAttributes: false) });
    }

    /// <summary>A link's target is percent-encoded like an address, and may have any names in it: nobody here follows it out of bounds.</summary>
    private static string Target(string? to) =>
        to is { Length: > 0 } && FileName.FromSegment(to) is { Length: > 0 } target && !target.Contains('\0', StringComparison.Ordinal)
            ? target : throw new FileFault(FileProblems.BadName, "The call does not say where the link leads to.");
}
