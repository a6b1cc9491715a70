using Operone.E2E.Hosting;
using Xunit;

namespace Operone.E2E.Crash;

/// <summary>The promise of runs, with processes that die: nothing of the output is lost, and nothing runs twice.</summary>
public sealed class ProcessCrashTests
{
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(90);

    [Theory]
    [MemberData(nameof(CrashScene.Repeats), MemberType = typeof(CrashScene))]
    public async Task Run_ServerKilledInMidOutput_OutputIsWhole(int repeat)
    {
        Assert.True(repeat > 0);
        await using var scene = await CrashScene.StartAsync();
        var run = await scene.StartCommandAsync();
        await scene.Server.KillAsync();
        await Task.Delay(TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken);
        await scene.Server.StartAsync(TestContext.Current.CancellationToken);
        await scene.CheckAsync(run, _limit);
    }

    [Theory]
    [MemberData(nameof(CrashScene.Repeats), MemberType = typeof(CrashScene))]
    public async Task Run_AgentKilledInMidOutput_OutputIsWhole(int repeat)
    {
        Assert.True(repeat > 0);
        await using var scene = await CrashScene.StartAsync();
        var run = await scene.StartCommandAsync();
        await scene.Agent.KillAsync();
        await Task.Delay(TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken);
        scene.Agent.Start();
        await scene.CheckAsync(run, _limit);
    }

    [Theory]
    [MemberData(nameof(CrashScene.Repeats), MemberType = typeof(CrashScene))]
    public async Task Run_ServerAndAgentKilledInMidOutput_OutputIsWhole(int repeat)
    {
        Assert.True(repeat > 0);
        await using var scene = await CrashScene.StartAsync();
        var run = await scene.StartCommandAsync();
        await Task.WhenAll(scene.Server.KillAsync(), scene.Agent.KillAsync());
        scene.Agent.Start();
        await Task.Delay(TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken);
        await scene.Server.StartAsync(TestContext.Current.CancellationToken);
        await scene.CheckAsync(run, _limit);
    }

    /// <summary>The command ends while nobody is there to hear of it.</summary>
    [Theory]
    [MemberData(nameof(CrashScene.Repeats), MemberType = typeof(CrashScene))]
    public async Task Run_EndsWhileAgentIsDead_EndAndOutputAreWhole(int repeat)
    {
        Assert.True(repeat > 0);
        await using var scene = await CrashScene.StartAsync();
        var run = await scene.StartCommandAsync();
        await scene.Agent.KillAsync();
        await Task.Delay(TimeSpan.FromSeconds(15), TestContext.Current.CancellationToken);
        scene.Agent.Start();
        await scene.CheckAsync(run, _limit);
    }

    [Theory]
    [MemberData(nameof(CrashScene.Repeats), MemberType = typeof(CrashScene))]
    public async Task Run_ConnectionSilentFor30Seconds_OutputIsWhole(int repeat)
    {
        Assert.True(repeat > 0);
        await CutAsync(silent: true);
    }

    [Theory]
    [MemberData(nameof(CrashScene.Repeats), MemberType = typeof(CrashScene))]
    public async Task Run_ConnectionRefusedFor30Seconds_OutputIsWhole(int repeat)
    {
        Assert.True(repeat > 0);
        await CutAsync(silent: false);
    }

    private static async Task CutAsync(bool silent)
    {
        CuttingProxy? proxy = null;
        await using var scene = await CrashScene.StartAsync(server =>
        {
            proxy = new CuttingProxy(server.Port);
            return Task.FromResult(proxy.Url);
        });
        await using var owned = proxy!;
        var run = await scene.StartCommandAsync();
        proxy!.Cut(silent);
        await Task.Delay(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        proxy.Mend();
        await scene.CheckAsync(run, _limit);
    }
}
