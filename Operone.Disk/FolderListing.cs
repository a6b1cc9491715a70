using Operone.Core.Files;

namespace Operone.Disk;

/// <summary>By what a list is sorted.</summary>
internal enum ListOrder
{
    Name,
    Kind,
    Size,
    Modified,
}

/// <summary>A folder's names, sorted.</summary>
internal sealed class FolderListing
{
    private readonly FolderNames _names;
    private readonly ListOrder _order;
    private readonly bool _isDown;

    private FolderListing(FolderNames names, ListOrder order, bool isDown) => (_names, _order, _isDown) = (names, order, isDown);

    /// <summary>How many names there are.</summary>
    public int Count => _names.Count;

    /// <summary>Reads what <see cref="FileCall.Sort"/> says.</summary>
    public static (ListOrder Order, bool IsDown) ReadSort(string? sort)
    {
        var isDown = sort is ['-', ..];
        return (sort?.TrimStart('-') switch
        {
            null or "" or "name" => ListOrder.Name,
            "kind" => ListOrder.Kind,
            "size" => ListOrder.Size,
            "modified" => ListOrder.Modified,
            var other => throw FileFault.Unsupported($"A list cannot be sorted by '{other}': it is name, size, modified or kind."),
        }, isDown);
    }

    /// <summary>Reads and sorts a folder.</summary>
    public static FolderListing Read(IDiskFolder folder, ListOrder order, bool isDown, CancellationToken cancel)
    {
        var names = new FolderNames();
        folder.Read(names);
        var listing = new FolderListing(names, order, isDown);
        listing.Sort(folder, cancel);
        return listing;
    }

    /// <summary>A name.</summary>
    public ReadOnlySpan<char> Name(int index) => _names[_names.Slots[index]];

    /// <summary>How many names there are with a text in them.</summary>
    public int CountOf(string? filter)
    {
        if (string.IsNullOrEmpty(filter))
        {
            return Count;
        }

        var count = 0;
        for (var i = 0; i < Count; i++)
        {
            count += Fits(i, filter) ? 1 : 0;
        }

        return count;
    }

    /// <summary>Whether a name has a text in it.</summary>
    public bool Fits(int index, string? filter) => string.IsNullOrEmpty(filter) || Name(index).Contains(filter, StringComparison.OrdinalIgnoreCase);

    /// <summary>The place behind so many names that fit, from another place on.</summary>
    public int Past(int from, int skip, string? filter)
    {
        if (string.IsNullOrEmpty(filter))
        {
            return (int)Math.Min((long)from + skip, Count);
        }

        while (skip > 0 && from < Count)
        {
            skip -= Fits(from++, filter) ? 1 : 0;
        }

        return from;
    }

    /// <summary>The place behind a name; null where nobody can say because it is gone.</summary>
    public int? Behind(string? name)
    {
        if (name is null)
        {
            return 0;
        }

        for (var i = 0; i < Count; i++)
        {
            if (Name(i).SequenceEqual(name))
            {
                return i + 1;
            }
        }

        if (_order != ListOrder.Name)
        {
            return null;
        }

        // it was most likely a file; where it was a folder, some names come twice rather than none at all
        for (var i = 0; i < Count; i++)
        {
            var item = _names.Slots[i];
            var compared = item.Kind == FileKind.Folder ? -1 : CompareNames(_names[item], name) * (_isDown ? -1 : 1);
            if (compared > 0)
            {
                return i;
            }
        }

        return Count;
    }

    /// <summary>As people expect: ignoring case; where that is the same, by code.</summary>
    public static int CompareNames(ReadOnlySpan<char> one, ReadOnlySpan<char> other)
    {
        var compared = one.CompareTo(other, StringComparison.OrdinalIgnoreCase);
        return compared != 0 ? compared : one.SequenceCompareTo(other);
    }

