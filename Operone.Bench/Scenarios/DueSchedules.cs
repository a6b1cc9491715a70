using System.Globalization;
using Operone.Bench.Simulation;
using Operone.Core;
using Operone.Core.Devices;
using Operone.Core.Kernel.Jobs;
using Operone.Core.Kernel.Schedules;
using Operone.E2E.Hosting;

namespace Operone.Bench.Scenarios;

/// <summary>10,000 schedules that are due within one minute: whether each fires, and how late.</summary>
internal static class DueSchedules
{
    private const int Count = 10_000;
    private const int Makers = 16;
    private static readonly TimeSpan Span = TimeSpan.FromMinutes(1);

    public static async Task<IReadOnlyList<Row>> MeasureAsync(BenchContext context)
    {
        var server = await context.StartServerAsync();
        var token = await server.Api.CreateEnrollmentTokenAsync(1, context.Cancellation);
        await using var fleet = SimulatedFleet.Start(context.NewFolder("fleet"), server.Url, token, 1);
        await fleet.WaitForOnlineAsync(1, TimeSpan.FromMinutes(1), context.Cancellation);
        await server.Api.PostAsync<AppliedJob>("/api/v1/jobs/apply", new JobDefinition
        {
            Name = "tick",
            Target = new RunTarget(All: true),
            Steps = [new() { Command = "true" }],
        }, context.Cancellation);

        // Made first, and far enough ahead that all are there when the first is due.
        var start = DateTimeOffset.UtcNow.AddMinutes(4);
        await Parallel.ForAsync(0, Count, new ParallelOptions { MaxDegreeOfParallelism = Makers, CancellationToken = context.Cancellation }, async (i, cancellationToken) =>
            await server.Api.PostAsync<SavedSchedule>("/api/v1/schedules", new SaveSchedule
            {
                Name = string.Create(CultureInfo.InvariantCulture, $"s{i}"),
                Job = "tick",
                At = start + (Span * i / Count),
            }, cancellationToken));
        var ahead = start - DateTimeOffset.UtcNow;
        BenchContext.Say(string.Create(CultureInfo.InvariantCulture, $"{Count:N0} schedules are made; the first is due in {ahead.TotalSeconds:0} s"));
        if (ahead < TimeSpan.Zero)
        {
            throw new InvalidOperationException("The schedules took longer to make than they are ahead.");
        }

        await Task.Delay(ahead + Span + TimeSpan.FromSeconds(5), context.Cancellation);
        var late = new List<double>();
        for (var patience = 0; late.Count < Count && patience < 30; patience++)
        {
            await Task.Delay(TimeSpan.FromSeconds(2), context.Cancellation);
            late = await LatenessAsync(context, server);
        }

        var samples = new Samples(late);
        return
        [
            new($"{Count:N0} schedules due within a minute: how many fired", late.Count.ToString("N0", CultureInfo.InvariantCulture), "all", late.Count == Count, ""),
            new("how late their jobs were started", string.Create(CultureInfo.InvariantCulture, $"p50 {samples.P50:0} ms, p99 {samples.P99:0} ms, slowest {late.Max():0} ms"),
                "p99 < 2 s", samples.P99 < 2000, "Hangfire looks every 15 s for what is due, unless told otherwise"),
        ];
    }

    /// <summary>How late each was that has fired, in milliseconds.</summary>
    private static async Task<List<double>> LatenessAsync(BenchContext context, ServerProcess server)
    {
        var late = new List<double>();
        string? cursor = null;
        do
        {
            var page = await server.Api.GetAsync<Page<FiringView>>($"/api/v1/schedule-firings?limit=500{(cursor is null ? "" : $"&cursor={Uri.EscapeDataString(cursor)}")}", context.Cancellation);
            late.AddRange(page.Items.Where(f => f is { FiredAt: not null, Problem: null }).Select(f => (f.FiredAt!.Value - f.At).TotalMilliseconds));
            cursor = page.NextCursor;
        }
        while (cursor is not null);
        return late;
    }
}
