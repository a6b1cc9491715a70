using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Operone.Agent.Connection;
using Operone.Agent.Devices;

namespace Operone.Agent.Cli.Device;

/// <summary><c>operone agent status</c>. Its exit code is 0 where the agent is connected, 78 where the machine is not enrolled, else 1.</summary>
internal static class StatusCommand
{
    /// <summary>Builds it.</summary>
    public static Command Create()
    {
        var json = new Option<bool>("--json") { Description = "As JSON." };
        var command = new Command("status", "Tell whether this machine is enrolled and its agent runs and is connected. Exits with 0 where it is connected.") { json };
        command.SetAction(parsed =>
        {
            var state = AgentCommands.StateOf(parsed);
            if (state.Error is not null)
            {
                return AgentCommands.Complain(state.Error);
            }

            var view = Look(state.Value);
            Console.WriteLine(parsed.GetValue(json) ? JsonSerializer.Serialize(view, AgentJson.Default.StatusView) : Text(view));
            return view.Connected ? AgentCommands.Ok : view.Enrolled ? AgentCommands.Failure : AgentCommands.NotEnrolled;
        });
        return command;
    }

    /// <summary>Looks at the state directory.</summary>
    public static StatusView Look(StateDirectory state)
    {
        var identity = new IdentityStore(state).Read();
        var running = AgentLock.IsHeld(state);
        var connection = running ? ConnectionStateFile.Read(state) : null;
        var known = identity.IsError ? null : identity.Value;
        return new StatusView(
            state.Path, known is not null, known?.Server, known?.DeviceId, connection?.DeviceName ?? known?.Name, running, connection?.Pid,
            connection?.Connected ?? false, connection?.Since,
            connection?.Problem ?? (identity.Error is { Code: not "not-enrolled" } broken ? broken.Detail : null),
            Directory.Exists(state.Executions) ? Directory.EnumerateDirectories(state.Executions).Count(d => Guid.TryParseExact(Path.GetFileName(d), "N", out _)) : 0);
    }

    private static string Text(StatusView view)
    {
        var lines = new List<string>
        {
            view.Enrolled ? $"Enrolled as {view.DeviceName} ({view.DeviceId}) with {view.Server}" : "Not enrolled. Enrol with 'operone agent enroll --server URL --token TOKEN'.",
            view.Running ? $"An agent runs (process {view.Pid})" : "No agent runs on this state directory.",
        };
        if (view.Running)
        {
            var since = view.Since?.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);
            lines.Add(view.Connected ? $"Connected since {since}" : $"Not connected since {since}");
        }

        if (view.Problem is not null)
        {
            lines.Add($"Problem: {view.Problem}");
        }

        lines.Add($"Unfinished executions: {view.UnfinishedExecutions}");
        lines.Add($"State directory: {view.StateDirectory}");
        return string.Join('\n', lines);
    }
}
