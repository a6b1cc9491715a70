using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Operone.Core.Files;
using Operone.Disk;
using Operone.Web.Files.Mounts.Remote;
using DiskPlace = Operone.Disk.FilePlace;

namespace Operone.Web.Files.Mounts.Dav;

/// <summary>
/// A folder of a WebDAV server. A path has no <c>..</c>, and is sent as it is; what links the server itself follows is for the server to say.
/// WebDAV writes files whole: an upload is one request, kept open, that ends with the commit.
/// </summary>
internal sealed class DavRemote(DavClient client, DavUploads uploads) : IRemote
{
    private const int MoreTries = 3;
    private static readonly TimeSpan BetweenTries = TimeSpan.FromMilliseconds(200);

    public FileAbilities Abilities { get; } = new(CanWrite: true, CanResume: false, CanTrash: false, CanWatch: false, CanLink: false, HasModes: false);

    public async Task<FileEntry> StatAsync(DiskPlace place, CancellationToken cancellationToken) => (await FindAsync(place.Path, cancellationToken)).Entry;

    public async Task<List<FileEntry>> ListAsync(DiskPlace place, CancellationToken cancellationToken)
    {
        for (var more = MoreTries; ; more--)
        {
            try
            {
                return await ListOnceAsync(place, cancellationToken);
            }
            catch (DavBrokenAnswer) when (more > 0)
            {
                // some servers break off, with words behind what they said, where a file goes while they list
                await Task.Delay(BetweenTries, cancellationToken);
            }
        }
    }

    private async Task<List<FileEntry>> ListOnceAsync(DiskPlace place, CancellationToken cancellationToken)
    {
        var (own, entries) = (client.Folder.Join(place.Path), new List<FileEntry>());
        var isFolder = false;
        await foreach (var (path, entry, _) in PropfindAsync(place.Path, isFolder: true, "1", cancellationToken))
        {
            if (path.Equals(own))
            {
                isFolder = entry.Kind == FileKind.Folder;
                continue;
            }

            if (path.Depth != own.Depth + 1 || !path.IsIn(own))
            {
                throw new FileFault(FileProblems.Failed, $"the other server lists '{path}', which does not lie in '{own}'.");
            }

            entries.Add(entry);
            if (entries.Count > FileLimits.MaxFolderEntries)
            {
                throw FileFault.Unsupported($"'{place}' has more than {FileLimits.MaxFolderEntries} entries.");
            }
        }

        return isFolder ? entries : throw new FileFault(FileProblems.WrongKind, $"'{place}' is no folder.");
    }

    public ValueTask<FileEntry> CompleteAsync(DiskPlace folder, FileEntry entry, CancellationToken cancellationToken) => ValueTask.FromResult(entry);

    public async Task<(FileEntry Entry, Stream Content)> OpenAsync(DiskPlace place, long offset, long? length, CancellationToken cancellationToken)
    {
        var (entry, strong) = await FindAsync(place.Path, cancellationToken);
        if (entry.Kind != FileKind.File)
        {
            throw new FileFault(FileProblems.WrongKind, $"'{place}' is a folder.");
        }

        if (length == 0 || offset >= entry.Size)
        {
            return (entry, Stream.Null);
        }

        using var request = client.Request("GET", place.Path);
        request.Headers.AcceptEncoding.Add(new("identity"));
        if (strong is not null)
        {
            request.Headers.TryAddWithoutValidation("If-Match", strong);
        }

        var isPart = offset > 0 || length < entry.Size;
        if (isPart)
        {
            request.Headers.Range = new RangeHeaderValue(offset, length is { } most && most < entry.Size - offset ? offset + most - 1 : null);
        }

        var response = await client.SendAsync(request, place.Path, cancellationToken);
        if ((offset > 0 && response.StatusCode != HttpStatusCode.PartialContent)
            || (response.Content.Headers.ContentRange is { } range && range.From != offset) || response.Content.Headers.ContentEncoding.Count > 0)
        {
            response.Dispose();
            throw FileFault.Unsupported($"'{place}': '{client.Host}' does not give a part of a file as it was asked for.");
        }

        return (entry, new DavStream(await response.Content.ReadAsStreamAsync(cancellationToken), response));
    }

    public async Task<IFileWriting> WriteAsync(DiskPlace place, Guid upload, long offset, CancellationToken cancellationToken)
    {
        // a folder that is not there is said now, not when all has been sent
        if (offset == 0 && !place.Parent.IsRoot && (await FindAsync(place.Parent.Path, cancellationToken)).Entry.Kind != FileKind.Folder)
        {
            throw new FileFault(FileProblems.WrongKind, $"'{place.Parent}' is no folder.");
        }

        return await uploads.BeginAsync(client, PartOf(place, upload), upload, offset);
    }

