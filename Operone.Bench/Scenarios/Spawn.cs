using System.Diagnostics;

namespace Operone.Bench.Scenarios;

/// <summary>The baseline of all that starts something: starting it directly.</summary>
internal static class Spawn
{
    /// <summary>Starts a program and waits for its end.</summary>
    public static async Task OnceAsync(CancellationToken cancellationToken, string program = "/bin/true", params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false })!;
        await process.WaitForExitAsync(cancellationToken);
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{program} ended with {process.ExitCode}");
        }
    }
}
