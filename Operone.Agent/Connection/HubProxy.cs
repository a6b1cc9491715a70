using Microsoft.AspNetCore.SignalR.Client;
using Operone.Core.Connection;
using Operone.Core.Devices;
using Operone.Core.Shell;

namespace Operone.Agent.Connection;

/// <summary>The server's methods as an agent calls them. Written by hand, for Native AOT.</summary>
internal sealed class HubProxy(HubConnection connection, CancellationToken cancel) : IAgentHub
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);

    /// <summary>An answer that takes longer says little of now.</summary>
    private static readonly TimeSpan _beatPatience = TimeSpan.FromSeconds(5);

    /// <inheritdoc/>
    public async Task<HelloReply> Hello(Hello hello)
    {
        using var limit = Limit();
        return await connection.InvokeAsync<HelloReply>(nameof(IAgentHub.Hello), hello, limit.Token);
    }

    /// <inheritdoc/>
    public async Task<ExecutionReconciliation> ReconcileExecutions(ExecutionInventory inventory)
    {
        using var limit = Limit();
        return await connection.InvokeAsync<ExecutionReconciliation>(nameof(IAgentHub.ReconcileExecutions), inventory, limit.Token);
    }

    /// <inheritdoc/>
    public async Task Beat()
    {
        using var limit = Limit(_beatPatience);
        await connection.InvokeAsync(nameof(IAgentHub.Beat), limit.Token);
    }

    // what follows awaits no answer: an acknowledgement comes as a message of its own, or none is needed

    /// <inheritdoc/>
    public Task ReportFacts(DeviceFacts facts) => connection.SendAsync(nameof(IAgentHub.ReportFacts), facts, cancel);

    /// <inheritdoc/>
    public Task ReportTelemetry(TelemetrySample sample) => connection.SendAsync(nameof(IAgentHub.ReportTelemetry), sample, cancel);

    /// <inheritdoc/>
    public Task ReportExecution(ExecutionReport report) => connection.SendAsync(nameof(IAgentHub.ReportExecution), report, cancel);

    private CancellationTokenSource Limit(TimeSpan? patience = null)
    {
        var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(patience ?? _patience);
        return limit;
    }
}
