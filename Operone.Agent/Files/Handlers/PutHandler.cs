using Operone.Core.Files;
using Operone.Disk;

namespace Operone.Agent.Files.Handlers;

/// <summary>Writes many small files, see <see cref="SmallPut"/>.</summary>
internal sealed class PutHandler(IDisk disk, Uploads uploads) : IFileHandler
{
    /// <summary>A reply is sent when so many have come together: with one more, each written as six bytes, it is within the bounds of a message.</summary>
    private const int ReplyCharacters = 4000;

    private readonly SmallPut _put = new(disk, uploads);

    /// <inheritdoc/>
    public IReadOnlyList<string> Ops { get; } = [FileOps.Put];

    /// <inheritdoc/>
    public bool Receives => true;

    /// <inheritdoc/>
    public async Task RunAsync(FileTask task)
    {
        await task.ReplyAsync(new FileReply());
        await ReplyAsync(task, _put.Put(task.Place.Bounds, await ReceiveAsync(task), task.Cancel));
    }

    /// <summary>Says which are not there, in as many replies as it takes.</summary>
    private static async Task ReplyAsync(FileTask task, FileProblem?[] problems)
    {
        var (failures, length) = (new List<SmallFailure>(), 0);
        foreach (var (index, problem) in problems.Index().Where(p => p.Item is not null))
        {
            failures.Add(new(index, problem!));
            if ((length += problem!.Detail.Length) > ReplyCharacters)
            {
                await task.ReplyAsync(new FileReply { Failures = failures });
                (failures, length) = ([], 0);
            }
        }

        await task.ReplyAsync(new FileReply { IsLast = true, Count = problems.Count(p => p is null), Failures = failures });
    }

    private static async Task<List<(SmallFile File, ReadOnlyMemory<byte> Content)>> ReceiveAsync(FileTask task)
    {
        var files = new List<(SmallFile File, ReadOnlyMemory<byte> Content)>();
        var bytes = 0L;
        while (true)
        {
            var word = (await task.ReceiveAsync(task.Cancel)).ReadWord();
            if (word is { IsEnd: true })
            {
                return files;
            }

            if (word?.File is not { Path: not null, Size: >= 0 and <= FileLimits.SmallBytes } file)
            {
                throw task.Senseless("Nothing was put: a message among the files made no sense.");
            }

            if (files.Count == FileLimits.SmallFiles || (bytes += file.Size) > FileLimits.SmallBatchBytes)
            {
                throw task.Senseless($"Nothing was put: at most {FileLimits.SmallFiles} files with {FileLimits.SmallBatchBytes} bytes can be put at once.");
            }

            var content = new byte[file.Size];
            for (var have = 0; have < content.Length;)
            {
                var piece = await task.ReceiveAsync(task.Cancel);
                if (piece.Kind != ReceivedKind.Bytes)
                {
                    throw task.Senseless("Nothing was put: a message among the files made no sense.");
                }

                if (piece.Data.Length > content.Length - have)
                {
                    throw task.Senseless($"Nothing was put: more bytes came than '{file.Path}' was said to have.");
                }

                piece.Data.CopyTo(content.AsMemory(have));
                have += piece.Data.Length;
            }

            files.Add((file, content));
        }
    }
}
