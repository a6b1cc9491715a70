using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Kernel.Jobs;
using Operone.Tests.Hosting;
using Operone.Tests.Web.Access;
using Operone.Web.Access;
using Operone.Web.Kernel.Jobs;
using Xunit;

namespace Operone.Tests.Web.Kernel.Jobs;

public sealed class JobServiceOnSqlite(SqliteFixture fixture) : JobServiceTests(fixture), IClassFixture<SqliteFixture>;

public sealed class JobServiceOnPostgres(PostgresFixture fixture) : JobServiceTests(fixture), IClassFixture<PostgresFixture>;

/// <summary>Jobs as such: writing, versions, export, and who may what.</summary>
public abstract class JobServiceTests(ServerFixture fixture) : JobTests(fixture)
{
    [Fact]
    public async Task Apply_AgainAndOtherwise_MakesVersionsWithTheirDifference()
    {
        var mark = Mark("apply");
        Assert.Equal(("created", 1), Told(await ApplyAsync($"name: {mark}\nsteps:\n  - command: one\n")));
        Assert.Equal(("unchanged", 1), Told(await ApplyAsync($"{{\"name\": \"{mark}\", \"steps\": [{{\"command\": \"one\"}}]}}")));
        Assert.Equal(("updated", 2), Told(await ApplyAsync($"name: {mark}\nsteps:\n  - command: two\n")));
        var versions = (await Server.Owner.GetFromJsonAsync<Page<JobVersionView>>($"/api/v1/jobs/{mark}/versions", Cancelled))!.Items;
        Assert.Equal([2, 1], versions.Select(v => v.Version));
        var difference = (await Server.Owner.GetFromJsonAsync<JobDifference>($"/api/v1/jobs/{mark}/versions/2/difference", Cancelled))!;
        Assert.Equal([$" name: {mark}", " steps:", "-  - command: one", "+  - command: two"], difference.Lines);
        var yaml = await Server.Owner.GetStringAsync($"/api/v1/jobs/{mark}/export", Cancelled);
        Assert.StartsWith($"# yaml-language-server: $schema={Server.Url}/api/v1/schemas/job.json\n", yaml, StringComparison.Ordinal);
        Assert.Equal(("unchanged", 2), Told(await ApplyAsync(yaml)));
        Assert.Equal(("unchanged", 2), Told(await ApplyAsync(await Server.Owner.GetStringAsync($"/api/v1/jobs/{mark}/export?format=json", Cancelled))));
        Assert.Equal(("updated", 3), Told(await ApplyAsync(await Server.Owner.GetStringAsync($"/api/v1/jobs/{mark}/export?version=1", Cancelled))));
        Assert.Equal(409, (int)(await TryAsync(HttpMethod.Put, $"/api/v1/jobs/{mark}?version=2", new { name = mark, steps = new[] { new { command = "x" } } })).Status);
        await Server.AuditedAsync("job.update", true, mark);
        Assert.Equal(204, (int)(await TryAsync(HttpMethod.Delete, $"/api/v1/jobs/{mark}")).Status);
        Assert.Equal(404, (int)(await TryAsync(HttpMethod.Get, $"/api/v1/jobs/{mark}")).Status);

        static (string, int) Told(AppliedJob applied) => (applied.Outcome, applied.Job.Version);
    }

    [Fact]
    public async Task Apply_WrongDocument_IsRefusedWithItsPlaces()
    {
        var (status, body) = await TryAsync(HttpMethod.Post, "/api/v1/jobs/apply", "name: a\nsteps:\n  - comand: x\n");
        Assert.Equal(400, (int)status);
        Assert.StartsWith("line 3, column 5: there is no field 'comand'", JsonDocument.Parse(body).RootElement.GetProperty("errors").GetProperty("steps[0].comand")[0].GetString(), StringComparison.Ordinal);
        var check = JsonSerializer.Deserialize<CheckedJob>((await TryAsync(HttpMethod.Post, "/api/v1/jobs/check", "name: a\nsteps: [{}]\n")).Body, JsonSerializerOptions.Web)!;
        Assert.Equal(("steps[0]", 2, 9), (check.Problems.Single().Place, check.Problems.Single().Line, check.Problems.Single().Column));
    }

    [Fact]
    public async Task List_Pages_AreByNameAndFiltered()
    {
        var mark = Mark("list");
        foreach (var i in Enumerable.Range(0, 5))
        {
            await ApplyAsync($"name: {mark}-{4 - i}\nsteps: [{{command: x}}]\n");
        }

        var first = (await Server.Owner.GetFromJsonAsync<Page<JobView>>($"/api/v1/jobs?q={mark}&limit=3", Cancelled))!;
        var second = (await Server.Owner.GetFromJsonAsync<Page<JobView>>($"/api/v1/jobs?q={mark}&limit=3&cursor={first.NextCursor}", Cancelled))!;
        Assert.Equal(Enumerable.Range(0, 5).Select(i => $"{mark}-{i}"), first.Items.Concat(second.Items).Select(j => j.Name));
        Assert.Null(second.NextCursor);
        Assert.All(first.Items, j => Assert.Null(j.Definition));
    }

