using System.Diagnostics;
using System.Globalization;
using Operone.Bench.Hosting;
using Operone.Bench.Simulation;
using Operone.E2E.Hosting;

namespace Operone.Bench.Scenarios;

/// <summary>5,000 connected devices: what they cost, and how they come back.</summary>
internal static class Fleet
{
    private const int Count = 5000;

    public static async Task<IReadOnlyList<Row>> MeasureAsync(BenchContext context)
    {
        var server = await context.StartServerAsync();
        await context.PauseAsync(10);
        var before = Proc.Resident(server.ProcessId);
        var token = await server.Api.CreateEnrollmentTokenAsync(Count, context.Cancellation);
        var began = Stopwatch.GetTimestamp();
        var fleet = context.Own(SimulatedFleet.Start(context.NewFolder("fleet"), server.Url, token, Count));
        await fleet.WaitForOnlineAsync(Count, TimeSpan.FromMinutes(5), context.Cancellation);
        await server.Api.WaitForOnlineAsync(Count, TimeSpan.FromSeconds(30), context.Cancellation);
        var joined = Stopwatch.GetElapsedTime(began);
        BenchContext.Say(Text($"{Count} joined in {joined.TotalSeconds:0.0} s"));
        var (memory, cpu) = await IdleAsync(context, server.ProcessId);

        BenchContext.Say("kill -9 of the server, and its restart");
        await server.KillAsync();
        await fleet.WaitUntilAllLostAsync(TimeSpan.FromSeconds(30), context.Cancellation);
        var restart = Stopwatch.GetTimestamp();
        await server.StartAsync(context.Cancellation);
        var ready = Stopwatch.GetElapsedTime(restart);
        await fleet.WaitForOnlineAsync(Count, TimeSpan.FromMinutes(3), context.Cancellation);
        var back = Stopwatch.GetElapsedTime(restart);
        await server.Api.WaitForOnlineAsync(Count, TimeSpan.FromSeconds(30), context.Cancellation);
        BenchContext.Say(Text($"all are back after {back.TotalSeconds:0.0} s"));
        var (memoryAfter, _) = await IdleAsync(context, server.ProcessId);

        fleet.Say("telemetry on");
        BenchContext.Say("with telemetry");
        var (memoryTelemetry, cpuTelemetry) = await IdleAsync(context, server.ProcessId);
        await fleet.DisposeAsync();
        var bare = await BareAsync(context);
        var each = (memory - before) / Count;
        return
        [
            new($"{Count:N0} connected agents, idle with heartbeats: server memory an agent", Text($"{each / 1000.0:0.0} kB ({Mega(before)} before, {Mega(memory)} with them)"),
                "< 50 kB", each < 50_000, Text($"a bare hub with the same connections: {bare.Each / 1000.0:0.0} kB")),
            new("the same after all have come back", Text($"{(memoryAfter - before) / Count / 1000.0:0.0} kB"), "", null, ""),
            new("their CPU on the server", Text($"{cpu:0.0} % of a core"), "", null, Text($"the bare hub: {bare.Cpu:0.0} %")),
            new("with telemetry every 10 s besides", Text($"{cpuTelemetry:0.0} % of a core, {(memoryTelemetry - before) / Count / 1000.0:0.0} kB an agent"), "", null, ""),
            new($"{Count:N0} agents enrol and connect", Text($"{joined.TotalSeconds:0.0} s"), "", null, ""),
            new("all reconnect after kill -9 and restart of the server", Text($"the last is online {back.TotalSeconds:0.0} s after the start ({(back - ready).TotalSeconds:0.0} s after ready)"),
                "", null, "agents wait 1 to 30 s between attempts, spread at random"),
        ];
    }

    /// <summary>Memory after things have settled, and the CPU over 30 s in per cent of one core.</summary>
    private static async Task<(long Memory, double Cpu)> IdleAsync(BenchContext context, int process)
    {
        await context.PauseAsync(15);
        var (began, used) = (Stopwatch.GetTimestamp(), Proc.ProcessorTime(process));
        await context.PauseAsync(30);
        return (Proc.Resident(process), (Proc.ProcessorTime(process) - used) / Stopwatch.GetElapsedTime(began) * 100);
    }

    private static async Task<(long Each, double Cpu)> BareAsync(BenchContext context)
    {
        var url = $"http://127.0.0.1:{Published.FreePort()}";
        await using var hub = BareHub.Start(context.NewFolder("hub"), url);
        await context.PauseAsync(5);
        var before = Proc.Resident(hub.Id);
        await using var fleet = SimulatedFleet.Start(context.NewFolder("fleet"), url, SimulatedFleet.NoToken, Count);
        await fleet.WaitForOnlineAsync(Count, TimeSpan.FromMinutes(3), context.Cancellation);
        var (memory, cpu) = await IdleAsync(context, hub.Id);
        return ((memory - before) / Count, cpu);
    }

    private static string Mega(long bytes) => Text($"{bytes / 1e6:0} MB");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
