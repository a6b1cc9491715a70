using CsCheck;
using Operone.Core;
using Operone.Core.Access;
using Xunit;

namespace Operone.Tests.Core.Access;

/// <summary>What people are told they may is what policy decides.</summary>
public sealed class HeldPermissionTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private static readonly Gen<string> GenSelector = Gen.Int[0, 6].Select(i => new[] { "", "a=1", "a=2", "b", "!b", "a in (1,2),b", "a notin (1)" }[i]);

    private static readonly Gen<PolicyGrant> GenGrant = Gen.Select(
        GenSelector, Gen.Frequency((3, Gen.Const(GrantEffect.Allow)), (1, Gen.Const(GrantEffect.Deny))), Gen.ULong, Gen.Int[-1, 2].Select(h => h == 2 ? (int?)null : h),
        (selector, effect, bits, hours) => new PolicyGrant(
            Guid.NewGuid(), effect, new PermissionSet(bits).And(PermissionSet.All), Selector.Parse(selector).Value, hours is { } h ? Now.AddHours(h) : null));

    private static readonly Gen<Subject> GenSubject = Gen.Select(GenGrant.Array[0, 5], GenGrant.Array[0, 5], Gen.Bool,
        (mine, makers, isToken) => isToken ? new Subject(mine, new Subject(makers)) : new Subject(mine));

    private static readonly Gen<Dictionary<string, string>> GenLabels = Gen.Select(Gen.Int[0, 3].Select(i => i == 0 ? null : $"{i}"), Gen.Bool, (a, b) =>
    {
        var labels = new Dictionary<string, string>();
        if (a is not null)
        {
            labels["a"] = a;
        }

        if (b)
        {
            labels["b"] = "x";
        }

        return labels;
    });

    [Fact]
    public void WhatIsTold_OnAnyDevice_IsWhatPolicyDecides() => Gen.Select(GenSubject, GenLabels).Sample((subject, labels) =>
    {
        var held = HeldPermission.Of(subject, Now).ToDictionary(h => h.Permission);
        foreach (var permission in Permissions.All.Where(p => Permissions.ScopeOf(p) == PermissionScope.Devices))
        {
            var told = held.GetValueOrDefault(permission) is { } one
                && one.On.Any(o => Selector.Parse(o.Selector).Value.Matches(labels)) && !one.Except.Any(e => Selector.Parse(e.Selector).Value.Matches(labels));
            Assert.Equal(Policy.Decide(subject, permission, labels, Now).Allowed, told);
        }
    });

    [Fact]
    public void WhatIsTold_OfTheInstallation_IsWhatPolicyDecides() => GenSubject.Sample(subject =>
    {
        var held = HeldPermission.Of(subject, Now).Select(h => h.Permission).ToHashSet();
        foreach (var permission in Permissions.All.Where(p => Permissions.ScopeOf(p) == PermissionScope.Installation))
        {
            Assert.Equal(Policy.Decide(subject, permission, null, Now).Allowed, held.Contains(permission));
        }
    });
}
