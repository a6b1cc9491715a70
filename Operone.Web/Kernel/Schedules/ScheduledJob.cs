using Operone.Core.Errors;
using Operone.Core.Kernel.Jobs;
using Operone.Core.Kernel.Schedules;

namespace Operone.Web.Kernel.Schedules;

/// <summary>What a schedule and its job have to do with each other.</summary>
internal static class ScheduledJob
{
    /// <summary>Whether the job can be started by what the schedule gives; else what is wrong. Nobody is there to type anything when it fires.</summary>
    public static Error? Check(JobDefinition job, SaveSchedule schedule)
    {
        var errors = new FieldErrors();
        errors.AddIf(job.Target is null, "job", $"the job '{job.Name}' does not say on which devices it runs, and nobody is there to say so");
        foreach (var name in (schedule.Parameters ?? new Dictionary<string, string>()).Keys)
        {
            var parameter = job.Parameters?.FirstOrDefault(p => p.Name == name);
            errors.AddIf(parameter is null, "parameters", $"the job has no parameter '{name}'");
            errors.AddIf(parameter?.Type == JobParameterType.Secret, "parameters", $"'{name}' is a secret, which a schedule does not keep: put it into an environment");
        }

        if (errors.ToError() is { } error)
        {
            return error;
        }

        return JobParameters.Bind(job, schedule.Parameters).Error;
    }

    /// <summary>When it fires, for people, with what kind of text it is and its time zone.</summary>
    public static string Describe(ScheduleWhen when) =>
        (when.Cron is null ? "" : "cron ") + ScheduleRules.Describe(when) + (when.TimeZone is { Length: > 0 } zone && (when.Calendar ?? when.Cron) is not null ? $" ({zone})" : "");
}
