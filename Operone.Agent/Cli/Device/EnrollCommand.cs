using System.CommandLine;
using Operone.Agent.Devices;
using Operone.Core.Errors;

namespace Operone.Agent.Cli.Device;

/// <summary><c>operone agent enroll</c>.</summary>
internal static class EnrollCommand
{
    /// <summary>Builds it.</summary>
    public static Command Create()
    {
        var server = new Option<string>("--server") { Description = "The server's address, for example https://operone.example.org.", Required = true, HelpName = "URL" };
        var token = new Option<string>("--token") { Description = "An enrolment token; made in the console under Devices.", Required = true, HelpName = "TOKEN" };
        var name = new Option<string?>("--name") { Description = "The device's name. Default: this machine's name.", HelpName = "NAME" };
        var labels = new Option<string[]>("--label") { Description = "A label; may be given several times.", HelpName = "KEY=VALUE" };
        var command = new Command("enroll", "Enrol this machine with a server.") { server, token, name, labels };
        command.SetAction(async (parsed, cancel) =>
        {
            var request = EnrollArguments.Parse(parsed.GetValue(server)!, parsed.GetValue(token)!, parsed.GetValue(name), parsed.GetValue(labels) ?? []);
            var state = AgentCommands.StateOf(parsed);
            if ((request.Error ?? state.Error) is { } problem)
            {
                return AgentCommands.Complain(problem);
            }

            var (address, secret, wanted, given) = request.Value;
            var enrolment = new Enrolment(new IdentityStore(state.Value), state.Value, TimeProvider.System);
            var identity = await enrolment.EnrolAsync(address, secret, wanted, given, cancel);
            if (identity.Error is not null)
            {
                return AgentCommands.Complain(identity.Error);
            }

            Console.WriteLine($"Enrolled as {identity.Value.Name} ({identity.Value.DeviceId}).");
            Console.WriteLine("Start the agent with 'operone agent run', or as a service with 'operone agent install'.");
            return AgentCommands.Ok;
        });
        return command;
    }
}

/// <summary>What <c>enroll</c> takes, checked.</summary>
/// <param name="Server">The server's address, with a slash at its end so that a path below it can be named.</param>
/// <param name="Token">The token.</param>
/// <param name="Name">The name that is wanted, or null.</param>
/// <param name="Labels">The labels that are wanted.</param>
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
        if (name is not null && Core.Labels.CheckDeviceName(name) is { } problem)
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

        Core.Labels.Check(pairs, "--label", errors);
        return errors.ToError() is { } error ? error : new EnrollArguments(address!, secret.Value, name, pairs);
    }

    private static Uri? Address(string text) =>
        Uri.TryCreate(text.EndsWith('/') ? text : text + "/", UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri.Host.Length > 0 ? uri : null;
}
