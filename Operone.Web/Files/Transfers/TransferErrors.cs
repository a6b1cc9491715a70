using Operone.Core.Errors;
using Operone.Core.Files;

namespace Operone.Web.Files.Transfers;

/// <summary>What can go wrong with transfers, as expected.</summary>
internal static class TransferErrors
{
    public static Error NotFound(Guid id) => new(ErrorKind.NotFound, "transfer-not-found", "There is no such transfer.",
        $"No transfer of yours has the id {id}. Transfers that are over are forgotten after {TransferLimits.Days} days.");

    public static Error Over(Guid id, TransferStatus status) => new(ErrorKind.Conflict, "transfer-over", "The transfer is over.",
        $"The transfer {id} is {status.ToString().ToLowerInvariant()}.");

    public static Error TooMany(int most) => new(ErrorKind.TooMany, "too-many-transfers", "Too many transfers are open.",
        $"{most} of yours are not over yet. Wait for one to end, or cancel one.");

    public static Error NoRule { get; } = new(ErrorKind.Conflict, "transfer-conflicts", "Files are there already.",
        "Say what becomes of them: `conflict` is skip, overwrite, newer or keep-both.");
}

/// <summary>The bounds of transfers.</summary>
internal static class TransferLimits
{
    /// <summary>How many sources one may have.</summary>
    public const int Sources = 1000;

    /// <summary>How many files, folders and links one may bring.</summary>
    public const int Items = 1_000_000;

    /// <summary>How many open ones somebody may have.</summary>
    public const int OpenPerPerson = 100;

    /// <summary>For how many days one that is over is remembered.</summary>
    public const int Days = 30;

    /// <summary>How many a node carries out at once; the others wait for their turn.</summary>
    public const int AtOnce = 8;

    /// <summary>How many a node has taken at once, with those that wait for a device or for their turn.</summary>
    public const int Held = 200;

    /// <summary>How many files of one go at once: small ones wait for the way there and back most of the time.</summary>
    public const int Lanes = 8;

    /// <summary>How many batches of small files go at once.</summary>
    public const int BatchLanes = 4;
}
