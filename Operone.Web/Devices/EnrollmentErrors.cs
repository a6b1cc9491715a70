using Operone.Core.Errors;

namespace Operone.Web.Devices;

/// <summary>Why an enrolment token is not taken, each with what to do.</summary>
internal static class EnrollmentErrors
{
    public static Error Unknown { get; } = new(ErrorKind.Unauthenticated, "enrollment-token-unknown", "The enrolment token is not known.",
        "No enrolment token with this text exists here. Check that it was copied whole, and that the server is the right one.");

    public static Error Spent(string name, int uses) => new(ErrorKind.Unauthenticated, "enrollment-token-spent", "The enrolment token is spent.",
        $"The enrolment token '{name}' was good for {(uses == 1 ? "one device" : $"{uses} devices")}, and all its uses are gone. Make a new one.");

    public static Error Expired(string name, DateTimeOffset at) => new(ErrorKind.Unauthenticated, "enrollment-token-expired", "The enrolment token has expired.",
        $"The enrolment token '{name}' was good until {at:u}. Make a new one.");

    public static Error Revoked(string name, DateTimeOffset at) => new(ErrorKind.Unauthenticated, "enrollment-token-revoked", "The enrolment token was revoked.",
        $"The enrolment token '{name}' was revoked at {at:u}. Make a new one.");

    public static Error OutsideItsMaker(string name) => new(ErrorKind.Unauthenticated, "enrollment-token-outside", "The enrolment token is not good for these labels.",
        $"Whoever made the enrolment token '{name}' does not manage devices with these labels, or does no more. Leave the device's own labels out, or ask for another token.");

    public static Error NotFound(Guid id) => new(ErrorKind.NotFound, "enrollment-token-not-found", "There is no such enrolment token.",
        $"No enrolment token has the id {id}.");
}
