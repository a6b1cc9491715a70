using Operone.Core.Files;
using Operone.Disk;

namespace Operone.Agent.Files.Handlers;

/// <summary>Writes to an upload.</summary>
internal sealed class WriteHandler(IDisk disk, Uploads uploads) : IFileHandler
{
    /// <summary>How much is written before the disk is asked to begin.</summary>
    private const long FlushBytes = 16 * 1024 * 1024;

    /// <inheritdoc/>
    public IReadOnlyList<string> Ops { get; } = [FileOps.Write];

    /// <inheritdoc/>
    public bool Receives => true;

    /// <inheritdoc/>
    public async Task RunAsync(FileTask task)
    {
        var upload = task.Call.Upload ?? throw new FileFault(FileProblems.Failed, "The call does not say which upload.");
        var path = disk.PartPath(task.Place, upload);
        using var claim = await uploads.ClaimAsync(upload, task.Cancel);
        uploads.Note(upload, task.Place, path);
        using var part = disk.OpenPart(task.Place, upload, create: true);
        var offset = task.Call.Offset ?? 0;
        if (offset >= 0 && offset < part.Length)
        {
            part.SetLength(offset);
        }

        if (offset != part.Length)
        {
            await task.ReplyAsync(new FileReply { IsLast = true, Offset = part.Length });
            return;
        }

        await task.ReplyAsync(new FileReply { Offset = offset });
        task.Channel.Digest.Begin(upload, task.Place.Path, offset);
        using var old = new OldVersion(disk, task.Place);
        var problem = await ReceiveAsync(task, part, old, claim.Taken);
        await task.ReplyAsync(new FileReply { IsLast = true, Offset = part.Length, Problem = problem });
    }

    /// <summary>Writes until the end is said; where that does not work, what still comes is dropped, and what went wrong is given.</summary>
    private static async Task<FileProblem?> ReceiveAsync(FileTask task, IDiskPart part, OldVersion old, CancellationToken cancel)
    {
        FileProblem? problem = null;
        var flushed = part.Length;
        while (true)
        {
            var received = await task.ReceiveAsync(cancel);
            var word = received.ReadWord();
            if (word is { IsEnd: true })
            {
                return problem;
            }

            if (problem is not null)
            {
                continue;
            }

            try
            {
                Put(task.Channel.Digest, part, old, received, word, cancel);
                if (part.Length - flushed >= FlushBytes)
                {
                    part.Flush(flushed, part.Length - flushed);
                    flushed = part.Length;
                }
            }
            catch (FileFault fault)
            {
                task.Channel.Digest.Forget();
                problem = fault.Problem;
                await task.ReplyAsync(new FileReply { Offset = part.Length, Problem = problem }); // so that no more is sent
            }
        }
    }

    private static void Put(UploadDigest digest, IDiskPart part, OldVersion old, Received received, FileData? word, CancellationToken cancel)
    {
        if (received.Kind == ReceivedKind.Bytes)
        {
            part.Write(received.Data.Span, part.Length);
            digest.Add(received.Data.Span);
        }
        else if (word is { Hole: > 0 and var hole } && hole <= long.MaxValue - part.Length)
        {
            part.SetLength(part.Length + hole);
            digest.AddHole(hole);
        }
        else if (word is { Reuse: { Tag: not null } reuse })
        {
            old.Append(part, digest, reuse, cancel);
        }
        else
        {
            throw new FileFault(FileProblems.Failed, "A message between the bytes made no sense.");
        }
    }
}
