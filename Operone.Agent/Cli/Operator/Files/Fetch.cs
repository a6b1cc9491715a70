using System.Buffers;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Operone.Core.Errors;
using Operone.Core.Files;
using Operone.Core.Files.Chunks;
using Operone.Disk;

namespace Operone.Agent.Cli.Operator.Files;

/// <summary>One file on its way from a device.</summary>
internal sealed class Fetch(RemoteFiles from, FileItem file, LocalFiles to, TreePath path, ReusePlan? plan, Action<long> moved)
{
    /// <summary>From so many zeros on a hole is left in the file.</summary>
    private const int HoleBytes = 4096;

    private ReusePlan? _plan = plan;
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

        return _plan is null ? await GetRestAsync(retry, cancellationToken) : await FollowAsync(_plan, retry, cancellationToken);
    }

    /// <summary>Gets all from where it stands on.</summary>
    private async Task<Result<Unit>> GetRestAsync(Retry retry, CancellationToken cancellationToken)
    {
        var got = await from.GetAsync(file.Path, _at, null, _tag, cancellationToken);
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
        var taken = await TakeAsync(response, retry, cancellationToken);
        _isWhole = !taken.IsError;
        return taken;
    }

    /// <summary>Takes from the old version here what both have, and gets the rest.</summary>
    private async Task<Result<Unit>> FollowAsync(ReusePlan plan, Retry retry, CancellationToken cancellationToken)
    {
        IsBroken = true; // it comes in pieces: it is compared as a whole
        using var old = to.OldVersion(path);
        foreach (var stretch in plan.From(_at))
        {
            if (stretch.OldOffset is { } offset)
            {
                try
                {
                    old.Read(new FileReuse(offset, stretch.Length, plan.Old.Tag!), Take, cancellationToken);
                    retry.Progress();
                    continue;
                }
                catch (FileFault fault) when (fault.Code is FileProblems.Changed or FileProblems.NotFound or FileProblems.Failed or FileProblems.WrongKind)
                {
                    _plan = null;
                    return await GetRestAsync(retry, cancellationToken);
                }
            }

            var got = await from.GetAsync(file.Path, stretch.Offset, stretch.Length, plan.Now.Tag, cancellationToken);
            if (got.Error is { } error)
            {
                return error;
            }

            using var response = got.Value;
            if (response.StatusCode != HttpStatusCode.PartialContent || response.Headers.ETag?.Tag.Trim('"') != plan.Now.Tag)
            {
                // it is another file by now
                _plan = null;
                return await GetRestAsync(retry, cancellationToken);
            }

            var taken = await TakeAsync(response, retry, cancellationToken);
            if (taken.IsError || _at != stretch.Offset + stretch.Length)
            {
                return taken.Error ?? new Error(ErrorKind.Unavailable, "file-connection-lost", "The answer broke off.", "Not all of it came. Try again.");
            }
        }

        _isWhole = true;
        return Unit.Value;
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
        (_at, _isWhole, _plan) = (0, false, null);
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

    private async Task<Result<Unit>> TakeAsync(HttpResponseMessage response, Retry retry, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(FileLimits.PieceBytes);
        try
        {
            await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
            int count;
            while ((count = await body.ReadAsync(buffer, cancellationToken)) > 0)
            {
                Take(buffer.AsSpan(0, count));
                retry.Progress();
            }

            return Unit.Value;
        }
        catch (Exception e) when (e is not FileFault && from.Api.Explain(e, cancellationToken) is not null)
        {
            return from.Api.Explain(e, cancellationToken)!;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private void Take(ReadOnlySpan<byte> bytes)
    {
        _hash.AppendData(bytes);

        // a run of zeros takes no room
        if (bytes.Length < HoleBytes || bytes.ContainsAnyExcept((byte)0))
        {
            _part!.Write(bytes, _at);
        }

        _at += bytes.Length;
        moved(bytes.Length);
    }
}
