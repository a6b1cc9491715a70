using System.CommandLine;
using System.CommandLine.Parsing;
using Operone.Core;
using Operone.Core.Devices;
using Operone.Core.Errors;
using Operone.Core.Shell;

namespace Operone.Agent.Cli.Operator;

/// <summary>The options of <c>operone run</c> that leave it to Operone on which devices it runs.</summary>
internal sealed class PlacementOptions
{
    private readonly Option<int?> _any = new("--any") { Description = "On this many of the devices, chosen by Operone: 1 is any one.", HelpName = "N" };
    private readonly Option<long?> _cpu = Shared.Parsed("--cpu", "CORES", "Processors that it needs on each device, and gets no more of: 0.5, or 500m.", Resources.ParseCores);
    private readonly Option<long?> _memory = Shared.Parsed("--memory", "SIZE", "Memory that it needs, and gets no more of: 256Mi, 1Gi.", Quantities.ParseSize);
    private readonly Option<long?> _disk = Shared.Parsed("--disk", "SIZE", "Disk that it needs: 10Gi.", Quantities.ParseSize);
    private readonly Option<string?> _spread = new("--spread") { Description = "Spread the chosen devices evenly over the values of this label.", HelpName = "KEY" };
    private readonly Option<string[]> _prefer = new("--prefer") { Description = "Take devices with such labels first. Give it again for more.", HelpName = "SELECTOR" };
    private readonly Option<string[]> _exclude = new("--exclude") { Description = "Do not choose this device. Give it again, or names joined by commas, for more.", HelpName = "NAME" };
    private readonly Option<string?> _strategy = new("--strategy") { Description = "Which devices are taken first: the least loaded (spread, by default) or the fullest that have room (pack).", HelpName = "spread|pack" };

    public PlacementOptions(CliContext cli)
    {
        _strategy.AcceptOnlyFromAmong("spread", "pack");
        _exclude.CompletionSources.Add(Shared.DeviceNames(cli));
    }

    /// <summary>All of them.</summary>
    public IEnumerable<Option> All => [_any, _cpu, _memory, _disk, _spread, _prefer, _exclude, _strategy];

    /// <summary>What is wrong with them together, or null.</summary>
    public string? Problem(CommandResult result) =>
        result.GetResult(_any) is not null && result.GetValue(_any) is < 1 or > RunPlacement.MaxCount ? $"--any must be 1 to {RunPlacement.MaxCount}" : null;

    /// <summary>What they say; null where none of them was given.</summary>
    public RunPlacement? Read(ParseResult parsed)
    {
        if (All.All(o => parsed.GetResult(o) is null))
        {
            return null;
        }

        var needs = new Resources(parsed.GetValue(_cpu) ?? 0, parsed.GetValue(_memory) ?? 0, parsed.GetValue(_disk) ?? 0);
        return new()
        {
            Count = parsed.GetValue(_any),
            Needs = needs.IsNone ? null : needs,
            SpreadOver = parsed.GetValue(_spread),
            Prefer = parsed.GetValue(_prefer) is { Length: > 0 } prefer ? prefer : null,
            Exclude = Shared.SplitNames(parsed.GetValue(_exclude)) is { Length: > 0 } exclude ? exclude : null,
            Strategy = parsed.GetValue(_strategy) == "pack" ? PlacementStrategy.Pack : PlacementStrategy.Spread,
        };
    }
}

/// <summary>Waits while a run waits for room, and says why it does.</summary>
/// <param name="cli">Where it is said.</param>
/// <param name="get">Reads the run again.</param>
/// <param name="cancel">Cancels the run.</param>
/// <param name="cancelAsked">Ends when the person wants it cancelled.</param>
internal sealed class RoomWait(CliContext cli, Func<Guid, CancellationToken, Task<Result<RunView>>> get, Func<Guid, CancellationToken, Task> cancel, Task cancelAsked)
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>The run once it has its devices, or has ended without.</summary>
    public async Task<Result<RunView>> ForPlaceAsync(RunView run, CancellationToken cancellationToken)
    {
        string? said = null;
        var hasWaited = run.WaitingSince is not null;
        for (var isCancelled = false; run.WaitingSince is not null;)
        {
            if (run.Placement is { } placement && placement.Reason != said)
            {
                said = placement.Reason;
                cli.Say($"waiting for room: {said}");
            }

            await Task.WhenAny(Task.Delay(Pause, cli.Time, cancellationToken), isCancelled ? Task.Delay(Pause, cli.Time, cancellationToken) : cancelAsked);
            cancellationToken.ThrowIfCancellationRequested();
            if (cancelAsked.IsCompleted && !isCancelled)
            {
                isCancelled = true;
                await cancel(run.Id, cancellationToken);
            }

            var again = await get(run.Id, cancellationToken);
            if (again.IsError)
            {
                return again;
            }

            run = again.Value;
        }

        if (run.Executions is { Count: 0 } && run.Placement is { State: PlacementState.Ended } ended)
        {
            cli.Say(ended.Reason);
        }
        else if (hasWaited && run.Executions is { Count: > 0 } executions)
        {
            cli.Say($"placed on {Shared.Some([.. executions.Select(e => e.DeviceName)])}");
        }

        return run;
    }
}
