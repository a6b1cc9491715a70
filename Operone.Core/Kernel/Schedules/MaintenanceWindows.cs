using System.Text.Json.Serialization;
using Operone.Core.Errors;

namespace Operone.Core.Kernel.Schedules;

/// <summary>What a maintenance window says of its devices.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<WindowMode>))]
public enum WindowMode
{
    /// <summary>Schedules work on them while it is open, and at no other time. Where several say so, while any of them is open.</summary>
    [JsonStringEnumMemberName("only")] Only = 0,
    /// <summary>Schedules do not work on them while it is open, whatever others say.</summary>
    [JsonStringEnumMemberName("never")] Never = 1,
}

/// <summary>What a schedule does with devices on which no schedule may work when it fires.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<OutsidePolicy>))]
public enum OutsidePolicy
{
    /// <summary>It runs on them once it may.</summary>
    [JsonStringEnumMemberName("wait")] Wait = 0,
    /// <summary>They are left out this time.</summary>
    [JsonStringEnumMemberName("skip")] Skip = 1,
}

/// <summary>
/// What <c>POST /maintenance-windows</c> and <c>PUT /maintenance-windows/{id}</c> take. It opens as a schedule fires: by exactly one of cron, calendar
/// words, and a time.
/// </summary>
public sealed record SaveMaintenanceWindow : ScheduleWhen
{
    /// <summary>Its name, unique among windows.</summary>
    public string? Name { get; init; }
    /// <summary>What it is for.</summary>
    public string? Description { get; init; }
    /// <summary>Of which devices; empty for all.</summary>
    public string? Selector { get; init; }
    /// <summary>What it says of them.</summary>
    public WindowMode Mode { get; init; }
    /// <summary>How long it stays open, a duration from a minute to 31 days.</summary>
    public string? Duration { get; init; }
    /// <summary>Whether it counts; by default it does.</summary>
    public bool? Enabled { get; init; }
}

/// <summary>A maintenance window as the API gives it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Definition">How it was saved.</param>
/// <param name="ClosesAt">When it closes (UTC); null where it is not open.</param>
/// <param name="OpensAt">When it opens next (UTC); null where it never does again.</param>
/// <param name="Devices">How many devices that the caller sees it is for now.</param>
/// <param name="UpdatedAt">When it was saved last (UTC).</param>
/// <param name="UpdatedBy">By whom.</param>
public sealed record MaintenanceWindowView(
    Guid Id, SaveMaintenanceWindow Definition, DateTimeOffset? ClosesAt, DateTimeOffset? OpensAt, int Devices, DateTimeOffset UpdatedAt, string UpdatedBy);

/// <summary>What came of applying a window.</summary>
/// <param name="Outcome"><c>created</c>, <c>updated</c> or <c>unchanged</c>.</param>
/// <param name="Window">The window as it is now.</param>
public sealed record AppliedWindow(string Outcome, MaintenanceWindowView Window);

/// <summary>What came of applying a file with windows.</summary>
/// <param name="Windows">Each, in the order of the file.</param>
public sealed record AppliedWindows(IReadOnlyList<AppliedWindow> Windows);

/// <summary>When a window is open. Pure.</summary>
/// <param name="Mode">What it says of its devices.</param>
/// <param name="Opens">When it opens.</param>
/// <param name="Length">How long it stays open.</param>
public sealed record WindowTimes(WindowMode Mode, ScheduleTimes Opens, TimeSpan Length)
{
    /// <summary>The shortest time that one is open.</summary>
    public static readonly TimeSpan Shortest = TimeSpan.FromMinutes(1);

    /// <summary>The longest time that one is open.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromDays(31);

    /// <summary>One that nothing may be done in for good: what a window comes to that cannot be read.</summary>
    public static WindowTimes Shut { get; } =
        new(WindowMode.Never, ScheduleTimes.Parse(new() { At = DateTimeOffset.UnixEpoch }, DateTimeOffset.UnixEpoch).Value, TimeSpan.FromDays(365_000));

    /// <summary>How often one may open again while it is open.</summary>
    internal const int MostOpenings = 100;

    private const int MostTurns = 1000;

    /// <summary>Whether it opens again too often while it is open.</summary>
    internal bool OpensTooOften => Opens.After(DateTimeOffset.UnixEpoch) is { } first && Opens.Following(first, MostOpenings).LastOrDefault() is var last
        && last > first && last <= first + Length && Opens.Following(first, MostOpenings).Count() == MostOpenings;

