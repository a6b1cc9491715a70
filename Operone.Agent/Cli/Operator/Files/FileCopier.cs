using System.Security.Cryptography;
using Operone.Core.Errors;
using Operone.Core.Files;
using Operone.Disk;

namespace Operone.Agent.Cli.Operator.Files;

/// <summary>Copies a file's bytes between two sides, of which one at least is a device; goes on after any break, and checks the SHA-256 at the end.</summary>
/// <param name="time">The clock.</param>
/// <param name="window">How long it tries again while nothing moves.</param>
/// <param name="moved">Is told of bytes that have moved; of fewer than none, where some have to move again.</param>
internal sealed class FileCopier(TimeProvider time, TimeSpan window, Action<long> moved)
{
    /// <summary>Up to this size a file is sent by one request, which is simply made again.</summary>
    private const int SmallBytes = 1 << 20;

    /// <summary>A file that came in one unbroken answer of up to this size is not read once more on the device for its SHA-256.</summary>
    private const int UncheckedBytes = 64 << 10;

    /// <summary>Copies.</summary>
    public async Task<Result<Unit>> CopyAsync(IFileSide from, FileItem file, IFileSide to, TreePath path, CopyHow how, CancellationToken cancellationToken)
    {
        try
        {
            // what the system makes as it is read has no size, and is another one each time
            file = file.Size == 0 ? file with { Tag = null } : file;
            return to is RemoteFiles remote
                ? file.Kind == FileKind.File && file.Size > SmallBytes
                    ? await new Uploader(time, window, moved, remote).SendAsync(from, file, path, how, cancellationToken)
                    : await PutAsync(from, file, remote, path, how, cancellationToken)
                : await FetchAsync((RemoteFiles)from, file, (LocalFiles)to, path, how, cancellationToken);
        }
        catch (FileFault fault)
        {
            return LocalFiles.ToError(fault);
        }
    }

    /// <summary>A small file, or one whose size nobody knows.</summary>
    private async Task<Result<Unit>> PutAsync(IFileSide from, FileItem file, RemoteFiles to, TreePath path, CopyHow how, CancellationToken cancellationToken)
    {
        var retry = new Retry(time, window);
        for (var attempt = 1; ; attempt++)
        {
            var content = await ReadSmallAsync(from, file, cancellationToken);
            var error = content.Error;
            if (error is null && content.Value is null)
            {
                // a link to something large
                var size = await from.MeasureAsync(file.Path, cancellationToken);
                return size.IsError ? size.Error!
                    : await new Uploader(time, window, moved, to).SendAsync(from, file with { Kind = FileKind.File, Size = size.Value, Tag = null }, path, how, cancellationToken);
            }

            if (error is null)
            {
                var sha = SHA256.HashData(content.Value!);
                error = (await to.PutAsync(path, content.Value!, sha, how, cancellationToken)).Error;
                if (error is { Code: "file-exists" } && attempt > 1 && await to.HashAsync(path, cancellationToken) is { IsError: false, Value: var there } && there.AsSpan().SequenceEqual(sha))
                {
                    // the attempt before this one had arrived
                    error = null;
                }
            }

            if (error is null)
            {
                moved(content.Value!.Length);
                return Unit.Value;
            }

            if (!await retry.WaitAsync(error, cancellationToken))
            {
                return error;
            }
        }
    }

    private static async Task<Result<byte[]?>> ReadSmallAsync(IFileSide from, FileItem file, CancellationToken cancellationToken)
    {
        var opened = await from.OpenAsync(file, 0, null, cancellationToken);
        if (opened.Error is { } error)
        {
            return error;
        }

        await using var stream = opened.Value;
        try
        {
            using var content = new MemoryStream((int)Math.Min(file.Size, SmallBytes));
            var buffer = new byte[16 << 10];
            int count;
            while ((count = await stream.ReadAsync(buffer, cancellationToken)) > 0)
            {
                content.Write(buffer.AsSpan(0, count));
                if (content.Length > SmallBytes)
                {
                    return (byte[]?)null;
                }
            }

            return content.ToArray();
        }
        catch (Exception e) when (from is RemoteFiles remote && remote.Api.Explain(e, cancellationToken) is not null)
        {
            return ((RemoteFiles)from).Api.Explain(e, cancellationToken)!;
        }
    }

    /// <summary>From a device to this machine: beside its place first, and put there when it is whole and right.</summary>
    private async Task<Result<Unit>> FetchAsync(RemoteFiles from, FileItem file, LocalFiles to, TreePath path, CopyHow how, CancellationToken cancellationToken)
    {
        var fetch = new Fetch(from, file, to, path, await Versions.CompareAsync(from, file, to, path, how, cancellationToken), moved);
        var retry = new Retry(time, window);
        var damages = 0;
        while (true)
        {
            var done = await fetch.GoOnAsync(retry, cancellationToken);
            if (done.Error is { } broken)
            {
                if (await retry.WaitAsync(broken, cancellationToken))
                {
                    fetch.IsBroken = true;
                    continue;
                }

                fetch.Leave();
                return broken;
            }

            if (fetch.IsBroken || fetch.Length > UncheckedBytes)
            {
                var sha = await from.HashAsync(file.Path, cancellationToken);
                if (sha.Error is { } unknown)
                {
                    if (await retry.WaitAsync(unknown, cancellationToken))
                    {
                        continue;
                    }

                    fetch.Leave();
                    return unknown;
                }

                if (!sha.Value.AsSpan().SequenceEqual(fetch.Sha256))
                {
                    fetch.Discard();
                    if (++damages > 1)
                    {
                        return RemoteFiles.Changed(from.Show(file.Path));
                    }

                    continue;
                }
            }

            return fetch.Commit(how);
        }
    }
}
