using System.Globalization;
using System.Net.Http.Json;
using System.Runtime.Versioning;
using System.Text;
using Operone.Core.Kernel.Workloads;
using Operone.Core.Shell;
using Operone.Tests.Agent.Hosting;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Web.Kernel.Workloads;

/// <summary>Workloads with a real node and real agents: their hosts, their restarts, and the fence.</summary>
[SupportedOSPlatform("linux")]
public sealed class WorkloadAgentTests : IAsyncLifetime
{
    private readonly TempFolder _temp = new();
    private readonly List<AgentUnderTest> _agents = [];
    private OperoneServer? _server;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "it kills processes");
        _server = await OperoneServer.StartAsync();
        foreach (var name in new[] { "one", "two" })
        {
            _agents.Add(await AgentUnderTest.EnrolAndRunAsync(_server, _temp[name], name));
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var agent in _agents)
        {
            await agent.DisposeAsync();
        }

        if (_server is not null)
        {
            await _server.DisposeAsync();
        }

        _temp.Dispose();
    }

    [Fact]
    public async Task Instances_AgentKilledAndCommandKilled_GoOnAndAreStartedAgain()
    {
        await ApplyAsync($"name: web\ncommand: echo $$ >> {_temp["pids"]}; exec sleep 600\ntarget: {{all: true}}\ncount: 2\nrestart: {{pause: 0.1s}}\n");
        var view = await StandsAsync("web", v => v is { Status: WorkloadStatus.Running, Healthy: 2 }, "two run");
        Assert.Equal(["one", "two"], view.Instances!.Select(i => i.DeviceName).Order(StringComparer.Ordinal));
        var before = Pids();
        Assert.Equal(2, before.Length);

        // the agent dies: the command does not, and is not started a second time
        await _agents[0].KillAsync();
        _agents.Add(AgentUnderTest.Run(_temp["one"]));
        await _server!.WaitForOnlineAsync("one");
        await StandsAsync("web", v => v.Healthy == 2, "two run with the new agent");
        Assert.Equal(before, Pids());
        Assert.All(before, pid => Assert.True(IsThere(pid)));

        // the command dies: its host starts it again
        System.Diagnostics.Process.GetProcessById(before[0]).Kill();
        view = await StandsAsync("web", v => v.Healthy == 2 && v.Instances!.Any(i => i.Supervision?.Starts == 2), "it was started again by its host");
        Assert.Equal(2, view.Instances!.Count);
        Assert.Equal(3, Pids().Length);
        await DoAsync("web", "stop");
        await StandsAsync("web", v => v.Status == WorkloadStatus.Stopped, "nothing runs");
        Assert.All(Pids(), pid => Assert.False(IsThere(pid)));
    }

    [Fact]
    public async Task Single_AgentStoppedForLongerThanAway_IsEndedByItsHostBeforeItRunsElsewhere()
    {
        // each says when it begins; one that finds another alive says so
        await ApplyAsync($"name: single\nargv: [sh, -c, 'for p in $(cat {_temp["pids"]} 2>/dev/null); do if grep -qs sleep /proc/$p/cmdline; then echo $p >> {_temp["twice"]}; fi; done; echo $$ >> {_temp["pids"]}; exec sleep 600']\n"
            + "target: {all: true}\ncount: 1\naway: 10s\nstopGrace: 1s\n");
        var view = await StandsAsync("single", v => v is { Status: WorkloadStatus.Running, Healthy: 1 }, "one runs");
        var from = view.Instances![0].DeviceName!;
        await _agents[from == "one" ? 0 : 1].KillAsync();
        view = await StandsAsync("single", v => v.Instances!.Any(i => i.Status == InstanceStatus.Running && i.DeviceName != from && i.Supervision is { Health: HealthState.Healthy }), "it runs elsewhere", 180);
        Assert.Contains(view.Instances!, i => i.Status == InstanceStatus.Ended && i.DeviceName == from && i.Reason!.Contains("away for longer than 10s", StringComparison.Ordinal));
        Assert.Equal(2, Pids().Length);
        Assert.False(File.Exists(_temp["twice"]));
        Assert.False(IsThere(Pids()[0]));
        await DoAsync("single", "stop");
        await StandsAsync("single", v => v.Status == WorkloadStatus.Stopped, "nothing runs");
    }

    private int[] Pids() => File.Exists(_temp["pids"]) ? [.. File.ReadAllLines(_temp["pids"]).Select(l => int.Parse(l, CultureInfo.InvariantCulture))] : [];

    /// <summary>Whether the command runs under this number, which may be another's by now.</summary>
    private static bool IsThere(int pid) => Processes.With("sleep").Contains(pid);

    private async Task ApplyAsync(string yaml)
    {
        using var content = new StringContent(yaml, Encoding.UTF8, "application/yaml");
        using var answer = await _server!.Owner.PostAsync(new Uri("/api/v1/workloads/apply", UriKind.Relative), content, Cancelled);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(Cancelled));
    }

    private async Task DoAsync(string name, string act)
    {
        using var answer = await _server!.Owner.PostAsJsonAsync($"/api/v1/workloads/{name}/{act}", new { }, Cancelled);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(Cancelled));
    }

    private Task<WorkloadView> StandsAsync(string name, Func<WorkloadView, bool> wanted, string what, double seconds = 60) => Eventually.BecomesAsync(
        async () => await _server!.Owner.GetFromJsonAsync<WorkloadView>($"/api/v1/workloads/{name}", Cancelled) is { } view && wanted(view) ? view : null, what, seconds);
}
