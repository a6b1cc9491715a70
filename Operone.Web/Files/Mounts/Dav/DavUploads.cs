using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Net;
using System.Security.Cryptography;
using Operone.Core.Errors;
using Operone.Core.Files;
using Operone.Disk;
using DiskPlace = Operone.Disk.FilePlace;

namespace Operone.Web.Files.Mounts.Dav;

/// <summary>
/// Uploads to a WebDAV server. Each is one PUT that is kept open from its first byte to its commit, over as many stretches as it takes. Where
/// it breaks, or rests for too long, the upload begins anew.
/// </summary>
internal sealed class DavUploads(TimeProvider time) : IDisposable
{
    private const int Most = 64;
    private static readonly TimeSpan Rest = TimeSpan.FromMinutes(2);

    private readonly ConcurrentDictionary<Guid, DavUpload> _open = new();

    /// <summary>Begins one, or goes on with one.</summary>
    public async Task<IFileWriting> BeginAsync(DavClient client, TreePath part, Guid upload, long offset)
    {
        if (_open.TryGetValue(upload, out var known))
        {
            if (offset > known.Length || (offset == known.Length && !known.IsOver && offset > 0))
            {
                return new Writing(this, known, known.Length);
            }

            // what was sent cannot be taken back: it begins anew
            await ForgetAsync(upload);
        }

        if (offset != 0)
        {
            return new Writing(this, null, 0);
        }

        if (_open.Count >= Most)
        {
            throw RemoteFault.Away($"{Most} uploads to '{client.Host}' are under way: try again when one is done.");
        }

        var begun = new DavUpload(client, part, time);
        _open[upload] = begun;
        return new Writing(this, begun, 0);
    }

    /// <summary>Ends one: all was sent. Gives how long it is, and its SHA-256.</summary>
    public async Task<(long Length, byte[] Hash)> FinishAsync(Guid upload, DiskPlace place, CancellationToken cancellationToken)
    {
        if (!_open.TryRemove(upload, out var known))
        {
            throw new FileFault(FileProblems.NotFound, $"There is no unfinished upload of '{place}' by that id: it broke off, and begins anew.");
        }

        try
        {
            return await known.FinishAsync(cancellationToken);
        }
        finally
        {
            await known.DisposeAsync();
        }
    }

    /// <summary>Breaks one off.</summary>
    public async Task ForgetAsync(Guid upload)
    {
        if (_open.TryRemove(upload, out var known))
        {
            await known.DisposeAsync();
        }
    }

    /// <summary>Breaks those off that nobody goes on with.</summary>
    public void Tidy()
    {
        foreach (var (id, upload) in _open.Where(u => time.GetElapsedTime(u.Value.UsedAt) > Rest))
        {
            _ = ForgetAsync(id);
        }
    }

    public void Dispose()
    {
        foreach (var id in _open.Keys)
        {
            _ = ForgetAsync(id);
        }
    }

    private sealed class Writing(DavUploads uploads, DavUpload? upload, long offset) : IFileWriting
    {
        private static readonly byte[] _zeros = new byte[FileLimits.PieceBytes];

        public long Offset => offset;

        public async ValueTask<Result<Unit>> WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken) =>
            upload is null ? throw new InvalidOperationException("There is nothing to write to.")
            : await Faults.CatchAsync(upload.Shown, async () =>
            {
                try
                {
                    await upload.WriteAsync(data, cancellationToken);
                    return Unit.Value;
                }
                catch (FileFault)
                {
                    await ForgetAsync();
                    throw;
                }
            });

        public async ValueTask<Result<Unit>> SkipAsync(long hole, CancellationToken cancellationToken)
        {
            for (; hole > 0; hole -= _zeros.Length)
            {
                if ((await WriteAsync(_zeros.AsMemory(0, (int)Math.Min(hole, _zeros.Length)), cancellationToken)).Error is { } error)
                {
                    return error;
                }
            }

            return Unit.Value;
        }

        public ValueTask<Result<long>> EndAsync(CancellationToken cancellationToken) => ValueTask.FromResult<Result<long>>(upload?.Length ?? 0);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;

        private async Task ForgetAsync()
        {
            foreach (var (id, open) in uploads._open)
            {
                if (open == upload)
                {
                    await uploads.ForgetAsync(id);
                }
            }
        }
    }
}

/// <summary>One PUT that is open.</summary>
internal sealed class DavUpload : IAsyncDisposable
{
    private readonly Pipe _pipe = new(new PipeOptions(pauseWriterThreshold: 1024 * 1024, resumeWriterThreshold: 512 * 1024, useSynchronizationContext: false));
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly CancellationTokenSource _end = new();
    private readonly TimeProvider _time;
    private readonly Task<HttpStatusCode> _answer;

    public DavUpload(DavClient client, TreePath part, TimeProvider time)
    {
        _time = time;
        UsedAt = time.GetTimestamp();
        Shown = part.Parent.ToString();
        _answer = SendAsync(client, part);
    }

    /// <summary>How many bytes were taken.</summary>
    public long Length { get; private set; }

    /// <summary>When it was used last.</summary>
    public long UsedAt { get; private set; }

    /// <summary>Where it goes, for people.</summary>
    public string Shown { get; }

    /// <summary>Whether the server has answered already, before all was sent.</summary>
    public bool IsOver => _answer.IsCompleted;

    /// <exception cref="FileFault">The server takes no more.</exception>
    public async Task WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        if (!_answer.IsCompleted)
        {
            var writing = _pipe.Writer.WriteAsync(data, cancellationToken).AsTask();
            await Task.WhenAny(writing, _answer);
            if (writing.IsCompleted && !(await writing).IsCompleted)
            {
                _hash.AppendData(data.Span);
                Length += data.Length;
                UsedAt = _time.GetTimestamp();
                return;
            }
        }

        await _answer;
        throw RemoteFault.Away("the other server ended the upload before all was sent.");
    }

    /// <exception cref="FileFault">The server has not stored it.</exception>
    public async Task<(long Length, byte[] Hash)> FinishAsync(CancellationToken cancellationToken)
    {
        await _pipe.Writer.CompleteAsync();
        await _answer.WaitAsync(cancellationToken);
        return (Length, _hash.GetHashAndReset());
    }

    /// <summary>Breaks it off, where it is not over.</summary>
    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        try
        {
            await _answer;
        }
        catch (Exception broken) when (broken is FileFault or OperationCanceledException)
        {
            // that was wanted
        }

        _hash.Dispose();
        _end.Dispose();
    }

    private async Task<HttpStatusCode> SendAsync(DavClient client, TreePath part)
    {
        try
        {
            using var request = client.Request("PUT", part);
            request.Content = new PipeContent(_pipe.Reader);
            using var response = await client.SendAsync(request, part, _end.Token, hasPatience: true);
            return response.StatusCode;
        }
        finally
        {
            await _pipe.Reader.CompleteAsync();
        }
    }

    private sealed class PipeContent(PipeReader reader) : HttpContent
    {
        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => reader.CopyToAsync(stream);

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken) => reader.CopyToAsync(stream, cancellationToken);

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
