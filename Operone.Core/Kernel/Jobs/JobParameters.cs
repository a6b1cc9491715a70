using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Operone.Core.Errors;
using Operone.Core.Shell;

namespace Operone.Core.Kernel.Jobs;

/// <summary>What a job was run with: each parameter that has a value.</summary>
/// <param name="Values">The values by name, those of secrets not among them.</param>
/// <param name="Secrets">The values of secrets by name.</param>
public sealed record BoundParameters(IReadOnlyDictionary<string, string> Values, IReadOnlyDictionary<string, string> Secrets)
{
    /// <summary>None.</summary>
    public static BoundParameters None { get; } = new(new Dictionary<string, string>(), new Dictionary<string, string>());

    // Nobody prints a secret by writing a record into a log.
    /// <inheritdoc/>
    public override string ToString() => $"{Values.Count} values and {Secrets.Count} secrets";
}

/// <summary>
/// The rules of parameters. A value gets into a command as an environment variable, or as a whole argument of a vector: it is never made part of a
/// command line, so that nothing in it is read by a shell.
/// </summary>
public static class JobParameters
{
    /// <summary>The longest value, in UTF-8 bytes.</summary>
    public const int MaxValueBytes = EnvironmentLimits.MaxValueBytes;
    /// <summary>The most choices.</summary>
    public const int MaxChoices = 200;
    /// <summary>The longest pattern, in characters.</summary>
    public const int MaxPatternLength = 500;

    // what programs are found and loaded by is not for whoever fills in a form
    private static readonly string[] Reserved = ["PATH", "HOME", "SHELL", "IFS", "ENV", "BASH_ENV", "PATHEXT", "COMSPEC", "SYSTEMROOT"];

    /// <summary>The variable by which commands get a parameter.</summary>
    public static string VariableOf(JobParameter parameter)
    {
        ArgumentNullException.ThrowIfNull(parameter);
        return parameter.Variable ?? "PARAM_" + parameter.Name!.ToUpperInvariant().Replace('-', '_');
    }

    /// <summary>
    /// The values for a run: what is given, else the defaults. Fails with every problem at once, each under <c>parameters.NAME</c>.
    /// </summary>
    public static Result<BoundParameters> Bind(JobDefinition job, IReadOnlyDictionary<string, string>? given)
    {
        ArgumentNullException.ThrowIfNull(job);
        var errors = new FieldErrors();
        var (values, secrets) = (new Dictionary<string, string>(StringComparer.Ordinal), new Dictionary<string, string>(StringComparer.Ordinal));
        var parameters = job.Parameters ?? [];
        foreach (var name in (given ?? new Dictionary<string, string>()).Keys.Where(n => !parameters.Any(p => p.Name == n)))
        {
            errors.Add($"parameters.{name}", parameters.Count == 0 ? "the job has no parameters" : $"is not a parameter; there are {string.Join(", ", parameters.Select(p => p.Name))}");
        }

        foreach (var parameter in parameters)
        {
            var value = given?.GetValueOrDefault(parameter.Name!) ?? parameter.Default;
            if (string.IsNullOrEmpty(value))
            {
                errors.AddIf(parameter.Required == true, $"parameters.{parameter.Name}", "must be given");
            }
            else if (Problem(parameter, value) is { } problem)
            {
                errors.Add($"parameters.{parameter.Name}", problem);
            }
            else
            {
                (parameter.Type == JobParameterType.Secret ? secrets : values)[parameter.Name!] = value;
            }
        }

        return errors.ToError() is { } error ? error : new BoundParameters(values, secrets);
    }

    /// <summary>What is wrong with a value that is not empty, or null.</summary>
    public static string? Problem(JobParameter parameter, string value)
    {
        ArgumentNullException.ThrowIfNull(parameter);
        ArgumentNullException.ThrowIfNull(value);
        if (value.Contains('\0', StringComparison.Ordinal) || Encoding.UTF8.GetByteCount(value) > MaxValueBytes)
        {
            return $"must be text of at most {MaxValueBytes} bytes";
        }

        return parameter.Type switch
        {
            JobParameterType.Number when !decimal.TryParse(value, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out _) =>
                "must be a number",
            JobParameterType.Boolean when value is not ("true" or "false") => "must be true or false",
            JobParameterType.Choice when parameter.Choices?.Contains(value) != true => $"must be one of {string.Join(", ", parameter.Choices ?? [])}",
            JobParameterType.Secret when value.Trim().Length < EnvironmentLimits.MinSecretLength =>
                $"is shorter than {EnvironmentLimits.MinSecretLength} characters: it could not be masked without hiding half of what commands print",
            _ => parameter.Pattern is { } pattern && Compile(pattern) is { } regex && !regex.IsMatch(value) ? $"must match {pattern}" : null,
        };
    }

