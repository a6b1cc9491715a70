using Microsoft.Extensions.Time.Testing;
using Operone.Agent.Shell.Host.Care;
using Operone.Core.Shell;
using Operone.Tests.Agent.Hosting;
using Xunit;

namespace Operone.Tests.Agent.Shell;

/// <summary>What a host goes by, with a clock that the test turns.</summary>
public sealed class CareTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly TempFolder _temp = new();
    private readonly List<FakeProbe> _probes = [];

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void Failures_OfASlowStart_DoNotCountUntilTheFirstSuccess()
    {
        var watch = Watch(new() { Argv = ["x"], IntervalSeconds = 10, Failures = 2, StartSeconds = 30 });
        for (var i = 0; i < 5; i++)
        {
            Answer(watch, 1, "not yet");
        }

        Assert.Equal((HealthState.Unknown, "not yet"), (watch.State, watch.Problem));
        Answer(watch, 1, null);
        Assert.Equal(HealthState.Healthy, watch.State);

        // 7 s after the start, and yet they count: it has been well before
        Answer(watch, 10, "broken");
        Assert.Equal(HealthState.Healthy, watch.State);
        Answer(watch, 10, null);
        Answer(watch, 10, "broken");
        Answer(watch, 10, "broken");
        Assert.Equal(HealthState.Unhealthy, watch.State);
    }

    [Fact]
    public void Check_ThatHangsAndStaysThere_FailsAgainAndAgainAndIsNotJoinedByAnother()
    {
        var watch = Watch(new() { Argv = ["x"], IntervalSeconds = 1, TimeoutSeconds = 3, Failures = 3, StartSeconds = 0 });
        Pass(watch, 1);
        Pass(watch, 2.9);
        Assert.False(_probes.Single().IsAbandoned);
        Pass(watch, 0.2);
        Assert.True(_probes.Single().IsAbandoned);
        Pass(watch, 1);
        Assert.Equal(HealthState.Unknown, watch.State);
        Pass(watch, 1);
        Assert.Equal(HealthState.Unhealthy, watch.State);
        Assert.Single(_probes);

        // what it says when it is gone at last is about another time
        _probes[0].Result = new ProbeResult(null);
        Pass(watch, 0.5);
        Assert.Equal(HealthState.Unhealthy, watch.State);
        Pass(watch, 0.6);
        Assert.Equal(2, _probes.Count);
    }

    [Fact]
    public void Lease_IsOverWhenTheFileHasNotChangedForIt()
    {
        var file = _temp["heard"];
        var lease = new LeaseWatch(file, 10, null, () => TimeSpan.FromTicks(_time.GetTimestamp()), _time);
        Assert.False(lease.HasHeard);
        for (var i = 0; i < 5; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(9));
            File.WriteAllText(file, "");
            File.SetLastWriteTimeUtc(file, DateTime.UnixEpoch.AddDays(-i)); // what time it says does not matter
            lease.Step();
            Assert.Equal((true, false), (lease.HasHeard, lease.IsOver));
        }

        _time.Advance(TimeSpan.FromSeconds(9.5));
        lease.Step();
        Assert.False(lease.IsOver);
        _time.Advance(TimeSpan.FromSeconds(1));
        lease.Step();
        Assert.True(lease.IsOver);
    }

    [Fact]
    public void Lease_OfAFirstStart_TakesWhatWasHeardSinceTheRequest()
    {
        var now = _time.GetUtcNow().UtcDateTime;
        Assert.True(Heard(since: now.AddSeconds(-3), touched: now.AddSeconds(-3)));
        Assert.False(Heard(since: now.AddSeconds(-2), touched: now.AddSeconds(-3)));
        Assert.False(Heard(since: null, touched: now));

        // not a moment ago any more; by another clock; before this boot
        Assert.False(Heard(since: now.AddSeconds(-60), touched: now.AddSeconds(-6)));
        Assert.False(Heard(since: now.AddSeconds(-60), touched: now.AddSeconds(1)));
        Assert.False(Heard(since: now.AddSeconds(-60), touched: now.AddSeconds(-3), up: 2));
    }

    [Fact]
    public void Lease_OfAFirstStart_CountsFromWhenTheServerWasHeard()
    {
        var up = 1000.0;
        var now = _time.GetUtcNow().UtcDateTime;
        var file = _temp["heard"];
        File.WriteAllText(file, "");
        File.SetLastWriteTimeUtc(file, now.AddSeconds(-4));
        var lease = new LeaseWatch(file, 10, now.AddSeconds(-60), () => TimeSpan.FromSeconds(up), _time);
        up += 5.9;
        _time.Advance(TimeSpan.FromSeconds(5.9));
        lease.Step();
        Assert.Equal((true, false), (lease.HasHeard, lease.IsOver));
        up += 1;
        _time.Advance(TimeSpan.FromSeconds(1));
        lease.Step();
        Assert.True(lease.IsOver);
    }

    [Fact]
    public void Start_ThatHangsAfterItWasWell_HasLastedForAsLongAsItWas()
    {
        var watch = Watch(new HealthCheck { Argv = ["check"], IntervalSeconds = 10, TimeoutSeconds = 5, Failures = 3, StartSeconds = 30 });
        Assert.False(watch.IsWell);
        Answer(watch, 1, null);
        Assert.True(watch.IsWell);
        Answer(watch, 10, "500");
        Assert.Equal((HealthState.Healthy, false), (watch.State, watch.IsWell));
    }

    private bool Heard(DateTime? since, DateTime touched, double up = 1000)
    {
        var file = _temp["heard"];
        File.WriteAllText(file, "");
        File.SetLastWriteTimeUtc(file, touched);
        return new LeaseWatch(file, 10, since, () => TimeSpan.FromSeconds(up), _time).HasHeard;
    }

    private HealthWatch Watch(HealthCheck check)
    {
        var watch = new HealthWatch(check, NewProbe, _time);
        watch.Begin();
        return watch;
    }

    private FakeProbe NewProbe()
    {
        var probe = new FakeProbe();
        _probes.Add(probe);
        return probe;
    }

    private void Pass(HealthWatch watch, double seconds)
    {
        _time.Advance(TimeSpan.FromSeconds(seconds));
        watch.Step();
    }

    private void Answer(HealthWatch watch, double seconds, string? problem)
    {
        var before = _probes.Count;
        Pass(watch, seconds);
        Assert.Equal(before + 1, _probes.Count);
        _probes[^1].Result = new ProbeResult(problem);
        watch.Step();
    }

    private sealed class FakeProbe : IProbe
    {
        public ProbeResult? Result { get; set; }

        public bool IsAbandoned { get; private set; }

        public void Abandon() => IsAbandoned = true;
    }
}
