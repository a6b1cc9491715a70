using Operone.Core.Devices;
using Operone.Core.Errors;

namespace Operone.Web.Devices;

/// <summary>What can go wrong with devices, as expected.</summary>
internal static class DeviceErrors
{
    public static Error NotFound(string idOrName) => new(ErrorKind.NotFound, "device-not-found", "There is no such device.",
        $"No device has the id or name '{idOrName}'. `operone devices` lists them.");

    public static Error UnknownInTarget(IReadOnlyList<string> names) => new(ErrorKind.Unprocessable, "device-not-found", "There is no such device.",
        $"No device has the id or name {string.Join(", ", names.Take(10).Select(n => $"'{n}'"))}{(names.Count > 10 ? $" and {names.Count - 10} more" : "")}. Nothing was run.")
    {
        Fields = new Dictionary<string, string[]> { ["target.devices"] = names.Take(10).Select(n => $"there is no device '{n}'").ToArray() },
    };

    public static Error TargetEmpty(RunTarget target, int devices) => new(ErrorKind.Unprocessable, "target-empty", "The target matches no device.",
        devices == 0 ? "There are no devices yet: enrol one first. Nothing was run."
        : $"None of the {devices} devices matches '{target.Selector}'. Nothing was run.")
    {
        Fields = new Dictionary<string, string[]> { [target.Selector is null ? "target" : "target.selector"] = ["matches no device"] },
    };

    public static Error NameTaken(string name) => new(ErrorKind.Conflict, "device-name-taken", "The name is taken.",
        $"Another device is called '{name}'. Names are unique without regard to case.");
}
