using Operone.Core.Access;
using Operone.Core.Devices;
using Operone.Core.Errors;
using Operone.Core.Kernel.Jobs;
using Operone.Core.Shell;
using Operone.Web.Access;
using Operone.Web.Devices;
using Operone.Web.Shell.Environments;

namespace Operone.Web.Kernel.Jobs;

/// <summary>
/// The devices that a job's target means for somebody at this moment: those on which they may run jobs and use its environments. Whoever makes a run, asks
/// for a yes, or holds a yes against what is there now, asks here, so that all mean the same devices.
/// </summary>
internal sealed class JobDevices(DeviceSight devices, EnvironmentUse environments)
{
    /// <summary>Finds them; with those that take no new work where nothing is left to be done on them.</summary>
    public async Task<Result<TargetedDevices>> ResolveAsync(
        Actor actor, RunTarget target, JobDefinition definition, CancellationToken cancellationToken, bool withCordoned = false)
    {
        var resolved = devices.Resolve(actor, target, Permissions.JobsRun, withCordoned);
        if (resolved.IsError)
        {
            return resolved.Error!;
        }

        var with = await environments.ResolveAsync(
            actor, new CreateRun { Command = "true", Target = target, Environments = definition.Environments }, resolved.Value, cancellationToken);
        return with.IsError ? with.Error! : with.Value.Target;
    }

    /// <summary>
    /// The same for a job whose devices Operone chooses: all that somebody may use, those that take no new work too, since why one of them is not chosen
    /// is told of each. An error where there is none.
    /// </summary>
    /// <param name="actor">Who.</param>
    /// <param name="target">What is meant.</param>
    /// <param name="definition">The job.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <param name="isLater">Whether it was accepted long ago: a device that was named then and is gone is not a mistake of whoever asked.</param>
    public async Task<Result<TargetedDevices>> CandidatesAsync(Actor actor, RunTarget target, JobDefinition definition, CancellationToken cancellationToken, bool isLater = false)
    {
        if (isLater && target.Devices is { Count: > 0 } names)
        {
            target = target with { Devices = [.. names.Where(n => devices.Aims(actor, n))] };
        }

        var resolved = devices.Resolve(actor, target with { OnlyPermitted = true }, Permissions.JobsRun, withCordoned: true);
        if (resolved.IsError)
        {
            return resolved.Error!;
        }

        var able = await environments.AbleAsync(actor, definition.Environments, resolved.Value.Devices, cancellationToken);
        return able.IsError ? able.Error! : resolved.Value with { Devices = able.Value };
    }
}
