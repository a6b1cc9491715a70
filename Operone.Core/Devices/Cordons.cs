using System.Text.Json.Serialization;

namespace Operone.Core.Devices;

/// <summary>Whether a device takes new work.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<DeviceIntake>))]
public enum DeviceIntake
{
    /// <summary>It does.</summary>
    [JsonStringEnumMemberName("open")] Open = 0,
    /// <summary>Only from who names it: selectors, "all" and placement pass it by.</summary>
    [JsonStringEnumMemberName("cordoned")] Cordoned = 1,
    /// <summary>Nothing new at all; what it has is finished.</summary>
    [JsonStringEnumMemberName("draining")] Draining = 2,
    /// <summary>Nothing new at all, and all that it had is finished.</summary>
    [JsonStringEnumMemberName("drained")] Drained = 3,
}

/// <summary>Why a device takes no new work.</summary>
/// <param name="Intake">What it takes.</param>
/// <param name="Reason">What whoever did it said, or null.</param>
/// <param name="By">Who did it.</param>
/// <param name="At">When (UTC).</param>
public sealed record DeviceCordon(DeviceIntake Intake, string? Reason, string By, DateTimeOffset At)
{
    /// <summary>The longest reason, in characters.</summary>
    public const int MaxReasonLength = 200;

    /// <summary>For people: <c>draining since … by …: …</c>.</summary>
    public override string ToString() =>
        $"{Intake.ToText()} by {By}{(string.IsNullOrEmpty(Reason) ? "" : $": {Reason}")}";
}

/// <summary>What <c>POST /devices/{idOrName}/cordon</c> and <c>/drain</c> take.</summary>
/// <param name="Reason">Why, for whoever finds it so; up to 200 characters.</param>
public sealed record CordonDevice(string? Reason = null);

/// <summary>A device that a target would have meant, and that was passed by.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Reason">Why, in words.</param>
public sealed record SkippedDevice(string Name, string Reason);

/// <summary>Words for what a device takes.</summary>
public static class DeviceIntakes
{
    /// <summary>As it stands on the wire.</summary>
    public static string ToText(this DeviceIntake intake) => intake switch
    {
        DeviceIntake.Cordoned => "cordoned",
        DeviceIntake.Draining => "draining",
        DeviceIntake.Drained => "drained",
        _ => "open",
    };

    /// <summary>Whether nothing new goes there, not even from who names it.</summary>
    public static bool IsShut(this DeviceIntake intake) => intake >= DeviceIntake.Draining;
}
