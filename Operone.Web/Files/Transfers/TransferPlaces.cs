using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Files;
using Operone.Web.Access;

namespace Operone.Web.Files.Transfers;

/// <summary>The two ends of one source of a transfer.</summary>
/// <param name="From">The source.</param>
/// <param name="To">Where it goes itself.</param>
internal sealed record TransferEnds(FilePlace From, FilePlace To)
{
    /// <summary>Whether both are on the same device or mount.</summary>
    public bool IsOnePlace => From.Top.Equals(To.Top);

    /// <summary>Where an item is, on its backend.</summary>
    public TreePath FromPath(TransferItem item) => From.Path.Join(Below(item));

    /// <summary>Where an item goes, on its backend.</summary>
    public TreePath ToPath(TransferItem item) => item.To is null ? To.Path.Join(Below(item)) : TreePath.Parse(item.To).Value;

    private static TreePath Below(TransferItem item) => TreePath.Parse(item.Path).Value;
}

/// <summary>Finds the ends of transfers, with whoever asked still being let to.</summary>
internal sealed class TransferPlaces(FileTree tree)
{
    /// <summary>The address of a source's place in the target.</summary>
    public static TreePath TargetOf(Transfer transfer, int root) =>
        TreePath.Parse(transfer.To).Value.Child(transfer.Name ?? TreePath.Parse(transfer.From[root]).Value.Name);

    /// <summary>The ends of one source.</summary>
    public async Task<Result<TransferEnds>> FindAsync(Actor actor, Transfer transfer, int root, CancellationToken cancellationToken)
    {
        var (address, target) = (TreePath.Parse(transfer.From[root]).Value, TargetOf(transfer, root));
        var action = transfer.Kind == TransferKind.Move ? "file.move" : "file.copy";
        var from = await tree.FindAsync(actor, address, Permissions.FilesRead, action, cancellationToken);
        if (!from.IsError && transfer.Kind == TransferKind.Move)
        {
            from = await tree.FindAsync(actor, address, Permissions.FilesWrite, action, cancellationToken);
        }

        if (from.IsError)
        {
            return from.Error!;
        }

        var to = await tree.FindAsync(actor, target, Permissions.FilesWrite, action, cancellationToken);
        return to.IsError ? to.Error!
            : to.Value.Address.IsIn(from.Value.Address) ? Error.InvalidField("to", to.Value.Address.Equals(from.Value.Address) ? $"'{target}' is the source itself" : $"'{target}' lies in '{address}' itself")
            : new TransferEnds(from.Value, to.Value);
    }

    /// <summary>What lies below a source and has a scope of its own, as paths below it.</summary>
    public async Task<IReadOnlyList<TreePath>> InnerAsync(Actor actor, FilePlace from, CancellationToken cancellationToken)
    {
        var all = await tree.FindAllAsync(actor, from.Address, Permissions.FilesRead, "file.copy", cancellationToken);
        return all.IsError ? [] : [.. all.Value.Where(p => p.Address.Depth > from.Address.Depth).Select(p => p.Address.Below(from.Address.Depth))];
    }
}
