using System.Text.Json.Serialization;

namespace Operone.Core.Shell;

/// <summary>Whether terminals are recorded.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<RecordMode>))]
public enum RecordMode
{
    /// <summary>No.</summary>
    [JsonStringEnumMemberName("off")] Off = 0,
    /// <summary>Yes; where recording fails the terminal says so and goes on.</summary>
    [JsonStringEnumMemberName("on")] On = 1,
    /// <summary>Yes; where recording fails the terminal ends.</summary>
    [JsonStringEnumMemberName("required")] Required = 2,
}

/// <summary>The part of a <see cref="StartExecution"/> that makes it a terminal: a shell on a pseudo-terminal.</summary>
/// <param name="Columns">Its width, 1 to 1000.</param>
/// <param name="Rows">Its height, 1 to 1000.</param>
/// <param name="Shell">The shell's path; null for that of the user. Where the request has argv or a command, that is run instead.</param>
/// <param name="IdleSeconds">How long it goes on with nobody attached, in seconds.</param>
/// <param name="Record">Whether it is recorded. The recording is the execution's standard output: asciicast v2.</param>
/// <param name="RecordInput">Whether what is typed is recorded too; never while the terminal's echo is off.</param>
public sealed record StartTerminal(
    int Columns, int Rows, string? Shell = null, double IdleSeconds = TerminalLimits.DefaultIdleSeconds, RecordMode Record = RecordMode.Off, bool RecordInput = false);

/// <summary>The limits of terminals.</summary>
public static class TerminalLimits
{
    /// <summary>The most columns and the most rows.</summary>
    public const int MaxSide = 1000;
    /// <summary>How long a terminal goes on with nobody attached unless told, in seconds: 24 hours.</summary>
    public const double DefaultIdleSeconds = 24 * 3600;
    /// <summary>How many bytes of what was printed the host keeps for whoever comes back.</summary>
    public const int ScrollbackBytes = 4 * 1024 * 1024;
    /// <summary>How many bytes a client that acknowledges may have got without having acknowledged them.</summary>
    public const int WindowBytes = 512 * 1024;
    /// <summary>How much of a recording is kept unless told, in bytes.</summary>
    public const long DefaultRecordingBytes = 64L * 1024 * 1024;
}

/// <summary>
/// A control message at a terminal: the text messages of its channel, and of <c>GET /terminals/{id}/attach</c>. What is
/// said depends on <see cref="Type"/>, one of <see cref="TerminalControls"/>; what does not belong to it is left out.
/// </summary>
public sealed record TerminalControl
{
    /// <summary>Which message.</summary>
    public required string Type { get; init; }
    /// <summary>The width.</summary>
    public int? Columns { get; init; }
    /// <summary>The height.</summary>
    public int? Rows { get; init; }
    /// <summary>The offset, in bytes, in all that the terminal has ever printed.</summary>
    public long? Offset { get; init; }
    /// <summary>
    /// In <c>attached</c> and <c>resync</c> with text: up to this offset the bytes were printed before, and are shown again.
    /// Nothing that programs ask of the terminal in them is answered, and no bell of theirs rings.
    /// </summary>
    public long? Replayed { get; init; }
    /// <summary>In <c>attach</c>: how many unacknowledged bytes may be under way; none for without bound.</summary>
    public int? Window { get; init; }
    /// <summary>Whether what comes may be typed, and the size set.</summary>
    public bool? MayType { get; init; }
    /// <summary>Words for people, or the escape sequences that bring a fresh screen to where the bytes go on.</summary>
    public string? Text { get; init; }
    /// <summary>In <c>ended</c>: the exit code.</summary>
    public int? ExitCode { get; init; }
    /// <summary>In <c>people</c>: who is in.</summary>
    public IReadOnlyList<TerminalViewer>? People { get; init; }
}

/// <summary>Somebody at a terminal.</summary>
/// <param name="Id">Of this attachment.</param>
/// <param name="Name">Who.</param>
/// <param name="IsOwner">Whether they opened it.</param>
/// <param name="MayType">Whether they may type.</param>
/// <param name="IsYou">Whether it is who reads this.</param>
/// <param name="Since">Since when (UTC).</param>
public sealed record TerminalViewer(Guid Id, string Name, bool IsOwner, bool MayType, bool IsYou, DateTimeOffset Since);

/// <summary>The types of <see cref="TerminalControl"/>.</summary>
public static class TerminalControls
{
    /// <summary>Node to host, first: columns, rows, mayType, window; offset where the client has seen all before it.</summary>
    public const string Attach = "attach";
    /// <summary>Host to client, first: the terminal's columns and rows; the bytes go on at offset. With text: begin with a reset screen and this text.</summary>
    public const string Attached = "attached";
    /// <summary>Host to client: bytes were left out, because the client was too slow. As <see cref="Attached"/> with text.</summary>
    public const string Resync = "resync";
    /// <summary>Client to host: the client's columns and rows. Host to client: the terminal's.</summary>
    public const string Size = "size";
    /// <summary>Client to host: everything before offset is on the screen.</summary>
    public const string Ack = "ack";
    /// <summary>Node to host, and to the client: whether what comes may be typed.</summary>
    public const string Mode = "mode";
    /// <summary>Host to client: something that people should know, in text.</summary>
    public const string Notice = "notice";
    /// <summary>Node to client: who is in.</summary>
    public const string People = "people";
    /// <summary>Host to client, last: the exit code, and why in text.</summary>
    public const string Ended = "ended";
}