    private void Sort(IDiskFolder folder, CancellationToken cancel)
    {
        var items = _names.Slots;
        if (_order is ListOrder.Size or ListOrder.Modified)
        {
            for (var i = 0; i < items.Length; i++)
            {
                cancel.ThrowIfCancellationRequested();
                var (size, modified) = folder.Weigh(_names[items[i]].ToString());
                var weight = _order == ListOrder.Size ? size : modified;
                items[i].Key = unchecked((ulong)weight) ^ (1UL << 63); // signed order as unsigned
            }
        }

        switch (_order)
        {
            case ListOrder.Name:
                SortByName(items);
                break;
            case ListOrder.Kind:
                items.Sort(CompareByKind);
                break;
            default:
                items.Sort(CompareByWeight);
                break;
        }
    }

    /// <summary>By numbers that most names are told apart by, and then those that are the same in these: a hundred thousand take some milliseconds.</summary>
    private void SortByName(Span<FolderNames.Slot> items)
    {
        var prefix = CommonPrefix(items);
        var keys = new ulong[items.Length];
        for (var i = 0; i < items.Length; i++)
        {
            keys[i] = (items[i].Kind == FileKind.Folder ? 0 : 1UL << 56) | KeyOf(_names[items[i]], prefix);
        }

        keys.AsSpan().Sort(items);
        for (var (from, i) = (0, 1); i <= items.Length; i++)
        {
            if (i == items.Length || keys[i] != keys[from])
            {
                if (i - from > 1)
                {
                    items[from..i].Sort((one, other) => CompareNames(_names[one], _names[other]));
                }

                from = i;
            }
        }

        if (_isDown)
        {
            // folders come first, whichever way it goes
            var folders = 0;
            for (; folders < keys.Length && keys[folders] < 1UL << 56; folders++)
            {
            }

            items[..folders].Reverse();
            items[folders..].Reverse();
        }
    }

    private int CompareByKind(FolderNames.Slot one, FolderNames.Slot other)
    {
        if ((one.Kind == FileKind.Folder) != (other.Kind == FileKind.Folder))
        {
            return one.Kind == FileKind.Folder ? -1 : 1;
        }

        var kind = one.Kind.CompareTo(other.Kind);
        if (kind == 0 && one.Kind == FileKind.File)
        {
            kind = Path.GetExtension(_names[one]).CompareTo(Path.GetExtension(_names[other]), StringComparison.OrdinalIgnoreCase);
        }

        kind = _isDown ? -kind : kind;
        return kind != 0 ? kind : CompareNames(_names[one], _names[other]);
    }

    private int CompareByWeight(FolderNames.Slot one, FolderNames.Slot other)
    {
        var weight = one.Key.CompareTo(other.Key);
        weight = _isDown ? -weight : weight;
        return weight != 0 ? weight : CompareNames(_names[one], _names[other]);
    }

    private int CommonPrefix(ReadOnlySpan<FolderNames.Slot> items)
    {
        if (items.IsEmpty)
        {
            return 0;
        }

        var first = _names[items[0]];
        var common = first.Length;
        foreach (ref readonly var item in items)
        {
            var name = _names[item];
            var i = 0;
            for (; i < common && i < name.Length && name[i] < 0x80 && Fold(name[i]) == Fold(first[i]); i++)
            {
            }

            common = i;
        }

        return common;
    }

    /// <summary>The next seven characters behind what all begin with, in the order of <see cref="CompareNames"/>.</summary>
    private static ulong KeyOf(ReadOnlySpan<char> name, int prefix)
    {
        const int Length = 7;
        ulong key = 0;
        for (var i = 0; i < Length; i++)
        {
            if (prefix + i < name.Length && name[prefix + i] >= 0x80)
            {
                // how others are folded is the library's to say: from here on they all have the highest key, and are compared whole
                return (key << (8 * (Length - i))) | ((1UL << (8 * (Length - i))) - 1);
            }

            key = (key << 8) | (prefix + i < name.Length ? (uint)Fold(name[prefix + i]) + 1 : 0);
        }

        return key;
    }

    private static char Fold(char c) => c is >= 'a' and <= 'z' ? (char)(c - 32) : c;
}
