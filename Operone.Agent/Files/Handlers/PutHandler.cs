using System.Security.Cryptography;
using System.Text.Json;
using Operone.Core.Connection;
using Operone.Core.Files;
using Operone.Disk;

namespace Operone.Agent.Files.Handlers;

/// <summary>
/// Writes many small files. Each goes beside its place first; then all are put on the disk by one call, not one for each; then each is put in its
/// place. So a file is there whole or not at all, also where the device loses its power in between.
/// </summary>
internal sealed class PutHandler(IDisk disk, Uploads uploads) : IFileHandler
{
    /// <summary>A reply is sent when so many have come together: with one more, each written as six bytes, it is within the bounds of a message.</summary>
    private const int ReplyCharacters = 4000;

    /// <inheritdoc/>
    public IReadOnlyList<string> Ops { get; } = [FileOps.Put];

    /// <inheritdoc/>
    public bool Receives => true;

    /// <inheritdoc/>
    public async Task RunAsync(FileTask task)
    {
        await task.ReplyAsync(new FileReply());
        var received = await ReceiveAsync(task);
        var problems = new FileProblem?[received.Count];
        Put(task.Place.Bounds, received, problems, task.Cancel);
        await ReplyAsync(task, problems);
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

    private static async Task<List<(SmallFile File, byte[] Content)>> ReceiveAsync(FileTask task)
    {
        var files = new List<(SmallFile File, byte[] Content)>();
        var bytes = 0L;
        while (true)
        {
            var word = await ReadWordAsync(task);
            if (word is { IsEnd: true })
            {
                return files;
            }

            if (word?.File is not { Path: not null, Size: >= 0 and <= FileLimits.SmallBytes } file)
            {
                throw Senseless(task, "a message among the files made no sense");
            }

            if (files.Count == FileLimits.SmallFiles || (bytes += file.Size) > FileLimits.SmallBatchBytes)
            {
                throw Senseless(task, $"at most {FileLimits.SmallFiles} files with {FileLimits.SmallBatchBytes} bytes can be put at once");
            }

            var content = new byte[file.Size];
            for (var have = 0; have < content.Length;)
            {
                var piece = await ReceiveAsync(task, ReceivedKind.Bytes);
                if (piece.Length > content.Length - have)
                {
                    throw Senseless(task, $"more bytes came than '{file.Path}' was said to have");
                }

                piece.CopyTo(content.AsMemory(have));
                have += piece.Length;
            }

            files.Add((file, content));
        }
    }

    private void Put(FileBounds bounds, List<(SmallFile File, byte[] Content)> files, FileProblem?[] problems, CancellationToken cancel)
    {
        var batch = Guid.NewGuid();
        var places = new (FilePlace Place, Guid Upload, TreePath Part)?[files.Count];
        Each((i, file, content) =>
        {
            MakeHandler.RequireMode(file.Mode);
            if (file.Sha256 is { } sha && !SHA256.HashData(content).AsSpan().SequenceEqual(sha))
            {
                throw new FileFault(FileProblems.BadDigest, $"What came of '{file.Path}' is not what was sent: its SHA-256 is another one.");
            }

            var (place, upload) = (bounds.At(file.Path), Guid.NewGuid());
            places[i] = (place, upload, disk.PartPath(place, upload));
        });
        uploads.NoteAll(batch, places.OfType<(FilePlace Place, Guid Upload, TreePath Part)>().Select(p => (p.Part, p.Place)));
        var parts = new IDiskPart?[files.Count];
        try
        {
            Each((i, _, content) =>
            {
                cancel.ThrowIfCancellationRequested();
                parts[i] = disk.OpenPart(places[i]!.Value.Place, places[i]!.Value.Upload, create: true);
                parts[i]!.Write(content, 0);
            });
            SyncAll();
            Each((i, file, _) => parts[i]!.Commit(new PartCommit(file.Overwrite, null, file.Mode, file.ModifiedAt, IsDurable: false)));
            SyncAll();
        }
        finally
        {
            foreach (var (i, part) in parts.Index())
            {
                if (problems[i] is not null || cancel.IsCancellationRequested)
                {
                    part?.Discard();
                }

                part?.Dispose();
            }

            uploads.Forget(batch);
        }

        void SyncAll()
        {
            foreach (var volume in parts.Index().Where(p => p.Item is not null && problems[p.Index] is null).GroupBy(p => p.Item!.Volume))
            {
                // where they cannot be put there at once, each is
                foreach (var (i, part) in volume.Key is null ? volume : volume.Take(1))
                {
                    if (Try(part!.Volume is null ? part.Sync : part.SyncVolume) is { } problem)
                    {
                        foreach (var (index, _) in volume.Key is null ? volume.Where(p => p.Index == i) : volume)
                        {
                            problems[index] = problem;
                        }
                    }
                }
            }
        }

        void Each(Action<int, SmallFile, byte[]> act)
        {
            for (var i = 0; i < files.Count; i++)
            {
                var at = i;
                problems[i] ??= Try(() => act(at, files[at].File, files[at].Content));
            }
        }
    }

    private static FileProblem? Try(Action act)
    {
        try
        {
            act();
            return null;
        }
        catch (FileFault fault)
        {
            return fault.Problem;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return new FileProblem(FileProblems.Failed, fault.Message);
        }
    }

    private static async Task<FileData?> ReadWordAsync(FileTask task)
    {
        try
        {
            return JsonSerializer.Deserialize((await ReceiveAsync(task, ReceivedKind.Text)).Span, OperoneJson.Default.FileData);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static async Task<ReadOnlyMemory<byte>> ReceiveAsync(FileTask task, ReceivedKind kind)
    {
        var received = await task.Channel.ReceiveAsync(task.Cancel);
        return received.Kind == kind ? received.Data
            : received.Kind is ReceivedKind.Close or ReceivedKind.TooLong ? throw Ended(task, received)
            : throw Senseless(task, "a message among the files made no sense");
    }

    private static OperationCanceledException Ended(FileTask task, Received received)
    {
        task.Channel.Next = Task.FromResult(received);
        return new OperationCanceledException("The channel is closed.");
    }

    /// <summary>What still comes belongs to nothing that is known: the channel is closed after the answer.</summary>
    private static FileFault Senseless(FileTask task, string why)
    {
        task.Channel.Next = Task.FromResult(new Received(ReceivedKind.TooLong, default));
        return new FileFault(FileProblems.Failed, $"Nothing was put: {why}.");
    }
}
