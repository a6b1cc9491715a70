using System.Diagnostics;
using System.Globalization;

namespace Operone.Bench.Simulation;

/// <summary>Simulated agents in a process of their own, seen from the scenario.</summary>
internal sealed class SimulatedFleet : IAsyncDisposable
{
    /// <summary>In place of an enrolment token: agents without identity, for the bare hub.</summary>
    public const string NoToken = "none";

    private readonly Process _process;
    private bool _disposed;

    private SimulatedFleet(Process process) => _process = process;

    /// <summary>Starts them; they enrol and connect by themselves.</summary>
    public static SimulatedFleet Start(string folder, string url, string token, int count)
    {
        var start = new ProcessStartInfo("dotnet")
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            WorkingDirectory = folder,
            // What is left over must not count for the server: a small heap, collected without threads of its own.
            Environment = { ["DOTNET_gcConcurrent"] = "0", ["DOTNET_TieredPGO"] = "0" },
        };
        foreach (var argument in (IEnumerable<string>)
            [Path.Combine(AppContext.BaseDirectory, "Operone.Bench.dll"), "sim", url, token, count.ToString(CultureInfo.InvariantCulture)])
        {
            start.ArgumentList.Add(argument);
        }

        return new(Process.Start(start)!);
    }

    /// <summary>Tells them something.</summary>
    public void Say(string line)
    {
        _process.StandardInput.WriteLine(line);
        _process.StandardInput.Flush();
    }

    /// <summary>Waits until so many were welcomed by the server.</summary>
    public Task WaitForOnlineAsync(int count, TimeSpan limit, CancellationToken cancellationToken) =>
        UntilAsync(online => online >= count, limit, cancellationToken);

    /// <summary>Waits until each has noticed that its connection is gone.</summary>
    public Task WaitUntilAllLostAsync(TimeSpan limit, CancellationToken cancellationToken) =>
        UntilAsync(online => online == 0, limit, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        _process.StandardInput.Close();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(15));
        try
        {
            await _process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    private async Task UntilAsync(Func<int, bool> holds, TimeSpan limit, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            Say("status");
            var line = await _process.StandardOutput.ReadLineAsync(cancellationToken)
                ?? throw new InvalidOperationException("The simulators' process has ended.");
            var online = int.Parse(line[..line.IndexOf(' ', StringComparison.Ordinal)], CultureInfo.InvariantCulture);
            if (online < 0)
            {
                throw new InvalidOperationException($"The simulated agents could not join: {line}");
            }

            if (holds(online))
            {
                return;
            }

            if (clock.Elapsed > limit)
            {
                throw new TimeoutException($"After {limit.TotalSeconds:0} s: online, executions, failures, the last failure: {line}");
            }

            await Task.Delay(20, cancellationToken);
        }
    }
}
