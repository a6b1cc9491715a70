using System.Globalization;
using System.Text;
using Operone.Core.Devices;
using Operone.Core.Errors;
using Operone.Core.Shell;

namespace Operone.Core.Kernel.Jobs;

/// <summary>The limits of jobs, and the check of a definition against them. Pure; each problem has its place in the document.</summary>
public static class JobRules
{
    /// <summary>The longest name, in characters.</summary>
    public const int MaxNameLength = 63;
    /// <summary>The longest description of a job, in characters.</summary>
    public const int MaxDescriptionLength = 2000;
    /// <summary>The longest text for people elsewhere, in characters.</summary>
    public const int MaxTextLength = 500;
    /// <summary>The longest name of a step, in characters.</summary>
    public const int MaxStepNameLength = 100;
    /// <summary>The most steps.</summary>
    public const int MaxSteps = 50;
    /// <summary>The most parameters.</summary>
    public const int MaxParameters = 50;
    /// <summary>The most that a definition may be, as text in UTF-8 bytes.</summary>
    public const int MaxDocumentBytes = 2 * 1024 * 1024;
    /// <summary>The most that is tried again.</summary>
    public const int MaxRetries = 20;
    /// <summary>The longest pause anywhere.</summary>
    public static readonly TimeSpan MaxPause = TimeSpan.FromDays(1);
    /// <summary>The longest timeout and wait.</summary>
    public static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(RunLimits.MaxSeconds);

    /// <summary>Everything that is wrong with a definition, or null.</summary>
    public static Error? Check(JobDefinition job)
    {
        ArgumentNullException.ThrowIfNull(job);
        var errors = new FieldErrors();
        CheckName(job.Name, errors);
        CheckPeopleText(job.Description, "description", MaxDescriptionLength, errors);
        JobParameters.Check(job.Parameters ?? [], errors);
        CheckTime(job.Timeout, "timeout", MaxTime, errors);
        CheckTime(job.Limits?.Wait, "limits.wait", MaxTime, errors);
        if (job.Limits?.Output is { } output)
        {
            var size = Quantities.ParseSize(output);
            errors.AddIf(size.IsError, "limits.output", size.Error?.Detail ?? "");
            errors.AddIf(!size.IsError && size.Value > RunLimits.MaxOutputLimitBytes, "limits.output", $"is over {Quantities.FormatSize(RunLimits.MaxOutputLimitBytes)}");
        }

        CheckRetries(job.Retries, "retries", errors);
        CheckApproval(job.Approval, "approval", errors);
        CheckRollout(job.Rollout, errors);
        JobCallRules.CheckNotify(job.Notify, errors);

        // what it has in common with runs is checked as theirs is
        errors.Add(RunLimits.Check(new CreateRun
        {
            Command = "true",
            Target = job.Target ?? new RunTarget(All: true),
            Environments = job.Environments,
            Sandbox = job.Sandbox,
            RunAs = job.RunAs,
            Placement = JobPlacement.ToRun(job.Placement, errors),
        }), "");
        CheckSteps(job, errors);
        return errors.ToError();
    }

    /// <summary>Whether every device does a step by itself; the others are done once, for all of them.</summary>
    public static bool IsForDevices(JobStep step)
    {
        ArgumentNullException.ThrowIfNull(step);
        return step.Approval is null && !IsCall(step);
    }

    /// <summary>Whether a step calls something that Operone does itself, once.</summary>
    public static bool IsCall(JobStep step)
    {
        ArgumentNullException.ThrowIfNull(step);
        return step.Webhook is not null || step.Job is not null || step.Pipeline is not null;
    }

    /// <summary>What is wrong with a name, or null.</summary>
    public static string? CheckName(string? name) =>
        name is { Length: >= 1 and <= MaxNameLength } && char.IsAsciiLetterOrDigit(name[0]) && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-')
            ? Guid.TryParse(name, out _) ? "must not look like an id" : null
            : $"must have 1 to {MaxNameLength} letters, digits, '.', '_' and '-', and begin with a letter or digit";

    /// <summary>A duration of a definition that was checked; null where none is given.</summary>
    public static TimeSpan? Time(string? text) => text is null ? null : Quantities.ParseDuration(text).Value;

