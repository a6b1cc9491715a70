using System.Text;
using Operone.Core.Errors;

namespace Operone.Core.Shell;

/// <summary>A named set of variables as the API shows it: of secrets the names alone.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">Its name, unique without regard to case.</param>
/// <param name="Description">What it is for.</param>
/// <param name="Selector">On which devices it may be used; empty for all.</param>
/// <param name="Variables">Its variables.</param>
/// <param name="Secrets">The names of its secret variables, in order.</param>
/// <param name="UpdatedAt">When it was last changed (UTC).</param>
/// <param name="UpdatedBy">By whom.</param>
public sealed record EnvironmentView(
    Guid Id, string Name, string Description, string Selector, IReadOnlyDictionary<string, string> Variables, IReadOnlyList<string> Secrets,
    DateTimeOffset UpdatedAt, string UpdatedBy);

/// <summary>What <c>POST /api/v1/environments</c> and <c>PUT /api/v1/environments/{idOrName}</c> take.</summary>
/// <param name="Name">1 to 63 characters, unique without regard to case. In a PUT null keeps it.</param>
/// <param name="Description">What it is for; up to 500 characters.</param>
/// <param name="Selector">On which devices it may be used; empty or null for all.</param>
/// <param name="Variables">Its variables.</param>
/// <param name="Secrets">Its secret variables. In a PUT a value of null keeps the one that is stored, and one that is not named goes.</param>
public sealed record WriteEnvironment(
    string? Name, string? Description = null, string? Selector = null, IReadOnlyDictionary<string, string>? Variables = null,
    IReadOnlyDictionary<string, string?>? Secrets = null);

/// <summary>The variables that a run's commands got from environments, as they were when it was asked for.</summary>
/// <param name="Environments">The names of the environments, in the order in which they were applied.</param>
/// <param name="Variables">What came of them and of the run's own variables; a secret's value is <c>***</c>.</param>
/// <param name="Secrets">Which of the variables are secrets, in order.</param>
public sealed record AppliedEnvironment(IReadOnlyList<string> Environments, IReadOnlyDictionary<string, string> Variables, IReadOnlyList<string> Secrets)
{
    /// <summary>What stands where a secret was.</summary>
    public const string Mask = "***";
}

/// <summary>The limits of environments, and the check of a request against them. Pure, so that every door can use it.</summary>
public static class EnvironmentLimits
{
    /// <summary>The longest name of an environment, in characters.</summary>
    public const int MaxNameLength = 63;
    /// <summary>The longest description, in characters.</summary>
    public const int MaxDescriptionLength = 500;
    /// <summary>The most variables of one environment, secrets among them.</summary>
    public const int MaxVariables = 200;
    /// <summary>The most secrets of one environment.</summary>
    public const int MaxSecrets = 50;
    /// <summary>The longest name of a variable, in characters.</summary>
    public const int MaxVariableNameLength = 128;
    /// <summary>The longest value, in UTF-8 bytes.</summary>
    public const int MaxValueBytes = 32 * 1024;
    /// <summary>The most that all values of one environment have together, in UTF-8 bytes.</summary>
    public const int MaxTotalBytes = 256 * 1024;
    /// <summary>The shortest secret, in characters without white space around it.</summary>
    public const int MinSecretLength = 4;
    /// <summary>The most environments of one run.</summary>
    public const int MaxOfRun = 8;

