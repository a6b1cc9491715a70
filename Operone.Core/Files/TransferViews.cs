using System.Text.Json.Serialization;

namespace Operone.Core.Files;

/// <summary>What a transfer does.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<TransferKind>))]
public enum TransferKind
{
    /// <summary>The sources stay.</summary>
    [JsonStringEnumMemberName("copy")]
    Copy,

    /// <summary>Each file is removed from its source once it is in its place.</summary>
    [JsonStringEnumMemberName("move")]
    Move,
}

/// <summary>What becomes of a file in whose place there is another one. One of the same size and time of change counts as the same, and is never written again.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ConflictRule>))]
public enum ConflictRule
{
    /// <summary>Nobody has said: the transfer shows its plan and waits.</summary>
    [JsonStringEnumMemberName("ask")]
    Ask,

    /// <summary>What is there stays.</summary>
    [JsonStringEnumMemberName("skip")]
    Skip,

    /// <summary>What is there is replaced.</summary>
    [JsonStringEnumMemberName("overwrite")]
    Overwrite,

    /// <summary>What is there is replaced where it is older.</summary>
    [JsonStringEnumMemberName("newer")]
    Newer,

    /// <summary>Both stay: the new one gets a number behind its name.</summary>
    [JsonStringEnumMemberName("keep-both")]
    KeepBoth,
}

/// <summary>How far a transfer is.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<TransferStatus>))]
public enum TransferStatus
{
    /// <summary>Both sides are looked through.</summary>
    [JsonStringEnumMemberName("planning")]
    Planning,

    /// <summary>The plan is made, or it was under way; it goes on when somebody says so.</summary>
    [JsonStringEnumMemberName("paused")]
    Paused,

    /// <summary>It goes on, or waits for a device that is away.</summary>
    [JsonStringEnumMemberName("running")]
    Running,

    /// <summary>All is done, or was skipped by the rule.</summary>
    [JsonStringEnumMemberName("completed")]
    Completed,

    /// <summary>Something could not be done; the rest was.</summary>
    [JsonStringEnumMemberName("failed")]
    Failed,

    /// <summary>Somebody ended it; what was done before is done.</summary>
    [JsonStringEnumMemberName("cancelled")]
    Cancelled,
}

/// <summary>What became of one thing of a transfer.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<TransferOutcome>))]
public enum TransferOutcome
{
    /// <summary>Not done yet.</summary>
    [JsonStringEnumMemberName("pending")]
    Pending,

    /// <summary>It is in its place.</summary>
    [JsonStringEnumMemberName("done")]
    Done,

    /// <summary>It was there already, of the same size and time.</summary>
    [JsonStringEnumMemberName("same")]
    Same,

    /// <summary>Another one is there, and stayed.</summary>
    [JsonStringEnumMemberName("skipped")]
    Skipped,

    /// <summary>It could not be done.</summary>
    [JsonStringEnumMemberName("failed")]
    Failed,
}

/// <summary>What <c>POST /api/v1/transfers</c> takes.</summary>
/// <param name="From">The files and folders, as addresses in the tree; 1 to 1000.</param>
/// <param name="To">The folder that they go into, under their names; it is made where it is missing.</param>
/// <param name="Kind">Copy by default.</param>
/// <param name="Name">Another name for it; with one source alone.</param>
/// <param name="Conflict">What becomes of files that are there already.</param>
/// <param name="IsPaused">Make the plan, and wait with it.</param>
public sealed record CreateTransfer(
    IReadOnlyList<string>? From, string? To, TransferKind Kind = TransferKind.Copy, string? Name = null, ConflictRule Conflict = ConflictRule.Ask, bool IsPaused = false);

/// <summary>What <c>POST /api/v1/transfers/{id}/resume</c> takes.</summary>
/// <param name="Conflict">From now on, what becomes of files that are there already.</param>
/// <param name="RetryFailed">Try again what has failed.</param>
public sealed record ResumeTransfer(ConflictRule? Conflict = null, bool RetryFailed = false);

/// <summary>A copy or move between places of the tree, which the control plane carries out; it goes on after any break.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Kind">Copy or move.</param>
/// <param name="From">The sources.</param>
/// <param name="To">The folder that they go into.</param>
/// <param name="Name">The other name that the source gets there; null where it keeps its own.</param>
/// <param name="Conflict">What becomes of files that are there already.</param>
/// <param name="Status">How far it is.</param>
/// <param name="Reason">Why it waits or has failed, in words.</param>
/// <param name="Files">How many files and links there are to bring.</param>
/// <param name="Folders">How many folders.</param>
/// <param name="Bytes">How many bytes there are to bring.</param>
/// <param name="Conflicts">How many files have another one in their place.</param>
/// <param name="FilesDone">How many are in their place, or the same already.</param>
/// <param name="BytesDone">How many bytes of them.</param>
/// <param name="BytesSent">How many bytes have gone: less where the target had some of a file in an older version, more where some had to go again; null where it was not counted.</param>
/// <param name="Skipped">How many stayed away by the rule.</param>
/// <param name="Failed">How many could not be brought.</param>
/// <param name="BytesPerSecond">How fast it goes just now; null where it does not.</param>
/// <param name="SecondsLeft">About how long it takes at that speed.</param>
/// <param name="CreatedBy">Who asked for it.</param>
/// <param name="CreatedAt">When (UTC).</param>
/// <param name="EndedAt">When it was over (UTC).</param>
public sealed record TransferView(
    Guid Id, TransferKind Kind, IReadOnlyList<string> From, string To, string? Name, ConflictRule Conflict, TransferStatus Status, string? Reason, long Files, long Folders, long Bytes,
    long Conflicts, long FilesDone, long BytesDone, long? BytesSent, long Skipped, long Failed, long? BytesPerSecond, long? SecondsLeft, string CreatedBy, DateTimeOffset CreatedAt,
    DateTimeOffset? EndedAt);

/// <summary>One file, folder or link of a transfer.</summary>
/// <param name="Number">Its place in the plan, from 0.</param>
/// <param name="From">Where it comes from, as an address.</param>
/// <param name="To">Where it goes, or has gone.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Size">Its bytes, as the plan saw them.</param>
/// <param name="IsConflict">Another one was in its place when the plan was made.</param>
/// <param name="Outcome">What became of it.</param>
/// <param name="Problem">Why it could not be done, in words.</param>
public sealed record TransferItemView(
    long Number, string From, string To, FileKind Kind, long? Size, bool IsConflict, TransferOutcome Outcome, string? Problem);
