using Operone.Core.Files;
using Operone.Disk;

namespace Operone.Web.Files.Mounts.Remote;

/// <summary>Orders what another server lists, as disks are listed.</summary>
internal static class RemoteOrder
{
    /// <summary>Sorts a folder.</summary>
    public static void Sort(List<FileEntry> entries, string? sort)
    {
        var (order, isDown) = FolderListing.ReadSort(sort);
        entries.Sort((one, other) => Compare(one, other, order, isDown));
    }

    /// <summary>Where a sorted folder goes on behind a name.</summary>
    public static int Behind(List<FileEntry> entries, string? after, string? sort)
    {
        if (after is null)
        {
            return 0;
        }

        if (entries.FindIndex(e => e.Segment == after) is >= 0 and var at)
        {
            return at + 1;
        }

        var (order, isDown) = FolderListing.ReadSort(sort);
        if (order != ListOrder.Name)
        {
            throw new FileFault(FileProblems.Changed, $"'{after}' is gone, and nobody knows where it stood: list the folder from the beginning.");
        }

        // it was most likely a file
        var gone = new FileEntry { Segment = after, Kind = FileKind.File };
        return entries.FindIndex(e => Compare(e, gone, order, isDown) > 0) is >= 0 and var next ? next : entries.Count;
    }

    private static int Compare(FileEntry one, FileEntry other, ListOrder order, bool isDown)
    {
        var byName = FolderListing.CompareNames(one.Name, other.Name);
        var folders = (one.Kind == FileKind.Folder ? 0 : 1).CompareTo(other.Kind == FileKind.Folder ? 0 : 1);
        switch (order)
        {
            case ListOrder.Size or ListOrder.Modified:
                var weight = order == ListOrder.Size
                    ? (one.Size ?? -1).CompareTo(other.Size ?? -1)
                    : Nullable.Compare(one.ModifiedAt, other.ModifiedAt);
                return weight != 0 ? Turn(weight) : byName;
            case ListOrder.Kind:
                var kind = one.Kind.CompareTo(other.Kind);
                kind = kind == 0 && one.Kind == FileKind.File ? Path.GetExtension(one.Name).CompareTo(Path.GetExtension(other.Name), StringComparison.OrdinalIgnoreCase) : kind;
                return folders != 0 ? folders : kind != 0 ? Turn(kind) : byName;
            default:
                return folders != 0 ? folders : Turn(byName);
        }

        int Turn(int compared) => isDown ? -compared : compared;
    }
}
