using CsCheck;
using Operone.Core.Kernel.Alerts;
using Xunit;

namespace Operone.Tests.Core.Kernel.Alerts;

/// <summary>The machine of alerts, against what is said of it: over any times, readings, silences, gaps and acknowledgements.</summary>
public sealed class AlertMachineTests
{
    private static readonly DateTimeOffset Start = new(2026, 11, 26, 12, 0, 0, TimeSpan.Zero);

    private static readonly Gen<AlertTimes> AnyTimes = Gen.Select(Gen.Int[0, 6], Gen.Int[0, 4], Gen.Int[0, 3])
        .Select((held, calm, repeat) => new AlertTimes(Seconds(held * 20), Seconds(calm * 20), repeat == 0 ? null : Seconds(repeat * 60)));

    private static readonly Gen<Look> AnyLook = Gen.Select(Gen.Int[1, 50], Gen.Int[0, 9], Gen.Int[0, 9], Gen.Int[0, 30])
        .Select((gap, reading, silenced, seen) => new Look(
            Seconds(gap), reading switch { < 5 => AlertReading.Beyond, < 8 => AlertReading.Within, 8 => AlertReading.Missing, _ => AlertReading.Nothing }, silenced < 2, seen == 0));

    [Fact]
    public void Next_OfflineSinceLaterThanWasKnown_WaitsForTheWholeTimeFromThere()
    {
        var times = new AlertTimes(TimeSpan.FromMinutes(10), TimeSpan.Zero, null);
        var pending = AlertMachine.Next(null, new(AlertReading.Beyond, Start, Since: Start), times, isSilenced: false, Start).Standing!;

        // a look or two apart is the same moment
        var same = AlertMachine.Next(pending, new(AlertReading.Beyond, Start.AddMinutes(1), Since: Start.AddSeconds(2)), times, isSilenced: false, Start.AddMinutes(1)).Standing!;
        Assert.Equal(Start, same.Since);
        var later = AlertMachine.Next(same, new(AlertReading.Beyond, Start.AddMinutes(10), Since: Start.AddMinutes(9)), times, isSilenced: false, Start.AddMinutes(10)).Standing!;
        Assert.Equal((AlertState.Pending, Start.AddMinutes(9)), (later.State, later.Since));
        Assert.Equal(AlertState.Firing, AlertMachine.Next(later, new(AlertReading.Beyond, Start.AddMinutes(19), Since: Start.AddMinutes(9)), times, false, Start.AddMinutes(19)).Standing!.State);
    }

    [Fact]
    public void Next_AnyReadings_RaisesAfterTheWholeTimeAlone_AndRecoversAfterTheCalmTimeAlone() =>
        Gen.Select(AnyTimes, AnyLook.List[0, 60]).Sample((times, looks) =>
        {
            var history = new List<(DateTimeOffset At, AlertReading Reading)>();
            foreach (var (before, step, at, look) in Play(times, looks))
            {
                history.Add((at, look.Reading));
                var wasFiring = before?.State == AlertState.Firing;
                var isFiring = step.Standing?.State == AlertState.Firing;
                if (!wasFiring)
                {
                    // since the last time that it did not hold, or since it was over
                    Assert.Equal(isFiring, look.Reading == AlertReading.Beyond && at - FirstOf(history, AlertReading.Beyond, AlertReading.Within) >= times.For);
                }
                else
                {
                    var isOver = step.Standing?.State == AlertState.Recovered;
                    Assert.Equal(isOver, look.Reading == AlertReading.Within && at - FirstOf(history, AlertReading.Within, AlertReading.Beyond) >= times.Recovery);
                    Assert.True(isOver || isFiring);
                }
            }
        }, iter: 5000);

