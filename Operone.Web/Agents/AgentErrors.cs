using Operone.Core.Errors;

namespace Operone.Web.Agents;

/// <summary>Why a device's token is not taken.</summary>
internal static class AgentErrors
{
    public static Error TokenMissing { get; } = new(ErrorKind.Unauthenticated, "agent-token-missing", "A device's token is needed.",
        "Send a JWT signed with the device's key: Authorization: Bearer JWT.");

    public static Error TokenMalformed(string why) => new(ErrorKind.Unauthenticated, "agent-token-malformed", "The device's token cannot be read.",
        $"It must be a JWT signed by ES256 with iss, sub, aud, jti, iat and exp: {why}.");

    public static Error TokenForged(string device) => new(ErrorKind.Unauthenticated, "agent-token-forged", "The token's signature is not the device's.",
        $"The token says that it is from {device}, but it is not signed with that device's key.");

    public static Error WrongAudience(string device) => new(ErrorKind.Unauthenticated, "agent-token-wrong-audience", "The token is for another installation.",
        $"The token of {device} was made for another installation of Operone. Enrol the device here.");

    public static Error TokenExpired(string device, DateTimeOffset at) => new(ErrorKind.Unauthenticated, "agent-token-expired", "The device's token has expired.",
        $"The token of {device} was good until {at:u}. Is the device's clock right?");

    public static Error TokenTooEarly(string device, DateTimeOffset at) => new(ErrorKind.Unauthenticated, "agent-token-too-early", "The device's token is from the future.",
        $"The token of {device} was made at {at:u} by its clock, which is ahead. Set the device's clock.");

    public static Error TokenTooLong(string device) => new(ErrorKind.Unauthenticated, "agent-token-too-long", "The device's token is good for too long.",
        $"The token of {device} is good for more than {AgentTokens.MaxLifetime.TotalMinutes:0} minutes. Upgrade the agent.");

    public static Error TokenReplayed(string device) => new(ErrorKind.Unauthenticated, "agent-token-replayed", "The device's token was used before.",
        $"A token is good once, and this one of {device} was used already. Somebody else may have seen it.");

    public static Error DeviceUnknown(Guid id) => new(ErrorKind.Unauthenticated, "device-unknown", "The device is not known.",
        $"No device has the id {id}: it was removed, or it never enrolled here. Enrol it again.");
}
