namespace Operone.Core.Access;

/// <summary>Whether the audit chain holds.</summary>
/// <param name="Holds">Whether every entry is as it was sealed, in its place, from the anchor to the end.</param>
/// <param name="Checked">How many entries were checked.</param>
/// <param name="At">When (UTC).</param>
/// <param name="AnchorSeq">The place of the last entry that retention has removed; 0 where none was.</param>
/// <param name="PrunedAt">When that was (UTC), or null.</param>
/// <param name="Seq">The place of the newest entry, as the chain's head has it.</param>
/// <param name="Hash">Its hash: note it elsewhere with its place, and no later rewriting of the whole chain goes unseen.</param>
/// <param name="Break">Where and why it does not hold, or null where it does.</param>
public sealed record AuditVerification(
    bool Holds, long Checked, DateTimeOffset At, long AnchorSeq, DateTimeOffset? PrunedAt, long Seq, string? Hash, AuditBreak? Break);

/// <summary>The first place where the audit chain does not hold.</summary>
/// <param name="Seq">The place of the entry that is missing, changed or out of order.</param>
/// <param name="Id">The id of the entry that was found there, or null where none was.</param>
/// <param name="Reason">What is wrong, in words.</param>
public sealed record AuditBreak(long Seq, Guid? Id, string Reason);

/// <summary>An entry's place and hash that somebody noted elsewhere.</summary>
/// <param name="Seq">The place, from 1.</param>
/// <param name="Hash">The hash, as 64 hexadecimal digits.</param>
public sealed record AuditWitness(long Seq, string Hash);

/// <summary>Goes through entries in their order and finds the first that does not fit. Pure: the server and the command line share it.</summary>
/// <param name="seq">The place after which it begins.</param>
/// <param name="hash">The hash of the entry there.</param>
/// <param name="known">What somebody noted elsewhere.</param>
public sealed class AuditChainCheck(long seq, string hash, AuditWitness? known = null)
{
    /// <summary>How many entries fitted.</summary>
    public long Checked { get; private set; }

    /// <summary>The place of the last entry that fitted.</summary>
    public long Seq { get; private set; } = seq;

    /// <summary>Its hash.</summary>
    public string Hash { get; private set; } = hash;

    /// <summary>Takes the next entry; null where it fits.</summary>
    public AuditBreak? Next(AuditEntryView entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        if (Misfit(entry) is { } reason)
        {
            return new(entry.Seq > Seq + 1 ? Seq + 1 : entry.Seq, entry.Id, reason);
        }

        (Seq, Hash, Checked) = (entry.Seq, entry.Hash!, Checked + 1);
        return null;
    }

    /// <summary>Holds the end against the chain's head; null where they agree.</summary>
    public AuditBreak? End(long headSeq, string? headHash)
    {
        if (Seq < headSeq)
        {
            return new(Seq + 1, null, headSeq == Seq + 1
                ? $"Entry {headSeq} is missing at the end: the chain's head says that there is one."
                : $"Entries {Seq + 1} to {headSeq} are missing at the end: the chain's head says that there are {headSeq}.");
        }

        if (Seq > headSeq || Hash != headHash)
        {
            return new(Seq, null, Seq > headSeq
                ? $"There are entries behind the chain's head, which is at {headSeq}."
                : $"The chain's head has another hash for entry {Seq} than the entry itself.");
        }

        return known is not null && known.Seq > Seq
            ? new(Seq + 1, null, $"Entry {known.Seq} was noted elsewhere, but the chain ends at {Seq}.")
            : null;
    }

    private string? Misfit(AuditEntryView entry)
    {
        if (entry.Seq != Seq + 1)
        {
            return entry.Seq <= Seq ? $"There is more than one entry in place {entry.Seq}."
                : entry.Seq == Seq + 2 ? $"Entry {Seq + 1} is missing."
                : $"Entries {Seq + 1} to {entry.Seq - 1} are missing.";
        }

        if (entry.Hash is null || entry.PreviousHash is null)
        {
            return $"Entry {entry.Seq} carries no seal: it was not written by Operone, or its seal was taken away.";
        }

        var computed = AuditChain.ToText(AuditChain.Hash(entry));
        if (computed != entry.Hash)
        {
            return $"Entry {entry.Seq} is not what was sealed: its content has another hash than it carries.";
        }

        if (entry.PreviousHash != Hash)
        {
            return Seq == 0
                ? $"Entry {entry.Seq} does not begin the chain: it names an entry before it."
                : $"Entry {entry.Seq} does not follow from entry {Seq}: one of the two was put in another one's place and sealed again.";
        }

        return known is not null && known.Seq == entry.Seq && !known.Hash.Equals(entry.Hash, StringComparison.OrdinalIgnoreCase)
            ? $"Entry {entry.Seq} is another one than was noted elsewhere: the chain was rewritten at or before it."
            : null;
    }
}
