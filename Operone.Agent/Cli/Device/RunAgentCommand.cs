using System.CommandLine;
using Microsoft.Extensions.Logging;
using Operone.Agent.Platforms;

namespace Operone.Agent.Cli.Device;

/// <summary><c>operone agent run</c>.</summary>
internal static class RunAgentCommand
{
    /// <summary>Builds it.</summary>
    public static Command Create()
    {
        var verbose = new Option<bool>("--verbose", "-v") { Description = "Log everything, the connection library's lines too." };
        var service = new Option<bool>("--windows-service") { Description = "Run under Windows' service manager.", Hidden = true };
        var command = new Command("run", "Run the agent until it is told to stop (Ctrl+C, SIGTERM). Commands that run go on without it.") { verbose, service };
        command.SetAction(async (parsed, cancel) =>
        {
            var state = AgentCommands.StateOf(parsed);
            if (state.Error is not null)
            {
                return AgentCommands.Complain(state.Error);
            }

            using var loggers = new StderrLoggerFactory(parsed.GetValue(verbose) ? LogLevel.Debug : LogLevel.Information, TimeProvider.System);
            var platform = Platform.Current;
            var agent = new AgentProcess(state.Value, platform, loggers, TimeProvider.System);
            var result = parsed.GetValue(service) ? await platform.RunAsServiceAsync(agent.RunAsync, cancel) : await agent.RunAsync(cancel);
            return result.Error is null ? AgentCommands.Ok : AgentCommands.Complain(result.Error);
        });
        return command;
    }
}
