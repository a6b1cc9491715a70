using System.Globalization;
using CsCheck;
using Operone.Core.Kernel.Schedules;
using Xunit;

namespace Operone.Tests.Core.Kernel.Schedules;

public sealed class ScheduleTimesTests
{
    private static readonly DateTimeOffset Made = At("2026-01-01T00:00:00Z");

    private static DateTimeOffset At(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);

    private static ScheduleTimes Times(ScheduleWhen when)
    {
        var times = ScheduleTimes.Parse(when, Made);
        Assert.Null(times.Error);
        return times.Value;
    }

    private static string[] Following(ScheduleWhen when, string from, int count) =>
        [.. Times(when).Following(At(from), count).Select(t => t.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture))];

    [Fact]
    public void Time_ThatTheClocksSkip_ComesRightBehindTheGap()
    {
        // 29 March 2026: 02:00 CET is 03:00 CEST
        var when = new ScheduleWhen { Cron = "30 2 * * *", TimeZone = "Europe/Berlin" };
        Assert.Equal(["2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"], Following(when, "2026-03-28T00:00:00Z", 3));
    }

    [Fact]
    public void Time_ThatComesTwice_CountsOnce()
    {
        // 25 October 2026: 03:00 CEST is 02:00 CET
        var when = new ScheduleWhen { Calendar = "every day at 02:30", TimeZone = "Europe/Berlin" };
        Assert.Equal(["2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"], Following(when, "2026-10-24T00:00:00Z", 3));
    }

    [Fact]
    public void Steps_GoThroughBothHoursAndOverTheGap()
    {
        var when = new ScheduleWhen { Calendar = "every 30 minutes", TimeZone = "Europe/Berlin" };
        Assert.Equal(
            ["2026-10-25T00:00:00Z", "2026-10-25T00:30:00Z", "2026-10-25T01:00:00Z", "2026-10-25T01:30:00Z", "2026-10-25T02:00:00Z"],
            Following(when, "2026-10-24T23:59:00Z", 5));
        Assert.Equal(["2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z"], Following(when, "2026-03-29T00:00:00Z", 3));
    }

    [Fact]
    public void Interval_IsCountedFromItsStart_WhateverTheClocksDo()
    {
        Assert.Equal(["2026-01-01T00:50:00Z", "2026-01-01T01:40:00Z"], Following(new() { Every = "50m" }, "2026-01-01T00:00:00Z", 2));
        var when = new ScheduleWhen { Every = "1d", StartsAt = At("2026-03-28T02:30:00+01:00"), TimeZone = "Europe/Berlin" };
        Assert.Equal(["2026-03-28T01:30:00Z", "2026-03-29T01:30:00Z", "2026-03-30T01:30:00Z"], Following(when, "2026-01-01T00:00:00Z", 3));
    }

    [Fact]
    public void Interval_LongAfterItsStart_NeverStandsStill()
    {
        var times = Times(new() { Every = "7s", StartsAt = At("1970-01-01T00:00:00Z") });
        var at = At("2026-05-01T00:00:00Z");
        for (var i = 0; i < 10_000; i++)
        {
            var next = times.After(at)!.Value;
            Assert.True(next > at && next - at <= TimeSpan.FromSeconds(7));
            at = next;
        }

        Assert.Equal(["startsAt"], ScheduleTimes.Parse(new() { Every = "7s", StartsAt = DateTimeOffset.MinValue }, Made).Error!.Fields!.Keys);
        Assert.Equal(["every"], ScheduleTimes.Parse(new() { Every = "1001ms" }, Made).Error!.Fields!.Keys);
    }

    [Fact]
    public void Start_AndEnd_BoundIt()
    {
        var when = new ScheduleWhen { Cron = "0 * * * *", StartsAt = At("2026-05-01T10:00:00Z"), EndsAt = At("2026-05-01T11:30:00Z") };
        Assert.Equal(["2026-05-01T10:00:00Z", "2026-05-01T11:00:00Z"], Following(when, "2026-01-01T00:00:00Z", 5));
        Assert.Equal(["2026-05-01T10:00:00Z"], Following(new() { At = At("2026-05-01T12:00:00+02:00") }, "2026-01-01T00:00:00Z", 5));
        Assert.Empty(Following(new() { At = At("2026-05-01T12:00:00+02:00") }, "2026-05-01T10:00:00Z", 5));
    }

    [Fact]
    public void Seconds_AndMacros_AreRead()
    {
        Assert.Equal(["2026-01-01T00:00:20Z", "2026-01-01T00:00:40Z"], Following(new() { Cron = "*/20 * * * * *" }, "2026-01-01T00:00:00Z", 2));
        Assert.Equal(["2026-01-02T00:00:00Z"], Following(new() { Cron = "@daily" }, "2026-01-01T00:00:00Z", 1));
    }

    [Fact]
    public void SeveralTimes_ComeInTheirOrder() => Assert.Equal(
        ["2026-01-01T03:00:00Z", "2026-01-01T15:30:00Z", "2026-01-02T03:00:00Z"],
        Following(new() { Calendar = "every day at 15:30 and 03:00" }, "2026-01-01T00:00:00Z", 3));

    [Fact]
    public void Time_ThatADatabaseKeepsLessFinely_IsTheSameTime()
    {
        var at = Made.AddTicks(12_345_678);
        var next = Times(new() { At = at }).After(Made)!.Value;
        Assert.Equal(0, next.Ticks % TimeSpan.TicksPerMillisecond);
        Assert.Null(Times(new() { At = at }).After(next));
    }

    [Theory]
    [InlineData("61 * * * *")]
    [InlineData("* * * *")]
    [InlineData("* * * * * * *")]
    [InlineData("0 0 30 2 *")] // 30 February never comes
    [InlineData("a b c d e")]
    [InlineData("")]
    [InlineData("*/0 * * * *")]
    [InlineData("'; drop table schedules")]
    public void Cron_ThatIsNone_IsRefused(string cron) => Assert.Contains("cron", ScheduleTimes.Parse(new() { Cron = cron }, Made).Error!.Fields!.Keys);

    [Fact]
    public void Everything_ThatIsWrong_IsSaidAtOnce()
    {
        var error = ScheduleTimes.Parse(
            new() { Cron = "x", Every = "no", TimeZone = "Mars/Olympus", StartsAt = Made, EndsAt = Made }, Made).Error!;
        Assert.Equal(["cron", "endsAt", "every", "timeZone"], error.Fields!.Keys.Order());
        Assert.Equal(["every"], ScheduleTimes.Parse(new() { Every = "no" }, Made).Error!.Fields!.Keys);
        Assert.Equal(["every"], ScheduleTimes.Parse(new() { Every = "0s" }, Made).Error!.Fields!.Keys);
        Assert.Equal(["cron"], ScheduleTimes.Parse(new(), Made).Error!.Fields!.Keys);
    }

    [Fact]
    public void Next_IsAlwaysLater_AndTheOrderHolds()
    {
        var whens = Gen.OneOf(
            Gen.Select(Gen.Int[0, 59], Gen.Int[0, 23], (m, h) => new ScheduleWhen { Cron = $"{m} {h} * * *", TimeZone = "America/New_York" }),
            Gen.Int[1, 100_000].Select(s => new ScheduleWhen { Every = $"{s}s" }),
            Gen.OneOf(new[] { "every 20 minutes", "every weekday at 01:30", "on the last day of every month at 02:15" }.Select(Gen.Const).ToArray())
                .Select(w => new ScheduleWhen { Calendar = w, TimeZone = "Australia/Lord_Howe" }));
        Gen.Select(whens, Gen.Long[0, 5L * 366 * 86_400]).Sample((when, seconds) =>
        {
            var from = Made.AddSeconds(seconds);
            var following = Times(when).Following(from, 5).ToList();
            return following.Count == 5 && following[0] > from && following.Zip(following.Skip(1)).All(p => p.First < p.Second)
                && Times(when).After(following[0].AddTicks(-1)) == following[0];
        });
    }
}
