using Operone.Core.Files;
using Operone.Disk.Search;

namespace Operone.Disk.Portable;

/// <summary>Goes through a tree for a search by .NET's own means.</summary>
internal sealed class PortableSearch : ISearchWalk
{
    private readonly PortableDisk _disk;
    private readonly SearchWalk _how;
    private readonly IEnumerator<(string Below, FilePlace Place, FileKind Kind)> _walk;

    /// <summary>Begins one.</summary>
    public PortableSearch(PortableDisk disk, FilePlace place, SearchWalk how)
    {
        (_disk, _how) = (disk, how);
        var kind = disk.Stat(place, withAttributes: false).Kind;
        _walk = (kind == FileKind.Folder ? Walk(place, "", 0) : [("", place, kind)]).GetEnumerator();
    }

    /// <inheritdoc/>
    public string Below => _walk.Current.Below;

    /// <inheritdoc/>
    public string Name => _walk.Current.Place.Path.Name;

    /// <inheritdoc/>
    public FileKind Kind => _walk.Current.Kind;

    /// <inheritdoc/>
    public bool IsMade => false;

    /// <inheritdoc/>
    public bool Next() => _walk.MoveNext();

    /// <inheritdoc/>
    public IDiskFile? Open()
    {
        try
        {
            return _disk.OpenFile(_walk.Current.Place);
        }
        catch (FileFault fault) when (fault.Code is FileProblems.NotFound or FileProblems.WrongKind)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _walk.Dispose();

    private IEnumerable<(string Below, FilePlace Place, FileKind Kind)> Walk(FilePlace place, string prefix, int depth)
    {
        var names = new FolderNames();
        try
        {
            using var folder = _disk.OpenFolder(place);
            folder.Read(names);
        }
        catch (FileFault fault)
        {
            _how.Problem(fault.Problem);
        }

        for (var i = 0; i < names.Count; i++)
        {
            var kind = names.Slots[i].Kind;
            var name = names[names.Slots[i]].ToString();
            if (_how.LeavesOut(name))
            {
                continue;
            }

            var below = prefix + FileName.ToSegment(name);
            yield return (below, place.Child(name), kind);
            if (kind == FileKind.Folder && depth < _how.MaxDepth)
            {
                foreach (var found in Walk(place.Child(name), below + "/", depth + 1))
                {
                    yield return found;
                }
            }
        }
    }
}
