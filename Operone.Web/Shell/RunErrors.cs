using Operone.Core.Errors;

namespace Operone.Web.Shell;

/// <summary>What can go wrong with runs, as expected.</summary>
internal static class RunErrors
{
    public static Error NotFound(string id) => new(ErrorKind.NotFound, "run-not-found", "There is no such run.",
        $"No run has the id '{id}'. `operone runs` lists them.");

    public static Error ExecutionNotFound(Guid runId, string device) => new(ErrorKind.NotFound, "execution-not-found", "The run has no such device.",
        $"The run {runId} was not aimed at a device with the id or name '{device}'.");

    public static Error AlreadyEnded(Guid runId) => new(ErrorKind.Conflict, "run-ended", "The run has ended.",
        $"The run {runId} has already ended; there is nothing to cancel.");

    public static Error NotCancellable(string actor, IReadOnlyList<string> names) => new(ErrorKind.Forbidden, "permission-missing", "Not allowed.",
        $"{actor} lacks the permission 'runs.create' on {Some(names)}, where the run goes on. Nothing was cancelled. Ask an administrator for it, or make an access request.");

    /// <summary>The first twenty names, and how many more there are.</summary>
    public static string Some(IReadOnlyList<string> names) =>
        string.Join(", ", names.Take(20)) + (names.Count > 20 ? $" and {names.Count - 20} more" : "");

    public static Error KeyReused(string key) => new(ErrorKind.Unprocessable, "idempotency-key-reused", "The idempotency key was used for another request.",
        $"The key '{key}' was used in the last 24 hours with a different body. Use a new key for a new request.");

    public static Error MalformedCursor { get; } = Error.InvalidField("cursor", "is not a cursor that this list gave");
}
