using Microsoft.EntityFrameworkCore;
using Operone.Core.Errors;
using Operone.Core.Shell;
using Operone.Web.Access;
using Operone.Web.Data;

namespace Operone.Web.Shell.Sandbox;

/// <summary>What holds a command, and by which name; nothing where both are null.</summary>
/// <param name="Name">The profile's name.</param>
/// <param name="Spec">What it says, with the user that was asked for.</param>
internal sealed record ChosenSandbox(string? Name, SandboxSpec? Spec)
{
    /// <summary>Nothing.</summary>
    public static ChosenSandbox Nothing { get; } = new(null, null);
}

/// <summary>
/// Chooses what holds a command: what was asked for, or what a role of who asks requires, which nobody gets around. Every door
/// that starts commands calls it.
/// </summary>
internal sealed class SandboxChoice(IDbContextFactory<OperoneDb> databases, AccessDirectory access, TimeProvider time)
{
    /// <summary>The roles that require one of whoever acts.</summary>
    public IReadOnlyList<RoleEntry> Requiring(Actor actor) =>
        ReferenceEquals(actor.Standing, Standing.Everything) ? [] : [.. access.Current.RolesOf(actor, time.GetUtcNow()).Where(r => r.RequiredSandbox is not null)];

    /// <summary>Chooses, or says why what was asked for cannot be had.</summary>
    /// <param name="actor">Who asks.</param>
    /// <param name="name">The profile that was asked for, or null.</param>
    /// <param name="runAs">The user on the device that was asked for, or null.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public async ValueTask<Result<ChosenSandbox>> ResolveAsync(Actor actor, string? name, string? runAs, CancellationToken cancellationToken)
    {
        var roles = Requiring(actor);
        if (roles.Count == 0 && name is null)
        {
            return runAs is null ? ChosenSandbox.Nothing : new ChosenSandbox(null, new SandboxSpec(RunAs: runAs));
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        if (roles.Count > 0)
        {
            return await RequiredAsync(db, actor, roles, name, runAs, cancellationToken);
        }

        if (await SandboxNames.FindAsync(db, name!, cancellationToken) is not { } profile)
        {
            return SandboxErrors.Unknown(name!, await db.Set<SandboxProfile>().OrderBy(p => p.NormalizedName).Select(p => p.Name).Take(50).ToListAsync(cancellationToken));
        }

        var spec = runAs is null ? profile.Spec : profile.Spec with { RunAs = runAs };
        return new ChosenSandbox(profile.Name, spec == new SandboxSpec() ? null : spec);
    }

    private static async Task<Result<ChosenSandbox>> RequiredAsync(
        OperoneDb db, Actor actor, IReadOnlyList<RoleEntry> roles, string? name, string? runAs, CancellationToken cancellationToken)
    {
        if (roles.DistinctBy(r => r.RequiredSandbox, StringComparer.OrdinalIgnoreCase).Count() > 1)
        {
            return SandboxErrors.Contradiction(actor.Name, roles.Select(r => $"'{r.RequiredSandbox}' by {r.Name}"));
        }

        var (role, required) = (roles[0].Name, roles[0].RequiredSandbox!);
        if (await SandboxNames.FindAsync(db, required, cancellationToken) is not { } profile)
        {
            return SandboxErrors.Missing(role, required);
        }

        if (name is not null && await SandboxNames.FindAsync(db, name, cancellationToken) is var asked && asked?.Id != profile.Id)
        {
            return SandboxErrors.Weaker(actor.Name, role, profile.Name, $"the profile '{name}'");
        }

        // The user belongs to what the profile says: another one may be what it is to keep them from.
        return runAs is not null && runAs != profile.Spec.RunAs
            ? SandboxErrors.Weaker(actor.Name, role, profile.Name, $"the user '{runAs}'")
            : new ChosenSandbox(profile.Name, profile.Spec == new SandboxSpec() ? null : profile.Spec);
    }
}
