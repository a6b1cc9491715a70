using Operone.Core.Files;
using Operone.Disk;

namespace Operone.Agent.Files.Handlers;

/// <summary>Makes an upload the file.</summary>
internal sealed class CommitHandler(IDisk disk, Uploads uploads) : IFileHandler
{
    /// <inheritdoc/>
    public IReadOnlyList<string> Ops { get; } = [FileOps.Commit];

    /// <inheritdoc/>
    public async Task RunAsync(FileTask task)
    {
        var call = task.Call;
        var upload = call.Upload ?? throw new FileFault(FileProblems.Failed, "The call does not say which upload.");
        FileFault.RequireMode(call.Mode);
        uploads.Require(upload, task.Place);
        using var claim = await uploads.ClaimAsync(upload, task.Cancel);
        using (var part = disk.OpenPart(task.Place, upload, create: false))
        {
            part.Sync();
            if (call.Sha256 is { } expected && !IsRight(task, upload, part, expected))
            {
                throw new FileFault(FileProblems.BadDigest, $"What came of '{task.Place}' is not what was sent: its SHA-256 is another one.");
            }

            part.Commit(new PartCommit(call.Overwrite, call.Tag, call.Mode, call.ModifiedAt));
        }

        task.Channel.Digest.Forget();
        uploads.Forget(upload);
        await task.ReplyAsync(new FileReply { IsLast = true, Entry = disk.Stat(task.Place, withAttributes: false) });
    }

    /// <summary>Whether it is what was sent. What this channel has counted may be of a try before, with the rest over another one: the file itself decides.</summary>
    private static bool IsRight(FileTask task, Guid upload, IDiskPart part, byte[] expected)
    {
        var digest = task.Channel.Digest;
        if (digest.Finish(upload, task.Place.Path, part, task.Cancel).AsSpan().SequenceEqual(expected))
        {
            return true;
        }

        digest.Forget();
        return digest.Finish(upload, task.Place.Path, part, task.Cancel).AsSpan().SequenceEqual(expected);
    }
}
