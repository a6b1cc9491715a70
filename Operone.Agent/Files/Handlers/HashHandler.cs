using System.Buffers;
using System.Security.Cryptography;
using Operone.Core.Files;
using Operone.Disk;

namespace Operone.Agent.Files.Handlers;

/// <summary>Gives the SHA-256 of a file.</summary>
internal sealed class HashHandler(IDisk disk) : IFileHandler
{
    private const int BufferBytes = 256 * 1024;

    /// <inheritdoc/>
    public IReadOnlyList<string> Ops { get; } = [FileOps.Hash];

    /// <inheritdoc/>
    public async Task RunAsync(FileTask task)
    {
        using var file = disk.OpenFile(task.Place);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            int count;
            for (long at = 0; (count = file.Read(buffer, at)) > 0; at += count)
            {
                task.Cancel.ThrowIfCancellationRequested();
                hash.AppendData(buffer, 0, count);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        if (file.Now().Tag != file.Entry.Tag)
        {
            throw new FileFault(FileProblems.Changed, $"'{task.Place}' has changed while it was read.");
        }

        await task.ReplyAsync(new FileReply { IsLast = true, Entry = file.Entry, Sha256 = hash.GetHashAndReset() });
    }
}
