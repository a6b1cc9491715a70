using Operone.Core.Shell;
using Xunit;

namespace Operone.Tests.Core.Shell;

public sealed class RestartsTests
{
    private static readonly RestartPolicy _policy = new() { PauseSeconds = 1, MaxPauseSeconds = 20, StableSeconds = 60, MaxRestarts = 8 };

    [Fact]
    public void Pauses_OfACommandThatNeverLasts_GrowToTheLongestAndThenItIsOver()
    {
        var pauses = new List<double>();
        var count = 0;
        for (var decision = Restarts.Decide(_policy, true, TimeSpan.Zero, 0); decision.IsAgain; decision = Restarts.Decide(_policy, true, TimeSpan.FromSeconds(1), count))
        {
            pauses.Add(decision.Pause.TotalSeconds);
            count = decision.Count;
        }

        Assert.Equal([1, 2, 4, 8, 16, 20, 20, 20], pauses);
        Assert.True(Restarts.Decide(_policy, true, TimeSpan.FromSeconds(1), count).IsUsedUp);
    }

    [Fact]
    public void Count_OfACommandThatLasted_BeginsAnew() =>
        Assert.Equal(new RestartDecision(true, TimeSpan.FromSeconds(1), 1), Restarts.Decide(_policy, true, TimeSpan.FromSeconds(60), 8));

    [Theory]
    [InlineData(RestartMode.Always, false, true)]
    [InlineData(RestartMode.Always, true, true)]
    [InlineData(RestartMode.OnFailure, false, false)]
    [InlineData(RestartMode.OnFailure, true, true)]
    [InlineData(RestartMode.Never, true, false)]
    public void Mode_SaysWhetherItIsStartedAgain(RestartMode mode, bool hasFailed, bool isAgain)
    {
        var decision = Restarts.Decide(new RestartPolicy { Mode = mode }, hasFailed, TimeSpan.FromSeconds(1), 0);
        Assert.Equal((isAgain, false), (decision.IsAgain, decision.IsUsedUp));
    }

    [Fact]
    public void Pause_AfterVeryMany_IsTheLongest() =>
        Assert.Equal(TimeSpan.FromDays(1), Restarts.Pause(new RestartPolicy { PauseSeconds = 3600, MaxPauseSeconds = SupervisionRules.DaySeconds }, int.MaxValue));
}
