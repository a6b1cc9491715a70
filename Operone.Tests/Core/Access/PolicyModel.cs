using CsCheck;
using Operone.Core;
using Operone.Core.Access;

namespace Operone.Tests.Core.Access;

/// <summary>A grant as a person would write it down: with nothing clever in it.</summary>
internal sealed record ModelGrant(Guid Id, bool IsDeny, string[] Permissions, SelectorRequirement[] Requirements, int? Until)
{
    public bool IsInForce(int at) => Until is null || at < Until;

    public bool Matches(Dictionary<string, string>? labels)
    {
        if (labels is null)
        {
            return Requirements.Length == 0;
        }

        foreach (var requirement in Requirements)
        {
            var there = false;
            var equal = false;
            foreach (var (key, value) in labels)
            {
                if (key == requirement.Key)
                {
                    there = true;
                    equal = requirement.Values.Contains(value, StringComparer.Ordinal);
                }
            }

            var holds = requirement.Operator switch
            {
                SelectorOperator.In => there && equal,
                SelectorOperator.NotIn => !there || !equal,
                SelectorOperator.Exists => there,
                _ => !there,
            };
            if (!holds)
            {
                return false;
            }
        }

        return true;
    }
}

/// <summary>
/// Policy as the rules say it, one after the other: slow, and obvious. Somebody is a chain: a token's own grants first,
/// then its maker's, then whom that one never exceeds.
/// </summary>
internal static class PolicyModel
{
    /// <summary>The beginning of the model's time, which counts minutes.</summary>
    public static readonly DateTimeOffset Epoch = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>The permissions that grants of the model are about: of devices and of the installation.</summary>
    public static readonly string[] Names = [Permissions.DevicesRead, Permissions.RunsCreate, Permissions.EventsRead, Permissions.PeopleManage];

    // Few keys and values, so that selectors and labels meet.
    private static readonly Gen<string> Key = Gen.OneOf("env", "role", "team");
    private static readonly Gen<string> Value = Gen.OneOf("a", "b", "c", "");

    private static readonly Gen<SelectorRequirement> Requirement = Gen.Select(Key, Gen.Enum<SelectorOperator>(), Value.Array[1, 3]).Select((key, op, values) =>
        new SelectorRequirement(key, op, op is SelectorOperator.Exists or SelectorOperator.NotExists ? [] : values.Distinct().ToArray()));

    /// <summary>What a selector asks for; often nothing.</summary>
    public static readonly Gen<SelectorRequirement[]> Requirements = Gen.Frequency((1, Gen.Const(Array.Empty<SelectorRequirement>())), (3, Requirement.Array[1, 3]));

    /// <summary>A device's labels.</summary>
    public static readonly Gen<Dictionary<string, string>> SomeLabels =
        Gen.Select(Key, Value).Array[0, 4].Select(pairs => pairs.DistinctBy(p => p.Item1).ToDictionary(p => p.Item1, p => p.Item2));

    /// <summary>A device's labels, or null for what is no device.</summary>
    public static readonly Gen<Dictionary<string, string>?> LabelsOrNone =
        Gen.Frequency<Dictionary<string, string>?>((1, Gen.Const((Dictionary<string, string>?)null)), (5, SomeLabels.Select(l => (Dictionary<string, string>?)l)));

    /// <summary>A moment.</summary>
    public static readonly Gen<int> At = Gen.Int[0, 10];

    /// <summary>A role: a set of permissions.</summary>
    public static readonly Gen<string[]> Role = Gen.OneOf(Names).Array[0, 4].Select(names => names.Distinct().ToArray());

    /// <summary>An end, or none.</summary>
    public static readonly Gen<int?> Until = Gen.Frequency<int?>((2, Gen.Const((int?)null)), (1, At.Select(a => (int?)a)));

    private static readonly Gen<ModelGrant> Grant = Gen.Select(Gen.Guid, Gen.Int[0, 4], Role, Requirements, Until)
        .Select((id, effect, role, requirements, until) => new ModelGrant(id, effect == 0, role, requirements, until));

    /// <summary>Somebody: one list of grants for a person, two for a token, three for one that a token made.</summary>
    public static readonly Gen<ModelGrant[][]> Somebody = Grant.Array[0, 6].Array[1, 3];

    /// <summary>A time of the model as a time.</summary>
    public static DateTimeOffset Time(int at) => Epoch.AddMinutes(at);

    /// <summary>A selector with these requirements.</summary>
    public static Selector ToSelector(SelectorRequirement[] requirements) => Selector.Parse(string.Join(",", requirements.AsEnumerable())).Value;

    /// <summary>The same person or token for the code under test.</summary>
    public static Subject ToSubject(ModelGrant[][] chain) => chain.Reverse().Aggregate((Subject?)null, (within, grants) => new Subject(
        grants.Select(g => new PolicyGrant(
            g.Id, g.IsDeny ? GrantEffect.Deny : GrantEffect.Allow, PermissionSet.Of(g.Permissions), ToSelector(g.Requirements),
            g.Until is { } until ? Time(until) : null)), within))!;

    /// <summary>What the rules say: of each of the chain some grant gives it and none takes it.</summary>
    public static (DecisionReason Reason, IReadOnlyList<Guid> Grants) Decide(ModelGrant[][] chain, string permission, Dictionary<string, string>? labels, int at)
    {
        var given = new List<Guid>();
        foreach (var grants in chain)
        {
            var matching = grants.Where(g => g.Permissions.Contains(permission) && g.IsInForce(at) && g.Matches(labels)).ToArray();
            if (matching.Any(g => g.IsDeny))
            {
                return (DecisionReason.Denied, [.. matching.Where(g => g.IsDeny).Select(g => g.Id)]);
            }

            if (matching.Length == 0)
            {
                return (DecisionReason.NoGrant, []);
            }

            if (grants == chain[0])
            {
                given.AddRange(matching.Select(g => g.Id));
            }
        }

        return (DecisionReason.Granted, given);
    }

    /// <summary>Every set of labels that the generators can make: 5 to the power of 3 (absent, or one of four values).</summary>
    public static IEnumerable<Dictionary<string, string>> AllLabels()
    {
        string?[] values = [null, "a", "b", "c", ""];
        foreach (var env in values)
        {
            foreach (var role in values)
            {
                foreach (var team in values)
                {
                    var labels = new Dictionary<string, string>();
                    foreach (var (key, value) in new[] { ("env", env), ("role", role), ("team", team) })
                    {
                        if (value is not null)
                        {
                            labels[key] = value;
                        }
                    }

                    yield return labels;
                }
            }
        }
    }
}