    /// <summary>The argument vector with its parameters put in.</summary>
    public static IReadOnlyList<string> Fill(IReadOnlyList<string> argv, BoundParameters bound)
    {
        ArgumentNullException.ThrowIfNull(argv);
        ArgumentNullException.ThrowIfNull(bound);
        var filled = new List<string>(argv.Count);
        foreach (var argument in argv)
        {
            if (NameIn(argument) is not { } name)
            {
                filled.Add(argument);
            }
            else if (bound.Values.GetValueOrDefault(name) is { } value)
            {
                filled.Add(value);
            }
        }

        return filled;
    }

    /// <summary>Texts by name with parameters put in, those of secrets apart. One whose parameter has no value is left out.</summary>
    public static BoundParameters Fill(IReadOnlyDictionary<string, string>? texts, BoundParameters bound)
    {
        ArgumentNullException.ThrowIfNull(bound);
        var (values, secrets) = (new Dictionary<string, string>(StringComparer.Ordinal), new Dictionary<string, string>(StringComparer.Ordinal));
        foreach (var (name, text) in texts ?? new Dictionary<string, string>())
        {
            if (NameIn(text) is not { } parameter)
            {
                values[name] = text;
            }
            else if (bound.Values.GetValueOrDefault(parameter) is { } value)
            {
                values[name] = value;
            }
            else if (bound.Secrets.GetValueOrDefault(parameter) is { } secret)
            {
                secrets[name] = secret;
            }
        }

        return new(values, secrets);
    }

    /// <summary>The parameters as variables, those of secrets apart.</summary>
    public static BoundParameters Variables(JobDefinition job, BoundParameters bound)
    {
        ArgumentNullException.ThrowIfNull(job);
        ArgumentNullException.ThrowIfNull(bound);
        var names = (job.Parameters ?? []).ToDictionary(p => p.Name!, VariableOf, StringComparer.Ordinal);
        return new(bound.Values.ToDictionary(v => names[v.Key], v => v.Value), bound.Secrets.ToDictionary(v => names[v.Key], v => v.Value));
    }

    internal static void Check(IReadOnlyList<JobParameter> parameters, FieldErrors errors)
    {
        errors.AddIf(parameters.Count > MaxCount, "parameters", $"must be at most {MaxCount}");
        var (names, variables) = (new HashSet<string>(StringComparer.Ordinal), new HashSet<string>(StringComparer.Ordinal));
        for (var i = 0; i < parameters.Count && i < MaxCount; i++)
        {
            if (parameters[i] is not { } parameter)
            {
                errors.Add($"parameters[{i}]", "is null");
                continue;
            }

            var isName = IsName(parameter.Name);
            errors.AddIf(!isName, $"parameters[{i}].name", "must be a small letter, then up to 62 small letters, digits, '_' and '-'");
            errors.AddIf(isName && !names.Add(parameter.Name!), $"parameters[{i}].name", $"there is another '{parameter.Name}'");
            if (isName || parameter.Variable is not null)
            {
                var variable = VariableOf(parameter);
                errors.AddIf(!IsVariable(variable), $"parameters[{i}].variable", $"'{variable}' must be letters, digits and '_', not beginning with a digit, and none that programs are found or loaded by");
                errors.AddIf(!variables.Add(variable), $"parameters[{i}].variable", $"another parameter has '{variable}'");
            }

            CheckOne(parameter, $"parameters[{i}]", errors);
        }
    }

    /// <summary>Notes parameters that are glued into something.</summary>
    internal static void CheckUse(JobStep step, string place, IReadOnlyDictionary<string, JobParameter> parameters, FieldErrors errors)
    {
        foreach (var (field, text) in new[] { ("command", step.Command), ("script", step.Script) })
        {
            if (text is not null && parameters.Values.FirstOrDefault(p => text.Contains("{{" + p.Name + "}}", StringComparison.Ordinal)) is { } glued)
            {
                errors.Add($"{place}.{field}", $"a parameter is never put into a command line: use its variable, \"${VariableOf(glued)}\"");
            }
        }

        for (var i = 0; i < step.Argv?.Count; i++)
        {
            var argument = step.Argv[i] ?? "";
            if (NameIn(argument) is { } name)
            {
                errors.AddIf(i == 0, $"{place}.argv[0]", "the program is not for whoever fills in a form to choose");
                errors.AddIf(!parameters.ContainsKey(name), $"{place}.argv[{i}]", $"there is no parameter '{name}'");
                errors.AddIf(parameters.GetValueOrDefault(name)?.Type == JobParameterType.Secret, $"{place}.argv[{i}]",
                    $"a secret is seen by everybody on a device who lists processes: let the command read ${(parameters.TryGetValue(name, out var secret) ? VariableOf(secret) : "")}");
            }
            else if (parameters.Keys.FirstOrDefault(p => argument.Contains("{{" + p + "}}", StringComparison.Ordinal)) is { } glued)
            {
                errors.Add($"{place}.argv[{i}]", $"a parameter is a whole argument: write {{{{{glued}}}}} alone");
            }
        }
    }

