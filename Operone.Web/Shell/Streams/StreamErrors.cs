using System.Globalization;
using Operone.Core.Errors;

namespace Operone.Web.Shell.Streams;

/// <summary>What can go wrong with streamed standard input and output, as expected.</summary>
internal static class StreamErrors
{
    public static Error NotStreamed(string what) => new(ErrorKind.Conflict, "not-streamed", "It is not streamed.",
        $"The run was made without `{what}`: \"stream\".");

    public static Error Joined(string what) => new(ErrorKind.Conflict, "joined-to-a-stage", "Another stage has it.",
        $"The {what} of this stage is joined to the stage beside it.");

    public static Error NotYours(string actor) => new(ErrorKind.Forbidden, "not-your-run", "Not allowed.",
        $"{actor} has not made this run. Its streams are for whoever made it.");

    public static Error Over(string device, string? reason) => new(ErrorKind.Conflict, "execution-ended", "It has ended.",
        $"The command on {device} has ended. {reason}".TrimEnd());

    public static Error Gap(long offset, long has) => new(ErrorKind.Conflict, "stdin-gap", "There would be a gap.",
        string.Create(CultureInfo.InvariantCulture, $"The body begins at byte {offset}, and the command has {has} bytes. Go on at {has}."));

    public static Error BodyBroken(long offset) => new(ErrorKind.Invalid, "body-broken", "The body broke off.",
        string.Create(CultureInfo.InvariantCulture, $"{offset} bytes had been sent. Ask for the offset and go on there within a minute."));

    public static Error Lost(string device, long? offset) => new(ErrorKind.Unavailable, "stream-lost", "The connection to the device was lost.",
        $"{device} is not there any more. Ask for the offset and go on there within a minute; after that the command is ended as failed."
        + (offset is { } at ? string.Create(CultureInfo.InvariantCulture, $" {at} bytes had been sent.") : ""));
}
