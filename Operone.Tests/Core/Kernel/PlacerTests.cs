using CsCheck;
using Operone.Core;
using Operone.Core.Devices;
using Operone.Core.Kernel.Placement;
using Operone.Core.Shell;
using Xunit;

namespace Operone.Tests.Core.Kernel;

public sealed class PlacerTests
{
    private const long Mib = 1024 * 1024;

    private static readonly Gen<Resources> AnyNeeds =
        Gen.Select(Gen.Long[0, 4000], Gen.Long[0, 4096], Gen.Long[0, 8192]).Select((cpu, memory, disk) => new Resources(cpu, memory * Mib, disk * Mib));

    private static readonly Gen<PlacementCandidate> AnyDevice =
        Gen.Select(
            Gen.Select(Gen.Int[0, 3], Gen.Int[0, 2], Gen.Bool).Select((zone, role, hasZone) => (Zone: zone, Role: role, HasZone: hasZone)),
            Gen.Select(Gen.Long[1, 8], Gen.Long[1, 16], Gen.Long[1, 16]),
            Gen.Select(Gen.Int[0, 100], Gen.Int[0, 30]),
            Gen.Select(Gen.Int[0, 9], Gen.Int[0, 9], Gen.Int[0, 5], Gen.Int[0, 2]),
            Gen.Int[0, 1000])
        .Select((labels, size, taken, state, name) =>
        {
            var capacity = new Resources(size.Item1 * 1000, size.Item2 * 512 * Mib, size.Item3 * 1024 * Mib);
            var all = new Dictionary<string, string> { ["role"] = $"r{labels.Role}" };
            if (labels.HasZone)
            {
                all["zone"] = $"z{labels.Zone}";
            }

            return new PlacementCandidate(Guid.NewGuid(), $"d{name:0000}", all)
            {
                Capacity = state.Item4 == 0 && name % 17 == 0 ? null : capacity,
                Reserved = Part(capacity, taken.Item1),
                OwnReserve = Part(capacity, taken.Item2),
                IsOnline = state.Item1 > 0,
                Intake = state.Item2 switch { 0 => DeviceIntake.Cordoned, 1 => DeviceIntake.Draining, _ => DeviceIntake.Open },
                Failures = state.Item3 - 2 > 0 ? state.Item3 - 2 : 0,
                Load = name / 1000.0,
                Copies = state.Item4 == 2 ? 1 : 0,
            };
        });

    private static readonly Gen<PlacementRequest> AnyRequest =
        Gen.Select(AnyNeeds, Gen.Int[0, 8], Gen.Int[0, 3], Gen.Bool, Gen.Int[1, 3], Gen.Bool).Select((needs, count, role, spread, perDevice, pack) => new PlacementRequest
        {
            Needs = needs,
            Count = count == 0 ? null : count,
            Required = role == 3 ? Selector.Everything : Selector.Parse($"role=r{role}").Value,
            Preferred = [Selector.Parse("zone=z1").Value],
            SpreadOver = spread ? "zone" : null,
            PerDevice = perDevice,
            Strategy = pack ? PlacementStrategy.Pack : PlacementStrategy.Spread,
        });

    [Fact]
    public void Place_AnyRequest_NeverOvercommits_AndKeepsToWhatIsAsked() =>
        Gen.Select(AnyRequest, AnyDevice.List[0, 40]).Sample((request, devices) =>
        {
            var answer = Placer.Place(request, devices);
            Assert.Equal(devices.Count, answer.Verdicts.Count);
            if (!answer.IsPlaced)
            {
                Assert.Empty(answer.Chosen);
                Assert.DoesNotContain(answer.Verdicts, v => v.IsChosen);
                Assert.NotEmpty(answer.Problem!);
                return;
            }

            Assert.Equal(request.Count ?? answer.Chosen.Count, answer.Chosen.Count);
            foreach (var taken in answer.Chosen.GroupBy(d => d.Id))
            {
                var (device, copies) = (taken.First(), taken.Count());
                Assert.True(device.IsOnline && device.Intake == DeviceIntake.Open && request.Required.Matches(device.Labels));
                Assert.True(device.Copies + copies <= request.PerDevice);
                Assert.True(request.SpreadOver is null || device.Labels.ContainsKey(request.SpreadOver));
                if (!request.Needs.IsNone)
                {
                    var all = new Resources(request.Needs.CpuMillis * copies, request.Needs.MemoryBytes * copies, request.Needs.DiskBytes * copies);
                    Assert.True(all.FitsIn(device.Free), $"{all} in {device.Free}");
                }
            }
        });

