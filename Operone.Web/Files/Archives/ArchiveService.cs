using System.Text;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Files;
using Operone.Web.Access;

namespace Operone.Web.Files.Archives;

/// <summary>Writes a folder, or a file, into an archive as it is read: nothing of it is stored on the way.</summary>
internal sealed class ArchiveService(FileTree tree, FileRecords records)
{
    /// <summary>The file in an archive that says what is missing from it.</summary>
    public const string MissingName = "MISSING.txt";

    private const int MaxMissing = 1000;

    /// <summary>What would be in it: to be asked before anything is sent.</summary>
    public async Task<Result<(FilePlace Place, FileEntry Entry)>> FindAsync(Actor actor, TreePath address, CancellationToken cancellationToken)
    {
        var place = await tree.FindAsync(actor, address, Permissions.FilesRead, "file.read", cancellationToken);
        if (place.IsError)
        {
            return place.Error!;
        }

        var entry = await place.Value.Backend.StatAsync(place.Value.Scope, place.Value.Path, withAttributes: false, cancellationToken);
        return entry.IsError ? entry.Error! : (place.Value, entry.Value);
    }

    /// <summary>Writes it. What cannot be read is left out, and <see cref="MissingName"/> says so.</summary>
    /// <exception cref="IOException">The device was lost, or a file became shorter while it was read: what was written is no whole archive.</exception>
    public async Task WriteAsync(Actor actor, FilePlace place, FileEntry entry, string format, Stream output, CancellationToken cancellationToken)
    {
        await records.ReadAsync(actor, place, 0, null, cancellationToken);
        var missing = new List<string>();
        await using var archive = await ArchiveFormat.BeginAsync(format, output, cancellationToken);
        var top = FileName.Display(place.Address.Name);
        if (!entry.IsFolder)
        {
            await AddAsync(archive, place, TreePath.Top, entry, top, missing, cancellationToken);
        }
        else
        {
            await archive.AddFolderAsync(top, entry, cancellationToken);
            var walked = await place.Backend.WalkAsync(place.Scope, place.Path, async batch =>
            {
                foreach (var found in batch)
                {
                    var below = TreePath.Parse(found.Segment).Value;
                    await AddAsync(archive, place, below, found, $"{top}/{FileName.Display(string.Join('/', below.Names))}", missing, cancellationToken);
                }
            }, cancellationToken);
            ThrowIfLost(walked.Error);
            if (walked.IsError)
            {
                Miss(missing, top, walked.Error!.Detail);
            }
        }

        if (missing.Count > 0)
        {
            var text = Encoding.UTF8.GetBytes(string.Join('\n', missing) + "\n");
            using var content = new MemoryStream(text);
            await archive.AddFileAsync($"{top}/{MissingName}", new() { Segment = MissingName, Kind = FileKind.File, Size = text.Length }, content, cancellationToken);
        }
    }

    private static async Task AddAsync(
        IArchive archive, FilePlace place, TreePath below, FileEntry entry, string name, List<string> missing, CancellationToken cancellationToken)
    {
        switch (entry.Kind)
        {
            case FileKind.Folder:
                await archive.AddFolderAsync(name, entry, cancellationToken);
                break;
            case FileKind.Link:
                await archive.AddLinkAsync(name, entry, FileName.Display(string.Join('/', (entry.Target ?? "").Split('/').Select(s => FileName.FromSegment(s) ?? s))), cancellationToken);
                break;
            case FileKind.File:
                var opened = await place.Backend.ReadAsync(place.Scope, place.Path.Join(below), 0, entry.Size, cancellationToken);
                ThrowIfLost(opened.Error);
                if (opened.IsError)
                {
                    Miss(missing, name, opened.Error!.Detail);
                    break;
                }

                await using (var reading = opened.Value)
                {
                    using var content = new FileContent(reading, Math.Min(entry.Size ?? 0, reading.Entry.Size ?? 0));
                    await archive.AddFileAsync(name, reading.Entry, content, cancellationToken);
                }

                break;
            default:
                Miss(missing, name, "it is a device, a pipe or a socket");
                break;
        }
    }

    /// <summary>A device that is gone is no file that may not be read: without it there is no whole archive.</summary>
    private static void ThrowIfLost(Error? error)
    {
        if (error is not null && FileErrors.IsAway(error))
        {
            throw new IOException(error.Detail);
        }
    }

    private static void Miss(List<string> missing, string name, string why)
    {
        if (missing.Count < MaxMissing)
        {
            missing.Add($"{name}: {why}");
        }
        else if (missing.Count == MaxMissing)
        {
            missing.Add("and more");
        }
    }
}