    [Fact]
    public void Next_AnyReadings_TellsOnce_AndRepeatsNoSooner_AndNothingWhileItIsSilencedOrSeen() =>
        Gen.Select(AnyTimes, AnyLook.List[0, 80]).Sample((times, looks) =>
        {
            DateTimeOffset? told = null;
            foreach (var (before, step, at, look) in Play(times, looks))
            {
                var isQuiet = look.IsSilenced || before?.IsAcknowledged == true;
                switch (step.News)
                {
                    case AlertNews.Raised:
                        Assert.Null(told);
                        Assert.False(isQuiet);
                        told = at;
                        break;
                    case AlertNews.Repeated:
                        Assert.NotNull(times.Repeat);
                        Assert.True(at - told >= times.Repeat && !isQuiet);
                        told = at;
                        break;
                    case AlertNews.Recovered:
                        Assert.NotNull(told);
                        Assert.Equal(AlertState.Recovered, step.Standing?.State);
                        told = null;
                        break;
                    default:
                        // what was told is not over without a word, and what fires is not kept back without cause
                        Assert.True(told is null || step.Standing is { State: AlertState.Firing });
                        Assert.False(step.Standing is { State: AlertState.Firing } && told is null && !isQuiet);
                        break;
                }
            }
        }, iter: 5000);

    [Fact]
    public void Next_FromTheSameStanding_IsTheSame_AndWhatIsMissingChangesNoState() =>
        Gen.Select(AnyTimes, AnyLook.List[0, 60]).Sample((times, looks) =>
        {
            foreach (var (before, step, at, look) in Play(times, looks))
            {
                Assert.Equal(step, AlertMachine.Next(before, new(look.Reading, at, 1), times, look.IsSilenced, at));
                var blind = AlertMachine.Next(step.Standing, new(AlertReading.Missing, at), times, isSilenced: true, at);
                Assert.Equal(step.Standing?.State is AlertState.Recovered ? null : step.Standing?.State, blind.Standing?.State);
                Assert.Equal(AlertNews.None, blind.News);
            }
        }, iter: 5000);

    [Fact]
    public void Next_ADeviceThatWasAwayBeforeItWasLookedAt_CountsFromThen()
    {
        var times = new AlertTimes(Seconds(300), Seconds(60), null);
        var step = AlertMachine.Next(null, new(AlertReading.Beyond, Start, Since: Start.AddHours(-1)), times, isSilenced: false, Start);
        Assert.Equal((AlertState.Firing, Start.AddHours(-1), AlertNews.Raised), (step.Standing!.State, step.Standing.Since, step.News));
    }

    [Fact]
    public void Next_SilencedWhenItFires_IsToldWhenTheSilenceIsOver_AndNotOfItsEndWhereItWasNeverTold()
    {
        var times = new AlertTimes(TimeSpan.Zero, TimeSpan.Zero, null);
        var silent = AlertMachine.Next(null, new(AlertReading.Beyond, Start, 1), times, isSilenced: true, Start);
        Assert.Equal((AlertState.Firing, AlertNews.None), (silent.Standing!.State, silent.News));
        Assert.Equal(AlertNews.Raised, AlertMachine.Next(silent.Standing, new(AlertReading.Nothing, Start), times, isSilenced: false, Start).News);
        var over = AlertMachine.Next(silent.Standing, new(AlertReading.Within, Start.AddSeconds(1), 0), times, isSilenced: true, Start.AddSeconds(1));
        Assert.Equal((AlertState.Recovered, AlertNews.None), (over.Standing!.State, over.News));
        Assert.Equal(AlertNews.None, AlertMachine.End(silent.Standing).News);
    }

    private static IEnumerable<(AlertStanding? Before, AlertStep Step, DateTimeOffset At, Look Look)> Play(AlertTimes times, List<Look> looks)
    {
        AlertStanding? standing = null;
        var at = Start;
        foreach (var look in looks)
        {
            at += look.Gap;
            if (look.IsSeen && standing is { State: AlertState.Firing })
            {
                standing = standing with { IsAcknowledged = true };
            }

            var step = AlertMachine.Next(standing, new(look.Reading, at, 1), times, look.IsSilenced, at);
            yield return (standing is { State: AlertState.Recovered } ? null : standing, step, at, look);
            standing = step.Standing;
        }
    }

    /// <summary>The first of a kind behind the last of another.</summary>
    private static DateTimeOffset FirstOf(List<(DateTimeOffset At, AlertReading Reading)> history, AlertReading kind, AlertReading other)
    {
        var from = history.FindLastIndex(h => h.Reading == other) + 1;
        return history.Skip(from).First(h => h.Reading == kind).At;
    }

    private static TimeSpan Seconds(int seconds) => TimeSpan.FromSeconds(seconds);

    private sealed record Look(TimeSpan Gap, AlertReading Reading, bool IsSilenced, bool IsSeen);
}
