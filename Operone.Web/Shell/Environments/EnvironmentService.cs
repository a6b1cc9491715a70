using System.Buffers.Text;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Events;
using Operone.Core.Shell;
using Operone.Web.Access;
using Operone.Web.Data;
using Operone.Web.Events;

namespace Operone.Web.Shell.Environments;

/// <summary>The use cases of environments: list, look, make, replace, remove. None of them gives a secret's value.</summary>
internal sealed class EnvironmentService(
    IDbContextFactory<OperoneDb> databases, EnvironmentUse use, EnvironmentVault vault, IAuditTrail audit, LiveChanges changes, TimeProvider time)
{
    private const int Stretch = 200;

    /// <summary>A page of the environments that there are for somebody, by name.</summary>
    public async Task<Result<Page<EnvironmentView>>> ListAsync(Actor actor, string? text, int? limit, string? cursor, CancellationToken cancellationToken)
    {
        if (await LacksSightAsync(actor, null, cancellationToken) is { } denied)
        {
            return denied;
        }

        var errors = new FieldErrors();
        errors.AddIf(limit is < 1 or > PageRequest.MaxLimit, "limit", $"must be 1 to {PageRequest.MaxLimit}");
        string? after = null;
        errors.AddIf(!string.IsNullOrEmpty(cursor) && !TryRead(cursor, out after), "cursor", "is not a cursor that this list gave");
        if (errors.ToError() is { } error)
        {
            return error;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var sees = use.SightOf(actor);
        var wanted = (limit ?? PageRequest.DefaultLimit) + 1;
        var found = new List<RunEnvironment>();
        while (found.Count < wanted)
        {
            var environments = db.Set<RunEnvironment>().AsQueryable();
            if (after is not null)
            {
                environments = environments.Where(e => string.Compare(e.NormalizedName, after) > 0);
            }

            if (!string.IsNullOrWhiteSpace(text))
            {
                var part = RunEnvironment.Normalize(text);
                environments = environments.Where(e => e.NormalizedName.Contains(part));
            }

            // Which of them there are for somebody is for their selectors to say, which are text to the database.
            var stretch = await environments.OrderBy(e => e.NormalizedName).Take(Math.Max(wanted, Stretch)).ToListAsync(cancellationToken);
            found.AddRange(stretch.Where(sees));
            if (stretch.Count < Math.Max(wanted, Stretch))
            {
                break;
            }

            after = stretch[^1].NormalizedName;
        }

        return new Page<EnvironmentView>(
            [.. found.Take(wanted - 1).Select(e => e.ToView())],
            found.Count >= wanted ? Base64Url.EncodeToString(Encoding.UTF8.GetBytes(found[wanted - 2].NormalizedName)) : null);
    }

    /// <summary>One environment, by its id or name.</summary>
    public async Task<Result<EnvironmentView>> GetAsync(Actor actor, string idOrName, CancellationToken cancellationToken)
    {
        if (await LacksSightAsync(actor, idOrName, cancellationToken) is { } denied)
        {
            return denied;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await RunEnvironment.FindAsync(db, idOrName, cancellationToken) is { } environment && use.SightOf(actor)(environment)
            ? environment.ToView()
            : EnvironmentErrors.NotFound(idOrName);
    }

    /// <summary>Makes an environment.</summary>
    public async Task<Result<EnvironmentView>> CreateAsync(Actor actor, WriteEnvironment request, CancellationToken cancellationToken)
    {
        if (await audit.RequireAsync(actor, Permissions.EnvironmentsManage, "environment.create", request.Name, cancellationToken) is { } denied)
        {
            return denied;
        }

        if (EnvironmentLimits.Check(request, stored: null) is { } invalid)
        {
            return invalid;
        }

        var now = time.GetUtcNow();
        var id = Guid.CreateVersion7(now);
        var secrets = request.Secrets?.ToDictionary(s => s.Key, s => s.Value!) ?? [];
        var environment = new RunEnvironment
        {
            Id = id,
            Name = request.Name!.Trim(),
            NormalizedName = RunEnvironment.Normalize(request.Name),
            Description = request.Description?.Trim() ?? "",
            Selector = Selector.Parse(request.Selector).Value.ToString(),
            Variables = Ordered(request.Variables),
            SecretNames = [.. secrets.Keys.Order(StringComparer.Ordinal)],
            Secrets = vault.Seal(id, secrets),
            UpdatedAt = now,
            UpdatedBy = actor.Name,
        };
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        db.Add(environment);
        db.Publish(Event(actor, EventTypes.EnvironmentCreated, environment));
        if (await SaveAsync(db, environment.Name, cancellationToken) is { } taken)
        {
            return taken;
        }

        var detail = Describe([], environment.Variables.Keys, [], environment.SecretNames, [], environment.Selector);
        await TellAsync(actor, "environment.create", environment, detail, cancellationToken);
        return environment.ToView();
    }

    /// <summary>Replaces an environment: what is not given goes, but for its name and the secrets that are named without a value.</summary>
    public async Task<Result<EnvironmentView>> ReplaceAsync(Actor actor, string idOrName, WriteEnvironment request, CancellationToken cancellationToken)
    {
        if (await audit.RequireAsync(actor, Permissions.EnvironmentsManage, "environment.update", idOrName, cancellationToken) is { } denied)
        {
            return denied;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        db.ChangeTracker.QueryTrackingBehavior = QueryTrackingBehavior.TrackAll;
        if (await RunEnvironment.FindAsync(db, idOrName, cancellationToken) is not { } environment)
        {
            return EnvironmentErrors.NotFound(idOrName);
        }

        if (EnvironmentLimits.Check(request, environment.SecretNames) is { } invalid)
        {
            return invalid;
        }

        var given = request.Secrets ?? new Dictionary<string, string?>();
        var stored = new Dictionary<string, string>();
        if (given.Values.Contains(null))
        {
            if (vault.Open(environment) is not { } opened)
            {
                return EnvironmentErrors.CannotBeOpened(environment.Name);
            }

            stored = opened;
        }

        var (variablesBefore, secretsBefore, selectorBefore, nameBefore) = (environment.Variables, environment.SecretNames, environment.Selector, environment.Name);
        var secrets = given.ToDictionary(s => s.Key, s => s.Value ?? stored[s.Key]);
        environment.Name = request.Name?.Trim() ?? environment.Name;
        environment.NormalizedName = RunEnvironment.Normalize(environment.Name);
        environment.Description = request.Description?.Trim() ?? "";
        environment.Selector = Selector.Parse(request.Selector).Value.ToString();
        environment.Variables = Ordered(request.Variables);
        environment.SecretNames = [.. secrets.Keys.Order(StringComparer.Ordinal)];
        environment.Secrets = vault.Seal(environment.Id, secrets);
        environment.UpdatedAt = time.GetUtcNow();
        environment.UpdatedBy = actor.Name;
        db.Publish(Event(actor, EventTypes.EnvironmentUpdated, environment));
        if (await SaveAsync(db, environment.Name, cancellationToken) is { } taken)
        {
            return taken;
        }

        var typed = given.Where(s => s.Value is not null).Select(s => s.Key).Concat(
            environment.Variables.Where(v => variablesBefore.TryGetValue(v.Key, out var before) && before != v.Value).Select(v => v.Key));
        var detail = (nameBefore == environment.Name ? "" : $"named '{environment.Name}', before '{nameBefore}'; ")
            + Describe(variablesBefore.Keys, environment.Variables.Keys, secretsBefore, environment.SecretNames, [.. typed],
                selectorBefore == environment.Selector ? null : environment.Selector.Length == 0 ? "all" : environment.Selector);
        await TellAsync(actor, "environment.update", environment, detail, cancellationToken);
        return environment.ToView();
    }

    /// <summary>Removes an environment. Runs that were made with it keep what they were given.</summary>
    public async Task<Result<Unit>> RemoveAsync(Actor actor, string idOrName, CancellationToken cancellationToken)
    {
        if (await audit.RequireAsync(actor, Permissions.EnvironmentsManage, "environment.remove", idOrName, cancellationToken) is { } denied)
        {
            return denied;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        if (await RunEnvironment.FindAsync(db, idOrName, cancellationToken) is not { } environment
            || await db.ChangeAsync(
                () => db.Set<RunEnvironment>().Where(e => e.Id == environment.Id).ExecuteDeleteAsync(cancellationToken),
                Event(actor, EventTypes.EnvironmentRemoved, environment), cancellationToken) == 0)
        {
            return EnvironmentErrors.NotFound(idOrName);
        }

        await TellAsync(actor, "environment.remove", environment, null, cancellationToken);
        return Unit.Value;
    }

    private async ValueTask<Error?> LacksSightAsync(Actor actor, string? target, CancellationToken cancellationToken) =>
        actor.May(Permissions.EnvironmentsManage, null) ? null
            : await audit.RequireAsync(actor, Permissions.EnvironmentsUse, "environment.read", target, cancellationToken);

    private static async Task<Error?> SaveAsync(OperoneDb db, string name, CancellationToken cancellationToken)
    {
        try
        {
            await db.SaveChangesAsync(cancellationToken);
            return null;
        }
        catch (DbUpdateException exception) when (exception.IsDuplicate())
        {
            return EnvironmentErrors.NameTaken(name);
        }
    }

    private async ValueTask TellAsync(
        Actor actor, string action, RunEnvironment environment, string? detail, CancellationToken cancellationToken)
    {
        var grant = actor.Decide(Permissions.EnvironmentsManage, null).Grant;
        await audit.NoteAsync(actor, action, environment.Name, allowed: true, detail, grant, cancellationToken);
        changes.Signal(LiveChanges.Environments);
    }

    private static OperoneEvent Event(Actor actor, string type, RunEnvironment environment) =>
        new(type, environment.Name, Actor: actor.Name, Data: new Dictionary<string, string?> { ["environmentId"] = environment.Id.ToString() });

    /// <summary>What changed, by names alone: a value is in no trail, be it secret or not.</summary>
    private static string Describe(
        IEnumerable<string> variablesBefore, IEnumerable<string> variables, IEnumerable<string> secretsBefore, IEnumerable<string> secrets,
        IReadOnlyCollection<string> typed, string? selector)
    {
        var parts = Changes("", variablesBefore, variables).Concat(Changes("secret ", secretsBefore, secrets)).ToList();
        if (!string.IsNullOrEmpty(selector))
        {
            parts.Add($"for {selector}");
        }

        return string.Join("; ", parts);

        IEnumerable<string> Changes(string what, IEnumerable<string> before, IEnumerable<string> after)
        {
            var (old, now) = (before.ToHashSet(StringComparer.Ordinal), after.Order(StringComparer.Ordinal).ToArray());
            return now.Except(old).Select(n => $"+{what}{n}")
                .Concat(now.Where(n => old.Contains(n) && typed.Contains(n)).Select(n => $"~{what}{n}"))
                .Concat(old.Except(now).Order(StringComparer.Ordinal).Select(n => $"-{what}{n}"));
        }
    }

    private static Dictionary<string, string> Ordered(IReadOnlyDictionary<string, string>? variables) =>
        (variables ?? new Dictionary<string, string>()).OrderBy(v => v.Key, StringComparer.Ordinal).ToDictionary();

    private static bool TryRead(string cursor, out string? name)
    {
        name = null;
        if (cursor.Length > EnvironmentLimits.MaxNameLength * 8 || !Base64Url.IsValid(cursor))
        {
            return false;
        }

        name = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(cursor));
        return name.Length is > 0 and <= EnvironmentLimits.MaxNameLength && !name.Contains('\0', StringComparison.Ordinal);
    }
}
