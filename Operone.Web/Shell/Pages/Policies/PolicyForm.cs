using System.Globalization;
using Operone.Core;
using Operone.Core.Errors;
using Operone.Core.Shell;

namespace Operone.Web.Shell.Pages.Policies;

/// <summary>What was typed into the form of a policy of terminals, all of it as text; what is empty says nothing.</summary>
public sealed class PolicyForm
{
    public string Name { get; set; } = "";
    public string Order { get; set; } = "100";
    public string Selector { get; set; } = "";
    /// <summary>A role's id.</summary>
    public string Role { get; set; } = "";
    public string Record { get; set; } = "";
    public string RecordInput { get; set; } = "";
    public string User { get; set; } = "";
    public string Shell { get; set; } = "";
    public string WorkingDirectory { get; set; } = "";
    /// <summary>One <c>NAME=value</c> a line.</summary>
    public string Environment { get; set; } = "";
    public string Idle { get; set; } = "";
    public string ChoiceAllowed { get; set; } = "";

    /// <summary>The request, and what is wrong with what was typed so far that it cannot be read.</summary>
    public (WriteTerminalPolicy Request, Error? Problem) Read()
    {
        var errors = new FieldErrors();
        var order = 0;
        errors.AddIf(!int.TryParse(Order.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out order), "order", $"must be 0 to {TerminalPolicyLimits.MaxOrder}");
        double? idle = null;
        if (Idle.Trim().Length > 0)
        {
            var duration = Quantities.ParseDuration(Idle);
            errors.AddIf(duration.IsError, "idleSeconds", duration.Error?.Detail ?? "");
            idle = duration.IsError ? null : duration.Value.TotalSeconds;
        }

        var environment = ReadEnvironment(errors);
        var request = new WriteTerminalPolicy(
            Name, order, Selector, Role, Enum.TryParse<RecordMode>(Record, out var record) ? record : null, ToBool(RecordInput),
            User, Shell, WorkingDirectory, environment, idle, ToBool(ChoiceAllowed));

        // All that is wrong at once: what cannot be read, and what can be and may not be so.
        if (errors.ToError() is { } unreadable)
        {
            var rest = new FieldErrors();
            TerminalPolicyLimits.Check(request, rest);
            foreach (var (field, problem) in (rest.ToError()?.Fields ?? new Dictionary<string, string[]>()).SelectMany(f => f.Value.Select(p => (f.Key, p))))
            {
                errors.AddIf(!unreadable.Fields!.ContainsKey(field) && field != "rule", field, problem);
            }
        }

        return (request, errors.ToError());
    }

    /// <summary>The form of a policy that there is.</summary>
    public static PolicyForm From(TerminalPolicyView policy, string? roleId) => new()
    {
        Name = policy.Name,
        Order = policy.Order.ToString(CultureInfo.InvariantCulture),
        Selector = policy.Selector,
        Role = roleId ?? "",
        Record = policy.Record?.ToString() ?? "",
        RecordInput = ToText(policy.RecordInput),
        User = policy.User ?? "",
        Shell = policy.Shell ?? "",
        WorkingDirectory = policy.WorkingDirectory ?? "",
        Environment = string.Join('\n', (policy.Environment ?? new Dictionary<string, string>()).Select(v => $"{v.Key}={v.Value}")),
        Idle = policy.IdleSeconds is { } seconds ? Quantities.FormatDuration(TimeSpan.FromSeconds(seconds)) : "",
        ChoiceAllowed = ToText(policy.ChoiceAllowed),
    };

    private static bool? ToBool(string text) => text switch { "yes" => true, "no" => false, _ => null };

    private static string ToText(bool? value) => value switch { true => "yes", false => "no", _ => "" };

    private Dictionary<string, string> ReadEnvironment(FieldErrors errors)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in Environment.ReplaceLineEndings("\n").Split('\n').Where(l => l.Trim().Length > 0))
        {
            var equals = line.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
            {
                errors.Add("environment", $"'{(line.Length > 40 ? line[..40] + "…" : line)}' should be NAME=value");
            }
            else if (!variables.TryAdd(line[..equals].Trim(), line[(equals + 1)..]))
            {
                errors.Add("environment", $"'{line[..equals].Trim()}' is there twice");
            }
        }

        return variables;
    }
}
