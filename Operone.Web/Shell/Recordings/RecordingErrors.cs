using Operone.Core.Errors;

namespace Operone.Web.Shell.Recordings;

/// <summary>What can go wrong with recordings, as expected.</summary>
internal static class RecordingErrors
{
    public static Error NotFound(Guid id) => new(ErrorKind.NotFound, "recording-not-found", "There is no such recording.",
        $"There is no recording with the id {id}. It may have been removed, by hand or by age. `operone recordings` lists them.");

    public static Error NotEnded(Guid id) => new(ErrorKind.Conflict, "recording-not-ended", "The recording is still being made.",
        $"The terminal {id} goes on, and so does its recording. End the terminal first.");
}
