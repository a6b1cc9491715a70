using System.Runtime.CompilerServices;
using Operone.Core.Files;

namespace Operone.Web.Files.Transfers;

/// <summary>Small files that are brought together.</summary>
internal static class TransferBatches
{
    /// <summary>The small files among the items, in batches of one source each.</summary>
    public static async IAsyncEnumerable<IReadOnlyList<TransferItem>> OfAsync(
        IAsyncEnumerable<TransferItem> items, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var batch = new List<TransferItem>();
        var bytes = 0L;
        await foreach (var item in items.WithCancellation(cancellationToken))
        {
            if (item.Kind != FileKind.File || item.IsRename || item.Size is not (>= 0 and <= FileLimits.SmallBytes and var size))
            {
                continue;
            }

            // by the plan's sizes there is room; a file that has grown a little since has some too
            if (batch.Count > 0 && (batch[0].Root != item.Root || batch.Count == FileLimits.SmallFiles / 2 || bytes + size > FileLimits.SmallBatchBytes / 2))
            {
                yield return batch;
                (batch, bytes) = ([], 0);
            }

            batch.Add(item);
            bytes += size;
        }

        // one alone has nothing of it
        if (batch.Count > 1)
        {
            yield return batch;
        }
    }
}
