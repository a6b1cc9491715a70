using System.Globalization;
using Operone.Bench.Simulation;
using Operone.Core;
using Operone.Core.Devices;
using Operone.Core.Kernel.Jobs;
using Operone.Core.Shell;
using Operone.E2E.Hosting;

namespace Operone.Bench.Scenarios;

/// <summary>A job that is rolled out to 1,000 simulated devices in batches of 100: what the orchestration adds to the runs that it makes.</summary>
internal static class Rollout
{
    private const int Simulated = 1000;
    private const int Batch = 100;
    private const int Repetitions = 7;

    public static async Task<IReadOnlyList<Row>> MeasureAsync(BenchContext context)
    {
        var server = await context.StartServerAsync();
        var token = await server.Api.CreateEnrollmentTokenAsync(Simulated, context.Cancellation);
        await using var fleet = SimulatedFleet.Start(context.NewFolder("fleet"), server.Url, token, Simulated);
        await fleet.WaitForOnlineAsync(Simulated, TimeSpan.FromMinutes(2), context.Cancellation);
        await server.Api.WaitForOnlineAsync(Simulated, TimeSpan.FromSeconds(30), context.Cancellation);
        BenchContext.Say($"{Simulated} simulated devices are online");
        await server.Api.PostAsync<AppliedJob>("/api/v1/jobs/apply", new JobDefinition
        {
            Name = "rollout",
            Target = new RunTarget(All: true),
            Rollout = new() { Batch = Batch.ToString(CultureInfo.InvariantCulture) },
            Steps = [new() { Command = "echo simulated" }],
        }, context.Cancellation);
        var batches = (await NamesAsync(context, server)).Chunk(Batch).ToArray();

        // in turns, so that what else the machine does counts for both
        var (jobs, loops) = (new List<double>(), new List<double>());
        for (var i = 0; i < Repetitions; i++)
        {
            jobs.Add((await Samples.TakeAsync(1, i == 0 ? 2 : 0, () => JobAsync(context, server))).Sum);
            loops.Add((await Samples.TakeAsync(1, i == 0 ? 2 : 0, () => LoopAsync(context, server, batches))).Sum);
        }

        var (job, loop) = (new Samples(jobs), new Samples(loops));
        return
        [
            new($"a job on {Simulated:N0} simulated devices in batches of {Batch}, until it has ended", Words(job), "overhead < 1 ms an execution", (job.P50 - loop.P50) / Simulated < 1,
                $"a client that makes a run for each batch and waits for its end: {Words(loop)}"),
            new("what the orchestration adds to an execution", string.Create(CultureInfo.InvariantCulture, $"{(job.P50 - loop.P50) / Simulated:0.00} ms ({job.P50 / Simulated:0.00} ms in all)"), "", null,
                string.Create(CultureInfo.InvariantCulture, $"{loop.P50 / Simulated:0.00} ms an execution")),
        ];
    }

    private static async Task JobAsync(BenchContext context, ServerProcess server)
    {
        var run = await server.Api.PostAsync<JobRunView>("/api/v1/jobs/rollout/runs", new RunJob(), context.Cancellation);
        run = await server.Api.GetAsync<JobRunView>($"/api/v1/job-runs/{run.Id}?waitSeconds=120", context.Cancellation);
        if (run.Status != JobRunStatus.Succeeded || run.Counts.GetValueOrDefault("succeeded") != Simulated)
        {
            throw new InvalidOperationException($"The job is {run.Status}: {run.Reason}");
        }
    }

    private static async Task LoopAsync(BenchContext context, ServerProcess server, string[][] batches)
    {
        foreach (var batch in batches)
        {
            var run = await server.Api.CreateRunAsync(new CreateRun { Command = "echo simulated", Target = new RunTarget(batch) }, waitSeconds: 60, context.Cancellation);
            if (run.Status != RunStatus.Succeeded)
            {
                throw new InvalidOperationException($"The run is {run.Status}");
            }
        }
    }

    private static async Task<List<string>> NamesAsync(BenchContext context, ServerProcess server)
    {
        var names = new List<string>();
        string? cursor = null;
        do
        {
            var page = await server.Api.GetAsync<Page<DeviceView>>($"/api/v1/devices?limit=500{(cursor is null ? "" : $"&cursor={Uri.EscapeDataString(cursor)}")}", context.Cancellation);
            names.AddRange(page.Items.Select(d => d.Name));
            cursor = page.NextCursor;
        }
        while (cursor is not null);
        return names;
    }

    private static string Words(Samples samples) => string.Create(CultureInfo.InvariantCulture, $"{samples.P50:0} ms (slowest {samples.P99:0} ms)");
}
