using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using Operone.Core.Files;
using ZstdSharp;

namespace Operone.Web.Files.Archives;

/// <summary>An archive that is written on and on, into something that cannot go back.</summary>
internal interface IArchive : IAsyncDisposable
{
    /// <summary>Adds a folder.</summary>
    Task AddFolderAsync(string name, FileEntry entry, CancellationToken cancellationToken);

    /// <summary>Adds a symbolic link.</summary>
    Task AddLinkAsync(string name, FileEntry entry, string target, CancellationToken cancellationToken);

    /// <summary>Adds a file; the content has exactly the length that it says.</summary>
    Task AddFileAsync(string name, FileEntry entry, Stream content, CancellationToken cancellationToken);
}

/// <summary>The formats of archives.</summary>
internal static class ArchiveFormat
{
    /// <summary>What they are called.</summary>
    public static IReadOnlyList<string> All { get; } = ["zip", "tar", "tar.zst"];

    /// <summary>The media type of one.</summary>
    public static string MediaType(string format) => format switch
    {
        "zip" => "application/zip",
        "tar" => "application/x-tar",
        _ => "application/zstd",
    };

    /// <summary>Begins one.</summary>
    public static async Task<IArchive> BeginAsync(string format, Stream output, CancellationToken cancellationToken) => format switch
    {
        "zip" => new Zip(await ZipArchive.CreateAsync(output, ZipArchiveMode.Create, leaveOpen: true, Encoding.UTF8, cancellationToken)),
        "tar" => new Tar(output, null),
        _ => new Tar(output, new CompressionStream(output, level: 3, leaveOpen: true)),
    };

    private sealed class Zip(ZipArchive archive) : IArchive
    {
        // the upper half has the mode as Unix has it (Info-ZIP)
        private const int FileType = 0x8000, FolderType = 0x4000, LinkType = 0xA000;

        private static readonly DateTimeOffset _first = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);

        public Task AddFolderAsync(string name, FileEntry entry, CancellationToken cancellationToken)
        {
            _ = Make(name + "/", entry, FolderType, CompressionLevel.NoCompression);
            return Task.CompletedTask;
        }

        public async Task AddLinkAsync(string name, FileEntry entry, string target, CancellationToken cancellationToken)
        {
            await using var to = await Make(name, entry with { Mode = 0x1FF }, LinkType, CompressionLevel.NoCompression).OpenAsync(cancellationToken);
            await to.WriteAsync(Encoding.UTF8.GetBytes(target), cancellationToken);
        }

        public async Task AddFileAsync(string name, FileEntry entry, Stream content, CancellationToken cancellationToken)
        {
            await using var to = await Make(name, entry, FileType, CompressionLevel.Fastest).OpenAsync(cancellationToken);
            await content.CopyToAsync(to, FileLimits.PieceBytes, cancellationToken);
        }

        public ValueTask DisposeAsync() => archive.DisposeAsync();

        private ZipArchiveEntry Make(string name, FileEntry entry, int type, CompressionLevel level)
        {
            var made = archive.CreateEntry(name, level);
            made.ExternalAttributes = (type | (entry.Mode ?? (type == FolderType ? 0x1ED : 0x1A4))) << 16;
            made.LastWriteTime = entry.ModifiedAt is { } at && at > _first && at.Year < 2108 ? at : _first;
            return made;
        }
    }

    private sealed class Tar(Stream output, CompressionStream? compression) : IArchive
    {
        private readonly TarWriter _tar = new(compression ?? output, TarEntryFormat.Pax, leaveOpen: true);

        public Task AddFolderAsync(string name, FileEntry entry, CancellationToken cancellationToken) =>
            WriteAsync(new PaxTarEntry(TarEntryType.Directory, name + "/"), entry, cancellationToken);

        public Task AddLinkAsync(string name, FileEntry entry, string target, CancellationToken cancellationToken) =>
            WriteAsync(new PaxTarEntry(TarEntryType.SymbolicLink, name) { LinkName = target }, entry, cancellationToken);

        public Task AddFileAsync(string name, FileEntry entry, Stream content, CancellationToken cancellationToken) =>
            WriteAsync(new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = content }, entry, cancellationToken);

        public async ValueTask DisposeAsync()
        {
            await _tar.DisposeAsync();
            if (compression is not null)
            {
                await compression.DisposeAsync();
            }
        }

        private Task WriteAsync(PaxTarEntry to, FileEntry entry, CancellationToken cancellationToken)
        {
            to.ModificationTime = entry.ModifiedAt ?? DateTimeOffset.UnixEpoch;
            if (entry.Mode is { } mode)
            {
                to.Mode = (UnixFileMode)(mode & 0xFFF);
            }

            return _tar.WriteEntryAsync(to, cancellationToken);
        }
    }
}
