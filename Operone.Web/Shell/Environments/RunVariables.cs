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

    /// <summary>As people are shown it.</summary>
    public AppliedEnvironment ToView()
    {
        var all = Variables.Concat(Secrets.Select(s => KeyValuePair.Create(s.Key, AppliedEnvironment.Mask)));
        return new([.. Environments.Select(e => e.Name)], all.OrderBy(v => v.Key, StringComparer.Ordinal).ToDictionary(), [.. Secrets.Keys.Order(StringComparer.Ordinal)]);
    }

    // Nobody prints a secret by writing a record into a log.
    public override string ToString() => $"{Variables.Count} variables and {Secrets.Count} secrets of {string.Join(", ", Environments.Select(e => e.Name))}";
}
