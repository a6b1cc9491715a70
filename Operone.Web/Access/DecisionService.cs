using Microsoft.EntityFrameworkCore;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Web.Data;

namespace Operone.Web.Access;

/// <summary>Says what somebody may, and why: which grant gives it, which takes it.</summary>
internal sealed class DecisionService(
    IDbContextFactory<OperoneDb> databases, AccessDirectory access, IDeviceLabels devices, IAuditTrail audit, TimeProvider time)
{
    /// <summary>What policy says of one permission.</summary>
    /// <param name="actor">Who asks.</param>
    /// <param name="personId">Of whom.</param>
    /// <param name="permission">One of <see cref="Permissions.All"/>.</param>
    /// <param name="device">On which device, by its id or name; null for what is no device.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public async Task<Result<DecisionView>> DecideAsync(
        Actor actor, Guid personId, string? permission, string? device, CancellationToken cancellationToken)
    {
        if (permission is null || !Permissions.IsKnown(permission))
        {
            return Error.InvalidField("permission", $"is no permission: '{permission}'; there are {string.Join(", ", Permissions.All)}");
        }

        var all = await DecideAllAsync(actor, personId, device, cancellationToken);
        return all.IsError ? all.Error! : all.Value.Single(d => d.Permission == permission);
    }

    /// <summary>What policy says of every permission, in their order.</summary>
    public async Task<Result<IReadOnlyList<DecisionView>>> DecideAllAsync(
        Actor actor, Guid personId, string? device, CancellationToken cancellationToken)
    {
        if (await audit.RequireAsync(actor, Permissions.PeopleManage, "person.read", personId.ToString(), cancellationToken) is { } denied)
        {
            return denied;
        }

        var (snapshot, now) = (access.Current, time.GetUtcNow());
        if (snapshot.People.GetValueOrDefault(personId) is not { } person)
        {
            return AccessErrors.PersonNotFound(personId.ToString());
        }

        var on = string.IsNullOrWhiteSpace(device) ? null : devices.Find(actor, device.Trim());
        if (on is null && !string.IsNullOrWhiteSpace(device))
        {
            return AccessErrors.DeviceUnknown(device.Trim());
        }

        var subject = snapshot.OfPerson(personId);
        var decisions = Permissions.All.Select(p =>
            (Permission: p, Decision: Policy.Decide(subject, p, Permissions.ScopeOf(p) == PermissionScope.Devices ? on?.Labels : null, now))).ToArray();
        var grants = decisions.Select(d => d.Decision.Grant is { } id ? snapshot.Grants.GetValueOrDefault(id) : null).OfType<Grant>().Distinct().ToArray();
        var names = await GrantNames.ReadAsync(databases, snapshot, grants, now, cancellationToken);
        var views = grants.ToDictionary(g => g.Id, names.View);
        return decisions.Select(d => View(person, d.Permission, on?.Name, d.Decision, d.Decision.Grant is { } id ? views.GetValueOrDefault(id) : null)).ToArray();
    }

    private static DecisionView View(PersonEntry person, string permission, string? device, Decision decision, GrantView? grant)
    {
        device = Permissions.ScopeOf(permission) == PermissionScope.Devices ? device : null;
        var on = device is not null ? $" on {device}" : Permissions.ScopeOf(permission) == PermissionScope.Devices ? " on every device" : "";
        var by = grant is null ? "" : $"the role {grant.Role} {AccessRules.On(grant.Selector)}"
            + (grant.SubjectKind == SubjectKind.Team ? $", given to the team {grant.Subject}" : "") + (grant.Until is { } until ? $", until {until:u}" : "");
        var text = (person.IsEnabled, decision.Reason) switch
        {
            (false, _) => $"{person.Email} is disabled, and may nothing.",
            (_, DecisionReason.Granted) => $"{person.Email} has {permission}{on}, by {by}.",
            (_, DecisionReason.Denied) => $"{person.Email} lacks {permission}{on}: it is denied by {by}.",
            _ => $"{person.Email} lacks {permission}{on}: no grant gives it.",
        };
        return new(permission, device, decision.Allowed, decision.Reason, grant, text);
    }
}
