namespace Operone.Web.Events;

/// <summary>
/// The place in the log behind which a reader who sees a part of it need not look again: what is behind it was looked at once more after a while. What a
/// device is, and where a run is, other nodes know a moment after the event that tells of it.
/// </summary>
/// <param name="time">The clock.</param>
internal sealed class SettledPlace(TimeProvider time)
{
    /// <summary>How long everybody has to know.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private (long Place, long Since)? _next;
    private long _settled;

    /// <summary>Everything up to a place was looked at now. Gives the one that is settled; 0 for none.</summary>
    public long Pass(long place)
    {
        if (_next is { } next && time.GetElapsedTime(next.Since) >= Patience)
        {
            (_settled, _next) = (next.Place, null);
        }

        _next ??= (place, time.GetTimestamp());
        return _settled;
    }
}
