using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Operone.Bench.Hosting;
using Operone.Tests.Hosting;

namespace Operone.Bench.Scenarios;

/// <summary>One real execution that prints 200 MB, until all of it is stored; and ten that print at once. On both databases.</summary>
internal static class Output
{
    private const int Many = 10;
    private const long Bytes = 200_000_000;
    private const string Line = "the quick brown fox jumps over the lazy dog 0123456789";

    public static async Task<IReadOnlyList<Row>> MeasureAsync(BenchContext context)
    {
        var (missing, postgres) = await PostgresServer.CreateDatabaseAsync();
        var rows = new List<Row>(await OnAsync(context, "SQLite", null));
        rows.AddRange(missing is null ? await OnAsync(context, "PostgreSQL (on this machine, without fsync)", postgres) : [new("output on PostgreSQL", $"not measured: {missing}", "", null, "")]);
        return rows;
    }

    private static async Task<IReadOnlyList<Row>> OnAsync(BenchContext context, string name, string? database)
    {
        var command = Command(Bytes);
        var server = await context.StartServerAsync(database);
        var agents = await context.StartAgentsAsync(server, Many);
        await context.RunAsync(server, "true", "real-0");
        var idle = Proc.Resident(server.ProcessId);
        Proc.ResetPeak(server.ProcessId);
        var began = Stopwatch.GetTimestamp();
        var run = await context.RunAsync(server, command, "real-0", outputLimit: 1L << 30);
        var took = Stopwatch.GetElapsedTime(began);
        var peak = Proc.PeakResident(server.ProcessId);
        await CheckAsync(context, server.Http, run.Id);

        var file = Path.Combine(context.NewFolder("file"), "output");
        var direct = Stopwatch.GetTimestamp();
        await Spawn.OnceAsync(context.Cancellation, "/bin/sh", "-c", $"{command} > {file}; sync {file}");
        var plain = Stopwatch.GetElapsedTime(direct);

        // ten devices are ten agents on this machine, which share its processors with the server
        began = Stopwatch.GetTimestamp();
        await context.RunAsync(server, Command(Bytes / Many), outputLimit: 1L << 30);
        var together = Stopwatch.GetElapsedTime(began);
        await Task.WhenAll(agents.Select(a => a.StopAsync()));
        await server.StopAsync();
        var speed = Bytes / 1e6 / took.TotalSeconds;
        return
        [
            new($"one execution printing 200 MB: stored, on {name}", Text($"{speed:0} MB/s"), "> 50 MB/s", speed > 50,
                Text($"the same command into a synced file: {Bytes / 1e6 / plain.TotalSeconds:0} MB/s")),
            new($"{Many} executions printing 20 MB each at once: stored, on {name}", Text($"{Bytes / 1e6 / together.TotalSeconds:0} MB/s"), "", null, ""),
            new($"server memory while one prints, on {name}", Text($"{peak / 1e6:0} MB at the most"), "", null, Text($"{idle / 1e6:0} MB before")),
        ];
    }

    private static string Command(long bytes) => string.Create(CultureInfo.InvariantCulture, $"yes '{Line}' 2>/dev/null | head -c {bytes}");

    /// <summary>What is stored must be what was printed.</summary>
    private static async Task CheckAsync(BenchContext context, HttpClient http, Guid run)
    {
        using var response = await http.GetAsync(
            $"/api/v1/runs/{run}/executions/real-0/stdout", HttpCompletionOption.ResponseHeadersRead, context.Cancellation);
        response.EnsureSuccessStatusCode();
        await using var stream = await response.Content.ReadAsStreamAsync(context.Cancellation);
        var stored = await SHA256.HashDataAsync(stream, context.Cancellation);
        using var expected = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var line = System.Text.Encoding.ASCII.GetBytes(Line + "\n");
        for (var left = Bytes; left > 0; left -= line.Length)
        {
            expected.AppendData(line, 0, (int)Math.Min(left, line.Length));
        }

        if (!stored.AsSpan().SequenceEqual(expected.GetHashAndReset()))
        {
            throw new InvalidOperationException("What was stored is not what was printed.");
        }
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
