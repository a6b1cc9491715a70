namespace Operone.Tests.Hosting;

/// <summary>One step: 0 put, 1 make a folder, 2 remove, 3 move, 4 read, 5 list.</summary>
internal sealed record FolderStep(int Kind, string[] Path, string[] To, byte[] Content, bool Flag);

/// <summary>What files and folders are there after some steps; folders are "/".</summary>
internal sealed class FolderModel
{
    public SortedDictionary<string, string> All { get; } = new(StringComparer.Ordinal);

    public bool Do(FolderStep step)
    {
        var path = string.Join('/', step.Path);
        var to = string.Join('/', step.To);
        var isThere = All.TryGetValue(path, out var what);
        switch (step.Kind)
        {
            case 0:
                if (!HasParent(step.Path) || (isThere && (what == "/" || !step.Flag)))
                {
                    return false;
                }

                All[path] = Convert.ToHexString(step.Content);
                return true;
            case 1 when step.Flag:
                for (var i = 1; i <= step.Path.Length; i++)
                {
                    if (All.TryGetValue(string.Join('/', step.Path[..i]), out var above) && above != "/")
                    {
                        return false;
                    }
                }

                for (var i = 1; i <= step.Path.Length; i++)
                {
                    All[string.Join('/', step.Path[..i])] = "/";
                }

                return true;
            case 1:
                return !isThere && HasParent(step.Path) && All.TryAdd(path, "/");
            case 2:
                var below = Below(path);
                if (!isThere || (below.Count > 0 && !step.Flag))
                {
                    return false;
                }

                below.ForEach(b => All.Remove(b));
                return All.Remove(path);
            case 3:
                return isThere && Move(path, what!, to, step);
            case 4:
                return isThere && what != "/";
            default:
                return what == "/";
        }
    }

    private bool Move(string path, string what, string to, FolderStep step)
    {
        var isThere = All.TryGetValue(to, out var old);
        if (!HasParent(step.To) || to.StartsWith(path + "/", StringComparison.Ordinal) || (isThere && !step.Flag))
        {
            return false;
        }

        if (path == to)
        {
            return true;
        }

        // a folder replaces an empty folder, a file a file
        if (isThere && ((what == "/") != (old == "/") || Below(to).Count > 0))
        {
            return false;
        }

        foreach (var name in Below(path))
        {
            All[to + name[path.Length..]] = All[name];
            All.Remove(name);
        }

        All.Remove(path);
        All[to] = what;
        return true;
    }

    private bool HasParent(string[] path) => path.Length == 1 || (All.TryGetValue(string.Join('/', path[..^1]), out var parent) && parent == "/");

    private List<string> Below(string path) => [.. All.Keys.Where(k => k.StartsWith(path + "/", StringComparison.Ordinal))];
}
