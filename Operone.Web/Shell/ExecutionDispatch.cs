using System.Collections.Concurrent;
using Operone.Core.Shell;
using Operone.Web.Agents;
using Operone.Web.Shell.Environments;

namespace Operone.Web.Shell;

/// <summary>Tells devices what to start and what to end.</summary>
internal sealed class ExecutionDispatch(AgentSends sends, EnvironmentVault vault, TimeProvider time)
{
    /// <summary>How long a terminal is worth starting: who asked for it sits and waits.</summary>
    public static readonly TimeSpan TerminalPatience = TimeSpan.FromSeconds(30);

    // what makes terminals of executions that may have to be sent again, because the device was just about to compare
    private readonly ConcurrentDictionary<Guid, (StartTerminal Terminal, DateTimeOffset Until)> _terminals = new();

    /// <summary>Sends starts. One that does not arrive is sent again when its device reconnects.</summary>
    public Task StartAsync(Run run, IEnumerable<Execution> executions, CancellationToken cancellationToken)
    {
        var variables = vault.OpenRun(run);
        if (run.SealedEnvironment is not null && variables is null)
        {
            throw new InvalidOperationException($"The environment of the run {run.Id} cannot be opened; it must not start without.");
        }

        var (environment, masks) = (variables?.All() ?? run.Request.Environment, variables?.Masks());
        return sends.SendAsync(executions.Select(e => (e.DeviceId, Message(run, e) with { Environment = With(environment, StageOf(run, e)?.Environment), Masks = masks })),
            static (agent, start) => agent.StartExecution(start), cancellationToken);
    }

    /// <summary>Sends the start of a terminal. One that does not arrive is sent again when its device reconnects within 30 seconds.</summary>
    public Task StartAsync(Run run, Execution execution, StartTerminal terminal, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        foreach (var (old, entry) in _terminals)
        {
            if (entry.Until < now)
            {
                _terminals.TryRemove(old, out _);
            }
        }

        _terminals[execution.Id] = (terminal, now + TerminalPatience);
        return SendAsync(run, execution, terminal, cancellationToken);
    }

    /// <summary>Sends the start of a terminal again. False where this node knows nothing of it, or it is too late.</summary>
    public async Task<bool> StartAgainAsync(Run run, Execution execution, CancellationToken cancellationToken)
    {
        if (!_terminals.TryGetValue(execution.Id, out var known) || known.Until < time.GetUtcNow())
        {
            return false;
        }

        await SendAsync(run, execution, known.Terminal, cancellationToken);
        return true;
    }

    /// <summary>Sends cancels. One that does not arrive is sent again when its device reconnects.</summary>
    public Task CancelAsync(IEnumerable<(Guid DeviceId, Guid ExecutionId)> executions, CancellationToken cancellationToken) =>
        CancelAsync(executions.Select(e => (e.DeviceId, new CancelExecution(e.ExecutionId))), cancellationToken);

    /// <summary>The same, with the time that each is given.</summary>
    public Task CancelAsync(IEnumerable<(Guid DeviceId, CancelExecution Cancel)> cancels, CancellationToken cancellationToken) =>
        sends.SendAsync(cancels, static (agent, cancel) => agent.CancelExecution(cancel), cancellationToken);

    /// <summary>What ends an execution of a run, with the time that the run gives it.</summary>
    public static CancelExecution CancelOf(Run run, Guid executionId) =>
        run.Request.Supervision is { } supervision ? new(executionId, supervision.StopGraceSeconds) : new(executionId);

    private Task SendAsync(Run run, Execution execution, StartTerminal terminal, CancellationToken cancellationToken) =>
        sends.SendAsync([(execution.DeviceId, Message(run, execution) with { Terminal = terminal })],
            static (agent, start) => agent.StartExecution(start), cancellationToken);

    private static PipelineStage? StageOf(Run run, Execution execution) => execution.Stage is { } stage ? run.Request.Stages?[stage] : null;

    private static IReadOnlyDictionary<string, string>? With(IReadOnlyDictionary<string, string>? all, IReadOnlyDictionary<string, string>? own)
    {
        if (all is null || own is null)
        {
            return own ?? all;
        }

        var merged = new Dictionary<string, string>(all, StringComparer.Ordinal);
        foreach (var (name, value) in own)
        {
            merged[name] = value;
        }

        return merged;
    }

    private static StartExecution Message(Run run, Execution execution) => new()
    {
        ExecutionId = execution.Id,
        RunId = run.Id,
        DeviceName = execution.DeviceName,
        Command = StageOf(run, execution)?.Command ?? run.Request.Command,
        Argv = StageOf(run, execution)?.Argv ?? run.Request.Argv,
        StreamStdin = execution.Stage > 0 || run.Request.Stdin == StreamLimits.Word,
        StreamStdout = run.Request.Stdout == StreamLimits.Word || execution.Stage < run.Request.Stages?.Count - 1,
        Script = run.Request.Script,
        Interpreter = run.Request.Interpreter,
        WorkingDirectory = StageOf(run, execution)?.WorkingDirectory ?? run.Request.WorkingDirectory,
        Environment = run.Request.Environment,
        Stdin = run.Stdin,
        TimeoutSeconds = run.Request.TimeoutSeconds,
        Sandbox = run.Sandbox,
        OutputLimitBytes = run.Request.OutputLimitBytes ?? RunLimits.DefaultOutputLimitBytes,
        KeepsNewest = execution.NewestBytes is not null,
        Supervision = run.Request.Supervision,
    };
}
