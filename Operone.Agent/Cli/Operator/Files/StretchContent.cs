using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using Operone.Core.Errors;
using Operone.Core.Files;
using Operone.Core.Files.Chunks;
using Operone.Disk;

namespace Operone.Agent.Cli.Operator.Files;

/// <summary>What is left of a file that replaces another version of it, as a body: its bytes only where that one does not have them.</summary>
internal sealed class StretchContent : HttpContent
{
    private readonly IFileSide _from;
    private readonly FileItem _file;
    private readonly FileStretch[] _stretches;
    private readonly Action<long> _moved;
    private readonly Action<int> _sent;

    /// <summary>Makes it.</summary>
    /// <param name="from">Where the file is.</param>
    /// <param name="file">The file.</param>
    /// <param name="plan">What is sent of it.</param>
    /// <param name="offset">From where on.</param>
    /// <param name="moved">Is told of bytes that are not sent.</param>
    /// <param name="sent">Is told of bytes that are sent.</param>
    public StretchContent(IFileSide from, FileItem file, ReusePlan plan, long offset, Action<long> moved, Action<int> sent)
    {
        (_from, _file, _stretches, _moved, _sent) = (from, file, [.. plan.From(offset)], moved, sent);
        Headers.ContentType = new MediaTypeHeaderValue(FileMediaTypes.Stretches);
    }

    /// <summary>What is wrong with the file itself.</summary>
    public Error? Problem { get; private set; }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        var (head, buffer) = (new byte[StretchHead.Bytes], ArrayPool<byte>.Shared.Rent(FileLimits.PieceBytes));
        try
        {
            foreach (var stretch in _stretches)
            {
                new StretchHead(stretch.Length, stretch.OldOffset).Write(head);
                await stream.WriteAsync(head, cancellationToken);
                if (stretch.OldOffset is null)
                {
                    await SendAsync(stream, stretch, buffer, cancellationToken);
                }
                else
                {
                    _moved(stretch.Length);
                }
            }
        }
        catch (FileFault fault)
        {
            Problem = LocalFiles.ToError(fault);
            throw new IOException(fault.Message, fault);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = _stretches.Sum(s => StretchHead.Bytes + (s.OldOffset is null ? s.Length : 0));
        return true;
    }

    private async Task SendAsync(Stream stream, FileStretch stretch, byte[] buffer, CancellationToken cancellationToken)
    {
        var opened = await _from.OpenAsync(_file, stretch.Offset, stretch.Length, cancellationToken);
        if (opened.Error is { } error)
        {
            Problem = error;
            throw new IOException(error.Title);
        }

        await using var source = opened.Value;
        for (var left = stretch.Length; left > 0;)
        {
            var count = await source.ReadAsync(buffer.AsMemory(0, (int)Math.Min(left, FileLimits.PieceBytes)), cancellationToken);
            if (count == 0)
            {
                Problem = new Error(ErrorKind.Unprocessable, FileProblems.Changed, "It has become shorter while it was copied.", "Try again.");
                throw new IOException(Problem.Title);
            }

            await stream.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
            _sent(count);
            left -= count;
        }
    }
}
