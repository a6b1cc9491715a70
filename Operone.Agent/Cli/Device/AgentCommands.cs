using System.CommandLine;
using Operone.Core.Errors;

namespace Operone.Agent.Cli.Device;

/// <summary><c>operone agent ...</c>: what is done on the device itself.</summary>
internal static class AgentCommands
{
    /// <summary>Everything went well.</summary>
    public const int Ok = 0;

    /// <summary>It did not go well.</summary>
    public const int Failure = 1;

    /// <summary>The input is wrong.</summary>
    public const int Usage = 2;

    /// <summary>
    /// This machine is not enrolled (any more). It is EX_CONFIG of sysexits.h, and a service that ends with it is not started again.
    /// </summary>
    public const int NotEnrolled = 78;

    /// <summary>Where the agent keeps all it has; for every command below.</summary>
    public static Option<string?> StateDir { get; } = new("--state-dir")
    {
        Description = "Where the agent keeps all it has (or OPERONE_STATE_DIR). Default: /var/lib/operone as root, else ~/.local/state/operone.",
        Recursive = true,
        HelpName = "DIR",
    };

    /// <summary>Builds the command with all that is under it.</summary>
    public static Command Create() => new("agent", "Make this machine a device: enrol it, run its agent, see how it is, take it out.")
    {
        StateDir,
        EnrollCommand.Create(),
        RunAgentCommand.Create(),
        StatusCommand.Create(),
        LeaveCommand.Create(),
        ServiceCommands.Install(),
        ServiceCommands.Uninstall(),
    };

    /// <summary>The state directory that a command line means.</summary>
    public static Result<StateDirectory> StateOf(ParseResult parsed) => StateDirectory.Resolve(parsed.GetValue(StateDir));

    /// <summary>Tells a person what went wrong, on standard error. Gives the exit code.</summary>
    public static int Complain(Error problem)
    {
        Console.Error.WriteLine(problem.Fields is null ? $"operone: {problem.Title} {problem.Detail}".TrimEnd() : $"operone: {problem.Title}");
        foreach (var (field, messages) in problem.Fields ?? new Dictionary<string, string[]>())
        {
            foreach (var message in messages)
            {
                Console.Error.WriteLine($"  {field}: {message}");
            }
        }

        return problem.Code is "not-enrolled" or "device-removed" ? NotEnrolled : problem.Kind == ErrorKind.Invalid ? Usage : Failure;
    }
}
