using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Operone.Core.Connection;
using Operone.Core.Files;
using Operone.E2E.Hosting;

namespace Operone.Bench.Scenarios;

/// <summary>How many bytes go where the other end has most of a file already, against rsync.</summary>
internal static partial class SyncBytes
{
    private const int ChangedBytes = 1 << 20;
    private const double Aim = 5e6;

    public static async Task<IReadOnlyList<Row>> MeasureAsync(BenchContext context)
    {
        var server = await context.StartServerAsync();
        await context.StartAgentsAsync(server, 2);
        await using var proxy = new CuttingProxy(server.Port);
        var folder = context.NewFolder("sync");
        string Folder(string name) => Directory.CreateDirectory(Path.Combine(folder, name)).FullName;
        var (here, there, other, alike) = (Folder("here"), Folder("there"), Folder("other"), Folder("alike"));
        string In(string of) => Path.Combine(of, "large");
        await FileRates.WriteRandomAsync(In(here), context.Cancellation);
        foreach (var old in (string[])[there, other, alike])
        {
            await CopyAsync(In(here), In(old), context.Cancellation);
        }

        async Task<Sent> SyncAsync(string from, string to) => await CountAsync(proxy, () => OperoneAsync(proxy, folder, context.Cancellation, "sync", "--quiet", from, to));
        await ChangeAsync(In(here), context.Cancellation);
        var changed = await SyncAsync(here, $"real-0:{there}");
        var rsync = await RsyncAsync(In(here), In(alike), context.Cancellation);
        var transfer = await TransferAsync(server, In(there), other, context.Cancellation);
        await PutInFrontAsync(In(here), context.Cancellation);
        var front = await SyncAsync(here, $"real-0:{there}");
        var rsyncFront = await RsyncAsync(In(here), In(alike), context.Cancellation);
        await ChangeAsync(In(there), context.Cancellation);
        var down = await SyncAsync($"real-0:{there}", here);
        await RequireAlikeAsync(In(here), In(there), context.Cancellation);
        foreach (var old in (string[])[other, alike])
        {
            Directory.Delete(old, recursive: true);
        }

        var (missing, rest) = await ResumeAsync(proxy, In(here), Path.Combine(folder, "upload"), folder, context.Cancellation);
        Row Of(string what, Sent sent, string baseline) => new(
            Text($"{what}: bytes between client and node, both ways"), Text($"{sent.Bytes / 1e6:0.00} MB in {sent.Seconds:0.0} s"), "< 5 MB", sent.Bytes < Aim, baseline);
        return
        [
            Of("a changed megabyte in a 1 GiB file by `operone sync` to a device", changed, rsync),
            Of("a few bytes put in front of it", front, rsyncFront),
            Of("a changed megabyte in it by `operone sync` from a device", down, ""),
            new("a changed megabyte in it by a transfer from device to device: bytes of the file that went", Text($"{transfer.Bytes / 1e6:0.00} MB in {transfer.Seconds:0.0} s"), "< 5 MB", transfer.Bytes < Aim, ""),
            new("resume of an upload of 1 GiB broken at 90 %, by the same `operone cp` again: bytes for the rest", Text($"{rest.Bytes / 1e6:0.0} MB in {rest.Seconds:0.0} s, where {missing / 1e6:0.0} MB were missing"),
                "only the rest", rest.Bytes < (missing * 1.01) + 1e6, Text($"scp begins again: {FileRates.Bytes / 1e6:0} MB")),
        ];
    }

    /// <summary>Sends a file, breaks everything at 90 %, and says the same again. Gives how much was missing then, and how much went.</summary>
    private static async Task<(long Missing, Sent Resumed)> ResumeAsync(CuttingProxy proxy, string source, string target, string folder, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(target);
        string[] arguments = ["cp", "--quiet", source, $"real-0:{target}/large"];
        var before = proxy.Bytes;
        using (var process = Start(proxy, folder, arguments))
        {
            while (proxy.Bytes - before < FileRates.Bytes / 10 * 9 && !process.HasExited)
            {
                await Task.Delay(1, cancellationToken);
            }

            proxy.Cut(silent: false);
            process.Kill();
            await process.WaitForExitAsync(cancellationToken);
        }

        // until the node has let go of the request that broke off, and the device has written what had come
        var part = Directory.GetFiles(target).Single();
        for (var length = -1L; length != new FileInfo(part).Length;)
        {
            length = new FileInfo(part).Length;
            await Task.Delay(500, cancellationToken);
        }

        var missing = new FileInfo(source).Length - new FileInfo(part).Length;
        proxy.Mend();
        var rest = await CountAsync(proxy, () => OperoneAsync(proxy, folder, cancellationToken, arguments));
        await RequireAlikeAsync(source, Path.Combine(target, "large"), cancellationToken);
        return (missing, rest);
    }

