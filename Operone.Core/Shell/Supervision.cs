using System.Text.Json.Serialization;

namespace Operone.Core.Shell;

/// <summary>When a supervised command is started again by its host.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<RestartMode>))]
public enum RestartMode
{
    /// <summary>Whenever it ends.</summary>
    [JsonStringEnumMemberName("always")] Always = 0,
    /// <summary>When it ends with another exit code than 0, by a signal, or unhealthy.</summary>
    [JsonStringEnumMemberName("on-failure")] OnFailure = 1,
    /// <summary>Never.</summary>
    [JsonStringEnumMemberName("never")] Never = 2,
}

/// <summary>When a command that has ended is started again, and after how long. Each pause is twice the one before.</summary>
public sealed record RestartPolicy
{
    /// <summary>When.</summary>
    public RestartMode Mode { get; init; }
    /// <summary>The first pause, in seconds: 0.1 to 3600.</summary>
    public double PauseSeconds { get; init; } = 1;
    /// <summary>The longest pause, in seconds: at least the first one, at most a day.</summary>
    public double MaxPauseSeconds { get; init; } = 300;
    /// <summary>A command that ran this long before it ended begins with the first pause again, in seconds: 1 to a day.</summary>
    public double StableSeconds { get; init; } = 60;
    /// <summary>How often it is started again without having been stable in between, before the execution ends as failed; 1 to 1000, null without limit.</summary>
    public int? MaxRestarts { get; init; }
}

/// <summary>How it is asked whether a supervised command is well: exactly one of argv, TCP and HTTP.</summary>
public sealed record HealthCheck
{
    /// <summary>A program and its arguments, as the command's user, in its directory and with its variables; exit code 0 is well.</summary>
    public IReadOnlyList<string>? Argv { get; init; }
    /// <summary>A port of the device's loopback that takes a connection.</summary>
    public int? TcpPort { get; init; }
    /// <summary>A URL on the device's loopback (<c>http://127.0.0.1:8080/health</c>) that answers 200 to 399. Redirects are not followed.</summary>
    public string? HttpUrl { get; init; }
    /// <summary>How often, in seconds: 0.2 to 3600.</summary>
    public double IntervalSeconds { get; init; } = 10;
    /// <summary>How long an answer may take, in seconds: 0.1 to 300.</summary>
    public double TimeoutSeconds { get; init; } = 5;
    /// <summary>After how many failures in a row it is unhealthy, and is ended to be started again: 1 to 100.</summary>
    public int Failures { get; init; } = 3;
    /// <summary>For how long after a start failures do not count, in seconds: 0 to a day. The first success ends it.</summary>
    public double StartSeconds { get; init; } = 30;
}

/// <summary>
/// In <see cref="StartExecution"/>: the execution's host cares for its command. It starts it again, asks how it is, and ends it where the server
/// has not been heard of for the lease. The execution is open all the while: its output is that of all starts, one after the other.
/// </summary>
public sealed record Supervision
{
    /// <summary>When it is started again.</summary>
    public RestartPolicy Restart { get; init; } = new();
    /// <summary>How it is asked whether it is well; null for not at all.</summary>
    public HealthCheck? Health { get; init; }
    /// <summary>
    /// For how long the device may hear nothing of the server before the host ends the command by itself, in seconds: 10 to a day; null for
    /// ever. By the device's own clock, which on Linux goes on while it sleeps.
    /// </summary>
    public double? LeaseSeconds { get; init; }
    /// <summary>How long after the request to terminate the command is killed, whoever ends it, in seconds: 0 to 300.</summary>
    public double StopGraceSeconds { get; init; } = 5;
}

/// <summary>What a supervised command does.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<SupervisedPhase>))]
public enum SupervisedPhase
{
    /// <summary>It runs.</summary>
    [JsonStringEnumMemberName("running")] Running = 0,
    /// <summary>It has ended and waits to be started again.</summary>
    [JsonStringEnumMemberName("waiting")] Waiting = 1,
}

/// <summary>Whether a supervised command is well.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<HealthState>))]
public enum HealthState
{
    /// <summary>Nobody has asked, or it has just been started.</summary>
    [JsonStringEnumMemberName("unknown")] Unknown = 0,
    /// <summary>The last check succeeded. Without a check: it has run for a moment.</summary>
    [JsonStringEnumMemberName("healthy")] Healthy = 1,
    /// <summary>As many checks failed in a row as are allowed.</summary>
    [JsonStringEnumMemberName("unhealthy")] Unhealthy = 2,
}

/// <summary>In <see cref="ExecutionReport"/>: how a supervised command does. The latest one counts; those in between may be left out.</summary>
/// <param name="Starts">How often it was started, from 1 on.</param>
/// <param name="Phase">What it does.</param>
/// <param name="Health">Whether it is well.</param>
/// <param name="At">Since when it is so (UTC, by the device's clock).</param>
/// <param name="LastExitCode">How the start before this one ended, where it had an exit code.</param>
/// <param name="LastReason">The same in words, or what the last check found; null before the first end.</param>
/// <param name="NextStartAt">While it waits: when it is started again (UTC, by the device's clock).</param>
public sealed record SupervisionState(
    int Starts, SupervisedPhase Phase, HealthState Health, DateTimeOffset At, int? LastExitCode = null, string? LastReason = null, DateTimeOffset? NextStartAt = null);
