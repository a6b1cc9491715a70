using Operone.Core.Errors;
using Operone.Web.Data;

namespace Operone.Web.Access;

/// <summary>What roles need to know of sandbox profiles, which belong to a lower room.</summary>
internal interface ISandboxNames
{
    /// <summary>The name of the profile as it is stored; null where none is named, or where there is none such, which is noted.</summary>
    /// <param name="db">Where the change is made.</param>
    /// <param name="name">The name, or null or empty for none.</param>
    /// <param name="errors">Where what is wrong is noted, as <c>requiredSandbox</c>.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    Task<string?> CheckAsync(OperoneDb db, string? name, FieldErrors errors, CancellationToken cancellationToken);
}
