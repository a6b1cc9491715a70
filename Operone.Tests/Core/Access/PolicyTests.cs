using CsCheck;
using Operone.Core;
using Operone.Core.Access;
using Xunit;
using static Operone.Tests.Core.Access.PolicyModel;

namespace Operone.Tests.Core.Access;

/// <summary>Policy against a slow, obvious model of it: some ten thousand people and tokens each time, made at random.</summary>
public sealed class PolicyTests
{
    private const int Many = 20_000;

    [Fact]
    public void Decide_Anybody_IsWhatTheModelSays() =>
        Gen.Select(Somebody, Gen.OneOf(Names), LabelsOrNone, At).Sample((chain, permission, labels, at) =>
        {
            var (reason, grants) = PolicyModel.Decide(chain, permission, labels, at);
            var decision = Policy.Decide(ToSubject(chain), permission, labels, Time(at));
            Assert.Equal(reason, decision.Reason);
            Assert.Equal(reason == DecisionReason.Granted, decision.Allowed);

            // The grant that is named in the audit trail is one that did it.
            Assert.Equal(grants.Count == 0, decision.Grant is null);
            Assert.True(decision.Grant is not { } grant || grants.Contains(grant));
        }, iter: Many);

    [Fact]
    public void Decide_ByATokenOfSomebody_NeverExceedsThem() =>
        Gen.Select(Somebody, Somebody, Gen.OneOf(Names), LabelsOrNone, At).Sample((token, maker, permission, labels, at) =>
        {
            var within = ToSubject(maker);
            var subject = new Subject(ToSubject(token).Grants, within);
            Assert.True(!Policy.Decide(subject, permission, labels, Time(at)).Allowed || Policy.Decide(within, permission, labels, Time(at)).Allowed);
        }, iter: Many);

    [Fact]
    public void IsHeldAnywhere_Anybody_IsTrueWhereItIsHeldOnSomething() =>
        Gen.Select(Somebody, Gen.OneOf(Names), At).Sample((chain, permission, at) =>
        {
            var held = AllLabels().Append(null!).Any(labels => PolicyModel.Decide(chain, permission, labels, at).Reason == DecisionReason.Granted);
            var may = Policy.IsHeldAnywhere(ToSubject(chain), permission, Time(at));
            Assert.True(may || !held);

            // It is no more generous than the rule says: each of the chain has a grant of it, and nothing that takes it everywhere.
            Assert.Equal(may, chain.All(grants =>
                grants.Any(g => !g.IsDeny && g.Permissions.Contains(permission) && g.IsInForce(at))
                && !grants.Any(g => g.IsDeny && g.Permissions.Contains(permission) && g.IsInForce(at) && g.Requirements.Length == 0)));
        }, iter: Many / 2);

    [Fact]
    public void IsHeldEverywhere_WhereItSaysYes_ItIsHeldOnEverything() =>
        Gen.Select(Somebody, Gen.OneOf(Names), At).Sample((chain, permission, at) =>
        {
            var everywhere = Policy.IsHeldEverywhere(ToSubject(chain), permission, Time(at));
            Assert.True(!everywhere || AllLabels().Append(null!).All(labels => PolicyModel.Decide(chain, permission, labels, at).Allowed()));

            // And it says so at least where each of the chain has it on everything, and nothing takes anything.
            Assert.Equal(everywhere, chain.All(grants =>
                grants.Any(g => !g.IsDeny && g.Permissions.Contains(permission) && g.IsInForce(at) && g.Requirements.Length == 0)
                && !grants.Any(g => g.IsDeny && g.Permissions.Contains(permission) && g.IsInForce(at))));
        }, iter: Many);

    [Fact]
    public void Covers_WhereItSaysYes_AllOfItIsHeldAllTheTime()
    {
        var yes = 0;
        Gen.Select(Somebody, Role, Requirements, Until, At).Sample((chain, role, requirements, until, at) =>
        {
            var selector = ToSelector(requirements);
            if (!Policy.Covers(ToSubject(chain), PermissionSet.Of(role), selector, until is { } end ? Time(end) : null, Time(at)))
            {
                return;
            }

            Interlocked.Increment(ref yes);
            // What is given is held at each moment until then, on each device that the selector matches, and beyond devices where it is everything.
            var last = until ?? 12;
            foreach (var permission in role)
            {
                for (var moment = at; moment < last; moment++)
                {
                    foreach (var labels in AllLabels().Where(selector.Matches))
                    {
                        Assert.True(PolicyModel.Decide(chain, permission, labels, moment).Allowed());
                    }

                    Assert.True(!selector.IsEverything || PolicyModel.Decide(chain, permission, null, moment).Allowed());
                }
            }
        }, iter: Many);
        Assert.True(yes > Many / 50, $"only {yes} of {Many} were covered at all: the test proves little");
    }

