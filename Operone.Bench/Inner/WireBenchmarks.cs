using System.Text.Json;
using BenchmarkDotNet.Attributes;
using Operone.Core.Connection;
using Operone.Core.Shell;

namespace Operone.Bench.Inner;

/// <summary>News of an execution as it goes over the wire.</summary>
public class WireBenchmarks
{
    private readonly ExecutionReport _small = Report(100, ended: true);
    private readonly ExecutionReport _large = Report(ProtocolVersion.MaxReportBytes, ended: false);
    private readonly byte[] _smallJson;
    private readonly byte[] _largeJson;

    public WireBenchmarks()
    {
        _smallJson = JsonSerializer.SerializeToUtf8Bytes(_small, OperoneJson.Default.ExecutionReport);
        _largeJson = JsonSerializer.SerializeToUtf8Bytes(_large, OperoneJson.Default.ExecutionReport);
    }

    [Benchmark(Description = "write a report of 100 bytes and an end as JSON")]
    public byte[] WriteSmall() => JsonSerializer.SerializeToUtf8Bytes(_small, OperoneJson.Default.ExecutionReport);

    [Benchmark(Description = "read it")]
    public ExecutionReport? ReadSmall() => JsonSerializer.Deserialize(_smallJson, OperoneJson.Default.ExecutionReport);

    [Benchmark(Description = "write a report of 256 KiB as JSON")]
    public byte[] WriteLarge() => JsonSerializer.SerializeToUtf8Bytes(_large, OperoneJson.Default.ExecutionReport);

    [Benchmark(Description = "read that one")]
    public ExecutionReport? ReadLarge() => JsonSerializer.Deserialize(_largeJson, OperoneJson.Default.ExecutionReport);

    private static ExecutionReport Report(int bytes, bool ended) => new(
        Guid.NewGuid(), DateTimeOffset.UnixEpoch, [new OutputChunk(OutputStream.Stdout, 0, [.. Enumerable.Range(0, bytes).Select(i => (byte)i)])],
        ended ? new ExecutionEnd(ExecutionStatus.Succeeded, 0, "It ended with exit code 0.", DateTimeOffset.UnixEpoch, bytes, 0) : null);
}
