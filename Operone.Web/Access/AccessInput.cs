using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Errors;

namespace Operone.Web.Access;

/// <summary>What forms and requests of this room have in common, checked in one place.</summary>
internal static class AccessInput
{
    private const int MaxName = 63;
    private const int MaxText = 500;

    /// <summary>A name of a team or a role.</summary>
    public static string CheckName(string? name, FieldErrors errors)
    {
        var trimmed = name?.Trim() ?? "";
        errors.AddIf(trimmed.Length is < 1 or > MaxName || trimmed.Any(char.IsControl), "name", $"must have 1 to {MaxName} characters");
        errors.AddIf(Guid.TryParse(trimmed, out _), "name", "must not look like an id");
        return trimmed;
    }

    /// <summary>A description or a reason.</summary>
    public static string CheckText(string? text, string field, FieldErrors errors, bool required = false)
    {
        var trimmed = text?.Trim() ?? "";
        errors.AddIf(trimmed.Length > MaxText, field, $"must have at most {MaxText} characters");
        errors.AddIf(trimmed.Any(c => char.IsControl(c) && c is not ('\n' or '\r' or '\t')), field, "has characters that cannot be shown");
        errors.AddIf(required && trimmed.Length == 0, field, "is empty");
        return trimmed;
    }

    /// <summary>Dangerous acts, in the order of their list.</summary>
    public static IReadOnlyList<string> CheckActs(IReadOnlyList<string>? acts, string field, FieldErrors errors)
    {
        foreach (var unknown in (acts ?? []).Except(DangerousActs.All, StringComparer.Ordinal))
        {
            errors.Add(field, $"'{unknown}' is no such act; there are {string.Join(", ", DangerousActs.All)}");
        }

        return [.. DangerousActs.All.Intersect(acts ?? [], StringComparer.Ordinal)];
    }

    /// <summary>Permissions, in the order of their list.</summary>
    public static PermissionSet CheckPermissions(IReadOnlyList<string>? permissions, FieldErrors errors)
    {
        errors.AddIf(permissions is null or { Count: 0 }, "permissions", "names none");
        foreach (var unknown in (permissions ?? []).Where(p => p is null || !Permissions.IsKnown(p)).Distinct(StringComparer.Ordinal))
        {
            errors.Add("permissions", $"'{unknown}' is not a permission; there are {string.Join(", ", Permissions.All)}");
        }

        return PermissionSet.Of((permissions ?? []).OfType<string>());
    }

    /// <summary>A selector of devices; what is wrong with it names the character.</summary>
    public static Selector CheckSelector(string? text, FieldErrors errors)
    {
        var selector = Selector.Parse(text);
        foreach (var problem in selector.Error?.Fields?["selector"] ?? [])
        {
            errors.Add("selector", problem);
        }

        return selector.IsError ? Selector.Everything : selector.Value;
    }

    /// <summary>A role by its id or its name.</summary>
    public static RoleEntry? FindRole(AccessSnapshot snapshot, string? idOrName) => Guid.TryParse(idOrName, out var id)
        ? snapshot.Roles.GetValueOrDefault(id)
        : snapshot.Roles.Values.FirstOrDefault(r => string.Equals(r.Name, idOrName?.Trim(), StringComparison.OrdinalIgnoreCase));
}
