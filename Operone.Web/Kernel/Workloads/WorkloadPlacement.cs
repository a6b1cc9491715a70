using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Devices;
using Operone.Core.Errors;
using Operone.Core.Kernel.Placement;
using Operone.Core.Kernel.Workloads;
using Operone.Core.Shell;
using Operone.Web.Access;
using Operone.Web.Devices;
using Operone.Web.Kernel.Placement;
using Operone.Web.Shell.Environments;

namespace Operone.Web.Kernel.Workloads;

/// <summary>Finds devices for the instances of a workload that wait. It chooses by what was read before; whoever stores it looks whether there is still room.</summary>
internal sealed class WorkloadPlacement(CandidateReader reader, EnvironmentUse environments, DeviceDirectory directory, TimeProvider time)
{
    /// <summary>The devices of a target on which the workload may start in somebody's name now.</summary>
    public async Task<Result<DeviceEntry[]>> PermittedAsync(Workload workload, Actor actor, IEnumerable<DeviceEntry> meant, CancellationToken cancellationToken)
    {
        DeviceEntry[] may = [.. meant.Where(d => actor.May(Permissions.JobsRun, d.Labels))];
        var able = await environments.AbleAsync(actor, workload.Definition.Environments, may, cancellationToken);
        return able.IsError ? able.Error! : able.Value.ToArray();
    }

    /// <summary>Chooses. Gives where each goes; those that go nowhere say why.</summary>
    /// <param name="workload">The workload.</param>
    /// <param name="waiting">Those that are to be placed, in order.</param>
    /// <param name="live">All that are not over.</param>
    /// <param name="permitted">Where they may be.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public async Task<(IReadOnlyList<(WorkloadInstance Instance, DeviceEntry Device)> Placed, PlacementView? How)> ChooseAsync(
        Workload workload, IReadOnlyList<WorkloadInstance> waiting, IReadOnlyList<WorkloadInstance> live, IReadOnlyList<DeviceEntry> permitted, CancellationToken cancellationToken)
    {
        var fleet = await reader.ReadAsync(cancellationToken);
        var copies = live.Where(i => i.Status is InstanceStatus.Running or InstanceStatus.Stopping).CountBy(i => i.DeviceId!.Value).ToDictionary();
        var candidates = permitted.Select(d => reader.Of(d, fleet) with { Copies = copies.GetValueOrDefault(d.Id) }).ToArray();
        var request = Request(workload.Definition);
        var placed = new List<(WorkloadInstance, DeviceEntry)>();
        PlacementAnswer? last = null;
        foreach (var instance in waiting.Where(i => i.Wish is not null || i.Avoid is not null))
        {
            // in the place of another one it must be elsewhere; after a failure it had better be
            var mine = instance.Wish is { } wish ? candidates.Where(c => c.Id == wish).ToArray() : candidates;
            var elsewhere = instance.Avoid is { } avoid && instance.Wish is null ? request with { Excluded = new HashSet<Guid> { avoid } } : request;
            last = Placer.Place(elsewhere, mine);
            last = last.IsPlaced || instance.Replaces is not null ? last : Placer.Place(request, mine);
            if (!last.IsPlaced && instance is { Wish: not null, Replaces: null } && workload.Definition.Count is not null)
            {
                // the one that was moved is over, and there is no room where it was to go: anywhere is better than nowhere
                instance.Wish = null;
                last = Placer.Place(request, candidates);
            }

            Take(instance, last, placed, candidates, request.Needs);
        }

        var plain = waiting.Where(i => i.Wish is null && i.Avoid is null).ToArray();
        if (plain.Length > 0)
        {
            var (answer, none) = Most(request, candidates, plain.Length);
            for (var i = 0; i < plain.Length; i++)
            {
                if (answer is not null && i < answer.Chosen.Count)
                {
                    placed.Add((plain[i], directory.Find(answer.Chosen[i].Id)!));
                }
                else
                {
                    WorkloadMachine.Wait(plain[i], none!.Problem ?? "There is no room.");
                }
            }

            last = none ?? answer;
        }

        return ([.. placed.Where(p => p.Item2 is not null)], last is null ? null : View(last));
    }

    /// <summary>What an instance runs, with what it is held to.</summary>
    public static CreateRun ToRequest(WorkloadDefinition definition)
    {
        var needs = WorkloadRules.Needs(definition);
        return WorkloadRules.ToRun(definition) with { Placement = needs.IsNone ? null : new() { Needs = needs } };
    }

    private void Take(
        WorkloadInstance instance, PlacementAnswer answer, List<(WorkloadInstance, DeviceEntry)> placed, PlacementCandidate[] candidates, Resources needs)
    {
        if (!answer.IsPlaced || directory.Find(answer.Chosen[0].Id) is not { } device)
        {
            var why = answer.Verdicts is [var only] ? $"{only.Device.Name} {only.Text}." : answer.Problem;
            WorkloadMachine.Wait(instance, instance.Wish is not null && answer.Verdicts.Count == 0 ? "Its device is not one that it may run on." : why ?? "There is no room.");
            return;
        }

        placed.Add((instance, device));
        var index = Array.FindIndex(candidates, c => c.Id == device.Id);
        candidates[index] = candidates[index] with { Reserved = candidates[index].Reserved.Add(needs), Copies = candidates[index].Copies + 1 };
    }

    /// <summary>As many as there is room for; and the answer that says why there is not for more.</summary>
    private static (PlacementAnswer? Most, PlacementAnswer? None) Most(PlacementRequest request, PlacementCandidate[] candidates, int count)
    {
        var all = Placer.Place(request with { Count = count }, candidates);
        if (all.IsPlaced)
        {
            return (all, null);
        }

        PlacementAnswer? most = null;
        var (least, first) = (0, count);
        while (first - least > 1)
        {
            var half = (least + first) / 2;
            var answer = Placer.Place(request with { Count = half }, candidates);
            (most, least, first) = answer.IsPlaced ? (answer, half, first) : (most, least, half);
        }

        return (most, all);
    }

    private static PlacementRequest Request(WorkloadDefinition definition) => new()
    {
        Needs = WorkloadRules.Needs(definition),
        Preferred = [.. (definition.Prefer ?? []).Select(p => Selector.Parse(p).Value)],
        SpreadOver = definition.SpreadOver,
        Strategy = definition.Strategy ?? PlacementStrategy.Spread,
        PerDevice = definition.PerDevice ?? 1,
    };

    private PlacementView View(PlacementAnswer answer)
    {
        var devices = answer.Verdicts.Select(v => new PlacedDevice(v.Device.Id, v.Device.Name, v.IsChosen, v.Text)).ToArray();
        return new(answer.IsPlaced ? PlacementState.Placed : PlacementState.Waiting, answer.Problem ?? $"Chosen of {devices.Length} devices.", time.GetUtcNow(),
            [.. devices.Take(PlacementView.MaxDevices)], Math.Max(0, devices.Length - PlacementView.MaxDevices));
    }
}
