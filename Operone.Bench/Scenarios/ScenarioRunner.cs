using System.Text;
using Operone.Bench.Hosting;
using Operone.E2E.Hosting;

namespace Operone.Bench.Scenarios;

/// <summary>Runs the scenarios that were named, or all, and prints one table.</summary>
internal static class ScenarioRunner
{
    private static readonly (string Name, TimeSpan Limit, Func<BenchContext, Task<IReadOnlyList<Row>>> Run)[] Scenarios =
    [
        ("true", TimeSpan.FromMinutes(3), SingleRun.MeasureAsync),
        ("terminals", TimeSpan.FromMinutes(8), Terminals.MeasureAsync),
        ("channels", TimeSpan.FromMinutes(3), ChannelRate.MeasureAsync),
        ("files", TimeSpan.FromMinutes(8), FileRates.MeasureAsync),
        ("folders", TimeSpan.FromMinutes(8), FolderRates.MeasureAsync),
        ("sync", TimeSpan.FromMinutes(8), SyncBytes.MeasureAsync),
        ("sandbox", TimeSpan.FromMinutes(5), SandboxCost.MeasureAsync),
        ("many", TimeSpan.FromMinutes(4), ManyRuns.MeasureAsync),
        ("fanout", TimeSpan.FromMinutes(6), FanOut.MeasureAsync),
        ("rollout", TimeSpan.FromMinutes(6), Rollout.MeasureAsync),
        ("schedules", TimeSpan.FromMinutes(10), DueSchedules.MeasureAsync),
        ("fleet", TimeSpan.FromMinutes(15), Fleet.MeasureAsync),
        ("output", TimeSpan.FromMinutes(5), Output.MeasureAsync),
        ("agent", TimeSpan.FromMinutes(3), IdleAgent.MeasureAsync),
        ("processes", TimeSpan.FromMinutes(4), ProcessSamples.MeasureAsync),
        ("start", TimeSpan.FromMinutes(4), ColdStart.MeasureAsync),
        ("policy", TimeSpan.FromMinutes(2), PolicyDecisions.MeasureAsync),
        ("placement", TimeSpan.FromMinutes(2), Placement.MeasureAsync),
        ("access", TimeSpan.FromMinutes(3), AccessLatency.MeasureAsync),
        ("audit", TimeSpan.FromMinutes(3), AuditAppends.MeasureAsync),
        ("events", TimeSpan.FromMinutes(4), BusRate.MeasureAsync),
        ("inner", TimeSpan.FromMinutes(5), Inner.InnerBenchmarks.MeasureAsync),
    ];

    public static async Task<int> RunAsync(string[] names)
    {
        var unknown = names.Where(n => Scenarios.All(s => s.Name != n)).ToArray();
        if (unknown.Length > 0)
        {
            await Console.Error.WriteLineAsync($"There is no scenario {string.Join(", ", unknown)}; there are {string.Join(", ", Scenarios.Select(s => s.Name))}.");
            return 2;
        }

        using var stop = new CancellationTokenSource();
        Console.CancelKeyPress += (_, e) =>
        {
            e.Cancel = true;
            stop.Cancel();
        };
        var rows = new List<Row>();
        var failed = false;
        foreach (var (name, limit, run) in Scenarios.Where(s => names.Length == 0 || names.Contains(s.Name)))
        {
            BenchContext.Say(name);
            using var bound = CancellationTokenSource.CreateLinkedTokenSource(stop.Token);
            bound.CancelAfter(limit);
            var folder = Directory.CreateTempSubdirectory("operone-bench-").FullName;
            await using var context = new BenchContext(folder, bound.Token);
            try
            {
                rows.AddRange(await run(context));
            }
            catch (Exception e) when (!stop.IsCancellationRequested)
            {
                // One that fails is a row, so that the others still count.
                failed = true;
                await Console.Error.WriteLineAsync(e.ToString());
                foreach (var log in Directory.EnumerateFiles(folder, "*.log", SearchOption.AllDirectories).Where(f => f.EndsWith("server.log", StringComparison.Ordinal)))
                {
                    await Console.Error.WriteLineAsync($"{log}:\n{string.Join('\n', File.ReadLines(log).TakeLast(20))}");
                }

                rows.Add(new(name, $"failed: {e.Message.Split('\n')[0]}", "", false, ""));
            }
        }

        var table = ToMarkdown(rows);
        Console.Write(table);
        var file = Path.Combine(Published.Root, "artifacts", names.Length == 0 ? "bench.md" : $"bench-{string.Join('-', names)}.md");
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        await File.WriteAllTextAsync(file, table);
        return failed ? 1 : 0;
    }

    private static string ToMarkdown(IEnumerable<Row> rows)
    {
        var text = new StringBuilder();
        text.AppendLine("| what | measured | aim | | baseline in the same run |");
        text.AppendLine("| --- | --- | --- | --- | --- |");
        foreach (var row in rows)
        {
            var mark = row.Met switch { true => "met", false => "missed", null => "" };
            text.Append("| ").AppendJoin(" | ", row.What, row.Measured, row.Aim, mark, row.Baseline).AppendLine(" |");
        }

        return text.AppendLine().Append("Measured on ").Append(Machine.Describe()).AppendLine(".").ToString();
    }
}
