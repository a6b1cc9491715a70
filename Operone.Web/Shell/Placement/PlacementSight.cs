using Operone.Core.Shell;

namespace Operone.Web.Shell.Placement;

/// <summary>What somebody is told of a placement who does not see every device.</summary>
internal static class PlacementSight
{
    /// <summary>What stands for a text of the server's that may name devices which they do not see.</summary>
    public const string InPart = "Why is shown to those who may see all devices.";

    /// <summary>The part of it that is about devices which they see.</summary>
    public static PlacementView? Part(PlacementView? placement, Func<Guid, bool> sees) =>
        placement is null || (placement.MoreDevices == 0 && placement.Devices.All(d => sees(d.DeviceId))) ? placement
            : placement with { Reason = InPart, MoreDevices = 0, Devices = [.. placement.Devices.Where(d => sees(d.DeviceId))] };
}
