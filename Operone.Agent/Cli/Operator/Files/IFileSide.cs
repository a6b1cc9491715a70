using Operone.Core.Errors;
using Operone.Core.Files;
using Operone.Core.Files.Chunks;

namespace Operone.Agent.Cli.Operator.Files;

/// <summary>Where files are, as the commands see it: a device, or this machine.</summary>
internal interface IFileSide
{
    /// <summary>Whether it is this machine.</summary>
    bool IsLocal { get; }

    /// <summary>A path for people, as they would write it.</summary>
    string Show(TreePath path);

    /// <summary>What is there; of a link the link itself.</summary>
    Task<Result<FileItem>> StatAsync(TreePath path, CancellationToken cancellationToken);

    /// <summary>All of a folder, by name, as it comes.</summary>
    Task<Result<Unit>> ListAsync(TreePath path, Action<FileItem> take, CancellationToken cancellationToken);

    /// <summary>Makes a folder; with <paramref name="parents"/> those above it too, and it may be there.</summary>
    Task<Result<Unit>> MakeFolderAsync(TreePath path, bool parents, CancellationToken cancellationToken);

    /// <summary>Makes a symbolic link.</summary>
    Task<Result<Unit>> MakeLinkAsync(TreePath path, string target, CancellationToken cancellationToken);

    /// <summary>Removes.</summary>
    Task<Result<Unit>> RemoveAsync(TreePath path, bool recursive, bool trash, CancellationToken cancellationToken);

    /// <summary>Changes what is given.</summary>
    Task<Result<Unit>> ChangeAsync(TreePath path, int? mode, DateTimeOffset? modifiedAt, CancellationToken cancellationToken);

    /// <summary>Opens a file from an offset on; who reads no more than <paramref name="length"/> says so. It must still be what it was.</summary>
    Task<Result<Stream>> OpenAsync(FileItem file, long offset, long? length, CancellationToken cancellationToken);

    /// <summary>How many bytes whoever reads it gets: of a link those of what it leads to.</summary>
    Task<Result<long>> MeasureAsync(TreePath path, CancellationToken cancellationToken);

    /// <summary>The SHA-256 of a file.</summary>
    Task<Result<byte[]>> HashAsync(TreePath path, CancellationToken cancellationToken);

    /// <summary>The chunks of a file, see <see cref="Chunker"/>.</summary>
    Task<Result<FileChunks>> ChunksAsync(TreePath path, int average, CancellationToken cancellationToken);
}