/// <summary>What <c>POST /api/v1/terminals</c> takes.</summary>
public sealed record CreateTerminal
{
    /// <summary>The device's id or name.</summary>
    public string? Device { get; init; }
    /// <summary>A program and its arguments instead of the shell.</summary>
    public IReadOnlyList<string>? Argv { get; init; }
    /// <summary>The user on the device; by default what policy says, else the agent's.</summary>
    public string? User { get; init; }
    /// <summary>The shell's path; by default what policy says, else the user's own.</summary>
    public string? Shell { get; init; }
    /// <summary>An absolute path; by default what policy says, else the user's home.</summary>
    public string? WorkingDirectory { get; init; }
    /// <summary>Variables besides the base and what policy says; these win.</summary>
    public IReadOnlyDictionary<string, string>? Environment { get; init; }
    /// <summary>The width, 1 to 1000; 80 by default.</summary>
    public int? Columns { get; init; }
    /// <summary>The height, 1 to 1000; 24 by default.</summary>
    public int? Rows { get; init; }
    /// <summary>A name for people, up to 100 characters.</summary>
    public string? Title { get; init; }
    /// <summary>Ask for a recording where policy does not.</summary>
    public bool? Record { get; init; }
}

/// <summary>What <c>PATCH /api/v1/terminals/{id}</c> takes: its owner alone. What is not given stays.</summary>
/// <param name="Title">A name for people, up to 100 characters.</param>
/// <param name="GuestsMayType">Whether everybody who joins from now on may type.</param>
public sealed record UpdateTerminal(string? Title = null, bool? GuestsMayType = null);

/// <summary>What <c>PATCH /api/v1/terminals/{id}/people/{attachment}</c> takes: its owner alone.</summary>
/// <param name="MayType">Whether they may type.</param>
public sealed record UpdateTerminalViewer(bool? MayType);

/// <summary>A terminal as the API shows it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="DeviceId">The device.</param>
/// <param name="DeviceName">The device's name when it was opened.</param>
/// <param name="Title">A name for people.</param>
/// <param name="Owner">Who opened it.</param>
/// <param name="IsYours">Whether that is who asks.</param>
/// <param name="Status">Where it stands: starting, running, or an end.</param>
/// <param name="User">The user on the device that was asked for; null for the agent's.</param>
/// <param name="Command">What runs in it, for people.</param>
/// <param name="Record">Whether it is recorded.</param>
/// <param name="GuestsMayType">Whether everybody who joins may type.</param>
/// <param name="People">Who is in.</param>
/// <param name="CreatedAt">When it was opened (UTC).</param>
/// <param name="EndedAt">When it ended (UTC).</param>
/// <param name="ExitCode">The exit code.</param>
/// <param name="Reason">Why it ended, in words.</param>
/// <param name="RecordingBytes">How much of its recording is stored.</param>
public sealed record TerminalView(
    Guid Id, Guid DeviceId, string DeviceName, string? Title, string Owner, bool IsYours, ExecutionStatus Status, string? User, string Command,
    RecordMode Record, bool GuestsMayType, IReadOnlyList<TerminalViewer> People, DateTimeOffset CreatedAt, DateTimeOffset? EndedAt, int? ExitCode,
    string? Reason, long RecordingBytes);

/// <summary>
/// One rule of what terminals are like, for devices and roles. All rules that match count: of each setting the rule with the
/// lowest order that says something wins; of recording the strictest.
/// </summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">Its name, unique.</param>
/// <param name="Order">Lower comes first; 0 to 10,000.</param>
/// <param name="Selector">On which devices; empty for all.</param>
/// <param name="Role">For holders of this role alone; null for everybody.</param>
/// <param name="Record">Whether terminals are recorded.</param>
/// <param name="RecordInput">Whether what is typed is recorded too.</param>
/// <param name="User">The user on the device, where nobody chooses.</param>
/// <param name="Shell">The shell, where nobody chooses.</param>
/// <param name="WorkingDirectory">The directory, where nobody chooses.</param>
/// <param name="Environment">Variables.</param>
/// <param name="IdleSeconds">How long a terminal goes on with nobody attached, 60 seconds to 30 days.</param>
/// <param name="ChoiceAllowed">False: nobody chooses user, shell, directory and environment otherwise.</param>
public sealed record TerminalPolicyView(
    Guid Id, string Name, int Order, string Selector, string? Role, RecordMode? Record, bool? RecordInput, string? User, string? Shell,
    string? WorkingDirectory, IReadOnlyDictionary<string, string>? Environment, double? IdleSeconds, bool? ChoiceAllowed);

/// <summary>What <c>POST /api/v1/terminal-policies</c> and <c>PUT /api/v1/terminal-policies/{id}</c> take. See <see cref="TerminalPolicyView"/>.</summary>
public sealed record WriteTerminalPolicy(
    string? Name, int Order = 100, string? Selector = null, string? Role = null, RecordMode? Record = null, bool? RecordInput = null, string? User = null,
    string? Shell = null, string? WorkingDirectory = null, IReadOnlyDictionary<string, string>? Environment = null, double? IdleSeconds = null,
    bool? ChoiceAllowed = null);
