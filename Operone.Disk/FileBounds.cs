using Operone.Core.Files;

namespace Operone.Disk;

/// <summary>What a call may touch: its <see cref="FileScope"/>, read once.</summary>
internal sealed class FileBounds
{
    private readonly FilePattern[] _hidden;

    private FileBounds(FileScope scope, TreePath root)
    {
        Scope = scope;
        Root = root;
        var ignoreCase = !OperatingSystem.IsLinux();
        _hidden = [.. scope.Hidden.Select(h => FilePattern.Parse(h, ignoreCase))];
        HidesPlaces = _hidden.Any(h => h.Text.TrimEnd('/').Contains('/', StringComparison.Ordinal));
    }

    /// <summary>As it was sent.</summary>
    public FileScope Scope { get; }

    /// <summary>The folder that everything lies in.</summary>
    public TreePath Root { get; }

    /// <summary>Whether anything is hidden.</summary>
    public bool HidesAny => _hidden.Length > 0;

    /// <summary>Whether anything is hidden for where it lies, so that moving it would show it.</summary>
    public bool HidesPlaces { get; }

    /// <summary>Reads a scope.</summary>
    /// <exception cref="FileFault">It makes no sense.</exception>
    public static FileBounds Of(FileScope scope)
    {
        var root = TreePath.Parse(scope.Root);
        if (root.Error is { } wrong)
        {
            throw new FileFault(FileProblems.BadName, wrong.Detail);
        }

        return scope.Hidden.Select(FilePattern.Check).FirstOrDefault(p => p is not null) is { } problem
            ? throw new FileFault(FileProblems.Failed, $"A pattern of what is hidden {problem}.")
            : new FileBounds(scope, root.Value);
    }

    /// <summary>Whether this is the same scope.</summary>
    public bool Is(FileScope scope) =>
        scope.Root == Scope.Root && scope.IsWritable == Scope.IsWritable && scope.Hidden.SequenceEqual(Scope.Hidden);

    /// <summary>Whether something is neither listed nor opened.</summary>
    public bool Hides(TreePath path)
    {
        foreach (var pattern in _hidden)
        {
            if (pattern.Matches(path))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>A place in it.</summary>
    /// <exception cref="FileFault">The address is none, or lies outside, or is of something hidden.</exception>
    public FilePlace At(string address)
    {
        var path = TreePath.Parse(address);
        if (path.Error is { } wrong)
        {
            throw new FileFault(FileProblems.BadName, wrong.Detail);
        }

        if (!path.Value.IsIn(Root))
        {
            throw FileFault.Outside(path.Value, $"lies outside of '{Root}'");
        }

        return Hides(path.Value) ? throw FileFault.NotFound(path.Value) : new FilePlace(this, path.Value);
    }
}

/// <summary>A place within bounds, by its name: what links make of it is for who opens it.</summary>
/// <param name="Bounds">The bounds.</param>
/// <param name="Path">The whole path on the device.</param>
internal sealed record FilePlace(FileBounds Bounds, TreePath Path)
{
    /// <summary>Whether it is the root of its bounds.</summary>
    public bool IsRoot => Path.Depth == Bounds.Root.Depth;

    /// <summary>Its names below the root.</summary>
    public ReadOnlySpan<string> Names => Path.Below(Bounds.Root.Depth).Names is string[] names ? names : [];

    /// <summary>Where it lies.</summary>
    public FilePlace Parent => this with { Path = Path.Parent };

    /// <summary>Something in it.</summary>
    public FilePlace Child(string name) => this with { Path = Path.Child(name) };

    /// <inheritdoc/>
    public override string ToString() => Path.ToString();
}
