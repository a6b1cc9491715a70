using Operone.Core.Files;

namespace Operone.Web.Files.Unpack;

/// <summary>A zip in the tree, read by its central directory, entry by entry.</summary>
internal sealed class ZipFile(TreeFile file, UnpackMeter meter) : IArchiveReader
{
    private readonly ZipDirectory _directory = new(file);
    private long _taken;
    private Stream _content = Stream.Null;

    public async ValueTask<ArchiveEntry?> NextAsync(CancellationToken cancellationToken)
    {
        meter.In = file.Length;
        await _content.DisposeAsync();
        if (await _directory.NextAsync(cancellationToken) is not { } head)
        {
            return null;
        }

        var entry = head.Entry;
        if (entry.Refusal is not null || entry.Kind == FileKind.Folder)
        {
            return entry;
        }

        var (begin, refusal) = await ZipDirectory.FindAsync(file, head, cancellationToken);
        if (refusal is not null)
        {
            return entry with { Refusal = refusal };
        }

        _taken += begin - head.Offset + head.Packed;
        if (_taken > file.Length)
        {
            throw UnpackStop.Broken("Entries overlap, or lie behind its end.");
        }

        _content = new ZipContent(file.Part(begin, head.Packed), head.IsDeflated, head.Crc, entry.Size, meter);
        if (entry.Kind != FileKind.Link)
        {
            return entry with { Content = _content };
        }

        (var target, refusal) = await ZipDirectory.ReadTargetAsync(_content, cancellationToken);
        return entry with { Target = target, Refusal = refusal };
    }

    public ValueTask DisposeAsync() => _content.DisposeAsync();
}
