using CsCheck;
using Operone.Core.Devices;
using Operone.Core.Kernel.Jobs;
using Operone.Core.Shell;
using Operone.Web.Kernel.Jobs.Runs;
using Xunit;

namespace Operone.Tests.Web.Kernel.Jobs;

/// <summary>The machine by itself, over any rollout, with any outcomes in any order: nothing twice, nothing left out, no more at work than it may be.</summary>
public sealed class JobRunMachineTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static readonly Gen<(int Devices, int Steps, int? Canary, string? Batch, int? AtOnce, string? StopAfter, int? Approval, int Retries, int Seed)> Cases = Gen.Select(
        Gen.Int[1, 12], Gen.Int[1, 4], Gen.OneOf(Gen.Const((int?)null), Gen.Int[1, 3].Select(i => (int?)i)), Gen.OneOf(Gen.Const((string?)null), Gen.Const("3"), Gen.Const("40%")),
        Gen.OneOf(Gen.Const((int?)null), Gen.Int[1, 3].Select(i => (int?)i)), Gen.OneOf(Gen.Const((string?)null), Gen.Const("1"), Gen.Const("2"), Gen.Const("100%")),
        Gen.Select(Gen.OneOf(Gen.Const((int?)null), Gen.Int[0, 3].Select(i => (int?)i)), Gen.Int[0, 2], Gen.Int)).Select(c => (c.Item1, c.Item2, c.Item3, c.Item4, c.Item5, c.Item6, c.Item7.Item1, c.Item7.Item2, c.Item7.Item3));

    [Fact]
    public void Drive_AnyRollout_DoesEachStepInOrderAndEnds() => Cases.Sample(c => Play(c.Devices, Definition(c.Steps, c.Canary, c.Batch, c.AtOnce, c.StopAfter, c.Approval, c.Retries), new Random(c.Seed)), iter: 3000);

    [Fact]
    public void Phases_Approvals_CutTheSteps()
    {
        JobStep command = new() { Command = "x" }, approval = new() { Approval = new() };
        Assert.Equal([(0, 0)], JobRunMachine.PhasesOf(new() { Steps = [command] }));
        Assert.Equal([(0, -1), (1, 2)], JobRunMachine.PhasesOf(new() { Steps = [approval, command, command] }));
        Assert.Equal([(0, 0), (2, 1), (3, 3)], JobRunMachine.PhasesOf(new() { Steps = [command, approval, approval, command] }));
    }

    [Fact]
    public void End_WithADeviceThatIsAwayForLong_EndsWithoutIt()
    {
        var definition = new JobDefinition { Name = "job", Steps = [new() { Command = "x" }] };
        var devices = Enumerable.Range(0, 2).Select(i => new JobRunDevice
        {
            JobRunId = Guid.Empty,
            DeviceId = Guid.CreateVersion7(),
            DeviceName = $"d{i}",
            Position = i,
            Batch = 0,
            Status = JobDeviceStatus.Running,
            RunId = Guid.NewGuid(),
            ExecutionId = Guid.NewGuid(),
        }).ToList();
        var run = Run(definition, RolloutPlan.Of(null, []), 2, null);
        var waits = new JobRunMachine(run, devices, 0, Start);
        waits.End(JobRunStatus.Cancelled, "cancelled by ada", again: false, d => d == devices[0]);
        Assert.Equal((JobRunStatus.Running, JobDeviceStatus.Cancelled, JobDeviceStatus.Running), (waits.Status, devices[0].Status, devices[1].Status));
        Assert.Equal("cancelled by ada; the device is away, and is told when it is back", devices[0].Reason);
        Assert.Equal(devices, waits.Cancelling);
        var over = new JobRunMachine(run, [devices[1]], 0, Start);
        over.End(JobRunStatus.Cancelled, "cancelled by ada", again: false, _ => true);
        Assert.Equal((JobRunStatus.Cancelled, JobDeviceStatus.Cancelled), (over.Status, devices[1].Status));
    }

    private static JobDefinition Definition(int steps, int? canary, string? batch, int? atOnce, string? stopAfter, int? approval, int retries)
    {
        var all = Enumerable.Range(0, steps).Select(i => new JobStep { Command = $"step {i}" }).ToList();
        if (approval < steps)
        {
            // with a call before it, and at the very end
            all.Insert(approval.Value, new() { Approval = new() });
            all.Insert(approval.Value, new() { Job = new() { Name = "other" } });
            all.Add(new() { Webhook = new() { Name = "hook" } });
        }

        return new()
        {
            Name = "job",
            Steps = all,
            Rollout = new() { Canary = canary, Batch = batch, AtOnce = atOnce, StopAfter = stopAfter, Pause = canary is null && batch is null ? null : "1m" },
            Retries = retries > 0 ? new() { Count = retries, Pause = "1s" } : null,
        };
    }

    private static void Play(int count, JobDefinition definition, Random random)
    {
        Assert.Null(JobRules.Check(definition));
        var plan = RolloutPlan.Of(definition.Rollout, Enumerable.Range(0, count).Select(i => new RolloutDevice(Guid.CreateVersion7(), $"d{i:00}", new Dictionary<string, string>())));
        var devices = plan.Batches.SelectMany((batch, b) => batch.Select(d => (d, b))).Select((d, i) => new JobRunDevice { JobRunId = Guid.Empty, DeviceId = d.d.Id, DeviceName = d.d.Name, Position = i, Batch = d.b }).ToList();
        var run = Run(definition, plan, count, null);
        var (now, done) = (Start, new Dictionary<(Guid, int), int>());
        var (ran, calls, calling) = (new Dictionary<Guid, List<int>>(), new HashSet<int>(), (int?)null);
        for (var turn = 0; !run.Status.IsEnd(); turn++)
        {
            Assert.InRange(turn, 0, 2000);
            var ends = devices.Where(d => d.Status == JobDeviceStatus.Running && random.Next(2) == 0).ToDictionary(
                d => d.ExecutionId!.Value, _ => random.Next(5) == 0 ? new ExecutionOutcome(random.Next(2) == 0 ? ExecutionStatus.Failed : ExecutionStatus.Lost, null, 1) : new(ExecutionStatus.Succeeded, null, 0));
            var machine = new JobRunMachine(run, [.. devices.Where(d => !d.Status.IsEnd())], devices.Count(d => d.Status == JobDeviceStatus.Failed), now);
            machine.Harvest(ends, isEnding: false);
            if (calling is { } called)
            {
                Assert.False(devices.Exists(d => d.Status == JobDeviceStatus.Running), "a device is at work while something is called for all");
                var outcome = new CallOutcome(random.Next(3) == 0 ? JobCallStatus.Running : JobCallStatus.Succeeded);
                machine.Take(called, outcome);
                if (outcome.Status == JobCallStatus.Running)
                {
                    continue;
                }
            }

            if (run.Status == JobRunStatus.Approval)
            {
                machine.Approve(isWhole: false);
            }

            machine.Drive(isPaused: false);
            calling = machine.Calls;
            if (calling is { } call)
            {
                Assert.True(JobRules.IsCall(definition.Steps![call]) && calls.Add(call), "a call is made twice");
            }

            foreach (var device in machine.Starting)
            {
                // what has failed for good, or is somewhere else, does not begin
                Assert.Equal((JobDeviceStatus.Running, machine.Batch), (device.Status, device.Batch));
                Assert.True(JobRules.IsForDevices(definition.Steps![device.Step]));
                (device.ExecutionId, device.RunId) = (Guid.CreateVersion7(), Guid.CreateVersion7());
                var tries = done[(device.DeviceId, device.Step)] = done.GetValueOrDefault((device.DeviceId, device.Step)) + 1;
                Assert.InRange(tries, 1, 1 + (definition.Retries?.Count ?? 0));
                ran.TryAdd(device.DeviceId, []);
                ran[device.DeviceId].Add(device.Step);
            }

            Assert.InRange(devices.Count(d => d.Status == JobDeviceStatus.Running), 0, plan.AtOnce);
            run = Run(definition, plan, count, machine);
            now = machine.NextAt ?? now.AddSeconds(1);
        }

        var last = definition.Steps!.Count;
        Assert.All(devices, d => Assert.True(d.Status.IsEnd() || d.Status == JobDeviceStatus.Pending, $"{d.DeviceName} is {d.Status}"));
        Assert.All(devices.Where(d => d.Status == JobDeviceStatus.Succeeded), d =>
            Assert.Equal(Enumerable.Range(0, last).Where(s => JobRules.IsForDevices(definition.Steps[s])), ran[d.DeviceId].Distinct()));
        Assert.True(run.Status != JobRunStatus.Succeeded || calls.Count == definition.Steps.Count(JobRules.IsCall), "a call was left out");
        Assert.All(ran.Values, steps => Assert.Equal(steps.Order(), steps));
        Assert.All(devices.Where(d => d.Status == JobDeviceStatus.NotStarted), d => Assert.False(ran.ContainsKey(d.DeviceId)));
        var failed = devices.Count(d => d.Status == JobDeviceStatus.Failed);
        Assert.Equal(run.Status == JobRunStatus.Succeeded, devices.All(d => d.Status == JobDeviceStatus.Succeeded));
        Assert.Equal(run.Status == JobRunStatus.Failed, failed > 0);
        Assert.True(failed >= plan.StopAfter || !devices.Exists(d => d.Status is JobDeviceStatus.NotStarted or JobDeviceStatus.Cancelled), "it left devices out");
    }

    private static JobRun Run(JobDefinition definition, RolloutPlan plan, int count, JobRunMachine? machine) => new()
    {
        Id = Guid.Empty,
        JobId = Guid.Empty,
        JobName = "job",
        Version = 1,
        Definition = definition,
        Target = new RunTarget(All: true),
        Status = machine?.Status ?? JobRunStatus.Running,
        Cause = "test",
        CreatedBy = "test",
        CreatedAt = Start,
        Parameters = new Dictionary<string, string>(),
        SecretNames = [],
        Phase = machine?.Phase ?? 0,
        Batch = machine?.Batch ?? 0,
        ReadyAt = machine?.ReadyAt,
        Batches = plan.Batches.Count,
        Devices = count,
        AtOnce = plan.AtOnce,
        StopAfter = plan.StopAfter,
    };
}
