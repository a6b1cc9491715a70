using Operone.Core.Kernel;

namespace Operone.Web.Kernel.Processes.Pages;

/// <summary>A row of the table.</summary>
/// <param name="Placed">The process at its place.</param>
/// <param name="HasEnded">Whether it has ended since, and stands there only because nothing moves under the pointer.</param>
internal readonly record struct ProcessRow(PlacedProcess Placed, bool HasEnded)
{
    public ProcessInfo Process => Placed.Process;
}

/// <summary>
/// The rows as they are shown. While somebody points at them none moves: figures go on, what has ended is dimmed, what is new is counted and
/// waits.
/// </summary>
internal sealed class ShownProcesses
{
    private IReadOnlyList<PlacedProcess> _latest = [];

    /// <summary>What is shown.</summary>
    public IReadOnlyList<ProcessRow> Rows { get; private set; } = [];

    /// <summary>How many wait to be shown.</summary>
    public int News { get; private set; }

    /// <summary>Whether somebody points at the rows.</summary>
    public bool IsHeld { get; private set; }

    /// <summary>Another filter, another order: shown at once.</summary>
    public void Reset(IReadOnlyList<PlacedProcess> latest)
    {
        _latest = latest;
        Show();
    }

    /// <summary>The same as it is now.</summary>
    public void Take(IReadOnlyList<PlacedProcess> latest)
    {
        _latest = latest;
        if (!IsHeld)
        {
            Show();
            return;
        }

        var byIdentity = latest.ToDictionary(p => p.Process.Identity);
        Rows = [.. Rows.Select(row => byIdentity.Remove(row.Process.Identity, out var now)
            ? new ProcessRow(row.Placed with { Process = now.Process, Descendants = now.Descendants }, false) : row with { HasEnded = true })];
        News = byIdentity.Count;
    }

    /// <summary>Nothing moves from now on.</summary>
    public void Hold() => IsHeld = true;

    /// <summary>Things move again.</summary>
    public void Release()
    {
        IsHeld = false;
        Show();
    }

    /// <summary>Shows what waits, wherever the pointer is.</summary>
    public void Show() => (Rows, News) = ([.. _latest.Select(p => new ProcessRow(p, false))], 0);
}
