namespace Operone.Bench.Scenarios;

/// <summary>One row of the table.</summary>
/// <param name="What">What was measured.</param>
/// <param name="Measured">What came out, in words.</param>
/// <param name="Aim">What it should be, in words; empty where there is no aim.</param>
/// <param name="Met">Whether it is so; null where there is no aim or it could not be measured.</param>
/// <param name="Baseline">What it is compared with, measured in the same run.</param>
internal sealed record Row(string What, string Measured, string Aim, bool? Met, string Baseline);
