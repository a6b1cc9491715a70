using System.Net;
using Operone.Core.Access;
using Operone.Core.Kernel.Schedules;
using Operone.Core.Shell;
using Operone.Tests.Hosting;
using Operone.Tests.Web.Access;
using Xunit;

namespace Operone.Tests.Web.Kernel.Schedules;

public sealed class ScheduleRightsOnSqlite(SqliteFixture fixture) : ScheduleRightsTests(fixture), IClassFixture<SqliteFixture>;

public sealed class ScheduleRightsOnPostgres(PostgresFixture fixture) : ScheduleRightsTests(fixture), IClassFixture<PostgresFixture>;

/// <summary>In whose name schedules fire, and who may let them.</summary>
public abstract class ScheduleRightsTests(ServerFixture fixture) : ScheduledTests(fixture)
{
    [Fact]
    public async Task Webhook_GetsAnotherAddressFromWhoMayRunTheJobAlone_AndFiresInTheirName()
    {
        var (mark, fleet) = await JobAsync("renew");
        await SaveAsync(new() { Name = mark, Job = mark, On = new() { Webhook = true } });
        var role = await Server.Owner.MakeRoleAsync(mark, Permissions.DevicesRead, Permissions.JobsManage, Permissions.JobsRead);
        var manager = await Server.CreatePersonAsync();
        await Server.Owner.GiveAsync(role.Name, manager);
        using (var client = await Server.ClientAsync(manager))
        {
            Assert.Equal(HttpStatusCode.Forbidden, (await TryAsync(HttpMethod.Post, $"/api/v1/schedules/{mark}/webhook", null, client)).Status);
        }

        var administrator = await Server.CreatePersonAsync(BuiltInRoles.Administrator);
        using var other = await Server.ClientAsync(administrator);
        var renewed = await other.SendAsync<SavedSchedule>(HttpMethod.Post, $"/api/v1/schedules/{mark}/webhook");
        Assert.Equal($"token:{administrator.Email}", renewed.Schedule.OwnerName);
        Assert.Equal(HttpStatusCode.Accepted, await CallAsync(renewed.WebhookPath!, "", null));
        var firing = Assert.Single(await FiredAsync(mark, 1));
        Assert.Equal($"token:{administrator.Email}", (await JobRunAsync(firing.JobRunId!.Value)).CreatedBy);
        await EndAsync(fleet);
    }

    [Fact]
    public async Task Approval_ThatACalledJobWaitsFor_KeepsOthersFromFiringTheSchedule()
    {
        var mark = Mark("calls");
        var fleet = await FleetAsync(mark, 1);
        await ApplyAsync($"name: {mark}-called\ntarget: {{selector: fleet={mark}}}\nsteps: [{{approval: {{message: look}}}}, {{command: x}}]\n");
        await ApplyAsync($"name: {mark}\ntarget: {{selector: fleet={mark}}}\nsteps: [{{job: {{name: {mark}-called}}}}]\n");
        using var saver = await Server.ClientAsync(await Server.CreatePersonAsync(BuiltInRoles.Administrator));
        await SaveAsync(new() { Name = mark, Job = mark, Cron = "0 0 1 1 *" }, saver);
        Assert.Equal("schedule-owners-alone", await ProblemAsync(HttpMethod.Post, $"/api/v1/schedules/{mark}/fire"));
        Assert.NotNull((await saver.SendAsync<FiringView>(HttpMethod.Post, $"/api/v1/schedules/{mark}/fire")).JobRunId);
        await EndAsync(fleet);
    }

    [Fact]
    public async Task Devices_OnWhichTheOwnerMayNotUseTheEnvironment_AreLeftOut_WhereThereAreWindowsToo()
    {
        var mark = Mark("permitted");
        await using var first = await Server.ConnectAsync($"{mark}-first", new() { ["fleet"] = mark, ["part"] = mark });
        await using var second = await Server.ConnectAsync($"{mark}-second", new() { ["fleet"] = mark });
        await Server.Owner.SendAsync<EnvironmentView>(HttpMethod.Post, "/api/v1/environments", new WriteEnvironment(mark, Variables: new Dictionary<string, string> { ["A"] = "1" }));
        await ApplyAsync($"name: {mark}\ntarget: {{selector: fleet={mark}, onlyPermitted: true}}\nenvironments: [{mark}]\nsteps: [{{command: x}}]\n");
        var runs = await Server.Owner.MakeRoleAsync($"{mark}-runs", Permissions.DevicesRead, Permissions.JobsManage, Permissions.JobsRead, Permissions.JobsRun);
        var uses = await Server.Owner.MakeRoleAsync($"{mark}-uses", Permissions.EnvironmentsUse);
        var person = await Server.CreatePersonAsync();
        await Server.Owner.GiveAsync(runs.Name, person, $"fleet={mark}");
        await Server.Owner.GiveAsync(uses.Name, person, $"part={mark}");
        using var client = await Server.ClientAsync(person);
        await SaveAsync(new() { Name = mark, Job = mark, Cron = "0 0 1 1 *" }, client);

        // one for devices that are none of these
        await WindowAsync(new() { Name = mark, Selector = $"held={mark}", At = DateTimeOffset.UtcNow.AddHours(1), Duration = "1h" });
        var fired = await FireAsync(mark);
        Assert.Null(fired.Problem);
        Assert.Equal($"{mark}-first", Assert.Single(await DevicesAsync(fired.JobRunId!.Value)).DeviceName);
    }
}
