using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Operone.Bench.Hosting;
using Operone.Core.Connection;
using Operone.Core.Kernel;
using Operone.E2E.Hosting;

namespace Operone.Bench.Scenarios;

/// <summary>What it costs a device with a thousand processes that somebody looks at them, against <c>top -b</c>.</summary>
internal static class ProcessSamples
{
    private const int Sleepers = 1000;
    private const int Seconds = 20;

    public static async Task<IReadOnlyList<Row>> MeasureAsync(BenchContext context)
    {
        var server = await context.StartServerAsync();
        var agent = (await context.StartAgentsAsync(server, 1))[0];
        using var crowd = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", $"i=0; while [ $i -lt {Sleepers} ]; do sleep 3600 & i=$((i+1)); done; echo ready; read x"])
        {
            RedirectStandardOutput = true,
            RedirectStandardInput = true,
        })!;
        try
        {
            await crowd.StandardOutput.ReadLineAsync(context.Cancellation);
            await context.PauseAsync(5);
            var before = await CostAsync(agent.ProcessId, context, 10);
            var memory = Proc.Resident(agent.ProcessId);
            var list = new List<double>();
            for (var i = 0; i < 5; i++)
            {
                var began = Stopwatch.GetTimestamp();
                await server.Api.GetAsync<ProcessListView>("/api/v1/devices/real-0/processes", context.Cancellation);
                list.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            }

            var (samples, bytes, processes, own, used) = await WatchAsync(server, agent.ProcessId, context);
            var most = Proc.Resident(agent.ProcessId);
            var after = await CostAsync(agent.ProcessId, context, 10);
            var (topSamples, topUsed) = await TopAsync(context);
            var (each, topEach) = (used.TotalMilliseconds / samples, topUsed.TotalMilliseconds / topSamples);
            return
            [
                new($"processes: a sample of {processes} processes, all of the agent's processor time", Text($"{each:0.0} ms (reading them {own:0.0} ms)"), "< top -b", each < topEach, Text($"top -b: {topEach:0.0} ms")),
                new("of that, sent to who looks, each sample", Text($"{bytes / 1000.0 / samples:0.0} kB of changes"), "", null, ""),
                new("processes: all of them, from the request to the last byte", Text($"{TerminalBaselines.Median(list):0} ms, of which 300 ms pass between two samples"), "< 1 s", TerminalBaselines.Median(list) < 1000, ""),
                new("agent: CPU while nobody looks, before and after", Text($"{before:0.000} % and {after:0.000} %"), "the same", after < before + 0.1, ""),
                new("agent: memory while somebody looks", Text($"{most / 1e6:0.0} MB"), "", null, Text($"before: {memory / 1e6:0.0} MB")),
            ];
        }
        finally
        {
            crowd.Kill(entireProcessTree: true);
        }
    }

    private static async Task<(int Samples, long Bytes, int Processes, double Own, TimeSpan Used)> WatchAsync(ServerProcess server, int agent, BenchContext context)
    {
        await using var stream = await server.Http.GetStreamAsync(new Uri("/api/v1/devices/real-0/processes/stream?interval=1000", UriKind.Relative), context.Cancellation);
        using var reader = new StreamReader(stream);
        var processes = 0;
        for (var i = 0; i < 3; i++)
        {
            processes = Math.Max(processes, (await NextAsync(reader, context)).Changes.Processes.Count);
        }

        var (began, used, bytes, samples) = (Stopwatch.GetTimestamp(), Proc.FineProcessorTime(agent), 0L, 0);
        while (Stopwatch.GetElapsedTime(began).TotalSeconds < Seconds)
        {
            bytes += (await NextAsync(reader, context)).Bytes;
            samples++;
        }

        used = Proc.FineProcessorTime(agent) - used;
        var sampled = await server.Api.GetAsync<ProcessListView>("/api/v1/devices/real-0/processes?limit=1", context.Cancellation);
        return (samples, bytes, processes, sampled.Milliseconds, used);
    }

    private static async Task<(ProcessChanges Changes, int Bytes)> NextAsync(StreamReader reader, BenchContext context)
    {
        while (true)
        {
            var line = await reader.ReadLineAsync(context.Cancellation) ?? throw new InvalidOperationException("The stream ended.");
            if (line.StartsWith("data: ", StringComparison.Ordinal))
            {
                return (JsonSerializer.Deserialize(line.AsSpan(6), OperoneJson.Default.ProcessChanges)!, line.Length);
            }
        }
    }

    /// <summary>How busy a process is, in per cent of a core.</summary>
    private static async Task<double> CostAsync(int process, BenchContext context, double seconds)
    {
        var (began, used) = (Stopwatch.GetTimestamp(), Proc.FineProcessorTime(process));
        await context.PauseAsync(seconds);
        return (Proc.FineProcessorTime(process) - used) / Stopwatch.GetElapsedTime(began) * 100;
    }

    /// <summary><c>top -b</c> at the same pace: the time of a process that lives for all of it.</summary>
    private static async Task<(int Samples, TimeSpan Used)> TopAsync(BenchContext context)
    {
        using var top = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", "exec top -b -d 1 >/dev/null"]) { EnvironmentVariables = { ["TERM"] = "dumb" } })!;
        await context.PauseAsync(3);
        var used = Proc.FineProcessorTime(top.Id);
        await context.PauseAsync(Seconds);
        used = Proc.FineProcessorTime(top.Id) - used;
        top.Kill();
        await top.WaitForExitAsync(context.Cancellation);
        return (Seconds, used);
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
