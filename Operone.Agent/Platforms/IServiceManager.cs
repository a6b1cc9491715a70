using System.ComponentModel;
using System.Diagnostics;
using Operone.Core.Errors;

namespace Operone.Agent.Platforms;

/// <summary>The system's service manager.</summary>
internal interface IServiceManager
{
    /// <summary>Installs the service, so that it starts with the machine, and starts it. Gives what was done, in words.</summary>
    Task<Result<string>> InstallAsync(ServiceSpec spec, CancellationToken cancel);

    /// <summary>Stops the service and takes it away. Commands that run go on. Gives what was done, in words.</summary>
    Task<Result<string>> UninstallAsync(string name, CancellationToken cancel);
}

/// <summary>Calls the service manager's own tools.</summary>
internal static class ServiceTool
{
    /// <summary>The refusal for somebody who is not allowed to change services.</summary>
    public static Error NeedsRoot { get; } = new(
        ErrorKind.Forbidden, "needs-root", "This needs the rights of an administrator.",
        OperatingSystem.IsWindows() ? "Run it in a console that was started as administrator." : "Run it with sudo. Without, 'operone agent run' runs the agent in the foreground.");

    /// <summary>Runs a tool to its end.</summary>
    public static async Task<Result<Unit>> RunAsync(string program, IReadOnlyList<string> arguments, CancellationToken cancel)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true, UseShellExecute = false };
        try
        {
            using var process = Process.Start(start) ?? throw new Win32Exception();
            var error = process.StandardError.ReadToEndAsync(cancel);
            var output = await process.StandardOutput.ReadToEndAsync(cancel);
            await process.WaitForExitAsync(cancel);
            return process.ExitCode == 0 ? Unit.Value : Failed($"it ended with {process.ExitCode}: {(await error + output).Trim()}");
        }
        catch (Win32Exception problem)
        {
            return Failed(problem.Message);
        }

        Error Failed(string why) => new(ErrorKind.Unavailable, "service-tool-failed", "The service manager did not do it.", $"{program} {string.Join(' ', arguments)}: {why}");
    }

    /// <summary>Runs several, until one fails.</summary>
    public static async Task<Result<Unit>> RunAllAsync(string program, IReadOnlyList<IReadOnlyList<string>> calls, CancellationToken cancel)
    {
        foreach (var call in calls)
        {
            if (await RunAsync(program, call, cancel) is { Error: { } problem })
            {
                return problem;
            }
        }

        return Unit.Value;
    }
}
