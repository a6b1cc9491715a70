using CsCheck;
using Operone.Core;
using Operone.Core.Shell;
using Xunit;

namespace Operone.Tests.Core.Shell;

/// <summary>What rules of terminals come to.</summary>
public sealed class TerminalRulesTests
{
    private static readonly Guid[] Roles = [Guid.CreateVersion7(), Guid.CreateVersion7()];

    private static readonly Gen<TerminalRule> GenRule = Gen.Select(
        Gen.Select(Gen.Int[0, 3], Gen.Int[0, 6].Select(i => new[] { "", "a=1", "a=2", "b", "!b", "a in (1,2),b", "a notin (1)" }[i]), Gen.Int[-1, 1]),
        Gen.Select(Gen.Int[-1, 2], Gen.Int[-1, 1], Gen.Int[-1, 2], Gen.Int[-1, 2]),
        Gen.Select(Gen.Int[-1, 3], Gen.Int[-1, 3], Gen.Int[-1, 1], Gen.Int[-1, 9]),
        (where, first, second) => new TerminalRule
        {
            Name = "",
            Order = where.Item1,
            Selector = Selector.Parse(where.Item2).Value,
            RoleId = where.Item3 < 0 ? null : Roles[where.Item3],
            Record = first.Item1 < 0 ? null : (RecordMode)first.Item1,
            RecordInput = ToBool(first.Item2),
            User = first.Item3 < 0 ? null : $"user{first.Item3}",
            Shell = first.Item4 < 0 ? null : $"/bin/{first.Item4}",
            WorkingDirectory = second.Item1 < 0 ? null : $"/{second.Item1}",
            Environment = second.Item4 < 0 ? null : new Dictionary<string, string> { [$"V{second.Item4 % 3}"] = $"{second.Item4}" },
            IdleSeconds = second.Item2 < 0 ? null : 60 + second.Item2,
            ChoiceAllowed = ToBool(second.Item3),
        });

    private static readonly Gen<TerminalRule[]> GenRules = GenRule.Array[0, 6].Select(rules => rules.Select((r, i) => r with { Name = $"rule{i}" }).ToArray());

    private static readonly Gen<Dictionary<string, string>> GenLabels = Gen.Select(Gen.Int[0, 2], Gen.Bool, (a, b) =>
    {
        var labels = new Dictionary<string, string>();
        if (a > 0)
        {
            labels["a"] = $"{a}";
        }

        if (b)
        {
            labels["b"] = "x";
        }

        return labels;
    });

    private static readonly Gen<Guid[]> GenRoles = Gen.Int[0, 3].Select(bits => Roles.Where((_, i) => (bits & (1 << i)) != 0).ToArray());

    [Fact]
    public void NoRule_OnAnyDevice_RecordsNothingAndLeavesTheChoice()
    {
        var policy = TerminalRules.Resolve([], new Dictionary<string, string>(), []);
        Assert.Equal(RecordMode.Off, policy.Record);
        Assert.False(policy.RecordInput);
        Assert.Equal(24 * 3600, policy.IdleSeconds);
        Assert.True(policy.ChoiceAllowed);
        Assert.Empty(policy.Environment);
        Assert.Null(policy.User ?? policy.Shell ?? policy.WorkingDirectory);
        Assert.Equal(5, TerminalRules.Resolve([], new Dictionary<string, string>(), [], defaultIdleSeconds: 5).IdleSeconds);
    }

    [Fact]
    public void Rules_InAnyOrderGiven_ComeToTheSame() => Gen.Select(GenRules, GenLabels, GenRoles, Gen.Int).Sample((rules, labels, roles, seed) =>
    {
        var shuffled = (TerminalRule[])rules.Clone();
        new Random(seed).Shuffle(shuffled);
        AssertSame(TerminalRules.Resolve(rules, labels, roles), TerminalRules.Resolve(shuffled, labels, roles));
    });

    [Fact]
    public void Rules_ThatDoNotMatch_SayNothing() => Gen.Select(GenRules, GenLabels, GenRoles).Sample((rules, labels, roles) =>
    {
        var matching = rules.Where(r => r.Selector.Matches(labels) && (r.RoleId is null || roles.Contains(r.RoleId.Value))).ToArray();
        AssertSame(TerminalRules.Resolve(matching, labels, roles), TerminalRules.Resolve(rules, labels, roles));
    });

    [Fact]
    public void Recording_OfAllThatMatch_IsTheStrictest() => Gen.Select(GenRules, GenLabels, GenRoles).Sample((rules, labels, roles) =>
    {
        var policy = TerminalRules.Resolve(rules, labels, roles);
        var matching = rules.Where(r => r.Matches(labels, roles)).ToArray();
        Assert.All(matching, r => Assert.True((r.Record ?? RecordMode.Off) <= policy.Record));
        Assert.True(policy.Record == RecordMode.Off || matching.Any(r => r.Record == policy.Record));
        Assert.Equal(matching.Any(r => r.RecordInput == true), policy.RecordInput);
    });

    [Fact]
    public void Settings_OfAllThatMatch_AreThoseOfTheLowestThatSaysSomething() => Gen.Select(GenRules, GenLabels, GenRoles).Sample((rules, labels, roles) =>
    {
        var policy = TerminalRules.Resolve(rules, labels, roles);
        var matching = rules.Where(r => r.Matches(labels, roles)).ToArray();
        Assert.Equal(Lowest(matching, r => r.User), policy.User);
        Assert.Equal(Lowest(matching, r => r.Shell), policy.Shell);
        Assert.Equal(Lowest(matching, r => r.WorkingDirectory), policy.WorkingDirectory);
        Assert.Equal(Lowest(matching, r => r.IdleSeconds) ?? TerminalLimits.DefaultIdleSeconds, policy.IdleSeconds);
        Assert.Equal(Lowest(matching, r => r.ChoiceAllowed) ?? true, policy.ChoiceAllowed);
        Assert.Equal(matching.SelectMany(r => r.Environment?.Keys ?? []).Distinct().Order(), policy.Environment.Keys.Order());
        Assert.All(policy.Environment, v => Assert.Equal(Lowest(matching, r => r.Environment?.GetValueOrDefault(v.Key)), v.Value));
    });

    // As a person would look for it: no rule that says something stands before this one.
    private static T? Lowest<T>(TerminalRule[] rules, Func<TerminalRule, T?> setting) => rules.Where(r => setting(r) is not null)
        .Where(r => !rules.Any(o => setting(o) is not null && (o.Order < r.Order || (o.Order == r.Order && string.CompareOrdinal(o.Name, r.Name) < 0))))
        .Select(setting).SingleOrDefault();

    private static bool? ToBool(int value) => value < 0 ? null : value == 1;

    private static void AssertSame(EffectiveTerminalPolicy expected, EffectiveTerminalPolicy actual)
    {
        Assert.Equal(expected with { Environment = new Dictionary<string, string>() }, actual with { Environment = expected.Environment }, Comparer);
        Assert.Equal(expected.Environment.OrderBy(v => v.Key), actual.Environment.OrderBy(v => v.Key));
    }

    private static readonly EqualityComparer<EffectiveTerminalPolicy> Comparer =
        EqualityComparer<EffectiveTerminalPolicy>.Create((a, b) => a! with { Environment = b!.Environment } == b);
}
