using Operone.Core.Shell;

namespace Operone.Web.Shell.Environments;

/// <summary>An environment that a run was given.</summary>
/// <param name="Name">Its name then.</param>
/// <param name="Selector">On which devices it might be used then.</param>
internal sealed record GivenEnvironment(string Name, string Selector)
{
    /// <summary>Whether it might be used on a device with these labels.</summary>
    public bool IsFor(IReadOnlyDictionary<string, string> labels) => Core.Selector.Parse(Selector) is { IsError: false } selector && selector.Value.Matches(labels);
}

/// <summary>What a run's commands get of environments, and of the run's own variables over them. It is stored sealed alone.</summary>
/// <param name="Environments">The environments, in order.</param>
/// <param name="Variables">The variables that are no secrets.</param>
/// <param name="Secrets">The secrets.</param>
internal sealed record RunVariables(
    IReadOnlyList<GivenEnvironment> Environments, IReadOnlyDictionary<string, string> Variables, IReadOnlyDictionary<string, string> Secrets)
{
    /// <summary>Everything, as a command gets it.</summary>
    public Dictionary<string, string> All() => new(Variables.Concat(Secrets), StringComparer.Ordinal);

    /// <summary>What is not to be seen in an output.</summary>
    public IReadOnlyList<string> Masks() => [.. Secrets.Values.Distinct(StringComparer.Ordinal)];

    /// <summary>The variables of an environment, or a run's own where it has none, with others that win over them.</summary>
    /// <param name="given">Of its environments, its own among them; null where it has none.</param>
    /// <param name="own">Its own.</param>
    /// <param name="variables">Those that win.</param>
    /// <param name="secrets">The same, to be masked.</param>
    public static RunVariables? With(
        RunVariables? given, IReadOnlyDictionary<string, string>? own, IReadOnlyDictionary<string, string> variables, IReadOnlyDictionary<string, string> secrets)
    {
        if (given is null && variables.Count == 0 && secrets.Count == 0)
        {
            return null;
        }

        var clear = new Dictionary<string, string>(given?.Variables ?? own ?? new Dictionary<string, string>(), StringComparer.Ordinal);
        var hidden = new Dictionary<string, string>(given?.Secrets ?? new Dictionary<string, string>(), StringComparer.Ordinal);
        foreach (var (name, value) in variables)
        {
            clear[name] = value;
            hidden.Remove(name);
        }

        foreach (var (name, value) in secrets)
        {
            hidden[name] = value;
            clear.Remove(name);
        }

        return new(given?.Environments ?? [], clear, hidden);
    }

    /// <summary>As people are shown it.</summary>
    public AppliedEnvironment ToView()
    {
        var all = Variables.Concat(Secrets.Select(s => KeyValuePair.Create(s.Key, AppliedEnvironment.Mask)));
        return new([.. Environments.Select(e => e.Name)], all.OrderBy(v => v.Key, StringComparer.Ordinal).ToDictionary(), [.. Secrets.Keys.Order(StringComparer.Ordinal)]);
    }

    // Nobody prints a secret by writing a record into a log.
    public override string ToString() => $"{Variables.Count} variables and {Secrets.Count} secrets of {string.Join(", ", Environments.Select(e => e.Name))}";
}
