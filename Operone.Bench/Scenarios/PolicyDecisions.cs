using System.Diagnostics;
using System.Globalization;
using Operone.Core;
using Operone.Core.Access;

namespace Operone.Bench.Scenarios;

/// <summary>Policy with a thousand grants: what every row of every list asks.</summary>
internal static class PolicyDecisions
{
    private const int Grants = 1000;
    private const int Devices = 5000;
    private static readonly DateTimeOffset _now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static Task<IReadOnlyList<Row>> MeasureAsync(BenchContext context) => Task.Run<IReadOnlyList<Row>>(
        () =>
        {
            var grants = MakeGrants();
            var devices = MakeDevices();
            var subject = new Subject(grants);
            var token = new Subject([new(Guid.NewGuid(), GrantEffect.Allow, PermissionSet.All, Selector.Everything)], subject);
            var allowed = devices.Where(d => Policy.Decide(subject, Permissions.RunsCreate, d, _now).Allowed).ToArray();
            if (!devices.All(d => Policy.Decide(subject, Permissions.RunsCreate, d, _now).Allowed == Plain(grants, d)))
            {
                throw new InvalidOperationException("The plain loop decides otherwise.");
            }

            var all = Measure(devices, d => Policy.Decide(subject, Permissions.RunsCreate, d, _now).Allowed);
            var byToken = Measure(devices, d => Policy.Decide(token, Permissions.RunsCreate, d, _now).Allowed);
            var plain = Measure(devices, d => Plain(grants, d));
            var yes = Measure(allowed, d => Policy.Decide(subject, Permissions.RunsCreate, d, _now).Allowed);
            return
            [
                new(Text($"policy decisions with {Grants:N0} grants, {grants.Count(g => g.Effect == GrantEffect.Deny)} of them deny, over the labels of {Devices:N0} devices ({100.0 * allowed.Length / Devices:0} % allowed)"),
                    Rate(all.Rate), "> 1 million a second", all.Rate > 1e6, $"a plain loop over all grants: {Rate(plain.Rate)}"),
                new("the same for a token, which is held against its maker too", Rate(byToken.Rate), "", null, ""),
                new("memory allocated by a decision that allows", Text($"{yes.Bytes:0.##} bytes ({Rate(yes.Rate)})"), "0 bytes", yes.Bytes == 0, ""),
            ];
        },
        context.Cancellation);

    private static (double Rate, double Bytes) Measure(Dictionary<string, string>[] devices, Func<Dictionary<string, string>, bool> decide)
    {
        var count = 0L;
        // The first second is for the compiler.
        Run(TimeSpan.FromSeconds(1), devices, decide, ref count);
        count = 0;
        var bytes = GC.GetAllocatedBytesForCurrentThread();
        var took = Run(TimeSpan.FromSeconds(2), devices, decide, ref count);
        return (count / took.TotalSeconds, (GC.GetAllocatedBytesForCurrentThread() - bytes) / (double)count);
    }

    private static TimeSpan Run(TimeSpan atLeast, Dictionary<string, string>[] devices, Func<Dictionary<string, string>, bool> decide, ref long count)
    {
        var began = Stopwatch.GetTimestamp();
        TimeSpan took;
        do
        {
            foreach (var device in devices)
            {
                decide(device);
            }

            count += devices.Length;
            took = Stopwatch.GetElapsedTime(began);
        }
        while (took < atLeast);
        return took;
    }

    private static bool Plain(PolicyGrant[] grants, Dictionary<string, string> labels)
    {
        var allowed = false;
        foreach (var grant in grants)
        {
            if (grant.Permissions.Has(Permissions.RunsCreate) && (grant.Until is not { } until || _now < until) && grant.Selector.Matches(labels))
            {
                if (grant.Effect == GrantEffect.Deny)
                {
                    return false;
                }

                allowed = true;
            }
        }

        return allowed;
    }

    /// <summary>As a large installation may have them: by customer, team and site, some with an end, one in ten deny, a few that name no value.</summary>
    private static PolicyGrant[] MakeGrants() =>
    [
        .. Enumerable.Range(0, Grants).Select(i => new PolicyGrant(
            Guid.NewGuid(), i % 10 == 9 ? GrantEffect.Deny : GrantEffect.Allow, BuiltInRoles.Operator.Permissions,
            Selector.Parse((i % 10, i % 100) switch
            {
                (_, 19) => $"frozen-{i},env!=test",
                (9, _) => $"customer=c{i % 250},role=db,env=prod",
                (_, 50) => $"lab-{i},!retired",
                (0 or 1 or 2, _) => $"customer=c{i % 250},env in (prod,test)",
                (3 or 4 or 5, _) => $"team=t{i % 80},role in (web,worker),!retired",
                (6, _) => $"env=prod,site=s{i % 40},role notin (db)",
                _ => $"site=s{i % 40},rack in (r{i % 20},r{(i + 7) % 20})",
            }).Value,
            i % 4 == 0 ? _now.AddDays(i % 3 == 0 ? -1 : 1) : null)),
    ];

    private static Dictionary<string, string>[] MakeDevices() =>
    [
        .. Enumerable.Range(0, Devices).Select(i => new Dictionary<string, string>
        {
            ["env"] = i % 3 == 0 ? "test" : "prod",
            ["role"] = (i % 5) switch { 0 => "web", 1 => "db", _ => "worker" },
            ["customer"] = $"c{i * 7 % 400}",
            ["team"] = $"t{i * 3 % 160}",
            ["site"] = $"s{i % 90}",
            ["rack"] = $"r{i % 60}",
            [i % 50 == 0 ? "retired" : "active"] = "",
        }),
    ];

    private static string Rate(double rate) => Text($"{rate / 1e6:0.00} million a second");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
