using Microsoft.EntityFrameworkCore;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Events;
using Operone.Core.Shell;
using Operone.Web.Access;
using Operone.Web.Data;
using Operone.Web.Events;

namespace Operone.Web.Shell.Sandbox;

/// <summary>The use cases of sandbox profiles: list, make, change, remove.</summary>
internal sealed class SandboxService(
    IDbContextFactory<OperoneDb> databases, AccessDirectory access, IAuditTrail audit, LiveChanges changes, TimeProvider time)
{
    /// <summary>What every installation has.</summary>
    private static readonly SandboxProfile[] _builtIn =
    [
        BuiltIn(1, SandboxRules.None, "Nothing: as the agent's user, or the one that is asked for.", new SandboxSpec()),
        BuiltIn(2, SandboxRules.Isolated, "A world of its own by bubblewrap: no network, a system that is read-only, a work folder that is thrown away. Linux.",
            new SandboxSpec(SandboxKind.Isolated, Limits: new SandboxLimits(MemoryBytes: 2L << 30, Processes: 1024, DiskBytes: 1L << 30))),
    ];

    /// <summary>At start: writes the built-in profiles.</summary>
    public async Task PrepareAsync(CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        db.ChangeTracker.QueryTrackingBehavior = QueryTrackingBehavior.TrackAll;
        var stored = await db.Set<SandboxProfile>().Where(p => p.IsBuiltIn).ToDictionaryAsync(p => p.Id, cancellationToken);
        foreach (var profile in _builtIn)
        {
            if (!stored.TryGetValue(profile.Id, out var known))
            {
                db.Add(new SandboxProfile
                {
                    Id = profile.Id,
                    Name = profile.Name,
                    NormalizedName = profile.NormalizedName,
                    Description = profile.Description,
                    IsBuiltIn = true,
                    Spec = profile.Spec,
                });
            }
            else if (known.Spec != profile.Spec || known.Description != profile.Description)
            {
                (known.Spec, known.Description) = (profile.Spec, profile.Description);
            }
        }

        try
        {
            await db.SaveChangesAsync(cancellationToken);
        }
        catch (DbUpdateException exception) when (exception.IsDuplicate())
        {
            // Another node starts for the first time too.
        }
    }

    /// <summary>A page of profiles, by name. Who may create runs or manages profiles sees them.</summary>
    public async Task<Result<Page<SandboxProfileView>>> ListAsync(Actor actor, int? limit, string? cursor, CancellationToken cancellationToken)
    {
        if (Unseen(actor) is { } lacks)
        {
            return lacks;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var all = await db.Set<SandboxProfile>().ToListAsync(cancellationToken);
        return NamedPage.Take(all.Select(p => p.ToView()), p => p.Name, limit, cursor);
    }

    /// <summary>One profile, by its id or name.</summary>
    public async Task<Result<SandboxProfileView>> GetAsync(Actor actor, string idOrName, CancellationToken cancellationToken)
    {
        if (Unseen(actor) is { } lacks)
        {
            return lacks;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await SandboxNames.FindAsync(db, idOrName, cancellationToken) is { } found ? found.ToView() : SandboxErrors.NotFound(idOrName);
    }

    /// <summary>Makes a profile.</summary>
    public async Task<Result<SandboxProfileView>> CreateAsync(Actor actor, WriteSandboxProfile request, CancellationToken cancellationToken)
    {
        if (await audit.RequireAsync(actor, Permissions.SandboxesManage, "sandbox-profile.create", request.Name, cancellationToken) is { } denied)
        {
            return denied;
        }

        if (Check(request) is { } invalid)
        {
            return invalid;
        }

        var name = request.Name!.Trim();
        var profile = new SandboxProfile
        {
            Id = Guid.CreateVersion7(time.GetUtcNow()),
            Name = name,
            NormalizedName = SandboxNames.Normalize(name),
            Description = request.Description?.Trim() ?? "",
            Spec = request.Spec ?? new(),
        };
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        db.Add(profile);
        db.Publish(Event(actor, EventTypes.SandboxProfileCreated, profile));
        if (await SaveAsync(db, name, cancellationToken) is { } taken)
        {
            return taken;
        }

        await TellAsync(actor, "sandbox-profile.create", profile, Describe(profile.Spec), cancellationToken);
        return profile.ToView();
    }

    /// <summary>Changes a profile, for whatever is run from now on. One that a role requires keeps its name.</summary>
    public async Task<Result<SandboxProfileView>> UpdateAsync(Actor actor, string idOrName, WriteSandboxProfile request, CancellationToken cancellationToken)
    {
        if (await audit.RequireAsync(actor, Permissions.SandboxesManage, "sandbox-profile.update", idOrName, cancellationToken) is { } denied)
        {
            return denied;
        }

        if (Check(request) is { } invalid)
        {
            return invalid;
        }

        // Roles name profiles: with their turn, none comes to require it meanwhile.
        await using var change = await access.BeginAsync(cancellationToken);
        if (await SandboxNames.FindAsync(change.Db, idOrName, cancellationToken) is not { } profile)
        {
            return SandboxErrors.NotFound(idOrName);
        }

        var name = request.Name!.Trim();
        if (profile.IsBuiltIn)
        {
            return SandboxErrors.IsBuiltIn(profile.Name);
        }

        if (name != profile.Name && Requiring(change, profile) is { Length: > 0 } roles)
        {
            return SandboxErrors.InUse(profile.Name, roles);
        }

        var before = profile.Spec;
        (profile.Name, profile.NormalizedName) = (name, SandboxNames.Normalize(name));
        (profile.Description, profile.Spec) = (request.Description?.Trim() ?? "", request.Spec ?? new());
        change.Db.Publish(Event(actor, EventTypes.SandboxProfileUpdated, profile));
        if (await CommitAsync(change, name, cancellationToken) is { } conflict)
        {
            return conflict;
        }

        var detail = before == profile.Spec ? null : $"{Describe(profile.Spec)}; it was {Describe(before)}";
        await TellAsync(actor, "sandbox-profile.update", profile, detail, cancellationToken);
        return profile.ToView();
    }

    /// <summary>Removes a profile that no role requires. Runs that it holds keep what it said.</summary>
    public async Task<Result<Unit>> RemoveAsync(Actor actor, string idOrName, CancellationToken cancellationToken)
    {
        if (await audit.RequireAsync(actor, Permissions.SandboxesManage, "sandbox-profile.remove", idOrName, cancellationToken) is { } denied)
        {
            return denied;
        }

        await using var change = await access.BeginAsync(cancellationToken);
        if (await SandboxNames.FindAsync(change.Db, idOrName, cancellationToken) is not { } profile)
        {
            return SandboxErrors.NotFound(idOrName);
        }

        if (profile.IsBuiltIn)
        {
            return SandboxErrors.IsBuiltIn(profile.Name);
        }

        if (Requiring(change, profile) is { Length: > 0 } roles)
        {
            return SandboxErrors.InUse(profile.Name, roles);
        }

        change.Db.Remove(profile);
        change.Db.Publish(Event(actor, EventTypes.SandboxProfileRemoved, profile));
        if (await CommitAsync(change, profile.Name, cancellationToken) is { } conflict)
        {
            return conflict;
        }

        await TellAsync(actor, "sandbox-profile.remove", profile, null, cancellationToken);
        return Unit.Value;
    }

    /// <summary>What a profile says, in words.</summary>
    public static string Describe(SandboxSpec spec)
    {
        var words = new List<string> { spec.Kind == SandboxKind.Isolated ? $"isolated, {(spec.Network ? "with" : "without")} network" : "not isolated" };
        if (spec.RunAs is { } user)
        {
            words.Add($"as {user}");
        }

        if (spec.KeepWork)
        {
            words.Add("keeps its work folder");
        }

        if (spec.Limits is { } limits)
        {
            Add(limits.CpuCores is { } cores ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{cores} processors") : null);
            Add(limits.MemoryBytes is { } memory ? $"{Quantities.FormatSize(memory)} of memory" : null);
            Add(limits.Processes is { } processes ? $"{processes} processes" : null);
            Add(limits.FileBytes is { } file ? $"files of {Quantities.FormatSize(file)}" : null);
            Add(limits.DiskBytes is { } disk ? $"{Quantities.FormatSize(disk)} of disk" : null);
            Add(limits.WallSeconds is { } seconds ? $"{Quantities.FormatDuration(TimeSpan.FromSeconds(seconds))} of time" : null);
        }

        return string.Join(", ", words);

        void Add(string? limit)
        {
            if (limit is not null)
            {
                words.Add("at most " + limit);
            }
        }
    }

    private static SandboxProfile BuiltIn(int number, string name, string description, SandboxSpec spec) => new()
    {
        Id = new Guid($"00000000-0000-7000-8000-0000000005{number:00}"),
        Name = name,
        NormalizedName = SandboxNames.Normalize(name),
        Description = description,
        IsBuiltIn = true,
        Spec = spec,
    };

    private static Error? Unseen(Actor actor) => actor.May(Permissions.SandboxesManage) ? null : actor.Lacks(Permissions.RunsCreate);

    private static Error? Check(WriteSandboxProfile request) =>
        SandboxRules.Check(request) ?? (Guid.TryParse(request.Name, out _) ? Error.InvalidField("name", "must not look like an id") : null);

    private static string[] Requiring(AccessChange change, SandboxProfile profile) =>
        [.. change.Before.Roles.Values.Where(r => string.Equals(r.RequiredSandbox, profile.Name, StringComparison.OrdinalIgnoreCase)).Select(r => r.Name).Order(StringComparer.OrdinalIgnoreCase)];

    private static async Task<Error?> CommitAsync(AccessChange change, string name, CancellationToken cancellationToken)
    {
        try
        {
            return await change.CommitAsync(cancellationToken);
        }
        catch (DbUpdateException exception) when (exception.IsDuplicate())
        {
            return SandboxErrors.NameTaken(name);
        }
    }

    private static async Task<Error?> SaveAsync(OperoneDb db, string name, CancellationToken cancellationToken)
    {
        try
        {
            await db.SaveChangesAsync(cancellationToken);
            return null;
        }
        catch (DbUpdateException exception) when (exception.IsDuplicate())
        {
            return SandboxErrors.NameTaken(name);
        }
    }

    private static OperoneEvent Event(Actor actor, string type, SandboxProfile profile) =>
        new(type, profile.Name, Actor: actor.Name, Data: new Dictionary<string, string?> { ["profileId"] = profile.Id.ToString() });

    private async Task TellAsync(Actor actor, string action, SandboxProfile profile, string? detail, CancellationToken cancellationToken)
    {
        await audit.NoteAsync(
            actor, action, profile.Name, true, detail, actor.Decide(Permissions.SandboxesManage, null) is { Allowed: true } decision ? decision.Grant : null, cancellationToken);
        changes.Signal(LiveChanges.Sandboxes);
    }
}
