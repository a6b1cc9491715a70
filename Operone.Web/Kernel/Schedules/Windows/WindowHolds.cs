using Microsoft.EntityFrameworkCore;
using Operone.Core;
using Operone.Core.Kernel.Schedules;
using Operone.Web.Data;
using Operone.Web.Devices;

namespace Operone.Web.Kernel.Schedules.Windows;

/// <summary>When schedules may work on devices, by the windows as they are at one moment.</summary>
internal sealed class WindowHolds
{
    /// <summary>What is waited for longer than this is left out.</summary>
    public static readonly TimeSpan LongestWait = TimeSpan.FromDays(31);

    // of one that cannot be read on this server it is known why: nothing is done on its devices
    private readonly IReadOnlyList<(Selector Selector, WindowTimes Times, string? Unread)> _windows;
    private readonly Dictionary<string, DateTimeOffset?> _known = new(StringComparer.Ordinal);

    private WindowHolds(IReadOnlyList<(Selector Selector, WindowTimes Times, string? Unread)> windows, DateTimeOffset now) => (_windows, Now) = (windows, now);

    /// <summary>None: they hold nothing.</summary>
    public static WindowHolds None { get; } = new([], default);

    /// <summary>Whether there are none.</summary>
    public bool IsEmpty => _windows.Count == 0;

    /// <summary>The moment.</summary>
    public DateTimeOffset Now { get; }

    /// <summary>Reads the windows.</summary>
    public static async Task<WindowHolds> ReadAsync(OperoneDb db, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var windows = await db.Set<MaintenanceWindow>().Where(w => w.IsEnabled).OrderBy(w => w.Id).Select(w => w.Definition).ToListAsync(cancellationToken);
        return new(windows.ConvertAll(w => WindowRules.Times(w).Match<(Selector, WindowTimes, string?)>(
            times => (SelectorOf(w), times, null), e => (SelectorOf(w), WindowTimes.Shut, $"the maintenance window {w.Name} cannot be read here: {e.Detail}"))), now);
    }

    /// <summary>The first time, from now on, at which they may work on a device; null where none is near.</summary>
    public DateTimeOffset? FirstAllowed(DeviceEntry device)
    {
        var mine = _windows.Select((w, i) => (w.Times, Index: i, IsMine: w.Selector.Matches(device.Labels))).Where(w => w.IsMine).ToArray();
        if (mine.Length == 0)
        {
            return Now;
        }

        // devices that the same windows are for are many
        var key = string.Join(',', mine.Select(w => w.Index));
        if (!_known.TryGetValue(key, out var first))
        {
            _known[key] = first = WindowTimes.FirstAllowed([.. mine.Select(w => w.Times)], Now, Now + LongestWait);
        }

        return first;
    }

    /// <summary>Those of some devices on which they may not work now, with the first time at which they may; null where none is near.</summary>
    public IReadOnlyDictionary<DeviceEntry, DateTimeOffset?> Held(IReadOnlyList<DeviceEntry> devices)
    {
        var held = new Dictionary<DeviceEntry, DateTimeOffset?>(ReferenceEqualityComparer.Instance);
        foreach (var device in IsEmpty ? [] : devices)
        {
            if (FirstAllowed(device) is var first && !(first <= Now))
            {
                held[device] = first;
            }
        }

        return held;
    }

    /// <summary>Why nothing is done on a device, where one of its windows cannot be read; else null.</summary>
    public string? WhyUnread(DeviceEntry device) => _windows.FirstOrDefault(w => w.Unread is not null && w.Selector.Matches(device.Labels)).Unread;

    /// <summary>The devices of a window: all, where that cannot be read.</summary>
    public static Selector SelectorOf(SaveMaintenanceWindow window) =>
        !string.IsNullOrWhiteSpace(window.Selector) && Selector.Parse(window.Selector) is { IsError: false } selector ? selector.Value : Selector.Everything;
}
