using System.CommandLine;
using Operone.Agent.Devices;
using Operone.Agent.Platforms;

namespace Operone.Agent.Cli.Device;

/// <summary><c>operone agent install</c> and <c>uninstall</c>.</summary>
internal static class ServiceCommands
{
    private static Option<string> NameOption()
    {
        var option = new Option<string>("--service-name")
        {
            Description = "The service's name; another one for each further agent on this machine.",
            DefaultValueFactory = _ => "operone-agent",
            HelpName = "NAME",
        };
        option.Validators.Add(result =>
        {
            var name = result.GetValueOrDefault<string>();
            if (name.Length is 0 or > 100 || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'))
            {
                result.AddError($"--service-name: '{name}' must be 1 to 100 letters, digits, '-' or '_'");
            }
        });
        return option;
    }

    /// <summary>Builds <c>install</c>.</summary>
    public static Command Install()
    {
        var name = NameOption();
        var command = new Command("install", "Install the agent as a service that starts with the machine (systemd, launchd, Windows), and start it.") { name };
        command.SetAction(async (parsed, cancel) =>
        {
            var state = AgentCommands.StateOf(parsed);
            if (state.Error is not null)
            {
                return AgentCommands.Complain(state.Error);
            }

            var identity = new IdentityStore(state.Value).Read();
            if (identity.Error is not null && Environment.IsPrivilegedProcess)
            {
                return AgentCommands.Complain(identity.Error);
            }

            var spec = new ServiceSpec(parsed.GetValue(name)!, OwnProgram.Command(), state.Value.Path);
            return (await Platform.Current.Services.InstallAsync(spec, cancel)).Match(Say, AgentCommands.Complain);
        });
        return command;
    }

    /// <summary>Builds <c>uninstall</c>.</summary>
    public static Command Uninstall()
    {
        var name = NameOption();
        var command = new Command("uninstall", "Stop the service and take it away. Commands that run go on; the identity stays.") { name };
        command.SetAction(async (parsed, cancel) => (await Platform.Current.Services.UninstallAsync(parsed.GetValue(name)!, cancel)).Match(Say, AgentCommands.Complain));
        return command;
    }

    private static int Say(string what)
    {
        Console.WriteLine(what);
        return AgentCommands.Ok;
    }
}
