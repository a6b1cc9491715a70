using Operone.Core.Errors;
using Operone.Core.Files;

namespace Operone.Agent.Cli.Operator.Files;

/// <summary>A place as it is written on the command line: <c>DEVICE:PATH</c>, <c>:/mounts/NAME/PATH</c>, or a path here.</summary>
/// <param name="Device">The device's name, or the address of a mount in the tree, which begins with a slash; null for this machine.</param>
/// <param name="Path">On the device, or here, from its top.</param>
/// <param name="IsFolder">Whether it was written with a slash at its end, so that it must be a folder.</param>
internal sealed record Place(string? Device, TreePath Path, bool IsFolder)
{
    private static readonly string[] _tops = ["devices", "mounts", "server"];

    /// <summary>Whether it is on this machine.</summary>
    public bool IsLocal => Device is null;

    /// <summary>Where the last name begins to be a pattern.</summary>
    public bool IsPattern => Device is not null && Path.Name.AsSpan().ContainsAny("*?[");

    /// <summary>Whether a name is no device's, but an address in the tree.</summary>
    public static bool IsTree(string device) => device.StartsWith('/');

    /// <summary>Reads one where a path here is no place: then an address in the tree needs no colon in front.</summary>
    public static Result<Place> ParseRemote(string argument) => Parse(argument is "/" || _tops.Any(t => argument == $"/{t}" || argument.StartsWith($"/{t}/", StringComparison.Ordinal)) ? $":{argument}" : argument);

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
            return InTree(text, isFolder);
        }

        var names = isLocal ? LocalNames(text) : text[(colon + 1)..].Split('/', StringSplitOptions.RemoveEmptyEntries).Where(n => n != ".");
        var path = TreePath.FromNames(names);
        return path.Error is { } error ? error : new Place(isLocal ? null : text[..colon], path.Value, isFolder);
    }

    /// <summary>An address in the tree, behind a colon: of a device, of a mount, or of the folders above them.</summary>
    private static Result<Place> InTree(string text, bool isFolder)
    {
        var path = TreePath.FromNames(text[1..].Split('/', StringSplitOptions.RemoveEmptyEntries).Where(n => n != "."));
        if (path.Error is { } error)
        {
            return error;
        }

        var address = path.Value;
        return (!address.IsTop && !_tops.Contains(address.Names[0])) || !text.AsSpan(1).StartsWith("/")
            ? Error.InvalidField("PATH", $"'{FileName.Display(text)}' names no device in front of its colon, and is no address in the tree, as :/mounts/NAME; write ./ in front of a file here whose name begins with one")
            : address.Depth < 2 ? new Place("/", address, isFolder)
            : address.Names[0] == _tops[0] ? new Place(address.Names[1], address.Below(2), isFolder)
            : new Place(address.First(2).ToAddress(), address.Below(2), isFolder);
    }

    private static IEnumerable<string> LocalNames(string text) =>
        System.IO.Path.GetFullPath(text).Split(System.IO.Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries);
}
