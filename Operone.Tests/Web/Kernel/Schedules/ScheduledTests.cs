using System.Net;
using System.Net.Http.Json;
using Operone.Core;
using Operone.Core.Connection;
using Operone.Core.Kernel.Schedules;
using Operone.Tests.Hosting;
using Operone.Tests.Web.Access;
using Operone.Tests.Web.Kernel.Jobs;
using Xunit;

namespace Operone.Tests.Web.Kernel.Schedules;

/// <summary>What the tests of schedules share.</summary>
public abstract class ScheduledTests(ServerFixture fixture) : JobTests(fixture)
{
    protected async Task<(string Mark, FakeAgent[] Fleet)> JobAsync(string word, int devices = 1)
    {
        var mark = Mark(word);
        var fleet = await FleetAsync(mark, devices);
        await ApplyAsync($"name: {mark}\ntarget: {{selector: fleet={mark}}}\nsteps: [{{command: x}}]\n");
        return (mark, fleet);
    }

    protected Task<SavedSchedule> SaveAsync(SaveSchedule schedule, HttpClient? by = null) =>
        (by ?? Server.Owner).SendAsync<SavedSchedule>(HttpMethod.Post, "/api/v1/schedules", schedule);

    protected async Task<ScheduleView> ScheduleAsync(string name) => (await Server.Owner.GetFromJsonAsync<ScheduleView>($"/api/v1/schedules/{name}", Cancelled))!;

    protected Task<FiringView> FireAsync(string name) => Server.Owner.SendAsync<FiringView>(HttpMethod.Post, $"/api/v1/schedules/{name}/fire");

    /// <summary>When it fired, newest first.</summary>
    protected async Task<IReadOnlyList<FiringView>> FiringsAsync(string name) =>
        (await Server.Owner.GetFromJsonAsync<Page<FiringView>>($"/api/v1/schedules/{name}/firings", Cancelled))!.Items;

    protected Task<MaintenanceWindowView> WindowAsync(SaveMaintenanceWindow window) =>
        Server.Owner.SendAsync<MaintenanceWindowView>(HttpMethod.Post, "/api/v1/maintenance-windows", window);

    protected Task<MaintenanceWindowView> MoveAsync(SaveMaintenanceWindow window, DateTimeOffset at) =>
        Server.Owner.SendAsync<MaintenanceWindowView>(HttpMethod.Put, $"/api/v1/maintenance-windows/{window.Name}", window with { At = at });

    /// <summary>Waits until it has fired so often.</summary>
    protected Task<IReadOnlyList<FiringView>> FiredAsync(string name, int count) => EventuallyAsync(
        async () => (await Server.Owner.GetFromJsonAsync<Page<FiringView>>($"/api/v1/schedules/{name}/firings", Cancelled))!.Items is { } all
            && all.Count(f => f.FiredAt is not null) >= count ? all : null, $"{count} firings", 60);

    protected async Task<string> ProblemAsync(HttpMethod method, string path, SaveSchedule? body = null, HttpClient? by = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body, OperoneJson.Default.SaveSchedule) };
        using var response = await (by ?? Server.Owner).SendAsync(request, Cancelled);
        Assert.False(response.IsSuccessStatusCode);
        return (await response.Content.ReadFromJsonAsync(OperoneJson.Default.ProblemView, Cancelled))!.Type!.Split('/')[^1];
    }

    protected async Task<HttpStatusCode> CallAsync(string path, string body, string? id)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(body) };
        if (id is not null)
        {
            request.Headers.Add("webhook-id", id);
        }

        using var response = await Server.Anonymous.SendAsync(request, Cancelled);
        return response.StatusCode;
    }
}
