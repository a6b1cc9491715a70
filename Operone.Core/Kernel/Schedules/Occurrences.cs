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
    public static DueOccurrences Due(ScheduleTimes times, DateTimeOffset first, DateTimeOffset now, MissedPolicy policy, TimeSpan jitter = default)
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
            next = times.After(at) is { } later && later > at ? later : null;
            if (at >= now - Grace - jitter)
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
