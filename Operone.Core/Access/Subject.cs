using System.Numerics;

namespace Operone.Core.Access;

/// <summary>Somebody's grants, sorted so that a decision looks only at those that can matter. It never changes.</summary>
public sealed class Subject
{
    private readonly PolicyGrant[] _grants;
    private readonly Sorted?[] _sorted = new Sorted?[64];

    /// <summary>Makes one.</summary>
    /// <param name="grants">The grants of the person and of their teams, or of a token.</param>
    /// <param name="within">Whom it never exceeds: a token's maker. Null for a person.</param>
    public Subject(IEnumerable<PolicyGrant> grants, Subject? within = null) => (_grants, Within) = ([.. grants], within);

    /// <summary>Somebody without any grant.</summary>
    public static Subject Nobody { get; } = new([]);

    /// <summary>Operone itself.</summary>
    public static Subject Everything { get; } = new([new(Guid.Empty, GrantEffect.Allow, PermissionSet.All, Selector.Everything)]);

    /// <summary>Whom it never exceeds, or null.</summary>
    public Subject? Within { get; }

    /// <summary>All its grants, in no order.</summary>
    public IReadOnlyList<PolicyGrant> Grants => _grants;

    internal Decision Find(int permission, IReadOnlyDictionary<string, string>? labels, DateTimeOffset at)
    {
        var sorted = Of(permission);
        if (sorted.Deny.Find(labels, at) is { } deny)
        {
            return new(DecisionReason.Denied, deny.Id);
        }

        return sorted.Allow.Find(labels, at) is { } allow ? new(DecisionReason.Granted, allow.Id) : new(DecisionReason.NoGrant, null);
    }

    internal bool HasAny(int permission, DateTimeOffset at)
    {
        var sorted = Of(permission);
        return sorted.Deny.Find(null, at) is null && sorted.Allow.Any(at);
    }

    internal bool HasAll(int permission, DateTimeOffset at)
    {
        var sorted = Of(permission);
        return sorted.Allow.Find(null, at) is not null && !sorted.Deny.Any(at);
    }

    internal bool Covers(PermissionSet permissions, Selector selector, DateTimeOffset? until, DateTimeOffset at)
    {
        for (var bits = permissions.Bits; bits != 0; bits &= bits - 1)
        {
            var sorted = Of(BitOperations.TrailingZeroCount(bits));
            if (sorted.Deny.Any(at) || !sorted.Allow.Grants.Any(g => InForce(g, at) && Outlasts(g, until) && g.Selector.Contains(selector)))
            {
                return false;
            }
        }

        return true;

        static bool Outlasts(PolicyGrant grant, DateTimeOffset? until) => grant.Until is null || (until is not null && until <= grant.Until);
    }

    private static bool InForce(PolicyGrant grant, DateTimeOffset at) => grant.Until is not { } until || at < until;

    // Made when first asked for: most people are asked for a few permissions alone. Made twice at the same time, it is the same.
    private Sorted Of(int permission) => Volatile.Read(ref _sorted[permission]) ?? Sort(permission);

    private Sorted Sort(int permission)
    {
        var bit = 1UL << permission;
        var mine = _grants.Where(g => (g.Permissions.Bits & bit) != 0).ToArray();
        var made = new Sorted(
            new GrantIndex([.. mine.Where(g => g.Effect == GrantEffect.Allow)]), new GrantIndex([.. mine.Where(g => g.Effect == GrantEffect.Deny)]));
        Volatile.Write(ref _sorted[permission], made);
        return made;
    }

    private sealed record Sorted(GrantIndex Allow, GrantIndex Deny);

    /// <summary>
    /// Grants by one label that each of them needs, where it needs one: of several the one that the fewest others need too,
    /// so that a device's label leads to few.
    /// </summary>
    private sealed class GrantIndex
    {
        private readonly PolicyGrant[] _everywhere;
        private readonly (string Key, Dictionary<string, PolicyGrant[]> ByValue)[] _byLabel;
        private readonly PolicyGrant[] _others;

        public GrantIndex(PolicyGrant[] grants)
        {
            Grants = grants;
            _everywhere = [.. grants.Where(g => g.Selector.IsEverything)];
            var needs = grants.SelectMany(Needed).SelectMany(r => r.Values.Select(v => (r.Key, v))).CountBy(n => n).ToDictionary();
            var byLabel = new Dictionary<string, Dictionary<string, List<PolicyGrant>>>(StringComparer.Ordinal);
            var others = new List<PolicyGrant>();
            foreach (var grant in grants.Where(g => !g.Selector.IsEverything))
            {
                if (Needed(grant).MinBy(r => r.Values.Max(v => needs[(r.Key, v)])) is not { } needed)
                {
                    others.Add(grant);
                    continue;
                }

                if (!byLabel.TryGetValue(needed.Key, out var values))
                {
                    byLabel[needed.Key] = values = new(StringComparer.Ordinal);
                }

                foreach (var value in needed.Values)
                {
                    if (!values.TryGetValue(value, out var list))
                    {
                        values[value] = list = [];
                    }

                    list.Add(grant);
                }
            }

            _others = [.. others];
            _byLabel = [.. byLabel.Select(l => (l.Key, l.Value.ToDictionary(v => v.Key, v => v.Value.ToArray(), StringComparer.Ordinal)))];

            static IEnumerable<SelectorRequirement> Needed(PolicyGrant grant) => grant.Selector.Requirements.Where(r => r.Operator == SelectorOperator.In);
        }

        public PolicyGrant[] Grants { get; }

        public bool Any(DateTimeOffset at)
        {
            foreach (var grant in Grants)
            {
                if (InForce(grant, at))
                {
                    return true;
                }
            }

            return false;
        }

        public PolicyGrant? Find(IReadOnlyDictionary<string, string>? labels, DateTimeOffset at)
        {
            foreach (var grant in _everywhere)
            {
                if (InForce(grant, at))
                {
                    return grant;
                }
            }

            if (labels is null)
            {
                return null;
            }

            foreach (var (key, byValue) in _byLabel)
            {
                if (labels.TryGetValue(key, out var value) && byValue.TryGetValue(value, out var candidates) && Match(candidates, labels, at) is { } found)
                {
                    return found;
                }
            }

            return Match(_others, labels, at);
        }

        private static PolicyGrant? Match(PolicyGrant[] candidates, IReadOnlyDictionary<string, string> labels, DateTimeOffset at)
        {
            foreach (var grant in candidates)
            {
                if (InForce(grant, at) && grant.Selector.Matches(labels))
                {
                    return grant;
                }
            }

            return null;
        }
    }
}
