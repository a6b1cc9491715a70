using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Operone.Bench.Hosting;

namespace Operone.Bench.Scenarios;

/// <summary>One real execution that prints 200 MB, until all of it is stored.</summary>
internal static class Output
{
    private const long Bytes = 200_000_000;
    private const string Line = "the quick brown fox jumps over the lazy dog 0123456789";

    public static async Task<IReadOnlyList<Row>> MeasureAsync(BenchContext context)
    {
        var command = string.Create(CultureInfo.InvariantCulture, $"yes '{Line}' 2>/dev/null | head -c {Bytes}");
        var server = await context.StartServerAsync();
        await context.StartAgentsAsync(server, 1);
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
        var speed = Bytes / 1e6 / took.TotalSeconds;
        return
        [
            new("one execution printing 200 MB: stored", Text($"{speed:0} MB/s"), "> 50 MB/s", speed > 50,
                Text($"the same command into a synced file: {Bytes / 1e6 / Stopwatch.GetElapsedTime(direct).TotalSeconds:0} MB/s")),
            new("server memory while it does", Text($"{peak / 1e6:0} MB at the most"), "", null, Text($"{idle / 1e6:0} MB before")),
        ];
    }

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
