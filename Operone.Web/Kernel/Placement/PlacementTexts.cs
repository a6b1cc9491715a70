using Operone.Core.Kernel.Placement;
using Operone.Core.Shell;

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

    /// <summary>Whether both say the same: what has not changed is not written again, for it may be tried every second for hours.</summary>
    public static bool IsSame(PlacementView? before, PlacementView why) =>
        before is not null && before.State == why.State && before.Reason == why.Reason && before.MoreDevices == why.MoreDevices && before.Devices.SequenceEqual(why.Devices);
}
