using System.Collections.Concurrent;
using System.Net.Http.Json;
using System.Text;
using Operone.Core.Kernel.Workloads;
using Operone.Core.Shell;
using Operone.Tests.Hosting;
using Operone.Tests.Web.Access;
using Operone.Tests.Web.Kernel.Jobs;
using Xunit;

namespace Operone.Tests.Web.Kernel.Workloads;

/// <summary>What the tests of workloads share: devices that do as they are told, and say that all is well.</summary>
public abstract class WorkloadTests(ServerFixture fixture) : JobTests(fixture)
{
    protected async Task<AppliedWorkload> WriteAsync(string yaml, HttpClient? by = null)
    {
        using var content = new StringContent(yaml, Encoding.UTF8, "application/yaml");
        using var response = await (by ?? Server.Owner).PostAsync("/api/v1/workloads/apply", content, Cancelled);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(Cancelled));
        return (await response.Content.ReadFromJsonAsync<AppliedWorkload>(Cancelled))!;
    }

    protected async Task<WorkloadView> WorkloadAsync(string name) => (await Server.Owner.GetFromJsonAsync<WorkloadView>($"/api/v1/workloads/{name}", Cancelled))!;

    protected Task<WorkloadView> DoAsync(string name, string act, object? body = null, HttpClient? by = null) =>
        (by ?? Server.Owner).SendAsync<WorkloadView>(HttpMethod.Post, $"/api/v1/workloads/{name}/{act}", body ?? new { });

    /// <summary>Waits until a workload is as it is wanted.</summary>
    protected async Task<WorkloadView> StandsAsync(string name, Func<WorkloadView, bool> wanted, string what)
    {
        WorkloadView? last = null;
        try
        {
            return await EventuallyAsync(async () => (last = await WorkloadAsync(name)) is { } view && wanted(view) ? view : null, what, 60);
        }
        catch (Exception problem) when (problem is not OperationCanceledException)
        {
            Assert.Fail($"{what}: {problem.Message} {last?.Status} {last?.Reason} {string.Join("; ", last?.Instances?.Select(i => $"{i.DeviceName} v{i.Version} {i.Status} {i.Reason} {i.Supervision?.Health}") ?? [])}");
            throw;
        }
    }

    /// <summary>The instances that run, by device.</summary>
    protected static string[] On(WorkloadView view) => [.. view.Instances!.Where(i => i.Status == InstanceStatus.Running).Select(i => i.DeviceName!).Order(StringComparer.Ordinal)];

    protected static bool IsAllWell(WorkloadView view) => view.Status == WorkloadStatus.Running;

    protected async Task<TendedDevice[]> TendedAsync(string mark, int count, Dictionary<string, string>? labels = null)
    {
        var fleet = new TendedDevice[count];
        for (var i = 0; i < count; i++)
        {
            fleet[i] = new(await Server.ConnectAsync($"{mark}-{i}", new(labels ?? []) { ["fleet"] = mark }));
        }

        return fleet;
    }
}

/// <summary>A device whose host cares for commands, as far as the server can tell: each start is well, or as it is told to be, until it is ended.</summary>
public sealed class TendedDevice : IAsyncDisposable
{
    private readonly CancellationTokenSource _over = new();
    private readonly Task _cancels;

    public TendedDevice(FakeAgent agent)
    {
        Agent = agent;
        agent.OnStart = StartAsync;
        _cancels = EndAsync();
    }

    public FakeAgent Agent { get; }

    /// <summary>What was started and has not ended.</summary>
    public ConcurrentDictionary<Guid, StartExecution> Runs { get; } = new();

    /// <summary>All that was started.</summary>
    public ConcurrentQueue<StartExecution> Started { get; } = new();

    /// <summary>What is said of a start; by default that it is well. Null says nothing.</summary>
    public Func<StartExecution, SupervisionState?> State { get; set; } = static _ => Well();

    /// <summary>Whether it ends what it is asked to end.</summary>
    public bool Obeys { get; set; } = true;

    public static SupervisionState Well(int starts = 1) => new(starts, SupervisedPhase.Running, HealthState.Healthy, DateTimeOffset.UtcNow);

    public Task SayAsync(Guid executionId, SupervisionState state) => Agent.ReportAsync(new(executionId, DateTimeOffset.UtcNow, null, null, state));

    /// <summary>What runs ends by itself.</summary>
    public async Task DieAsync(ExecutionStatus status = ExecutionStatus.Lost, string reason = "its host died")
    {
        foreach (var id in Runs.Keys)
        {
            Runs.TryRemove(id, out _);
            await Agent.ReportAsync(new(id, DateTimeOffset.UtcNow, null, new(status, null, reason, DateTimeOffset.UtcNow, 0, 0)));
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        await _cancels.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Agent.DisposeAsync();
        _over.Dispose();
    }

    private async Task StartAsync(StartExecution start)
    {
        if (!Runs.TryAdd(start.ExecutionId, start))
        {
            return;
        }

        Started.Enqueue(start);
        await Agent.ReportAsync(new(start.ExecutionId, DateTimeOffset.UtcNow, null, null, State(start)));
    }

    private async Task EndAsync()
    {
        await foreach (var cancel in Agent.Cancels.Reader.ReadAllAsync(_over.Token))
        {
            if (Obeys && Runs.TryRemove(cancel.ExecutionId, out _))
            {
                await Agent.ReportAsync(new(cancel.ExecutionId, DateTimeOffset.UtcNow, null, new(ExecutionStatus.Cancelled, null, "Cancelled.", DateTimeOffset.UtcNow, 0, 0)));
            }
        }
    }
}

/// <summary>Some devices together.</summary>
public sealed class Fleet(TendedDevice[] devices) : IAsyncDisposable
{
    public TendedDevice this[string name] => devices.Single(d => d.Agent.Name == name);

    public IEnumerable<StartExecution> Started => devices.SelectMany(d => d.Started);

    public IEnumerable<StartExecution> Now => devices.SelectMany(d => d.Runs.Values);

    public int Running => devices.Sum(d => d.Runs.Count);

    public void Each(Action<TendedDevice> act)
    {
        foreach (var device in devices)
        {
            act(device);
        }
    }

    /// <summary>Notes at each start how many run; gives the least.</summary>
    public Func<int> WatchLeast()
    {
        var least = int.MaxValue;
        Each(d =>
        {
            var state = d.State;
            d.State = start =>
            {
                lock (devices)
                {
                    least = Math.Min(least, Running);
                }

                return state(start);
            };
        });
        return () => least;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var device in devices)
        {
            await device.DisposeAsync();
        }
    }
}
