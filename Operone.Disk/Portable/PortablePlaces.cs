using Operone.Core.Files;

namespace Operone.Disk.Portable;

/// <summary>
/// Finds places by .NET's own means: name by name, and no link (a reparse point on Windows) is followed anywhere below the root. It cannot hold what
/// is found against being swapped, as <c>openat2</c> does on Linux.
/// </summary>
internal sealed class PortablePlaces(string stateDirectory)
{
    private static readonly bool _isWindows = OperatingSystem.IsWindows();
    private static readonly StringComparison _comparison = OperatingSystem.IsLinux() ? StringComparison.Ordinal : StringComparison.OrdinalIgnoreCase;

    private readonly string _own = Path.TrimEndingDirectorySeparator(Path.GetFullPath(stateDirectory));

    /// <summary>Whether this is the top of a system that has drives.</summary>
    public static bool IsDrives(FilePlace place) => _isWindows && place.Path.IsTop;

    /// <summary>The path of a place; what is on the way to it are folders, and no links.</summary>
    /// <param name="place">The place.</param>
    /// <param name="isLinkFine">Whether the last name may be a link, which is then not followed.</param>
    public string Find(FilePlace place, bool isLinkFine)
    {
        var path = Write(place.Bounds.Root);
        for (var i = place.Bounds.Root.Depth; i < place.Path.Depth; i++)
        {
            path = Write(place.Path.First(i + 1));
            var isLast = i == place.Path.Depth - 1;
            if (TryAttributes(path) is { } attributes && attributes.HasFlag(FileAttributes.ReparsePoint) && !(isLast && isLinkFine))
            {
                throw FileFault.Outside(place.Path, "leads through a link that is not followed");
            }
        }

        return IsOwn(path) ? throw FileFault.NotFound(place.Path) : path;
    }

    /// <summary>The path of a place that something is done to.</summary>
    public string FindToChange(FilePlace place)
    {
        if (!place.Bounds.Scope.IsWritable)
        {
            throw new FileFault(FileProblems.ReadOnly, $"'{place}' may be read, not changed.");
        }

        return place.IsRoot || (_isWindows && place.Path.Depth < 2)
            ? throw FileFault.Outside(place.Path, "is where the files begin that may be had: it stays as it is")
            : Find(place, isLinkFine: true);
    }

    /// <summary>Whether the agent keeps its state there, or above.</summary>
    public bool Holds(string path) => IsIn(_own, path);

    /// <summary>Whether a path is of the agent's own.</summary>
    public bool IsOwn(string path) => IsIn(path, _own);

    /// <summary>Whether a name in a folder is not shown.</summary>
    public bool Hides(FilePlace folder, string folderPath, string name) =>
        FileName.Check(name) is not null || (name.StartsWith(FileLimits.PartPrefix, StringComparison.Ordinal) && name.EndsWith(FileLimits.PartSuffix, StringComparison.Ordinal))
        || IsOwn(Path.Combine(folderPath, name)) || folder.Bounds.Hides(folder.Path.Child(name));

    /// <summary>What a path is; null where there is nothing.</summary>
    public static FileAttributes? TryAttributes(string path)
    {
        try
        {
            return File.GetAttributes(path);
        }
        catch (Exception problem) when (problem is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    private static bool IsIn(string path, string folder) =>
        path.Equals(folder, _comparison) || path.StartsWith(Path.TrimEndingDirectorySeparator(folder) + Path.DirectorySeparatorChar, _comparison);

    private static string Write(TreePath path)
    {
        if (!_isWindows)
        {
            return "/" + string.Join('/', path.Names);
        }

        for (var i = 0; i < path.Depth; i++)
        {
            if (i == 0 ? !WindowsNames.IsDrive(path.Names[0]) : WindowsNames.Check(path.Names[i]) is not null)
            {
                throw new FileFault(FileProblems.BadName, $"'{path}' is no path here: the name '{FileName.Display(path.Names[i])}' {(i == 0 ? "is no drive" : WindowsNames.Check(path.Names[i]))}.");
            }
        }

        return path.Depth == 1 ? path.Names[0] + "\\" : string.Join('\\', path.Names);
    }
}