    [Fact]
    public void Place_InWhicheverOrderTheDevicesAreGiven_ChoosesTheSame() =>
        Gen.Select(AnyRequest, AnyDevice.List[0, 40], Gen.Int).Sample((request, devices, seed) =>
        {
            var shuffled = devices.OrderBy(d => HashCode.Combine(d.Id, seed)).ToList();
            var (one, other) = (Placer.Place(request, devices), Placer.Place(request, shuffled));
            Assert.Equal(one.Problem, other.Problem);
            Assert.Equal(one.Chosen.Select(d => d.Id), other.Chosen.Select(d => d.Id));
            Assert.Equal(one.Verdicts.Select(v => (v.Device.Id, v.Text)), other.Verdicts.Select(v => (v.Device.Id, v.Text)));
        });

    [Fact]
    public void Place_SpreadOverALabel_IsEvenWhereThereIsRoom() =>
        Gen.Select(Gen.Int[1, 30], AnyDevice.List[0, 60], AnyNeeds).Sample((count, devices, needs) =>
        {
            var request = new PlacementRequest { Needs = needs, Count = count, SpreadOver = "zone" };
            devices = devices.ConvertAll(d => d with { Copies = 0 });
            var answer = Placer.Place(request, devices);
            if (!answer.IsPlaced)
            {
                return;
            }

            // A value that got fewer by more than one has no device left.
            var counts = answer.Chosen.CountBy(d => d.Labels["zone"]).ToDictionary();
            var most = counts.Values.Max();
            foreach (var spare in answer.Verdicts.Where(v => v.Kind == PlacementVerdictKind.SpreadEnough))
            {
                Assert.True(most - counts.GetValueOrDefault(spare.Device.Labels["zone"]) <= 1);
            }
        });

    [Fact]
    public void PlaceAll_OfAnySizes_IsNoWorseThanFirstFitDecreasing() =>
        Gen.Select(AnyNeeds.Where(n => !n.IsNone).List[1, 25], AnyDevice.List[1, 25]).Sample((sizes, devices) =>
        {
            devices = [.. devices.Select(d => d with { IsOnline = true, Intake = DeviceIntake.Open, Copies = 0, Capacity = d.Capacity ?? new(4000, 4096 * Mib, 8192 * Mib) })];
            var requests = sizes.ConvertAll(n => new PlacementRequest { Needs = n, Strategy = PlacementStrategy.Pack });
            var answers = Packing.PlaceAll(requests, devices);
            var used = new Dictionary<Guid, Resources>();
            for (var i = 0; i < answers.Count; i++)
            {
                foreach (var device in answers[i].Chosen)
                {
                    used[device.Id] = used.GetValueOrDefault(device.Id, Resources.None).Add(requests[i].Needs);
                }
            }

            Assert.All(used, u => Assert.True(u.Value.FitsIn(devices.Single(d => d.Id == u.Key).Free)));
            var (placed, inUse) = FirstFitDecreasing(requests, devices);
            var ours = answers.Count(a => a.IsPlaced);
            Assert.True(ours >= placed, $"{ours} placed, {placed} by first fit");
            if (ours == placed)
            {
                var mine = devices.Count(d => !d.Reserved.IsNone || used.ContainsKey(d.Id));
                Assert.True(mine <= inUse, $"{mine} devices in use, {inUse} by first fit");
            }
        });

    [Fact]
    public void Place_OneOfThree_TakesTheLeastLoadedByReservationsAndTelemetry_AndThenByName()
    {
        var (a, b, c) = (Device("a"), Device("b"), Device("c"));
        Assert.Equal("a", Chosen(a, b, c));
        Assert.Equal("b", Chosen(a with { Load = 0.4 }, b, c));
        Assert.Equal("c", Chosen(a with { Load = 0.4 }, b with { Reserved = new(2000) }, c));
        Assert.Equal("a", Chosen(a with { Load = 0.4 }, b with { Reserved = new(2000) }, c with { Failures = 3 }));

        static string Chosen(params PlacementCandidate[] devices) => Placer.Place(new() { Needs = new(1000) }, devices).Chosen.Single().Name;
    }

