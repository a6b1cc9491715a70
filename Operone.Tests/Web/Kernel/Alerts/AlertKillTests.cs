using System.Runtime.Versioning;
using Operone.Core.Devices;
using Operone.Core.Events;
using Operone.Core.Kernel.Alerts;
using Operone.Tests.Hosting;
using Operone.Tests.Web.Access;
using Operone.Tests.Web.Events.Webhooks;
using Xunit;

namespace Operone.Tests.Web.Kernel.Alerts;

/// <summary>Nodes that are killed while an alert is pending, and while it fires: it is told once, with the time that it began.</summary>
[SupportedOSPlatform("linux")]
public sealed class AlertKillTests
{
    [Fact]
    public async Task Alert_NodeKilledAgainAndAgain_OnSqlite_IsToldOnce() => await KilledAsync([]);

    [Fact]
    public async Task Alert_NodeKilledAgainAndAgain_OnPostgres_IsToldOnce()
    {
        var (missing, connection) = await PostgresServer.CreateDatabaseAsync();
        Assert.SkipWhen(missing is not null, missing ?? "");
        await KilledAsync(new() { ["ConnectionStrings__Operone"] = connection! });
    }

    private static async Task KilledAsync(Dictionary<string, string> settings)
    {
        settings["Operone__Alerts__GraceSeconds"] = "20"; // so long the other one has to come back
        settings["Operone__Alerts__LookMilliseconds"] = "200";
        await using var receiver = await WebhookReceiver.StartAsync();
        await using var node = await NodeProcess.StartAsync(settings);
        await node.Owner.HookAsync(receiver, "alerts", "alert.*");
        var token = await node.Owner.SendAsync<EnrollmentTokenView>(HttpMethod.Post, "/api/v1/enrollment-tokens", new CreateEnrollmentToken("two", Uses: 2));
        await using var gone = await FakeAgent.EnrollAsync(node.Owner, node.Url, token.Token!, "gone");
        await using var stays = new SturdyAgent(await FakeAgent.EnrollAsync(node.Owner, node.Url, token.Token!, "stays"), (_, _) => Task.CompletedTask);
        stays.Start();
        await gone.ConnectAsync();
        await node.Owner.RuleAsync(new() { Name = "offline", Offline = true, For = "30s", Recovery = "1s" });
        await gone.CloseAsync();
        var pending = await node.Owner.BecomesAsync("offline", AlertState.Pending, a => a.Subject == "gone");

        // while it is pending: since when it is so outlives the node
        await node.KillAsync();
        await node.StartAgainAsync();
        var firing = await node.Owner.BecomesAsync("offline", AlertState.Firing, a => a.Subject == "gone");
        Assert.Equal((pending.Id, pending.Since), (firing.Id, firing.Since));

        // right when it was raised, and once more when it was told
        await node.KillAsync();
        await node.StartAgainAsync();
        await ReceivesAsync(receiver, 1, node);
        await node.KillAsync();
        await node.StartAgainAsync();
        await gone.ConnectAsync();
        await node.Owner.BecomesAsync("offline", AlertState.Recovered, a => a.Id == firing.Id);
        await ReceivesAsync(receiver, 2, node);

        // the other device was away for as long as the node was, and nobody was told
        Assert.Equal(
            [(EventTypes.AlertRaised, "gone"), (EventTypes.AlertRecovered, "gone")], receiver.Of("offline").Select(e => (e.Type, e.Subject)));
        Assert.Equal(2, (await node.Owner.EventsAsync("offline")).Count);
    }

    private static Task ReceivesAsync(WebhookReceiver receiver, int count, NodeProcess node) => Eventually.BecomesAsync(
        () => Task.FromResult(receiver.Of("offline").Count >= count), () => $"{count} notices, but {receiver.Of("offline").Count}; the node says {node.Log}", 90);
}
