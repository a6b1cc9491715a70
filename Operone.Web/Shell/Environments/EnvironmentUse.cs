using System.Text;
using Microsoft.EntityFrameworkCore;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Devices;
using Operone.Core.Errors;
using Operone.Core.Shell;
using Operone.Web.Access;
using Operone.Web.Data;
using Operone.Web.Devices;

namespace Operone.Web.Shell.Environments;

/// <summary>
/// Who may use which environment, and where: it takes <see cref="Permissions.EnvironmentsUse"/> on each device, and the
/// environment must be for each of them. One that somebody neither manages nor could use on any device does not exist for them.
/// </summary>
internal sealed class EnvironmentUse(IDbContextFactory<OperoneDb> databases, DeviceSight devices, EnvironmentVault vault)
{
    private static readonly Dictionary<Guid, int> NoGrants = [];

    /// <summary>Tells which environments exist for somebody, as of now.</summary>
    public Func<RunEnvironment, bool> SightOf(Actor actor)
    {
        if (actor.May(Permissions.EnvironmentsManage, null) || actor.MayEverywhere(Permissions.EnvironmentsUse))
        {
            return static _ => true;
        }

        var mine = devices.With(actor, Permissions.EnvironmentsUse).ToArray();
        return environment => Selector.Parse(environment.Selector) is { IsError: false } selector && Array.Exists(mine, d => selector.Value.Matches(d.Labels));
    }

    /// <summary>
    /// The variables of a run on these devices, as they are now: of its environments in the order named, and its own over all. Where
    /// the actor may not use environments on one of the devices, nothing is done and the error names it, unless the target asks
    /// for those alone that the actor may.
    /// </summary>
    public async Task<Result<(TargetedDevices Target, RunVariables? Variables)>> ResolveAsync(
        Actor actor, CreateRun request, TargetedDevices target, CancellationToken cancellationToken)
    {
        if (request.Environments is not { Count: > 0 } names)
        {
            return (target, null);
        }

        if (actor.Lacks(Permissions.EnvironmentsUse) is { } lacks)
        {
            return lacks;
        }

        var found = await FindAsync(actor, names, cancellationToken);
        if (found.IsError)
        {
            return found.Error!;
        }

        var permitted = target.Devices.Where(d => actor.May(Permissions.EnvironmentsUse, d.Labels)).ToList();
        if (permitted.Count < target.Devices.Count)
        {
            var barred = target.Devices.Except(permitted).ToArray();
            if (permitted.Count == 0 || request.Target?.OnlyPermitted != true)
            {
                return DeviceErrors.NotPermitted(actor.Name, Permissions.EnvironmentsUse, [.. barred.Select(d => d.Name)], mayDropThem: permitted.Count > 0);
            }

            target = target with { Devices = permitted, LeftOut = [.. target.LeftOut, .. barred] };
        }

        foreach (var environment in found.Value)
        {
            var given = new GivenEnvironment(environment.Name, environment.Selector);
            if (target.Devices.Where(d => !given.IsFor(d.Labels)).Select(d => d.Name).ToArray() is { Length: > 0 } others)
            {
                return EnvironmentErrors.NotForDevices(environment.Name, environment.Selector, others);
            }
        }

        var merged = Merge(found.Value, request.Environment);
        return merged.IsError ? merged.Error! : (target, merged.Value);
    }

    /// <summary>Those of the devices on which somebody may use these environments, all of them; an error where that is none.</summary>
    public async Task<Result<IReadOnlyList<DeviceEntry>>> AbleAsync(
        Actor actor, IReadOnlyList<string>? names, IReadOnlyList<DeviceEntry> on, CancellationToken cancellationToken)
    {
        if (names is not { Count: > 0 })
        {
            return on.ToArray();
        }

        var found = await FindAsync(actor, names, cancellationToken);
        if (found.IsError)
        {
            return found.Error!;
        }

        var given = found.Value.Select(e => new GivenEnvironment(e.Name, e.Selector)).ToArray();
        var able = on.Where(d => actor.May(Permissions.EnvironmentsUse, d.Labels) && given.All(e => e.IsFor(d.Labels))).ToArray();
        if (able.Length > 0 || on.Count == 0)
        {
            return able;
        }

        var why = await ResolveAsync(actor, new CreateRun { Environments = names, Target = new RunTarget(All: true, OnlyPermitted: true) }, new(on, [], NoGrants), cancellationToken);
        return why.IsError ? why.Error! : able;
    }

    /// <summary>Why a run whose device has come back cannot have its environments there any more, in words; null where it can.</summary>
    public string? WhyNot(Run run, Subject? owner, DeviceEntry device, DateTimeOffset now)
    {
        if (run.SealedEnvironment is null)
        {
            return null;
        }

        if (vault.OpenRun(run) is not { } variables)
        {
            return "the key that sealed its environment is not there any more";
        }

        // a job's parameters are sealed alike, and are no environment
        return owner is not null && variables.Environments.Count > 0 && !Policy.Decide(owner, Permissions.EnvironmentsUse, device.Labels, now).Allowed
            ? $"{run.CreatedBy} may no longer use environments on this device"
            : variables.Environments.FirstOrDefault(e => !e.IsFor(device.Labels)) is { } other ? $"the environment '{other.Name}' is not for this device any more" : null;
    }

    private async Task<Result<IReadOnlyList<RunEnvironment>>> FindAsync(Actor actor, IReadOnlyList<string> names, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var sees = SightOf(actor);
        var (found, unknown) = (new List<RunEnvironment>(), new List<string>());
        foreach (var name in names)
        {
            if (await RunEnvironment.FindAsync(db, name, cancellationToken) is not { } environment || !sees(environment))
            {
                unknown.Add(name);
            }
            else if (!found.Exists(e => e.Id == environment.Id))
            {
                found.Add(environment);
            }
        }

        return unknown.Count > 0 ? EnvironmentErrors.UnknownInRun(unknown) : found;
    }

    private Result<RunVariables> Merge(IReadOnlyList<RunEnvironment> environments, IReadOnlyDictionary<string, string>? own)
    {
        var (variables, secrets) = (new Dictionary<string, string>(StringComparer.Ordinal), new Dictionary<string, string>(StringComparer.Ordinal));
        foreach (var environment in environments)
        {
            if (vault.Open(environment) is not { } opened)
            {
                return EnvironmentErrors.CannotBeOpened(environment.Name);
            }

            Put(environment.Variables, variables, secrets);
            Put(opened, secrets, variables);
        }

        var bytes = variables.Concat(secrets).Sum(v => (long)Encoding.UTF8.GetByteCount(v.Value));
        Put(own ?? new Dictionary<string, string>(), variables, secrets);
        return bytes > EnvironmentLimits.MaxTotalBytes ? EnvironmentErrors.TooMuch($"all values of them together are over {EnvironmentLimits.MaxTotalBytes} bytes")
            : variables.Count + secrets.Count > RunLimits.MaxVariables
                ? EnvironmentErrors.TooMuch($"with the run's own there are {variables.Count + secrets.Count} variables; a command gets at most {RunLimits.MaxVariables}")
                : new RunVariables([.. environments.Select(e => new GivenEnvironment(e.Name, e.Selector))], variables, secrets);
    }

    /// <summary>A name is in one of the two: a later variable takes the place of an earlier secret, and the other way about.</summary>
    private static void Put(IEnumerable<KeyValuePair<string, string>> from, Dictionary<string, string> to, Dictionary<string, string> insteadOf)
    {
        foreach (var (name, value) in from)
        {
            to[name] = value;
            insteadOf.Remove(name);
        }
    }
}
