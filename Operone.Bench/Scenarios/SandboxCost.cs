using System.Diagnostics;
using Operone.Core.Devices;
using Operone.Core.Shell;
using Operone.E2E.Hosting;

namespace Operone.Bench.Scenarios;

/// <summary>What the isolated sandbox adds to a run of <c>true</c>, against bubblewrap started directly.</summary>
internal static class SandboxCost
{
    private const int Count = 100;
    private const int WarmUp = 100;
    private const double MostMilliseconds = 15;

    private static readonly string[] _directly =
    [
        "--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-net", "--die-with-parent", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev",
        "/bin/true",
    ];

    public static async Task<IReadOnlyList<Row>> MeasureAsync(BenchContext context)
    {
        if (!File.Exists("/usr/bin/bwrap"))
        {
            return [new("a sandboxed run of `true`", "not measured: bubblewrap is not installed", "", null, "")];
        }

        var server = await context.StartServerAsync();
        await context.StartAgentsAsync(server, 1);

        // In turns, so that what else the machine does counts for both alike.
        for (var i = 0; i < WarmUp; i++)
        {
            await OnceAsync(context, server, null);
            await OnceAsync(context, server, SandboxRules.Isolated);
        }

        var (plain, isolated) = (new double[Count], new double[Count]);
        for (var i = 0; i < Count; i++)
        {
            plain[i] = await TimeAsync(() => OnceAsync(context, server, null));
            isolated[i] = await TimeAsync(() => OnceAsync(context, server, SandboxRules.Isolated));
        }

        var directly = await Samples.TakeAsync(Count, 20, () => Spawn.OnceAsync(context.Cancellation, "/usr/bin/bwrap", _directly));
        var spawn = await Samples.TakeAsync(Count, 20, () => Spawn.OnceAsync(context.Cancellation));
        var (without, with) = (new Samples(plain), new Samples(isolated));
        var added = with.P50 - without.P50;
        return
        [
            new($"what the isolated sandbox adds to a run of `true`, {Count} times in turns", FormattableString.Invariant($"{added:0.00} ms (p50 {with.P50:0.00} ms with, {without.P50:0.00} ms without; p99 {with.P99:0.00} and {without.P99:0.00} ms)"),
                "< 15 ms", added < MostMilliseconds, $"`bwrap ... true` started directly: {directly}; `true` started directly: {spawn}"),
        ];
    }

    private static async Task<double> TimeAsync(Func<Task> once)
    {
        var began = Stopwatch.GetTimestamp();
        await once();
        return Stopwatch.GetElapsedTime(began).TotalMilliseconds;
    }

    private static async Task OnceAsync(BenchContext context, ServerProcess server, string? sandbox)
    {
        var made = await server.Api.CreateRunAsync(
            new CreateRun { Argv = ["/bin/true"], Sandbox = sandbox, Target = new RunTarget(["real-0"]) }, waitSeconds: 60, context.Cancellation);
        if (made.Status != RunStatus.Succeeded)
        {
            throw new InvalidOperationException($"The run is {made.Status}: {(made.Executions is [var one, ..] ? one.Reason : null)}");
        }
    }
}
