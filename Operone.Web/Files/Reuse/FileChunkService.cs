using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Files;
using Operone.Core.Files.Chunks;
using Operone.Web.Access;

namespace Operone.Web.Files.Reuse;

/// <summary>What chunks files have: so that whoever has another version sends, or gets, only what differs.</summary>
internal sealed class FileChunkService(FileTree tree)
{
    /// <summary>The chunks of a file that somebody may read.</summary>
    public async Task<Result<FileChunks>> GetAsync(Actor actor, TreePath address, int average, CancellationToken cancellationToken)
    {
        if (!ChunkLimits.IsAverage(average))
        {
            return Error.InvalidField("chunks", $"must be a power of two from {ChunkLimits.MinAverage} to {ChunkLimits.MaxAverage}");
        }

        var place = await tree.FindAsync(actor, address, Permissions.FilesRead, "file.read", cancellationToken);
        return place.IsError ? place.Error! : await place.Value.Backend.ChunksAsync(place.Value.Scope, place.Value.Path, average, cancellationToken);
    }

    /// <summary>What a file has in common with another one at the place that it goes to; null where that is not known, may not be, or does not pay.</summary>
    /// <param name="from">The file.</param>
    /// <param name="path">Where it is on its backend.</param>
    /// <param name="to">Where it goes.</param>
    /// <param name="toPath">Where that is on its backend.</param>
    /// <param name="size">How many bytes it has.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<ReusePlan?> CompareAsync(FilePlace from, TreePath path, FilePlace to, TreePath toPath, long size, CancellationToken cancellationToken)
    {
        if (!from.Backend.Abilities.CanReuse || !to.Backend.Abilities.CanReuse || !to.IsReadable || size < ChunkLimits.MinFileBytes)
        {
            return null;
        }

        var there = await to.Backend.StatAsync(to.Scope, toPath, withAttributes: false, cancellationToken);
        if (there.IsError || there.Value is not { Kind: FileKind.File, Size: { } oldSize } || !ChunkLimits.MayPay(size, oldSize))
        {
            return null;
        }

        // both devices at once
        var average = ChunkLimits.AverageFor(size);
        var (now, old) = (from.Backend.ChunksAsync(from.Scope, path, average, cancellationToken), to.Backend.ChunksAsync(to.Scope, toPath, average, cancellationToken));
        await Task.WhenAll(now, old);
        return (await now).IsError || (await old).IsError ? null : ReusePlan.Make((await now).Value, (await old).Value);
    }
}
