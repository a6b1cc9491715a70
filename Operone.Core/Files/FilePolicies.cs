using Operone.Core.Errors;

namespace Operone.Core.Files;

/// <summary>A folder that a policy lets be had.</summary>
/// <param name="Path">On the device, as an address: <c>/srv/data</c>, <c>/C:/Users</c>.</param>
/// <param name="IsWritable">Whether what is in it may be changed.</param>
public sealed record PolicyFolder(string Path, bool IsWritable = false);

/// <summary>Which of devices' files may be had, as the API shows it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">Its name, unique.</param>
/// <param name="Selector">On which devices; empty for all.</param>
/// <param name="Role">For holders of this role alone; null for everybody.</param>
/// <param name="Folders">What may be had. Where any policy matches, nothing else may.</param>
/// <param name="Hidden">Patterns of what in them is neither listed nor opened, as <c>.gitignore</c> has them.</param>
public sealed record FilePolicyView(Guid Id, string Name, string Selector, string? Role, IReadOnlyList<PolicyFolder> Folders, IReadOnlyList<string> Hidden);

/// <summary>What <c>POST /api/v1/file-policies</c> and <c>PUT /api/v1/file-policies/{id}</c> take. See <see cref="FilePolicyView"/>.</summary>
public sealed record WriteFilePolicy(
    string? Name, string? Selector = null, string? Role = null, IReadOnlyList<PolicyFolder>? Folders = null, IReadOnlyList<string>? Hidden = null);

/// <summary>What holds for policies of files.</summary>
public static class FilePolicyLimits
{
    /// <summary>The most folders, and the most patterns, of one.</summary>
    public const int MaxParts = 100;

    /// <summary>Says what is wrong with one, field by field.</summary>
    public static void Check(WriteFilePolicy request, FieldErrors errors)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(errors);
        errors.AddIf(string.IsNullOrWhiteSpace(request.Name), "name", "is missing");
        errors.AddIf(request.Name?.Trim().Length > 63, "name", "is longer than 63 characters");
        errors.AddIf(Selector.Parse(request.Selector) is { IsError: true }, "selector", "is no selector, as env=prod,tier!=test");
        errors.AddIf(request.Folders is null or { Count: 0 }, "folders", "must have at least one folder");
        errors.AddIf(request.Folders?.Count > MaxParts, "folders", $"are more than {MaxParts}");
        errors.AddIf(request.Hidden?.Count > MaxParts, "hidden", $"are more than {MaxParts}");
        foreach (var folder in request.Folders ?? [])
        {
            var path = TreePath.Parse(folder.Path ?? "");
            errors.AddIf(folder.Path?.StartsWith('/') != true || path.IsError, "folders", $"'{folder.Path}' is no absolute path");
            errors.AddIf(!path.IsError && path.Value.Names.Any(n => FileName.Display(n) != n), "folders", $"'{folder.Path}' has a name that is no text");
        }

        foreach (var pattern in request.Hidden ?? [])
        {
            if (FilePattern.Check(pattern ?? "") is { } problem)
            {
                errors.Add("hidden", $"'{pattern}' {problem}");
            }
        }
    }
}
