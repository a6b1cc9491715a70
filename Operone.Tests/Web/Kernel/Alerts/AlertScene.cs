using System.Net.Http.Json;
using System.Text.Json;
using Operone.Core;
using Operone.Core.Connection;
using Operone.Core.Events;
using Operone.Core.Kernel.Alerts;
using Operone.Tests.Hosting;
using Operone.Tests.Web.Access;
using Operone.Tests.Web.Events.Webhooks;
using Operone.Web.Kernel.Alerts;
using Xunit;

namespace Operone.Tests.Web.Kernel.Alerts;

/// <summary>What the tests of alerts do through REST, on whatever node.</summary>
internal static class AlertScene
{
    /// <summary>A node that looks often, and gives agents little time to come back.</summary>
    public static Dictionary<string, string?> Settings => new()
    {
        ["Operone:Webhooks:AllowedNetworks"] = "127.0.0.0/8",
        ["Operone:Alerts:GraceSeconds"] = "1",
        ["Operone:Alerts:LookMilliseconds"] = "100",
    };

    /// <summary>Stores an alert that somebody has seen.</summary>
    public static async Task<Guid> StoreAsync(OperoneServer server, Guid device, string name)
    {
        var now = DateTimeOffset.UtcNow;
        var alert = new Alert
        {
            Id = Guid.CreateVersion7(now),
            RuleId = Guid.NewGuid(),
            RuleName = "gone",
            Severity = AlertSeverity.Info,
            SubjectKey = device.ToString(),
            Subject = name,
            DeviceId = device,
            State = AlertState.Recovered,
            Since = now,
            RecoveredAt = now,
            AcknowledgedAt = now,
            StoredAt = now,
        };
        await using var db = server.OpenDatabase();
        db.Add(alert);
        await db.SaveChangesAsync(TestContext.Current.CancellationToken);
        return alert.Id;
    }

    public static Task<AlertRuleView> RuleAsync(this HttpClient client, SaveAlertRule rule) => client.SendAsync<AlertRuleView>(HttpMethod.Post, "/api/v1/alert-rules", rule);

    public static async Task<IReadOnlyList<AlertView>> AlertsAsync(this HttpClient client, string query) =>
        (await client.GetFromJsonAsync($"/api/v1/alerts?{query}", OperoneJson.Default.PageAlertView, TestContext.Current.CancellationToken))!.Items;

    /// <summary>Waits until the rule has an alert like this.</summary>
    public static Task<AlertView> BecomesAsync(this HttpClient client, string rule, AlertState state, Func<AlertView, bool>? wanted = null) => Eventually.BecomesAsync(
        async () => (await client.AlertsAsync($"state=all&rule={rule}")).FirstOrDefault(a => a.State == state && wanted?.Invoke(a) != false), $"{rule} {state}", 60);

    public static async Task HookAsync(this HttpClient client, WebhookReceiver receiver, string name, params string[] types)
    {
        using var made = await client.PostAsJsonAsync("/api/v1/webhooks", new WriteWebhook(name, receiver.Url, types), OperoneJson.Default.WriteWebhook, TestContext.Current.CancellationToken);
        Assert.True(made.IsSuccessStatusCode, await made.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    /// <summary>What a receiver was sent of a rule, each once: type and subject.</summary>
    public static IReadOnlyList<EventView> Of(this WebhookReceiver receiver, string rule) =>
    [
        .. receiver.Received.DistinctBy(r => r.Id).Select(r => JsonSerializer.Deserialize(r.Body, OperoneJson.Default.EventView)!)
            .Where(e => e.Data.Details?.GetValueOrDefault("rule") == rule),
    ];

    public static async Task<IReadOnlyList<EventView>> EventsAsync(this HttpClient client, string rule) =>
    [
        .. (await client.GetFromJsonAsync<Page<EventView>>("/api/v1/events?type=alert.*&limit=500", TestContext.Current.CancellationToken))!.Items
            .Where(e => e.Data.Details?.GetValueOrDefault("rule") == rule).Reverse(),
    ];
}

public sealed class SqliteAlertsFixture() : ServerFixture(Database.Sqlite, AlertScene.Settings);

public sealed class PostgresAlertsFixture() : ServerFixture(Database.Postgres, AlertScene.Settings);
