using Operone.Core.Files;

namespace Operone.Web.Files.Pages;

/// <summary>What is chosen in a folder: some, or all but some. All of a folder takes no memory, however much is in it.</summary>
internal sealed class ChosenFiles
{
    /// <summary>The most that is acted upon at once.</summary>
    public const int Most = 100_000;

    private readonly Dictionary<string, FileView> _named = new(StringComparer.Ordinal);

    /// <summary>Whether it is all but some.</summary>
    public bool IsAll { get; private set; }

    /// <summary>Those that were chosen one by one; with <see cref="IsAll"/> none.</summary>
    public IEnumerable<FileView> Named => IsAll ? [] : _named.Values;

    /// <summary>How many of a folder's entries.</summary>
    public int CountOf(int all) => IsAll ? Math.Max(0, all - _named.Count) : _named.Count;

    /// <summary>Whether one is chosen.</summary>
    public bool Has(FileView view) => IsAll != _named.ContainsKey(view.Path);

    /// <summary>Takes one in, or leaves it out.</summary>
    public void Set(FileView view, bool isChosen)
    {
        if (isChosen != IsAll)
        {
            _named[view.Path] = view;
        }
        else
        {
            _named.Remove(view.Path);
        }
    }

    /// <summary>One is gone from the folder.</summary>
    public void Forget(string path) => _named.Remove(path);

    /// <summary>All that there is.</summary>
    public void All()
    {
        _named.Clear();
        IsAll = true;
    }

    /// <summary>Nothing.</summary>
    public void Clear()
    {
        _named.Clear();
        IsAll = false;
    }
}
