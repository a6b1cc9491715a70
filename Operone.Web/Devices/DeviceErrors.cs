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

    public static Error NotPermitted(string actor, string permission, IReadOnlyList<string> names, bool mayDropThem) => new(
        ErrorKind.Forbidden, "permission-missing", "Not allowed.",
        $"{actor} lacks the permission '{permission}' on {names.Count} of the devices: {string.Join(", ", names.Take(20))}{(names.Count > 20 ? $" and {names.Count - 20} more" : "")}. "
        + (mayDropThem ? "Nothing was run. Ask for those alone that you may (onlyPermitted), or make an access request." : "Nothing was run. Make an access request."));

    public static Error Shut(string device, DeviceCordon cordon) => new(ErrorKind.Conflict, "device-draining", "The device takes nothing new.",
        $"{device} is {cordon}. It finishes what it has. Nothing was run. Uncordon it first (`operone devices uncordon {device}`), or choose another.");

    public static Error AllPassedBy(IReadOnlyList<SkippedDevice> skipped) => new(ErrorKind.Unprocessable, "target-cordoned", "None of the devices takes new work.",
        $"{string.Join("; ", skipped.Take(10).Select(d => $"{d.Name} is {d.Reason}"))}{(skipped.Count > 10 ? $"; and {skipped.Count - 10} more" : "")}. Nothing was run. "
        + "A device that is cordoned takes it from who names it; uncordon those that should take it from all.");

    public static Error LabelsOutside(string actor, string what) => new(ErrorKind.Forbidden, "labels-outside", "Not allowed.",
        $"{actor} lacks the permission 'devices.manage' on {what} with these labels. Choose labels of devices that you manage, or ask an administrator.");

    public static Error LabelsRaise(string actor, string device, IEnumerable<string> permissions) => new(ErrorKind.Forbidden, "labels-raise", "Not allowed.",
        $"With these labels {actor} would come to hold {string.Join(", ", permissions)} on {device}. Nobody raises themselves: ask an administrator.");

    public static Error NameTaken(string name) => new(ErrorKind.Conflict, "device-name-taken", "The name is taken.",
        $"Another device is called '{name}'. Names are unique without regard to case.");
}
