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
    public void Jitter_LongerThanTheInterval_LosesNone_AndFiresThemOneByOne()
    {
        var (most, id, fired) = (TimeSpan.FromMinutes(10), new Guid(1, 2, 3, new byte[8]), new List<DateTimeOffset>());
        for (DateTimeOffset? next = Noon; fired.Count < 100;)
        {
            var now = Occurrences.DueAt(Minutes, id, next!.Value, most);
            Assert.InRange(now, next.Value, next.Value.AddMinutes(1));
            Assert.Empty(Occurrences.Due(Minutes, next.Value, now.AddMilliseconds(-1), MissedPolicy.Skip, most, id).Fire);
            var due = Occurrences.Due(Minutes, next.Value, now, MissedPolicy.Skip, most, id);
            Assert.Equal((1, 0L), (due.Fire.Count, due.Skipped));
            fired.AddRange(due.Fire);
            next = due.Next;
        }

        Assert.Equal(Enumerable.Range(0, 100).Select(i => Noon.AddMinutes(i)), fired);
    }

    [Fact]
    public void Time_ThatIsLateByMoreThanItsOwnPartOfTheJitter_WasMissed()
    {
        var (most, id) = (TimeSpan.FromMinutes(50), new Guid(1, 2, 3, new byte[8]));
        var at = Occurrences.DueAt(Hours, id, Noon, most);
        Assert.InRange(at, Noon.AddMinutes(1), Noon.AddMinutes(45));
        Assert.Equal([Noon], Occurrences.Due(Hours, Noon, at.AddSeconds(59), MissedPolicy.Skip, most, id).Fire);
        var late = Occurrences.Due(Hours, Noon, at.AddMinutes(2), MissedPolicy.Skip, most, id);
        Assert.Equal((0, 1L), (late.Fire.Count, late.Skipped));
    }

    [Fact]
    public void Jitter_EndsWithTheSchedule_AndWithTheCalendar()
    {
        var ends = ScheduleTimes.Parse(new() { Cron = "0 * * * *", EndsAt = Noon.AddMinutes(10) }, Noon).Value;
        var last = ScheduleTimes.Parse(new() { At = DateTimeOffset.MaxValue.AddSeconds(-1) }, Noon).Value;
        foreach (var id in Enumerable.Range(0, 100).Select(i => new Guid(i, 0, 0, new byte[8])))
        {
            Assert.InRange(Occurrences.DueAt(ends, id, Noon, TimeSpan.FromHours(1)), Noon, Noon.AddMinutes(10));
            Assert.True(Occurrences.DueAt(last, id, DateTimeOffset.MaxValue.AddSeconds(-1), TimeSpan.FromDays(1)) <= DateTimeOffset.MaxValue);
        }
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
