using Operone.Core.Errors;

namespace Operone.Web.Files.Dav;

/// <summary>What can go wrong with a network drive, as expected, beside what goes wrong with files.</summary>
internal static class DavErrors
{
    public static Error Locked(string place, DavLock by) => new(ErrorKind.Conflict, "file-locked", "It is locked.",
        $"'{place}' cannot be changed, or locked: '{by.Path}' is locked until {by.ExpiresAt:u}.");

    public static Error NoSuchLock(string place) => new(ErrorKind.Conflict, "file-lock-unknown", "There is no such lock.",
        $"'{place}' does not lie under that lock. It may have run out.");

    public static Error OthersLock(string place) => new(ErrorKind.Forbidden, "file-lock-of-others", "Somebody else has the lock.",
        $"Only who has taken the lock of '{place}' can give it back.");

    public static Error TooManyLocks(string actor) => new(ErrorKind.Conflict, "file-locks-full", "Too many locks.",
        $"{actor} has {DavLocks.MaxHeld} locks. Close some files, or wait until locks run out.");

    public static Error NotMet(string place) => new(ErrorKind.Conflict, "file-changed", "A condition of the request does not hold.",
        $"'{place}' is not, or not any more, what the request says that it must be.");

    public static Error Malformed(string detail) => new(ErrorKind.Invalid, "malformed-request", "The request cannot be read.", detail);

    public static Error Above(string place) => new(ErrorKind.Conflict, "folder-missing", "The folder is missing.", $"The folder in which '{place}' would be is not there: make it first. Or the name is one that policy hides.");

    public static Error Into(string place, string to) => new(ErrorKind.Forbidden, "file-into-itself", "That cannot be done there.", $"'{place}' cannot become '{to}': one is the other, or lies in it.");

    public static Error Elsewhere(string destination) => new(ErrorKind.Unprocessable, "other-server", "That is another server.",
        $"'{destination}' is no place on this drive.");
}
