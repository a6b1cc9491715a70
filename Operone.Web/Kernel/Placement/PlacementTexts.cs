using System.Globalization;
using Operone.Core.Kernel.Placement;
using Operone.Core.Shell;
using Operone.Web.Devices;

namespace Operone.Web.Kernel.Placement;

/// <summary>Makes of an answer of placement what people see.</summary>
internal static class PlacementTexts
{
    /// <summary>The answer in words, device by device.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="barred">Devices that were meant and not looked at, and why.</param>
    /// <param name="at">The time.</param>
    public static PlacementView View(PlacementAnswer answer, IReadOnlyList<PlacedDevice> barred, DateTimeOffset at)
    {
        // of thousands only so many are told of
        var devices = answer.Verdicts.Take(PlacementView.MaxDevices).Select(v => new PlacedDevice(v.Device.Id, v.Device.Name, v.IsChosen, v.Text)).Concat(barred);
        var all = answer.Verdicts.Count + barred.Count;
        var reason = answer.Problem ?? $"Chosen of {all} devices: {string.Join(", ", answer.Chosen.Take(10).Select(c => c.Name))}"
            + (answer.Chosen.Count > 10 ? $" and {answer.Chosen.Count - 10} more." : ".");
        return new(
            answer.IsPlaced ? PlacementState.Placed : PlacementState.Waiting, reason, at, [.. devices.Take(PlacementView.MaxDevices)],
            Math.Max(0, all - PlacementView.MaxDevices));
    }

    /// <summary>Why what a schedule began waits, where maintenance windows hold the devices that it needs.</summary>
    /// <param name="held">The devices that are held, by when they first are not; null where that is not near.</param>
    /// <param name="all">How many are meant.</param>
    /// <param name="at">The time.</param>
    public static PlacementView Held(IReadOnlyDictionary<DeviceEntry, DateTimeOffset?> held, int all, DateTimeOffset at)
    {
        var devices = Barred(held);
        var first = held.Values.Min() is { } opens ? $": the next one is from {Text(opens)} on" : "";
        return new(
            PlacementState.Waiting, $"{held.Count} of the {all} devices are outside their maintenance windows{first}.", at, [.. devices.Take(PlacementView.MaxDevices)],
            all - Math.Min(held.Count, PlacementView.MaxDevices));
    }

    /// <summary>The devices that maintenance windows hold, and until when.</summary>
    public static IReadOnlyList<PlacedDevice> Barred(IReadOnlyDictionary<DeviceEntry, DateTimeOffset?> held) => [.. held.OrderBy(h => h.Key.Name, StringComparer.Ordinal).Select(
        h => new PlacedDevice(h.Key.Id, h.Key.Name, false, h.Value is { } opens ? $"outside its maintenance windows until {Text(opens)}" : "outside its maintenance windows"))];

    private static string Text(DateTimeOffset at) => at.UtcDateTime.ToString("u", CultureInfo.InvariantCulture);

    /// <summary>Whether both say the same: what has not changed is not written again, for it may be tried every second for hours.</summary>
    public static bool IsSame(PlacementView? before, PlacementView why) =>
        before is not null && before.State == why.State && before.Reason == why.Reason && before.MoreDevices == why.MoreDevices && before.Devices.SequenceEqual(why.Devices);
}
