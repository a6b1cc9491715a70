using System.CommandLine;
using System.Globalization;
using Operone.Core;
using Operone.Core.Connection;
using Operone.Core.Shell;

namespace Operone.Agent.Cli.Operator;

/// <summary><c>operone sandboxes</c>.</summary>
internal static class SandboxesCommand
{
    public static Command Create(CliContext cli)
    {
        var json = Shared.Json("Print the profiles as one JSON array.");
        var command = new OperatorCommand("sandboxes", "List the sandbox profiles.",
            """
            A sandbox profile says how far a command is kept away from its device, and what it may take.

            Example:
              operone sandboxes
              operone run -d web-1 --sandbox isolated -- make test
            """) { json };
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, api => ListAsync(cli, api, parsed.GetValue(json), cancellationToken)));
        return command;
    }

    private static async Task<int> ListAsync(CliContext cli, OperoneApi api, bool json, CancellationToken cancellationToken)
    {
        return await Listing.PrintAsync(
            cli, api, "sandbox-profiles", null, json, new Table("NAME", "KIND", "NETWORK", "USER", "CPU", "MEMORY", "PROCESSES", "DISK", "TIME", "FOR") { Elastic = 9 }, none: null,
            OperoneJson.Default.SandboxProfileView, Row, cancellationToken);
    }

    private static Cell[] Row(SandboxProfileView profile)
    {
        var (spec, limits) = (profile.Spec, profile.Spec.Limits);
        var isIsolated = spec.Kind == SandboxKind.Isolated;
        return
        [
            profile.Name,
            isIsolated ? "isolated" : "none",
            !isIsolated || spec.Network ? "yes" : "no",
            spec.RunAs,
            limits?.CpuCores?.ToString(CultureInfo.InvariantCulture),
            Size(limits?.MemoryBytes),
            limits?.Processes?.ToString(CultureInfo.InvariantCulture),
            Size(limits?.DiskBytes),
            limits?.WallSeconds is { } seconds ? Quantities.FormatDuration(TimeSpan.FromSeconds(seconds)) : null,
            profile.Description,
        ];
    }

    private static string? Size(long? bytes) => bytes is { } b ? Quantities.FormatSize(b) : null;
}
