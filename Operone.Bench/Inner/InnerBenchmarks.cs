using System.Globalization;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Exporters;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Operone.Bench.Scenarios;

namespace Operone.Bench.Inner;

/// <summary>The inner pieces, by BenchmarkDotNet, with a short job in this process: the whole of bench.sh must stay bounded.</summary>
internal static class InnerBenchmarks
{
    private static readonly Type[] _types = [typeof(SelectorBenchmarks), typeof(WireBenchmarks), typeof(IdentityBenchmarks)];

    /// <summary>BenchmarkDotNet's own report, for who works on one of them.</summary>
    public static int PrintInFull()
    {
        BenchmarkRunner.Run(_types, Configuration(ConsoleLogger.Default).AddExporter(MarkdownExporter.Console));
        return 0;
    }

    /// <summary>One row for each.</summary>
    public static Task<IReadOnlyList<Row>> MeasureAsync(BenchContext context) => Task.Run<IReadOnlyList<Row>>(
        () =>
        [
            .. BenchmarkRunner.Run(_types, Configuration(NullLogger.Instance).WithArtifactsPath(context.NewFolder("inner")))
                .SelectMany(summary => summary.Reports).Select(ToRow),
        ],
        context.Cancellation);

    private static Row ToRow(BenchmarkReport report)
    {
        var what = report.BenchmarkCase.Descriptor.WorkloadMethodDisplayInfo.Trim('\'');
        var mean = report.ResultStatistics?.Mean;
        var allocated = report.GcStats.GetBytesAllocatedPerOperation(report.BenchmarkCase);
        return mean is null
            ? new(what, "failed", "", false, "")
            : new(what, string.Create(CultureInfo.InvariantCulture, $"{Time(mean.Value)}, {allocated / 1000.0:0.0} kB allocated"), "", null, "");
    }

    private static string Time(double nanoseconds) => nanoseconds switch
    {
        < 1e3 => string.Create(CultureInfo.InvariantCulture, $"{nanoseconds:0} ns"),
        < 1e6 => string.Create(CultureInfo.InvariantCulture, $"{nanoseconds / 1e3:0.0} µs"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{nanoseconds / 1e6:0.00} ms"),
    };

    private static ManualConfig Configuration(ILogger logger) => ManualConfig.CreateEmpty()
        .AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance))
        .AddColumnProvider(DefaultColumnProviders.Instance)
        .AddDiagnoser(MemoryDiagnoser.Default)
        .AddLogger(logger);
}
