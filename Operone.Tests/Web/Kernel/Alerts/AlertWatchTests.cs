using System.Diagnostics;
using Operone.Core.Kernel.Alerts;
using Operone.Web.Access;
using Operone.Web.Devices;
using Operone.Web.Kernel.Alerts;
using Xunit;

namespace Operone.Tests.Web.Kernel.Alerts;

/// <summary>One look at everything, without a database.</summary>
public sealed class AlertWatchTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 26, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Look_At5000DevicesBy50Rules_TakesLittle_AndLooksAtWhatIsNewAlone()
    {
        var directory = new DeviceDirectory();
        var devices = Enumerable.Range(0, 5000).Select(i => new DeviceEntry(Guid.NewGuid(), $"d{i}", new Dictionary<string, string>())).ToArray();
        foreach (var device in devices)
        {
            directory.Put(device);
            directory.Connected(device.Id, new("c", 1));
        }

        var watch = new AlertWatch(directory, Now);
        watch.Take([.. Enumerable.Range(0, 50).Select(i => Rule(i % 10 == 0 ? new() { Name = $"r{i}", Offline = true } : new() { Name = $"r{i}", Telemetry = new() { Metric = AlertMetric.Cpu, Over = 90 } }, devices))], [], []);
        var times = new List<double>();
        for (var round = 0; round < 12; round++)
        {
            var now = Now.AddSeconds(2 * round);
            var latest = devices.ToDictionary(d => d.Id, d => new DeviceReading(new() { CpuPercent = 50 }, now));
            var began = Stopwatch.GetTimestamp();
            var look = watch.Look(latest, now);
            watch.Done(look, []);
            times.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            Assert.Empty(look.Changes);
            Assert.Empty(watch.Look(latest, now).Changes);
        }

        times.Sort();
        TestContext.Current.TestOutputHelper?.WriteLine($"a look at 5,000 devices by 50 rules: median {times[6]:0.0} ms, slowest {times[^1]:0.0} ms");

        // of the two seconds between two looks; a machine that does other things meanwhile is given room
        Assert.True(times[6] < 1000, $"median {times[6]} ms");
    }

    [Fact]
    public async Task Device_ThatIsOffline_CountsAfterTheGraceAlone_FromWhenItWasSeenLast()
    {
        var directory = new DeviceDirectory();
        var device = new DeviceEntry(Guid.NewGuid(), "web-1", new Dictionary<string, string>());
        directory.Put(device);
        var watch = new AlertWatch(directory, Now.AddSeconds(90));
        watch.Take([Rule(new() { Name = "gone", Offline = true, For = "1m" }, [device])], [], []);
        await watch.NoteAwayAsync(_ => Task.FromResult(new Dictionary<Guid, DateTimeOffset> { [device.Id] = Now.AddHours(-1) }));
        Assert.Empty(watch.Look(new Dictionary<Guid, DeviceReading>(), Now.AddSeconds(89)).Changes);
        var change = Assert.Single(watch.Look(new Dictionary<Guid, DeviceReading>(), Now.AddSeconds(90)).Changes);
        Assert.Equal((AlertState.Firing, Now.AddHours(-1), AlertNews.Raised), (change.Step.Standing!.State, change.Step.Standing.Since, change.Step.News));

        // what is stored of when it was seen may be older than what was seen here
        directory.Connected(device.Id, new("c", 1));
        watch.Look(new Dictionary<Guid, DeviceReading>(), Now.AddSeconds(200));
        directory.Disconnected(device.Id, "c");
        await watch.NoteAwayAsync(_ => Task.FromResult(new Dictionary<Guid, DateTimeOffset> { [device.Id] = Now }));
        var pending = Assert.Single(watch.Look(new Dictionary<Guid, DeviceReading>(), Now.AddSeconds(201)).Changes);
        Assert.Equal((AlertState.Pending, Now.AddSeconds(200)), (pending.Step.Standing!.State, pending.Step.Standing.Since));
    }

    private static WatchedRule Rule(SaveAlertRule definition, DeviceEntry[] devices) => new(
        new() { Id = Guid.NewGuid(), Name = definition.Name!, NormalizedName = "", Definition = definition, OwnerName = "", CreatedAt = Now, UpdatedAt = Now }, Actor.System, AlertRules.TimesOf(definition), devices);
}
