using Operone.Core.Devices;
using Operone.Core.Kernel.Alerts;
using Operone.Core.Kernel.Jobs;
using Operone.Core.Kernel.Schedules;
using Operone.Core.Kernel.Workloads;
using Operone.E2E.Hosting;

namespace Operone.E2E.Journeys;

/// <summary>Jobs for the pages: one with every kind of parameter and a run that failed, one that waits for a yes, one that waits for room.</summary>
internal static class JobSteps
{
    public static async Task FurnishAsync(ServerProcess server, Dictionary<string, string> ids, CancellationToken cancellationToken)
    {
        var deploy = new JobDefinition
        {
            Name = "deploy-shop",
            Description = "Puts a version of the shop on the web servers.\nThe canary first, then the others.",
            Parameters =
            [
                new() { Name = "version", Required = true, Description = "As it is tagged, such as 2.4.1", Pattern = "[0-9]+(\\.[0-9]+)*" },
                new() { Name = "colour", Type = JobParameterType.Choice, Choices = ["blue", "green"], Default = "blue" },
                new() { Name = "drain", Type = JobParameterType.Boolean, Default = "true", Description = "Whether to wait for open requests" },
                new() { Name = "token", Type = JobParameterType.Secret, Required = true, Description = "Of the registry" },
            ],
            Target = new RunTarget(Selector: "role=web"),
            Rollout = new() { Canary = 1, Batch = "50%", StopAfter = "1" },
            Steps =
            [
                new() { Name = "Fetch", Argv = ["echo", "fetching", "{{version}}"] },
                new() { Name = "Switch over", Script = "#!/bin/sh\nset -e\necho \"switching to $PARAM_VERSION\"\ntest \"$OPERONE_DEVICE\" != web-2\n" },
            ],
        };
        await server.Api.PostAsync<AppliedJob>("/api/v1/jobs/apply", deploy with { Rollout = null }, cancellationToken);
        var applied = await server.Api.PostAsync<AppliedJob>("/api/v1/jobs/apply", deploy, cancellationToken);
        ids["{job}"] = applied.Job.Id.ToString();
        var failed = await server.Api.PostAsync<JobRunView>(
            "/api/v1/jobs/deploy-shop/runs", new RunJob { Parameters = new Dictionary<string, string> { ["version"] = "2.4.1", ["token"] = "not-to-be-seen" } }, cancellationToken);
        ids["{job-run-failed}"] = failed.Id.ToString();
        await server.Api.GetAsync<JobRunView>($"/api/v1/job-runs/{failed.Id}?waitSeconds=20", cancellationToken);
        await server.Api.PostAsync<AppliedJob>("/api/v1/jobs/apply", new JobDefinition
        {
            Name = "rotate-keys",
            Target = new RunTarget(["db-1", "web-3"]),
            Approval = new() { Message = "Is nobody at work on the database?" },
            Steps = [new() { Command = "true" }],
        }, cancellationToken);
        var schedule = await server.Api.PostAsync<SavedSchedule>("/api/v1/schedules", new SaveSchedule
        {
            Name = "rotate-monthly",
            Description = "Asks for a yes each time.",
            Job = "rotate-keys",
            Calendar = "on the 1st and 15th of every month at 04:00",
            TimeZone = "Europe/Berlin",
        }, cancellationToken);
        ids["{schedule}"] = schedule.Schedule.Id.ToString();
        await server.Api.PostAsync<FiringView>("/api/v1/schedules/rotate-monthly/fire", new { }, cancellationToken);
        var waiting = await server.Api.PostAsync<JobRunView>("/api/v1/jobs/rotate-keys/runs", new RunJob(), cancellationToken);
        ids["{job-run-approval}"] = waiting.Id.ToString();
        await server.Api.PostAsync<AppliedJob>("/api/v1/jobs/apply", new JobDefinition
        {
            Name = "rebuild-index",
            Description = "Needs much memory for an hour.",
            Target = new RunTarget(Selector: "role=web"),
            Placement = new() { Count = 1, Needs = new() { Cpu = "64", Memory = "512GiB" } },
            Steps = [new() { Command = "true" }],
        }, cancellationToken);
        var unplaced = await server.Api.PostAsync<JobRunView>("/api/v1/jobs/rebuild-index/runs", new RunJob(), cancellationToken);
        ids["{job-run-waiting}"] = unplaced.Id.ToString();
        var workload = await server.Api.PostAsync<AppliedWorkload>("/api/v1/workloads/apply", new WorkloadDefinition
        {
            Name = "shop-worker",
            Description = "Takes orders from the queue.",
            Argv = ["sleep", "3600"],
            Target = new RunTarget(Selector: "role=web"),
            Count = 1,
        }, cancellationToken);
        ids["{workload}"] = workload.Workload.Name;
        await FurnishAlertsAsync(server, cancellationToken);
    }

    private static async Task FurnishAlertsAsync(ServerProcess server, CancellationToken cancellationToken)
    {
        // every device has processes: they fire at once
        await server.Api.PostAsync<AlertRuleView>("/api/v1/alert-rules", new SaveAlertRule
        {
            Name = "busy",
            Description = "Look at what runs there.",
            Telemetry = new() { Metric = AlertMetric.Processes, Over = 0 },
            Selector = "role=web",
        }, cancellationToken);
        await server.Api.PostAsync<AlertRuleView>("/api/v1/alert-rules", new SaveAlertRule { Name = "away", Severity = AlertSeverity.Critical, Offline = true, For = "10m" }, cancellationToken);
        await server.Api.PostAsync<AlertRuleView>("/api/v1/alert-rules", new SaveAlertRule { Name = "backups", Job = "*", Repeat = "4h", Enabled = false }, cancellationToken);
        await server.Api.PostAsync<SilenceView>("/api/v1/silences", new SaveSilence { Rule = "busy", Device = "web-2", For = "8h", Reason = "It is being set up" }, cancellationToken);
    }
}
