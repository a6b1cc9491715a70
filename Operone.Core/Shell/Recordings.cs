namespace Operone.Core.Shell;

/// <summary>A recording of a terminal as the API shows it. Its id is that of the terminal.</summary>
/// <param name="Id">Its id.</param>
/// <param name="DeviceId">The device.</param>
/// <param name="DeviceName">The device's name when the terminal was opened.</param>
/// <param name="Title">The terminal's name for people.</param>
/// <param name="Owner">Who opened the terminal.</param>
/// <param name="User">The user on the device that was asked for; null for the agent's.</param>
/// <param name="Command">What ran in it, for people.</param>
/// <param name="StartedAt">When the terminal was opened (UTC).</param>
/// <param name="EndedAt">When it ended (UTC); null while it goes on.</param>
/// <param name="Seconds">How long it went on, in seconds; null while it does.</param>
/// <param name="Bytes">How much is stored, in bytes.</param>
/// <param name="IsComplete">Whether the terminal has ended and all that it printed was recorded.</param>
/// <param name="MissingBytes">How many bytes of the recording were not kept.</param>
/// <param name="HasInput">Whether what was typed is in it too.</param>
/// <param name="IsSearchable">Whether its text can be found yet.</param>
public sealed record RecordingView(
    Guid Id, Guid DeviceId, string DeviceName, string? Title, string Owner, string? User, string Command, DateTimeOffset StartedAt, DateTimeOffset? EndedAt,
    double? Seconds, long Bytes, bool IsComplete, long MissingBytes, bool HasInput, bool IsSearchable);

/// <summary>A line of a recording in which a text was found.</summary>
/// <param name="RecordingId">Which recording.</param>
/// <param name="DeviceId">The device.</param>
/// <param name="DeviceName">The device's name when the terminal was opened.</param>
/// <param name="Owner">Who opened the terminal.</param>
/// <param name="StartedAt">When the terminal was opened (UTC).</param>
/// <param name="Seconds">When the line was on the screen, in seconds from the recording's beginning.</param>
/// <param name="Line">The line, up to 1000 characters.</param>
/// <param name="Snippet">The part of it around the text, up to 160 characters.</param>
public sealed record RecordingMatch(
    Guid RecordingId, Guid DeviceId, string DeviceName, string Owner, DateTimeOffset StartedAt, double Seconds, string Line, string Snippet);
