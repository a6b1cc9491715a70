using Operone.Core.Files;

namespace Operone.Disk;

/// <summary>Reads small files, up to <see cref="FileLimits.SmallBatchBytes"/> in all.</summary>
internal sealed class SmallGet(IDisk disk, FileBounds bounds)
{
    private int _bytes;

    /// <summary>Reads one, whole.</summary>
    /// <exception cref="FileFault">It cannot be read, is not small, changes just now, or is one too many.</exception>
    public SmallContent Read(string path)
    {
        var place = bounds.At(path);
        using var file = disk.OpenFile(place);
        var entry = file.Entry;
        if (entry.Size is not (>= 0 and <= FileLimits.SmallBytes and var size))
        {
            throw new FileFault(FileProblems.Failed, $"'{place}' is larger than {FileLimits.SmallBytes} bytes.");
        }

        if (_bytes + size > FileLimits.SmallBatchBytes)
        {
            throw new FileFault(FileProblems.Busy, $"'{place}' is behind {FileLimits.SmallBatchBytes} bytes of others.");
        }

        // one more than it has: whether it has grown
        var content = new byte[size + 1];
        var have = 0;
        for (int count; have < content.Length && (count = file.Read(content.AsSpan(have), have)) > 0; have += count)
        {
        }

        if (have != size || file.Now().Tag != entry.Tag)
        {
            throw new FileFault(FileProblems.Changed, $"'{place}' changed while it was read.");
        }

        _bytes += have;
        return new SmallContent(entry, content.AsMemory(0, have));
    }
}
