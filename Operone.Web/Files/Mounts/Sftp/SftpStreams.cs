using System.Collections.Concurrent;
using System.Security.Cryptography;
using Operone.Core.Errors;
using Operone.Core.Files;
using Renci.SshNet.Sftp;
using DiskPlace = Operone.Disk.FilePlace;

namespace Operone.Web.Files.Mounts.Sftp;

/// <summary>A file that is read, with the connection that it came over.</summary>
internal sealed class SftpStream(SftpFileStream inner, SftpPool pool, SftpSeat seat, DiskPlace place) : Stream
{
    private bool _isBroken;
    private bool _isOver;

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => inner.Length;
    public override long Position { get => inner.Position; set => throw new NotSupportedException(); }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            return await SftpFaults.CatchAsync(place, () => inner.ReadAsync(buffer, cancellationToken).AsTask());
        }
        catch
        {
            _isBroken = true;
            throw;
        }
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override void Flush() => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override async ValueTask DisposeAsync()
    {
        if (!_isOver)
        {
            _isOver = true;
            try
            {
                await inner.DisposeAsync();
            }
            catch (Exception gone) when (gone is Renci.SshNet.Common.SshException or ObjectDisposedException or IOException)
            {
                _isBroken = true;
            }

            pool.Return(seat, !_isBroken);
        }

        await base.DisposeAsync();
    }
}

/// <summary>An upload that is written to its part.</summary>
internal sealed class SftpWriting(SftpFileStream part, SftpPool pool, SftpSeat seat, DiskPlace place, long offset, SftpDigest? digest) : IFileWriting
{
    private static readonly byte[] _zeros = new byte[FileLimits.PieceBytes];

    private bool _isBroken;
    private bool _isOver;
    private long _length = offset;

    public long Offset { get; } = offset;

    public async ValueTask<Result<Unit>> WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        var written = await Faults.CatchAsync(place.ToString(), () => SftpFaults.CatchAsync(place, async () =>
        {
            await part.WriteAsync(data, cancellationToken);
            digest?.Add(data.Span);
            _length += data.Length;
            return Unit.Value;
        }));
        _isBroken |= written.IsError;
        return written;
    }

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

    public async ValueTask<Result<long>> EndAsync(CancellationToken cancellationToken)
    {
        var ended = await Faults.CatchAsync(place.ToString(), () => SftpFaults.CatchAsync(place, async () =>
        {
            await part.FlushAsync(cancellationToken);
            return _length;
        }));
        _isBroken |= ended.IsError;
        return ended;
    }

    public async ValueTask DisposeAsync()
    {
        if (_isOver)
        {
            return;
        }

        _isOver = true;
        if (_isBroken)
        {
            digest?.Forget();
        }

        try
        {
            await part.DisposeAsync();
        }
        catch (Exception gone) when (gone is Renci.SshNet.Common.SshException or ObjectDisposedException or IOException or InvalidOperationException)
        {
            _isBroken = true;
        }

        pool.Return(seat, !_isBroken);
    }
}

/// <summary>The SHA-256 of uploads, kept as they are written from their beginning; of any other the part is read at the end.</summary>
internal sealed class SftpUploads
{
    private const int Most = 256;

    private readonly ConcurrentDictionary<Guid, SftpDigest> _digests = new();

    /// <summary>Somebody writes on from an offset.</summary>
    public SftpDigest? Begin(Guid upload, long offset)
    {
        if (_digests.TryRemove(upload, out var known) && known.Length == offset)
        {
            return _digests[upload] = known;
        }

        if (_digests.Count >= Most)
        {
            // most are of uploads that broke off
            _digests.Clear();
        }

        return offset == 0 ? _digests[upload] = new SftpDigest() : null;
    }

    /// <summary>The digest of all, where all went through here.</summary>
    public byte[]? Take(Guid upload, long length) => _digests.TryRemove(upload, out var digest) && digest.Length == length ? digest.Finish() : null;

    public void Forget(Guid upload) => _digests.TryRemove(upload, out _);
}

/// <summary>One of <see cref="SftpUploads"/>.</summary>
internal sealed class SftpDigest
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    /// <summary>How many bytes; -1 where it is of no use any more.</summary>
    public long Length { get; private set; }

    public void Add(ReadOnlySpan<byte> data)
    {
        if (Length >= 0)
        {
            _hash.AppendData(data);
            Length += data.Length;
        }
    }

    public void Forget() => Length = -1;

    public byte[] Finish() => _hash.GetHashAndReset();
}