    /// <summary>How long to wait before something is tried again; null where it is not.</summary>
    /// <param name="retries">What the step or its job says.</param>
    /// <param name="attempts">How often it was tried, from 1 on.</param>
    public static TimeSpan? PauseBefore(JobRetries? retries, int attempts)
    {
        if (retries?.Count is not { } count || attempts > count)
        {
            return null;
        }

        var pause = (Time(retries.Pause) ?? TimeSpan.FromSeconds(10)).TotalSeconds * Math.Pow(retries.Growth ?? 2, attempts - 1);
        return TimeSpan.FromSeconds(Math.Min(pause, MaxPause.TotalSeconds));
    }

    private static void CheckName(string? name, FieldErrors errors)
    {
        if (CheckName(name) is { } problem)
        {
            errors.Add("name", problem);
        }
    }

    private static void CheckSteps(JobDefinition job, FieldErrors errors)
    {
        var steps = job.Steps ?? [];
        errors.AddIf(job is { Concurrency: JobConcurrency.Replace, Approval: not null }, "concurrency", "replace would end what runs before anybody has said yes: take forbid, or ask for the yes in a step");
        errors.AddIf(steps.Count is 0 or > MaxSteps, "steps", $"must be 1 to {MaxSteps}");
        var parameters = (job.Parameters ?? []).Where(p => p?.Name is not null).DistinctBy(p => p.Name).ToDictionary(p => p.Name!, StringComparer.Ordinal);
        for (var i = 0; i < steps.Count && i < MaxSteps; i++)
        {
            if (steps[i] is { } step)
            {
                CheckStep(step, $"steps[{i}]", parameters, errors);
            }
            else
            {
                errors.Add($"steps[{i}]", "is null");
            }
        }

        errors.AddIf(steps.Count is > 0 and <= MaxSteps && steps.All(s => s?.Approval is not null), "steps", "there is none that does anything");
        errors.AddIf(steps.Count > 0 && steps[^1]?.Approval is not null, $"steps[{steps.Count - 1}].approval", "nothing comes after it that it could allow");
    }

    private static void CheckStep(JobStep step, string place, Dictionary<string, JobParameter> parameters, FieldErrors errors)
    {
        CheckPeopleText(step.Name, $"{place}.name", MaxStepNameLength, errors);
        const string Kinds = "command, argv, script, file, pipeline, job, webhook and approval";
        var given = new[]
        {
            ("command", step.Command is not null), ("argv", step.Argv is not null), ("script", step.Script is not null), ("file", step.File is not null),
            ("pipeline", step.Pipeline is not null), ("job", step.Job is not null), ("webhook", step.Webhook is not null), ("approval", step.Approval is not null),
        }.Where(g => g.Item2).Select(g => g.Item1).ToArray();
        if (given.Length != 1)
        {
            errors.Add(
                given.Length == 0 ? place : $"{place}.{given[1]}", given.Length == 0 ? $"give one of {Kinds}" : $"give only one of {Kinds}; there are {string.Join(" and ", given)}");
            return;
        }

        CheckTime(step.Timeout, $"{place}.timeout", MaxTime, errors);
        CheckRetries(step.Retries, $"{place}.retries", errors);
        if (!IsForDevices(step) || step.File is not null)
        {
            CheckApproval(step.Approval, $"{place}.approval", errors);
            CheckFile(step.File, $"{place}.file", errors);
            JobCallRules.Check(step, place, parameters, errors);
            foreach (var (field, isGiven) in new[] { ("timeout", step.Approval is not null && step.Timeout is not null), ("retries", (step.Approval is not null || step.Webhook is not null) && step.Retries is not null),
                ("environment", step.Environment is not null), ("workingDirectory", step.WorkingDirectory is not null), ("interpreter", step.Interpreter is not null) })
            {
                errors.AddIf(isGiven, $"{place}.{field}", "goes with command, argv and script alone");
            }

            return;
        }

        errors.Add(RunLimits.Check(new CreateRun
        {
            Command = step.Command,
            Argv = step.Argv,
            Script = step.Script,
            Interpreter = step.Interpreter,
            WorkingDirectory = step.WorkingDirectory,
            Environment = step.Environment,
            Target = new RunTarget(All: true),
        }), place + ".");
        JobParameters.CheckUse(step, place, parameters, errors);
    }

