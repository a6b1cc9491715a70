using Operone.Core.Files;
using Operone.Core.Files.Chunks;

namespace Operone.Agent.Cli.Operator.Files;

/// <summary>Two versions of a file, on two sides.</summary>
internal static class Versions
{
    /// <summary>What of a file the one has that it replaces; null where that is not known, or does not pay.</summary>
    public static async Task<ReusePlan?> CompareAsync(IFileSide from, FileItem file, IFileSide to, TreePath path, CopyHow how, CancellationToken cancellationToken)
    {
        if (!how.Overwrite || file is not { Kind: FileKind.File, Tag: not null } || how.Replaced is not { Kind: FileKind.File } there || !ChunkLimits.MayPay(file.Size, there.Size))
        {
            return null;
        }

        // both ends at once
        var average = ChunkLimits.AverageFor(file.Size);
        var (now, old) = (from.ChunksAsync(file.Path, average, cancellationToken), to.ChunksAsync(path, average, cancellationToken));
        await Task.WhenAll(now, old);
        return await now is { IsError: false, Value: var ours } && await old is { IsError: false, Value: var theirs } && ours.Entry.Tag == file.Tag ? ReusePlan.Make(ours, theirs) : null;
    }
}