    /// <summary>Notes a text that names a parameter that there is not, or has one glued into it.</summary>
    internal static void CheckWhole(string text, string place, IReadOnlyDictionary<string, JobParameter> parameters, FieldErrors errors)
    {
        if (NameIn(text) is { } name)
        {
            errors.AddIf(!parameters.ContainsKey(name), place, $"there is no parameter '{name}'");
        }
        else if (parameters.Keys.FirstOrDefault(p => text.Contains("{{" + p + "}}", StringComparison.Ordinal)) is { } glued)
        {
            errors.Add(place, $"a parameter is a whole text: write {{{{{glued}}}}} alone");
        }
    }

    private static void CheckOne(JobParameter parameter, string place, FieldErrors errors)
    {
        JobRules.CheckPeopleText(parameter.Description, $"{place}.description", JobRules.MaxTextLength, errors);
        var choices = parameter.Choices ?? [];
        errors.AddIf(parameter.Type == JobParameterType.Choice && choices.Count is 0 or > MaxChoices, $"{place}.choices", $"must be 1 to {MaxChoices}");
        errors.AddIf(parameter.Type != JobParameterType.Choice && parameter.Choices is not null, $"{place}.choices", "go with the type choice alone");
        errors.AddIf(choices.Any(string.IsNullOrEmpty) || choices.Distinct(StringComparer.Ordinal).Count() < choices.Count, $"{place}.choices", "must be different, and none empty");
        var isText = parameter.Type is null or JobParameterType.Text or JobParameterType.Secret;
        if (parameter.Pattern is { } pattern)
        {
            errors.AddIf(!isText, $"{place}.pattern", "goes with the types string and secret alone");
            errors.AddIf(pattern.Length > MaxPatternLength || Compile(pattern) is null, $"{place}.pattern",
                $"is not a regular expression of at most {MaxPatternLength} characters; look-around and back-references are not had");
        }

        if (string.IsNullOrEmpty(parameter.Default))
        {
            return;
        }

        errors.AddIf(parameter.Type == JobParameterType.Secret, $"{place}.default", "a secret has none: everybody who sees the job would read it");
        if (parameter.Type != JobParameterType.Secret && (parameter.Pattern is null || Compile(parameter.Pattern) is not null) && Problem(parameter, parameter.Default) is { } problem)
        {
            errors.Add($"{place}.default", problem);
        }
    }

    private const int MaxCount = JobRules.MaxParameters;

    /// <summary>The name in <c>{{name}}</c>; null where the text is anything else.</summary>
    internal static string? NameIn(string argument) =>
        argument.Length > 4 && argument.StartsWith("{{", StringComparison.Ordinal) && argument.EndsWith("}}", StringComparison.Ordinal) && IsName(argument[2..^2]) ? argument[2..^2] : null;

    private static bool IsName(string? name) => name is { Length: >= 1 and <= 63 } && char.IsAsciiLetterLower(name[0])
        && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '_' or '-');

    private static bool IsVariable(string name) => name.Length is >= 1 and <= EnvironmentLimits.MaxVariableNameLength && !char.IsAsciiDigit(name[0])
        && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_')
        && !Reserved.Contains(name, StringComparer.OrdinalIgnoreCase) && !name.StartsWith("LD_", StringComparison.Ordinal) && !name.StartsWith("DYLD_", StringComparison.Ordinal)
        && !name.StartsWith("OPERONE_", StringComparison.Ordinal);

    // Without back-tracking a pattern takes time in proportion to the text, whoever wrote it.
    private static Regex? Compile(string pattern)
    {
        try
        {
            return new Regex($"^(?:{pattern})\\z", RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
        }
        catch (Exception problem) when (problem is ArgumentException or NotSupportedException)
        {
            return null;
        }
    }
}