    private static void CheckRollout(JobRollout? rollout, FieldErrors errors)
    {
        if (rollout is null)
        {
            return;
        }

        errors.AddIf(rollout.OrderBy is { } label && Labels.CheckKey(label) is not null, "rollout.orderBy", "is not the name of a label");
        errors.AddIf(rollout.Canary is < 1 or > RunLimits.MaxNamedDevices, "rollout.canary", $"must be 1 to {RunLimits.MaxNamedDevices}");
        errors.AddIf(rollout.AtOnce is < 1 or > RunLimits.MaxNamedDevices, "rollout.atOnce", $"must be 1 to {RunLimits.MaxNamedDevices}");
        CheckShare(rollout.Batch, "rollout.batch", errors);
        CheckShare(rollout.StopAfter, "rollout.stopAfter", errors);
        CheckTime(rollout.Pause, "rollout.pause", MaxTime, errors, orZero: true);
        errors.AddIf(rollout.Pause is not null && rollout.Batch is null && rollout.Canary is null, "rollout.pause", "goes with batch or canary");
    }

    private static void CheckShare(string? text, string field, FieldErrors errors) =>
        errors.AddIf(text is not null && RolloutPlan.Share(text, 1) is null, field, "must be a number from 1 on, or per cent from 1% to 100%");

    private static void CheckRetries(JobRetries? retries, string place, FieldErrors errors)
    {
        if (retries is null)
        {
            return;
        }

        errors.AddIf(retries.Count is not (>= 1 and <= MaxRetries), $"{place}.count", $"must be 1 to {MaxRetries}");
        errors.AddIf(retries.Growth is { } growth && !(growth is >= 1 and <= 10), $"{place}.growth", "must be 1 to 10");
        CheckTime(retries.Pause, $"{place}.pause", MaxPause, errors, orZero: true);
    }

    private static void CheckApproval(JobApproval? approval, string place, FieldErrors errors)
    {
        CheckPeopleText(approval?.Message, $"{place}.message", MaxTextLength, errors);
        CheckTime(approval?.Wait, $"{place}.wait", MaxTime, errors);
    }

    private static void CheckFile(JobFile? file, string place, FieldErrors errors)
    {
        if (file is null)
        {
            return;
        }

        errors.AddIf(file.Path is not { Length: > 1 and <= 4096 } path || path[0] != '/' || path[^1] == '/' || path.Contains('\0', StringComparison.Ordinal), $"{place}.path", "must be an absolute path of a file");
        errors.AddIf(file.Content is null || Encoding.UTF8.GetByteCount(file.Content) > RunLimits.MaxStdinBytes, $"{place}.content", $"must be given, and have at most {RunLimits.MaxStdinBytes} bytes");
        errors.AddIf(file.Mode is { } mode && (mode.Length is < 3 or > 4 || !mode.All(c => c is >= '0' and <= '7')), $"{place}.mode", "must be 3 or 4 octal digits, such as 0644");
    }

    private static void CheckTime(string? text, string field, TimeSpan most, FieldErrors errors, bool orZero = false)
    {
        if (text is null)
        {
            return;
        }

        var time = Quantities.ParseDuration(text);
        errors.AddIf(time.IsError, field, time.Error?.Detail ?? "");
        errors.AddIf(!time.IsError && ((time.Value <= TimeSpan.Zero && !orZero) || time.Value > most), field,
            string.Create(CultureInfo.InvariantCulture, $"must be {(orZero ? "" : "over 0 and ")}at most {Quantities.FormatDuration(most)}"));
    }

    internal static void CheckPeopleText(string? text, string field, int most, FieldErrors errors)
    {
        errors.AddIf(text?.Length > most, field, $"must have at most {most} characters");
        errors.AddIf(text?.Any(c => char.IsControl(c) && c is not ('\n' or '\r' or '\t')) == true, field, "has characters that cannot be shown");
    }
}
