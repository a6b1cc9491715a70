using Operone.Core.Shell;
using Operone.Web.Agents;

namespace Operone.Web.Shell;

/// <summary>Tells devices what to start and what to end.</summary>
internal sealed class ExecutionDispatch(AgentSends sends)
{
    /// <summary>Sends starts. One that does not arrive is sent again when its device reconnects.</summary>
    public Task StartAsync(Run run, IEnumerable<Execution> executions, CancellationToken cancellationToken) =>
        sends.SendAsync(executions.Select(e => (e.DeviceId, Message(run, e))),
            static (agent, start) => agent.StartExecution(start), cancellationToken);

    /// <summary>Sends the start of a terminal. One that does not arrive is given up when its device reconnects.</summary>
    public Task StartAsync(Run run, Execution execution, StartTerminal terminal, CancellationToken cancellationToken) =>
        sends.SendAsync([(execution.DeviceId, Message(run, execution) with { Terminal = terminal })],
            static (agent, start) => agent.StartExecution(start), cancellationToken);

    /// <summary>Sends cancels. One that does not arrive is sent again when its device reconnects.</summary>
    public Task CancelAsync(IEnumerable<(Guid DeviceId, Guid ExecutionId)> executions, CancellationToken cancellationToken) =>
        sends.SendAsync(executions.Select(e => (e.DeviceId, new CancelExecution(e.ExecutionId))),
            static (agent, cancel) => agent.CancelExecution(cancel), cancellationToken);

    private static StartExecution Message(Run run, Execution execution) => new()
    {
        ExecutionId = execution.Id,
        RunId = run.Id,
        DeviceName = execution.DeviceName,
        Command = run.Request.Command,
        Argv = run.Request.Argv,
        Script = run.Request.Script,
        Interpreter = run.Request.Interpreter,
        WorkingDirectory = run.Request.WorkingDirectory,
        Environment = run.Request.Environment,
        Stdin = run.Stdin,
        Sandbox = run.Sandbox,
        TimeoutSeconds = run.Request.TimeoutSeconds,
        OutputLimitBytes = run.Request.OutputLimitBytes ?? RunLimits.DefaultOutputLimitBytes,
    };
}
