using System.Globalization;
using Operone.Bench.Simulation;
using Operone.E2E.Hosting;

namespace Operone.Bench.Scenarios;

/// <summary>One run to many devices, until all is stored and the run has ended.</summary>
internal static class FanOut
{
    private const int Simulated = 1000;
    private const int Real = 50;
    private const int Repetitions = 10;

    public static async Task<IReadOnlyList<Row>> MeasureAsync(BenchContext context) =>
        [await SimulatedAsync(context), await RealAsync(context)];

    private static async Task<Row> SimulatedAsync(BenchContext context)
    {
        var server = await context.StartServerAsync();
        var token = await server.Api.CreateEnrollmentTokenAsync(Simulated, context.Cancellation);
        await using var fleet = SimulatedFleet.Start(context.NewFolder("fleet"), server.Url, token, Simulated);
        await fleet.WaitForOnlineAsync(Simulated, TimeSpan.FromMinutes(2), context.Cancellation);
        await server.Api.WaitForOnlineAsync(Simulated, TimeSpan.FromSeconds(30), context.Cancellation);
        BenchContext.Say($"{Simulated} simulated devices are online");
        var samples = await Samples.TakeAsync(Repetitions, 3, async () =>
        {
            var run = await context.RunAsync(server, "echo simulated");
            if (run.Executions!.Count != Simulated || run.Executions.Any(e => e.StdoutBytes != SimulatedAgent.ReplyBytes))
            {
                throw new InvalidOperationException("Not every device's output was stored.");
            }
        });
        await fleet.DisposeAsync();
        var bare = await BareAsync(context);
        return new(
            $"one run to {Simulated:N0} simulated devices, each answering {SimulatedAgent.ReplyBytes} bytes", Words(samples), "< 600 ms", samples.P50 < 600,
            $"a bare hub that asks the same devices and stores nothing: {Words(bare)}");
    }

    /// <summary>The floor: the same messages over a hub that does nothing with them.</summary>
    private static async Task<Samples> BareAsync(BenchContext context)
    {
        var url = $"http://127.0.0.1:{Published.FreePort()}";
        await using var hub = BareHub.Start(context.NewFolder("hub"), url);
        await using var fleet = SimulatedFleet.Start(context.NewFolder("fleet"), url, SimulatedFleet.NoToken, Simulated);
        await fleet.WaitForOnlineAsync(Simulated, TimeSpan.FromMinutes(2), context.Cancellation);
        using var http = new HttpClient { BaseAddress = new(url) };
        return await Samples.TakeAsync(Repetitions, 3, async () =>
        {
            using var response = await http.PostAsync($"/fanout?count={Simulated}", null, context.Cancellation);
            response.EnsureSuccessStatusCode();
        });
    }

    private static async Task<Row> RealAsync(BenchContext context)
    {
        var server = await context.StartServerAsync();
        await context.StartAgentsAsync(server, Real);
        BenchContext.Say($"{Real} real agents are online");
        var samples = await Samples.TakeAsync(Repetitions * 2, 5, () => context.RunAsync(server, "true"));
        var spawn = await Samples.TakeAsync(Repetitions * 2, 5, () =>
            Task.WhenAll(Enumerable.Range(0, Real).Select(_ => Spawn.OnceAsync(context.Cancellation, "/bin/sh", "-c", "true"))));
        return new(
            $"one run of `true` to {Real} real agents on this machine", Words(samples), "< 60 ms", samples.P50 < 60,
            $"`sh -c true` {Real} times at once: {Words(spawn)}");
    }

    private static string Words(Samples samples) => string.Create(CultureInfo.InvariantCulture, $"{samples.P50:0} ms (slowest {samples.P99:0} ms)");
}
