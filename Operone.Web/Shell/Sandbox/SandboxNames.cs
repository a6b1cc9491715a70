using Microsoft.EntityFrameworkCore;
using Operone.Core.Errors;
using Operone.Web.Access;
using Operone.Web.Data;

namespace Operone.Web.Shell.Sandbox;

/// <summary>Finds profiles by their names.</summary>
internal sealed class SandboxNames : ISandboxNames
{
    /// <inheritdoc/>
    public async Task<string?> CheckAsync(OperoneDb db, string? name, FieldErrors errors, CancellationToken cancellationToken)
    {
        if (string.IsNullOrWhiteSpace(name))
        {
            return null;
        }

        var found = await FindAsync(db, name, cancellationToken);
        errors.AddIf(found is null, "requiredSandbox", $"there is no sandbox profile '{name.Trim()}'");
        return found?.Name;
    }

    /// <summary>The profile with an id or a name, or null.</summary>
    internal static Task<SandboxProfile?> FindAsync(OperoneDb db, string idOrName, CancellationToken cancellationToken)
    {
        var normalized = Normalize(idOrName);
        return Guid.TryParse(idOrName, out var id)
            ? db.Set<SandboxProfile>().SingleOrDefaultAsync(p => p.Id == id, cancellationToken)
            : db.Set<SandboxProfile>().SingleOrDefaultAsync(p => p.NormalizedName == normalized, cancellationToken);
    }

    /// <summary>Names are unique without regard to case.</summary>
    internal static string Normalize(string name) => name.Trim().ToUpperInvariant();
}
