using System.CommandLine;
using Operone.Core;
using Operone.Core.Connection;
using Operone.Core.Devices;

namespace Operone.Agent.Cli.Operator;

/// <summary><c>operone devices cordon</c>, <c>drain</c>, <c>uncordon</c> and <c>reserve</c>.</summary>
internal static class CordonCommands
{
    /// <summary>Adds them to <c>operone devices</c>.</summary>
    public static void Add(Command devices, CliContext cli)
    {
        devices.Add(Create(cli, "cordon", "Let selectors, --all and placement pass a device by.",
            """
            Who names the device may still run commands there. What runs goes on.

            Example:
              operone devices cordon web-1 --reason 'new disk on Friday'
            """, "cordoned"));
        devices.Add(Create(cli, "drain", "Let a device take nothing new, and finish what it has.",
            """
            Not even who names the device may run commands there. When all that it had accepted is finished it is drained:
            'operone devices --intake drained' lists such. Terminals and files are not runs; they stay.

            Example:
              operone devices drain web-1 --reason 'moves to the other rack'
            """, "being drained"));
        devices.Add(Create(cli, "uncordon", "Let a device take new work again.",
            """
            Example:
              operone devices uncordon web-1
            """, "open"));
        devices.Add(CreateReserve(cli));
    }

    private static OperatorCommand Create(CliContext cli, string verb, string description, string ending, string done)
    {
        var names = Names(cli);
        var command = new OperatorCommand(verb, description, ending) { names };
        Option<string?>? reason = null;
        if (verb != "uncordon")
        {
            command.Add(reason = new("--reason") { Description = "Why, for whoever finds it so.", HelpName = "TEXT" });
        }

        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, async api =>
        {
            var request = new CordonDevice(reason is null ? null : parsed.GetValue(reason));
            foreach (var name in Shared.SplitNames(parsed.GetValue(names)))
            {
                var answer = await api.PostAsync(
                    $"devices/{Uri.EscapeDataString(name)}/{verb}", request, OperoneJson.Default.CordonDevice, OperoneJson.Default.DeviceView, null, cancellationToken);
                if (answer.Error is { } error)
                {
                    return cli.Fail(error);
                }

                cli.Say($"{answer.Value.Name} is {answer.Value.Cordon?.Intake.ToText() ?? done}");
            }

            return 0;
        }));
        return command;
    }

    private static OperatorCommand CreateReserve(CliContext cli)
    {
        var names = Names(cli);
        var cpu = Shared.Parsed("--cpu", "CORES", "Processors to keep: 0.5, or 500m.", Resources.ParseCores);
        var memory = Shared.Parsed("--memory", "SIZE", "Memory to keep: 512Mi, 2Gi.", Quantities.ParseSize);
        var disk = Shared.Parsed("--disk", "SIZE", "Disk to keep: 10Gi.", Quantities.ParseSize);
        var command = new OperatorCommand("reserve", "Keep a part of a device for itself; the rest is for what Operone places there.",
            """
            What is not named is not kept. Without this a tenth of a device's memory and disk is.

            Example:
              operone devices reserve db-1 db-2 --cpu 2 --memory 8Gi
            """) { names, cpu, memory, disk };
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, async api =>
        {
            var change = new UpdateDevice(OwnReserve: new(parsed.GetValue(cpu) ?? 0, parsed.GetValue(memory) ?? 0, parsed.GetValue(disk) ?? 0));
            foreach (var name in Shared.SplitNames(parsed.GetValue(names)))
            {
                var answer = await api.PatchAsync(
                    $"devices/{Uri.EscapeDataString(name)}", change, OperoneJson.Default.UpdateDevice, OperoneJson.Default.DeviceView, cancellationToken);
                if (answer.Error is { } error)
                {
                    return cli.Fail(error);
                }

                cli.Say($"{answer.Value.Name} keeps {answer.Value.OwnReserve} for itself");
            }

            return 0;
        }));
        return command;
    }

    private static Argument<string[]> Names(CliContext cli)
    {
        var names = new Argument<string[]>("DEVICE") { Description = "The device's name or id; more of them one by one, or joined by commas.", Arity = ArgumentArity.OneOrMore };
        names.CompletionSources.Add(Shared.DeviceNames(cli));
        return names;
    }
}