    /// <summary>When a window that is open at a time closes; null where it is not open.</summary>
    public DateTimeOffset? ClosesAt(DateTimeOffset at)
    {
        DateTimeOffset? opened = null;
        var from = at - Length;
        for (var i = 0; i <= MostOpenings && Opens.After(from) is { } next && next <= at; i++)
        {
            (opened, from) = (next, next);
        }

        return opened + Length;
    }

    /// <summary>
    /// The first time, from one on, at which schedules may work on a device that all of these windows are for; null where there is none that can be found. They may
    /// at a time where none that says never is open, and, where some say only, one of those is.
    /// </summary>
    /// <param name="windows">The windows.</param>
    /// <param name="from">From when on.</param>
    /// <param name="latest">What is after this time is not looked for.</param>
    public static DateTimeOffset? FirstAllowed(IReadOnlyList<WindowTimes> windows, DateTimeOffset from, DateTimeOffset latest)
    {
        ArgumentNullException.ThrowIfNull(windows);
        var at = from;
        for (var i = 0; i < MostTurns && at <= latest; i++)
        {
            var shut = windows.Where(w => w.Mode == WindowMode.Never).Max(w => w.ClosesAt(at));
            if (shut is { } until)
            {
                at = until;
                continue;
            }

            if (!windows.Any(w => w.Mode == WindowMode.Only) || windows.Any(w => w.Mode == WindowMode.Only && w.ClosesAt(at) is not null))
            {
                return at;
            }

            if (windows.Where(w => w.Mode == WindowMode.Only).Min(w => w.Opens.After(at)) is not { } opens)
            {
                return null;
            }

            at = opens;
        }

        return null;
    }
}

/// <summary>The check of a maintenance window. Pure, so that every door can use it.</summary>
public static class WindowRules
{
    /// <summary>Everything that is wrong with a window, or null.</summary>
    public static Error? Check(SaveMaintenanceWindow window)
    {
        ArgumentNullException.ThrowIfNull(window);
        var errors = new FieldErrors();
        errors.AddIf(!ScheduleRules.IsName(window.Name), "name", $"is 1 to {ScheduleRules.MaxName} letters, digits, '.', '_' and '-', begins with a letter or digit, and is no id");
        errors.AddIf(window.Description?.Length > ScheduleRules.MaxDescription, "description", $"is longer than {ScheduleRules.MaxDescription} characters");
        errors.AddIf(!Enum.IsDefined(window.Mode), "mode", "must be only or never");
        if (window.Selector is { Length: > 0 } selector && Selector.Parse(selector) is { IsError: true } wrong)
        {
            errors.Add("selector", wrong.Error!.Detail);
        }

        errors.AddIf(window.On is not null || window.Every is not null, "every", "a window opens by cron, calendar words, or once at a time");
        foreach (var (field, messages) in ScheduleTimes.Parse(window, DateTimeOffset.UnixEpoch).Error?.Fields ?? new Dictionary<string, string[]>())
        {
            errors.Add(field, messages[0]);
        }

        ScheduleRules.CheckYears(window, errors);
        var length = Quantities.ParseDuration(window.Duration ?? "");
        errors.AddIf(!length.IsError && length.Value >= WindowTimes.Shortest && length.Value <= WindowTimes.Longest && errors.ToError() is null && Times(window) is { IsError: false } times && times.Value.OpensTooOften,
            "duration", $"it would open more than {WindowTimes.MostOpenings} times while it is open: take fewer times, or a shorter one");
        errors.AddIf(length.IsError || length.Value < WindowTimes.Shortest || length.Value > WindowTimes.Longest, "duration", "is a duration such as 2h or 90m, from 1m to 31d");
        return errors.ToError();
    }

    /// <summary>When a window is open; an error where it cannot be read, as where its time zone is not known here.</summary>
    public static Result<WindowTimes> Times(SaveMaintenanceWindow window)
    {
        ArgumentNullException.ThrowIfNull(window);
        var (opens, length) = (ScheduleTimes.Parse(window, DateTimeOffset.UnixEpoch), Quantities.ParseDuration(window.Duration ?? ""));
        return opens.IsError ? opens.Error! : length.IsError ? length.Error! : new WindowTimes(window.Mode, opens.Value, length.Value);
    }
}
