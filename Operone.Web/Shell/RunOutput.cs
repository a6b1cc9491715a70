using Operone.Core.Errors;
using Operone.Web.Access;

namespace Operone.Web.Shell;

/// <summary>A stretch of a run's journal.</summary>
/// <param name="Entries">In order.</param>
/// <param name="LastSeq">Where to go on.</param>
internal sealed record JournalSlice(IReadOnlyList<JournalEntry> Entries, long LastSeq);

/// <summary>Reads what runs printed. Nothing is held in memory beyond the piece asked for.</summary>
internal sealed class RunOutput
{
#pragma warning disable CA1822, IDE0060
    /// <summary>
    /// The journal after <paramref name="afterSeq"/> (0 from the start), about <paramref name="maxBytes"/> at the most (at
    /// least one entry where there is one), of all executions or of one. An empty slice: nothing more for now.
    /// </summary>
    public Task<Result<JournalSlice>> ReadAsync(Actor actor, Guid runId, Guid? executionId, long afterSeq, int maxBytes, CancellationToken cancellationToken) =>
        throw new InvalidOperationException("Being built.");

    /// <summary>The last piece of output of each execution, cut to <paramref name="maxBytes"/> from its end, and where the journal stands.</summary>
    public Task<Result<(IReadOnlyDictionary<Guid, byte[]> Tails, long LastSeq)>> TailsAsync(Actor actor, Guid runId, int maxBytes, CancellationToken cancellationToken) =>
        throw new InvalidOperationException("Being built.");
}
