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

    private readonly IReadOnlyList<(Selector Selector, WindowTimes Times)> _windows;
    private readonly Dictionary<string, DateTimeOffset?> _known = new(StringComparer.Ordinal);

    private WindowHolds(IReadOnlyList<(Selector Selector, WindowTimes Times)> windows, DateTimeOffset now) => (_windows, Now) = (windows, now);

    /// <summary>None: they hold nothing.</summary>
    public static WindowHolds None { get; } = new([], default);

    /// <summary>Those that cannot be read on this server, with why: nothing is done on their devices.</summary>
    private IReadOnlyList<(Selector Selector, string Why)> Unread { get; init; } = [];

    /// <summary>Whether there are none.</summary>
    public bool IsEmpty => _windows.Count == 0;

    /// <summary>The moment.</summary>
    public DateTimeOffset Now { get; }

    /// <summary>Reads the windows.</summary>
    public static async Task<WindowHolds> ReadAsync(OperoneDb db, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var windows = await db.Set<MaintenanceWindow>().Where(w => w.IsEnabled).OrderBy(w => w.Id).Select(w => w.Definition).ToListAsync(cancellationToken);
        var read = windows.ConvertAll(w => (Window: w, Selector: SelectorOf(w), Times: WindowRules.Times(w)));
        return new(read.ConvertAll(w => (w.Selector, w.Times.IsError ? WindowTimes.Shut : w.Times.Value)), now)
        {
            Unread = [.. read.Where(w => w.Times.IsError).Select(w => (w.Selector, $"the maintenance window {w.Window.Name} cannot be read here: {w.Times.Error!.Detail}"))],
        };
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
    public string? WhyUnread(DeviceEntry device) => Unread.FirstOrDefault(w => w.Selector.Matches(device.Labels)).Why;

    /// <summary>The devices of a window: all, where that cannot be read.</summary>
    public static Selector SelectorOf(SaveMaintenanceWindow window) =>
        !string.IsNullOrWhiteSpace(window.Selector) && Selector.Parse(window.Selector) is { IsError: false } selector ? selector.Value : Selector.Everything;
}
