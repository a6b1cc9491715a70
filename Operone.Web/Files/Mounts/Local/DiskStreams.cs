using Operone.Core.Errors;
using Operone.Core.Files;
using Operone.Disk;
using DiskPlace = Operone.Disk.FilePlace;
using DiskUploads = Operone.Disk.Uploads;

namespace Operone.Web.Files.Mounts.Local;

/// <summary>A file of the node that is being read.</summary>
internal sealed class DiskReading : IFileReading
{
    private readonly IDiskFile _file;
    private readonly DiskPlace _place;
    private readonly string _shown;
    private readonly long _to;
    private long _at;
    private long _hole;

    public DiskReading(IDiskFile file, DiskPlace place, long offset, long? length, string shown)
    {
        if (offset < 0 || length < 0)
        {
            file.Dispose();
            throw new FileFault(FileProblems.Failed, "There is no offset, and no length, below 0.");
        }

        (_file, _place, _shown, _at) = (file, place, shown, offset);
        var size = file.Entry.Size is null or 0 ? long.MaxValue : file.Entry.Size.Value; // of the system's own files nobody knows it
        _to = length is { } most && most < size - Math.Min(offset, size) ? offset + most : size;
        _hole = file.MayHaveHoles && size != long.MaxValue ? offset : long.MaxValue;
    }

    public FileEntry Entry => _file.Entry;

    public ValueTask<Result<FilePiece>> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken) =>
        new(Faults.CatchAsync(_shown, () => Task.Run(() => Read(buffer.Span), cancellationToken)));

    public ValueTask DisposeAsync()
    {
        _file.Dispose();
        return ValueTask.CompletedTask;
    }

    private FilePiece Read(Span<byte> buffer)
    {
        while (_at < _to)
        {
            if (_at >= _hole)
            {
                var data = Math.Min(_file.NextData(_at) ?? _to, _to);
                if (data > _at)
                {
                    if (data == _to)
                    {
                        Require();
                    }

                    var hole = data - _at;
                    _at = data;
                    return new FilePiece(0, hole);
                }

                _hole = _file.NextHole(_at);
            }

            var count = _file.Read(buffer[..(int)Math.Min(buffer.Length, Math.Min(_hole, _to) - _at)], _at);
            if (count > 0)
            {
                _at += count;
                return new FilePiece(count, 0);
            }

            if (_to != long.MaxValue)
            {
                Require();
            }

            break;
        }

        return default;
    }

    /// <summary>Nothing is left to read: that is right where the file says no other size than it did.</summary>
    private void Require()
    {
        if (_file.Now().Size < _to)
        {
            throw new FileFault(FileProblems.Changed, $"'{_place}' was cut short while it was read.");
        }
    }
}

/// <summary>An upload to the node that is being written.</summary>
internal sealed class DiskWriting(IDiskPart part, OldVersion old, DiskUploads.Claim claim, UploadDigest digest, string shown) : IFileWriting
{
    /// <summary>How much is written before the disk is asked to begin.</summary>
    private const long FlushBytes = 16 * 1024 * 1024;

    private long _flushed = part.Length;
    private Error? _broken;

    public long Offset { get; } = part.Length;

    public async ValueTask<Result<Unit>> WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken) => await PutAsync(() =>
    {
        part.Write(data.Span, part.Length);
        digest.Add(data.Span);
        Flush();
    }, cancellationToken);

    public async ValueTask<Result<Unit>> SkipAsync(long hole, CancellationToken cancellationToken) => await PutAsync(() =>
    {
        if (hole <= 0 || hole > long.MaxValue - part.Length)
        {
            throw new FileFault(FileProblems.Failed, "A hole has a length above 0.");
        }

        part.SetLength(part.Length + hole);
        digest.AddHole(hole);
    }, cancellationToken);

    public async ValueTask<Result<Unit>> ReuseAsync(FileReuse reuse, CancellationToken cancellationToken) => await PutAsync(() =>
    {
        old.Append(part, digest, reuse, cancellationToken);
        Flush();
    }, cancellationToken);

    public ValueTask<Result<long>> EndAsync(CancellationToken cancellationToken) => ValueTask.FromResult(_broken is { } error ? error : (Result<long>)part.Length);

    public ValueTask DisposeAsync()
    {
        old.Dispose();
        part.Dispose();
        claim.Dispose();
        return ValueTask.CompletedTask;
    }

    private void Flush()
    {
        if (part.Length - _flushed >= FlushBytes)
        {
            part.Flush(_flushed, part.Length - _flushed);
            _flushed = part.Length;
        }
    }

    private async Task<Result<Unit>> PutAsync(Action put, CancellationToken cancellationToken)
    {
        if (_broken is { } before)
        {
            return before;
        }

        if (claim.Taken.IsCancellationRequested)
        {
            return FileErrors.From(new(FileProblems.Changed, "somebody else goes on with this upload."), shown);
        }

        var done = await Faults.CatchAsync(shown, () => Task.Run(() =>
        {
            put();
            return Unit.Value;
        }, cancellationToken));
        if (done.Error is { } error)
        {
            digest.Forget();
            _broken = error;
        }

        return done;
    }
}
