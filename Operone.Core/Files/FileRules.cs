namespace Operone.Core.Files;

/// <summary>One rule of which of a device's files may be had, ready to be compared.</summary>
public sealed record FileRule
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>On which devices.</summary>
    public Selector Selector { get; init; } = Selector.Everything;

    /// <summary>For holders of this role alone.</summary>
    public Guid? RoleId { get; init; }

    /// <summary>The folder that it is about.</summary>
    public required TreePath Path { get; init; }

    /// <summary>Whether what is in the folder may be changed.</summary>
    public bool IsWritable { get; init; }

    /// <summary>Patterns of what in it is hidden.</summary>
    public IReadOnlyList<string> Hidden { get; init; } = [];

    /// <summary>Whether it counts on a device with these labels, for whoever has these roles.</summary>
    public bool Matches(IReadOnlyDictionary<string, string> labels, IReadOnlyCollection<Guid> roleIds)
    {
        ArgumentNullException.ThrowIfNull(roleIds);
        return (RoleId is not { } role || roleIds.Contains(role)) && Selector.Matches(labels);
    }
}

/// <summary>
/// What rules of files come to. Where none matches, all of a device is to be had, by permission alone. Where some do, their folders are, and
/// nothing else; a folder within another one has its own say alone, whichever way leads to it; where two are about the same folder, it may be changed only if both let it be,
/// and what either hides is hidden. What is hidden in a folder is hidden in those within it too.
/// </summary>
public static class FileRules
{
    /// <summary>The scopes on a device, none within another's way: the deepest that holds a path is its scope.</summary>
    public static IReadOnlyList<FileScope> Resolve(IEnumerable<FileRule> rules, IReadOnlyDictionary<string, string> labels, IReadOnlyCollection<Guid> roleIds)
    {
        ArgumentNullException.ThrowIfNull(rules);
        var matching = rules.Where(r => r.Matches(labels, roleIds)).ToArray();
        var folders = matching.Select(r => r.Path).Distinct().ToArray();

        // a device holds one scope at a time: what has a scope of its own is hidden in those around it, so that no link leads there
        IEnumerable<string> Hidden(TreePath folder) => matching.Where(r => folder.IsIn(r.Path)).SelectMany(r => r.Hidden)
            .Concat(folders.Where(f => f.Depth > folder.Depth && f.IsIn(folder)).Select(FilePattern.Of));

        return matching.Length == 0
            ? [FileScope.Everything]
            : [.. matching.GroupBy(r => r.Path).Select(g => new FileScope(
                g.Key.ToAddress(), g.All(r => r.IsWritable), [.. Hidden(g.Key).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)]))];
    }

    /// <summary>The scope of a path, or null where it may not be had.</summary>
    public static FileScope? Find(IReadOnlyList<FileScope> scopes, TreePath path)
    {
        ArgumentNullException.ThrowIfNull(scopes);
        ArgumentNullException.ThrowIfNull(path);
        return scopes.Select(s => (Scope: s, Root: RootOf(s))).Where(s => path.IsIn(s.Root)).OrderByDescending(s => s.Root.Depth).Select(s => s.Scope).FirstOrDefault();
    }

    /// <summary>For a folder that only leads to scopes: the names in it that do. Null where it leads to none.</summary>
    public static IReadOnlyList<string>? NamesAbove(IReadOnlyList<FileScope> scopes, TreePath path)
    {
        ArgumentNullException.ThrowIfNull(scopes);
        ArgumentNullException.ThrowIfNull(path);
        var names = scopes.Select(RootOf).Where(r => r.Depth > path.Depth && r.IsIn(path)).Select(r => r.Names[path.Depth]).Distinct(StringComparer.Ordinal)
            .Order(StringComparer.Ordinal).ToArray();
        return names.Length == 0 || Find(scopes, path) is not null ? null : names;
    }

    /// <summary>The scopes whose folder lies in this one, by name: its own scope does not list them.</summary>
    public static IEnumerable<FileScope> In(IReadOnlyList<FileScope> scopes, TreePath path)
    {
        ArgumentNullException.ThrowIfNull(scopes);
        ArgumentNullException.ThrowIfNull(path);
        return scopes.Where(s => RootOf(s) is var root && root.Depth == path.Depth + 1 && root.IsIn(path));
    }

    private static TreePath RootOf(FileScope scope) => TreePath.Parse(scope.Root).Value;
}
