namespace Operone.Core.Shell;

/// <summary>One rule of what terminals are like, ready to be compared. See <see cref="TerminalPolicyView"/>; what is null says nothing.</summary>
public sealed record TerminalRule
{
    /// <summary>Its name: of two rules with the same order, the one whose name comes first counts as the lower.</summary>
    public required string Name { get; init; }
    /// <summary>Lower comes first.</summary>
    public int Order { get; init; }
    /// <summary>On which devices.</summary>
    public Selector Selector { get; init; } = Selector.Everything;
    /// <summary>For holders of this role alone.</summary>
    public Guid? RoleId { get; init; }
    /// <inheritdoc cref="TerminalPolicyView.Record"/>
    public RecordMode? Record { get; init; }
    /// <inheritdoc cref="TerminalPolicyView.RecordInput"/>
    public bool? RecordInput { get; init; }
    /// <inheritdoc cref="TerminalPolicyView.User"/>
    public string? User { get; init; }
    /// <inheritdoc cref="TerminalPolicyView.Shell"/>
    public string? Shell { get; init; }
    /// <inheritdoc cref="TerminalPolicyView.WorkingDirectory"/>
    public string? WorkingDirectory { get; init; }
    /// <inheritdoc cref="TerminalPolicyView.Environment"/>
    public IReadOnlyDictionary<string, string>? Environment { get; init; }
    /// <inheritdoc cref="TerminalPolicyView.IdleSeconds"/>
    public double? IdleSeconds { get; init; }
    /// <inheritdoc cref="TerminalPolicyView.ChoiceAllowed"/>
    public bool? ChoiceAllowed { get; init; }

    /// <summary>Whether it counts on a device with these labels, for whoever has these roles.</summary>
    public bool Matches(IReadOnlyDictionary<string, string> labels, IReadOnlyCollection<Guid> roleIds) =>
        (RoleId is not { } role || roleIds.Contains(role)) && Selector.Matches(labels);
}

/// <summary>What all rules together say of a terminal.</summary>
/// <param name="Record">Whether it is recorded.</param>
/// <param name="RecordInput">Whether what is typed is recorded too, where it is recorded.</param>
/// <param name="User">The user on the device; null for the agent's.</param>
/// <param name="Shell">The shell; null for that of the user.</param>
/// <param name="WorkingDirectory">The directory; null for the user's home.</param>
/// <param name="Environment">Variables besides the base.</param>
/// <param name="IdleSeconds">How long it goes on with nobody attached.</param>
/// <param name="ChoiceAllowed">Whether who opens it may choose user, shell, directory and environment otherwise.</param>
public sealed record EffectiveTerminalPolicy(
    RecordMode Record, bool RecordInput, string? User, string? Shell, string? WorkingDirectory, IReadOnlyDictionary<string, string> Environment,
    double IdleSeconds, bool ChoiceAllowed);

/// <summary>
/// What rules of terminals come to. All that match count: of each setting, and of each variable, the rule with the lowest
/// order that says something wins; of recording the strictest; what is typed is recorded where any rule says so.
/// </summary>
public static class TerminalRules
{
    /// <summary>What holds for a terminal on a device.</summary>
    /// <param name="rules">All rules, in any order.</param>
    /// <param name="labels">The device's labels.</param>
    /// <param name="roleIds">The roles that whoever opens it has there.</param>
    /// <param name="defaultIdleSeconds">How long it goes on with nobody attached, where no rule says so.</param>
    public static EffectiveTerminalPolicy Resolve(
        IEnumerable<TerminalRule> rules, IReadOnlyDictionary<string, string> labels, IReadOnlyCollection<Guid> roleIds,
        double defaultIdleSeconds = TerminalLimits.DefaultIdleSeconds)
    {
        ArgumentNullException.ThrowIfNull(rules);
        ArgumentNullException.ThrowIfNull(labels);
        ArgumentNullException.ThrowIfNull(roleIds);
        var matching = rules.Where(r => r.Matches(labels, roleIds)).OrderBy(r => r.Order).ThenBy(r => r.Name, StringComparer.Ordinal).ToArray();
        var environment = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in matching.SelectMany(r => r.Environment ?? new Dictionary<string, string>()))
        {
            environment.TryAdd(name, value);
        }

        return new(
            matching.Select(r => r.Record ?? RecordMode.Off).DefaultIfEmpty(RecordMode.Off).Max(),
            matching.Any(r => r.RecordInput == true),
            matching.Select(r => r.User).FirstOrDefault(u => u is not null),
            matching.Select(r => r.Shell).FirstOrDefault(s => s is not null),
            matching.Select(r => r.WorkingDirectory).FirstOrDefault(d => d is not null),
            environment,
            matching.Select(r => r.IdleSeconds).FirstOrDefault(s => s is not null) ?? defaultIdleSeconds,
            matching.Select(r => r.ChoiceAllowed).FirstOrDefault(c => c is not null) ?? true);
    }
}
