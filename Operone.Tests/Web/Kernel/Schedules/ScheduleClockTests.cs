using System.Net.Http.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Operone.Core.Events;
using Operone.Core.Kernel.Schedules;
using Operone.Tests.Hosting;
using Operone.Tests.Web.Access;
using Operone.Web.Events;
using Operone.Web.Kernel.Jobs;
using Operone.Web.Kernel.Jobs.Runs;
using Operone.Web.Kernel.Schedules;
using Operone.Web.Kernel.Schedules.Windows;
using Xunit;

namespace Operone.Tests.Web.Kernel.Schedules;

public sealed class ScheduleClockOnSqlite(SqliteFixture fixture) : ScheduleClockTests(fixture), IClassFixture<SqliteFixture>;

public sealed class ScheduleClockOnPostgres(PostgresFixture fixture) : ScheduleClockTests(fixture), IClassFixture<PostgresFixture>;

/// <summary>What the clock of schedules does where one of them cannot be read or has much to make up for: the others go on.</summary>
public abstract class ScheduleClockTests(ServerFixture fixture) : ScheduledTests(fixture)
{
    private const string Nowhere = "Nowhere/Land";

    [Fact]
    public async Task Schedule_InATimeZoneThatThisServerDoesNotKnow_IsTurnedOffAndSaysWhy_AndTheOthersGoOn()
    {
        var (mark, fleet) = await JobAsync("zone");
        await SaveAsync(new() { Name = mark, Job = mark, Calendar = "every day at 03:00", TimeZone = "Europe/Berlin" });
        await ChangeAsync(mark, s => s.Definition = s.Definition with { TimeZone = Nowhere });
        Assert.Empty((await ScheduleAsync(mark)).Following);

        await ChangeAsync(mark, s => s.DueAt = s.NextAt = DateTimeOffset.UtcNow.AddSeconds(-1));
        await SaveAsync(new() { Name = $"{mark}-other", Job = mark, Every = "1s" });
        await FiredAsync($"{mark}-other", 2);
        var off = await EventuallyAsync(async () => await ScheduleAsync(mark) is { Definition.Enabled: false } view ? view : null, "it is off");
        Assert.Contains($"there is no time zone '{Nowhere}'", off.LastOutcome, StringComparison.Ordinal);
        Assert.Empty(await FiringsAsync(mark));
        await Server.HappenedAsync(EventTypes.ScheduleFailed, mark);
        Assert.Equal("invalid-input", await ProblemAsync(HttpMethod.Post, $"/api/v1/schedules/{mark}/enable"));
        await Server.Owner.DoAsync(HttpMethod.Post, $"/api/v1/schedules/{mark}-other/disable");
        await EndAsync(fleet);
    }

    [Fact]
    public async Task Window_InATimeZoneThatThisServerDoesNotKnow_HoldsItsDevices_AndTheScheduleSaysWhy()
    {
        var (mark, fleet) = await JobAsync("shut");
        await using var held = await Server.ConnectAsync($"{mark}-held", new() { ["fleet"] = mark, ["held"] = mark });
        await SaveAsync(new() { Name = mark, Job = mark, Cron = "0 0 1 1 *" });
        await WindowAsync(new() { Name = mark, Selector = $"held={mark}", Calendar = "every day at 03:00", TimeZone = "Europe/Berlin", Duration = "1h" });
        await WindowAsync(new() { Name = $"{mark}-open", Selector = $"held={mark}", At = DateTimeOffset.UtcNow.AddMinutes(-1), Duration = "1h" });
        await using (var db = Server.OpenDatabase())
        {
            var window = await db.Set<MaintenanceWindow>().AsTracking().SingleAsync(w => w.Name == mark, Cancelled);
            window.Definition = window.Definition with { TimeZone = Nowhere };
            await db.SaveChangesAsync(Cancelled);
        }

        Assert.Null((await Server.Owner.GetFromJsonAsync<MaintenanceWindowView>($"/api/v1/maintenance-windows/{mark}", Cancelled))!.OpensAt);
        var fired = await FireAsync(mark);
        Assert.Equal($"{mark}-0", Assert.Single(await DevicesAsync(fired.JobRunId!.Value)).DeviceName);
        var outcome = (await ScheduleAsync(mark)).LastOutcome;
        Assert.Contains($"1 devices are outside their maintenance windows, and are left out this time: the maintenance window {mark} cannot be read here", outcome, StringComparison.Ordinal);
        Assert.Contains(Nowhere, outcome, StringComparison.Ordinal);
        await Server.Owner.DoAsync(HttpMethod.Delete, $"/api/v1/maintenance-windows/{mark}");
        Assert.Equal(2, (await JobRunAsync((await FireAsync(mark)).JobRunId!.Value)).Devices);
        await EndAsync(fleet);
    }

