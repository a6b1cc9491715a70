using Operone.Core.Errors;

namespace Operone.Web.Shell.Sandbox;

/// <summary>What can go wrong with sandbox profiles, as expected.</summary>
internal static class SandboxErrors
{
    public static Error NotFound(string idOrName) => new(ErrorKind.NotFound, "sandbox-profile-not-found", "There is no such sandbox profile.",
        $"No sandbox profile has the id or name '{idOrName}'. `operone sandboxes` lists them.");

    public static Error IsBuiltIn(string name) => new(ErrorKind.Conflict, "sandbox-profile-built-in", "The sandbox profile is built in.",
        $"'{name}' is the same in every installation, and is not changed. Make one of your own.");

    public static Error NameTaken(string name) => new(ErrorKind.Conflict, "name-taken", "The name is taken.",
        $"There is a sandbox profile named '{name}' already; names are told apart without regard to case.");

    public static Error InUse(string name, IReadOnlyList<string> roles) => new(ErrorKind.Conflict, "sandbox-profile-in-use", "The sandbox profile is in use.",
        $"'{name}' is required by {(roles.Count == 1 ? "the role" : "the roles")} {string.Join(", ", roles)}. Take it away there first.");

    public static Error Unknown(string name, IEnumerable<string> known) =>
        Error.InvalidField("sandbox", $"there is no sandbox profile '{name}'; there are {string.Join(", ", known)}");

    /// <summary>Something weaker than a role requires was asked for.</summary>
    public static Error Weaker(string actor, string role, string required, string asked) => new(
        ErrorKind.Forbidden, "sandbox-required", "A sandbox is required.",
        $"What {actor} runs is held by the sandbox profile '{required}', as the role '{role}' requires; {asked} is not allowed. Leave it out.");

    /// <summary>Two roles require different profiles.</summary>
    public static Error Contradiction(string actor, IEnumerable<string> requirements) => new(
        ErrorKind.Forbidden, "sandboxes-contradict", "The required sandboxes contradict each other.",
        $"Several roles of {actor} require a sandbox profile, and not the same: {string.Join(", ", requirements)}. Ask an administrator to settle it.");

    /// <summary>A role requires a profile that is not there (a hand in the database).</summary>
    public static Error Missing(string role, string name) => new(
        ErrorKind.Forbidden, "sandbox-missing", "The required sandbox is missing.",
        $"The role '{role}' requires the sandbox profile '{name}', which is not there. Ask an administrator.");
}
