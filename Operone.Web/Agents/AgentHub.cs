using Microsoft.AspNetCore.SignalR;
using Operone.Core.Connection;
using Operone.Core.Devices;
using Operone.Core.Shell;
using Operone.Web.Data;
using Operone.Web.Devices;
using Operone.Web.Shell;

namespace Operone.Web.Agents;

/// <summary>Where agents talk. Who it is comes from the connection; every method only hands on to a room.</summary>
internal sealed class AgentHub(Presence presence, AgentConnections connections, IExecutionReports executions, DatabaseReach database) : Hub<IAgentClient>, IAgentHub
{
    private static readonly object AcceptedKey = new();

    private Guid DeviceId => DeviceOf(Context);

    /// <summary>The device behind a connection.</summary>
    public static Guid DeviceOf(HubCallerContext context) => Guid.ParseExact(context.UserIdentifier!, "D");

    /// <summary>Whether the connection has said Hello, and may stay.</summary>
    public static bool IsAccepted(HubCallerContext context) => context.Items.ContainsKey(AcceptedKey);

    public async Task<HelloReply> Hello(Hello hello)
    {
        try
        {
            var reply = await presence.HelloAsync(DeviceId, Context.ConnectionId, hello, Context.ConnectionAborted);
            if (reply.Accepted)
            {
                Context.Items[AcceptedKey] = null;
                connections.Add(DeviceId, Context);
            }
            else
            {
                connections.EndSoon(Context);
            }

            return reply;
        }
        finally
        {
            // The connection may have ended meanwhile, and its end may have been handled before it was known.
            if (Context.ConnectionAborted.IsCancellationRequested)
            {
                await LeaveAsync();
            }
        }
    }

    public async Task ReportFacts(DeviceFacts facts) => await presence.FactsAsync(DeviceId, facts, Context.ConnectionAborted);

    public Task ReportTelemetry(TelemetrySample sample)
    {
        presence.Telemetry(DeviceId, sample);
        return Task.CompletedTask;
    }

    /// <summary>Answers only where this node reaches its database: an answer keeps a device's leases, and another node may give its workloads elsewhere otherwise.</summary>
    public async Task Beat()
    {
        if (!await database.IsThereAsync())
        {
            throw new HubException("The server does not reach its database.");
        }
    }

    public Task<ExecutionReconciliation> ReconcileExecutions(ExecutionInventory inventory) =>
        executions.ReconcileAsync(DeviceId, inventory, Context.ConnectionAborted);

    public async Task ReportExecution(ExecutionReport report) =>
        await executions.ReportAsync(DeviceId, report, Context.ConnectionAborted);

    public override async Task OnDisconnectedAsync(Exception? exception)
    {
        await LeaveAsync();
        await base.OnDisconnectedAsync(exception);
    }

    private async Task LeaveAsync()
    {
        connections.Remove(DeviceId, Context);
        await presence.GoneAsync(DeviceId, Context.ConnectionId);
    }
}
