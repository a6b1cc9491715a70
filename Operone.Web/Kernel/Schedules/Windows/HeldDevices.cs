using System.Globalization;
using Operone.Core.Kernel.Schedules;
using Operone.Web.Data;
using Operone.Web.Devices;

namespace Operone.Web.Kernel.Schedules.Windows;

/// <summary>The devices on which a firing may not work yet, by when it may. What waits becomes firings of its own.</summary>
internal sealed class HeldDevices(Schedule schedule, Firing firing, WindowHolds holds)
{
    private readonly Dictionary<DateTimeOffset, HashSet<Guid>> _later = [];
    private int _left;

    /// <summary>Whether there are windows at all.</summary>
    public bool MayHold => !holds.IsEmpty;

    /// <summary>Whether anything waits for a window.</summary>
    public bool IsWaiting => _later.Count > 0;

    /// <summary>In words what is held; null where nothing is.</summary>
    public string? Words
    {
        get
        {
            var waiting = _later.Values.Sum(d => d.Count);
            var left = _left == 0 ? null : $"{_left} devices are outside their maintenance windows, and are left out this time";
            var words = waiting == 0 ? left
                : $"{waiting} devices are outside their maintenance windows: it runs on them from {_later.Keys.Min().UtcDateTime.ToString("u", CultureInfo.InvariantCulture)} on{(left is null ? "" : $"; {left}")}";
            return words;
        }
    }

    /// <summary>Whether it may work on a device now; else that is noted.</summary>
    public bool IsFree(DeviceEntry device)
    {
        var first = holds.FirstAllowed(device);
        if (first is { } at && at <= holds.Now)
        {
            return true;
        }

        if (first is not { } later || schedule.Definition.Outside == OutsidePolicy.Skip)
        {
            _left++;
            return false;
        }

        if (!_later.TryGetValue(later, out var devices))
        {
            _later[later] = devices = [];
        }

        devices.Add(device.Id);
        return false;
    }

    /// <summary>Adds what waits.</summary>
    public void AddTo(OperoneDb db)
    {
        // one that waited, and waits again, is the same as the first
        var key = firing.Key.Split('@')[0];
        foreach (var (at, devices) in _later)
        {
            db.Add(new Firing
            {
                Id = Guid.CreateVersion7(holds.Now),
                ScheduleId = firing.ScheduleId,
                Key = $"{key}@{at.UtcTicks}:{firing.Id.ToString("N")[^12..]}",
                At = at,
                Cause = firing.Cause,
                DeviceIds = [.. devices],
                Parameters = firing.Parameters,
                JobRunId = Guid.CreateVersion7(holds.Now),
                ClaimedUntil = at,
            });
        }
    }
}
