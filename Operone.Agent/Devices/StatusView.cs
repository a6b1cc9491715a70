namespace Operone.Agent.Devices;

/// <summary>What <c>operone agent status</c> tells.</summary>
/// <param name="StateDirectory">Which folder it is about.</param>
/// <param name="Enrolled">Whether there is an identity.</param>
/// <param name="Server">The server, where enrolled.</param>
/// <param name="DeviceId">The device's id, where enrolled.</param>
/// <param name="DeviceName">The device's name, where enrolled.</param>
/// <param name="Running">Whether an agent runs on this folder.</param>
/// <param name="Pid">The agent's process, while it runs.</param>
/// <param name="Connected">Whether it is connected.</param>
/// <param name="Since">Since when it is connected or not (UTC), while it runs.</param>
/// <param name="Problem">Why it is not connected, as far as it is known.</param>
/// <param name="UnfinishedExecutions">Executions that run or whose end the server has not stored yet.</param>
internal sealed record StatusView(
    string StateDirectory, bool Enrolled, Uri? Server, Guid? DeviceId, string? DeviceName, bool Running, int? Pid, bool Connected,
    DateTimeOffset? Since, string? Problem, int UnfinishedExecutions);
