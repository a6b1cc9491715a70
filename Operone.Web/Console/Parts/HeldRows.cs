namespace Operone.Web.Console.Parts;

/// <summary>
/// The rows of a live list that must not move while somebody points at it: what is there is brought up to date, what is
/// new is counted and waits.
/// </summary>
public sealed class HeldRows<T>(Func<T, Guid> id)
{
    private IReadOnlyList<T> _latest = [];
    private HashSet<Guid> _fresh = [];

    /// <summary>What is shown.</summary>
    public IReadOnlyList<T> Rows { get; private set; } = [];

    /// <summary>How many wait to be shown.</summary>
    public int News { get; private set; }

    /// <summary>Whether somebody points at the list.</summary>
    public bool IsHeld { get; private set; }

    /// <summary>Whether a row came while the list was looked at.</summary>
    public bool IsFresh(T row) => _fresh.Contains(id(row));

    /// <summary>Another list from now on: another filter, another page.</summary>
    public void Reset(IReadOnlyList<T> rows)
    {
        (Rows, _latest, News, _fresh) = (rows, rows, 0, []);
    }

    /// <summary>The same list as it is now.</summary>
    public void Take(IReadOnlyList<T> latest)
    {
        _latest = latest;
        if (!IsHeld)
        {
            Show();
            return;
        }

        var byId = latest.ToDictionary(id);
        var known = Rows.Select(id).ToHashSet();
        Rows = [.. Rows.Select(row => byId.GetValueOrDefault(id(row), row))];
        News = latest.Count(row => !known.Contains(id(row)));
    }

    public void Hold() => IsHeld = true;

    public void Release()
    {
        IsHeld = false;
        if (News > 0)
        {
            Show();
        }
    }

    /// <summary>Shows what waits, wherever the pointer is.</summary>
    public void Show()
    {
        var known = Rows.Select(id).ToHashSet();
        _fresh = Rows.Count == 0 ? [] : [.. _latest.Select(id).Where(i => !known.Contains(i))];
        (Rows, News) = (_latest, 0);
    }
}
