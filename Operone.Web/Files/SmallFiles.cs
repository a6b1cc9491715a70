using Operone.Core.Errors;
using Operone.Core.Files;

namespace Operone.Web.Files;

/// <summary>Many small files, put at once.</summary>
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
}
