using Operone.Core.Errors;
using Operone.Core.Files;

namespace Operone.Web.Files;

/// <summary>Many small files, put or read at once.</summary>
internal static class SmallFiles
{
    /// <summary>Sends them to a device that waits for them. Gives for each what went wrong, or null; null where its answer makes no sense.</summary>
    public static async Task<Result<IReadOnlyList<Error?>>?> PutAsync(
        FileChannel channel, IReadOnlyList<WholeFile> files, Func<TreePath, string> placeOf, CancellationToken cancellationToken)
    {
        foreach (var (path, content, how) in files)
        {
            await channel.SayAsync(new FileData(File: new(path.ToAddress(), content.Length, how.Overwrite, how.Mode, how.ModifiedAt, how.Sha256)), cancellationToken);
            if (content.Length > 0)
            {
                await channel.SendAsync(content, cancellationToken);
            }
        }

        await channel.SayAsync(new FileData(IsEnd: true), cancellationToken);
        var errors = new Error?[files.Count];
        while (true)
        {
            var reply = await channel.ReplyAsync(cancellationToken);
            if (reply.Problem is { } problem)
            {
                return FileErrors.From(problem, placeOf(files[0].Path));
            }

            foreach (var failure in reply.Failures ?? [])
            {
                if (failure.Index < 0 || failure.Index >= errors.Length || failure.Problem is null)
                {
                    channel.Dispose();
                    return null;
                }

                errors[failure.Index] = FileErrors.From(failure.Problem, placeOf(files[failure.Index].Path));
            }

            if (reply.IsLast)
            {
                return errors;
            }
        }
    }

    /// <summary>Writes them one after the other, to a backend that knows nothing better.</summary>
    public static async Task<Result<IReadOnlyList<Error?>>> PutOneByOneAsync(IFileBackend backend, FileScope scope, IReadOnlyList<WholeFile> files, CancellationToken cancellationToken)
    {
        var errors = new Error?[files.Count];
        for (var i = 0; i < errors.Length; i++)
        {
            errors[i] = await PutOneAsync(backend, scope, files[i], cancellationToken);
        }

        return errors;
    }

    private static async Task<Error?> PutOneAsync(IFileBackend backend, FileScope scope, WholeFile file, CancellationToken cancellationToken)
    {
        var upload = Guid.CreateVersion7();
        var begun = await backend.WriteAsync(scope, file.Path, upload, 0, cancellationToken);
        if (begun.IsError)
        {
            return begun.Error;
        }

        Error? error;
        await using (var writing = begun.Value)
        {
            error = (await writing.WriteAsync(file.Content, cancellationToken)).Error ?? (await writing.EndAsync(cancellationToken)).Error;
        }

        error ??= (await backend.CommitAsync(scope, file.Path, upload, file.How, cancellationToken)).Error;
        if (error is not null)
        {
            await backend.DiscardAsync(scope, file.Path, upload, cancellationToken);
        }

        return error;
    }

    /// <summary>Asks a device that waits for them for files. Gives null for one that cannot be read so; null alone where its answer makes no sense.</summary>
    public static async Task<Result<IReadOnlyList<SmallContent?>>?> GetAsync(
        FileChannel channel, IReadOnlyList<TreePath> paths, Func<TreePath, string> placeOf, CancellationToken cancellationToken)
    {
        foreach (var path in paths)
        {
            await channel.SayAsync(new FileData(File: new(path.ToAddress(), 0)), cancellationToken);
        }

        await channel.SayAsync(new FileData(IsEnd: true), cancellationToken);
        var (files, bytes) = (new SmallContent?[paths.Count], 0L);
        for (var next = 0; ; next++)
        {
            var reply = await channel.ReplyAsync(cancellationToken);
            if (reply.Problem is { } problem)
            {
                return FileErrors.From(problem, placeOf(next < paths.Count ? paths[next] : TreePath.Top));
            }

            if (reply.IsLast && next == files.Length)
            {
                return files;
            }

            if (!reply.IsLast && next < files.Length && reply.Failures is [{ Index: var index }] && index == next)
            {
                continue;
            }

            // what it sends is bound by what a device may send, whatever it says
            if (reply.IsLast || next == files.Length || reply.Entry is not { Kind: FileKind.File, Size: >= 0 and <= FileLimits.SmallBytes and var size } entry
                || (bytes += size) > FileLimits.SmallBatchBytes)
            {
                channel.Dispose();
                return null;
            }

            var content = new byte[size];
            for (var have = 0; have < content.Length;)
            {
                var (word, count) = await channel.ReceiveAsync(content.AsMemory(have), cancellationToken);
                if (word is not null || count == 0)
                {
                    channel.Dispose();
                    return null;
                }

                have += count;
            }

            files[next] = new SmallContent(entry, content);
        }
    }

    /// <summary>Reads them one after the other, from a backend that knows nothing better.</summary>
    public static async Task<Result<IReadOnlyList<SmallContent?>>> GetOneByOneAsync(
        IFileBackend backend, FileScope scope, IReadOnlyList<TreePath> paths, CancellationToken cancellationToken)
    {
        var files = new SmallContent?[paths.Count];
        for (var i = 0; i < files.Length; i++)
        {
            files[i] = await GetOneAsync(backend, scope, paths[i], cancellationToken);
        }

        return files;
    }

    private static async Task<SmallContent?> GetOneAsync(IFileBackend backend, FileScope scope, TreePath path, CancellationToken cancellationToken)
    {
        var opened = await backend.ReadAsync(scope, path, 0, null, cancellationToken);
        if (opened.IsError)
        {
            return null;
        }

        await using var reading = opened.Value;
        if (reading.Entry.Size is not (>= 0 and <= FileLimits.SmallBytes and var size))
        {
            return null;
        }

        // one more than it has: whether it has grown
        var content = new byte[size + 1];
        var have = 0;
        while (have < content.Length)
        {
            var read = await reading.ReadAsync(content.AsMemory(have), cancellationToken);
            if (read.IsError || read.Value.Hole > content.Length - have)
            {
                return null;
            }

            if (read.Value.IsEnd)
            {
                break;
            }

            have += read.Value.Count + (int)read.Value.Hole;
        }

        return have == size ? new SmallContent(reading.Entry, content.AsMemory(0, have)) : null;
    }
}
