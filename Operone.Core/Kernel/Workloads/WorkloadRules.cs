using Operone.Core.Devices;
using Operone.Core.Errors;
using Operone.Core.Kernel.Jobs;
using Operone.Core.Kernel.Placement;
using Operone.Core.Shell;

namespace Operone.Core.Kernel.Workloads;

/// <summary>The limits of workloads, the check of a definition against them, and what a definition that was checked means. Pure.</summary>
public static class WorkloadRules
{
    /// <summary>The most instances.</summary>
    public const int MaxCount = RunPlacement.MaxCount;
    /// <summary>The most instances on one device.</summary>
    public const int MaxPerDevice = 100;
    /// <summary>The most that a host restarts an instance.</summary>
    public const int MaxRestarts = 1000;

    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    /// <summary>Everything that is wrong with a definition, or null.</summary>
    public static Error? Check(WorkloadDefinition workload)
    {
        ArgumentNullException.ThrowIfNull(workload);
        var errors = new FieldErrors();
        if (JobRules.CheckName(workload.Name) is { } problem)
        {
            errors.Add("name", problem);
        }

        JobRules.CheckPeopleText(workload.Description, "description", JobRules.MaxDescriptionLength, errors);
        errors.AddIf(workload.Target is null, "target", "must say on which devices it may run");
        errors.AddIf(workload.Target?.OnlyPermitted == true, "target.onlyPermitted", "is not for workloads: they run on what they may");
        errors.AddIf(workload.Count is < 0 or > MaxCount, "count", $"must be 0 to {MaxCount}, or left out for every device");
        errors.AddIf(workload.PerDevice is < 1 or > MaxPerDevice, "perDevice", $"must be 1 to {MaxPerDevice}");
        errors.AddIf(workload.PerDevice is not null && workload.Count is null, "perDevice", "goes with count: without it there is one on every device");
        Add(errors, RunLimits.Check(ToRun(workload) with { Placement = Placement(workload, errors) }), "");
        CheckSize(workload.Output, "output", RunLimits.MaxOutputLimitBytes, errors);
        CheckTime(workload.Away, "away", TimeSpan.FromSeconds(10), Day, errors);
        CheckTime(workload.StopGrace, "stopGrace", TimeSpan.Zero, TimeSpan.FromMinutes(5), errors);
        CheckRestart(workload.Restart, errors);
        CheckHealth(workload.Health, errors);
        CheckUpdate(workload.Update, errors);
        return errors.ToError();
    }

    /// <summary>What its instances run, without devices.</summary>
    public static CreateRun ToRun(WorkloadDefinition workload)
    {
        ArgumentNullException.ThrowIfNull(workload);
        return new()
        {
            Command = workload.Command,
            Argv = workload.Argv,
            WorkingDirectory = workload.WorkingDirectory,
            Environment = workload.Environment,
            Environments = workload.Environments,
            Sandbox = workload.Sandbox,
            RunAs = workload.RunAs,
            OutputLimitBytes = workload.Output is { } output && Quantities.ParseSize(output) is { IsError: false } size ? size.Value : null,
            Target = workload.Target ?? new RunTarget(All: true),
        };
    }

    /// <summary>How the hosts of a definition that was checked care for it.</summary>
    public static Supervision ToSupervision(WorkloadDefinition workload)
    {
        ArgumentNullException.ThrowIfNull(workload);
        var (restart, health) = (workload.Restart ?? new(), workload.Health);
        return new()
        {
            Restart = new()
            {
                Mode = restart.Mode ?? RestartMode.Always,
                PauseSeconds = Seconds(restart.Pause, 1),
                MaxPauseSeconds = Math.Max(Seconds(restart.MaxPause, 300), Seconds(restart.Pause, 1)),
                StableSeconds = Seconds(restart.Stable, 60),
                MaxRestarts = restart.Max ?? 10,
            },
            Health = health is null ? null : new()
            {
                Argv = health.Argv,
                TcpPort = health.Tcp,
                HttpUrl = health.Http,
                IntervalSeconds = Seconds(health.Interval, 10),
                TimeoutSeconds = Seconds(health.Timeout, 5),
                Failures = health.Failures ?? 3,
                StartSeconds = Seconds(health.Start, 30),
            },
            LeaseSeconds = workload.Away is null ? null : Seconds(workload.Away, 0),
            StopGraceSeconds = Seconds(workload.StopGrace, 10),
        };
    }

    /// <summary>What each instance needs, of a definition that was checked.</summary>
    public static Resources Needs(WorkloadDefinition workload)
    {
        ArgumentNullException.ThrowIfNull(workload);
        return Placement(workload, new())?.Needs ?? Resources.None;
    }

    /// <summary>Whether the same runs by both: what differs is where, how many, or how they are changed.</summary>
    public static bool IsSameWork(WorkloadDefinition a, WorkloadDefinition b) => ToText(Bare(a)) == ToText(Bare(b));

    /// <summary>Whether both are the same.</summary>
    public static bool IsSame(WorkloadDefinition a, WorkloadDefinition b) => ToText(a) == ToText(b);

