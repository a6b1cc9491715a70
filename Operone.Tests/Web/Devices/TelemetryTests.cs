using System.Net.Http.Json;
using Microsoft.EntityFrameworkCore;
using Operone.Core.Devices;
using Operone.Tests.Hosting;
using Operone.Web.Devices;
using Xunit;

namespace Operone.Tests.Web.Devices;

public abstract class TelemetryTests(ServerFixture fixture) : ServerTests(fixture)
{
    [Fact]
    public async Task Sample_Reported_IsRead()
    {
        await using var agent = await Server.ConnectAsync("measured");
        var at = DateTimeOffset.UtcNow;
        await agent.ReportTelemetryAsync(Sample(at, 42));
        var series = await EventuallyAsync(async () => await ReadAsync(agent, "") is { Items.Count: > 0 } s ? s : null, "a sample");
        Assert.Equal(TelemetryResolution.Sample, series.Resolution);
        var read = Assert.Single(series.Items);
        Assert.Equal(42, read.CpuPercent);
        Assert.Equal(at.UtcTicks / 10, read.At.UtcTicks / 10);
        Assert.Equal("/", Assert.Single(read.Disks).Mount);
    }

    [Fact]
    public async Task Sample_OfADeviceWhoseClockIsWrong_GetsTheServersTime()
    {
        await using var agent = await Server.ConnectAsync("wrong-clock");
        await agent.ReportTelemetryAsync(Sample(DateTimeOffset.UtcNow.AddYears(-10), 1));
        var series = await EventuallyAsync(async () => await ReadAsync(agent, "") is { Items.Count: > 0 } s ? s : null, "a sample");
        Assert.InRange(series.Items[0].At, DateTimeOffset.UtcNow.AddMinutes(-1), DateTimeOffset.UtcNow);
    }

    [Fact]
    public async Task Upkeep_RollsMinutesUpAndDeletesWhatIsOld()
    {
        await using var agent = await Server.EnrollAsync("rolled-up");
        var now = DateTimeOffset.UtcNow;
        var minute = new DateTimeOffset(now.Year, now.Month, now.Day, now.Hour, now.Minute, 0, TimeSpan.Zero).AddMinutes(-90);
        await using (var db = Server.OpenDatabase())
        {
            db.AddRange(
                Record(agent, minute, 10), Record(agent, minute.AddSeconds(10), 20), Record(agent, minute.AddSeconds(50), 60),
                Record(agent, minute.AddMinutes(40), 5), Record(agent, minute.AddMinutes(40).AddSeconds(1), 7),
                Record(agent, now, 99));
            db.Add(new TelemetryMinute { DeviceId = agent.Id, At = now.AddDays(-8), Sample = Sample(now.AddDays(-8), 1) });
            await db.SaveChangesAsync(Cancelled);
        }

        await RollUpAsync();
        await RollUpAsync();
        var series = await ReadAsync(agent, $"?from={Uri.EscapeDataString(now.AddDays(-10).ToString("O"))}");
        Assert.Equal(TelemetryResolution.Minute, series.Resolution);
        Assert.Equal([30d, 6d], series.Items.Select(s => s.CpuPercent));
        Assert.Equal([minute, minute.AddMinutes(40)], series.Items.Select(s => s.At));
        await using var after = Server.OpenDatabase();
        Assert.Equal(3, await after.Set<TelemetryRecord>().CountAsync(t => t.DeviceId == agent.Id, Cancelled));
    }

    [Theory]
    [InlineData("?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "from")]
    [InlineData("?from=yesterday", "from")]
    public async Task Read_WithABadRange_NamesIt(string query, string field)
    {
        await using var agent = await Server.EnrollAsync("bad-range");
        using var response = await Server.Owner.GetAsync($"/api/v1/devices/{agent.Id}/telemetry{query}", Cancelled);
        Assert.Equal([field], (await OperoneServer.ReadProblemAsync(response)).Errors!.Keys);
    }

    /// <summary>The node does the same each minute: whoever comes second with a minute finds it done, and goes on behind it.</summary>
    private Task RollUpAsync() => EventuallyAsync(async () =>
    {
        try
        {
            await Server.RunJobAsync("telemetry");
            return true;
        }
        catch (DbUpdateException)
        {
            return false;
        }
    }, "the means of the minutes", 60);

    private async Task<TelemetrySeries> ReadAsync(FakeAgent agent, string query) =>
        (await Server.Owner.GetFromJsonAsync<TelemetrySeries>($"/api/v1/devices/{agent.Id}/telemetry{query}", Cancelled))!;

    private static TelemetryRecord Record(FakeAgent agent, DateTimeOffset at, double cpu) => new() { DeviceId = agent.Id, At = at, Sample = Sample(at, cpu) };

    private static TelemetrySample Sample(DateTimeOffset at, double cpu) => new()
    {
        At = at,
        CpuPercent = cpu,
        MemoryUsedBytes = 1 << 20,
        MemoryTotalBytes = 1 << 21,
        Processes = 3,
        Disks = [new("/", 5, 10)],
    };
}

public sealed class TelemetryOnSqlite(SqliteFixture fixture) : TelemetryTests(fixture), IClassFixture<SqliteFixture>;

public sealed class TelemetryOnPostgres(PostgresFixture fixture) : TelemetryTests(fixture), IClassFixture<PostgresFixture>;