    [Fact]
    public async Task Write_ReachesDevicesWhereTheyMayNot_IsRefused()
    {
        var mark = Mark("manage");
        await using var here = await Server.EnrollAsync($"{mark}-here", new() { ["at"] = $"{mark}-here", ["all"] = mark });
        await using var there = await Server.EnrollAsync($"{mark}-there", new() { ["at"] = $"{mark}-there", ["all"] = mark });
        var role = await Server.Owner.MakeRoleAsync(mark, Permissions.JobsManage, Permissions.JobsRead, Permissions.DevicesRead);
        var person = await Server.CreatePersonAsync();
        await Server.Owner.GiveAsync(role.Name, person, $"at={mark}-here");
        using var client = await Server.ClientAsync(person);
        await ApplyAsync($"name: {mark}\ntarget: {{selector: at={mark}-here}}\nsteps: [{{command: x}}]\n", client);
        foreach (var target in new[] { $"target: {{selector: all={mark}}}", "target: {all: true}", "", "target: {selector: no=thing}", $"target: {{devices: [{mark}-there]}}" })
        {
            var (status, body) = await TryAsync(HttpMethod.Post, "/api/v1/jobs/apply", $"name: {mark}-2\n{target}\nsteps: [{{command: x}}]\n", client);
            Assert.Equal((target, 403), (target, (int)status));
            Assert.DoesNotContain($"{mark}-there", body, StringComparison.Ordinal);
        }

        // one whom the job's devices are hidden from knows nothing of it
        await ApplyAsync($"name: {mark}-3\ntarget: {{selector: at={mark}-there}}\nsteps: [{{command: x}}]\n");
        Assert.Equal(404, (int)(await TryAsync(HttpMethod.Get, $"/api/v1/jobs/{mark}-3", null, client)).Status);
        Assert.Equal(404, (int)(await TryAsync(HttpMethod.Delete, $"/api/v1/jobs/{mark}-3", null, client)).Status);
        Assert.Equal(403, (int)(await TryAsync(HttpMethod.Post, $"/api/v1/jobs/{mark}/runs", null, client)).Status);
    }

    [Fact]
    public async Task Run_OnADeviceWhereTheyMayNot_IsRefusedAndNoted()
    {
        var mark = Mark("run");
        await using var here = await Server.EnrollAsync($"{mark}-here", new() { ["at"] = $"{mark}-here", ["all"] = mark });
        await using var there = await Server.EnrollAsync($"{mark}-there", new() { ["at"] = $"{mark}-there", ["all"] = mark });
        await ApplyAsync($"name: {mark}\ntarget: {{selector: all={mark}}}\nsteps: [{{command: x}}]\n");
        await ApplyAsync($"name: {mark}-own\ntarget: {{selector: all={mark}, onlyPermitted: true}}\nsteps: [{{command: x}}]\n");
        var read = await Server.Owner.MakeRoleAsync($"{mark}-read", Permissions.DevicesRead, Permissions.JobsRead);
        var role = await Server.Owner.MakeRoleAsync(mark, Permissions.JobsRun);
        var person = await Server.CreatePersonAsync();
        await Server.Owner.GiveAsync(read.Name, person, $"all={mark}");
        await Server.Owner.GiveAsync(role.Name, person, $"at={mark}-here");
        using var client = await Server.ClientAsync(person);
        Assert.Equal(403, (int)(await TryAsync(HttpMethod.Post, $"/api/v1/jobs/{mark}/runs", null, client)).Status);
        await Server.AuditedAsync("job.run", false, mark);

        // they may not run commands, and need not: running jobs is enough
        Assert.Equal(403, (int)(await TryAsync(HttpMethod.Post, "/api/v1/runs", new { command = "x", target = new { devices = new[] { here.Name } } }, client)).Status);
        var run = await RunAsync($"{mark}-own", null, client);
        Assert.Equal(1, run.Devices);
        here.OnStart = start => here.ReportAsync(Report(start.ExecutionId, Succeeded()));
        await here.ConnectAsync();
        Assert.Equal(JobRunStatus.Succeeded, (await JobRunAsync(run.Id, 60)).Status);
    }

    [Fact]
    public async Task Start_ByACauseTwice_RunsOnceInItsOwnersName()
    {
        var mark = Mark("cause");
        var fleet = await FleetAsync(mark, 1);
        await ApplyAsync($"name: {mark}\ntarget: {{selector: fleet={mark}}}\nsteps: [{{command: x}}]\n");
        var person = await Server.CreatePersonAsync(BuiltInRoles.Operator);
        var actor = await Server.Services.GetRequiredService<CurrentStanding>().ActorAsync(person.Id, person.Email, Cancelled);
        var (starts, cause) = (Server.Services.GetRequiredService<JobStarts>(), new JobCause("schedule nightly", RunId: Guid.CreateVersion7()));
        var first = await starts.StartAsync(actor, mark, new(), cause, Cancelled);
        var second = await starts.StartAsync(actor, mark, new(), cause, Cancelled);
        Assert.Equal((cause.RunId, cause.RunId), (first.Value.Id, second.Value.Id));
        var ended = await JobRunAsync(first.Value.Id, 60);
        Assert.Equal((JobRunStatus.Succeeded, "schedule nightly", person.Email), (ended.Status, ended.Cause, ended.CreatedBy));
        Assert.Single((await Server.Owner.GetFromJsonAsync<Page<JobRunView>>($"/api/v1/job-runs?job={mark}", Cancelled))!.Items);
        await EndAsync(fleet);
    }

    [Fact]
    public async Task Schema_IsServedToEverybody()
    {
        using var response = await Server.Anonymous.GetAsync(new Uri("/api/v1/schemas/job.json", UriKind.Relative), Cancelled);
        Assert.Equal("application/schema+json", response.Content.Headers.ContentType!.MediaType);
        Assert.Equal("Operone job", JsonDocument.Parse(await response.Content.ReadAsStringAsync(Cancelled)).RootElement.GetProperty("title").GetString());
    }
}
