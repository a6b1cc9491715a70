using Operone.Core.Devices;
using Operone.Core.Shell;

namespace Operone.Bench.Scenarios;

/// <summary>One run of <c>true</c> on one real agent, again and again.</summary>
internal static class SingleRun
{
    private const int Count = 200;

    // A server's first runs are compiled while they are measured; what is asked for is how it is to work with one.
    private const int WarmUp = 1500;

    public static async Task<IReadOnlyList<Row>> MeasureAsync(BenchContext context)
    {
        var server = await context.StartServerAsync();
        await context.StartAgentsAsync(server, 1);
        var run = await Samples.TakeAsync(Count, WarmUp, () => context.RunAsync(server, "true", "real-0"));
        var argv = await Samples.TakeAsync(Count, 20, async () =>
        {
            var made = await server.Api.CreateRunAsync(
                new CreateRun { Argv = ["/bin/true"], Target = new RunTarget(["real-0"]) }, waitSeconds: 60, context.Cancellation);
            if (made.Status != RunStatus.Succeeded)
            {
                throw new InvalidOperationException($"The run is {made.Status}");
            }
        });
        var spawn = await Samples.TakeAsync(Count, 20, () => Spawn.OnceAsync(context.Cancellation));
        var shell = await Samples.TakeAsync(Count, 20, () => Spawn.OnceAsync(context.Cancellation, "/bin/sh", "-c", "true"));
        var ssh = await OpenSsh.MeasureAsync(context, Count);
        return
        [
            new($"one run of `true` on one agent, {Count} times after {WarmUp} to warm up", run.ToString(), "p50 < 3 ms, p99 < 10 ms", run.P50 < 3 && run.P99 < 10,
                $"`/bin/true` started directly: {spawn}; `sh -c true`: {shell}; OpenSSH over an open connection: {ssh}"),
            new("the same as an argument vector (no shell)", argv.ToString(), "", null, $"`/bin/true` started directly: {spawn}"),
        ];
    }
}
