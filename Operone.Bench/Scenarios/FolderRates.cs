using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Security.Cryptography;
using Operone.Bench.Hosting;
using Operone.Core.Connection;
using Operone.Core.Files;
using Operone.E2E.Hosting;

namespace Operone.Bench.Scenarios;

/// <summary>From device to device through the node, and folders of many small files, against scp.</summary>
internal static class FolderRates
{
    private const int Files = 10_000;
    private const int FileBytes = 4096;
    private const int Rounds = 3;

    public static async Task<IReadOnlyList<Row>> MeasureAsync(BenchContext context)
    {
        var server = await context.StartServerAsync();
        var agents = await context.StartAgentsAsync(server, 2);
        var ssh = await OpenSsh.StartAsync(context);
        var folder = context.NewFolder("folders");
        var (many, large) = (Path.Combine(folder, "many"), Path.Combine(folder, "large"));
        await MakeAsync(many, large, context.Cancellation);
        var memory = (Node: Proc.Resident(server.ProcessId), Source: Proc.Resident(agents[0].ProcessId), Target: Proc.Resident(agents[1].ProcessId));
        var most = memory;
        var (bring, scp) = (new List<double>(), new List<double>());
        var (up, across, scpUp) = (new List<double>(), new List<double>(), new List<double>());
        for (var round = 0; round < Rounds; round++)
        {
            // in turns, so that what else the machine does falls on all
            string To(string name) => Path.Combine(folder, $"{name}-{round}");
            Directory.CreateDirectory(To("a"));
            bring.Add(FileRates.Bytes / (double)(1 << 20) / await SecondsAsync(() => TransferAsync(server, large, To("a"), context.Cancellation)));
            most = (Math.Max(most.Node, Proc.Resident(server.ProcessId)), Math.Max(most.Source, Proc.Resident(agents[0].ProcessId)), Math.Max(most.Target, Proc.Resident(agents[1].ProcessId)));
            up.Add(await SecondsAsync(() => OperoneAsync(server, context.Cancellation, "cp", "-r", "--quiet", many, $"real-0:{To("b")}")));
            across.Add(await SecondsAsync(() => TransferAsync(server, many, To("c"), context.Cancellation)));
            if (ssh is not null)
            {
                scp.Add(FileRates.Bytes / (double)(1 << 20) / await SecondsAsync(() => ssh.CopyAsync(large, $"remote:{To("d")}")));
                scpUp.Add(await SecondsAsync(() => ssh.CopyAsync("-r", "-q", many, $"remote:{To("e")}")));
            }

            foreach (var name in (string[])["a", "b", "c", "e"])
            {
                if (Directory.Exists(To(name)))
                {
                    Directory.Delete(To(name), recursive: true);
                }
            }

            File.Delete(To("d"));
        }

        string Rate(List<double> rates) => Text($"{TerminalBaselines.Median(rates):0} MiB/s (slowest {rates.Min():0})");
        string Time(List<double> seconds) => Text($"{TerminalBaselines.Median(seconds):0.00} s (slowest {seconds.Max():0.00})");
        var none = "scp: not measured, there is no sshd here";
        var times = ssh is null ? null : (double?)TerminalBaselines.Median(scpUp);
        bool? IsFast(List<double> seconds) => times is { } baseline ? TerminalBaselines.Median(seconds) * 5 < baseline : null;
        return
        [
            new("1 GiB from one device to another through the node, checked by SHA-256 and put on the disk", Rate(bring), "", null,
                ssh is null ? none : $"scp from here to its server: {Rate(scp)}"),
            new("of that, memory of node, source and target at the most", Text($"{most.Node / 1e6:0}, {most.Source / 1e6:0.0} and {most.Target / 1e6:0.0} MB"), "flat", null,
                Text($"before: {memory.Node / 1e6:0}, {memory.Source / 1e6:0.0} and {memory.Target / 1e6:0.0} MB")),
            new($"{Files} files of {FileBytes} bytes from here to a device (`operone cp -r`), put on the disk", Time(up), "5 times as fast as `scp -r`", IsFast(up),
                ssh is null ? none : $"`scp -r`, not put on the disk: {Time(scpUp)}"),
            new("the same from one device to another (a transfer, with its plan)", Time(across), "5 times as fast as `scp -r`", IsFast(across), ""),
        ];
    }

    private static async Task MakeAsync(string many, string large, CancellationToken cancellationToken)
    {
        var content = new byte[FileBytes];
        for (var i = 0; i < Files; i++)
        {
            var inner = Path.Combine(many, string.Create(CultureInfo.InvariantCulture, $"{i / 500:00}"));
            Directory.CreateDirectory(inner);
            RandomNumberGenerator.Fill(content);
            await File.WriteAllBytesAsync(Path.Combine(inner, string.Create(CultureInfo.InvariantCulture, $"{i:00000}")), content, cancellationToken);
        }

        await FileRates.WriteRandomAsync(large, cancellationToken);
    }

    private static async Task TransferAsync(ServerProcess server, string source, string target, CancellationToken cancellationToken)
    {
        using var made = await server.Http.PostAsJsonAsync(
            "/api/v1/transfers", new CreateTransfer([$"/devices/real-0{source}"], $"/devices/real-1{target}"), OperoneJson.Default.CreateTransfer, cancellationToken);
        var transfer = (await made.Content.ReadFromJsonAsync(OperoneJson.Default.TransferView, cancellationToken))!;
        while (transfer.EndedAt is null)
        {
            await Task.Delay(20, cancellationToken);
            transfer = (await server.Http.GetFromJsonAsync($"/api/v1/transfers/{transfer.Id}", OperoneJson.Default.TransferView, cancellationToken))!;
        }

        if (transfer.Status != TransferStatus.Completed)
        {
            throw new InvalidOperationException($"The transfer is {transfer.Status}: {transfer.Reason}");
        }
    }

    private static async Task OperoneAsync(ServerProcess server, CancellationToken cancellationToken, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(Published.Agent, arguments)
        {
            Environment = { ["OPERONE_URL"] = server.Url, ["OPERONE_TOKEN"] = ServerProcess.ApiToken },
        })!;
        await process.WaitForExitAsync(cancellationToken);
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"operone ended with {process.ExitCode}");
        }
    }

    private static async Task<double> SecondsAsync(Func<Task> carry)
    {
        var began = Stopwatch.GetTimestamp();
        await carry();
        return Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
