namespace Operone.Tests.Hosting;

/// <summary>The system's clock, which a test can put forward; timers run as ever.</summary>
public sealed class AdjustableTime : TimeProvider
{
    private long _ahead;

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + TimeSpan.FromTicks(Interlocked.Read(ref _ahead));

    /// <summary>Puts it forward.</summary>
    public void Advance(TimeSpan by) => Interlocked.Add(ref _ahead, by.Ticks);
}
