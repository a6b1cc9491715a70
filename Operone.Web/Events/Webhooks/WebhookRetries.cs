namespace Operone.Web.Events.Webhooks;

/// <summary>When an event is sent again that was not taken: at growing pauses, for a day.</summary>
internal static class WebhookRetries
{
    /// <summary>The longest pause that a receiver can ask for.</summary>
    public static readonly TimeSpan LongestAsked = TimeSpan.FromHours(1);

    /// <summary>The pauses after the first attempt, the second, ...; together 24 hours.</summary>
    public static IReadOnlyList<TimeSpan> Pauses { get; } =
    [
        TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(30),
        TimeSpan.FromHours(1), TimeSpan.FromHours(2), TimeSpan.FromHours(4), TimeSpan.FromHours(8), TimeSpan.FromHours(8.25),
    ];

    /// <summary>The pause after so many attempts, up to a tenth longer so that not all come back at once; null where it is given up.</summary>
    /// <param name="attempts">How many there were, from 1.</param>
    /// <param name="asked">How long the receiver asks to wait.</param>
    /// <param name="jitter">0 to 1.</param>
    public static TimeSpan? PauseAfter(int attempts, TimeSpan? asked, double jitter)
    {
        if (attempts > Pauses.Count)
        {
            return null;
        }

        var pause = Pauses[attempts - 1] * (1 + (jitter / 10));
        var wanted = asked is { } wait ? (wait < LongestAsked ? wait : LongestAsked) : TimeSpan.Zero;
        return wanted > pause ? wanted : pause;
    }
}