    [Fact]
    public void Place_WithPreferences_TakesTheOneThatMeetsMore_HoweverLoaded()
    {
        var fast = Device("busy", ("disk", "ssd"), ("net", "fast")) with { Load = 0.9 };
        var answer = Placer.Place(new() { Preferred = [Selector.Parse("disk=ssd").Value, Selector.Parse("net=fast").Value] }, [Device("idle", ("disk", "ssd")), fast]);
        Assert.Equal("busy", answer.Chosen.Single().Name);
    }

    [Fact]
    public void Place_ThatPacks_TakesTheFullestThatHasRoom()
    {
        PlacementCandidate[] devices = [Device("empty"), Device("half") with { Reserved = new(2000) }, Device("full") with { Reserved = new(3500) }];
        var answer = Placer.Place(new() { Needs = new(1000), Strategy = PlacementStrategy.Pack }, devices);
        Assert.Equal("half", answer.Chosen.Single().Name);
    }

    [Fact]
    public void Place_WithoutRoom_SaysDeviceByDeviceWhyNot()
    {
        var excluded = Device("excluded");
        PlacementCandidate[] devices =
        [
            Device("cpu") with { Reserved = new(3900) }, Device("memory") with { OwnReserve = new(0, 4000 * Mib) }, Device("offline") with { IsOnline = false },
            Device("cordoned") with { Intake = DeviceIntake.Cordoned }, Device("other", ("role", "db")), excluded, Device("new") with { Capacity = null },
            Device("room"),
        ];
        var answer = Placer.Place(
            new() { Needs = new(500, 1024 * Mib), Count = 2, Required = Selector.Parse("role!=db").Value, Excluded = new HashSet<Guid> { excluded.Id } }, devices);
        Assert.Equal(
            ["cordoned: is cordoned", "cpu: needs 0.5 CPU; 0.1 of 4 free", "excluded: is excluded", "memory: needs 1 GiB memory; 96 MiB of 4 GiB free",
                "new: has not told yet what it has", "offline: is not connected", "other: its labels do not match role!=db", "room: has room; there is not room enough for all"],
            answer.Verdicts.Select(v => $"{v.Device.Name}: {v.Text}"));
        Assert.StartsWith("There is room for 1 of 2: 1 excluded, 1 cordoned or draining, 1 not connected", answer.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Place_OnAll_NeedsRoomOnEachThatIsMeant_AndPassesByTheCordoned()
    {
        var request = new PlacementRequest { Needs = new(1000), Count = null };
        PlacementCandidate[] devices = [Device("a"), Device("b"), Device("c") with { Intake = DeviceIntake.Cordoned }];
        Assert.Equal(["a", "b"], Placer.Place(request, devices).Chosen.Select(d => d.Name));
        var answer = Placer.Place(request, [.. devices, Device("d") with { IsOnline = false }]);
        Assert.Equal("Not every device has room: 1 cordoned or draining, 1 not connected.", answer.Problem);
        Assert.Contains("no device is meant", Placer.Place(request, []).Problem, StringComparison.Ordinal);
    }

    private static (int Placed, int InUse) FirstFitDecreasing(List<PlacementRequest> requests, List<PlacementCandidate> devices)
    {
        var bins = devices.OrderBy(d => d.Name, StringComparer.Ordinal).ThenBy(d => d.Id).Select(d => (d.Free, IsUsed: !d.Reserved.IsNone)).ToArray();
        var placed = 0;
        foreach (var index in Packing.Decreasing(requests, devices))
        {
            var at = Array.FindIndex(bins, b => requests[index].Needs.FitsIn(b.Free));
            if (at >= 0)
            {
                bins[at] = (bins[at].Free.Less(requests[index].Needs), true);
                placed++;
            }
        }

        return (placed, bins.Count(b => b.IsUsed));
    }

    private static Resources Part(Resources all, int percent) => new(all.CpuMillis * percent / 100, all.MemoryBytes * percent / 100, all.DiskBytes * percent / 100);

    private static PlacementCandidate Device(string name, params (string Key, string Value)[] labels) =>
        new(Guid.NewGuid(), name, labels.ToDictionary(l => l.Key, l => l.Value)) { Capacity = new(4000, 4096 * Mib, 8192 * Mib) };
}
