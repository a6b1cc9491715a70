using System.CommandLine;
using Operone.Agent.Devices;
using Operone.Core.Errors;

namespace Operone.Agent.Cli.Device;

/// <summary><c>operone agent leave</c>.</summary>
internal static class LeaveCommand
{
    /// <summary>Builds it.</summary>
    public static Command Create()
    {
        var force = new Option<bool>("--force") { Description = "Delete the identity even where the server cannot be told; the device then stays in its list until it is removed there." };
        var command = new Command("leave", "Take this machine out: tell the server, and delete the identity.") { force };
        command.SetAction(async (parsed, cancel) =>
        {
            var state = AgentCommands.StateOf(parsed);
            return state.Error is not null ? AgentCommands.Complain(state.Error) : await LeaveAsync(state.Value, parsed.GetValue(force), cancel);
        });
        return command;
    }

    private static async Task<int> LeaveAsync(StateDirectory state, bool force, CancellationToken cancel)
    {
        var store = new IdentityStore(state);
        var identity = store.Read();
        var told = identity.Error is not null ? identity.Error : await new Enrolment(store, state, TimeProvider.System).LeaveAsync(identity.Value, cancel);
        if (told.Error is { } problem)
        {
            if (!force || !store.Exists)
            {
                return AgentCommands.Complain(store.Exists
                    ? new Error(problem.Kind, problem.Code, problem.Title, $"{problem.Detail} With --force the identity is deleted without the server.")
                    : problem);
            }

            Console.Error.WriteLine($"operone: {problem.Title} {problem.Detail}");
        }

        store.Delete();
        Console.WriteLine(told.IsError ? "The identity is deleted. The server was not told: remove the device there." : "This machine has left. Its identity is deleted.");
        if (AgentLock.IsHeld(state))
        {
            Console.WriteLine("An agent still runs on this state directory; it ends when the server tells it, or end it yourself.");
        }

        return AgentCommands.Ok;
    }
}
