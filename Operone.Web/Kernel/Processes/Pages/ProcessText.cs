using System.Globalization;
using Operone.Core;
using Operone.Core.Kernel;

namespace Operone.Web.Kernel.Processes.Pages;

/// <summary>How figures of processes are written.</summary>
internal static class ProcessText
{
    /// <summary>What stands where a figure cannot be had.</summary>
    public const string None = "–";

    public static string Cpu(double? percent) => percent is { } value ? string.Create(CultureInfo.InvariantCulture, $"{value:0.0} %") : None;

    public static string Size(long? bytes) => bytes is { } value ? Quantities.FormatSize(value) : None;

    public static string Number(long? number) => number?.ToString("N0", CultureInfo.InvariantCulture) ?? None;

    public static string State(ProcessState state) => state switch
    {
        ProcessState.Unknown => None,
        ProcessState.Waiting => "disk",
        _ => state.ToString().ToLowerInvariant(),
    };

    /// <summary>What a process belongs to, and where that is shown.</summary>
    public static (string Title, string? Href)? Owner(ProcessInfo process, ProcessOwner? owner) => (process.Part, owner) switch
    {
        (ProcessPart.Agent, _) => ("agent", null),
        (ProcessPart.Host, { Kind: ProcessOwnerKind.Operone }) => ("spare host", null),
        (_, { Kind: ProcessOwnerKind.Run, Id: { } run }) => ($"run {run.ToString()[^8..]}", $"runs/{run}"),
        (_, { Kind: ProcessOwnerKind.Terminal, Id: { } terminal }) => ($"terminal {terminal.ToString()[^8..]}", $"terminals/{terminal}"),
        (_, { Kind: ProcessOwnerKind.Run }) => ("a run", null),
        (_, { Kind: ProcessOwnerKind.Terminal }) => ("a terminal", null),
        _ => null,
    };

    /// <summary>What a signal to a process ends, before somebody says yes to it.</summary>
    public static string Warning(string device, ProcessInfo process, ProcessOwner? owner, string signal, IReadOnlyList<ProcessInfo> descendants)
    {
        var names = descendants.GroupBy(d => d.Name).OrderByDescending(g => g.Count()).Take(5)
            .Select(g => g.Count() > 1 ? string.Create(CultureInfo.InvariantCulture, $"{g.Count()} × {CommandText.Plain(g.Key)}") : CommandText.Plain(g.Key));
        var others = descendants.Count == 0 ? ""
            : $" and {(descendants.Count == 1 ? "the one process" : $"the {Number(descendants.Count)} processes")} that descend{(descendants.Count == 1 ? "s" : "")} from it ({string.Join(", ", names)}"
                + $"{(descendants.Select(d => d.Name).Distinct().Count() > 5 ? ", …" : "")})";
        var whose = Owner(process, owner) is { } of ? process.Part == ProcessPart.Host && owner?.Kind != ProcessOwnerKind.Operone
            ? $" It is the host of {of.Title}, which ends as lost: to end the {owner!.Kind.ToString().ToLowerInvariant()}, cancel it instead." : $" It belongs to Operone: {of.Title}." : "";
        return $"'{CommandText.Plain(process.Name)}' ({process.Pid}) of {process.User ?? "an unknown user"} on {device}{others} will {ProcessSignals.Describe(signal)}.{whose}";
    }
}
