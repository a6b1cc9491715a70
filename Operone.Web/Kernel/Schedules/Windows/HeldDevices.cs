using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Operone.Core.Kernel.Schedules;
using Operone.Web.Data;
using Operone.Web.Devices;

namespace Operone.Web.Kernel.Schedules.Windows;

/// <summary>
/// The devices on which a firing may not work yet, by when it may. They become firings that wait; what a schedule starts at the same time and in the same way
/// on devices is one of them, however often it fired meanwhile.
/// </summary>
/// <param name="schedule">The schedule.</param>
/// <param name="firing">What it fired.</param>
/// <param name="holds">The windows.</param>
/// <param name="isAny">Whether Operone takes some of the devices: where any may be worked on nothing waits for the others, and else all wait for the first.</param>
internal sealed class HeldDevices(Schedule schedule, Firing firing, WindowHolds holds, bool isAny)
{
    private readonly Dictionary<DateTimeOffset, HashSet<Guid>> _held = [];
    private int _left;
    private bool _hasFree;
    private string? _unread;

    private Dictionary<DateTimeOffset, HashSet<Guid>> Later =>
        !isAny || _held.Count == 0 ? _held : _hasFree ? [] : new() { [_held.Keys.Min()] = [.. _held.Values.SelectMany(d => d)] };

    /// <summary>Whether there are windows at all.</summary>
    public bool MayHold => !holds.IsEmpty;

    /// <summary>Whether anything waits for a window.</summary>
    public bool IsWaiting => Later.Count > 0;

    /// <summary>In words what is held; null where nothing is.</summary>
    public string? Words
    {
        get
        {
            var (later, waiting) = (Later, Later.Values.Sum(d => d.Count));
            var left = _left == 0 ? null : $"{_left} devices are outside their maintenance windows, and are left out this time{(_unread is null ? "" : $": {_unread}")}";
            return waiting == 0 ? left
                : $"{waiting} devices are outside their maintenance windows: it runs on them from {later.Keys.Min().UtcDateTime.ToString("u", CultureInfo.InvariantCulture)} on{(left is null ? "" : $"; {left}")}";
        }
    }

    /// <summary>Whether it may work on a device now; else that is noted.</summary>
    public bool IsFree(DeviceEntry device)
    {
        var first = holds.FirstAllowed(device);
        if (first is { } at && at <= holds.Now)
        {
            _hasFree = true;
            return true;
        }

        if (first is not { } later || schedule.Definition.Outside == OutsidePolicy.Skip)
        {
            _left++;
            _unread ??= holds.WhyUnread(device);
            return false;
        }

        if (!_held.TryGetValue(later, out var devices))
        {
            _held[later] = devices = [];
        }

        devices.Add(device.Id);
        return false;
    }

    /// <summary>Stores what waits, in the context's present transaction.</summary>
    public async Task StoreAsync(OperoneDb db, CancellationToken cancellationToken)
    {
        var later = Later;
        if (later.Count == 0)
        {
            return;
        }

        // another firing of the schedule that is stored at the same time is waited for, so that what is the same becomes one
        await Schedule.LockAsync(db, firing.ScheduleId, cancellationToken);
        var made = firing.CreatedAt.AddMilliseconds(1);
        if (await db.Set<Schedule>().AnyAsync(s => s.Id == firing.ScheduleId && !s.IsEnabled && s.UpdatedAt > made, cancellationToken))
        {
            // it was turned off meanwhile: turned on again it does not do what waited before
            return;
        }

        var waiting = await db.Set<Firing>().AsTracking().Where(f => f.ScheduleId == firing.ScheduleId && f.FiredAt == null && f.Id != firing.Id && f.DeviceIds != null)
            .ToListAsync(cancellationToken);
        foreach (var (at, devices) in later)
        {
            if (waiting.Find(f => f.At == at && f.ClaimedUntil == at && IsAlike(f)) is { } known)
            {
                known.DeviceIds = [.. known.DeviceIds!.Union(devices)];
                continue;
            }

            // what waits anew was made when it first had to wait
            var id = Guid.CreateVersion7(firing.DeviceIds is null ? holds.Now : firing.CreatedAt);
            db.Add(new Firing
            {
                Id = id,
                ScheduleId = firing.ScheduleId,
                Key = $"held:{id:N}",
                At = at,
                Cause = firing.Cause,
                DeviceIds = [.. devices],
                Parameters = firing.Parameters,
                JobRunId = Guid.CreateVersion7(holds.Now),
                ClaimedUntil = at,
            });
        }
    }

    private bool IsAlike(Firing other) =>
        (other.Parameters ?? new Dictionary<string, string>()).OrderBy(p => p.Key, StringComparer.Ordinal)
            .SequenceEqual((firing.Parameters ?? new Dictionary<string, string>()).OrderBy(p => p.Key, StringComparer.Ordinal));
}
