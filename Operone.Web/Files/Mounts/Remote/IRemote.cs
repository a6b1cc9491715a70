using Operone.Core.Files;
using DiskPlace = Operone.Disk.FilePlace;

namespace Operone.Web.Files.Mounts.Remote;

/// <summary>
/// A folder of another server, by its protocol. What it is given is within bounds by name, and is nothing hidden; what links make of it,
/// it holds itself. Paths are from the top of the mount. Every call may throw <see cref="Operone.Disk.FileFault"/>.
/// </summary>
internal interface IRemote
{
    /// <summary>What it can do.</summary>
    FileAbilities Abilities { get; }

    /// <summary>What is at a place; of a link the link itself.</summary>
    Task<FileEntry> StatAsync(DiskPlace place, CancellationToken cancellationToken);

    /// <summary>All of a folder, in no order. Names have been looked at.</summary>
    Task<List<FileEntry>> ListAsync(DiskPlace place, CancellationToken cancellationToken);

    /// <summary>What was listed of a folder, with what takes a question for each.</summary>
    ValueTask<FileEntry> CompleteAsync(DiskPlace folder, FileEntry entry, CancellationToken cancellationToken);

    /// <summary>Opens a file from an offset on; the stream ends where it ends, or behind the length.</summary>
    Task<(FileEntry Entry, Stream Content)> OpenAsync(DiskPlace place, long offset, long? length, CancellationToken cancellationToken);

    /// <summary>Begins or goes on with an upload, see <see cref="IFileBackend.WriteAsync"/>.</summary>
    Task<IFileWriting> WriteAsync(DiskPlace place, Guid upload, long offset, CancellationToken cancellationToken);

    /// <summary>Makes an upload the file. What is there now was looked at, and may be replaced.</summary>
    Task CommitAsync(DiskPlace place, Guid upload, FileCommit commit, FileEntry? replaced, CancellationToken cancellationToken);

    /// <summary>Throws an upload away, where it is there.</summary>
    Task DiscardAsync(DiskPlace place, Guid upload, CancellationToken cancellationToken);

    /// <summary>Makes a folder where nothing is.</summary>
    Task MakeFolderAsync(DiskPlace place, CancellationToken cancellationToken);

    /// <summary>Moves something to a place where nothing is, or what may be replaced.</summary>
    Task RenameAsync(DiskPlace from, FileEntry entry, DiskPlace to, FileEntry? replaced, CancellationToken cancellationToken);

    /// <summary>Removes a file, a link or an empty folder.</summary>
    Task RemoveAsync(DiskPlace place, FileEntry entry, CancellationToken cancellationToken);

    /// <summary>Changes what is given.</summary>
    Task ChangeAsync(DiskPlace place, FileChanges changes, CancellationToken cancellationToken);
}
