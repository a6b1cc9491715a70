using System.Buffers;
using System.Security.Cryptography;
using Operone.Core.Errors;
using Operone.Core.Files;
using Operone.Core.Files.Chunks;

namespace Operone.Web.Files.Uploads;

/// <summary>What one request writes to an upload.</summary>
/// <param name="Content">The bytes; with <paramref name="Base"/> stretches, each behind its <see cref="StretchHead"/>.</param>
/// <param name="Checksum">The checksum of the bytes, or null.</param>
/// <param name="Base">The tag of the file there that stretches are taken of.</param>
internal sealed record UploadBody(Stream Content, (HashAlgorithmName Algorithm, byte[] Value)? Checksum = null, string? Base = null)
{
    private const long SlowestDiskBytesPerSecond = 4 << 20;

    /// <summary>How many bytes were taken from the file there.</summary>
    public long Reused { get; private set; }

    /// <summary>How long what was written may take to be there: what is taken from a file there takes the device's time, and not the network's.</summary>
    public TimeSpan Patience => TimeSpan.FromSeconds(30 + (Reused / SlowestDiskBytesPerSecond));

    /// <summary>Writes all of it, at most <paramref name="most"/> bytes of the upload; gives what went wrong.</summary>
    public async Task<Error?> SendAsync(IFileWriting writing, long most, IncrementalHash? hash, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(FileLimits.PieceBytes);
        try
        {
            return await (Base is { } tag ? SendStretchesAsync(writing, tag, most, buffer, cancellationToken) : SendBytesAsync(writing, most, hash, buffer, cancellationToken));
        }
        catch (Exception gone) when (gone is IOException or OperationCanceledException or BadHttpRequestException)
        {
            return new(ErrorKind.Invalid, "upload-broken", "The request broke off.", "What came before is stored: go on there.");
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async Task<Error?> SendBytesAsync(IFileWriting writing, long most, IncrementalHash? hash, byte[] buffer, CancellationToken cancellationToken)
    {
        var sent = 0L;
        while (true)
        {
            var count = await Content.ReadAsync(buffer.AsMemory(0, FileLimits.PieceBytes), cancellationToken);
            if (count == 0)
            {
                return null;
            }

            if ((sent += count) > most)
            {
                return UploadErrors.TooMuch(most);
            }

            hash?.AppendData(buffer, 0, count);
            if ((await writing.WriteAsync(buffer.AsMemory(0, count), cancellationToken)).Error is { } error)
            {
                return error;
            }
        }
    }

    private async Task<Error?> SendStretchesAsync(IFileWriting writing, string tag, long most, byte[] buffer, CancellationToken cancellationToken)
    {
        var head = new byte[StretchHead.Bytes];
        for (var left = most; ;)
        {
            var have = await Content.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false, cancellationToken);
            if (have == 0)
            {
                return null;
            }

            if (have < head.Length || StretchHead.Read(head) is not { } stretch)
            {
                return have < head.Length ? throw new IOException("It ends within a head.") : Error.InvalidField("body", "has a head of a stretch that makes no sense");
            }

            if ((left -= stretch.Length) < 0)
            {
                return UploadErrors.TooMuch(most);
            }

            var error = stretch.OldOffset is { } offset
                ? await ReuseAsync(writing, tag, offset, stretch.Length, cancellationToken)
                : await SendStretchAsync(writing, stretch.Length, buffer, cancellationToken);
            if (error is not null)
            {
                return error;
            }
        }
    }

    private async Task<Error?> ReuseAsync(IFileWriting writing, string tag, long offset, long length, CancellationToken cancellationToken)
    {
        for (var end = offset + length; offset < end;)
        {
            var count = Math.Min(ChunkLimits.MaxReuse, end - offset);
            if ((await writing.ReuseAsync(new FileReuse(offset, count, tag), cancellationToken)).Error is { } error)
            {
                return error;
            }

            (offset, Reused) = (offset + count, Reused + count);
        }

        return null;
    }

    private async Task<Error?> SendStretchAsync(IFileWriting writing, long length, byte[] buffer, CancellationToken cancellationToken)
    {
        while (length > 0)
        {
            var count = await Content.ReadAsync(buffer.AsMemory(0, (int)Math.Min(FileLimits.PieceBytes, length)), cancellationToken);
            if (count == 0)
            {
                throw new IOException("It ends within a stretch.");
            }

            if ((await writing.WriteAsync(buffer.AsMemory(0, count), cancellationToken)).Error is { } error)
            {
                return error;
            }

            length -= count;
        }

        return null;
    }
}
