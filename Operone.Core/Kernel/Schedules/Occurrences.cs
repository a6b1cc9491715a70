using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Operone.Core.Kernel.Schedules;

/// <summary>Which occurrences of a schedule are to be carried out now.</summary>
/// <param name="Fire">Those, oldest first.</param>
/// <param name="Skipped">How many were missed and are left out.</param>
/// <param name="Next">The first that is to come; null where there is none any more.</param>
public sealed record DueOccurrences(IReadOnlyList<DateTimeOffset> Fire, long Skipped, DateTimeOffset? Next);

/// <summary>What is due of a schedule, and what becomes of what was missed. Pure.</summary>
public static class Occurrences
{
    /// <summary>How late an occurrence may be and is carried out all the same: later it was missed.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromMinutes(1);

    /// <summary>The most missed occurrences that are made up for; what is older is left out.</summary>
    public const int MaxMissed = 1000;

    // As many are counted one by one. Of a schedule of each second that was away for months the rest is passed over.
    private const int MaxCounted = 100_000;

    /// <summary>
    /// What is due. Everything that was missed counts in the policy: all of it, the newest alone, or none. What is late by less than
    /// <see cref="Grace"/> was not missed.
    /// </summary>
    /// <param name="times">The schedule's times.</param>
    /// <param name="first">The first occurrence that has not been looked at.</param>
    /// <param name="now">Now.</param>
    /// <param name="policy">What happens to what was missed.</param>
    /// <param name="jitter">The most by which an occurrence is late on purpose.</param>
    /// <param name="scheduleId">Whose occurrences they are, which says how late each is.</param>
    public static DueOccurrences Due(
        ScheduleTimes times, DateTimeOffset first, DateTimeOffset now, MissedPolicy policy, TimeSpan jitter = default, Guid scheduleId = default)
    {
        ArgumentNullException.ThrowIfNull(times);
        var missed = new Queue<DateTimeOffset>();
        var punctual = new List<DateTimeOffset>();
        long skipped = 0;
        var counted = 0;
        var kept = policy switch { MissedPolicy.All => MaxMissed, MissedPolicy.Once => 1, _ => 0 };
        DateTimeOffset? next = first;
        while (next is { } at && at <= now)
        {
            var following = times.After(at) is { } later && later > at ? later : (DateTimeOffset?)null;
            var due = DueAt(times, scheduleId, at, following, jitter);
            if (due > now)
            {
                break;
            }

            next = following;
            if (due >= now - Grace)
            {
                punctual.Add(at);
                continue;
            }

            missed.Enqueue(at);
            if (missed.Count > kept)
            {
                missed.Dequeue();
                skipped++;
            }

            if (++counted == MaxCounted && times.After(now - Grace - ((at - first) / (MaxCounted / (2 * MaxMissed)))) is { } nearer && nearer > next)
            {
                // twice as many as can be made up for are ahead still
                next = nearer;
            }
        }

        // "Once" after a downtime: what is due just now does for what was missed too.
        if (policy == MissedPolicy.Once && punctual.Count > 0)
        {
            skipped += missed.Count;
            missed.Clear();
        }

        return new([.. missed, .. punctual], skipped, next);
    }

    /// <summary>
    /// When an occurrence is carried out: its time and its part of the jitter, which ends with the schedule and where the next occurrence is, so that what is
    /// spread does not come together again.
    /// </summary>
    public static DateTimeOffset DueAt(ScheduleTimes times, Guid scheduleId, DateTimeOffset occurrence, TimeSpan jitter)
    {
        ArgumentNullException.ThrowIfNull(times);
        return jitter <= TimeSpan.Zero ? occurrence : DueAt(times, scheduleId, occurrence, times.After(occurrence), jitter);
    }

    private static DateTimeOffset DueAt(ScheduleTimes times, Guid scheduleId, DateTimeOffset occurrence, DateTimeOffset? following, TimeSpan jitter)
    {
        var (ends, next) = (times.EndsAt ?? DateTimeOffset.MaxValue, following ?? DateTimeOffset.MaxValue);
        var room = (next < ends ? next : ends) - occurrence;
        return occurrence + Jitter(scheduleId, occurrence, jitter < room ? jitter : room);
    }

    /// <summary>How much later than its time an occurrence is carried out: always the same for the same one, 0 to <paramref name="most"/>.</summary>
    public static TimeSpan Jitter(Guid scheduleId, DateTimeOffset occurrence, TimeSpan most)
    {
        if (most <= TimeSpan.Zero)
        {
            return TimeSpan.Zero;
        }

        Span<byte> text = stackalloc byte[24];
        scheduleId.TryWriteBytes(text);
        BinaryPrimitives.WriteInt64LittleEndian(text[16..], occurrence.UtcTicks);
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(text, hash);
        var share = BinaryPrimitives.ReadUInt32LittleEndian(hash) / (double)uint.MaxValue;
        return TimeSpan.FromMilliseconds(Math.Floor(most.TotalMilliseconds * share));
    }
}
