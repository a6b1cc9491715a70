using System.CommandLine;
using Microsoft.Extensions.Logging;
using Operone.Agent.Devices;
using Operone.Agent.Platforms;
using Operone.Core.Errors;

namespace Operone.Agent.Cli;

/// <summary><c>operone agent ...</c>: what is done on the device itself.</summary>
internal static class AgentCommands
{
    private static readonly Option<string?> _stateDir = new("--state-dir")
    {
        Description = "Where the agent keeps all it has (or OPERONE_STATE_DIR). Default: /var/lib/operone as root, else ~/.local/state/operone.",
        Recursive = true,
        HelpName = "DIR",
    };

    /// <summary>Builds the command with all that is under it.</summary>
    public static Command Create() => new("agent", "Make this machine a device: enrol it, run its agent, see how it is, take it out.")
    {
        _stateDir,
        Enroll(),
        Run(),
    };

    private static Command Enroll()
    {
        var server = new Option<string>("--server") { Description = "The server's address, for example https://operone.example.org.", Required = true, HelpName = "URL" };
        var token = new Option<string>("--token") { Description = "An enrolment token; made in the console under Devices.", Required = true, HelpName = "TOKEN" };
        var name = new Option<string?>("--name") { Description = "The device's name. Default: this machine's name.", HelpName = "NAME" };
        var labels = new Option<string[]>("--label") { Description = "A label; may be given several times.", HelpName = "KEY=VALUE" };
        var command = new Command("enroll", "Enrol this machine with a server.") { server, token, name, labels };
        command.SetAction(async (parsed, cancel) =>
        {
            var request = EnrollArguments.Parse(parsed.GetValue(server)!, parsed.GetValue(token)!, parsed.GetValue(name), parsed.GetValue(labels) ?? []);
            var state = StateDirectory.Resolve(parsed.GetValue(_stateDir));
            if ((request.Error ?? state.Error) is { } problem)
            {
                return Complaint.Print(problem);
            }

            var (address, secret, wanted, given) = request.Value;
            var enrolment = new Enrolment(new IdentityStore(state.Value), state.Value, TimeProvider.System);
            var identity = await enrolment.EnrolAsync(address, secret, wanted, given, cancel);
            if (identity.Error is not null)
            {
                return Complaint.Print(identity.Error);
            }

            Console.WriteLine($"Enrolled as {identity.Value.Name} ({identity.Value.DeviceId}). Start the agent with 'operone agent run', or as a service with 'operone agent install'.");
            return 0;
        });
        return command;
    }

    private static Command Run()
    {
        var verbose = new Option<bool>("--verbose", "-v") { Description = "Log everything, the connection library's lines too." };
        var command = new Command("run", "Run the agent until it is told to stop (Ctrl+C, SIGTERM). Commands that run go on without it.") { verbose };
        command.SetAction(async (parsed, cancel) =>
        {
            var state = StateDirectory.Resolve(parsed.GetValue(_stateDir));
            if (state.Error is not null)
            {
                return Complaint.Print(state.Error);
            }

            using var loggers = new StderrLoggerFactory(parsed.GetValue(verbose) ? LogLevel.Debug : LogLevel.Information, TimeProvider.System);
            var result = await new AgentProcess(state.Value, Platform.Current, loggers, TimeProvider.System).RunAsync(cancel);
            return result.Error is null ? 0 : Complaint.Print(result.Error);
        });
        return command;
    }
}

/// <summary>What <c>enroll</c> takes, checked.</summary>
internal sealed record EnrollArguments(Uri Server, EnrolmentToken Token, string? Name, IReadOnlyDictionary<string, string> Labels)
{
    /// <summary>Checks all of it, and tells all that is wrong.</summary>
    public static Result<EnrollArguments> Parse(string server, string token, string? name, IReadOnlyList<string> labels)
    {
        var errors = new FieldErrors();
        var address = Address(server);
        errors.AddIf(address is null, "--server", $"'{server}' is not an address that begins with http:// or https://");
        var secret = EnrolmentToken.Parse(token);
        errors.AddIf(secret.IsError, "--token", secret.Error?.Fields?["token"][0] ?? "");
        if (name is not null && Core.Devices.Labels.CheckDeviceName(name) is { } problem)
        {
            errors.Add("--name", problem);
        }

        var pairs = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var label in labels)
        {
            var equals = label.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
            {
                errors.Add("--label", $"'{label}' is not KEY=VALUE");
                continue;
            }

            pairs[label[..equals]] = label[(equals + 1)..];
        }

        Core.Devices.Labels.Check(pairs, "--label", errors);
        return errors.ToError() is { } error ? error : new EnrollArguments(address!, secret.Value, name, pairs);
    }

    /// <summary>The address with a slash at its end, so that a path below it can be named; null where it is none.</summary>
    private static Uri? Address(string text) =>
        Uri.TryCreate(text.EndsWith('/') ? text : text + "/", UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri.Host.Length > 0 ? uri : null;
}

/// <summary>Tells a person what went wrong.</summary>
internal static class Complaint
{
    /// <summary>Writes the problem to standard error. Gives the exit code: 2 for wrong input, else 1.</summary>
    public static int Print(Error problem)
    {
        Console.Error.WriteLine(problem.Fields is null ? $"operone: {problem.Title} {problem.Detail}".TrimEnd() : $"operone: {problem.Title}");
        foreach (var (field, messages) in problem.Fields ?? new Dictionary<string, string[]>())
        {
            foreach (var message in messages)
            {
                Console.Error.WriteLine($"  {field}: {message}");
            }
        }

        return problem.Kind == ErrorKind.Invalid ? 2 : 1;
    }
}
