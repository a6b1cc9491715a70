using Operone.Core.Files;

namespace Operone.Agent.Files;

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
    private int _prefix;

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
        else
        {
            _prefix = CommonPrefix(items);
            for (var i = 0; i < items.Length; i++)
            {
                items[i].Key = KeyOf(_names[items[i]]);
            }
        }

        items.Sort(_order switch
        {
            ListOrder.Name => CompareByName,
            ListOrder.Kind => CompareByKind,
            _ => CompareByWeight,
        });
    }

    private int CompareByName(FolderNames.Slot one, FolderNames.Slot other)
    {
        if ((one.Kind == FileKind.Folder) != (other.Kind == FileKind.Folder))
        {
            return one.Kind == FileKind.Folder ? -1 : 1; // whichever way it goes
        }

        return _isDown ? -Compare(one, other) : Compare(one, other);
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
        return kind != 0 ? kind : Compare(one, other);
    }

    private int CompareByWeight(FolderNames.Slot one, FolderNames.Slot other)
    {
        var weight = one.Key.CompareTo(other.Key);
        weight = _isDown ? -weight : weight;
        return weight != 0 ? weight : CompareNames(_names[one], _names[other]);
    }

    private int Compare(in FolderNames.Slot one, in FolderNames.Slot other)
    {
        var key = one.Key.CompareTo(other.Key);
        return key != 0 ? key : CompareNames(_names[one], _names[other]);
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

    /// <summary>The next four characters behind what all begin with, in the order of <see cref="CompareNames"/>.</summary>
    private ulong KeyOf(ReadOnlySpan<char> name)
    {
        ulong key = 0;
        for (var i = _prefix; i < _prefix + 4; i++)
        {
            if (i < name.Length && name[i] >= 0x80)
            {
                // how others are folded is the library's to say: from here on they all have the highest key, and are compared whole
                return key << (16 * (_prefix + 4 - i)) | (ulong.MaxValue >> (16 * (i - _prefix)));
            }

            key = (key << 16) | (i < name.Length ? (uint)Fold(name[i]) + 1 : 0);
        }

        return key;
    }

    private static char Fold(char c) => c is >= 'a' and <= 'z' ? (char)(c - 32) : c;
}
