namespace Operone.Agent.Connection;

/// <summary>
/// The pauses between attempts to connect: between 1 second and a bound that doubles up to 30 seconds, spread evenly, so that
/// a fleet that has lost its server together does not come back together.
/// </summary>
internal sealed class Backoff(Random random)
{
    private const double Shortest = 1;
    private const double Longest = 30;
    private double _bound = Shortest;

    /// <summary>The next pause.</summary>
    public TimeSpan Next()
    {
        _bound = Math.Min(_bound * 2, Longest);
        return TimeSpan.FromSeconds(Shortest + (random.NextDouble() * (_bound - Shortest)));
    }

    /// <summary>A connection was good: begin again with short pauses.</summary>
    public void Reset() => _bound = Shortest;
}
