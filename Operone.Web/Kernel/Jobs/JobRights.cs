using Microsoft.EntityFrameworkCore;
using Operone.Core.Access;
using Operone.Core.Devices;
using Operone.Core.Errors;
using Operone.Core.Kernel.Jobs;
using Operone.Web.Access;
using Operone.Web.Data;
using Operone.Web.Devices;
using Operone.Web.Shell.Sandbox;

namespace Operone.Web.Kernel.Jobs;

/// <summary>What it takes to run a job: <see cref="Permissions.JobsRun"/> on its devices, its environments and its sandbox there, a fresh touch of a passkey.</summary>
internal sealed class JobRights(
    IDbContextFactory<OperoneDb> databases, JobSight jobs, JobDevices jobDevices, SandboxChoice sandboxes, StepUp stepUp, JobRecords records)
{
    /// <summary>
    /// What somebody lacks to run a job as it stands, on all devices that it means now: permission there, its environments and its sandbox, a fresh touch
    /// of a passkey. Null where nothing. For what will run in their name.
    /// </summary>
    /// <param name="actor">Who.</param>
    /// <param name="name">The job.</param>
    /// <param name="definition">What it does.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <param name="inOthersNames">Whether it runs in others' names: then they must be allowed to on all devices, those that it would leave out for them too.</param>
    public async Task<Error?> LacksAsync(Actor actor, string name, JobDefinition definition, CancellationToken cancellationToken, bool inOthersNames = false)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var reached = new HashSet<Guid>();
        var called = await CalledJob.OfAsync(db, name, definition, cancellationToken);
        foreach (var (job, what) in called.Select(c => (c.Name, c.Definition)).Prepend((name, definition)))
        {
            foreach (var target in JobSight.Targets(what))
            {
                if (inOthersNames && !jobs.MayRunAll(actor, target))
                {
                    var not = jobs.Meant(target).Where(d => !jobs.MayRun(actor, d.Id) && jobs.Sees(actor, d.Id)).Select(d => d.Name).DefaultIfEmpty("some that it reaches");
                    return await records.RefusedAsync(actor, JobStarts.Action, name, JobErrors.NotOnAll(actor.Name, not), cancellationToken);
                }

                // what it names besides its target is not placed
                var meant = await MeantAsync(actor, job, target, target == what.Target ? what : what with { Placement = null }, cancellationToken);
                if (meant.IsError)
                {
                    return meant.Error!;
                }

                reached.UnionWith(meant.Value.Devices.Select(d => d.Id));
            }
        }

        return reached.Count == 0 ? null : await stepUp.RequireForRunAsync(actor, reached.Count, cancellationToken);
    }

    /// <summary>
    /// What somebody lacks to let a job call others: whoever runs it runs them with it, so that who writes it must be allowed to run them. Null where nothing.
    /// </summary>
    public async Task<Error?> LacksCalledAsync(Actor actor, JobDefinition definition, CancellationToken cancellationToken)
    {
        if (actor.MayEverywhere(Permissions.JobsRun))
        {
            return null;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        for (var i = 0; i < definition.Steps!.Count; i++)
        {
            if (definition.Steps[i].Job?.Name is not { } name)
            {
                continue;
            }

            if (await Job.FindAsync(db, name, cancellationToken) is not { } job || !jobs.Of(actor)(job))
            {
                return Error.InvalidField($"steps[{i}].job.name", $"there is no job '{name}' that you may run");
            }

            if (await LacksAsync(actor, job.Name, job.Definition, cancellationToken, inOthersNames: true) is { } lacks)
            {
                return lacks;
            }
        }

        return null;
    }

    /// <summary>The devices of a run, where its sandbox may be had too; else what stands in the way, which is noted.</summary>
    /// <param name="actor">Who.</param>
    /// <param name="name">The job.</param>
    /// <param name="target">What is meant.</param>
    /// <param name="definition">What it does.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <param name="withCordoned">Whether those that take no new work are meant too: nothing is done on them.</param>
    public async Task<Result<TargetedDevices>> MeantAsync(
        Actor actor, string name, RunTarget target, JobDefinition definition, CancellationToken cancellationToken, bool withCordoned = false)
    {
        var meant = definition.Placement is null
            ? await jobDevices.ResolveAsync(actor, target, definition, cancellationToken, withCordoned) : await jobDevices.CandidatesAsync(actor, target, definition, cancellationToken);
        var sandbox = meant.IsError ? meant.Error! : await sandboxes.ResolveAsync(actor, definition.Sandbox, definition.RunAs, cancellationToken);
        return sandbox.IsError ? await records.RefusedAsync(actor, JobStarts.Action, name, sandbox.Error!, cancellationToken) : meant;
    }
}
