using System.Globalization;
using Operone.Bench.Hosting;
using Operone.Bench.Simulation;
using Operone.E2E.Hosting;

namespace Operone.Bench.Scenarios;

/// <summary>The server's start: from its process to the first page.</summary>
internal static class ColdStart
{
    private const int Count = 5;

    public static async Task<IReadOnlyList<Row>> MeasureAsync(BenchContext context)
    {
        var server = context.Own(new ServerProcess(context.NewFolder("server")));
        var first = await server.StartAsync(context.Cancellation, "/");
        await server.StopAsync();
        var times = new List<double>();
        for (var i = 0; i < Count; i++)
        {
            times.Add((await server.StartAsync(context.Cancellation, "/")).TotalMilliseconds);
            await server.KillAsync();
        }

        var starts = new Samples(times);
        await server.StartAsync(context.Cancellation, "/");
        await context.PauseAsync(15);
        var memory = Proc.Resident(server.ProcessId);

        var nothing = await Samples.TakeAsync(Count, 0, () =>
            Spawn.OnceAsync(context.Cancellation, "dotnet", Path.Combine(AppContext.BaseDirectory, "Operone.Bench.dll"), "nothing"));
        var url = $"http://127.0.0.1:{Published.FreePort()}";
        await using var hub = BareHub.Start(context.NewFolder("hub"), url);
        await context.PauseAsync(5);
        return
        [
            new("server: cold start to the first page", Text($"{starts.P50 / 1000:0.00} s (slowest of {Count} {starts.P99 / 1000:0.00} s)"), "< 1.5 s", starts.P50 < 1500,
                Text($"a .NET program that does nothing: {nothing.P50 / 1000:0.00} s")),
            new("server: the very first start, with the making of the database", Text($"{first.TotalSeconds:0.00} s"), "", null, ""),
            new("server: memory, idle", Text($"{memory / 1e6:0} MB resident"), "", null, Text($"an empty ASP.NET Core server: {Proc.Resident(hub.Id) / 1e6:0} MB")),
        ];
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
