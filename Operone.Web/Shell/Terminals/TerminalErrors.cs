using Operone.Core.Errors;

namespace Operone.Web.Shell.Terminals;

/// <summary>What can go wrong with terminals, as expected.</summary>
internal static class TerminalErrors
{
    public static Error NotFound(string id) => new(ErrorKind.NotFound, "terminal-not-found", "There is no such terminal.",
        $"No terminal has the id '{id}'. `operone terminals` lists them.");

    public static Error Over(Guid id, string? reason) => new(ErrorKind.Conflict, "terminal-ended", "The terminal has ended.",
        $"The terminal {id} has ended: {reason ?? "nobody knows why"}");

    public static Error NotYours(Guid id, string owner) => new(ErrorKind.Forbidden, "terminal-not-yours", "It is somebody else's terminal.",
        $"The terminal {id} belongs to {owner}, who alone may do that.");

    public static Error NobodyThere(Guid id, Guid attachment) => new(ErrorKind.NotFound, "terminal-viewer-not-found", "Nobody is there by that id.",
        $"In the terminal {id} nobody is attached with the id {attachment}. They may just have left.");

    public static Error ChoiceNotAllowed(string device, string policyFields) => new(ErrorKind.Forbidden, "terminal-choice-refused", "Policy leaves no choice.",
        $"On '{device}' the policies of terminals say how they are; {policyFields} cannot be chosen. Leave that out.");

    public static Error MalformedCursor { get; } = Error.InvalidField("cursor", "is not a cursor that this list gave");
}
