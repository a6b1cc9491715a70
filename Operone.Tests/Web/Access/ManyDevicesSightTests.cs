using System.Diagnostics;
using System.Net.Http.Json;
using Microsoft.Extensions.DependencyInjection;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Devices;
using Operone.Core.Events;
using Operone.Core.Shell;
using Operone.Tests.Hosting;
using Operone.Web.Devices;
using Operone.Web.Events;
using Operone.Web.Shell;
using Xunit;

namespace Operone.Tests.Web.Access;

public sealed class ManyDevicesSightOnSqlite(SqliteFixture fixture) : ManyDevicesSightTests(fixture), IClassFixture<SqliteFixture>;

public sealed class ManyDevicesSightOnPostgres(PostgresFixture fixture) : ManyDevicesSightTests(fixture), IClassFixture<PostgresFixture>;

/// <summary>5,000 devices, 2,000 runs and 20,000 events, half of which are for somebody: what they see is right, and comes soon.</summary>
public abstract class ManyDevicesSightTests(ServerFixture fixture) : ServerTests(fixture)
{
    private const int Count = 5000;
    private const int RunCount = 2000;

    // What is held here is that nothing grows with the square of anything, on a machine that does much else; bench.sh has the figures.
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Lists_OverThousandsOfDevices_AreRightAndComeSoon()
    {
        var devices = await FillAsync();
        var person = await Server.CreatePersonAsync(BuiltInRoles.Operator, "half=yes");
        await Server.GrantAsync(person, BuiltInRoles.Operator, "rack=r3", GrantEffect.Deny);
        using var client = await Server.ClientAsync(person);
        var mine = devices.Where(d => d.Labels["half"] == "yes" && d.Labels["rack"] != "r3").Select(d => d.Id).ToHashSet();
        Assert.InRange(mine.Count, 2000, 2500);

        var names = new List<string>();
        string? cursor = null;
        await SoonAsync("all pages of devices", async () =>
        {
            do
            {
                var page = (await client.GetFromJsonAsync<Page<DeviceView>>($"/api/v1/devices?limit=500&cursor={cursor}", Cancelled))!;
                Assert.All(page.Items, d => Assert.Contains(d.Id, mine));
                names.AddRange(page.Items.Select(d => d.Name));
                cursor = page.NextCursor;
            }
            while (cursor is not null);
        });
        Assert.Equal(mine.Count, names.Distinct().Count());

        foreach (var query in (string[])["", "status=succeeded", "status=failed", "status=running", $"device={names[0]}"])
        {
            await SoonAsync($"runs {query}", async () =>
            {
                var page = (await client.GetFromJsonAsync<Page<RunView>>($"/api/v1/runs?limit=100&{query}", Cancelled))!;
                Assert.Equal(query == "status=running" ? 0 : query.StartsWith("device", StringComparison.Ordinal) ? 1 : 100, page.Items.Count);
                // Each run was on one of theirs and on one that is not.
                Assert.All(page.Items, r => Assert.Equal(1, r.Counts.Values.Sum()));
            });
        }

        await SoonAsync("events", async () =>
        {
            var page = (await client.GetFromJsonAsync<Page<EventView>>("/api/v1/events?limit=500", Cancelled))!;
            Assert.Equal(500, page.Items.Count);
            Assert.All(page.Items.Where(e => e.Data.DeviceId is not null), e => Assert.Contains(e.Data.DeviceId!.Value, mine));
        });

        await SoonAsync("a run on all that they may", async () =>
        {
            using var made = await client.PostAsJsonAsync("/api/v1/runs", new { command = "true", target = new { all = true, onlyPermitted = true } }, Cancelled);
            Assert.Equal(mine.Count, (await made.Content.ReadFromJsonAsync<RunView>(Cancelled))!.Executions!.Count);
        });
        var run = (await client.GetFromJsonAsync<Page<RunView>>("/api/v1/runs?limit=1", Cancelled))!.Items[0];
        await SoonAsync("that run", async () => Assert.Equal(
            mine.Count, (await client.GetFromJsonAsync<RunView>($"/api/v1/runs/{run.Id}", Cancelled))!.Executions!.Count));
    }

    private async Task<List<Device>> FillAsync()
    {
        var now = DateTimeOffset.UtcNow.AddMinutes(-10);
        var devices = Enumerable.Range(0, Count).Select(i => new Device
        {
            Id = Guid.CreateVersion7(now),
            Name = $"many-{i:0000}",
            NormalizedName = $"MANY-{i:0000}",
            Labels = new Dictionary<string, string> { ["half"] = i % 2 == 0 ? "yes" : "no", ["rack"] = $"r{i / 2 % 20}" },
            PublicKey = Guid.NewGuid().ToByteArray(),
            EnrolledAt = now,
            EnrolledWith = Guid.Empty,
        }).ToList();
        await using var db = Server.OpenDatabase();
        db.AddRange(devices);
        for (var i = 0; i < RunCount; i++)
        {
            var run = new Run
            {
                Id = Guid.CreateVersion7(now.AddSeconds(i * 0.1)),
                Status = RunStatus.Failed,
                Request = new() { Command = "true", Target = new(All: true) },
                Summary = "true",
                CreatedBy = "test",
                CreatedAt = now,
                ExpiresAt = now,
                EndedAt = now,
            };
            db.Add(run);
            foreach (var (device, status) in new[] { (devices[i * 2], i % 2 == 0 ? ExecutionStatus.Succeeded : ExecutionStatus.Failed), (devices[(i * 2) + 1], ExecutionStatus.Failed) })
            {
                db.Add(new Execution { Id = Guid.CreateVersion7(now), RunId = run.Id, DeviceId = device.Id, DeviceName = device.Name, Status = status, EndedAt = now });
            }

            db.Add(new EventEntry { Id = Guid.CreateVersion7(now.AddSeconds(i * 0.1)), At = now, Type = EventTypes.RunCreated, RunId = run.Id });
            for (var j = 0; j < 9; j++)
            {
                db.Add(new EventEntry { Id = Guid.CreateVersion7(now.AddSeconds(i * 0.1)), At = now, Type = EventTypes.DeviceConnected, DeviceId = devices[((i * 9) + j) % Count].Id });
            }
        }

        await db.SaveChangesAsync(Cancelled);
        var directory = Server.Services.GetRequiredService<DeviceDirectory>();
        foreach (var device in devices)
        {
            directory.Put(device.ToEntry());
        }

        return devices;
    }

    private static async Task SoonAsync(string what, Func<Task> act)
    {
        var began = Stopwatch.GetTimestamp();
        await act();
        var took = Stopwatch.GetElapsedTime(began);
        TestContext.Current.TestOutputHelper?.WriteLine($"{what}: {took.TotalMilliseconds:0} ms");
        Assert.True(took < Soon, $"{what} took {took.TotalSeconds:0.0} s");
    }
}
