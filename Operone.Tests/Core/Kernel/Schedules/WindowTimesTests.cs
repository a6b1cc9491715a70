using CsCheck;
using Operone.Core.Kernel.Schedules;
using Xunit;

namespace Operone.Tests.Core.Kernel.Schedules;

/// <summary>When maintenance windows are open, and when schedules may work on a device.</summary>
public sealed class WindowTimesTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 27, 0, 0, 0, TimeSpan.Zero);

    private static readonly string[] Crons = ["0 22 * * *", "30 3 * * 1-5", "0 */6 * * *", "15 12 * * 0"];

    private static readonly Gen<WindowTimes> Windows = Gen.Select(
        Gen.Enum<WindowMode>(), Gen.Int[0, 3], Gen.Int[1, 900], Gen.Bool)
        .Select((mode, cron, minutes, inBerlin) => WindowRules.Times(
            new() { Name = "w", Mode = mode, Cron = Crons[cron], Duration = $"{minutes}m", TimeZone = inBerlin ? "Europe/Berlin" : null }).Value);

    [Fact]
    public void FirstAllowed_OfAnyWindows_IsTheFirstMinuteAtWhichTheyLet() => Gen.Select(Windows.Array[0, 4], Gen.Int[0, 3000]).Sample((windows, minute) =>
    {
        var from = Start.AddMinutes(minute);
        var expected = Enumerable.Range(0, 9 * 1440).Select(i => from.AddMinutes(i)).Cast<DateTimeOffset?>().FirstOrDefault(at => Lets(windows, at!.Value));
        var found = WindowTimes.FirstAllowed(windows, from, from.AddDays(9));
        Assert.Equal(expected, found > from.AddDays(9).AddMinutes(-1) ? null : found);
    }, iter: 60);

    [Theory]
    [InlineData("2026-03-27T21:59:00Z", null)]
    [InlineData("2026-03-27T22:00:00Z", "2026-03-28T02:00:00Z")]
    [InlineData("2026-03-28T01:59:59Z", "2026-03-28T02:00:00Z")]
    [InlineData("2026-03-28T02:00:00Z", null)]
    public void Window_OverMidnight_IsOpenFromItsTimeForItsLength(string at, string? closes)
    {
        var nights = WindowRules.Times(new() { Name = "nights", Calendar = "every day at 22:00", Duration = "4h" }).Value;
        Assert.Equal(closes is null ? null : DateTimeOffset.Parse(closes, System.Globalization.CultureInfo.InvariantCulture), nights.ClosesAt(DateTimeOffset.Parse(at, System.Globalization.CultureInfo.InvariantCulture)));
    }

    [Fact]
    public void Window_OpenOverAChangeOfTheClocks_LastsAsLongAsItSays()
    {
        // in Berlin the clocks go from 02:00 to 03:00 on 29 March 2026: 22:00 is 21:00 UTC, and six hours later it is 05:00 there
        var nights = WindowRules.Times(new() { Name = "nights", Calendar = "every day at 22:00", Duration = "6h", TimeZone = "Europe/Berlin" }).Value;
        Assert.Equal(new DateTimeOffset(2026, 3, 29, 3, 0, 0, TimeSpan.Zero), nights.ClosesAt(new DateTimeOffset(2026, 3, 29, 2, 59, 0, TimeSpan.Zero)));
    }

    [Fact]
    public void Never_ThatNeverEnds_AndOnlyThatNeverOpensAgain_HaveNoFirstTime()
    {
        var always = WindowRules.Times(new() { Name = "w", Mode = WindowMode.Never, Cron = "0 0 * * *", Duration = "2d" }).Value;
        var gone = WindowRules.Times(new() { Name = "w", At = Start.AddDays(-9), Duration = "1h" }).Value;
        Assert.Null(WindowTimes.FirstAllowed([always], Start, Start.AddDays(31)));
        Assert.Null(WindowTimes.FirstAllowed([gone], Start, Start.AddDays(31)));

        // what a window comes to that cannot be read wins over one that is open
        var open = WindowRules.Times(new() { Name = "w", At = Start, Duration = "31d" }).Value;
        Assert.Equal(Start, WindowTimes.FirstAllowed([open], Start, Start.AddDays(31)));
        Assert.Null(WindowTimes.FirstAllowed([open, WindowTimes.Shut], Start, Start.AddDays(31)));
    }

    [Theory]
    [InlineData("name", "no name")]
    [InlineData("selector", "=")]
    [InlineData("duration", "30s")]
    [InlineData("duration", "40d")]
    [InlineData("duration", "2h")]
    [InlineData("cron", "99 * * * *")]
    public void Check_WhatIsWrong_IsNamedByField(string field, string value)
    {
        var right = new SaveMaintenanceWindow { Name = "w", Cron = "0 22 * * *", Duration = "1h" };
        Assert.Null(WindowRules.Check(right));
        var wrong = field switch
        {
            "name" => right with { Name = value },
            "selector" => right with { Selector = value },
            "duration" => right with { Duration = value, Cron = "* * * * *" },
            _ => right with { Cron = value },
        };
        Assert.Contains(field, WindowRules.Check(wrong)!.Fields!.Keys);
        Assert.Contains("every", WindowRules.Check(right with { Cron = null, Every = "1h" })!.Fields!.Keys);
    }

    private static bool Lets(WindowTimes[] windows, DateTimeOffset at) =>
        !windows.Any(w => w.Mode == WindowMode.Never && w.ClosesAt(at) is not null)
        && (!windows.Any(w => w.Mode == WindowMode.Only) || windows.Any(w => w.Mode == WindowMode.Only && w.ClosesAt(at) is not null));
}
