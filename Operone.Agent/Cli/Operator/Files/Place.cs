using Operone.Core.Errors;
using Operone.Core.Files;

namespace Operone.Agent.Cli.Operator.Files;

/// <summary>A place as it is written on the command line: <c>DEVICE:PATH</c>, or a path here.</summary>
/// <param name="Device">The device's name; null for this machine.</param>
/// <param name="Path">On the device, or here, from its top.</param>
/// <param name="IsFolder">Whether it was written with a slash at its end, so that it must be a folder.</param>
internal sealed record Place(string? Device, TreePath Path, bool IsFolder)
{
    /// <summary>Whether it is on this machine.</summary>
    public bool IsLocal => Device is null;

    /// <summary>Where the last name begins to be a pattern.</summary>
    public bool IsPattern => Device is not null && Path.Name.AsSpan().ContainsAny("*?[");

    /// <summary>Reads one.</summary>
    public static Result<Place> Parse(string argument)
    {
        var text = RawArguments.Restore(argument);
        if (text.Length == 0)
        {
            return Error.InvalidField("PATH", "is empty");
        }

        var colon = text.IndexOf(':', StringComparison.Ordinal);
        var isLocal = colon < 0 || text.AsSpan(0, colon).ContainsAny('/', '\\') || (OperatingSystem.IsWindows() && colon == 1 && char.IsAsciiLetter(text[0]));
        var isFolder = text[^1] == '/' || (isLocal && OperatingSystem.IsWindows() && text[^1] == '\\');
        if (!isLocal && colon == 0)
        {
            return Error.InvalidField("PATH", $"'{FileName.Display(text)}' names no device in front of its colon; write ./ in front of a file here whose name begins with one");
        }

        var names = isLocal ? LocalNames(text) : text[(colon + 1)..].Split('/', StringSplitOptions.RemoveEmptyEntries).Where(n => n != ".");
        var path = TreePath.FromNames(names);
        return path.Error is { } error ? error : new Place(isLocal ? null : text[..colon], path.Value, isFolder);
    }

    private static IEnumerable<string> LocalNames(string text) =>
        System.IO.Path.GetFullPath(text).Split(System.IO.Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries);
}
