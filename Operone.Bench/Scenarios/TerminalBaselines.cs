using System.Diagnostics;
using System.Globalization;

namespace Operone.Bench.Scenarios;

/// <summary>
/// What terminals are compared with: the kernel's pseudo-terminal with as little around it as can be, script(1), OpenSSH. A round of
/// each at a time, so that what else the machine does falls on all.
/// </summary>
internal sealed class TerminalBaselines : IAsyncDisposable
{
    /// <summary>What <c>seq 1 3000000</c> prints on a terminal, in bytes: each line has a carriage return too.</summary>
    public const long SeqBytes = 22_888_896 + 3_000_000;

    private const string NoSshd = "not measured, there is no sshd here";

    private readonly BenchContext _context;
    private readonly OpenSsh? _ssh;
    private readonly PipedTerminal? _terminal;
    private readonly List<double> _bare = [];
    private readonly List<double> _script = [];
    private readonly List<double> _overSsh = [];

    private TerminalBaselines(BenchContext context, OpenSsh? ssh)
    {
        (_context, _ssh) = (context, ssh);
        _terminal = ssh?.Open("stty -echo; echo ready; while read x; do seq 1 3000000; echo done-$x; done");
        _terminal?.ReadUntil("ready\r\n");
    }

    public static async Task<TerminalBaselines> OpenAsync(BenchContext context) => new(context, await OpenSsh.StartAsync(context));

    /// <summary>A keystroke's echo, in words.</summary>
    public async Task<string> EchoAsync(int keys)
    {
        using var local = new LocalTerminal();
        var bare = await Samples.TakeAsync(keys, 100, () => Done(() => local.Echo()));
        var text = $"a pseudo-terminal of this process's own: {Fine(bare)}; `ssh -tt`: ";
        if (_ssh is null)
        {
            return text + NoSshd;
        }

        using var terminal = _ssh.Open("echo ready; exec cat >/dev/null");
        terminal.ReadUntil("ready\r\n");
        return text + Fine(await Samples.TakeAsync(keys, 100, () => Done(() =>
        {
            terminal.Type("x"u8);
            terminal.Read();
        })));
    }

    /// <summary>A round of <c>seq 1 3000000</c> through each.</summary>
    public async Task RoundAsync()
    {
        await TimeAsync(_bare, async () =>
        {
            using var local = new LocalTerminal();
            await local.TakeAsync("seq 1 3000000", SeqBytes);
        });
        if (File.Exists("/usr/bin/script"))
        {
            await TimeAsync(_script, () => Spawn.OnceAsync(_context.Cancellation, "/bin/sh", "-c", "script -q -c 'seq 1 3000000' /dev/null >/dev/null"));
        }

        if (_terminal is not null)
        {
            await TimeAsync(_overSsh, () => Done(() =>
            {
                _terminal.Type("\n"u8);
                _terminal.ReadUntil("done-\r\n");
            }));
        }
    }

    /// <summary>What the rounds have come to, in words.</summary>
    public string Rates => $"a bare read loop on a pseudo-terminal: {Rate(_bare)}; `script -c`: {Rate(_script, "not measured, there is no script(1) here")}; `ssh -tt`: {Rate(_overSsh, NoSshd)}";

    /// <summary>The median of rates and the slowest one, in words.</summary>
    public static string Rate(List<double> rates, string none = "") =>
        rates.Count == 0 ? none : string.Create(CultureInfo.InvariantCulture, $"{Median(rates):0.0} MB/s (slowest {rates.Min():0.0})");

    public static double Median(IEnumerable<double> rates) => rates.Order().ToArray() is var sorted ? sorted[sorted.Length / 2] : 0;

    public async ValueTask DisposeAsync()
    {
        _terminal?.Dispose();
        if (_ssh is not null)
        {
            await _ssh.StopAsync();
        }
    }

    private static async Task TimeAsync(List<double> rates, Func<Task> round)
    {
        var began = Stopwatch.GetTimestamp();
        await round();
        rates.Add(SeqBytes / 1e6 / Stopwatch.GetElapsedTime(began).TotalSeconds);
    }

    private static Task Done(Action act)
    {
        act();
        return Task.CompletedTask;
    }

    private static string Fine(Samples samples) => string.Create(CultureInfo.InvariantCulture, $"p50 {samples.P50:0.000} ms, p99 {samples.P99:0.000} ms");
}
