using Operone.Core.Errors;

namespace Operone.Web.Files.Mounts;

/// <summary>What can go wrong with mounts, as expected.</summary>
internal static class MountErrors
{
    public static Error NotFound(string idOrName) => new(ErrorKind.NotFound, "mount-not-found", "There is no such mount.", $"No mount has the id or name '{idOrName}'.");

    public static Error NameTaken(string name) => new(ErrorKind.Conflict, "name-taken", "The name is taken.",
        $"Another mount is called '{name}'. Names are unique without regard to case.")
    {
        Fields = new Dictionary<string, string[]> { ["name"] = [$"'{name}' is taken"] },
    };

    public static Error NotEverywhere(string actor) => new(ErrorKind.Forbidden, "permission-missing", "Not allowed.",
        $"{actor} lacks the permission 'mounts.manage' on everything, which changing what is in the tree takes. Ask an administrator.");

    public static Error Sealed(string name) => new(ErrorKind.Conflict, "mount-not-opened", "The mount's secrets cannot be opened.",
        $"The key that sealed what '{name}' signs in with is not there any more. Type it again.");

    public static Error NotHere(string place, string folder, string node) => new(ErrorKind.Unavailable, "mount-not-here", "That folder is not on this node.",
        $"{place}: the folder '{folder}' does not exist on the node '{node}', which answers this request. A folder of the server is to be had on the nodes that have it.");
}