    [Fact]
    public async Task Schedules_WithMoreMissedTimesThanADatabaseTakesInOneQuestion_GoOn()
    {
        await using var server = await Fixture.StartAnotherAsync();
        var now = DateTimeOffset.UtcNow;
        await AddAsync(server, Enumerable.Range(0, 33).Select(i => Missed($"s{i}", Guid.NewGuid(), now.AddMilliseconds(-i))));
        await EventuallyAsync(async () =>
        {
            await using var db = server.OpenDatabase();
            return !await db.Set<Schedule>().AnyAsync(s => s.DueAt <= now, Cancelled);
        }, "they go on", 120);
        await using var after = server.OpenDatabase();
        Assert.True(await after.Set<Firing>().CountAsync(Cancelled) >= 33_000);
    }

    [Fact]
    public async Task Schedule_WithManyMissedTimes_KeepsNoOtherFromItsTime_AndStartsNoneOfThemOnceItIsOff()
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = await Fixture.StartAnotherAsync(
            configure: b => b.Host.ConfigureContainer<IServiceCollection>((_, all) => all.AddSingleton<IEvents>(services => new HeldUpEvents(services.GetRequiredService<EventLog>(), gate.Task))));
        using var content = new StringContent("name: job\ntarget: {all: true}\nsteps: [{command: x}]\n", System.Text.Encoding.UTF8, "application/yaml");
        (await server.Owner.PostAsync(new Uri("/api/v1/jobs/apply", UriKind.Relative), content, Cancelled)).EnsureSuccessStatusCode();
        await server.EnrollAsync("away");
        await using var db = server.OpenDatabase();
        var job = await db.Set<Job>().SingleAsync(Cancelled);
        var many = Missed("many", job.Id, DateTimeOffset.UtcNow);
        await AddAsync(server, [many]);
        await EventuallyAsync(() => db.Set<Firing>().AnyAsync(f => f.FiredAt != null, Cancelled), "whoever starts jobs is held up", 60);

        var other = await server.Owner.SendAsync<SavedSchedule>(HttpMethod.Post, "/api/v1/schedules", new SaveSchedule { Name = "other", Job = "job", At = DateTimeOffset.UtcNow.AddSeconds(1) });
        await EventuallyAsync(() => db.Set<Firing>().AnyAsync(f => f.ScheduleId == other.Schedule.Id, Cancelled), "the other one fires", 30);
        await server.Owner.DoAsync(HttpMethod.Post, "/api/v1/schedules/many/disable");
        gate.SetResult();
        await EventuallyAsync(() => db.Set<Firing>().AnyAsync(f => f.ScheduleId == other.Schedule.Id && f.FiredAt != null, Cancelled), "the other one is started", 60);
        await EventuallyAsync(async () => !await db.Set<Firing>().AnyAsync(f => f.FiredAt == null, Cancelled), "nothing is left", 60);
        Assert.InRange(await db.Set<JobRun>().CountAsync(r => r.Cause == "schedule many", Cancelled), 1, 8);
    }

    private async Task ChangeAsync(string name, Action<Schedule> change)
    {
        await using var db = Server.OpenDatabase();
        change(await db.Set<Schedule>().AsTracking().SingleAsync(s => s.Name == name, Cancelled));
        await db.SaveChangesAsync(Cancelled);
        Server.Services.GetRequiredService<LiveChanges>().Signal(LiveChanges.Schedules);
    }

    private static async Task AddAsync(OperoneServer server, IEnumerable<Schedule> schedules)
    {
        await using var db = server.OpenDatabase();
        db.AddRange(schedules);
        await db.SaveChangesAsync(Cancelled);
        server.Services.GetRequiredService<LiveChanges>().Signal(LiveChanges.Schedules);
    }

    /// <summary>A schedule of each second, each of which is made up for, after eighteen minutes away.</summary>
    private static Schedule Missed(string name, Guid jobId, DateTimeOffset now) => new()
    {
        Id = Guid.CreateVersion7(),
        Name = name,
        NormalizedName = name.ToUpperInvariant(),
        Definition = new() { Name = name, Job = "job", Every = "1s", Missed = MissedPolicy.All },
        JobId = jobId,
        OwnerName = "operone",
        CreatedAt = now.AddDays(-1),
        UpdatedAt = now.AddDays(-1),
        IsEnabled = true,
        NextAt = now.AddMinutes(-18),
        DueAt = now.AddMinutes(-18),
    };

    /// <summary>Events of which those that tell of schedules are taken late.</summary>
    private sealed class HeldUpEvents(EventLog log, Task gate) : IEvents
    {
        public async ValueTask PublishAsync(OperoneEvent happened, CancellationToken cancellationToken = default)
        {
            if (happened.Type is EventTypes.ScheduleFired or EventTypes.ScheduleFailed)
            {
                await gate.WaitAsync(cancellationToken);
            }

            await log.PublishAsync(happened, cancellationToken);
        }
    }
}
