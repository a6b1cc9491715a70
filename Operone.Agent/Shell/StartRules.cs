using Operone.Core.Devices;
using Operone.Core.Shell;

namespace Operone.Agent.Shell;

/// <summary>What an agent checks of a start message: the server has checked the same, but a device trusts no one to have done so.</summary>
internal static class StartRules
{
    /// <summary>Why a start is refused, in words; or null.</summary>
    public static string? Check(StartExecution start)
    {
        if (start.ExecutionId == Guid.Empty)
        {
            return "The start message names no execution.";
        }

        var request = new CreateRun
        {
            // a terminal without a program has the user's shell
            Command = start is { Terminal: not null, Argv: null } ? "shell" : start.Command,
            Argv = start.Argv,
            Script = start.Script,
            Interpreter = start.Interpreter,
            Target = new RunTarget(All: true),
            WorkingDirectory = start.WorkingDirectory,
            Environment = start.Environment,
            TimeoutSeconds = start.TimeoutSeconds,
            OutputLimitBytes = start.OutputLimitBytes,
        };
        if (RunLimits.Check(request) is { Fields: { } fields })
        {
            return $"The start message is not valid: {string.Join("; ", fields.Select(f => $"{f.Key} {string.Join(", ", f.Value)}"))}.";
        }

        if (start.Sandbox is { } sandbox && SandboxSupport.Refusal(sandbox) is { } refusal)
        {
            return refusal;
        }

        if (start.Supervision is not null && OperatingSystem.IsWindows())
        {
            return "Commands can be supervised (started again, asked how they are, ended by a lease) on Linux and macOS alone.";
        }

        if (SupervisionRules.Check(start) is { Fields: { } wrong })
        {
            return $"The start message is not valid: {string.Join("; ", wrong.Select(f => $"{f.Key} {string.Join(", ", f.Value)}"))}.";
        }

        if ((start.StreamStdin || start.StreamStdout) && OperatingSystem.IsWindows())
        {
            return "Standard input and output cannot be streamed on Windows.";
        }

        return start.Stdin?.Length > RunLimits.MaxStdinBytes ? $"The start message is not valid: standard input is over {RunLimits.MaxStdinBytes} bytes." : null;
    }
}
