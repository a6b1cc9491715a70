using System.Diagnostics;
using System.Globalization;

namespace Operone.Bench.Scenarios;

/// <summary>What terminals are compared with: the kernel's pseudo-terminal with as little around it as can be, script(1), OpenSSH.</summary>
internal static class TerminalBaselines
{
    /// <summary>What <c>seq 1 3000000</c> prints on a terminal, in bytes: each line has a carriage return too.</summary>
    public const long SeqBytes = 22_888_896 + 3_000_000;

    private const int Rounds = 5;

    /// <summary>A keystroke's echo.</summary>
    public static async Task<string> EchoAsync(BenchContext context, int keys)
    {
        using var local = new LocalTerminal();
        var bare = await Samples.TakeAsync(keys, 100, () => Done(() => local.Echo()));
        return $"a pseudo-terminal of this process's own: {Fine(bare)}; `ssh -tt`: {await SshAsync(context, ssh => EchoAsync(ssh, keys))}";
    }

    /// <summary><c>seq 1 3000000</c>.</summary>
    public static async Task<string> OutputAsync(BenchContext context)
    {
        var bare = await RateAsync(async () =>
        {
            using var local = new LocalTerminal();
            await local.TakeAsync("seq 1 3000000", SeqBytes);
        });
        var script = !File.Exists("/usr/bin/script")
            ? "not measured, there is no script(1) here"
            : await RateAsync(() => Spawn.OnceAsync(context.Cancellation, "/usr/bin/script", "-q", "-c", "seq 1 3000000", "/dev/null"));
        return $"a bare read loop on a pseudo-terminal: {bare}; `script -c`, which writes it on: {script}; `ssh -tt`: {await SshAsync(context, SeqAsync)}";
    }

    private static async Task<string> SshAsync(BenchContext context, Func<OpenSsh, Task<string>> measure)
    {
        if (await OpenSsh.StartAsync(context) is not { } ssh)
        {
            return "not measured, there is no sshd here";
        }

        try
        {
            return await measure(ssh);
        }
        finally
        {
            await ssh.StopAsync();
        }
    }

    private static async Task<string> EchoAsync(OpenSsh ssh, int keys)
    {
        using var terminal = ssh.Open("echo ready; exec cat >/dev/null");
        terminal.ReadUntil("ready\r\n");
        return Fine(await Samples.TakeAsync(keys, 100, () => Done(() =>
        {
            terminal.Type("x"u8);
            terminal.Read();
        })));
    }

    private static async Task<string> SeqAsync(OpenSsh ssh)
    {
        using var terminal = ssh.Open("stty -echo; echo ready; while read x; do seq 1 3000000; echo done-$x; done");
        terminal.ReadUntil("ready\r\n");
        return await RateAsync(() => Done(() =>
        {
            terminal.Type("\n"u8);
            terminal.ReadUntil("done-\r\n");
        }));
    }

    private static async Task<string> RateAsync(Func<Task> round)
    {
        var rates = new List<double>();
        for (var i = 0; i < Rounds; i++)
        {
            var began = Stopwatch.GetTimestamp();
            await round();
            rates.Add(SeqBytes / 1e6 / Stopwatch.GetElapsedTime(began).TotalSeconds);
        }

        rates.Sort();
        return string.Create(CultureInfo.InvariantCulture, $"{rates[Rounds / 2]:0.0} MB/s (slowest {rates[0]:0.0})");
    }

    private static Task Done(Action act)
    {
        act();
        return Task.CompletedTask;
    }

    private static string Fine(Samples samples) => string.Create(CultureInfo.InvariantCulture, $"p50 {samples.P50:0.000} ms, p99 {samples.P99:0.000} ms");
}
