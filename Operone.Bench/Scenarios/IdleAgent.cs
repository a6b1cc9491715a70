using System.Diagnostics;
using System.Globalization;
using Operone.Bench.Hosting;
using Operone.E2E.Hosting;

namespace Operone.Bench.Scenarios;

/// <summary>What an agent costs its device.</summary>
internal static class IdleAgent
{
    public static async Task<IReadOnlyList<Row>> MeasureAsync(BenchContext context)
    {
        var server = await context.StartServerAsync();
        var agent = (await context.StartAgentsAsync(server, 1))[0];
        // A command has run, so that what an agent keeps for commands is in the figure too.
        await context.RunAsync(server, "true", "real-0");
        await context.PauseAsync(10);
        var (began, used) = (Stopwatch.GetTimestamp(), Proc.FineProcessorTime(agent.ProcessId));
        await context.PauseAsync(30);
        var cpu = (Proc.FineProcessorTime(agent.ProcessId) - used) / Stopwatch.GetElapsedTime(began) * 100;
        var memory = Proc.Resident(agent.ProcessId);
        var hosts = Hosts(agent.StateDirectory, agent.ProcessId);
        var size = new FileInfo(Published.Agent).Length;
        using var self = Process.GetCurrentProcess();
        return
        [
            new("agent: size of the program", Text($"{size / 1e6:0.0} MB"), "< 12 MB", size < 12_000_000, Text($"bash: {new FileInfo("/bin/bash").Length / 1e6:0.0} MB")),
            new("agent: memory, idle", Text($"{memory / 1e6:0.0} MB resident") + (hosts.Count > 0 ? Text($", and {hosts.Sum() / 1e6:0.0} MB in {hosts.Count} warm host") : ""),
                "< 18 MB", memory < 18_000_000, Text($"this .NET process: {self.WorkingSet64 / 1e6:0.0} MB")),
            new("agent: CPU, idle, over 30 s (pings every 5 s, telemetry every 10 s)", Text($"{cpu:0.000} %"), "< 0.05 %", cpu < 0.05, ""),
        ];
    }

    /// <summary>The resident memory of the other processes of this agent.</summary>
    private static List<long> Hosts(string state, int agent)
    {
        var found = new List<long>();
        foreach (var entry in Directory.EnumerateDirectories("/proc"))
        {
            try
            {
                if (int.TryParse(Path.GetFileName(entry), out var id) && id != agent
                    && File.ReadAllText(Path.Combine(entry, "cmdline")) is var line
                    && line.Contains("host", StringComparison.Ordinal)
                    && (line.Contains(state, StringComparison.Ordinal) || Parent(entry) == agent))
                {
                    found.Add(Proc.Resident(id));
                }
            }
            catch (IOException)
            {
                // It ended meanwhile.
            }
        }

        return found;
    }

    private static int Parent(string entry)
    {
        var text = File.ReadAllText(Path.Combine(entry, "stat"));
        return int.Parse(text[(text.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture);
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
