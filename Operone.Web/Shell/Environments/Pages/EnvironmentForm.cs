using Operone.Core.Errors;
using Operone.Core.Shell;

namespace Operone.Web.Shell.Environments.Pages;

/// <summary>A variable as it is typed.</summary>
public sealed class VariableRow
{
    public string Name { get; set; } = "";
    public string Value { get; set; } = "";
    /// <summary>Of a secret: whether one is stored, which stays unless another is typed.</summary>
    public bool IsStored { get; init; }

    internal bool IsBlank => !IsStored && Name.Trim().Length == 0 && Value.Length == 0;
}

/// <summary>What was typed into the form of an environment.</summary>
public sealed class EnvironmentForm
{
    public string Name { get; set; } = "";
    public string Description { get; set; } = "";
    public string Selector { get; set; } = "";
    public List<VariableRow> Variables { get; } = [];
    public List<VariableRow> Secrets { get; } = [];

    /// <summary>The form of one that is stored: of its secrets there is only that they are.</summary>
    public static EnvironmentForm From(EnvironmentView environment)
    {
        ArgumentNullException.ThrowIfNull(environment);
        var form = new EnvironmentForm { Name = environment.Name, Description = environment.Description, Selector = environment.Selector };
        form.Variables.AddRange(environment.Variables.Select(v => new VariableRow { Name = v.Key, Value = v.Value }));
        form.Secrets.AddRange(environment.Secrets.Select(s => new VariableRow { Name = s, IsStored = true }));
        return form;
    }

    /// <summary>The request, and everything that is wrong with what was typed, by the request's fields.</summary>
    /// <param name="isNew">Whether it is to be made.</param>
    public (WriteEnvironment Request, IReadOnlyDictionary<string, string[]> Problems) Read(bool isNew)
    {
        var errors = new FieldErrors();
        var (variables, secrets) = (new Dictionary<string, string>(StringComparer.Ordinal), new Dictionary<string, string?>(StringComparer.Ordinal));
        foreach (var row in Variables.Where(r => !r.IsBlank))
        {
            errors.AddIf(!variables.TryAdd(row.Name.Trim(), row.Value.ReplaceLineEndings("\n")), "variables", $"'{row.Name.Trim()}' is there twice");
        }

        foreach (var row in Secrets.Where(r => !r.IsBlank))
        {
            var value = row.IsStored && row.Value.Length == 0 ? null : row.Value.ReplaceLineEndings("\n");
            errors.AddIf(!secrets.TryAdd(row.Name.Trim(), value), "secrets", $"'{row.Name.Trim()}' is there twice");
        }

        var request = new WriteEnvironment(Name, Description, Selector, variables, secrets);
        var stored = isNew ? null : Secrets.Where(s => s.IsStored).Select(s => s.Name).ToArray();
        var problems = new Dictionary<string, string[]>(EnvironmentLimits.Check(request, stored)?.Fields ?? new Dictionary<string, string[]>());
        foreach (var (field, messages) in errors.ToError()?.Fields ?? new Dictionary<string, string[]>())
        {
            problems[field] = [.. problems.GetValueOrDefault(field, []), .. messages];
        }

        return (request, problems);
    }
}
