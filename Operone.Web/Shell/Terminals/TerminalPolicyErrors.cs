using Operone.Core.Errors;

namespace Operone.Web.Shell.Terminals;

/// <summary>What can go wrong with policies of terminals, as expected.</summary>
internal static class TerminalPolicyErrors
{
    public static Error NotFound(Guid id) => new(ErrorKind.NotFound, "terminal-policy-not-found", "There is no such policy.", $"No terminal policy has the id {id}.");

    public static Error NameTaken(string name) => new(ErrorKind.Conflict, "terminal-policy-name-taken", "The name is taken.",
        $"Another terminal policy is called '{name}'. Names are unique without regard to case.");

    public static Error NotEverywhere(string actor) => new(ErrorKind.Forbidden, "permission-missing", "Not allowed.",
        $"{actor} lacks the permission 'terminals.manage' on everything, which changing what terminals are like takes. Ask an administrator.");
}
