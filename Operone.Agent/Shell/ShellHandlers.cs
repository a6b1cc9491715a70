using Operone.Agent.Connection;
using Operone.Core.Shell;

namespace Operone.Agent.Shell;

/// <summary>Takes <see cref="StartExecution"/>.</summary>
internal sealed class StartExecutionHandler(Executions executions) : IMessageHandler<StartExecution>
{
    /// <inheritdoc/>
    public Task HandleAsync(StartExecution message)
    {
        executions.Start(message);
        return Task.CompletedTask;
    }
}

/// <summary>Takes <see cref="CancelExecution"/>.</summary>
internal sealed class CancelExecutionHandler(Executions executions) : IMessageHandler<CancelExecution>
{
    /// <inheritdoc/>
    public Task HandleAsync(CancelExecution message)
    {
        executions.Cancel(message);
        return Task.CompletedTask;
    }
}

/// <summary>Takes <see cref="ExecutionAcknowledgement"/>.</summary>
internal sealed class AcknowledgeExecutionHandler(Executions executions) : IMessageHandler<ExecutionAcknowledgement>
{
    /// <inheritdoc/>
    public Task HandleAsync(ExecutionAcknowledgement message)
    {
        executions.Acknowledge(message);
        return Task.CompletedTask;
    }
}
