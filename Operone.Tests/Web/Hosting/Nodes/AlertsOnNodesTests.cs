using System.Runtime.Versioning;
using Operone.Core.Devices;
using Operone.Core.Events;
using Operone.Core.Kernel.Alerts;
using Operone.Tests.Hosting;
using Operone.Tests.Web.Access;
using Operone.Tests.Web.Events.Webhooks;
using Operone.Tests.Web.Kernel.Alerts;
using Xunit;

namespace Operone.Tests.Web.Hosting.Nodes;

/// <summary>Two nodes as real processes, of which one watches for alerts: whichever is killed, the other one goes on, and each alert is told once.</summary>
[SupportedOSPlatform("linux")]
public sealed class AlertsOnNodesTests
{
    [Fact]
    public async Task Alerts_WhicheverNodeIsKilled_AreRaisedAndRecoverOnce()
    {
        Assert.SkipUnless(RedisServer.IsInstalled, "Redis is not installed (apt-get install redis-server)");
        var (missing, database) = await PostgresServer.CreateDatabaseAsync();
        Assert.SkipWhen(missing is not null, missing ?? "");
        await using var redis = await RedisServer.StartAsync();
        var settings = new Dictionary<string, string>
        {
            ["ConnectionStrings__Operone"] = database!,
            ["ConnectionStrings__Redis"] = redis.Connection,
            ["Operone__Alerts__GraceSeconds"] = "2",
            ["Operone__Alerts__LookMilliseconds"] = "200",
        };
        await using var receiver = await WebhookReceiver.StartAsync();
        await using var first = await NodeProcess.StartAsync(settings);
        await using var second = await NodeProcess.StartAsync(settings);
        await first.Owner.HookAsync(receiver, "alerts", "alert.*");
        var token = await first.Owner.SendAsync<EnrollmentTokenView>(HttpMethod.Post, "/api/v1/enrollment-tokens", new CreateEnrollmentToken("one", Uses: 2));
        await first.Owner.RuleAsync(new() { Name = "offline", Offline = true, For = "1s", Recovery = "1s" });

        // one of the two watches; with each of them killed in its turn, both have
        await using (var there = await FakeAgent.EnrollAsync(second.Owner, second.Url, token.Token!, "there"))
        {
            await there.ConnectAsync();
            await first.KillAsync();
            await there.CloseAsync();
            var raised = await second.Owner.BecomesAsync("offline", AlertState.Firing, a => a.Subject == "there");
            await first.StartAgainAsync();
            await there.ConnectAsync();
            await first.Owner.BecomesAsync("offline", AlertState.Recovered, a => a.Id == raised.Id);
        }

        await using var here = await FakeAgent.EnrollAsync(first.Owner, first.Url, token.Token!, "here");
        await here.ConnectAsync();
        await second.KillAsync();
        await here.CloseAsync();
        var again = await first.Owner.BecomesAsync("offline", AlertState.Firing, a => a.Subject == "here");
        await second.StartAgainAsync();
        await here.ConnectAsync();
        await second.Owner.BecomesAsync("offline", AlertState.Recovered, a => a.Id == again.Id);

        await Eventually.BecomesAsync(() => Task.FromResult(Told("there").Length >= 2 && Told("here").Length >= 2), () => $"two notices of each device; the nodes say {first.Log} {second.Log}", 90);
        Assert.Equal([(EventTypes.AlertRaised, "there"), (EventTypes.AlertRecovered, "there")], Told("there").Take(2));
        Assert.Equal([(EventTypes.AlertRaised, "here"), (EventTypes.AlertRecovered, "here")], Told("here"));

        (string, string?)[] Told(string device) => [.. receiver.Of("offline").Where(e => e.Subject == device).Select(e => (e.Type, e.Subject))];
    }
}
