using System.Net;
using System.Net.Http.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Connection;
using Operone.Core.Kernel.Jobs;
using Operone.Core.Kernel.Schedules;
using Operone.Tests.Agent.Hosting;
using Operone.Tests.Hosting;
using Operone.Tests.Web.Access;
using Operone.Web.Events;
using Operone.Web.Kernel.Jobs.Runs;
using Operone.Web.Kernel.Schedules;
using Xunit;

namespace Operone.Tests.Web.Kernel.Schedules;

public sealed class SchedulesOnSqlite(SqliteFixture fixture) : ScheduleTests(fixture), IClassFixture<SqliteFixture>;

public sealed class SchedulesOnPostgres(PostgresFixture fixture) : ScheduleTests(fixture), IClassFixture<PostgresFixture>;

/// <summary>Schedules: when they fire, what becomes of what was missed, in whose name, and on what.</summary>
public abstract class ScheduleTests(ServerFixture fixture) : ScheduledTests(fixture)
{
    [Fact]
    public async Task Interval_StartsTheJobAgainAndAgain_UntilItIsTurnedOff()
    {
        var (mark, fleet) = await JobAsync("interval");
        var saved = await SaveAsync(new() { Name = mark, Job = mark, Every = "1s" });
        Assert.Equal(10, saved.Schedule.Following.Count);
        var firings = await FiredAsync(mark, 3);
        Assert.Equal(firings.Count, firings.Select(f => f.At).Distinct().Count());
        Assert.All(firings.Where(f => f.FiredAt is not null), f => Assert.Null(f.Problem));
        var run = await JobRunAsync(firings[^1].JobRunId!.Value, 30);
        Assert.Equal((JobRunStatus.Succeeded, $"schedule {mark}", "token:setup"), (run.Status, run.Cause, run.CreatedBy));

        var off = await Server.Owner.SendAsync<ScheduleView>(HttpMethod.Post, $"/api/v1/schedules/{mark}/disable");
        Assert.Equal((false, null), (off.Definition.Enabled, off.NextAt));
        await Server.AuditedAsync("schedule.disable", true, mark);
        await EndAsync(fleet);
    }

    [Fact]
    public async Task Time_ThatIsOne_FiresOnce()
    {
        var time = new AdjustableTime();
        await using var server = await Fixture.StartAnotherAsync(configure: b => b.Services.Replace(ServiceDescriptor.Singleton<TimeProvider>(time)));
        using var content = new StringContent("name: job\ntarget: {all: true}\nsteps: [{command: x}]\n", System.Text.Encoding.UTF8, "application/yaml");
        (await server.Owner.PostAsync(new Uri("/api/v1/jobs/apply", UriKind.Relative), content, Cancelled)).EnsureSuccessStatusCode();
        await server.EnrollAsync("away");
        var at = time.GetUtcNow().AddHours(1);
        await server.Owner.DoAsync(HttpMethod.Post, "/api/v1/schedules", new SaveSchedule { Name = "s", Job = "job", At = at });
        time.Advance(TimeSpan.FromHours(1));
        server.Services.GetRequiredService<LiveChanges>().Signal(LiveChanges.Schedules);
        await using var db = server.OpenDatabase();
        var firing = await EventuallyAsync(async () => await db.Set<Firing>().SingleOrDefaultAsync(f => f.FiredAt != null, Cancelled), "it fires");
        Assert.Equal((at.ToUnixTimeMilliseconds(), null), (firing.At.ToUnixTimeMilliseconds(), firing.Problem));
        Assert.True(firing.FiredAt >= firing.At);
        Assert.Null((await server.Owner.GetFromJsonAsync<ScheduleView>("/api/v1/schedules/s", Cancelled))!.NextAt);
    }