    [Fact]
    public void Covers_ExactlyWhatAGrantGives_IsYes() =>
        Gen.Select(Role, Requirements, Until, At).Sample((role, requirements, until, at) =>
        {
            var grant = new ModelGrant(Guid.NewGuid(), false, role, requirements, until);
            if (grant.IsInForce(at))
            {
                Assert.True(Policy.Covers(ToSubject([[grant]]), PermissionSet.Of(role), ToSelector(requirements), until is { } end ? Time(end) : null, Time(at)));
            }
        }, iter: Many / 2);

    [Fact]
    public void SelectorContains_WhereItSaysYes_MatchesAllThatTheOtherDoes()
    {
        var yes = 0;
        var all = AllLabels().ToArray();
        Gen.Select(Requirements, Requirements).Sample((one, other) =>
        {
            var (mine, theirs) = (ToSelector(one), ToSelector(other));
            if (mine.Contains(theirs))
            {
                Interlocked.Increment(ref yes);
                Assert.All(all, labels => Assert.True(!theirs.Matches(labels) || mine.Matches(labels)));
            }

            Assert.True(mine.Contains(mine) && Selector.Everything.Contains(mine));
        }, iter: Many);
        Assert.True(yes > Many / 20);
    }

    [Fact]
    public void PermissionSet_AnyTwo_IsASetOfNames() =>
        Gen.Select(AnyNames(), AnyNames()).Sample((left, right) =>
        {
            var (one, other) = (PermissionSet.Of(left), PermissionSet.Of(right));
            Same(left.Intersect(right), one.And(other));
            Same(left.Union(right), one.Or(other));
            Same(left.Except(right), one.Except(other));
            Assert.Equal(right.All(left.Contains), one.Contains(other));
            Assert.Equal(left.Distinct().Count(), one.Count);
            Assert.Equal(left.Length == 0, one.IsEmpty);
            Assert.All(Permissions.All, name => Assert.Equal(left.Contains(name), one.Has(name)));
            Assert.Equal(one, PermissionSet.Of(one.Names.Append("no.such")));

            static void Same(IEnumerable<string> names, PermissionSet set) =>
                Assert.Equal(Permissions.All.Where(names.ToHashSet().Contains), set.Names);
        }, iter: Many / 2);

    [Fact]
    public void Permissions_TheList_FitsIntoASet()
    {
        Assert.InRange(Permissions.All.Count, 1, 64);
        Assert.Equal(Permissions.All.Count, Permissions.All.Distinct().Count());
        Assert.Equal(Permissions.All, PermissionSet.All.Names);
        Assert.Throws<ArgumentException>(() => PermissionSet.All.Has("no.such"));
    }

    [Fact]
    public void Decide_OnTheWayToYes_AllocatesNothing()
    {
        var subject = new Subject(
            Enumerable.Range(0, 1000).Select(i => new PolicyGrant(
                Guid.NewGuid(), i % 10 == 0 ? GrantEffect.Deny : GrantEffect.Allow, PermissionSet.Of([Permissions.RunsCreate]),
                Selector.Parse($"env=e{i},role in (a,b{i}),!retired").Value)),
            Subject.Everything);
        var labels = new Dictionary<string, string> { ["env"] = "e7", ["role"] = "a" };
        Assert.True(Policy.Decide(subject, Permissions.RunsCreate, labels, Epoch).Allowed);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            Policy.Decide(subject, Permissions.RunsCreate, labels, Epoch);
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    private static Gen<string[]> AnyNames() => Gen.OneOf([.. Permissions.All]).Array[0, 12];
}

internal static class ModelDecision
{
    public static bool Allowed(this (DecisionReason Reason, IReadOnlyList<Guid> Grants) decision) => decision.Reason == DecisionReason.Granted;
}
