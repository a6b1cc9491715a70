using Operone.Core.Files;
using Operone.Disk;

namespace Operone.Agent.Files.Handlers;

/// <summary>Throws an upload away. One that is not there is gone already.</summary>
internal sealed class DiscardHandler(IDisk disk, Uploads uploads) : IFileHandler
{
    /// <inheritdoc/>
    public IReadOnlyList<string> Ops { get; } = [FileOps.Discard];

    /// <inheritdoc/>
    public async Task RunAsync(FileTask task)
    {
        var upload = task.Call.Upload ?? throw new FileFault(FileProblems.Failed, "The call does not say which upload.");
        uploads.Require(upload, task.Place);
        using var claim = await uploads.ClaimAsync(upload, task.Cancel);
        try
        {
            using var part = disk.OpenPart(task.Place, upload, create: false);
            part.Discard();
        }
        catch (FileFault fault) when (fault.Code == FileProblems.NotFound)
        {
            // it is gone
        }

        task.Channel.Digest.Forget();
        uploads.Forget(upload);
        await task.ReplyAsync(new FileReply { IsLast = true });
    }
}