    [Theory]
    [InlineData(MissedPolicy.Skip, 0)]
    [InlineData(MissedPolicy.Once, 1)]
    [InlineData(MissedPolicy.All, 5)]
    public async Task Times_MissedWhileNoNodeRan_AreSkippedOrMadeUpFor(MissedPolicy policy, int expected)
    {
        var time = new AdjustableTime();
        await using var server = await Fixture.StartAnotherAsync(configure: b => b.Services.Replace(ServiceDescriptor.Singleton<TimeProvider>(time)));
        using var content = new StringContent("name: job\ntarget: {all: true}\nsteps: [{command: x}]\n", System.Text.Encoding.UTF8, "application/yaml");
        (await server.Owner.PostAsync(new Uri("/api/v1/jobs/apply", UriKind.Relative), content, Cancelled)).EnsureSuccessStatusCode();
        await server.EnrollAsync("away");

        // the next hour is far enough, and what is due just now does not count as missed
        var start = time.GetUtcNow().AddMinutes(30);
        await server.Owner.DoAsync(HttpMethod.Post, "/api/v1/schedules", new SaveSchedule { Name = "s", Job = "job", Every = "1h", StartsAt = start, Missed = policy });
        await server.StopAsync();
        time.Advance(TimeSpan.FromHours(5));
        await server.StartAgainAsync();
        await EventuallyAsync(async () => (await server.Owner.GetFromJsonAsync<ScheduleView>("/api/v1/schedules/s", Cancelled))!.NextAt > time.GetUtcNow(), "it goes on");
        await using var db = server.OpenDatabase();
        var firings = await db.Set<Firing>().ToListAsync(Cancelled);
        Assert.Equal(expected, firings.Count);
        if (policy == MissedPolicy.All)
        {
            Assert.Equal(Enumerable.Range(0, 5).Select(i => start.AddHours(i).ToUnixTimeSeconds()), firings.Select(f => f.At.ToUnixTimeSeconds()).Order());
        }
        else if (policy == MissedPolicy.Once)
        {
            Assert.Equal(start.AddHours(4).ToUnixTimeSeconds(), firings[0].At.ToUnixTimeSeconds());
        }
        else
        {
            Assert.Equal("5 missed times were left out", (await server.Owner.GetFromJsonAsync<ScheduleView>("/api/v1/schedules/s", Cancelled))!.LastOutcome);
        }
    }

    [Fact]
    public async Task Firing_ThatANodeHadTakenBeforeItDied_IsCarriedOutByAnother_AndNeverTwice()
    {
        var (mark, fleet) = await JobAsync("left");
        var schedule = (await SaveAsync(new() { Name = mark, Job = mark, Cron = "0 0 1 1 *" })).Schedule;
        var left = new Firing
        {
            Id = Guid.CreateVersion7(),
            ScheduleId = schedule.Id,
            Key = "at:1",
            At = DateTimeOffset.UtcNow.AddMinutes(-3),
            Cause = "schedule",
            JobRunId = Guid.CreateVersion7(),
            ClaimedUntil = DateTimeOffset.UtcNow.AddMinutes(-1),
        };
        await using (var db = Server.OpenDatabase())
        {
            db.Add(left);
            await db.SaveChangesAsync(Cancelled);
        }

        Server.Services.GetRequiredService<LiveChanges>().Signal(LiveChanges.Schedules);
        Assert.Equal(left.JobRunId, (await FiredAsync(mark, 1))[0].JobRunId);

        // what a node does that was held up, and comes back when another has done it
        var again = await Server.Services.GetRequiredService<ScheduleStarts>().CarryOutAsync(left, Cancelled);
        Assert.Null(again.Problem);
        await using var after = Server.OpenDatabase();
        Assert.Equal(1, await after.Set<JobRun>().CountAsync(r => r.JobId == schedule.JobId, Cancelled));
        await EndAsync(fleet);
    }

