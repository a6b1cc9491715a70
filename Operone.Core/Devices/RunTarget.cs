namespace Operone.Core.Devices;

/// <summary>Which devices a run is aimed at. At least one of the three; together they add up.</summary>
/// <param name="Devices">Device ids or names.</param>
/// <param name="Selector">A label selector.</param>
/// <param name="All">Every device.</param>
/// <param name="OnlyPermitted">Leaves out the devices on which the caller may not run commands, instead of refusing the run.</param>
public sealed record RunTarget(IReadOnlyList<string>? Devices = null, string? Selector = null, bool All = false, bool OnlyPermitted = false);
