namespace Operone.Core.Devices;

/// <summary>Which devices a run is aimed at. At least one of the three; together they add up.</summary>
/// <param name="Devices">Device ids or names.</param>
/// <param name="Selector">A label selector.</param>
/// <param name="All">Every device.</param>
public sealed record RunTarget(IReadOnlyList<string>? Devices = null, string? Selector = null, bool All = false);
