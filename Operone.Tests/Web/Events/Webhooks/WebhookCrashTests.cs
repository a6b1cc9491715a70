using System.Net.Http.Json;
using System.Runtime.Versioning;
using System.Text.Json;
using Operone.Core.Access;
using Operone.Core.Connection;
using Operone.Core.Events;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Web.Events.Webhooks;

/// <summary>Nodes that are killed with SIGKILL in the middle: every event of a change that was accepted arrives, in the order of its subject.</summary>
[SupportedOSPlatform("linux")]
public sealed class WebhookCrashTests
{
    private const int Teams = 3;
    private const int Changes = 12;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Node_ThatIsKilledWhileItSends_OnSqlite_LeavesNothingOut() => await KilledAsync([]);

    [Fact]
    public async Task Node_ThatIsKilledWhileItSends_OnPostgres_LeavesNothingOut() => await KilledAsync(await PostgresAsync());

    [Fact]
    public async Task Node_ThatIsKilled_IsFollowedByAnother_ThatLeavesNothingOut()
    {
        Assert.SkipWhen(!RedisServer.IsInstalled, "Redis is not installed (apt-get install redis-server)");
        var settings = await PostgresAsync();
        await using var redis = await RedisServer.StartAsync();
        settings["ConnectionStrings__Redis"] = redis.Connection;
        await using var receiver = await StartReceiverAsync();
        await using var first = await NodeProcess.StartAsync(settings);
        await CreateAsync(first, receiver);
        await ChangeAsync(first, 0, 1);
        await ReceivesAsync(receiver, Teams, first);
        await using var second = await NodeProcess.StartAsync(settings);
        await ChangeAsync(first, 1, Changes / 2);
        await ChangeAsync(second, Changes / 2, Changes);

        // The first has the webhooks, as it was there first.
        await first.KillAsync();
        await HasAllAsync(receiver, second);
    }

    private static async Task KilledAsync(Dictionary<string, string> settings)
    {
        await using var receiver = await StartReceiverAsync();
        await using var node = await NodeProcess.StartAsync(settings);
        await CreateAsync(node, receiver);
        await ChangeAsync(node, 0, Changes / 2);
        await ReceivesAsync(receiver, Teams, node);
        await node.KillAsync();
        await node.StartAgainAsync();
        await ChangeAsync(node, Changes / 2, Changes);
        await node.KillAsync();
        await node.StartAgainAsync();
        await HasAllAsync(receiver, node);
    }

    private static async Task<Dictionary<string, string>> PostgresAsync()
    {
        var (missing, connection) = await PostgresServer.CreateDatabaseAsync();
        Assert.SkipWhen(missing is not null, missing ?? "");
        return new() { ["ConnectionStrings__Operone"] = connection! };
    }

    // So slow that the node is killed in the middle.
    private static async Task<WebhookReceiver> StartReceiverAsync()
    {
        var receiver = await WebhookReceiver.StartAsync();
        receiver.Answer = (_, context) => Task.Delay(40, context.RequestAborted);
        return receiver;
    }

    private static async Task CreateAsync(NodeProcess node, WebhookReceiver receiver)
    {
        using var made = await node.Owner.PostAsJsonAsync("/api/v1/webhooks", new WriteWebhook("crash", receiver.Url, ["team.*"]), OperoneJson.Default.WriteWebhook, Cancelled);
        Assert.True(made.IsSuccessStatusCode, await made.Content.ReadAsStringAsync(Cancelled));
    }

    // The first change of a team makes it.
    private static async Task ChangeAsync(NodeProcess node, int from, int to)
    {
        for (var change = from; change < to; change++)
        {
            for (var team = 0; team < Teams; team++)
            {
                using var done = change == 0
                    ? await node.Owner.PostAsJsonAsync("/api/v1/teams", new CreateTeam($"team-{team}"), Cancelled)
                    : await node.Owner.PatchAsJsonAsync($"/api/v1/teams/{await IdAsync(node, team)}", new UpdateTeam(null, $"change {change}"), Cancelled);
                Assert.True(done.IsSuccessStatusCode, await done.Content.ReadAsStringAsync(Cancelled));
            }
        }
    }

    private static async Task<Guid> IdAsync(NodeProcess node, int team) =>
        (await node.Owner.GetFromJsonAsync<JsonElement>("/api/v1/teams", Cancelled)).GetProperty("items").EnumerateArray()
            .Single(t => t.GetProperty("name").GetString() == $"team-{team}").GetProperty("id").GetGuid();

    private static async Task HasAllAsync(WebhookReceiver receiver, NodeProcess node)
    {
        await Eventually.BecomesAsync(
            () => Task.FromResult(receiver.Received.Select(r => r.Id).Distinct().Count() >= Teams * Changes),
            () => $"{Teams * Changes} events, but {receiver.Received.Select(r => r.Id).Distinct().Count()}; the node says {node.Log[^Math.Min(3000, node.Log.Length)..]}", 90);
        var expected = (await node.Owner.GetFromJsonAsync<JsonElement>("/api/v1/events?type=team.*&limit=500", Cancelled)).GetProperty("items").EnumerateArray()
            .Select(e => (Subject: e.GetProperty("subject").GetString()!, Id: e.GetProperty("id").GetString()!)).Reverse().ToLookup(e => e.Subject, e => e.Id);
        Assert.Equal(Teams, expected.Count);
        foreach (var subject in expected)
        {
            // What came twice counts where it came first.
            var seen = receiver.Received.Where(r => Event(r).Subject == subject.Key).Select(r => r.Id).Distinct().ToArray();
            Assert.Equal(subject, seen);
        }
    }

    private static EventView Event(ReceivedWebhook received) => JsonSerializer.Deserialize(received.Body, OperoneJson.Default.EventView)!;

    private static Task ReceivesAsync(WebhookReceiver receiver, int count, NodeProcess node) => Eventually.BecomesAsync(
        () => Task.FromResult(receiver.Received.Count >= count), () => $"{count} requests, but {receiver.Received.Count}; the node says {node.Log}", 60);
}
