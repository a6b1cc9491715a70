using Microsoft.EntityFrameworkCore;
using Operone.Core.Access;
using Operone.Core.Devices;
using Operone.Core.Errors;
using Operone.Core.Events;
using Operone.Core.Kernel.Jobs;
using Operone.Core.Kernel.Workloads;
using Operone.Web.Access;
using Operone.Web.Data;
using Operone.Web.Devices;

namespace Operone.Web.Kernel.Workloads;

/// <summary>What the changes of a workload have in common, and the move of an instance.</summary>
internal sealed partial class WorkloadService
{
    private static readonly Task<Error?> Done = Task.FromResult<Error?>(null);

    /// <summary>A change that somebody asks for.</summary>
    private sealed record Change(string Permission, string Action, string Event, bool InTheirName = false, string? Detail = null);

    /// <summary>Moves an instance off its device, to a given one or to any other.</summary>
    public Task<Result<WorkloadView>> MoveAsync(Actor actor, string idOrName, Guid? instanceId, string? device, CancellationToken cancellationToken) =>
        instanceId is not { } id ? Task.FromResult<Result<WorkloadView>>(Error.InvalidField("instance", "must be the id of an instance"))
        : ChangeAsync(actor, idOrName, new(Permissions.JobsRun, "workload.move", EventTypes.WorkloadInstanceMoved, Detail: $"instance {id}{(device is null ? "" : $" to {device}")}"),
            async (db, workload) =>
            {
                if (workload.Definition.Count is null)
                {
                    return WorkloadErrors.NotCounted(workload.Name);
                }

                var instance = await db.Set<WorkloadInstance>().AsTracking()
                    .SingleOrDefaultAsync(i => i.Id == id && i.WorkloadId == workload.Id && i.Status == InstanceStatus.Running, cancellationToken);
                if (instance is null)
                {
                    return WorkloadErrors.InstanceNotFound(workload.Name, id);
                }

                var to = device is null ? null : sight.Meant(workload.Definition.Target!).FirstOrDefault(d => d.Id == directory.Find(device)?.Id);
                var why = device is null ? null : to is null ? "the workload's target does not mean it" : to.Id == instance.DeviceId ? "it is there already"
                    : to.Intake != DeviceIntake.Open ? $"it is {to.Intake.ToText()}" : !directory.IsOnline(to.Id) ? "it is not connected" : null;
                if (why is not null)
                {
                    return WorkloadErrors.CannotMove(device!, why);
                }

                if (await NoRoomAsync(db, workload, instance, to, cancellationToken) is { } noRoom)
                {
                    return WorkloadErrors.CannotMove(device ?? "another device", noRoom.TrimEnd('.'));
                }

                (instance.IsMoved, instance.MoveTo) = (true, to?.Id);
                return null;
            }, cancellationToken);

    /// <summary>Why an instance could not go to a device, or to any other, as it stands now; null where it could.</summary>
    private async Task<string?> NoRoomAsync(OperoneDb db, Workload workload, WorkloadInstance instance, DeviceEntry? to, CancellationToken cancellationToken)
    {
        var runsAs = await standing.ActorAsync(workload.RunsAsId, workload.RunsAs, cancellationToken);
        var meant = to is not null ? [to] : sight.Meant(workload.Definition.Target!).Where(d => d.Id != instance.DeviceId);
        var permitted = await placement.PermittedAsync(workload, runsAs, meant, cancellationToken);
        if (permitted.IsError || permitted.Value.Length == 0)
        {
            return permitted.Error?.Detail ?? $"{workload.RunsAs} may not run it there";
        }

        var live = await db.Set<WorkloadInstance>().Where(i => i.WorkloadId == workload.Id && i.Status != InstanceStatus.Ended).ToListAsync(cancellationToken);
        var tried = new WorkloadInstance
        {
            Id = Guid.NewGuid(),
            WorkloadId = workload.Id,
            Version = workload.Version,
            Work = workload.Work,
            Since = time.GetUtcNow(),
            Wish = to?.Id,
            Avoid = instance.DeviceId,
            Replaces = instance.Id,
        };
        var (placed, _) = await placement.ChooseAsync(workload, [tried], live, permitted.Value, cancellationToken);
        return placed.Count > 0 ? null : tried.Reason ?? "there is no room";
    }

