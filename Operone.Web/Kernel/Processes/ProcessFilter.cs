using System.Globalization;
using Operone.Core.Kernel;

namespace Operone.Web.Kernel.Processes;

/// <summary>Which processes are shown, and in what order.</summary>
internal static class ProcessFilter
{
    /// <summary>Those that a query shows. In a tree the ancestors of what matches are shown too, so that it is seen where it belongs.</summary>
    public static IReadOnlyList<PlacedProcess> Place(IReadOnlyCollection<ProcessInfo> all, ProcessQuery query)
    {
        var shown = string.IsNullOrWhiteSpace(query.Text) ? all : [.. all.Where(p => Has(p, query.Text.Trim()))];
        return query.Tree
            ? ProcessOrder.Tree(shown.Count == all.Count ? all : WithAncestors(all, shown), query.Sort, query.Reversed)
            : ProcessOrder.Flat(shown, query.Sort, query.Reversed);
    }

    /// <summary>Whether a process has a text in its command line, its user's name, or as its number.</summary>
    public static bool Has(ProcessInfo process, string text) =>
        process.Name.Contains(text, StringComparison.OrdinalIgnoreCase)
        || process.User?.Contains(text, StringComparison.OrdinalIgnoreCase) == true
        || process.Pid.ToString(CultureInfo.InvariantCulture) == text
        || CommandText.Of(process).Contains(text, StringComparison.OrdinalIgnoreCase);

    private static List<ProcessInfo> WithAncestors(IReadOnlyCollection<ProcessInfo> all, IReadOnlyCollection<ProcessInfo> shown)
    {
        var byPid = all.ToDictionary(p => p.Pid);
        var kept = new Dictionary<int, ProcessInfo>();
        foreach (var process in shown)
        {
            for (var at = process; at is not null && kept.TryAdd(at.Pid, at); at = byPid.GetValueOrDefault(at.Parent))
            {
            }
        }

        return [.. kept.Values];
    }
}