    [Fact]
    public async Task Event_OfADeviceWithThatLabel_StartsTheJobThereAlone()
    {
        var (mark, fleet) = await JobAsync("event", 2);
        await SaveAsync(new() { Name = mark, Job = mark, On = new() { Event = "device.connected", Selector = $"fleet={mark}", OnlyThatDevice = true } });
        await using var other = await Server.ConnectAsync($"{mark}-other", new() { ["fleet"] = "other" });
        await using var third = await Server.ConnectAsync($"{mark}-third", new() { ["fleet"] = mark });
        third.OnStart = start => third.ReportAsync(Report(start.ExecutionId, Succeeded()));
        var firing = Assert.Single(await FiredAsync(mark, 1));
        Assert.Equal($"device.connected of {mark}-third", firing.Cause);
        var run = await JobRunAsync(firing.JobRunId!.Value, 30);
        Assert.Equal((JobRunStatus.Succeeded, 1), (run.Status, run.Devices));
        Assert.Equal($"{mark}-third", Assert.Single(await DevicesAsync(run.Id)).DeviceName);
        await EndAsync(fleet);
    }

    [Fact]
    public async Task Event_OfNoDevice_StartsNothing_WhereTheJobIsForThatDeviceAlone()
    {
        var (mark, fleet) = await JobAsync("nodevice");
        await SaveAsync(new() { Name = mark, Job = mark, On = new() { Event = "role.created", OnlyThatDevice = true } });
        await SaveAsync(new() { Name = $"{mark}-all", Job = mark, On = new() { Event = "role.created" } });

        // they are told of in their order: when the second has fired one, the first has been looked at for both
        await Server.Owner.MakeRoleAsync($"{mark}-1", Permissions.JobsRead);
        await Server.Owner.MakeRoleAsync($"{mark}-2", Permissions.JobsRead);
        await FiredAsync($"{mark}-all", 2);
        Assert.Empty(await FiringsAsync(mark));
        await EndAsync(fleet);
    }

    [Fact]
    public async Task Webhook_WithItsToken_StartsTheJobOnceWithItsParameters()
    {
        var mark = Mark("hook");
        var fleet = await FleetAsync(mark, 1);
        await ApplyAsync($"name: {mark}\ntarget: {{selector: fleet={mark}}}\nparameters: [{{name: branch, default: main, pattern: '[a-z]+'}}]\nsteps: [{{command: x}}]\n");
        var path = (await SaveAsync(new() { Name = mark, Job = mark, On = new() { Webhook = true } })).WebhookPath!;
        Assert.DoesNotContain(path.Split('/')[^1], await Server.Owner.GetStringAsync(new Uri($"/api/v1/schedules/{mark}", UriKind.Relative), Cancelled), StringComparison.Ordinal);

        for (var i = 0; i < 2; i++)
        {
            Assert.Equal(HttpStatusCode.Accepted, await CallAsync(path, """{"parameters": {"branch": "next", "unknown": 1}, "ref": "x"}""", "msg_1"));
        }

        var firing = Assert.Single(await FiredAsync(mark, 1));
        Assert.Equal("next", (await JobRunAsync(firing.JobRunId!.Value)).Parameters!["branch"]);
        Assert.Equal(HttpStatusCode.Accepted, await CallAsync(path, "", null));
        await FiredAsync(mark, 2);

        Assert.Equal(HttpStatusCode.BadRequest, await CallAsync(path, """{"parameters": {"branch": "../../etc"}}""", null));
        Assert.Equal(HttpStatusCode.BadRequest, await CallAsync(path, """{"parameters": {"branch": {"a": 1}}}""", null));
        Assert.Equal(HttpStatusCode.BadRequest, await CallAsync(path, """{"parameters": {"branch": "\ud800"}}""", null));
        Assert.Equal(HttpStatusCode.BadRequest, await CallAsync(path, """{"parameters": {"\ud800": "next"}}""", null));
        Assert.Equal(HttpStatusCode.BadRequest, await CallAsync(path, "{", null));
        Assert.Equal(HttpStatusCode.Accepted, await CallAsync(path, "payload=form", null));
        Assert.Equal(HttpStatusCode.NotFound, await CallAsync("/api/v1/hooks/" + new string('a', 43), "", null));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, await CallAsync(path, new string('a', ScheduleHook.MaxBytes + 1), null));

