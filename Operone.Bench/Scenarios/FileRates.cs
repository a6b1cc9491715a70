using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using Operone.Bench.Hosting;
using Operone.E2E.Hosting;

namespace Operone.Bench.Scenarios;

/// <summary>How fast files go to and from a device, and how fast its folders are listed, against scp with a server of our own.</summary>
internal static class FileRates
{
    /// <summary>How large the one file is.</summary>
    public const long Bytes = 1L << 30;

    private const int Rounds = 3;
    private const int Entries = 100_000;

    public static async Task<IReadOnlyList<Row>> MeasureAsync(BenchContext context)
    {
        var server = await context.StartServerAsync();
        var agent = (await context.StartAgentsAsync(server, 1))[0];
        var ssh = await OpenSsh.StartAsync(context);
        var folder = context.NewFolder("files");
        var (source, target) = (Path.Combine(folder, "source"), Path.Combine(folder, "target"));
        await WriteRandomAsync(source, context.Cancellation);
        var (down, up, scpDown, scpUp) = (new List<double>(), new List<double>(), new List<double>(), new List<double>());
        var memory = (Node: Proc.Resident(server.ProcessId), Agent: Proc.Resident(agent.ProcessId));
        var (node, device) = (Proc.ProcessorTime(server.ProcessId), Proc.ProcessorTime(agent.ProcessId));
        var most = memory;
        for (var round = 0; round < Rounds; round++)
        {
            // in turns, so that what else the machine does falls on all
            down.Add(await RateAsync(() => DownloadAsync(server, source, target, context.Cancellation)));
            up.Add(await RateAsync(() => UploadAsync(server, source, target + ".up", context.Cancellation)));
            most = (Math.Max(most.Node, Proc.Resident(server.ProcessId)), Math.Max(most.Agent, Proc.Resident(agent.ProcessId)));
            if (ssh is not null)
            {
                scpDown.Add(await RateAsync(() => ssh.CopyAsync($"remote:{source}", target)));
                scpUp.Add(await RateAsync(() => ssh.CopyAsync(source, $"remote:{target}.up")));
            }
        }

        var gigabytes = Rounds * 2 * Bytes / 1e9;
        var cpu = (Node: (Proc.ProcessorTime(server.ProcessId) - node).TotalSeconds / gigabytes, Agent: (Proc.ProcessorTime(agent.ProcessId) - device).TotalSeconds / gigabytes);
        var listed = await ListAsync(server, context);
        string Of(List<double> rates) => Text($"{TerminalBaselines.Median(rates):0} MiB/s (slowest {rates.Min():0})");
        string Scp(List<double> rates) => ssh is null ? "scp: not measured, there is no sshd here" : $"scp: {Of(rates)}";
        bool? Beats(List<double> rates, List<double> scp) => ssh is null ? null : TerminalBaselines.Median(rates) > TerminalBaselines.Median(scp);
        return
        [
            new("1 GiB from a device through the node to a client that writes it to a file", Of(down), "faster than scp", Beats(down, scpDown), Scp(scpDown)),
            new("1 GiB from a client through the node to a file on a device, checked by SHA-256 and put on the disk", Of(up), "faster than scp", Beats(up, scpUp), Scp(scpUp)),
            new("of that, memory of node and agent at the most", Text($"{most.Node / 1e6:0} MB and {most.Agent / 1e6:0.0} MB"), "flat", null, Text($"before: {memory.Node / 1e6:0} MB and {memory.Agent / 1e6:0.0} MB")),
            new("of that, processor time of node and agent", Text($"{cpu.Node:0.00} and {cpu.Agent:0.00} s a GB"), "", null, ""),
            new($"the first page (200) of a folder of {Entries}", listed.First, "< 100 ms", listed.FirstMedian < 100, listed.Baseline),
            new($"all of a folder of {Entries}, as lines", listed.All, "< 1 s", listed.AllMedian < 1000, listed.Baseline),
        ];
    }

    private static async Task DownloadAsync(ServerProcess server, string source, string target, CancellationToken cancellationToken)
    {
        using var response = await server.Http.GetAsync(At(source), HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        response.EnsureSuccessStatusCode();
        await using var file = new FileStream(target, FileMode.Create, FileAccess.Write, FileShare.None, 1);
        await (await response.Content.ReadAsStreamAsync(cancellationToken)).CopyToAsync(file, 1 << 18, cancellationToken);
        if (file.Length != Bytes)
        {
            throw new InvalidOperationException($"{file.Length} bytes came.");
        }
    }

    private static async Task UploadAsync(ServerProcess server, string source, string target, CancellationToken cancellationToken)
    {
        await using var file = new FileStream(source, FileMode.Open, FileAccess.Read, FileShare.Read, 1);
        using var content = new StreamContent(file, 1 << 18);
        using var response = await server.Http.PutAsync(At(target), content, cancellationToken);
        if (!response.IsSuccessStatusCode)
        {
            throw new InvalidOperationException(await response.Content.ReadAsStringAsync(cancellationToken));
        }
    }

    private static async Task<(string First, double FirstMedian, string All, double AllMedian, string Baseline)> ListAsync(ServerProcess server, BenchContext context)
    {
        var folder = context.NewFolder("many");
        for (var i = 0; i < Entries; i++)
        {
            await File.WriteAllBytesAsync(Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"entry-{i * 7919 % Entries:000000}.txt")), [], context.Cancellation);
        }

        var first = await Samples.TakeAsync(20, 2, () => ReadAsync(server, folder, "application/json", context.Cancellation));
        var all = await Samples.TakeAsync(7, 1, () => ReadAsync(server, folder, "application/x-ndjson", context.Cancellation));
        var plain = await Samples.TakeAsync(7, 1, () => Spawn.OnceAsync(context.Cancellation, "sh", "-c", $"ls -la {folder} >/dev/null"));
        return (first.ToString(), first.P50, all.ToString(), all.P50, $"`ls -la` of it: {plain}");
    }

    private static async Task ReadAsync(ServerProcess server, string folder, string type, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, At(folder));
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(type));
        using var response = await server.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        response.EnsureSuccessStatusCode();
        await (await response.Content.ReadAsStreamAsync(cancellationToken)).CopyToAsync(Stream.Null, cancellationToken);
    }

    private static Uri At(string path) => new($"/api/v1/files/devices/real-0{path}", UriKind.Relative);

    /// <summary>A file of 1 GiB that nothing makes smaller.</summary>
    public static async Task WriteRandomAsync(string path, CancellationToken cancellationToken)
    {
        await using var file = File.Create(path);
        var block = new byte[1 << 20];
        for (var i = 0; i < Bytes / block.Length; i++)
        {
            RandomNumberGenerator.Fill(block);
            await file.WriteAsync(block, cancellationToken);
        }
    }

    private static async Task<double> RateAsync(Func<Task> carry)
    {
        var began = Stopwatch.GetTimestamp();
        await carry();
        return Bytes / (double)(1 << 20) / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
