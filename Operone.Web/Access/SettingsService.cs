using Microsoft.EntityFrameworkCore;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Events;

namespace Operone.Web.Access;

/// <summary>The use cases of the settings of sign-in: look, change.</summary>
internal sealed class SettingsService(AccessDirectory access, AccessRules rules, IAuditTrail audit, TimeProvider time)
{
    private const int MaxMinutes = 1440;
    private const int MaxDevices = 100_000;

    /// <summary>The settings now.</summary>
    public async Task<Result<SignInSettings>> GetAsync(Actor actor, CancellationToken cancellationToken)
    {
        if (await audit.RequireAsync(actor, Permissions.SettingsManage, "settings.read", "sign-in", cancellationToken) is { } denied)
        {
            return denied;
        }

        return Whole(access.Current.Settings);
    }

    /// <summary>
    /// Changes the settings, all of them at once. Owners may always sign in with a password, and no act is made to need a
    /// passkey while no owner has one, so that nobody is locked out for good.
    /// </summary>
    public async Task<Result<SignInSettings>> UpdateAsync(Actor actor, SignInSettings request, CancellationToken cancellationToken)
    {
        var begun = await rules.BeginAsync(actor, Permissions.SettingsManage, "settings.change", "sign-in", cancellationToken);
        if (begun.IsError)
        {
            return begun.Error!;
        }

        await using var change = begun.Value;
        var errors = new FieldErrors();
        errors.AddIf(!Enum.IsDefined(request.Passwords), "passwords", "must be everyone or owners");
        errors.AddIf(request.StepUpMinutes is < 1 or > MaxMinutes, "stepUpMinutes", $"must be 1 to {MaxMinutes}");
        errors.AddIf(request.ManyDevices is < 1 or > MaxDevices, "manyDevices", $"must be 1 to {MaxDevices}");
        var settings = request with { StepUpActs = AccessInput.CheckActs(request.StepUpActs, "stepUpActs", errors) };
        if (errors.ToError() is { } error)
        {
            return error;
        }

        var before = Whole(change.Before.Settings);
        if (settings.StepUpActs!.Except(before.StepUpActs!).Any() && !await HasOwnerWithPasskeyAsync(change, cancellationToken))
        {
            return await rules.RefuseAsync(actor, "settings.change", "sign-in", AccessErrors.NobodyCouldStepUp, null, cancellationToken);
        }

        var state = await change.Db.Set<AccessState>().SingleAsync(cancellationToken);
        state.Settings = settings;
        var detail = Describe(before, settings);
        change.Db.Publish(new(EventTypes.SettingsChanged, "sign-in", Actor: actor.Name, Data: new Dictionary<string, string?> { ["change"] = detail }));
        if (await change.CommitAsync(cancellationToken) is { } conflict)
        {
            return await rules.RefuseAsync(actor, "settings.change", "sign-in", conflict, null, cancellationToken);
        }

        await rules.NoteAsync(actor, Permissions.SettingsManage, "settings.change", "sign-in", detail, cancellationToken);
        return settings;
    }

    private async Task<bool> HasOwnerWithPasskeyAsync(AccessChange change, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var owners = change.Before.People.Keys.Where(id => change.Before.IsOwner(id, now)).ToArray();
        return await change.Db.Set<Passkey>().AnyAsync(k => owners.Contains(k.UserId), cancellationToken);
    }

    private static SignInSettings Whole(SignInSettings settings) => settings with { StepUpActs = settings.StepUpActs ?? [] };

    private static string Describe(SignInSettings before, SignInSettings after)
    {
        var parts = new List<string>();
        if (before.Passwords != after.Passwords)
        {
            parts.Add($"passwords for {after.Passwords.ToString().ToLowerInvariant()}");
        }

        if (!before.StepUpActs!.SequenceEqual(after.StepUpActs!))
        {
            parts.Add($"a passkey for: {(after.StepUpActs!.Count == 0 ? "nothing" : string.Join(", ", after.StepUpActs))}");
        }

        if (before.StepUpMinutes != after.StepUpMinutes)
        {
            parts.Add($"a touch is fresh for {after.StepUpMinutes} min");
        }

        if (before.ManyDevices != after.ManyDevices)
        {
            parts.Add($"more than {after.ManyDevices} devices are many");
        }

        return parts.Count == 0 ? "nothing changed" : string.Join("; ", parts);
    }
}
