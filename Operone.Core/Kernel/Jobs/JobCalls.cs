using System.Text.Json.Serialization;
using Operone.Core.Devices;
using Operone.Core.Errors;
using Operone.Core.Shell;

namespace Operone.Core.Kernel.Jobs;

/// <summary>What a job calls once for all its devices: a webhook of Operone, which sends it as it sends its events.</summary>
public sealed record JobWebhook
{
    /// <summary>The webhook's name. It gets this call whatever it is filtered by.</summary>
    public string? Name { get; init; }
    /// <summary>
    /// What it gets besides the job and its run, at most 20 texts. One that is <c>{{name}}</c> and nothing else is the parameter's value. They are in the event log.
    /// </summary>
    [JsonConverter(typeof(ScalarTextMap))]
    public IReadOnlyDictionary<string, string>? Data { get; init; }
}

/// <summary>Another job that is run, once for all devices. The step ends as that run does.</summary>
public sealed record JobCall
{
    /// <summary>The job's name.</summary>
    public string? Name { get; init; }
    /// <summary>The values of its parameters. One that is <c>{{name}}</c> and nothing else is this job's parameter; a secret goes to a secret alone.</summary>
    [JsonConverter(typeof(ScalarTextMap))]
    public IReadOnlyDictionary<string, string>? Parameters { get; init; }
    /// <summary>On which devices, where it does not say so itself; by default on those of this run that have not failed.</summary>
    public RunTarget? Target { get; init; }
}

/// <summary>A pipeline across devices, once. Each stage's standard output is the next one's standard input.</summary>
public sealed record JobPipeline
{
    /// <summary>The stages in order, 2 to 16. Parameters are in their environment.</summary>
    public IReadOnlyList<PipelineStage>? Stages { get; init; }
}

/// <summary>What somebody may want to be told of a job's run.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<JobNews>))]
public enum JobNews
{
    /// <summary>It succeeded.</summary>
    [JsonStringEnumMemberName("succeeded")] Succeeded = 0,
    /// <summary>It failed, took too long, or was refused.</summary>
    [JsonStringEnumMemberName("failed")] Failed = 1,
    /// <summary>Somebody cancelled it.</summary>
    [JsonStringEnumMemberName("cancelled")] Cancelled = 2,
    /// <summary>It waits for somebody's yes.</summary>
    [JsonStringEnumMemberName("approval")] Approval = 3,
}

/// <summary>Who is told of a job's runs: webhooks, which may be mail and chat too, besides those that are filtered for it.</summary>
public sealed record JobNotify
{
    /// <summary>The names of webhooks, 1 to 10.</summary>
    public IReadOnlyList<string>? Webhooks { get; init; }
    /// <summary>Of what; by default of what failed.</summary>
    public IReadOnlyList<JobNews>? On { get; init; }

    /// <summary>The webhooks that are told of this, as an event's data has them; null for none.</summary>
    public string? For(JobNews news) => (On ?? [JobNews.Failed]).Contains(news) ? string.Join(',', Webhooks ?? []) : null;

    /// <summary>What an end is as news.</summary>
    public static JobNews Of(JobRunStatus end) =>
        end switch { JobRunStatus.Succeeded => JobNews.Succeeded, JobRunStatus.Cancelled => JobNews.Cancelled, _ => JobNews.Failed };
}

/// <summary>The check of what a job calls.</summary>
internal static class JobCallRules
{
    private const int MaxData = 20;
    private const int MaxWebhooks = 10;

    // what the event has of its own
    private static readonly string[] Taken = ["job", "jobId", "version", "cause", "webhook", "step"];

    public static void CheckNotify(JobNotify? notify, FieldErrors errors)
    {
        if (notify is null)
        {
            return;
        }

        errors.AddIf(notify.Webhooks?.Count is not (>= 1 and <= MaxWebhooks), "notify.webhooks", $"must be 1 to {MaxWebhooks}");
        for (var i = 0; i < notify.Webhooks?.Count && i < MaxWebhooks; i++)
        {
            errors.AddIf(Labels.CheckDeviceName(notify.Webhooks[i] ?? "") is not null, $"notify.webhooks[{i}]", "is not the name of a webhook");
        }

        errors.AddIf(notify.On is { Count: 0 }, "notify.on", "must have something, or be left out");
        errors.AddIf(notify.On?.Any(n => !Enum.IsDefined(n)) == true, "notify.on", "must be of succeeded, failed, cancelled and approval");
    }

    public static void Check(JobStep step, string place, IReadOnlyDictionary<string, JobParameter> parameters, FieldErrors errors)
    {
        if (step.Webhook is { } webhook)
        {
            errors.AddIf(Labels.CheckDeviceName(webhook.Name ?? "") is not null, $"{place}.webhook.name", "is not the name of a webhook");
            errors.AddIf(webhook.Data?.Count > MaxData, $"{place}.webhook.data", $"must be at most {MaxData}");
            foreach (var (name, text) in webhook.Data ?? new Dictionary<string, string>())
            {
                var at = $"{place}.webhook.data.{name}";
                errors.AddIf(name.Length is 0 or > 64 || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-'), at, "must be named by 1 to 64 letters, digits, '_' and '-'");
                errors.AddIf(Taken.Contains(name, StringComparer.Ordinal), at, "is what the call has of its own");
                JobRules.CheckPeopleText(text, at, JobRules.MaxTextLength, errors);
                JobParameters.CheckWhole(text ?? "", at, parameters, errors);
                errors.AddIf(parameters.GetValueOrDefault(JobParameters.NameIn(text ?? "") ?? "")?.Type == JobParameterType.Secret, at, "a secret would stand in the event log");
            }
        }

        if (step.Job is { } job)
        {
            errors.AddIf(JobRules.CheckName(job.Name) is not null, $"{place}.job.name", "is not the name of a job");
            errors.AddIf(job.Parameters?.Count > JobRules.MaxParameters, $"{place}.job.parameters", $"must be at most {JobRules.MaxParameters}");
            foreach (var (name, text) in job.Parameters ?? new Dictionary<string, string>())
            {
                JobParameters.CheckWhole(text ?? "", $"{place}.job.parameters.{name}", parameters, errors);
            }

            if (job.Target is { } target && RunLimits.Check(new CreateRun { Command = "true", Target = target }) is { } wrong)
            {
                errors.Add(wrong, $"{place}.job.");
            }
        }

        if (step.Pipeline is { } pipeline && PipelineLimits.Check(new CreatePipeline { Stages = pipeline.Stages }) is { } problem)
        {
            errors.Add(problem, $"{place}.pipeline.");
        }

        for (var i = 0; i < step.Pipeline?.Stages?.Count && i < PipelineLimits.MaxStages; i++)
        {
            if (step.Pipeline.Stages[i] is { } stage)
            {
                JobParameters.CheckUse(new JobStep { Command = stage.Command, Argv = stage.Argv }, $"{place}.pipeline.stages[{i}]", parameters, errors);
            }
        }
    }
}
