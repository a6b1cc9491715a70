using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Operone.Core;
using Operone.Core.Shell;
using Operone.Web.Access;
using Operone.Web.Data;
using Operone.Web.Devices;

namespace Operone.Web.Shell.Terminals;

/// <summary>What policy says of a terminal that somebody is about to open. <see cref="TerminalPolicyService"/> changes it.</summary>
internal sealed class TerminalPolicies(
    IDbContextFactory<OperoneDb> databases, ActorRoles roles, IOptions<ShellOptions> options)
{
    /// <summary>What holds for this actor on this device, going by the roles that they have on it now.</summary>
    public async ValueTask<EffectiveTerminalPolicy> ForAsync(Actor actor, DeviceEntry device, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var rules = await db.Set<TerminalPolicy>().AsNoTracking().ToListAsync(cancellationToken);
        return TerminalRules.Resolve(rules.Select(ToRule), device.Labels, roles.On(actor, device.Labels), options.Value.TerminalIdleHours * 3600);
    }

    private static TerminalRule ToRule(TerminalPolicy policy) => Selector.Parse(policy.Selector) is { IsError: false } selector
        ? new()
        {
            Name = policy.Name,
            Order = policy.Order,
            Selector = selector.Value,
            RoleId = policy.RoleId,
            Record = policy.Record,
            RecordInput = policy.RecordInput,
            User = policy.User,
            Shell = policy.Shell,
            WorkingDirectory = policy.WorkingDirectory,
            Environment = policy.Environment,
            IdleSeconds = policy.IdleSeconds,
            ChoiceAllowed = policy.ChoiceAllowed,
        }
        // One that cannot be read (a bug, or a hand in the database) takes everywhere, and gives nothing.
        : new()
        {
            Name = policy.Name,
            Order = policy.Order,
            RoleId = policy.RoleId,
            Record = policy.Record,
            ChoiceAllowed = policy.ChoiceAllowed == false ? false : null,
        };
}
