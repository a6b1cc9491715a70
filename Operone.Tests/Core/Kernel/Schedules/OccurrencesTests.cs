using Operone.Core.Kernel.Schedules;
using Xunit;

namespace Operone.Tests.Core.Kernel.Schedules;

public sealed class OccurrencesTests
{
    private static readonly DateTimeOffset Noon = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);

    private static readonly ScheduleTimes Minutes = ScheduleTimes.Parse(new() { Cron = "* * * * *" }, Noon).Value;

    private static readonly ScheduleTimes Hours = ScheduleTimes.Parse(new() { Cron = "0 * * * *" }, Noon).Value;

    [Theory]
    [InlineData(MissedPolicy.Skip)]
    [InlineData(MissedPolicy.Once)]
    [InlineData(MissedPolicy.All)]
    public void Due_InTime_IsCarriedOutUnderEachPolicy(MissedPolicy policy)
    {
        var due = Occurrences.Due(Minutes, Noon, Noon.AddSeconds(3), policy);
        Assert.Equal([Noon], due.Fire);
        Assert.Equal((0, Noon.AddMinutes(1)), (due.Skipped, due.Next));
        Assert.Empty(Occurrences.Due(Minutes, Noon, Noon.AddSeconds(-1), policy).Fire);
    }

    [Fact]
    public void Downtime_OfHours_IsSkipped_MadeUpForOnce_OrWhole()
    {
        var now = Noon.AddHours(4).AddMinutes(30);
        var skip = Occurrences.Due(Hours, Noon, now, MissedPolicy.Skip);
        Assert.Equal((0, 5L, Noon.AddHours(5)), (skip.Fire.Count, skip.Skipped, skip.Next));
        var once = Occurrences.Due(Hours, Noon, now, MissedPolicy.Once);
        Assert.Equal([Noon.AddHours(4)], once.Fire);
        Assert.Equal(4, once.Skipped);
        var all = Occurrences.Due(Hours, Noon, now, MissedPolicy.All);
        Assert.Equal([Noon, Noon.AddHours(1), Noon.AddHours(2), Noon.AddHours(3), Noon.AddHours(4)], all.Fire);
        Assert.Equal(0, all.Skipped);
    }

    [Fact]
    public void Once_WhereOneIsDueJustNow_IsThatOneAlone()
    {
        var once = Occurrences.Due(Hours, Noon, Noon.AddHours(4).AddSeconds(5), MissedPolicy.Once);
        Assert.Equal([Noon.AddHours(4)], once.Fire);
        Assert.Equal(4, once.Skipped);
        Assert.Equal(5, Occurrences.Due(Hours, Noon, Noon.AddHours(4).AddSeconds(5), MissedPolicy.All).Fire.Count);
    }

    [Fact]
    public void Downtime_OfYears_OfAScheduleOfEachSecond_IsLookedAtInAMoment()
    {
        var seconds = ScheduleTimes.Parse(new() { Every = "1s" }, Noon).Value;
        var now = Noon.AddYears(3);
        var all = Occurrences.Due(seconds, Noon, now, MissedPolicy.All);
        Assert.Equal(Occurrences.MaxMissed + 61, all.Fire.Count);
        Assert.Equal(now, all.Fire[^1]);
        Assert.Equal(now.AddSeconds(1), all.Next);
        Assert.True(all.Skipped >= 99_000);
    }

    [Fact]
    public void Jitter_LongerThanTheInterval_LosesNone()
    {
        var due = Occurrences.Due(Minutes, Noon, Noon.AddMinutes(5), MissedPolicy.Skip, TimeSpan.FromMinutes(10));
        Assert.Equal((6, 0L), (due.Fire.Count, due.Skipped));
    }

    [Fact]
    public void Last_OccurrenceOfAll_LeavesNone()
    {
        var once = ScheduleTimes.Parse(new() { At = Noon }, Noon).Value;
        Assert.Equal(Noon, once.After(Noon.AddDays(-1)));
        Assert.Null(Occurrences.Due(once, Noon, Noon.AddSeconds(1), MissedPolicy.Skip).Next);
    }

    [Fact]
    public void Jitter_IsTheSameForTheSame_WithinItsBound_AndSpread()
    {
        var most = TimeSpan.FromMinutes(10);
        var found = Enumerable.Range(0, 1000).Select(i => Occurrences.Jitter(new Guid(i, 0, 0, new byte[8]), Noon, most)).ToList();
        Assert.Equal(found, Enumerable.Range(0, 1000).Select(i => Occurrences.Jitter(new Guid(i, 0, 0, new byte[8]), Noon, most)));
        Assert.All(found, j => Assert.InRange(j, TimeSpan.Zero, most));
        Assert.InRange(found.Average(j => j.TotalSeconds), 270, 330);
        Assert.Equal(TimeSpan.Zero, Occurrences.Jitter(Guid.NewGuid(), Noon, TimeSpan.Zero));
    }
}