    public async Task CommitAsync(DiskPlace place, Guid upload, FileCommit commit, FileEntry? replaced, CancellationToken cancellationToken)
    {
        var part = PartOf(place, upload);
        var (length, hash) = await uploads.FinishAsync(upload, place, cancellationToken);
        if (commit.Sha256 is { } expected && !hash.AsSpan().SequenceEqual(expected))
        {
            throw new FileFault(FileProblems.BadDigest, $"What came of '{place}' is not what was sent: its SHA-256 is another one.");
        }

        if ((await FindAsync(part, cancellationToken)).Entry.Size != length)
        {
            throw new FileFault(FileProblems.BadDigest, $"'{client.Host}' has not stored all of '{place}'.");
        }

        await MoveAsync(part, place.Path, isFolder: false, replaced is not null, cancellationToken);
    }

    public async Task DiscardAsync(DiskPlace place, Guid upload, CancellationToken cancellationToken)
    {
        await uploads.ForgetAsync(upload);
        try
        {
            using var request = client.Request("DELETE", PartOf(place, upload));
            using var response = await client.SendAsync(request, place.Path, cancellationToken);
        }
        catch (FileFault fault) when (fault.Code == FileProblems.NotFound)
        {
            // it is gone
        }
    }

    public async Task MakeFolderAsync(DiskPlace place, CancellationToken cancellationToken)
    {
        using var request = client.Request("MKCOL", place.Path, isFolder: true);
        using var response = await client.SendAsync(request, place.Path, cancellationToken);
    }

    public Task RenameAsync(DiskPlace from, FileEntry entry, DiskPlace to, FileEntry? replaced, CancellationToken cancellationToken) =>
        MoveAsync(from.Path, to.Path, entry.Kind == FileKind.Folder, replaced is not null, cancellationToken);

    public async Task RemoveAsync(DiskPlace place, FileEntry entry, CancellationToken cancellationToken)
    {
        using var request = client.Request("DELETE", place.Path, entry.Kind == FileKind.Folder);
        using var response = await client.SendAsync(request, place.Path, cancellationToken);
    }

    public Task ChangeAsync(DiskPlace place, FileChanges changes, CancellationToken cancellationToken) =>
        throw FileFault.Unsupported($"'{place}' is on a WebDAV server: mode, owner, time and attributes cannot be set there.");

    private async Task MoveAsync(TreePath from, TreePath to, bool isFolder, bool overwrite, CancellationToken cancellationToken)
    {
        using var request = client.Request("MOVE", from, isFolder);
        request.Headers.TryAddWithoutValidation("Destination", client.DestinationOf(to, isFolder));
        request.Headers.TryAddWithoutValidation("Overwrite", overwrite ? "T" : "F");
        try
        {
            using var response = await client.SendAsync(request, from, cancellationToken);
        }
        catch (FileFault fault) when (fault.Code == FileProblems.Changed && !overwrite)
        {
            throw new FileFault(FileProblems.Exists, $"'{to}' is there already.");
        }
    }

    private async Task<(FileEntry Entry, string? StrongTag)> FindAsync(TreePath path, CancellationToken cancellationToken)
    {
        var own = client.Folder.Join(path);
        await foreach (var (found, entry, strong) in PropfindAsync(path, isFolder: path.IsTop, "0", cancellationToken))
        {
            if (found.Equals(own))
            {
                return (entry, strong);
            }
        }

        throw FileFault.NotFound(path);
    }

    private async IAsyncEnumerable<(TreePath Path, FileEntry Entry, string? StrongTag)> PropfindAsync(
        TreePath path, bool isFolder, string depth, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var request = client.Request("PROPFIND", path, isFolder);
        request.Headers.TryAddWithoutValidation("Depth", depth);
        request.Content = new StringContent(DavListing.Question, Encoding.UTF8, "application/xml");
        using var response = await client.SendAsync(request, path, cancellationToken);
        if (response.StatusCode != HttpStatusCode.MultiStatus)
        {
            throw FileFault.Unsupported($"'{client.Host}' is no WebDAV server: it answers {(int)response.StatusCode} to PROPFIND.");
        }

        await using var xml = await response.Content.ReadAsStreamAsync(cancellationToken);
        await foreach (var one in DavListing.ReadAsync(xml))
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return one;
        }
    }

    private static TreePath PartOf(DiskPlace place, Guid upload) => place.Path.Parent.Child(RemoteNames.Part(upload));
}
