using Operone.Core.Errors;
using Operone.Core.Files;

namespace Operone.Web.Files;

/// <summary>What can go wrong with files, as expected.</summary>
internal static class FileErrors
{
    /// <summary>A device's own word, as an error of the tree.</summary>
    public static Error From(FileProblem problem, string place) => problem.Code switch
    {
        FileProblems.NotFound => NotFound(place),
        FileProblems.Denied => new(ErrorKind.Forbidden, "file-denied", "It is not allowed there.", $"{place}: {problem.Detail}"),
        FileProblems.Outside => new(ErrorKind.Forbidden, "file-outside", "That lies outside of what may be had.", $"{place}: {problem.Detail}"),
        FileProblems.ReadOnly => ReadOnly(place),
        FileProblems.Exists => new(ErrorKind.Conflict, "file-exists", "There is something already.", $"{place}: {problem.Detail}"),
        FileProblems.Changed => new(ErrorKind.Conflict, "file-changed", "It has changed meanwhile.", $"{place}: {problem.Detail}"),
        FileProblems.WrongKind => new(ErrorKind.Conflict, "file-wrong-kind", "It is of another kind.", $"{place}: {problem.Detail}"),
        FileProblems.NotEmpty => new(ErrorKind.Conflict, "folder-not-empty", "The folder is not empty.", $"{place}: {problem.Detail}"),
        FileProblems.NoSpace => new(ErrorKind.Conflict, "no-space", "There is no room left.", $"{place}: {problem.Detail}"),
        FileProblems.OtherFileSystem => new(ErrorKind.Conflict, "other-file-system", "It would have to go to another file system.", $"{place}: {problem.Detail} Copy it, and remove it then."),
        FileProblems.BadName => Error.InvalidField("path", $"{place}: {problem.Detail}"),
        FileProblems.BadDigest => new(ErrorKind.Unprocessable, "bad-digest", "What came is not what was sent.", $"{place}: {problem.Detail} Send it again."),
        FileProblems.Unsupported => new(ErrorKind.Unprocessable, "file-unsupported", "That cannot be done there.", $"{place}: {problem.Detail}"),
        FileProblems.Busy => new(ErrorKind.TooMany, "files-busy", "The device has enough to do.", $"{place}: {problem.Detail}") { RetryAfter = TimeSpan.FromSeconds(5) },
        _ => new(ErrorKind.Unprocessable, "file-failed", "It did not work.", $"{place}: {problem.Detail}"),
    };

    /// <summary>Whether it may work later: a device or another server is away.</summary>
    public static bool IsAway(Error error) => error is { Kind: ErrorKind.Unavailable } or { Code: "device-offline" };

    public static Error NotFound(string place) => new(ErrorKind.NotFound, "file-not-found", "There is no such file.",
        $"'{place}' does not exist, or is hidden. Names are case-sensitive on most devices.");

    public static Error ReadOnly(string place) => new(ErrorKind.Forbidden, "file-read-only", "That may only be read.",
        $"'{place}' lies where a policy, or the mount, lets files be read and not changed.");

    public static Error NotThere(string place) => new(ErrorKind.Conflict, "file-wrong-kind", "That cannot be done there.",
        $"'{place}' is a folder of the tree itself: what is in it are devices and mounts.");

    public static Error Lost(string device) => new(ErrorKind.Unavailable, "file-connection-lost", "The connection to the device was lost.",
        $"The agent of '{device}' broke off in the middle of it. Try again.");

    public static Error NotUnderstood(string device) => new(ErrorKind.Unavailable, "file-not-understood", "The device's answer makes no sense.",
        $"The agent of '{device}' answered what does not belong there. Is it of the same version as the server?");
}
