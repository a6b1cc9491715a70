using System.Text.Json.Serialization;

namespace Operone.Core.Kernel.Schedules;

/// <summary>What happens to occurrences that were missed, because no node ran or none could reach the database.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<MissedPolicy>))]
public enum MissedPolicy
{
    /// <summary>They are left out.</summary>
    [JsonStringEnumMemberName("skip")] Skip = 0,
    /// <summary>They are made up for by one.</summary>
    [JsonStringEnumMemberName("once")] Once = 1,
    /// <summary>Each is made up for, oldest first; at most <see cref="Occurrences.MaxMissed"/>.</summary>
    [JsonStringEnumMemberName("all")] All = 2,
}

/// <summary>What happens with devices that are offline when it is time.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<OfflinePolicy>))]
public enum OfflinePolicy
{
    /// <summary>It waits for them, as long as runs do.</summary>
    [JsonStringEnumMemberName("wait")] Wait = 0,
    /// <summary>They are left out this time.</summary>
    [JsonStringEnumMemberName("skip")] Skip = 1,
}

/// <summary>When a schedule fires. Exactly one of <see cref="Cron"/>, <see cref="Calendar"/>, <see cref="Every"/>, <see cref="At"/> and <see cref="On"/>.</summary>
public record ScheduleWhen
{
    /// <summary>Cron text of five fields, or of six with seconds before them, as Cronos reads it: with <c>L</c>, <c>W</c>, <c>#</c> and names.</summary>
    public string? Cron { get; init; }
    /// <summary>Calendar words: <c>every weekday at 03:00</c>.</summary>
    public string? Calendar { get; init; }
    /// <summary>An interval, 1 second to 366 days: <c>90s</c>, <c>1h 30m</c>. Counted from the start, or from when the schedule was made, whatever the clocks do.</summary>
    public string? Every { get; init; }
    /// <summary>Once, at this time.</summary>
    public DateTimeOffset? At { get; init; }
    /// <summary>When something happens.</summary>
    public ScheduleTrigger? On { get; init; }
    /// <summary>The time zone of cron and calendar words, by its IANA name; by default UTC.</summary>
    public string? TimeZone { get; init; }
    /// <summary>Nothing before this time.</summary>
    public DateTimeOffset? StartsAt { get; init; }
    /// <summary>Nothing after this time.</summary>
    public DateTimeOffset? EndsAt { get; init; }
}

/// <summary>What a schedule waits for to happen. Exactly one of <see cref="Event"/>, <see cref="Webhook"/> and <see cref="File"/>.</summary>
public sealed record ScheduleTrigger
{
    /// <summary>An event's type, <c>device.connected</c>; <c>device.*</c> is every type that begins so.</summary>
    public string? Event { get; init; }
    /// <summary>Of devices with these labels alone; with <see cref="Event"/>.</summary>
    public string? Selector { get; init; }
    /// <summary>The job runs on the event's device alone, where it is among the job's; with <see cref="Event"/>.</summary>
    public bool OnlyThatDevice { get; init; }
    /// <summary>Somebody posts to the schedule's own address, which has a token in it.</summary>
    public bool Webhook { get; init; }
    /// <summary>A file or folder changes: its path in the file tree, <c>/devices/web-1/etc/nginx/nginx.conf</c>.</summary>
    public string? File { get; init; }
    /// <summary>At most once in so long, a duration; what happens meanwhile makes it fire once, at the end of it.</summary>
    public string? Pause { get; init; }
}

/// <summary>What <c>POST /schedules</c> and <c>PUT /schedules/{id}</c> take.</summary>
public sealed record SaveSchedule : ScheduleWhen
{
    /// <summary>Its name, unique among schedules.</summary>
    public string? Name { get; init; }
    /// <summary>What it is for.</summary>
    public string? Description { get; init; }
    /// <summary>The job, by name or id.</summary>
    public string? Job { get; init; }
    /// <summary>Values of the job's parameters; no secrets.</summary>
    public IReadOnlyDictionary<string, string>? Parameters { get; init; }
    /// <summary>Each occurrence is late by a part of this, a duration up to 24 hours, which is always the same for the same occurrence.</summary>
    public string? Jitter { get; init; }
    /// <summary>What happens to what was missed; by default left out.</summary>
    public MissedPolicy Missed { get; init; }
    /// <summary>What happens with devices that are offline; by default it waits for them.</summary>
    public OfflinePolicy Offline { get; init; }
    /// <summary>What happens with devices outside their maintenance windows; by default it runs on them once it may.</summary>
    public OutsidePolicy Outside { get; init; }
    /// <summary>Whether it fires at all; by default it does.</summary>
    public bool? Enabled { get; init; }
}

/// <summary>A schedule as the API gives it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Definition">How it was saved.</param>
/// <param name="JobId">The job's id.</param>
/// <param name="OwnerName">In whose name it runs: who saved it last.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="NextAt">The next occurrence; null where there is none, or none by the clock.</param>
/// <param name="LastAt">The last one that was carried out.</param>
/// <param name="LastOutcome">What became of it.</param>
/// <param name="Following">The next ten occurrences.</param>
public sealed record ScheduleView(
    Guid Id, SaveSchedule Definition, Guid JobId, string OwnerName, DateTimeOffset CreatedAt, DateTimeOffset? NextAt, DateTimeOffset? LastAt, string? LastOutcome,
    IReadOnlyList<DateTimeOffset> Following);

/// <summary>A time that a schedule fired, or should have.</summary>
/// <param name="Id">Its id.</param>
/// <param name="ScheduleId">The schedule's.</param>
/// <param name="At">The occurrence: when it should have been.</param>
/// <param name="FiredAt">When it was.</param>
/// <param name="Cause">What made it fire, for people.</param>
/// <param name="JobRunId">The job run that it made; null where it made none.</param>
/// <param name="Problem">Why it made none.</param>
public sealed record FiringView(Guid Id, Guid ScheduleId, DateTimeOffset At, DateTimeOffset? FiredAt, string Cause, Guid? JobRunId, string? Problem);

/// <summary>What <c>POST /schedules/preview</c> gives: the next times of what one types.</summary>
/// <param name="Following">The next ten, in UTC.</param>
/// <param name="Crons">The cron texts that calendar words came to.</param>
public sealed record SchedulePreview(IReadOnlyList<DateTimeOffset> Following, IReadOnlyList<string>? Crons = null);

/// <summary>What saving a schedule gives.</summary>
/// <param name="Schedule">The schedule as it is now.</param>
/// <param name="WebhookPath">The path of its address for webhooks, with the token in it; given where it is new, and never again.</param>
public sealed record SavedSchedule(ScheduleView Schedule, string? WebhookPath = null);
