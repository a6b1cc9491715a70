using Microsoft.EntityFrameworkCore;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Events;
using Operone.Core.Kernel.Workloads;
using Operone.Web.Access;
using Operone.Web.Data;
using Operone.Web.Devices;
using Operone.Web.Kernel.Jobs;
using Operone.Web.Kernel.Jobs.Documents;

namespace Operone.Web.Kernel.Workloads;

/// <summary>The use cases of workloads that change what is wanted; the <see cref="WorkloadConductor"/> makes it so. <see cref="WorkloadReader"/> looks.</summary>
internal sealed partial class WorkloadService(
    IDbContextFactory<OperoneDb> databases, DeviceDirectory directory, JobSight sight, JobRights rights, CurrentStanding standing, WorkloadPlacement placement, WorkloadReader reader, IAuditTrail audit,
    WorkloadRecords records, TimeProvider time)
{
    /// <summary>Writes a workload from a text: makes it, or a new version of the one with its name. The same once more changes nothing.</summary>
    /// <param name="actor">Who writes.</param>
    /// <param name="text">YAML or JSON.</param>
    /// <param name="start">Whether a new one is to run at once.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<Result<AppliedWorkload>> ApplyAsync(Actor actor, string text, bool start, CancellationToken cancellationToken)
    {
        var read = WorkloadDocument.Check(text);
        return read.Definition is null ? JobDocument.ToError(read.Problems) : await WriteAsync(actor, null, read.Definition, null, start, cancellationToken);
    }

    /// <summary>Writes a workload.</summary>
    /// <param name="actor">Who writes.</param>
    /// <param name="idOrName">The workload that gets a new version; null for the one with the definition's name, which is made where there is none.</param>
    /// <param name="definition">What it is.</param>
    /// <param name="seen">The newest version that was looked at: where there is another one by now nothing is done. Null for whatever it is.</param>
    /// <param name="start">Whether a new one is to run at once.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<Result<AppliedWorkload>> WriteAsync(
        Actor actor, string? idOrName, WorkloadDefinition definition, int? seen, bool start, CancellationToken cancellationToken)
    {
        const string Action = "workload.write";
        if (await audit.RequireAsync(actor, Permissions.JobsManage, Action, idOrName ?? definition.Name, cancellationToken) is { } denied)
        {
            return denied;
        }

        if (WorkloadRules.Check(definition) is { } invalid)
        {
            return invalid;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var workload = await Workload.FindAsync(db, idOrName ?? definition.Name!, cancellationToken);
        if (workload is not null && !sight.Reaching(actor)(workload.Definition.Target))
        {
            // it does not exist for them; that its name is taken they learn as with any other
            return idOrName is not null ? WorkloadErrors.NotFound(idOrName) : WorkloadErrors.NameTaken(definition.Name!);
        }

        if (workload is null && idOrName is not null)
        {
            return WorkloadErrors.NotFound(idOrName);
        }

        if ((LacksManage(actor, definition) ?? (workload is null ? null : LacksManage(actor, workload.Definition))) is { } lacks)
        {
            return await records.RefusedAsync(actor, Action, definition.Name, lacks, cancellationToken);
        }

        if ((workload?.IsStarted ?? start) && await LacksRunAsync(actor, definition, cancellationToken) is { } mayNot)
        {
            return await records.RefusedAsync(actor, Action, definition.Name, mayNot, cancellationToken);
        }

        if (workload is { IsStarted: true } && definition.Update?.Rollback != false && await LacksReturnAsync(db, actor, workload, cancellationToken) is { } mayNotReturn)
        {
            return await records.RefusedAsync(actor, Action, definition.Name, mayNotReturn, cancellationToken);
        }

        if (workload is not null && Job.Normalize(definition.Name!) != workload.NormalizedName)
        {
            return Error.InvalidField("name", $"a workload keeps its name: it is '{workload.Name}'");
        }

        if (workload?.RemovedAt is not null)
        {
            return WorkloadErrors.Removing(workload.Name);
        }

        if (workload is not null && seen is not null && seen != workload.Newest)
        {
            return WorkloadErrors.Changed(workload.Name);
        }

        if (workload is not null && workload.Count == definition.Count && WorkloadRules.IsSame(workload.Definition, definition))
        {
            return new AppliedWorkload("unchanged", await reader.ViewAsync(db, actor, workload, cancellationToken));
        }

        return await StoreAsync(db, actor, workload, definition, start, cancellationToken);
    }

    /// <summary>Has a workload run, in the name of whoever asks.</summary>
    public Task<Result<WorkloadView>> StartAsync(Actor actor, string idOrName, CancellationToken cancellationToken) =>
        ChangeAsync(actor, idOrName, new(Permissions.JobsRun, "workload.start", EventTypes.WorkloadStarted, InTheirName: true), (_, workload) =>
        {
            (workload.IsStarted, workload.Reason) = (true, null);
            return Done;
        }, cancellationToken);

    /// <summary>Ends all instances of a workload, until it is started again.</summary>
    public Task<Result<WorkloadView>> StopAsync(Actor actor, string idOrName, CancellationToken cancellationToken) =>
        ChangeAsync(actor, idOrName, new(Permissions.JobsRun, "workload.stop", EventTypes.WorkloadStopped), (_, workload) =>
        {
            (workload.IsStarted, workload.Phase, workload.FromVersion, workload.Reason) = (false, WorkloadPhase.Steady, null, null);
            return Done;
        }, cancellationToken);

    /// <summary>Has a workload so many instances. It holds until its definition is applied again.</summary>
    public Task<Result<WorkloadView>> ScaleAsync(Actor actor, string idOrName, int? count, CancellationToken cancellationToken) =>
        count is not (>= 0 and <= WorkloadRules.MaxCount) ? Task.FromResult<Result<WorkloadView>>(Error.InvalidField("count", $"must be 0 to {WorkloadRules.MaxCount}"))
        : ChangeAsync(actor, idOrName, new(Permissions.JobsRun, "workload.scale", EventTypes.WorkloadScaled, Detail: $"{count} instances"), (_, workload) =>
        {
            if (workload.Definition.Count is null)
            {
                return Task.FromResult<Error?>(WorkloadErrors.NotCounted(workload.Name));
            }

            workload.Count = count;
            return Done;
        }, cancellationToken);

    /// <summary>Starts all instances anew, in batches as an update does.</summary>
    public Task<Result<WorkloadView>> RestartAsync(Actor actor, string idOrName, CancellationToken cancellationToken) =>
        ChangeAsync(actor, idOrName, new(Permissions.JobsRun, "workload.restart", EventTypes.WorkloadUpdating), async (db, workload) =>
        {
            if (!workload.IsStarted)
            {
                return WorkloadErrors.NotStarted(workload.Name);
            }

            if (workload.Phase == WorkloadPhase.RollingBack)
            {
                return WorkloadErrors.RollingBack(workload.Name);
            }

            var version = await db.Set<WorkloadVersion>().AsTracking().SingleAsync(v => v.WorkloadId == workload.Id && v.Number == workload.Version, cancellationToken);
            version.Work = workload.Work = ++workload.LastWork;
            if (workload.Phase != WorkloadPhase.Updating)
            {
                // an update that is under way keeps the version that it may go back to
                (workload.Phase, workload.FromVersion, workload.Floor) = (WorkloadPhase.Updating, null, await RunningAsync(db, workload, cancellationToken));
            }

            return null;
        }, cancellationToken);

    /// <summary>Brings another version back, in batches as an update does.</summary>
    public Task<Result<WorkloadView>> RollbackAsync(Actor actor, string idOrName, int? number, CancellationToken cancellationToken) =>
        ChangeAsync(actor, idOrName, new(Permissions.JobsManage, "workload.rollback", EventTypes.WorkloadRolledBack, InTheirName: true), async (db, workload) =>
        {
            var all = db.Set<WorkloadVersion>().Where(v => v.WorkloadId == workload.Id);
            var wanted = number ?? workload.FromVersion;
            var version = wanted is { } exact ? await all.SingleOrDefaultAsync(v => v.Number == exact, cancellationToken)
                : await all.Where(v => v.Number < workload.Version && v.Problem == null).OrderByDescending(v => v.Number).FirstOrDefaultAsync(cancellationToken);
            if (version is null)
            {
                return wanted is { } no ? WorkloadErrors.VersionNotFound(workload.Name, no) : WorkloadErrors.NothingBefore(workload.Name);
            }

            if ((LacksManage(actor, version.Definition) ?? (workload.IsStarted ? await LacksRunAsync(actor, version.Definition, cancellationToken) : null)) is { } lacks)
            {
                return lacks;
            }

            workload.Reason = $"Version {workload.Version} was rolled back by {actor.Name}.";
            workload.Phase = workload.IsStarted ? WorkloadPhase.RollingBack : WorkloadPhase.Steady;
            (workload.FromVersion, workload.Floor) = (null, await RunningAsync(db, workload, cancellationToken));
            (workload.Version, workload.Work, workload.Definition, workload.Count) = (version.Number, version.Work, version.Definition, version.Definition.Count);
            return null;
        }, cancellationToken);

    /// <summary>Ends all instances, and then removes the workload with its versions. The runs of its instances stay.</summary>
    public async Task<Result<Unit>> RemoveAsync(Actor actor, string idOrName, CancellationToken cancellationToken)
    {
        var changed = await ChangeAsync(actor, idOrName, new(Permissions.JobsManage, "workload.remove", EventTypes.WorkloadStopped), (_, workload) =>
        {
            (workload.RemovedAt, workload.IsStarted) = (workload.RemovedAt ?? time.GetUtcNow(), false);
            return Done;
        }, cancellationToken);
        return changed.IsError ? changed.Error! : Unit.Value;
    }

    private async Task<Result<AppliedWorkload>> StoreAsync(
        OperoneDb db, Actor actor, Workload? workload, WorkloadDefinition definition, bool start, CancellationToken cancellationToken)
    {
        var (now, isNew) = (time.GetUtcNow(), workload is null);
        var type = EventTypes.WorkloadCreated;
        if (workload is null)
        {
            workload = new Workload
            {
                Id = Guid.CreateVersion7(now),
                Name = definition.Name!,
                NormalizedName = Job.Normalize(definition.Name!),
                Newest = 1,
                Version = 1,
                Definition = definition,
                Work = 1,
                LastWork = 1,
                Count = definition.Count,
                IsStarted = start,
                RunsAs = actor.Name,
                RunsAsId = actor.Id,
                CreatedAt = now,
                CreatedBy = actor.Name,
                UpdatedAt = now,
                UpdatedBy = actor.Name,
            };
            db.Add(workload);
        }
        else
        {
            type = await RenewAsync(db, workload, definition, cancellationToken);
            (workload.UpdatedAt, workload.UpdatedBy) = (now, actor.Name);
            (workload.RunsAs, workload.RunsAsId) = workload.IsStarted ? (actor.Name, actor.Id) : (workload.RunsAs, workload.RunsAsId);
        }

        db.Add(new WorkloadVersion { WorkloadId = workload.Id, Number = workload.Newest, Definition = definition, Work = workload.Work, CreatedAt = now, CreatedBy = actor.Name });
        db.Publish(WorkloadRecords.By(actor, workload, type, workload.Count));
        if (await SaveAsync(db, workload, now, cancellationToken) is { } problem)
        {
            return problem;
        }

        await records.DoneAsync(actor, isNew ? "workload.create" : "workload.update", workload, null, CancellationToken.None);
        return new AppliedWorkload(isNew ? "created" : "updated", await reader.ViewAsync(db, actor, workload, CancellationToken.None));
    }

    /// <summary>Makes a workload of another definition. Where its instances would run otherwise, they are replaced.</summary>
    private static async Task<string> RenewAsync(OperoneDb db, Workload workload, WorkloadDefinition definition, CancellationToken cancellationToken)
    {
        var isSame = WorkloadRules.IsSameWork(workload.Definition, definition);
        if (!isSame)
        {
            if (workload.IsStarted)
            {
                // the last one that was well comes back, not one that never was
                workload.FromVersion = workload.Phase == WorkloadPhase.Updating ? workload.FromVersion ?? workload.Version : workload.Version;
                (workload.Phase, workload.Floor) = (WorkloadPhase.Updating, await RunningAsync(db, workload, cancellationToken));
            }

            workload.Work = ++workload.LastWork;
        }

        workload.Version = ++workload.Newest;
        (workload.Definition, workload.Count, workload.Reason) = (definition, definition.Count, null);
        return isSame || !workload.IsStarted ? EventTypes.WorkloadUpdated : EventTypes.WorkloadUpdating;
    }

    private static Task<int> RunningAsync(OperoneDb db, Workload workload, CancellationToken cancellationToken) =>
        db.Set<WorkloadInstance>().CountAsync(i => i.WorkloadId == workload.Id && i.Status == InstanceStatus.Running, cancellationToken);
}
