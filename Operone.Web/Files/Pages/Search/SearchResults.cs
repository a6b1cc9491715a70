using Operone.Core.Files.Search;

namespace Operone.Web.Files.Pages.Search;

/// <summary>A row of what was found: a place's head, or a match.</summary>
internal readonly record struct SearchRow(SearchPlace Place, FileMatch? Match);

/// <summary>A place that is searched, and what was found there so far.</summary>
internal sealed class SearchPlace(string address)
{
    /// <summary>Its address in the tree.</summary>
    public string Address => address;

    /// <summary>What was found.</summary>
    public List<FileMatch> Found { get; } = [];

    /// <summary>How far it is, or what it came to.</summary>
    public FileSearched? Searched { get; set; }

    /// <summary>Why it has no end.</summary>
    public string? Error { get; set; }

    /// <summary>Whether it is over.</summary>
    public bool IsOver { get; set; }
}

/// <summary>What a search has found, by place, while it goes on. Lines come from many places at once; the page reads it between them.</summary>
internal sealed class SearchResults
{
    private readonly Lock _lock = new();
    private readonly List<SearchPlace> _places = [];
    private readonly Dictionary<string, SearchPlace> _byAddress = new(StringComparer.Ordinal);
    private bool _isChanged;

    /// <summary>How many matches there are.</summary>
    public long Matches { get; private set; }

    /// <summary>How many rows.</summary>
    public int Rows
    {
        get
        {
            lock (_lock)
            {
                return _places.Sum(RowsOf);
            }
        }
    }

    /// <summary>The places that are known so far.</summary>
    public IReadOnlyList<SearchPlace> Places
    {
        get
        {
            lock (_lock)
            {
                return [.. _places];
            }
        }
    }

    /// <summary>Takes a line.</summary>
    public void Take(FileSearchLine line)
    {
        lock (_lock)
        {
            if (!_byAddress.TryGetValue(line.Place, out var place))
            {
                _byAddress[line.Place] = place = new(line.Place);
                _places.Add(place);
            }

            if (line.Match is { } match)
            {
                place.Found.Add(match);
                Matches++;
            }

            place.Searched = line.End ?? line.Progress ?? place.Searched;
            place.Error = line.Error?.Detail ?? place.Error;
            place.IsOver |= line.End is not null || line.Error is not null;
            _isChanged = true;
        }
    }

    /// <summary>Whether anything came since it was asked last.</summary>
    public bool TakeChange()
    {
        lock (_lock)
        {
            var was = _isChanged;
            _isChanged = false;
            return was;
        }
    }

    /// <summary>Some of the rows.</summary>
    public IReadOnlyList<SearchRow> Get(int from, int count)
    {
        var rows = new List<SearchRow>(count);
        lock (_lock)
        {
            foreach (var place in _places)
            {
                var length = RowsOf(place);
                for (; from < length && rows.Count < count; from++)
                {
                    rows.Add(new(place, from == 0 ? null : place.Found[from - 1]));
                }

                from = Math.Max(0, from - length);
            }
        }

        return rows;
    }

    private static int RowsOf(SearchPlace place) => place.Found.Count + 1;
}
