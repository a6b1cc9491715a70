using System.Net;
using System.Net.Http.Json;
using System.Text;
using Operone.Core.Kernel.Jobs;
using Operone.Core.Shell;
using Operone.Tests.Hosting;
using Operone.Tests.Web.Access;
using Operone.Tests.Web.Shell;
using Xunit;

namespace Operone.Tests.Web.Kernel.Jobs;

/// <summary>What the tests of jobs share.</summary>
public abstract class JobTests(ServerFixture fixture) : ShellTests(fixture)
{
    protected async Task<AppliedJob> ApplyAsync(string yaml, HttpClient? by = null)
    {
        using var content = new StringContent(yaml, Encoding.UTF8, "application/yaml");
        using var response = await (by ?? Server.Owner).PostAsync("/api/v1/jobs/apply", content, Cancelled);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(Cancelled));
        return (await response.Content.ReadFromJsonAsync<AppliedJob>(Cancelled))!;
    }

    protected Task<JobRunView> RunAsync(string job, object? request = null, HttpClient? by = null) =>
        (by ?? Server.Owner).SendAsync<JobRunView>(HttpMethod.Post, $"/api/v1/jobs/{job}/runs", request ?? new { });

    protected async Task<JobRunView> JobRunAsync(Guid id, double waitSeconds = 0) =>
        (await Server.Owner.GetFromJsonAsync<JobRunView>($"/api/v1/job-runs/{id}?waitSeconds={waitSeconds}", Cancelled))!;

    protected async Task<IReadOnlyList<JobRunDeviceView>> DevicesAsync(Guid id) =>
        (await Server.Owner.GetFromJsonAsync<Operone.Core.Page<JobRunDeviceView>>($"/api/v1/job-runs/{id}/devices?limit=500", Cancelled))!.Items;

    protected Task<JobRunView> ActAsync(Guid id, string act, HttpClient? by = null) => (by ?? Server.Owner).SendAsync<JobRunView>(HttpMethod.Post, $"/api/v1/job-runs/{id}/{act}", new { });

    protected Task<JobRunView> BecomesAsync(Guid id, Func<JobRunView, bool> wanted, string what) => EventuallyAsync(async () => await JobRunAsync(id) is { } run && wanted(run) ? run : null, what, 60);

    /// <summary>Devices with a label of their own, that answer as told; by default each succeeds.</summary>
    protected async Task<FakeAgent[]> FleetAsync(string mark, int count, Func<int, StartExecution, ExecutionEnd?>? answer = null)
    {
        var fleet = new FakeAgent[count];
        for (var i = 0; i < count; i++)
        {
            var (index, agent) = (i, await Server.ConnectAsync($"{mark}-{i}", new() { ["fleet"] = mark }));
            agent.OnStart = start => (answer is null ? Succeeded() : answer(index, start)) is { } end ? agent.ReportAsync(Report(start.ExecutionId, end)) : Task.CompletedTask;
            fleet[i] = agent;
        }

        return fleet;
    }

    protected static ExecutionEnd Failed(int code = 1) => new(ExecutionStatus.Failed, code, $"Exited with code {code}.", DateTimeOffset.UtcNow, 0, 0);

    protected static async Task EndAsync(IEnumerable<FakeAgent> fleet)
    {
        foreach (var agent in fleet)
        {
            await agent.DisposeAsync();
        }
    }

    protected static string Mark(string word) => AccessApi.Unique(word)[..Math.Min(20, AccessApi.Unique(word).Length)];

    protected async Task<(HttpStatusCode Status, string Body)> TryAsync(HttpMethod method, string path, object? body = null, HttpClient? by = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is string text ? new StringContent(text, Encoding.UTF8, "application/yaml") : JsonContent.Create(body ?? new { }) };
        using var response = await (by ?? Server.Owner).SendAsync(request, Cancelled);
        return (response.StatusCode, await response.Content.ReadAsStringAsync(Cancelled));
    }
}
