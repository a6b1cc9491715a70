using System.Text.Json;
using System.Text.Json.Serialization;
using Operone.Agent.Connection;

namespace Operone.Agent.Devices;

/// <summary>Source-generated JSON for what stays on the device.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, WriteIndented = true)]
[JsonSerializable(typeof(Identity))]
[JsonSerializable(typeof(ConnectionState))]
[JsonSerializable(typeof(StatusView))]
internal sealed partial class AgentJson : JsonSerializerContext
{
}
