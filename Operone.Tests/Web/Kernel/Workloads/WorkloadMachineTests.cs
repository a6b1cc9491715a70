using CsCheck;
using Operone.Core.Kernel.Workloads;
using Operone.Core.Shell;
using Operone.Web.Kernel.Workloads;
using Xunit;

namespace Operone.Tests.Web.Kernel.Workloads;

/// <summary>The machine by itself, whatever happens to devices and executions: never more at a time than there may be, and in the end as many as there are to be.</summary>
public sealed class WorkloadMachineTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static readonly Gen<(int Count, int Devices, int Batch, bool HasAway, int Seed)> Cases =
        Gen.Select(Gen.Int[1, 6], Gen.Int[1, 8], Gen.Int[1, 3], Gen.Bool, Gen.Int).Select(c => (c.Item1, c.Item2, c.Item3, c.Item4, c.Item5));

    [Fact]
    public void Step_WhateverHappens_IsNeverMoreThanItMayBeAndComesToRest() =>
        Cases.Sample(c => new World(c.Count, c.Devices, c.Batch, c.HasAway, new Random(c.Seed)).Play(), iter: 200);

    [Fact]
    public void Step_VersionThatIsNeverWell_BringsBackTheOneBefore() => Gen.Select(Gen.Int[1, 6], Gen.Int[1, 3], Gen.Int[0, 3]).Sample((count, batch, how) =>
    {
        var world = new World(count, count, batch, hasAway: false, new Random(1));
        world.Settle();
        world.Update(2, how);
        world.Settle();
        Assert.Equal((1, 1, WorkloadPhase.Steady), (world.Workload.Version, world.Workload.Work, world.Workload.Phase));
        Assert.NotNull(world.Problem);
        Assert.All(world.Live, i => Assert.Equal((1, InstanceStatus.Running), (i.Version, i.Status)));
        Assert.Equal(count, world.Live.Count);

        // one batch of it at the most was tried, and the others were never touched
        Assert.InRange(world.StartedOf[2], 1, batch + (how == 0 ? 1 : 0));
    }, iter: 100);

    [Fact]
    public void Step_DeviceAway_IsGivenUpNotBeforeItsHostHasEndedIt()
    {
        var world = new World(1, 2, 1, hasAway: true, new Random(1));
        world.Settle();
        var from = world.Live.Single().DeviceId!.Value;
        var left = world.Now;
        world.Offline.Add(from);
        while (world.Live.Single(i => i.Status != InstanceStatus.Stopping).DeviceId is not { } on || on == from)
        {
            world.Turn(TimeSpan.FromSeconds(1));
            Assert.True(world.Now < left.AddMinutes(5));
        }

        // away 60s, 10s to end, until both know that the connection is lost, and to be sure
        var least = 70 + (WorkloadMachine.Silence + WorkloadMachine.Margin).TotalSeconds;
        Assert.InRange((world.Now - left).TotalSeconds, least, least + 7);
    }

    [Fact]
    public void Step_DeviceAwayInUpdate_DoesNotHoldUpTheOthers()
    {
        var world = new World(3, 3, 1, hasAway: false, new Random(1));
        world.Settle();
        world.Offline.Add(world.Live[0].DeviceId!.Value);
        world.Turn(TimeSpan.FromSeconds(1));
        world.Update(2, isBad: false);
        world.Settle();
        Assert.Null(world.Problem);
        Assert.Equal((2, WorkloadPhase.Steady), (world.Workload.Version, world.Workload.Phase));
        Assert.Equal([1, 2, 2], world.Live.Select(i => i.Work).Order());
        world.Offline.Clear();
        world.Settle();
        Assert.All(world.Live, i => Assert.Equal(2, i.Work));
    }

    [Theory]
    [InlineData(ExecutionStatus.Failed, "Ended by the device itself: nothing was heard of the server for 60 seconds.", 1)]
    [InlineData(ExecutionStatus.TimedOut, "timed out", 0)]
    [InlineData(ExecutionStatus.Failed, "at once", 0)]
    [InlineData(ExecutionStatus.Failed, "exit code 1", 0)]
    public void Step_EndedWithoutRestart_IsCompletedUnlessTheDeviceEndedIt(ExecutionStatus status, string reason, int waiting)
    {
        var world = new World(1, 1, 1, hasAway: true, new Random(1));
        world.Workload.Definition = world.Workload.Definition with { Restart = new() { Mode = RestartMode.Never } };
        world.Settle();
        world.Live.Single().HealthySince = reason == "at once" ? null : world.Live.Single().HealthySince;
        var machine = new WorkloadMachine(
            world.Workload, world.Live, new Dictionary<Guid, InstanceExecution> { [world.Live.Single().ExecutionId!.Value] = new(status, reason, null, null) },
            _ => new WorkloadDevice(true, false, true), [], null, world.Now);
        machine.Step();
        Assert.Equal(waiting, machine.Live.Count(i => i.Status == InstanceStatus.Waiting));
        Assert.Equal(1 - waiting, machine.Live.Count(i => i.Status == InstanceStatus.Completed));
    }

    [Fact]
    public void Step_VersionThatFailsAndIsNotStartedAgain_BringsBackTheOneBefore()
    {
        var world = new World(3, 3, 1, hasAway: false, new Random(1));
        world.Workload.Definition = world.Workload.Definition with { Restart = new() { Mode = RestartMode.Never } };
        world.Settle();
        world.Update(2, how: 1);
        world.Settle();
        Assert.Equal((1, WorkloadPhase.Steady), (world.Workload.Version, world.Workload.Phase));
        Assert.Contains("exit 1", world.Problem, StringComparison.Ordinal);
        Assert.All(world.Live, i => Assert.Equal((1, InstanceStatus.Running), (i.Work, i.Status)));
        Assert.Equal(1, world.StartedOf[2]);
    }

    [Fact]
    public void Step_DeviceAtANodeThatIsNotHeardOf_IsNotGivenUpWhileThatNodeStoresThatItIsThere()
    {
        var world = new World(1, 1, 1, hasAway: true, new Random(1));
        world.Settle();
        world.Workload.Definition = world.Workload.Definition with { Away = "10s" };
        var instance = world.Live.Single();
        instance.LeaseSeconds = 10;
        var (from, unseen) = (world.Now, TimeSpan.FromSeconds(90));
        for (var now = from; now < from.AddMinutes(10); now += TimeSpan.FromSeconds(1))
        {
            // once a minute the other node stores it; after five it does no more
            var seen = from.AddMinutes(Math.Min(5, Math.Floor((now - from).TotalMinutes)));
            var machine = new WorkloadMachine(
                world.Workload, [instance], new Dictionary<Guid, InstanceExecution> { [instance.ExecutionId!.Value] = new(ExecutionStatus.Running, null, null, null) },
                _ => new WorkloadDevice(false, false, true, seen), [], null, now, unseen);
            machine.Step();
            Assert.Equal(now >= from.AddMinutes(5) + unseen + WorkloadMachine.Margin, instance.Status == InstanceStatus.Ended);
            if (instance.Status == InstanceStatus.Ended)
            {
                return;
            }
        }

        Assert.Fail("it was never given up");
    }

    /// <summary>Devices, executions and time, in place of the real ones. A host on a lease ends what it has when the device was away for that long.</summary>
    private sealed class World
    {
        private readonly Random _random;
        private readonly int _batch;
        private readonly List<Guid> _devices;
        private readonly HashSet<Guid> _shut = [];
        private readonly HashSet<Guid> _cancelled = [];
        private readonly Dictionary<Guid, (InstanceExecution State, Guid Device)> _executions = [];
        private readonly Dictionary<Guid, DateTimeOffset> _awaySince = [];
        private readonly Dictionary<int, WorkloadVersion> _versions = [];
        private int _bad;
        private int _how;

        public World(int count, int devices, int batch, bool hasAway, Random random)
        {
            (_random, _batch) = (random, batch);
            _devices = [.. Enumerable.Range(0, devices).Select(_ => Guid.NewGuid())];
            Workload = new()
            {
                Id = Guid.NewGuid(),
                Name = "w",
                NormalizedName = "W",
                Newest = 1,
                Version = 1,
                Work = 1,
                LastWork = 1,
                Count = count,
                IsStarted = true,
                RunsAs = "me",
                CreatedAt = Start,
                CreatedBy = "me",
                UpdatedAt = Start,
                UpdatedBy = "me",
                Definition = new() { Name = "w", Command = "1", Target = new(All: true), Count = count, Away = hasAway ? "60s" : null, Update = new() { Batch = batch, Healthy = "5s", Deadline = "60s" } },
            };
            Note();
        }

        public Workload Workload { get; }

        public DateTimeOffset Now { get; private set; } = Start;

        public List<WorkloadInstance> Live { get; private set; } = [];

        public HashSet<Guid> Offline { get; } = [];

        public Dictionary<int, int> StartedOf { get; } = [];

        public string? Problem { get; private set; }

        public void Play()
        {
            for (var turn = 0; turn < 60; turn++)
            {
                Happen();
                Turn(TimeSpan.FromSeconds(_random.Next(1, 20)));
            }

            // everything is well from now on
            foreach (var device in _devices)
            {
                Return(device);
            }

            _shut.Clear();
            Live.ForEach(i => i.IsMoved = false);
            _bad = 0;
            foreach (var (id, (state, device)) in _executions.ToArray())
            {
                _executions[id] = (state with { Supervision = new(1, SupervisedPhase.Running, HealthState.Healthy, Now) }, device);
            }

            Settle();
            var may = Math.Min(Workload.Count!.Value, _devices.Count);
            Assert.Equal(may, Live.Count(i => i.Status == InstanceStatus.Running));
            Assert.True(Workload.Count.Value == Live.Count, $"{Workload.Count} " + string.Join("; ", Live.Select(i => $"{i.Status} {i.Reason} {i.Leaves} {i.IsMoved} {i.NotBefore - Now}")));
            Assert.True(Live.TrueForAll(i => i.Work == Workload.Work), $"{Workload.Phase} v{Workload.Version} w{Workload.Work} from {Workload.FromVersion} short {Workload.Floor} {Workload.Reason} "
                + string.Join("; ", Live.Select(i => $"{i.Status} w{i.Work} {i.Reason} {i.Leaves} {i.AwaySince} {Now - i.HealthySince} {Now - i.Since} {_executions.GetValueOrDefault(i.ExecutionId ?? Guid.Empty).State}")));
            Assert.Equal(WorkloadPhase.Steady, Workload.Phase);
        }

        public void Update(int work, int how = 0, bool isBad = true)
        {
            (Workload.FromVersion, Workload.Phase) = (Workload.Phase == WorkloadPhase.Updating ? Workload.FromVersion : Workload.Version, WorkloadPhase.Updating);
            Workload.Floor = Live.Count(i => i.Status == InstanceStatus.Running);
            (Workload.Version, Workload.Work, Workload.LastWork, Workload.Newest) = (work, work, work, work);
            Workload.Definition = Workload.Definition with { Command = $"{work}" };
            (_bad, _how) = (isBad ? work : 0, how);
            Note();
        }

        public void Settle()
        {
            for (var turn = 0; turn < 500; turn++)
            {
                Turn(TimeSpan.FromSeconds(1));
            }
        }

        public void Turn(TimeSpan time)
        {
            Now += time;
            foreach (var id in Offline)
            {
                _awaySince.TryAdd(id, Now - time);
            }

            var machine = Machine();
            machine.Step();
            Live = [.. machine.Live];

            Problem = machine.RolledBack?.Problem ?? Problem;

            // asked again without news it soon has nothing to say: what one step stops or adds, the next may answer, device by device
            for (var n = 0; n < 3 || (n < 12 && machine.Added.Count + machine.Cancelling.Count > 0); n++)
            {
                Cancel(machine);
                machine = Machine();
                machine.Step();
                Problem = machine.RolledBack?.Problem ?? Problem;
                Live = [.. machine.Live];
            }

            Assert.Empty(machine.Added);
            Assert.Empty(machine.Cancelling);
            foreach (var id in _cancelled)
            {
                End(id, ExecutionStatus.Cancelled);
            }

            foreach (var instance in machine.Placeable().ToArray())
            {
                var taken = machine.Live.Where(i => i.Status is InstanceStatus.Running or InstanceStatus.Stopping).Select(i => i.DeviceId!.Value).ToHashSet();
                var free = _devices.Where(d => !Offline.Contains(d) && !_shut.Contains(d) && !taken.Contains(d) && (instance.Wish is null || instance.Wish == d)
                    && (instance.Replaces is null || instance.Avoid != d)).ToArray();
                if (free.Length == 0)
                {
                    WorkloadMachine.Wait(instance, "no room");
                    continue;
                }

                var (device, execution) = (free[_random.Next(free.Length)], Guid.NewGuid());
                var isBad = instance.Work == _bad;
                _executions[execution] = (new(ExecutionStatus.Running, null, null, isBad ? Bad() : new(1, SupervisedPhase.Running, HealthState.Healthy, Now)), device);
                if (isBad && _how == 1)
                {
                    _executions[execution] = (new(ExecutionStatus.Failed, "exit 1", 1, null), device);
                }

                machine.Place(instance, device, "d", Guid.NewGuid(), execution);
                StartedOf[instance.Work] = StartedOf.GetValueOrDefault(instance.Work) + 1;
            }

            Live = [.. machine.Live];
            Check();
        }

        private void Cancel(WorkloadMachine machine) => _cancelled.UnionWith(machine.Cancelling.Select(i => i.ExecutionId!.Value));

        private SupervisionState Bad() => _how switch
        {
            2 => new(5, SupervisedPhase.Waiting, HealthState.Unknown, Now, LastReason: "crashes"),
            3 => new(1, SupervisedPhase.Running, HealthState.Unknown, Now),
            _ => new(1, SupervisedPhase.Running, HealthState.Unhealthy, Now, LastReason: "500"),
        };

        /// <summary>Nothing runs more often than it may, on the devices themselves too.</summary>
        private void Check()
        {
            var busy = Live.Where(i => i.Status is InstanceStatus.Running or InstanceStatus.Stopping).ToArray();
            var may = Workload.Count!.Value + (Workload.Count > 1 ? busy.Count(i => i.Leaves) : 0);
            Assert.True(busy.Length <= Math.Max(may, _most), $"{busy.Length} of {may}");
            _most = Math.Max(may, busy.Length);
            Assert.Equal(busy.Length, busy.Select(i => i.DeviceId).Distinct().Count());
            var really = _executions.Values.Count(e => !e.State.Status.IsEnd()
                && !(Workload.Definition.Away is not null && _awaySince.TryGetValue(e.Device, out var since) && IsOver(since)));
            Assert.True(Workload.Count > 1 || really <= Math.Max(1, _really), $"{really} really run");
            _really = really;
            Assert.Equal(Live.Count, Live.Select(i => i.Id).Distinct().Count());
        }

        // what was asked to end may take a while: until it has, there may be more than are wanted by now
        private int _most;
        private int _really;

        private void Happen()
        {
            var device = _devices[_random.Next(_devices.Count)];
            switch (_random.Next(9))
            {
                case 0:
                    Offline.Add(device);
                    break;
                case 1 or 2:
                    Return(device);
                    break;
                case 3:
                    _shut.Add(device);
                    break;
                case 4:
                    _shut.Remove(device);
                    break;
                case 5 when _executions.Where(e => !e.Value.State.Status.IsEnd() && !Offline.Contains(e.Value.Device)).Select(e => e.Key).FirstOrDefault() is var id && id != Guid.Empty:
                    End(id, ExecutionStatus.Lost);
                    break;
                case 6:
                    Workload.Count = _random.Next(1, 7);
                    break;
                case 7:
                    Update(Workload.Newest + 1, _random.Next(4), _random.Next(2) == 0);
                    break;
                case 8 when Live.Find(i => i.Status == InstanceStatus.Running) is { } moved:
                    moved.IsMoved = true;
                    break;
            }
        }

        /// <summary>A device is back: it tells what its host has ended, and is told what was to end.</summary>
        private void Return(Guid device)
        {
            Offline.Remove(device);
            var isOver = _awaySince.Remove(device, out var since) && Workload.Definition.Away is not null && IsOver(since);
            foreach (var id in _executions.Where(e => e.Value.Device == device && (isOver || _cancelled.Contains(e.Key))).Select(e => e.Key).ToArray())
            {
                End(id, isOver ? ExecutionStatus.Failed : ExecutionStatus.Cancelled);
            }
        }

        private bool IsOver(DateTimeOffset since) => Now - since >= TimeSpan.FromSeconds(70) + WorkloadMachine.Silence;

        private void End(Guid id, ExecutionStatus status)
        {
            var (state, device) = _executions[id];
            if (!state.Status.IsEnd() && !Offline.Contains(device))
            {
                _executions[id] = (state with { Status = status, Reason = "ended" }, device);
            }
        }

        private void Note() => _versions[Workload.Version] = new()
        {
            WorkloadId = Workload.Id,
            Number = Workload.Version,
            Work = Workload.Work,
            Definition = Workload.Definition,
            CreatedAt = Now,
            CreatedBy = "me",
        };

        private WorkloadMachine Machine() => new(
            Workload, Live, _executions.ToDictionary(e => e.Key, e => e.Value.State), id => new WorkloadDevice(!Offline.Contains(id), _shut.Contains(id), true), [],
            Workload.FromVersion is { } from ? _versions[from] : null, Now);
    }
}
