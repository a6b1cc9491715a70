using System.Diagnostics;
using System.Globalization;
using Operone.Bench.Hosting;
using Operone.Core.Shell;
using Operone.E2E.Hosting;

namespace Operone.Bench.Scenarios;

/// <summary>Terminals: how quick they feel, how much goes through, what they cost.</summary>
internal static class Terminals
{
    private const int Keys = 500;
    private const int Rounds = 20;
    private const int Openings = 50;
    private const int Idle = 200;

    public static async Task<IReadOnlyList<Row>> MeasureAsync(BenchContext context)
    {
        var server = await context.StartServerAsync();
        var agent = (await context.StartAgentsAsync(server, 1))[0];
        await using var baselines = await TerminalBaselines.OpenAsync(context);
        return
        [
            await EchoAsync(context, server, baselines),
            .. await OutputAsync(context, server, agent, baselines),
            await OpeningAsync(context, server),
            await IdleAsync(context, server, agent),
        ];
    }

    private static CreateTerminal Program(params string[] argv) => new() { Device = "real-0", Argv = argv };

    private static async Task<Row> EchoAsync(BenchContext context, ServerProcess server, TerminalBaselines baselines)
    {
        using var seat = await TerminalSeat.OpenAsync(server, Program("sh", "-c", "echo ready; exec cat >/dev/null"), context.Cancellation);
        await seat.ReadUntilAsync("ready\r\n", context.Cancellation);
        var key = "x"u8.ToArray();
        var samples = await Samples.TakeAsync(Keys, 500, async () =>
        {
            await seat.TypeAsync(key, context.Cancellation);
            await seat.ReadAsync(context.Cancellation);
        });
        await TerminalSeat.EndAsync(server, seat.Id, context.Cancellation);
        return new($"a keystroke's echo in a terminal, {Keys} times: client, node, agent, host, pseudo-terminal and back", Fine(samples), "p50 < 0.5 ms", samples.P50 < 0.5,
            await baselines.EchoAsync(Keys));
    }

    private static async Task<IReadOnlyList<Row>> OutputAsync(BenchContext context, ServerProcess server, AgentProcess agent, TerminalBaselines baselines)
    {
        using var seat = await TerminalSeat.OpenAsync(
            server, Program("sh", "-c", "stty -echo; echo ready; while read x; do seq 1 3000000; echo done-$x; done"), context.Cancellation);
        await seat.ReadUntilAsync("ready\r\n", context.Cancellation);
        var rates = new List<double>();
        var (node, device) = (Proc.Resident(server.ProcessId), Proc.Resident(agent.ProcessId));
        for (var round = 0; round < Rounds; round++)
        {
            var began = Stopwatch.GetTimestamp();
            await seat.TypeAsync("\n"u8.ToArray(), context.Cancellation);
            var bytes = await seat.ReadUntilAsync("done-\r\n", context.Cancellation);
            rates.Add(bytes / 1e6 / Stopwatch.GetElapsedTime(began).TotalSeconds);
            if (bytes < TerminalBaselines.SeqBytes)
            {
                throw new InvalidOperationException($"Only {bytes} bytes of {TerminalBaselines.SeqBytes} came.");
            }

            await baselines.RoundAsync();
        }

        var (nodeAfter, deviceAfter) = (Proc.Resident(server.ProcessId), Proc.Resident(agent.ProcessId));
        await TerminalSeat.EndAsync(server, seat.Id, context.Cancellation);
        return
        [
            new($"`seq 1 3000000` through a terminal, {Rounds} rounds: at the client", TerminalBaselines.Rate(rates), "> 60 MB/s, no stall", rates.Min() > 60, baselines.Rates),
            new("memory of node and agent after it", Text($"{nodeAfter / 1e6:0} MB and {deviceAfter / 1e6:0.0} MB"), "neither grows", null,
                Text($"before: {node / 1e6:0} MB and {device / 1e6:0.0} MB")),
        ];
    }

    private static async Task<Row> OpeningAsync(BenchContext context, ServerProcess server)
    {
        var ids = new List<Guid>();
        var samples = await Samples.TakeAsync(Openings, 10, async () =>
        {
            using var seat = await TerminalSeat.OpenAsync(server, new CreateTerminal { Device = "real-0", Shell = "/bin/sh" }, context.Cancellation);
            ids.Add(seat.Id);
            await seat.ReadUntilAsync("# ", context.Cancellation);
        });
        foreach (var id in ids)
        {
            await TerminalSeat.EndAsync(server, id, context.Cancellation);
        }

        var shell = await Samples.TakeAsync(Openings, 5, () => Spawn.OnceAsync(context.Cancellation, "/bin/sh", "-l", "-c", ":"));
        return new($"a terminal opened, {Openings} times: from the request to the shell's prompt", Fine(samples), "< 50 ms", samples.P50 < 50, $"`sh -l -c :` started directly: {shell}");
    }

    private static async Task<Row> IdleAsync(BenchContext context, ServerProcess server, AgentProcess agent)
    {
        await context.PauseAsync(3);
        var before = Hosts(agent.StateDirectory);
        var ids = new List<Guid>();
        for (var i = 0; i < Idle; i++)
        {
            ids.Add(await TerminalSeat.CreateAsync(server, Program("sleep", "1000"), context.Cancellation));
        }

        var hosts = new List<int>();
        for (var i = 0; i < 100 && hosts.Count < before.Count + Idle - 1; i++)
        {
            await context.PauseAsync(0.3);
            hosts = Hosts(agent.StateDirectory);
        }

        await context.PauseAsync(2);
        var memory = hosts.Select(Proportional).Where(b => b > 0).ToList();
        foreach (var id in ids)
        {
            await TerminalSeat.EndAsync(server, id, context.Cancellation);
        }

        return new($"{Idle} idle terminals: memory of a host on the device", Text($"{memory.Average() / 1e6:0.0} MB each of its own (PSS), {hosts.Count} hosts"), "", null,
            Text($"the agent: {Proc.Resident(agent.ProcessId) / 1e6:0.0} MB resident"));
    }

    private static List<int> Hosts(string state)
    {
        var found = new List<int>();
        foreach (var entry in Directory.EnumerateDirectories("/proc"))
        {
            try
            {
                if (int.TryParse(Path.GetFileName(entry), out var id) && File.ReadAllText(Path.Combine(entry, "cmdline")).Split('\0') is [var program, "host", ..]
                    && program == Published.Agent && File.ReadAllText(Path.Combine(entry, "environ")).Length >= 0
                    && Directory.EnumerateFiles(Path.Combine(entry, "fd")).Any(fd => new FileInfo(fd).LinkTarget?.StartsWith(state, StringComparison.Ordinal) == true))
                {
                    found.Add(id);
                }
            }
            catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
            {
                // it ended meanwhile
            }
        }

        return found;
    }

    /// <summary>What a process has of the memory, with its part of what it shares (PSS, proc(5)).</summary>
    private static long Proportional(int process)
    {
        try
        {
            var line = File.ReadLines($"/proc/{process}/smaps_rollup").First(l => l.StartsWith("Pss:", StringComparison.Ordinal));
            return 1024 * long.Parse(line[4..].Replace("kB", "", StringComparison.Ordinal).Trim(), CultureInfo.InvariantCulture);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }

    private static string Fine(Samples samples) => Text($"p50 {samples.P50:0.000} ms, p99 {samples.P99:0.000} ms");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
