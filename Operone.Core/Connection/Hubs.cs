using Operone.Core.Channels;
using Operone.Core.Devices;
using Operone.Core.Shell;

namespace Operone.Core.Connection;

/// <summary>What an agent can call on the server. Composed of one small interface a room.</summary>
public interface IAgentHub : IDevicesHub, IShellHub
{
}

/// <summary>What the server can call on an agent. Composed of one small interface a room.</summary>
public interface IAgentClient : IDevicesClient, IChannelsClient, IShellClient
{
}

/// <summary>The room Devices, agent to server.</summary>
public interface IDevicesHub
{
    /// <summary>The first call on each connection; nothing else is taken before it.</summary>
    Task<HelloReply> Hello(Hello hello);

    /// <summary>The machine's facts have changed.</summary>
    Task ReportFacts(DeviceFacts facts);

    /// <summary>How the machine does.</summary>
    Task ReportTelemetry(TelemetrySample sample);

    /// <summary>Does nothing but answer: a device that holds a lease (<see cref="Supervision.LeaseSeconds"/>) hears by it that the server is there.</summary>
    Task Beat();
}

/// <summary>The room Devices, server to agent.</summary>
public interface IDevicesClient
{
    /// <summary>Settings have changed.</summary>
    Task Configure(AgentSettings settings);

    /// <summary>The device was removed: end, delete the identity, and do not come back.</summary>
    Task Leave(string reason);
}

/// <summary>The room Channels, server to agent.</summary>
public interface IChannelsClient
{
    /// <summary>Dial a channel, and join it to something on the device.</summary>
    Task OpenChannel(OpenChannel channel);
}

/// <summary>The room Shell, agent to server.</summary>
public interface IShellHub
{
    /// <summary>After <see cref="IDevicesHub.Hello"/>: which executions the agent has; the answer says how far each is stored.</summary>
    Task<ExecutionReconciliation> ReconcileExecutions(ExecutionInventory inventory);

    /// <summary>News of an execution. It is acknowledged by <see cref="IShellClient.AcknowledgeExecution"/> once stored.</summary>
    Task ReportExecution(ExecutionReport report);
}

/// <summary>The room Shell, server to agent.</summary>
public interface IShellClient
{
    /// <summary>Start an execution, once.</summary>
    Task StartExecution(StartExecution start);

    /// <summary>End an execution.</summary>
    Task CancelExecution(CancelExecution cancel);

    /// <summary>What the server has stored.</summary>
    Task AcknowledgeExecution(ExecutionAcknowledgement acknowledgement);
}
