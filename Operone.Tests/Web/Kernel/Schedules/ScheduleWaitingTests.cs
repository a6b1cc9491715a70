using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Operone.Core.Kernel.Jobs;
using Operone.Core.Kernel.Schedules;
using Operone.Tests.Hosting;
using Operone.Tests.Web.Access;
using Operone.Web.Kernel.Jobs.Runs;
using Operone.Web.Kernel.Schedules;
using Xunit;

namespace Operone.Tests.Web.Kernel.Schedules;

public sealed class ScheduleWaitingOnSqlite(SqliteFixture fixture) : ScheduleWaitingTests(fixture), IClassFixture<SqliteFixture>;

public sealed class ScheduleWaitingOnPostgres(PostgresFixture fixture) : ScheduleWaitingTests(fixture), IClassFixture<PostgresFixture>;

/// <summary>What schedules have fired that waits: for windows, for another part of the same, for another node.</summary>
public abstract class ScheduleWaitingTests(ServerFixture fixture) : ScheduledTests(fixture)
{
    private static DateTimeOffset Now => DateTimeOffset.UtcNow;

    [Theory]
    [InlineData("replace")]
    [InlineData("forbid")]
    public async Task Job_ThatRunsOnceAtATime_DoesTheDevicesOfALaterWindow_WhenThoseOfTheFirstAreDone(string concurrency)
    {
        var mark = Mark(concurrency);
        await using var web = await Server.ConnectAsync($"{mark}-web", new() { ["fleet"] = mark, ["part"] = $"{mark}-web" });
        await using var db = await Server.ConnectAsync($"{mark}-db", new() { ["fleet"] = mark, ["part"] = $"{mark}-db" });
        db.OnStart = start => db.ReportAsync(Report(start.ExecutionId, Succeeded()));
        await ApplyAsync($"name: {mark}\ntarget: {{selector: fleet={mark}}}\nconcurrency: {concurrency}\nsteps: [{{command: x}}]\n");
        await SaveAsync(new() { Name = mark, Job = mark, Cron = "0 0 1 1 *" });
        var (first, second) = (Window($"{mark}-web", 1), Window($"{mark}-db", 2));
        await WindowAsync(first);
        await WindowAsync(second);
        await FireAsync(mark);
        Assert.Equal(2, (await FiringsAsync(mark)).Count(f => f.FiredAt is null));

        await MoveAsync(first, Now.AddMinutes(-1));
        var start = await StartedAsync(web);
        await EventuallyAsync(async () => (await FiringsAsync(mark)).Any(f => f.JobRunId is not null), "the first is told of", 60);
        await MoveAsync(second, Now.AddMinutes(-1));
        await EventuallyAsync(
            () => WaitingAsync(mark, f => f.ClaimedUntil > Now && f.ClaimedUntil < Now + ScheduleStarts.Again + TimeSpan.FromSeconds(5)), "the second is looked at, and waits", 60);
        Assert.False(db.Starts.Reader.TryRead(out _));
        Assert.False(web.Cancels.Reader.TryRead(out _));

        await web.ReportAsync(Report(start.ExecutionId, Succeeded()));
        var runs = await EventuallyAsync(async () => await RunsAsync(mark) is [{ Status: JobRunStatus.Succeeded }, { Status: JobRunStatus.Succeeded }] both ? both : null, "both have run", 90);
        Assert.All(runs, r => Assert.Null(r.CancelledAt));
    }

    [Theory]
    [InlineData("forbid")]
    [InlineData("replace")]
    public async Task Job_ThatRunsOnceAtATime_DoesBothOfWhatBecomesDueTogether(string concurrency)
    {
        var mark = Mark($"{concurrency}2");
        var fleet = await FleetAsync(mark, 1);
        await ApplyAsync($"name: {mark}\ntarget: {{selector: fleet={mark}}}\nparameters: [{{name: branch}}]\nconcurrency: {concurrency}\nsteps: [{{command: x}}]\n");
        var path = (await SaveAsync(new() { Name = mark, Job = mark, On = new() { Webhook = true } })).WebhookPath!;
        var window = Window(mark, 1, $"fleet={mark}");
        await WindowAsync(window);
        foreach (var branch in (string[])["one", "two"])
        {
            using var posted = await Server.Owner.PostAsync(path, new StringContent($"{{\"parameters\": {{\"branch\": \"{branch}\"}}}}", System.Text.Encoding.UTF8, "application/json"), Cancelled);
            Assert.Equal(System.Net.HttpStatusCode.Accepted, posted.StatusCode);
        }

        await EventuallyAsync(async () => (await FiringsAsync(mark)).Count(f => f.FiredAt is null) == 2, "both wait");
        await MoveAsync(window, Now.AddMinutes(-1));
        var runs = await EventuallyAsync(async () => await RunsAsync(mark) is [{ Status: JobRunStatus.Succeeded }, { Status: JobRunStatus.Succeeded }] both ? both : null, "both have run", 120);
        Assert.All(runs, r => Assert.Null(r.CancelledAt));
        Assert.Equal(["one", "two"], runs.Select(r => r.Parameters["branch"]).Order());
        await EndAsync(fleet);
    }