    /// <summary>Everything that is wrong with a request, or null.</summary>
    /// <param name="request">What is asked for.</param>
    /// <param name="stored">The names of the secrets that are stored, where one is replaced; null where it is made.</param>
    public static Error? Check(WriteEnvironment request, IReadOnlyCollection<string>? stored)
    {
        ArgumentNullException.ThrowIfNull(request);
        var errors = new FieldErrors();
        if (request.Name is not null || stored is null)
        {
            CheckName(request.Name, errors);
        }

        errors.AddIf(request.Description?.Trim().Length > MaxDescriptionLength, "description", $"must have at most {MaxDescriptionLength} characters");
        errors.AddIf(request.Description?.Any(c => char.IsControl(c) && c is not ('\n' or '\r' or '\t')) == true, "description", "has characters that cannot be shown");
        foreach (var problem in Selector.Parse(request.Selector).Error?.Fields?["selector"] ?? [])
        {
            errors.Add("selector", problem);
        }

        var variables = request.Variables ?? new Dictionary<string, string>();
        var secrets = request.Secrets ?? new Dictionary<string, string?>();
        foreach (var (name, value) in variables)
        {
            CheckVariableName(name, "variables", errors);
            errors.AddIf(value is null, "variables", $"'{name}' has no value");
            CheckValue(name, value, "variables", errors);
            errors.AddIf(secrets.ContainsKey(name), "variables", $"'{name}' is among the secrets too");
        }

        foreach (var (name, value) in secrets)
        {
            CheckVariableName(name, "secrets", errors);
            errors.AddIf(value is null && stored?.Contains(name) != true, "secrets", $"'{name}' has no value, and none is stored");
            errors.AddIf(value is not null && value.Trim().Length < MinSecretLength, "secrets",
                $"'{name}' is shorter than {MinSecretLength} characters: it could not be masked without hiding half of what commands print");
            CheckValue(name, value, "secrets", errors);
        }

        errors.AddIf(secrets.Count > MaxSecrets, "secrets", $"there are {secrets.Count}; at most {MaxSecrets} are kept");
        errors.AddIf(variables.Count + secrets.Count > MaxVariables, "variables", $"there are {variables.Count + secrets.Count} with the secrets; at most {MaxVariables} are kept");
        var total = variables.Values.Concat(secrets.Values).Sum(v => v is null ? 0 : (long)Encoding.UTF8.GetByteCount(v));
        errors.AddIf(total > MaxTotalBytes, "variables", $"all values together are over {MaxTotalBytes} bytes");
        return errors.ToError();
    }

    /// <summary>Notes what is wrong with the names of environments that a run is to have.</summary>
    public static void CheckNames(IReadOnlyList<string>? names, FieldErrors errors)
    {
        ArgumentNullException.ThrowIfNull(errors);
        errors.AddIf(names?.Count > MaxOfRun, "environments", $"names {names?.Count} environments; at most {MaxOfRun} apply to a run");
        errors.AddIf(names?.Any(string.IsNullOrWhiteSpace) == true, "environments", "has an empty name");
        errors.AddIf(names?.Distinct(StringComparer.OrdinalIgnoreCase).Count() < names?.Count, "environments", "names one twice");
    }

    private static void CheckName(string? name, FieldErrors errors)
    {
        var trimmed = name?.Trim() ?? "";
        errors.AddIf(trimmed.Length is < 1 or > MaxNameLength || trimmed.Any(char.IsControl), "name", $"must have 1 to {MaxNameLength} characters");
        errors.AddIf(trimmed.Contains('/', StringComparison.Ordinal) || trimmed.Contains(',', StringComparison.Ordinal), "name", "must have no slash and no comma");
        errors.AddIf(Guid.TryParse(trimmed, out _), "name", "must not look like an id");
    }

    // POSIX, Base Definitions, 3.216 "Name": what a shell can refer to.
    private static void CheckVariableName(string name, string field, FieldErrors errors) => errors.AddIf(
        name.Length is 0 or > MaxVariableNameLength || char.IsAsciiDigit(name[0]) || !name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_'), field,
        $"'{(name.Length > 40 ? name[..40] + "…" : name)}' is not a name of a variable: 1 to {MaxVariableNameLength} letters, digits and '_', not beginning with a digit");

    private static void CheckValue(string name, string? value, string field, FieldErrors errors)
    {
        errors.AddIf(value?.Contains('\0', StringComparison.Ordinal) == true, field, $"'{name}' has a NUL character");
        errors.AddIf(value is not null && Encoding.UTF8.GetByteCount(value) > MaxValueBytes, field, $"'{name}' is over {MaxValueBytes} bytes");
    }
}
