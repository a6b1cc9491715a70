using Operone.Core.Errors;

namespace Operone.Web.Files.Uploads;

/// <summary>What can go wrong with uploads, as expected.</summary>
internal static class UploadErrors
{
    public static Error NotFound(Guid id) => new(ErrorKind.NotFound, "upload-not-found", "There is no such upload.",
        $"No upload of yours has the id {id}: it was ended, it has expired, or it is somebody else's. Begin again.");

    public static Error Offset(long have, long asked) => new(ErrorKind.Conflict, "upload-offset", "The upload stands elsewhere.",
        $"{have} bytes are there, and the request goes on at {asked}. Ask with HEAD, and go on there.");

    public static Error Busy(Guid id) => new(ErrorKind.Conflict, "upload-busy", "Somebody is writing to it.",
        $"Another request writes to the upload {id}. Wait until it has ended.");

    public static Error TooMuch(long length) => new(ErrorKind.Invalid, "upload-too-long", "More came than was said.",
        $"The upload was said to have {length} bytes.");

    public static Error NoBase(string place) => new(ErrorKind.Unprocessable, "upload-no-base", "Nothing of the file there can be used.",
        $"{place}: it may not be read, or lies where that cannot be done. Send all as bytes.");
}
