namespace Operone.Web.Access.Pages;

/// <summary>The order in which forms offer roles: the built-in ones first, each after what it has less than.</summary>
internal static class RoleOrder
{
    public static IEnumerable<RoleEntry> Of(AccessSnapshot snapshot) => snapshot.Roles.Values
        .OrderBy(r => r.IsBuiltIn ? 0 : 1).ThenBy(r => r.IsBuiltIn ? r.Permissions.Count : 0).ThenBy(r => r.Name, StringComparer.OrdinalIgnoreCase);
}
