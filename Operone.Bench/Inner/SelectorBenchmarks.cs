using BenchmarkDotNet.Attributes;
using Operone.Core;

namespace Operone.Bench.Inner;

/// <summary>Which of 5,000 devices a selector names: asked with every run and every keystroke in a target picker.</summary>
public class SelectorBenchmarks
{
    private readonly string _text = "env=prod,role in (web,db),!retired";
    private readonly Selector _selector;
    private readonly Dictionary<string, string>[] _devices =
    [
        .. Enumerable.Range(0, 5000).Select(i => new Dictionary<string, string>
        {
            ["env"] = i % 2 == 0 ? "prod" : "test",
            ["role"] = (i % 5) switch { 0 => "web", 1 => "db", _ => "worker" },
            ["rack"] = $"r{i % 40}",
            [i % 50 == 0 ? "retired" : "active"] = "",
        }),
    ];

    public SelectorBenchmarks() => _selector = Selector.Parse(_text).Value;

    [Benchmark(Description = "read a selector of three parts")]
    public Selector Read() => Selector.Parse(_text).Value;

    [Benchmark(Description = "match it against the labels of 5,000 devices")]
    public int Match()
    {
        var count = 0;
        foreach (var labels in _devices)
        {
            count += _selector.Matches(labels) ? 1 : 0;
        }

        return count;
    }
}