    private static async Task<Sent> CountAsync(CuttingProxy proxy, Func<Task> carry)
    {
        var (before, began) = (proxy.Bytes, Stopwatch.GetTimestamp());
        await carry();
        return new(proxy.Bytes - before, Stopwatch.GetElapsedTime(began).TotalSeconds);
    }

    private static async Task<Sent> TransferAsync(ServerProcess server, string source, string target, CancellationToken cancellationToken)
    {
        var began = Stopwatch.GetTimestamp();
        using var made = await server.Http.PostAsJsonAsync(
            "/api/v1/transfers", new CreateTransfer([$"/devices/real-0{source}"], $"/devices/real-1{target}", Conflict: ConflictRule.Overwrite), OperoneJson.Default.CreateTransfer, cancellationToken);
        var transfer = (await made.Content.ReadFromJsonAsync(OperoneJson.Default.TransferView, cancellationToken))!;
        while (transfer.EndedAt is null)
        {
            await Task.Delay(20, cancellationToken);
            transfer = (await server.Http.GetFromJsonAsync($"/api/v1/transfers/{transfer.Id}", OperoneJson.Default.TransferView, cancellationToken))!;
        }

        await RequireAlikeAsync(source, Path.Combine(target, "large"), cancellationToken);
        return transfer.Status == TransferStatus.Completed ? new(transfer.BytesSent ?? 0, Stopwatch.GetElapsedTime(began).TotalSeconds)
            : throw new InvalidOperationException($"The transfer is {transfer.Status}: {transfer.Reason}");
    }

    /// <summary>What rsync says that it has sent and received: from here to here, as if there were a network between.</summary>
    private static async Task<string> RsyncAsync(string source, string target, CancellationToken cancellationToken)
    {
        if (!File.Exists("/usr/bin/rsync"))
        {
            return "rsync: not measured, there is none here";
        }

        var began = Stopwatch.GetTimestamp();
        using var process = Process.Start(new ProcessStartInfo("/usr/bin/rsync", ["--no-whole-file", "--ignore-times", "--times", "--stats", source, target]) { RedirectStandardOutput = true, Environment = { ["LC_ALL"] = "C" } })!;
        var output = await process.StandardOutput.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        var bytes = Totals().Matches(output).Sum(m => long.Parse(m.Groups[1].Value, NumberStyles.AllowThousands, CultureInfo.InvariantCulture));
        return Text($"rsync: {bytes / 1e6:0.00} MB both ways in {Stopwatch.GetElapsedTime(began).TotalSeconds:0.0} s");
    }

    private static async Task OperoneAsync(CuttingProxy proxy, string folder, CancellationToken cancellationToken, params string[] arguments)
    {
        using var process = Start(proxy, folder, arguments);
        await process.WaitForExitAsync(cancellationToken);
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"operone ended with {process.ExitCode}");
        }
    }

    private static Process Start(CuttingProxy proxy, string folder, string[] arguments) => Process.Start(new ProcessStartInfo(Published.Agent, arguments)
    {
        Environment = { ["OPERONE_URL"] = proxy.Url, ["OPERONE_TOKEN"] = ServerProcess.ApiToken, ["XDG_STATE_HOME"] = Path.Combine(folder, "state") },
    })!;

    private static async Task ChangeAsync(string path, CancellationToken cancellationToken)
    {
        await using var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.Read, 1);
        file.Seek(RandomNumberGenerator.GetInt32(100 << 20, 900 << 20), SeekOrigin.Begin);
        await file.WriteAsync(RandomNumberGenerator.GetBytes(ChangedBytes), cancellationToken);
    }

    private static async Task PutInFrontAsync(string path, CancellationToken cancellationToken)
    {
        var before = path + ".before";
        File.Move(path, before);
        await using (var file = File.Create(path))
        {
            await file.WriteAsync("a few bytes"u8.ToArray(), cancellationToken);
            await using var rest = File.OpenRead(before);
            await rest.CopyToAsync(file, 1 << 20, cancellationToken);
        }

        File.Delete(before);
    }

    private static async Task CopyAsync(string from, string to, CancellationToken cancellationToken)
    {
        await using var source = File.OpenRead(from);
        await using var target = File.Create(to);
        await source.CopyToAsync(target, 1 << 20, cancellationToken);
    }

    private static async Task RequireAlikeAsync(string one, string other, CancellationToken cancellationToken)
    {
        await using var first = File.OpenRead(one);
        await using var second = File.OpenRead(other);
        var (expected, found) = (await SHA256.HashDataAsync(first, cancellationToken), await SHA256.HashDataAsync(second, cancellationToken));
        if (!found.AsSpan().SequenceEqual(expected))
        {
            throw new InvalidOperationException($"{other} is not what {one} is.");
        }
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    [GeneratedRegex("^Total bytes (?:sent|received): ([0-9,]+)", RegexOptions.Multiline)]
    private static partial Regex Totals();

    private sealed record Sent(long Bytes, double Seconds);
}
