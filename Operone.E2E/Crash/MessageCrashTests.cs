using Operone.Core.Connection;
using Operone.E2E.Hosting;
using Xunit;

namespace Operone.E2E.Crash;

/// <summary>The promise of runs, with messages that come twice or not at all, between a real server and a real agent.</summary>
public sealed class MessageCrashTests
{
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(90);

    [Theory]
    [MemberData(nameof(CrashScene.Repeats), MemberType = typeof(CrashScene))]
    public async Task Run_StartDeliveredTwice_RunsOnce(int repeat)
    {
        Assert.True(repeat > 0);
        var (scene, proxy) = await StartAsync();
        await using var owned = scene;
        await using var ownedProxy = proxy;
        var starts = 0;
        proxy.TimesToAgent = message =>
        {
            if (!Is(message, nameof(IShellClient.StartExecution)))
            {
                return 1;
            }

            starts++;
            return 2;
        };
        var run = await scene.StartCommandAsync();
        await scene.CheckAsync(run, _limit);
        // At least once: the server may itself repeat what a device that has just connected might have missed.
        Assert.True(starts > 0);
    }

    /// <summary>No acknowledgement arrives; then the connection breaks, and comes back.</summary>
    [Theory]
    [MemberData(nameof(CrashScene.Repeats), MemberType = typeof(CrashScene))]
    public async Task Run_AcknowledgementsLostAndConnectionCut_OutputIsWhole(int repeat)
    {
        Assert.True(repeat > 0);
        var (scene, proxy) = await StartAsync();
        await using var owned = scene;
        await using var ownedProxy = proxy;
        var lost = 0;
        proxy.TimesToAgent = message => Is(message, nameof(IShellClient.AcknowledgeExecution)) && ++lost > 0 ? 0 : 1;
        var run = await scene.StartCommandAsync();
        Assert.True(lost > 0);
        proxy.TimesToAgent = _ => 1;
        proxy.Cut();
        await scene.CheckAsync(run, _limit);
    }

    /// <summary>Every acknowledgement that says that the end is stored is lost once; the agent must not start again what it has.</summary>
    [Theory]
    [MemberData(nameof(CrashScene.Repeats), MemberType = typeof(CrashScene))]
    public async Task Run_AcknowledgementOfEndLost_EndIsKeptAndNothingRunsAgain(int repeat)
    {
        Assert.True(repeat > 0);
        var (scene, proxy) = await StartAsync();
        await using var owned = scene;
        await using var ownedProxy = proxy;
        var lost = 0;
        proxy.TimesToAgent = message =>
            Is(message, nameof(IShellClient.AcknowledgeExecution)) && message.Contains("\"ended\":true", StringComparison.Ordinal) && ++lost > 0 ? 0 : 1;
        var run = await scene.StartCommandAsync();
        await scene.CheckAsync(run, _limit);
        Assert.True(lost > 0);
        await scene.Agent.KillAsync();
        proxy.TimesToAgent = _ => 1;
        scene.Agent.Start();
        await Task.Delay(TimeSpan.FromSeconds(3), TestContext.Current.CancellationToken);
        await scene.CheckAsync(run, _limit);
    }

    private static bool Is(string message, string target) => message.Contains($"\"target\":\"{target}\"", StringComparison.Ordinal);

    private static async Task<(CrashScene Scene, MeddlingProxy Proxy)> StartAsync()
    {
        MeddlingProxy? proxy = null;
        var scene = await CrashScene.StartAsync(async server => (proxy = await MeddlingProxy.StartAsync(server.Url)).Url);
        return (scene, proxy!);
    }
}
