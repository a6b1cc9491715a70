using System.Globalization;
using System.Net.Http.Json;
using System.Text;
using Operone.Core.Devices;
using Operone.Core.Kernel;
using Operone.Core.Kernel.Jobs;
using Operone.Core.Shell;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Web.Kernel.Jobs;

/// <summary>A node that is killed in the middle of a rollout: what comes after it goes on where it was, nothing twice and nothing left out.</summary>
public sealed class JobKillTests
{
    private const int Devices = 12;
    private const int Steps = 3;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    /// <summary>How often each is done: <c>OPERONE_CRASH_REPEAT</c>, by default once.</summary>
    public static TheoryData<int, bool> Repeats()
    {
        var count = int.TryParse(Environment.GetEnvironmentVariable("OPERONE_CRASH_REPEAT"), CultureInfo.InvariantCulture, out var set) ? set : 1;
        return [.. Enumerable.Range(1, count).SelectMany(i => new[] { (i, false), (i, true) })];
    }

    [Theory]
    [MemberData(nameof(Repeats))]
    public async Task Rollout_NodeKilledAgainAndAgain_DoesEachStepOnEachDeviceOnce(int repeat, bool onPostgres)
    {
        Assert.True(repeat > 0);
        Assert.SkipUnless(OperatingSystem.IsLinux(), "it kills processes");
        var (missing, postgres) = onPostgres ? await PostgresServer.CreateDatabaseAsync() : (null, null);
        Assert.SkipWhen(missing is not null, missing ?? "");
        await using var node = await NodeProcess.StartAsync(postgres is null ? [] : new() { ["ConnectionStrings__Operone"] = postgres });
        var begun = new SemaphoreSlim(0);
        var fleet = await EnrollAsync(node, begun);
        try
        {
            // every other time Operone chooses the devices, which are all that there are
            var isPlaced = (repeat % 2 == 0) == onPostgres;
            var run = await StartJobAsync(node, isPlaced);

            // at the first start, in the middle of a batch, and while another job is called
            foreach (var starts in (int[])[1 + (repeat % 3), 5, 9])
            {
                for (var i = 0; i < starts; i++)
                {
                    Assert.True(await begun.WaitAsync(TimeSpan.FromSeconds(60), Cancelled), "a start was waited for");
                }

                await node.KillAsync();
                await node.StartAgainAsync();
            }

            var ended = await Eventually.BecomesAsync(
                async () => await node.Owner.GetFromJsonAsync<JobRunView>($"/api/v1/job-runs/{run.Id}", Cancelled) is { } now && now.Status.IsEnd() ? now : null, "the run ended", 120);
            Assert.Equal((JobRunStatus.Succeeded, null), (ended.Status, ended.Reason));
            Assert.All(fleet, agent => Assert.Equal(["one", "mid", "two"], agent.Ran.Select(s => s.Command)));
            var called = (await node.Owner.GetFromJsonAsync<JobRunView>($"/api/v1/job-runs/{ended.Steps![1].Call!.Id}", Cancelled))!;
            Assert.Equal((JobRunStatus.Succeeded, run.Id), (called.Status, called.ParentId));
            var all = (await node.Owner.GetFromJsonAsync<Operone.Core.Page<JobRunView>>("/api/v1/job-runs", Cancelled))!;
            Assert.Equal(2, all.Items.Count);
            Assert.Equal(isPlaced, ended.Placement is not null);
            Assert.Empty((await node.Owner.GetFromJsonAsync<Operone.Core.Page<ReservationView>>("/api/v1/resources/reservations", Cancelled))!.Items);
            var runs = await Task.WhenAll(ended.Steps.Concat(called.Steps!).SelectMany(s => s.Runs).Select(async id => (await node.Owner.GetFromJsonAsync<RunView>($"/api/v1/runs/{id}", Cancelled))!));
            var executions = runs.SelectMany(r => r.Executions!).ToArray();
            Assert.Equal(Devices * Steps, executions.Length);
            Assert.All(executions, e => Assert.Equal((ExecutionStatus.Succeeded, 4), (e.Status, e.StdoutBytes)));
        }
        finally
        {
            foreach (var agent in fleet)
            {
                await agent.DisposeAsync();
            }
        }
    }

    private static async Task<SturdyAgent[]> EnrollAsync(NodeProcess node, SemaphoreSlim begun)
    {
        using var answer = await node.Owner.PostAsJsonAsync("/api/v1/enrollment-tokens", new CreateEnrollmentToken("fleet", new Dictionary<string, string> { ["fleet"] = "kill" }, Devices), Cancelled);
        var token = (await answer.Content.ReadFromJsonAsync<EnrollmentTokenView>(Cancelled))!.Token!;
        var fleet = new SturdyAgent[Devices];
        for (var i = 0; i < Devices; i++)
        {
            fleet[i] = new(await FakeAgent.EnrollAsync(node.Owner, node.Url, token, $"kill-{i:00}"), (_, _) =>
            {
                begun.Release();
                return Task.CompletedTask;
            });
            fleet[i].Start();
        }

        await Eventually.BecomesAsync(
            async () => (await node.Owner.GetFromJsonAsync<Operone.Core.Page<DeviceView>>("/api/v1/devices?limit=100", Cancelled))!.Items.Count(d => d.Status == DeviceStatus.Online) == Devices,
            "every device online", 60);
        return fleet;
    }

    private static async Task<JobRunView> StartJobAsync(NodeProcess node, bool isPlaced)
    {
        foreach (var job in (string[])[
            "name: called\nrollout: {batch: 4}\nsteps: [{command: mid}]\n",
            (isPlaced ? $"placement: {{count: {Devices}, needs: {{cpu: 0.1}}}}\n" : "") + "name: kill\ntarget: {selector: fleet=kill}\nrollout: {canary: 1, batch: 4, atOnce: 3}\nsteps: [{command: one}, {job: {name: called}}, {command: two}]\n"])
        {
            using var yaml = new StringContent(job, Encoding.UTF8, "application/yaml");
            using var applied = await node.Owner.PostAsync(new Uri("/api/v1/jobs/apply", UriKind.Relative), yaml, Cancelled);
            Assert.True(applied.IsSuccessStatusCode, await applied.Content.ReadAsStringAsync(Cancelled));
        }

        using var started = await node.Owner.PostAsJsonAsync("/api/v1/jobs/kill/runs", new RunJob(), Cancelled);
        Assert.True(started.IsSuccessStatusCode, await started.Content.ReadAsStringAsync(Cancelled));
        return (await started.Content.ReadFromJsonAsync<JobRunView>(Cancelled))!;
    }
}
