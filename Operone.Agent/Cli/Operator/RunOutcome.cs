using Operone.Core;
using Operone.Core.Shell;

namespace Operone.Agent.Cli.Operator;

/// <summary>What is said of a run that has ended, and the exit code.</summary>
internal sealed class RunOutcome(CliContext cli, RunView run, bool interrupted)
{
    private readonly IReadOnlyList<ExecutionView> _executions = run.Executions ?? [];

    /// <summary>Says on standard error what did not go well.</summary>
    public int Report()
    {
        foreach (var execution in _executions)
        {
            if (execution is { DiscardedBytes: > 0, NewestBytes: null })
            {
                cli.Say($"{execution.DeviceName}: {Quantities.FormatSize(execution.DiscardedBytes)} of output past the limit were not kept (--output-limit)");
            }

            if (execution.Status != ExecutionStatus.Succeeded)
            {
                cli.Say($"{(execution.Stage is { } stage ? PipelineOutput.Name(stage, execution.DeviceName) : execution.DeviceName)}: {Describe(execution)}");
            }
        }

        if (_executions.Count > 1 && _executions[0].Stage is null)
        {
            Summarize();
        }

        return ExitCode();
    }

    /// <summary>An execution's end in words.</summary>
    public static string Describe(ExecutionView execution)
    {
        var status = execution.Status switch
        {
            ExecutionStatus.TimedOut => "timed out",
            var other => other.ToText(),
        };
        return string.IsNullOrWhiteSpace(execution.Reason)
            ? execution.ExitCode is { } code ? $"{status}: exit code {code}" : status
            : $"{status}: {execution.Reason}";
    }

    private void Summarize()
    {
        var succeeded = _executions.Count(e => e.Status == ExecutionStatus.Succeeded);
        if (succeeded == _executions.Count && !cli.ErrorIsTerminal)
        {
            return;
        }

        var others = _executions.Where(e => e.Status != ExecutionStatus.Succeeded).GroupBy(e => e.Status).Select(g => $", {g.Count()} {g.Key.ToText()}");
        var took = run.EndedAt is { } end ? $" in {Quantities.FormatDuration(end - run.CreatedAt)}" : "";
        cli.Say($"{succeeded} of {_executions.Count} devices succeeded{string.Concat(others)}{took}");
    }

    private static int ExitCode(ExecutionView only) => only.Status switch
    {
        ExecutionStatus.Succeeded => only.ExitCode ?? 0,
        ExecutionStatus.TimedOut => RunSession.TimedOutExitCode,
        ExecutionStatus.Cancelled => RunSession.CancelledExitCode,

        // a failure is never 0, whatever code came with it
        _ => only.ExitCode is { } code and not 0 ? code : 1,
    };

    /// <summary>As <c>set -o pipefail</c> has it: of the last stage that failed. One that was ended because another failed has not.</summary>
    private int PipelineExitCode() =>
        interrupted ? RunSession.CancelledExitCode
        : _executions.LastOrDefault(e => e.Status is not (ExecutionStatus.Succeeded or ExecutionStatus.Cancelled)) is { } failed ? ExitCode(failed)
        : run.Status == RunStatus.Succeeded ? 0 : RunSession.CancelledExitCode;

    private int ExitCode() => _executions switch
    {
        [{ Stage: not null }, ..] => PipelineExitCode(),
        [var only] => ExitCode(only),
        _ => run.Status == RunStatus.Succeeded ? 0 : interrupted ? RunSession.CancelledExitCode : 1,
    };
}
