using System.Text.Json.Serialization;
using Operone.Core.Shell;

namespace Operone.Agent.Shell;

/// <summary>What a host writes down of a supervised command: for the agent, and for the host that comes after it.</summary>
/// <param name="State">What the server is told.</param>
/// <param name="Restarts">How often it was started again without having been stable in between.</param>
/// <param name="LeaseSeconds">Its lease: the request may not be there any more.</param>
/// <param name="Boot">Which boot of the device this was written in.</param>
/// <param name="Pid">The command's process.</param>
/// <param name="ProcessStart">When that process started, as the system counts it: another one may get its number.</param>
/// <param name="GraceSeconds">How long after being asked to terminate it is killed, whoever does that.</param>
internal sealed record SupervisionNote(SupervisionState State, int Restarts = 0, double? LeaseSeconds = null, string? Boot = null, int Pid = 0, long ProcessStart = 0, double GraceSeconds = 0);

/// <summary>Source-generated JSON for the note.</summary>
[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(SupervisionNote))]
internal sealed partial class SupervisionJson : JsonSerializerContext
{
}