    [Fact]
    public async Task Schedule_ThatIsTurnedOffAndOn_DoesNotDoWhatWaited()
    {
        var (mark, fleet) = await JobAsync("offon");
        await SaveAsync(new() { Name = mark, Job = mark, Cron = "0 0 1 1 *" });
        await WindowAsync(Window(mark, 1, $"fleet={mark}"));
        await FireAsync(mark);
        Assert.Single(await FiringsAsync(mark), f => f.FiredAt is null);
        await Server.Owner.DoAsync(HttpMethod.Post, $"/api/v1/schedules/{mark}/disable");
        await Server.Owner.DoAsync(HttpMethod.Post, $"/api/v1/schedules/{mark}/enable");
        Assert.DoesNotContain(await FiringsAsync(mark), f => f.FiredAt is null);

        // one that is off fires where somebody says so
        await Server.Owner.DoAsync(HttpMethod.Post, $"/api/v1/schedules/{mark}/disable");
        await Server.Owner.DoAsync(HttpMethod.Delete, $"/api/v1/maintenance-windows/{mark}");
        Assert.NotNull((await FireAsync(mark)).JobRunId);
        await EndAsync(fleet);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Firings_AtTheSameTime_WaitForAWindowAsOne(int free)
    {
        var mark = Mark($"same{free}");
        var fleet = await FleetAsync(mark, free);
        await using var held = await Server.ConnectAsync($"{mark}-held", new() { ["fleet"] = mark, ["part"] = mark });
        await ApplyAsync($"name: {mark}\ntarget: {{selector: fleet={mark}}}\nsteps: [{{command: x}}]\n");
        await SaveAsync(new() { Name = mark, Job = mark, Cron = "0 0 1 1 *" });
        await WindowAsync(Window(mark, 1));
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => FireAsync(mark)));
        Assert.Single(await FiringsAsync(mark), f => f.FiredAt is null);
        await EndAsync(fleet);
    }

    [Fact]
    public async Task Firing_ThatAnotherNodeHasCarriedOut_IsNotCarriedOutAgain()
    {
        var (mark, fleet) = await JobAsync("taken");
        var schedule = (await SaveAsync(new() { Name = mark, Job = mark, Cron = "0 0 1 1 *" })).Schedule;
        var taken = Firing(schedule.Id);
        await using (var db = Server.OpenDatabase())
        {
            db.Add(taken);
            await db.SaveChangesAsync(Cancelled);
            await db.Set<Firing>().Where(f => f.Id == taken.Id).ExecuteUpdateAsync(f => f.SetProperty(x => x.FiredAt, Now).SetProperty(x => x.Problem, "by another"), Cancelled);
        }

        Assert.Equal("by another", (await Server.Services.GetRequiredService<ScheduleStarts>().CarryOutAsync(taken, Cancelled)).Problem);
        Assert.Empty(await RunsAsync(mark));
        await EndAsync(fleet);
    }

    private static Firing Firing(Guid scheduleId) => new()
    {
        Id = Guid.CreateVersion7(),
        ScheduleId = scheduleId,
        Key = "at:1",
        At = Now,
        Cause = "schedule",
        JobRunId = Guid.CreateVersion7(),
        ClaimedUntil = Now.AddMinutes(2),
    };

    private static SaveMaintenanceWindow Window(string name, int hours, string? selector = null) =>
        new() { Name = name, Selector = selector ?? $"part={name}", At = Now.AddHours(hours), Duration = "1h" };

    private async Task<bool> WaitingAsync(string schedule, Func<Firing, bool> isWanted)
    {
        await using var db = Server.OpenDatabase();
        return (await db.Set<Firing>().Where(f => f.FiredAt == null && db.Set<Schedule>().Any(s => s.Id == f.ScheduleId && s.Name == schedule)).ToListAsync(Cancelled)).Any(isWanted);
    }

    private async Task<List<JobRun>> RunsAsync(string job)
    {
        await using var db = Server.OpenDatabase();
        return await db.Set<JobRun>().Where(r => r.JobName == job).ToListAsync(Cancelled);
    }
}
