using System.Net.Http.Json;
using System.Text;
using Operone.Core.Devices;
using Operone.Core.Kernel.Workloads;
using Operone.Core.Shell;
using Operone.Tests.Hosting;
using Operone.Tests.Web.Kernel.Jobs;
using Xunit;

namespace Operone.Tests.Web.Kernel.Workloads;

/// <summary>A node that is killed in the middle of an update: what comes after it goes on where it was, and each device starts each version once.</summary>
public sealed class WorkloadKillTests
{
    private const int Devices = 6;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(JobKillTests.Repeats), MemberType = typeof(JobKillTests))]
    public async Task Update_NodeKilledAgainAndAgain_ComesToItsEndAndStartsEachOnce(int repeat, bool onPostgres)
    {
        Assert.True(repeat > 0);
        Assert.SkipUnless(OperatingSystem.IsLinux(), "it kills processes");
        var (missing, postgres) = onPostgres ? await PostgresServer.CreateDatabaseAsync() : (null, null);
        Assert.SkipWhen(missing is not null, missing ?? "");
        await using var node = await NodeProcess.StartAsync(postgres is null ? [] : new() { ["ConnectionStrings__Operone"] = postgres });
        using var answer = await node.Owner.PostAsJsonAsync("/api/v1/enrollment-tokens", new CreateEnrollmentToken("fleet", new Dictionary<string, string> { ["fleet"] = "kill" }, Devices), Cancelled);
        var token = (await answer.Content.ReadFromJsonAsync<EnrollmentTokenView>(Cancelled))!.Token!;
        var begun = new SemaphoreSlim(0);
        var devices = new List<SteadyDevice>();
        for (var i = 0; i < Devices; i++)
        {
            devices.Add(new(await FakeAgent.EnrollAsync(node.Owner, node.Url, token, $"kill-{i}"), begun));
        }

        try
        {
            await ApplyAsync(node, "one");
            await StandsAsync(node, v => v is { Status: WorkloadStatus.Running, Healthy: Devices }, "the first version runs");
            await ApplyAsync(node, "two");
            for (var i = 0; i < Devices; i++)
            {
                await begun.WaitAsync(TimeSpan.FromSeconds(60), Cancelled);
            }

            // at the first start of the second version, and in the middle
            foreach (var starts in (int[])[1 + (repeat % 2), 2])
            {
                for (var i = 0; i < starts; i++)
                {
                    Assert.True(await begun.WaitAsync(TimeSpan.FromSeconds(60), Cancelled), "a start was waited for");
                }

                await node.KillAsync();
                await node.StartAgainAsync();
            }

            await StandsAsync(node, v => v is { Status: WorkloadStatus.Running, Healthy: Devices, Version: 2 } && v.Instances!.Count(i => i is { Status: InstanceStatus.Running, Version: 2 }) == Devices, "the second version runs", 180);
            Assert.Equal(Devices * 2, devices.Sum(d => d.Started.Count));
            Assert.All(devices, d => Assert.Equal("two", Assert.Single(d.Runs.Values).Command));
        }
        finally
        {
            foreach (var device in devices)
            {
                await device.DisposeAsync();
            }
        }
    }

    private static async Task ApplyAsync(NodeProcess node, string command)
    {
        using var yaml = new StringContent(
            $"name: kill\ncommand: {command}\ntarget: {{selector: fleet=kill}}\ncount: {Devices}\nupdate: {{batch: 2, healthy: 1s}}\n", Encoding.UTF8, "application/yaml");
        using var applied = await node.Owner.PostAsync(new Uri("/api/v1/workloads/apply", UriKind.Relative), yaml, Cancelled);
        Assert.True(applied.IsSuccessStatusCode, await applied.Content.ReadAsStringAsync(Cancelled));
    }

    private static Task<WorkloadView> StandsAsync(NodeProcess node, Func<WorkloadView, bool> wanted, string what, double seconds = 120) => Eventually.BecomesAsync(
        async () => await node.Owner.GetFromJsonAsync<WorkloadView>("/api/v1/workloads/kill", Cancelled) is { } view && wanted(view) ? view : null, what, seconds);

    /// <summary>A device that comes back when its node is gone, keeps what runs, and tells it again.</summary>
    private sealed class SteadyDevice : IAsyncDisposable
    {
        private readonly FakeAgent _agent;
        private readonly CancellationTokenSource _over = new();
        private readonly System.Collections.Concurrent.ConcurrentDictionary<Guid, ExecutionReport> _reports = new();
        private readonly Task _life;
        private readonly Task _cancels;

        public SteadyDevice(FakeAgent agent, SemaphoreSlim begun)
        {
            _agent = agent;
            agent.OnStart = async start =>
            {
                if (!_reports.TryAdd(start.ExecutionId, new(start.ExecutionId, DateTimeOffset.UtcNow, null, null, TendedDevice.Well())))
                {
                    return;
                }

                Runs[start.ExecutionId] = start;
                Started.Enqueue(start);
                begun.Release();
                await TellAsync(start.ExecutionId);
            };
            _life = LiveAsync();
            _cancels = EndAsync();
        }

        public System.Collections.Concurrent.ConcurrentDictionary<Guid, StartExecution> Runs { get; } = new();

        public System.Collections.Concurrent.ConcurrentQueue<StartExecution> Started { get; } = new();

        public async ValueTask DisposeAsync()
        {
            await _over.CancelAsync();
            await Task.WhenAll(_life, _cancels).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await _agent.DisposeAsync();
            _over.Dispose();
        }

        private async Task LiveAsync()
        {
            while (!_over.IsCancellationRequested)
            {
                try
                {
                    await _agent.ConnectAsync([.. _reports.Keys]);
                    foreach (var id in _reports.Keys)
                    {
                        await TellAsync(id);
                    }

                    await _agent.Closed.Task.WaitAsync(_over.Token);
                }
                catch (Exception away) when (away is HttpRequestException or Microsoft.AspNetCore.SignalR.HubException or IOException or InvalidOperationException or OperationCanceledException or System.Net.WebSockets.WebSocketException)
                {
                    // the node is away: it is tried again
                    await Task.Delay(50, CancellationToken.None);
                }
            }
        }

        private async Task EndAsync()
        {
            await foreach (var cancel in _agent.Cancels.Reader.ReadAllAsync(_over.Token))
            {
                if (Runs.TryRemove(cancel.ExecutionId, out _))
                {
                    _reports[cancel.ExecutionId] = new(cancel.ExecutionId, DateTimeOffset.UtcNow, null, new(ExecutionStatus.Cancelled, null, "Cancelled.", DateTimeOffset.UtcNow, 0, 0));
                }

                await TellAsync(cancel.ExecutionId);
            }
        }

        private async Task TellAsync(Guid id)
        {
            try
            {
                if (_reports.TryGetValue(id, out var report))
                {
                    await _agent.ReportAsync(report);
                }
            }
            catch (Exception away) when (away is Microsoft.AspNetCore.SignalR.HubException or IOException or InvalidOperationException or OperationCanceledException or System.Net.WebSockets.WebSocketException)
            {
                // told again after the next connection
            }
        }
    }
}