    /// <summary>A duration of a definition that was checked, in seconds.</summary>
    public static double Seconds(string? text, double otherwise) => text is null ? otherwise : Quantities.ParseDuration(text) is { IsError: false } time ? time.Value.TotalSeconds : otherwise;

    private static WorkloadDefinition Bare(WorkloadDefinition of)
    {
        ArgumentNullException.ThrowIfNull(of);
        return of with { Name = null, Description = null, Target = null, Count = null, PerDevice = null, Prefer = null, SpreadOver = null, Strategy = null, Update = null };
    }

    private static string ToText(WorkloadDefinition of) => System.Text.Json.JsonSerializer.Serialize(of, Connection.OperoneJson.Default.WorkloadDefinition);

    private static RunPlacement? Placement(WorkloadDefinition workload, FieldErrors errors)
    {
        return new()
        {
            Needs = PlacementNeeds.Read(workload.Needs, "needs", errors),
            Prefer = workload.Prefer,
            SpreadOver = workload.SpreadOver,
            Strategy = workload.Strategy ?? PlacementStrategy.Spread,
        };
    }

    private static void CheckRestart(WorkloadRestart? restart, FieldErrors errors)
    {
        CheckTime(restart?.Pause, "restart.pause", TimeSpan.FromSeconds(0.1), TimeSpan.FromHours(1), errors);
        CheckTime(restart?.MaxPause, "restart.maxPause", TimeSpan.FromSeconds(Seconds(restart?.Pause, 1)), Day, errors);
        CheckTime(restart?.Stable, "restart.stable", TimeSpan.FromSeconds(1), Day, errors);
        errors.AddIf(restart?.Max is < 1 or > MaxRestarts, "restart.max", $"must be 1 to {MaxRestarts}");
    }

    private static void CheckHealth(WorkloadHealth? health, FieldErrors errors)
    {
        if (health is null)
        {
            return;
        }

        var kinds = (health.Argv is null ? 0 : 1) + (health.Tcp is null ? 0 : 1) + (health.Http is null ? 0 : 1);
        errors.AddIf(kinds != 1, "health", "give exactly one of argv, tcp and http");
        errors.AddIf(health.Argv is { } argv && (argv.Count is 0 or > 100 || argv.Any(a => a is null || a.Length > 4096 || a.Contains('\0', StringComparison.Ordinal))), "health.argv",
            "must name a program and at most 99 arguments of at most 4096 characters");
        errors.AddIf(health.Tcp is < 1 or > 65535, "health.tcp", "must be 1 to 65535");
        errors.AddIf(health.Http is { } url && SupervisionRules.ParseUrl(url) is null, "health.http",
            "must be a URL on the device's loopback, such as http://127.0.0.1:8080/health");
        CheckTime(health.Interval, "health.interval", TimeSpan.FromSeconds(0.2), TimeSpan.FromHours(1), errors);
        CheckTime(health.Timeout, "health.timeout", TimeSpan.FromSeconds(0.1), TimeSpan.FromMinutes(5), errors);
        CheckTime(health.Start, "health.start", TimeSpan.Zero, Day, errors);
        errors.AddIf(health.Failures is < 1 or > 100, "health.failures", "must be 1 to 100");
    }

    private static void CheckUpdate(WorkloadUpdate? update, FieldErrors errors)
    {
        errors.AddIf(update?.Batch is < 1 or > MaxCount, "update.batch", $"must be 1 to {MaxCount}");
        CheckTime(update?.Healthy, "update.healthy", TimeSpan.Zero, Day, errors);
        CheckTime(update?.Deadline, "update.deadline", TimeSpan.FromSeconds(1), Day, errors);
        errors.AddIf(update is not null && Seconds(update.Deadline, 300) <= Seconds(update.Healthy, 10), "update.deadline", "must be longer than update.healthy (10s unless told)");
    }

    private static void CheckSize(string? text, string field, long most, FieldErrors errors)
    {
        if (text is null)
        {
            return;
        }

        var size = Quantities.ParseSize(text);
        errors.AddIf(size.IsError, field, size.Error?.Detail ?? "");
        errors.AddIf(!size.IsError && size.Value > most, field, $"is over {Quantities.FormatSize(most)}");
    }

    private static void CheckTime(string? text, string field, TimeSpan least, TimeSpan most, FieldErrors errors)
    {
        if (text is null)
        {
            return;
        }

        var time = Quantities.ParseDuration(text);
        errors.AddIf(time.IsError, field, time.Error?.Detail ?? "");
        errors.AddIf(!time.IsError && (time.Value < least || time.Value > most), field, $"must be {Quantities.FormatDuration(least)} to {Quantities.FormatDuration(most)}");
    }

    private static void Add(FieldErrors errors, Error? found, string prefix)
    {
        foreach (var (field, messages) in found?.Fields ?? new Dictionary<string, string[]>())
        {
            foreach (var message in messages)
            {
                errors.Add(prefix + (field.StartsWith("placement.", StringComparison.Ordinal) ? field["placement.".Length..] : field), message);
            }
        }
    }
}
