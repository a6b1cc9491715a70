using System.Buffers;
using System.Net;
using System.Security.Cryptography;
using System.Text;
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

    /// <summary>From so many zeros on a hole is left in the file.</summary>
    private const int HoleBytes = 4096;

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
        var opened = await from.OpenAsync(file, 0, cancellationToken);
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
        var fetch = new Fetch(from, file, to, path, moved);
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

    /// <summary>One file on its way from a device.</summary>
    private sealed class Fetch(RemoteFiles from, FileItem file, LocalFiles to, TreePath path, Action<long> moved)
    {
        private IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        private IDiskPart? _part;
        private string? _tag = file.Kind == FileKind.File ? file.Tag : null;
        private long _at;
        private bool _isWhole;

        /// <summary>Whether it did not come in one piece.</summary>
        public bool IsBroken { get; set; }

        /// <summary>How long it is.</summary>
        public long Length => _at;

        /// <summary>The SHA-256 of what has come.</summary>
        public byte[] Sha256 => _hash.GetCurrentHash();

        /// <summary>Gets what is missing.</summary>
        public async Task<Result<Unit>> GoOnAsync(Retry retry, CancellationToken cancellationToken)
        {
            if (_isWhole)
            {
                return Unit.Value;
            }

            if (_part is null && Begin() is { } wrong)
            {
                return wrong;
            }

            if (_at > 0 && _at == file.Size && _tag is not null && _tag == file.Tag)
            {
                _isWhole = true;
                return Unit.Value;
            }

            var got = await from.GetAsync(file.Path, _at, _tag, cancellationToken);
            if (got.Error is { } error)
            {
                if (error.Code == "http-416" || error.Title.Contains("range", StringComparison.Ordinal))
                {
                    Discard();
                    return new Error(ErrorKind.Unavailable, error.Code, error.Title, error.Detail);
                }

                return error;
            }

            using var response = got.Value;
            if (_at > 0 && response.StatusCode != HttpStatusCode.PartialContent)
            {
                // it is another file by now: from its beginning
                Restart();
            }

            _tag = response.Headers.ETag?.Tag.Trim('"');
            try
            {
                await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
                await TakeAsync(body, retry, cancellationToken);
                _isWhole = true;
                return Unit.Value;
            }
            catch (Exception e) when (e is not FileFault && from.Api.Explain(e, cancellationToken) is not null)
            {
                return from.Api.Explain(e, cancellationToken)!;
            }
        }

        /// <summary>Makes it the file.</summary>
        public Result<Unit> Commit(CopyHow how) => LocalFiles.Try(() =>
        {
            using (_part)
            {
                if (_part!.Length < _at)
                {
                    _part.SetLength(_at);
                }

                _part.Commit(new PartCommit(how.Overwrite, null, how.Mode, how.ModifiedAt, IsDurable: false));
            }

            _hash.Dispose();
            return Unit.Value;
        });

        /// <summary>Leaves what has come for the next time.</summary>
        public void Leave()
        {
            if (_at == 0)
            {
                _part?.Discard();
            }

            _part?.Dispose();
            _part = null;
            _hash.Dispose();
        }

        /// <summary>Throws away what has come.</summary>
        public void Discard()
        {
            _part?.Discard();
            _part?.Dispose();
            _part = null;
            moved(-_at);
            (_at, _isWhole) = (0, false);
            _hash.Dispose();
            _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        }

        private Error? Begin()
        {
            // the same file to the same place finds what it had got the last time
            var id = _tag is null ? Guid.NewGuid() : new Guid(SHA256.HashData(Encoding.UTF8.GetBytes($"{from.Api.Url}\n{from.AddressOf(file.Path)}\n{_tag}\n{file.Size}\n{path.ToAddress()}")).AsSpan(0, 16));
            var opened = to.OpenPart(path, id);
            if (opened.Error is { } error)
            {
                return error;
            }

            _part = opened.Value;
            var buffer = ArrayPool<byte>.Shared.Rent(FileLimits.PieceBytes);
            int count;
            while (_at < _part.Length && (count = _part.Read(buffer, _at)) > 0)
            {
                _hash.AppendData(buffer, 0, count);
                _at += count;
                IsBroken = true;
            }

            ArrayPool<byte>.Shared.Return(buffer);
            moved(_at);
            return null;
        }

        private void Restart()
        {
            moved(-_at);
            _at = 0;
            IsBroken = true;
            _part!.SetLength(0);
            _hash.Dispose();
            _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        }

        private async Task TakeAsync(Stream body, Retry retry, CancellationToken cancellationToken)
        {
            var buffer = ArrayPool<byte>.Shared.Rent(FileLimits.PieceBytes);
            try
            {
                int count;
                while ((count = await body.ReadAsync(buffer, cancellationToken)) > 0)
                {
                    _hash.AppendData(buffer, 0, count);

                    // a run of zeros takes no room
                    if (count < HoleBytes || buffer.AsSpan(0, count).ContainsAnyExcept((byte)0))
                    {
                        _part!.Write(buffer.AsSpan(0, count), _at);
                    }

                    _at += count;
                    moved(count);
                    retry.Progress();
                }
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }
    }
}
