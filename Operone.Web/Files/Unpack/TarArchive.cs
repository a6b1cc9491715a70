using System.Formats.Tar;
using Operone.Core.Files;

namespace Operone.Web.Files.Unpack;

/// <summary>A tar, read as it comes: ustar, GNU and PAX.</summary>
internal sealed class TarArchive(OutStream stream) : IArchiveReader
{
    /// <summary>The most bytes of an entry's head: names, targets, attributes.</summary>
    private const long MaxHeadBytes = 1 << 20;

    private readonly TarReader _tar = new(stream);
    private TarEntry? _last;

    /// <summary>Where the bytes of the last entry begin, without the compression.</summary>
    public long At { get; private set; }

    public async ValueTask<ArchiveEntry?> NextAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                if (!stream.CanSeek && _last?.DataStream is { } rest)
                {
                    await rest.CopyToAsync(Stream.Null, cancellationToken);
                }

                stream.Budget = MaxHeadBytes;
                _last = await _tar.GetNextEntryAsync(copyData: false, cancellationToken);
                stream.Budget = long.MaxValue;
                if (_last is null)
                {
                    return null;
                }

                At = stream.CanSeek ? _last.DataOffset : stream.Count;
                if (_last.EntryType is not TarEntryType.GlobalExtendedAttributes)
                {
                    return Read(_last);
                }
            }
        }
        catch (Exception problem) when (problem is InvalidDataException or EndOfStreamException or FormatException or ZstdSharp.ZstdException or ArgumentException or NotSupportedException)
        {
            throw UnpackStop.Broken(problem.Message);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _tar.DisposeAsync();
        await stream.DisposeAsync();
    }

    private static ArchiveEntry Read(TarEntry entry)
    {
        var kind = entry.EntryType switch
        {
            TarEntryType.RegularFile or TarEntryType.V7RegularFile or TarEntryType.ContiguousFile => FileKind.File,
            TarEntryType.Directory or TarEntryType.DirectoryList => FileKind.Folder,
            TarEntryType.SymbolicLink => FileKind.Link,
            TarEntryType.HardLink => (FileKind?)null,
            _ => FileKind.Other,
        };
        var isLost = entry.Name.Contains('\uFFFD', StringComparison.Ordinal) || (entry.LinkName ?? "").Contains('\uFFFD', StringComparison.Ordinal);
        return new ArchiveEntry(entry.Name, kind)
        {
            Refusal = isLost ? "its name, or its target, is not UTF-8" : kind == FileKind.Other
                ? entry.EntryType switch
                {
                    TarEntryType.CharacterDevice or TarEntryType.BlockDevice => "it is a device",
                    TarEntryType.Fifo => "it is a pipe",
                    TarEntryType.SparseFile => "it is a sparse file of GNU's, which are not unpacked",
                    var type => $"it is of the kind '{(char)type}', which is not unpacked",
                }
                : null,
            Mode = (int)entry.Mode,
            ModifiedAt = entry.ModificationTime,
            Target = entry.LinkName,
            Size = entry.Length,
            Content = entry.DataStream is { } data ? new ExactStream(data, entry.Length) : Stream.Null,
        };
    }
}
