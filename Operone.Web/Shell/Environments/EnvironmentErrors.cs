using Operone.Core.Errors;

namespace Operone.Web.Shell.Environments;

/// <summary>What can go wrong with environments, as expected.</summary>
internal static class EnvironmentErrors
{
    public static Error NotFound(string idOrName) => new(ErrorKind.NotFound, "environment-not-found", "There is no such environment.",
        $"No environment that you may use has the id or name '{idOrName}'. `operone environments` lists them.");

    public static Error NameTaken(string name) => new(ErrorKind.Conflict, "name-taken", "The name is taken.",
        $"There is another environment with the name '{name}'. Names are the same without regard to case.")
    {
        Fields = new Dictionary<string, string[]> { ["name"] = [$"'{name}' is taken"] },
    };

    public static Error UnknownInRun(IReadOnlyList<string> names) => new(ErrorKind.Unprocessable, "environment-not-found", "There is no such environment.",
        $"No environment that you may use has the id or name {string.Join(", ", names.Select(n => $"'{n}'"))}. Nothing was run.")
    {
        Fields = new Dictionary<string, string[]> { ["environments"] = [.. names.Select(n => $"there is no environment '{n}'")] },
    };

    public static Error NotForDevices(string name, string selector, IReadOnlyList<string> devices) => new(
        ErrorKind.Unprocessable, "environment-not-for-device", "The environment is not for these devices.",
        $"'{name}' is for devices with {selector} alone, and not for {RunErrors.Some(devices)}. Nothing was run. Leave those devices or the environment out.")
    {
        Fields = new Dictionary<string, string[]> { ["environments"] = [$"'{name}' is not for {RunErrors.Some(devices)}"] },
    };

    public static Error TooMuch(string what) => Error.InvalidField("environments", what);

    public static Error CannotBeOpened(string name) => new(ErrorKind.Conflict, "environment-not-opened", "The secrets cannot be opened.",
        $"The key that sealed the secrets of '{name}' is not there any more. Type its secrets again.");
}