        var renewed = await Server.Owner.SendAsync<SavedSchedule>(HttpMethod.Post, $"/api/v1/schedules/{mark}/webhook");
        Assert.Equal(HttpStatusCode.NotFound, await CallAsync(path, "", null));
        Assert.Equal(HttpStatusCode.Accepted, await CallAsync(renewed.WebhookPath!, "", null));
        await Server.Owner.DoAsync(HttpMethod.Post, $"/api/v1/schedules/{mark}/disable");
        Assert.Equal(HttpStatusCode.NotFound, await CallAsync(renewed.WebhookPath!, "", null));
        await EndAsync(fleet);
    }

    [Fact]
    public async Task File_ThatChanges_StartsTheJob()
    {
        using var temp = new TempFolder();
        var (mark, fleet) = await JobAsync("file");
        await File.WriteAllTextAsync(temp["watched"], "one", Cancelled);
        await Server.Owner.DoAsync(HttpMethod.Post, "/api/v1/mounts", new { name = mark, kind = "folder", address = temp.Path });
        await SaveAsync(new() { Name = mark, Job = mark, On = new() { File = $"/server/{mark}/watched" } });
        await EventuallyAsync(async () => await Server.OpenDatabase().Set<Schedule>().AnyAsync(s => s.Name == mark && s.FileTag != null, Cancelled), "it was looked at", 60);
        await File.WriteAllTextAsync(temp["watched"], "two words", Cancelled);
        Assert.Equal($"/server/{mark}/watched changed", Assert.Single(await FiredAsync(mark, 1)).Cause);
        await EndAsync(fleet);
    }

    [Fact]
    public async Task Owner_WhoMayRunItNoMore_StartsNothing_AndItIsSaid()
    {
        var (mark, fleet) = await JobAsync("owner");
        var person = await Server.CreatePersonAsync(BuiltInRoles.Administrator);
        using (var client = await Server.ClientAsync(person))
        {
            await SaveAsync(new() { Name = mark, Job = mark, Cron = "0 0 1 1 *" }, client);
        }

        await Server.Owner.DoAsync(HttpMethod.Post, $"/api/v1/people/{person.Id}/disable");
        var fired = await Server.Owner.SendAsync<FiringView>(HttpMethod.Post, $"/api/v1/schedules/{mark}/fire");
        Assert.Null(fired.JobRunId);
        Assert.Contains("jobs.run", fired.Problem, StringComparison.Ordinal);
        Assert.Equal(fired.Problem, (await ScheduleAsync(mark)).LastOutcome);
        await EndAsync(fleet);
    }

    [Fact]
    public async Task Approval_OfWhatAScheduleStarted_IsNotForWhoSavedIt_AndNobodyElseFiresIt()
    {
        var mark = Mark("yes");
        var fleet = await FleetAsync(mark, 1);
        await ApplyAsync($"name: {mark}\ntarget: {{selector: fleet={mark}}}\napproval: {{message: look}}\nsteps: [{{command: x}}]\n");
        using var saver = await Server.ClientAsync(await Server.CreatePersonAsync(BuiltInRoles.Administrator));
        await SaveAsync(new() { Name = mark, Job = mark, Cron = "0 0 1 1 *" }, saver);
        var fired = await saver.SendAsync<FiringView>(HttpMethod.Post, $"/api/v1/schedules/{mark}/fire");
        var approval = (await JobRunAsync(fired.JobRunId!.Value)).Approvals!.Single();
        Assert.Contains("own-approval", (await TryAsync(HttpMethod.Post, $"/api/v1/approvals/{approval.Id}", new { approve = true, hash = approval.Hash }, saver)).Body, StringComparison.Ordinal);
        Assert.Equal("schedule-owners-alone", await ProblemAsync(HttpMethod.Post, $"/api/v1/schedules/{mark}/fire"));
        Assert.Equal(200, (int)(await TryAsync(HttpMethod.Post, $"/api/v1/approvals/{approval.Id}", new { approve = true, hash = approval.Hash })).Status);
        Assert.Equal(JobRunStatus.Succeeded, (await JobRunAsync(fired.JobRunId.Value, 30)).Status);
        await EndAsync(fleet);
    }

    [Fact]
    public async Task Schedule_WhoseDescriptionIsChanged_KeepsItsTime()
    {
        var (mark, fleet) = await JobAsync("keeps");
        var first = await SaveAsync(new() { Name = mark, Job = mark, Every = "1h", Jitter = "1d" });
        var second = await Server.Owner.SendAsync<SavedSchedule>(HttpMethod.Put, $"/api/v1/schedules/{mark}", new SaveSchedule { Name = mark, Job = mark, Every = "1h", Jitter = "1d", Description = "x" });
        Assert.Equal(first.Schedule.NextAt, second.Schedule.NextAt);
        await EndAsync(fleet);
    }

    [Fact]
    public async Task OfflineDevices_AreLeftOut_WhereItIsToldSo()
    {
        var (mark, fleet) = await JobAsync("offline", 2);
        await fleet[1].DisposeAsync();
        await Server.WaitForOfflineAsync($"{mark}-1");
        await SaveAsync(new() { Name = mark, Job = mark, Cron = "0 0 1 1 *", Offline = OfflinePolicy.Skip });
        var fired = await Server.Owner.SendAsync<FiringView>(HttpMethod.Post, $"/api/v1/schedules/{mark}/fire");
        var run = await JobRunAsync(fired.JobRunId!.Value, 30);
        Assert.Equal((JobRunStatus.Succeeded, 1), (run.Status, run.Devices));
        await fleet[0].DisposeAsync();
        await Server.WaitForOfflineAsync($"{mark}-0");
        Assert.Contains("offline", (await Server.Owner.SendAsync<FiringView>(HttpMethod.Post, $"/api/v1/schedules/{mark}/fire")).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Schedule_IsMadeLookedAtReplacedAndRemoved()
    {
        var (mark, fleet) = await JobAsync("crud");
        var made = await SaveAsync(new() { Name = mark, Job = mark, Calendar = "every weekday at 03:00", TimeZone = "Europe/Berlin", Jitter = "10m" });
        Assert.Equal((mark, "token:setup"), (made.Schedule.Definition.Name, made.Schedule.OwnerName));
        Assert.Equal("schedule-name-taken", await ProblemAsync(HttpMethod.Post, "/api/v1/schedules", new() { Name = mark.ToUpperInvariant(), Job = mark, Every = "1h" }));
        Assert.Contains(mark, (await Server.Owner.GetFromJsonAsync<Page<ScheduleView>>($"/api/v1/schedules?job={mark}", Cancelled))!.Items.Select(s => s.Definition.Name!));
        Assert.Contains(mark, (await Server.Owner.GetFromJsonAsync<Page<ScheduleView>>($"/api/v1/schedules?q={mark}", Cancelled))!.Items.Select(s => s.Definition.Name!));
        var replaced = await Server.Owner.SendAsync<SavedSchedule>(HttpMethod.Put, $"/api/v1/schedules/{mark}", new SaveSchedule { Name = mark + "2", Job = mark, Every = "1h" });
        Assert.Equal(made.Schedule.Id, replaced.Schedule.Id);
        await Server.Owner.DoAsync(HttpMethod.Delete, $"/api/v1/schedules/{mark}2");
        Assert.Equal("schedule-not-found", await ProblemAsync(HttpMethod.Get, $"/api/v1/schedules/{mark}2"));
        await Server.AuditedAsync("schedule.remove", true, mark + "2");
        await EndAsync(fleet);
    }

    [Fact]
    public async Task Input_ThatIsWrong_IsSaidByField()
    {
        var (mark, fleet) = await JobAsync("wrong");
        using var response = await Server.Owner.PostAsJsonAsync(
            "/api/v1/schedules", new SaveSchedule { Name = "no name", Job = mark, Cron = "99 * * * *", TimeZone = "Nowhere", Jitter = "soon" }, OperoneJson.Default.SaveSchedule, Cancelled);
        var problem = (await response.Content.ReadFromJsonAsync(OperoneJson.Default.ProblemView, Cancelled))!;
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal(["cron", "jitter", "name", "timeZone"], problem.Errors!.Keys.Order());
        foreach (var bad in (SaveSchedule[])
            [
                new() { Name = "x", Job = "no-such-job", Every = "1h" }, new() { Name = "x", Job = mark, Every = "1h", Parameters = new Dictionary<string, string> { ["unknown"] = "1" } },
                new() { Name = "x", Job = mark, On = new() { Event = "job-run.ended" } }, new() { Name = "x", Job = mark, On = new() { Event = "device.connected", Selector = "((" } },
                new() { Name = "x", Job = mark, On = new() { Event = "approval.requested" } }, new() { Name = "x", Job = mark, On = new() { Event = "device.connected", OnlyThatDevice = true, Pause = "5m" } },
                new() { Name = "x", Job = mark, On = new() { Webhook = true, File = "/a" } },
                new() { Name = "x", Job = mark, At = DateTimeOffset.MaxValue, Jitter = "1d" }, new() { Name = "x", Job = mark, Every = "1h", StartsAt = DateTimeOffset.MaxValue },
                new() { Name = "x", Job = mark, Every = "1h", EndsAt = new(3000, 1, 1, 0, 0, 0, TimeSpan.Zero) }, new() { Name = "x", Job = mark, Every = "1h", Cron = "* * * * *" },
            ])
        {
            Assert.Equal("invalid-input", await ProblemAsync(HttpMethod.Post, "/api/v1/schedules", bad));
        }

        var preview = await Server.Owner.SendAsync<SchedulePreview>(HttpMethod.Post, "/api/v1/schedules/preview", new ScheduleWhen { Calendar = "every day at 03:00 and 15:30" });
        Assert.Equal((10, "0 3 * * *|30 15 * * *"), (preview.Following.Count, string.Join('|', preview.Crons!)));
        await EndAsync(fleet);
    }

    [Fact]
    public async Task Person_WhoDoesNotSeeTheJob_SeesNoSchedule_AndWhoMayNotManageItChangesNone()
    {
        var (mark, fleet) = await JobAsync("sight");
        await SaveAsync(new() { Name = mark, Job = mark, Every = "1d" });
        using var blind = await Server.ClientAsync(await Server.CreatePersonAsync(BuiltInRoles.Administrator, "fleet=other"));
        Assert.Equal("schedule-not-found", await ProblemAsync(HttpMethod.Get, $"/api/v1/schedules/{mark}", by: blind));
        Assert.Empty((await blind.GetFromJsonAsync<Page<ScheduleView>>("/api/v1/schedules", Cancelled))!.Items);
        using var viewer = await Server.ClientAsync(await Server.CreatePersonAsync(BuiltInRoles.Viewer));
        Assert.NotNull(await viewer.GetFromJsonAsync<ScheduleView>($"/api/v1/schedules/{mark}", Cancelled));
        Assert.Equal("permission-missing", await ProblemAsync(HttpMethod.Delete, $"/api/v1/schedules/{mark}", by: viewer));
        Assert.Equal("permission-missing", await ProblemAsync(HttpMethod.Post, $"/api/v1/schedules/{mark}/fire", by: viewer));
        await EndAsync(fleet);
    }
}
