using System.Globalization;
using System.Text;

namespace Operone.Web.Devices.Pages.Charts;

/// <summary>A value at a time.</summary>
public readonly record struct ChartPoint(DateTimeOffset At, double Value);

/// <summary>One line of a chart.</summary>
/// <param name="Name">What it is, where a chart has several.</param>
/// <param name="Colour">The name of a colour among the tokens, such as <c>running</c>.</param>
/// <param name="Points">In the order of time.</param>
public sealed record ChartSeries(string Name, string Colour, IReadOnlyList<ChartPoint> Points);

/// <summary>What of a chart is arithmetic.</summary>
internal static class ChartData
{
    /// <summary>How many points a line is drawn with at the most.</summary>
    public const int MaxPoints = 240;

    /// <summary>Means over equal stretches of time, so that a week is drawn with as few points as an hour.</summary>
    public static IReadOnlyList<ChartPoint> Thin(IReadOnlyList<ChartPoint> points, DateTimeOffset from, DateTimeOffset to)
    {
        if (points.Count <= MaxPoints || to <= from)
        {
            return points;
        }

        var thin = new List<ChartPoint>(MaxPoints);
        foreach (var bucket in points.GroupBy(p => (int)Math.Clamp((p.At - from) / (to - from) * MaxPoints, 0, MaxPoints - 1)))
        {
            var all = bucket.ToArray();
            thin.Add(new(all[all.Length / 2].At, all.Average(p => p.Value)));
        }

        return thin;
    }

    /// <summary>
    /// The line as an SVG path in a box of the given size, broken where nothing was measured for longer than
    /// <paramref name="gap"/>: a device that was away shows as a hole, not as a slope.
    /// </summary>
    public static string Path(IReadOnlyList<ChartPoint> points, DateTimeOffset from, DateTimeOffset to, double max, TimeSpan gap, int width, int height)
    {
        var path = new StringBuilder();
        DateTimeOffset? before = null;
        foreach (var point in points)
        {
            var x = Math.Clamp((point.At - from) / (to - from), 0, 1) * width;
            var y = height - (max <= 0 ? 0 : Math.Clamp(point.Value / max, 0, 1) * height);
            path.Append(before is { } b && point.At - b <= gap ? 'L' : 'M').Append(CultureInfo.InvariantCulture, $"{x:0.#} {y:0.#}");
            before = point.At;
        }

        return path.ToString();
    }

    /// <summary>How long a pause between two points is a gap: what is usual between them, and half as much again, at least 25 s.</summary>
    public static TimeSpan Gap(IReadOnlyList<ChartPoint> points)
    {
        var least = TimeSpan.FromSeconds(25);
        if (points.Count < 3)
        {
            return least;
        }

        var pauses = points.Zip(points.Skip(1), (a, b) => b.At - a.At).Order().ToArray();
        var usual = pauses[pauses.Length / 2] * 2.5;
        return usual > least ? usual : least;
    }

    /// <summary>The end of the scale: the largest value, rounded up to 1, 2, 2.5 or 5 times a power of the base.</summary>
    public static double Ceiling(double largest, double unit)
    {
        if (largest <= 0)
        {
            return unit;
        }

        var power = unit;
        var factor = unit == 1024 ? 1024 : 10;
        while (power * factor <= largest)
        {
            power *= factor;
        }

        foreach (var step in (ReadOnlySpan<double>)[1, 2, 2.5, 5, 10, 20, 25, 50, 100, 200, 250, 500])
        {
            if (power * step >= largest)
            {
                return power * step;
            }
        }

        return power * factor;
    }
}
