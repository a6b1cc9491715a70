using System.CommandLine;
using System.Globalization;
using Operone.Core;
using Operone.Core.Kernel;

namespace Operone.Agent.Cli.Operator.Processes;

/// <summary>The commands for processes, and what they have in common.</summary>
internal static class ProcessCommands
{
    /// <summary>Adds them to the root.</summary>
    public static void Add(RootCommand root, CliContext cli)
    {
        ArgumentNullException.ThrowIfNull(root);
        root.Add(PsCommand.Create(cli));
        root.Add(TopCommand.Create(cli));
        root.Add(KillCommand.Create(cli));
    }

    /// <summary>The argument DEVICE.</summary>
    public static Argument<string> Device(CliContext cli)
    {
        var device = new Argument<string>("DEVICE") { Description = "The device's name or id." };
        device.CompletionSources.Add(Shared.DeviceNames(cli));
        return device;
    }

    /// <summary>The address of a device's processes, and what follows.</summary>
    public static string Path(string device, string below = "") => $"devices/{Uri.EscapeDataString(device)}/processes{below}";

    /// <summary>The cells of a process but its device and its command: PID, USER, CPU, MEMORY, THREADS.</summary>
    public static Cell[] Figures(ProcessView process) =>
    [
        process.Pid.ToString(CultureInfo.InvariantCulture),
        process.User ?? "-",
        new(process.Cpu is { } cpu ? cpu.ToString("0.0", CultureInfo.InvariantCulture) + " %" : "-", process.Cpu >= 90 ? Tone.Warning : Tone.None),
        process.Memory is { } memory ? Quantities.FormatSize(memory) : "-",
        process.Threads?.ToString(CultureInfo.InvariantCulture) ?? "-",
    ];

    /// <summary>What it belongs to, in a word.</summary>
    public static string Owner(ProcessView process) => (process.Part, process.Owner) switch
    {
        (ProcessPart.Agent, _) => "agent",
        (_, { Kind: ProcessOwnerKind.Run, Id: var id }) => $"run {id}".TrimEnd(),
        (_, { Kind: ProcessOwnerKind.Terminal, Id: var id }) => $"terminal {id}".TrimEnd(),
        (ProcessPart.Host, _) => "host",
        _ => "",
    };
}
