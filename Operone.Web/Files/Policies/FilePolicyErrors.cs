using Operone.Core.Errors;

namespace Operone.Web.Files.Policies;

/// <summary>What can go wrong with policies of files, as expected.</summary>
internal static class FilePolicyErrors
{
    public static Error NotFound(Guid id) => new(ErrorKind.NotFound, "file-policy-not-found", "There is no such policy.", $"No file policy has the id {id}.");

    public static Error NameTaken(string name) => new(ErrorKind.Conflict, "file-policy-name-taken", "The name is taken.",
        $"Another file policy is called '{name}'. Names are unique without regard to case.");

    public static Error NotEverywhere(string actor) => new(ErrorKind.Forbidden, "permission-missing", "Not allowed.",
        $"{actor} lacks the permission 'mounts.manage' on everything, which changing what files may be had takes. Ask an administrator.");
}
