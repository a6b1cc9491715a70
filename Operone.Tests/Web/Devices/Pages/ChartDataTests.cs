using Operone.Web.Devices.Pages.Charts;
using Xunit;

namespace Operone.Tests.Web.Devices.Pages;

public sealed class ChartDataTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Path_WhereTheDeviceWasAway_HasAHole()
    {
        ChartPoint[] points = [At(0, 0), At(10, 50), At(300, 100)];
        var path = ChartData.Path(points, Start, Start.AddSeconds(300), 100, TimeSpan.FromSeconds(25), 600, 100);
        Assert.Equal("M0 100L20 50M600 0", path);
    }

    [Fact]
    public void Thin_OfAWeekByTheMinute_KeepsTheMean()
    {
        var points = Enumerable.Range(0, 10_080).Select(i => At(i * 60, i % 2)).ToArray();
        var thin = ChartData.Thin(points, Start, Start.AddDays(7));
        Assert.InRange(thin.Count, 200, ChartData.MaxPoints);
        Assert.All(thin, p => Assert.Equal(0.5, p.Value, 0.02));
    }

    [Theory]
    [InlineData(0, 1, 1)]
    [InlineData(3, 1, 5)]
    [InlineData(10.6, 1, 20)]
    [InlineData(631, 1024, 1024)]
    [InlineData(3000, 1024, 5120)]
    public void Ceiling_IsARoundFigureAbove(double largest, double unit, double expected) =>
        Assert.Equal(expected, ChartData.Ceiling(largest, unit));

    private static ChartPoint At(int seconds, double value) => new(Start.AddSeconds(seconds), value);
}