    /// <summary>What they lack so that the version before may come back in their name.</summary>
    private async Task<Error?> LacksReturnAsync(OperoneDb db, Actor actor, Workload workload, CancellationToken cancellationToken)
    {
        var from = workload.Phase == WorkloadPhase.Updating ? workload.FromVersion ?? workload.Version : workload.Version;
        var before = await db.Set<WorkloadVersion>().Where(v => v.WorkloadId == workload.Id && v.Number == from).Select(v => v.Definition).SingleOrDefaultAsync(cancellationToken);
        return before is null ? null : await LacksRunAsync(actor, before, cancellationToken);
    }

    private async Task<Result<WorkloadView>> ChangeAsync(
        Actor actor, string idOrName, Change change, Func<OperoneDb, Workload, Task<Error?>> make, CancellationToken cancellationToken)
    {
        if (await audit.RequireAsync(actor, change.Permission, change.Action, idOrName, cancellationToken) is { } denied)
        {
            return denied;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        if (await Workload.FindAsync(db, idOrName, cancellationToken) is not { } workload || !sight.Reaching(actor)(workload.Definition.Target))
        {
            return WorkloadErrors.NotFound(idOrName);
        }

        var lacks = change.Permission == Permissions.JobsManage ? LacksManage(actor, workload.Definition)
            : change.InTheirName ? await LacksRunAsync(actor, workload.Definition, cancellationToken) : MayNotRun(actor, workload.Definition);
        if (lacks is not null)
        {
            return await records.RefusedAsync(actor, change.Action, workload.Name, lacks, cancellationToken);
        }

        if (workload.RemovedAt is not null && change.Action != "workload.remove")
        {
            return WorkloadErrors.Removing(workload.Name);
        }

        if (await make(db, workload) is { } problem)
        {
            return await records.RefusedAsync(actor, change.Action, workload.Name, problem, cancellationToken);
        }

        var now = time.GetUtcNow();
        (workload.UpdatedAt, workload.UpdatedBy) = (now, actor.Name);
        (workload.RunsAs, workload.RunsAsId) = change.InTheirName ? (actor.Name, actor.Id) : (workload.RunsAs, workload.RunsAsId);
        db.Publish(WorkloadRecords.By(actor, workload, change.Event, workload.Count));
        if (await SaveAsync(db, workload, now, cancellationToken) is { } notSaved)
        {
            return notSaved;
        }

        await records.DoneAsync(actor, change.Action, workload, change.Detail, CancellationToken.None);
        return await reader.ViewAsync(db, actor, workload, CancellationToken.None);
    }

    private static async Task<Error?> SaveAsync(OperoneDb db, Workload workload, DateTimeOffset now, CancellationToken cancellationToken)
    {
        workload.News++;
        workload.NextAt = now;
        try
        {
            await db.SaveChangesAsync(cancellationToken);
            return null;
        }
        catch (DbUpdateConcurrencyException)
        {
            return WorkloadErrors.Changed(workload.Name);
        }
        catch (DbUpdateException exception) when (exception.IsDuplicate())
        {
            return WorkloadErrors.NameTaken(workload.Name);
        }
    }

    private Error? LacksManage(Actor actor, WorkloadDefinition definition) => sight.LacksManage(actor, definition.Target);

    private Error? MayNotRun(Actor actor, WorkloadDefinition definition)
    {
        if (actor.MayEverywhere(Permissions.JobsRun))
        {
            return null;
        }

        var others = sight.Meant(definition.Target!).Where(d => !actor.May(Permissions.JobsRun, d.Labels)).ToArray();
        return others.Length == 0 ? null : WorkloadErrors.NotRunnable(
            actor.Name, string.Join(", ", others.Where(d => actor.May(Permissions.DevicesRead, d.Labels)).Select(d => d.Name).Take(20).DefaultIfEmpty("one that you may not see")));
    }

    /// <summary>What they lack so that it may run in their name: permission on every device that is meant, its environments, its sandbox.</summary>
    private async Task<Error?> LacksRunAsync(Actor actor, WorkloadDefinition definition, CancellationToken cancellationToken)
    {
        if (MayNotRun(actor, definition) is { } lacks)
        {
            return lacks;
        }

        return sight.Meant(definition.Target!).Any(d => d.Intake == DeviceIntake.Open)
            ? await rights.LacksAsync(actor, definition.Name!, new JobDefinition
            {
                Name = definition.Name,
                Target = definition.Target,
                Environments = definition.Environments,
                Sandbox = definition.Sandbox,
                RunAs = definition.RunAs,
                Steps = [new() { Command = "true" }],
            }, cancellationToken)
            : null;
    }
}
