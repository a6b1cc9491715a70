using System.Net;
using System.Net.Http.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Connection;
using Operone.Core.Devices;
using Operone.Core.Events;
using Operone.Core.Kernel.Alerts;
using Operone.Tests.Agent.Hosting;
using Operone.Tests.Hosting;
using Operone.Tests.Web.Access;
using Operone.Tests.Web.Events.Webhooks;
using Operone.Tests.Web.Kernel.Jobs;
using Operone.Web.Events;
using Operone.Web.Events.Subscribers;
using Operone.Web.Kernel.Alerts;
using Xunit;

namespace Operone.Tests.Web.Kernel.Alerts;

public sealed class AlertsOnSqlite(SqliteAlertsFixture fixture) : AlertTests(fixture), IClassFixture<SqliteAlertsFixture>;

public sealed class AlertsOnPostgres(PostgresAlertsFixture fixture) : AlertTests(fixture), IClassFixture<PostgresAlertsFixture>;

/// <summary>Alerts through their REST door, with devices that come, go and tell how they do.</summary>
public abstract class AlertTests(ServerFixture fixture) : JobTests(fixture)
{
    [Fact]
    public async Task Device_WhoseAgentIsStopped_IsToldToAWebhookOnce_AndAgainWhenItIsBack()
    {
        using var temp = new TempFolder();
        await using var receiver = await WebhookReceiver.StartAsync();
        var mark = Mark("gone");
        await Server.Owner.HookAsync(receiver, mark, "alert.*");
        var agent = await AgentUnderTest.EnrolAndRunAsync(Server, temp["s"], mark, $"fleet={mark}");
        await Server.Owner.RuleAsync(new() { Name = mark, Offline = true, For = "3s", Severity = AlertSeverity.Critical, Selector = $"fleet={mark}" });
        await agent.StopAsync();
        await agent.DisposeAsync();
        var alert = await Server.Owner.BecomesAsync(mark, AlertState.Firing);
        Assert.Equal((mark, AlertSeverity.Critical), (alert.Subject, alert.Severity));
        Assert.True(alert.RaisedAt - alert.Since >= TimeSpan.FromSeconds(3), $"{alert.RaisedAt - alert.Since}");
        var raised = await EventuallyAsync(() => Task.FromResult(receiver.Of(mark) is [var first, ..] ? first : null), "the webhook is told", 40);
        Assert.Equal((EventTypes.AlertRaised, mark, "critical", alert.DeviceId), (raised.Type, raised.Subject, raised.Data.Details!["severity"], raised.Data.DeviceId));
        Assert.StartsWith($"{mark} is offline since ", raised.Data.Details["text"], StringComparison.Ordinal);

        await using var again = AgentUnderTest.Run(temp["s"]);
        var over = await Server.Owner.BecomesAsync(mark, AlertState.Recovered);
        Assert.Equal((alert.Id, null), (over.Id, over.Reason));
        await EventuallyAsync(() => Task.FromResult(receiver.Of(mark).Count >= 2), "the webhook is told that it is over", 40);
        Assert.Equal([EventTypes.AlertRaised, EventTypes.AlertRecovered], receiver.Of(mark).Select(e => e.Type));
    }

    [Fact]
    public async Task Telemetry_OverItsLimit_IsPendingThenFiring_StandsWhileTheDeviceIsAway_AndIsOverWhenItIsBelow()
    {
        var mark = Mark("hot");
        await using var agent = await Server.ConnectAsync(mark, new() { ["fleet"] = mark });
        await using var other = await Server.ConnectAsync($"{mark}-b");
        var rule = await Server.Owner.RuleAsync(new() { Name = mark, Telemetry = new() { Metric = AlertMetric.Memory, Over = 90 }, For = "1h", Recovery = "0s", Selector = $"fleet={mark}" });
        await TellUntilAsync(agent, 95, mark, AlertState.Pending);
        await Server.Owner.DoAsync(HttpMethod.Put, $"/api/v1/alert-rules/{mark}", rule.Definition with { For = "1s" });
        await TellUntilAsync(agent, 95, mark, AlertState.Firing);
        await other.ReportTelemetryAsync(Sample(99));
        var alert = Assert.Single(await Server.Owner.AlertsAsync($"state=firing&rule={mark}&device={mark}"));
        Assert.Equal(95, alert.Value);
        Assert.StartsWith($"{mark}: memory is 95 %, over 90 %", alert.Text, StringComparison.Ordinal);

        await agent.CloseAsync();
        await Server.WaitForOfflineAsync(mark);
        await Server.Owner.BecomesAsync(mark, AlertState.Firing, a => a.IsBlind);
        await agent.ConnectAsync();
        await TellUntilAsync(agent, 50, mark, AlertState.Recovered);
        Assert.Equal([EventTypes.AlertRaised, EventTypes.AlertRecovered], (await Server.Owner.EventsAsync(mark)).Select(e => e.Type));
        Assert.Empty(await Server.Owner.AlertsAsync($"rule={mark}"));
    }

    [Fact]
    public async Task Job_ThatFails_IsOverWhenItSucceeds_OrWhenSomebodyHasSeenIt()
    {
        var mark = Mark("job");
        var isGood = false;
        var fleet = await FleetAsync(mark, 1, (_, _) => isGood ? Succeeded() : Failed());
        await ApplyAsync($"name: {mark}\ntarget: {{selector: fleet={mark}}}\nsteps: [{{command: x}}]\n");
        await Server.Owner.RuleAsync(new() { Name = mark, Job = mark });
        await RunAsync(mark);
        var first = await Server.Owner.BecomesAsync(mark, AlertState.Firing);
        Assert.StartsWith($"job {mark} failed", first.Text, StringComparison.Ordinal);
        await RunAsync(mark);
        await Server.Owner.BecomesAsync(mark, AlertState.Firing, a => a.Value == 2);
        isGood = true;
        await RunAsync(mark);
        await Server.Owner.BecomesAsync(mark, AlertState.Recovered);

        isGood = false;
        await RunAsync(mark);
        var second = await Server.Owner.BecomesAsync(mark, AlertState.Firing);
        Assert.NotEqual(first.Id, second.Id);
        var seen = await AcknowledgeAsync(second.Id);
        Assert.Equal((AlertState.Recovered, "acknowledged by token:setup"), (seen.State, seen.Reason));
        Assert.Equal(
            [EventTypes.AlertRaised, EventTypes.AlertRecovered, EventTypes.AlertRaised, EventTypes.AlertAcknowledged, EventTypes.AlertRecovered],
            (await Server.Owner.EventsAsync(mark)).Select(e => e.Type));
        await EndAsync(fleet);
    }

    [Fact]
    public async Task Event_OfADeviceWithTheLabels_RaisesOneAlert_HoweverOftenItHappens()
    {
        var mark = Mark("event");
        await using var agent = await Server.ConnectAsync(mark, new() { ["fleet"] = mark });
        await Server.Owner.RuleAsync(new() { Name = mark, Events = ["device.up*", "test.*"], Selector = $"fleet={mark}" });
        await TellAsync($"test.{mark}", null);
        await TellAsync($"test.{mark}", agent.Id);
        await TellAsync($"test.{mark}", agent.Id);
        var alert = await Server.Owner.BecomesAsync(mark, AlertState.Firing, a => a.Value == 2);
        Assert.Equal((agent.Id, mark, $"test.{mark}: {mark}"), (alert.DeviceId, alert.Subject, alert.Text));
        Assert.Single(await Server.Owner.AlertsAsync($"state=all&rule={mark}"));
        Assert.Single(await Server.Owner.EventsAsync(mark));
    }

    [Fact]
    public async Task Alert_ThatIsSilencedOrSeen_TellsNothingButThatItIsOver()
    {
        var mark = Mark("silent");
        await using var agent = await Server.ConnectAsync(mark, new() { ["fleet"] = mark });
        var silence = await Server.Owner.SendAsync<SilenceView>(HttpMethod.Post, "/api/v1/silences", new SaveSilence { Selector = $"fleet={mark}", For = "1h", Reason = "works" });
        await Server.Owner.RuleAsync(new() { Name = mark, Telemetry = new() { Metric = AlertMetric.Cpu, Over = 90 }, Selector = $"fleet={mark}" });
        await TellUntilAsync(agent, 95, mark, AlertState.Firing);
        var alert = Assert.Single(await Server.Owner.AlertsAsync($"rule={mark}"));
        Assert.Equal((silence.Until.ToUnixTimeSeconds(), null), (alert.SilencedUntil?.ToUnixTimeSeconds(), alert.ToldAt));
        Assert.Empty(await Server.Owner.EventsAsync(mark));

        await Server.Owner.DoAsync(HttpMethod.Delete, $"/api/v1/silences/{silence.Id}");
        await Server.Owner.BecomesAsync(mark, AlertState.Firing, a => a.ToldAt is not null);
        var seen = await AcknowledgeAsync(alert.Id);
        Assert.Equal((AlertState.Firing, "token:setup"), (seen.State, seen.AcknowledgedBy));
        Assert.Equal(seen.AcknowledgedAt?.ToUnixTimeMilliseconds(), (await AcknowledgeAsync(alert.Id)).AcknowledgedAt?.ToUnixTimeMilliseconds());
        await TellUntilAsync(agent, 1, mark, AlertState.Recovered);
        Assert.Equal([EventTypes.AlertRaised, EventTypes.AlertAcknowledged, EventTypes.AlertRecovered], (await Server.Owner.EventsAsync(mark)).Select(e => e.Type));
        Assert.DoesNotContain((await SilencesAsync("")).Items, s => s.Id == silence.Id);
        Assert.Equal("token:setup", (await SilencesAsync("?ended=true&limit=500")).Items.Single(s => s.Id == silence.Id).EndedBy);
        await Server.Owner.RefusedAsync(HttpStatusCode.Conflict, "silence-over", HttpMethod.Delete, $"/api/v1/silences/{silence.Id}");
    }

    [Fact]
    public async Task Rule_ThatIsRemovedOrLooksElsewhere_EndsItsAlerts_WithTheReason()
    {
        var mark = Mark("end");
        await using var agent = await Server.ConnectAsync(mark, new() { ["fleet"] = mark });
        var rule = await Server.Owner.RuleAsync(new() { Name = mark, Telemetry = new() { Metric = AlertMetric.Cpu, Over = 90 }, Selector = $"fleet={mark}" });
        await TellUntilAsync(agent, 95, mark, AlertState.Firing);
        Assert.Equal(1, (await Server.Owner.GetFromJsonAsync($"/api/v1/alert-rules/{mark}", OperoneJson.Default.AlertRuleView, Cancelled))!.Firing);
        await Server.Owner.DoAsync(HttpMethod.Put, $"/api/v1/alert-rules/{rule.Id}", rule.Definition with { Selector = "fleet=none" });
        Assert.Equal("the rule does not look at it any more, or whoever it looks for may not", (await Server.Owner.BecomesAsync(mark, AlertState.Recovered)).Reason);

        await Server.Owner.DoAsync(HttpMethod.Put, $"/api/v1/alert-rules/{mark}", rule.Definition);
        await TellUntilAsync(agent, 95, mark, AlertState.Firing);
        await Server.Owner.DoAsync(HttpMethod.Delete, $"/api/v1/alert-rules/{mark}");
        await Server.Owner.BecomesAsync(mark, AlertState.Recovered, a => a.Reason == "the rule was removed or turned off");
        await Server.AuditedAsync("alert-rule.remove", true, mark);
        await Server.HappenedAsync(EventTypes.AlertRuleRemoved, mark);
    }

    [Fact]
    public async Task Rule_LooksInTheNameOfItsOwner_AndIsNotForOthersToChange()
    {
        var mark = Mark("owner");
        await using var here = await Server.ConnectAsync($"{mark}-here", new() { ["fleet"] = mark, ["site"] = "here" });
        await using var there = await Server.ConnectAsync($"{mark}-there", new() { ["fleet"] = mark, ["site"] = "there" });
        var (first, second) = (await Server.CreatePersonAsync(BuiltInRoles.Operator, $"fleet={mark},site=here"), await Server.CreatePersonAsync(BuiltInRoles.Operator, $"fleet={mark},site=there"));
        using var client = await Server.SessionClientAsync(first);
        using var stranger = await Server.SessionClientAsync(second);
        var rule = await client.RuleAsync(new() { Name = mark, Telemetry = new() { Metric = AlertMetric.Cpu, Over = 90 }, Selector = $"fleet={mark}" });
        await there.ReportTelemetryAsync(Sample(99));
        await TellUntilAsync(here, 95, mark, AlertState.Firing);
        await there.ReportTelemetryAsync(Sample(99));
        Assert.Equal([here.Id], (await Server.Owner.AlertsAsync($"rule={mark}")).Select(a => a.DeviceId!.Value));
        Assert.Empty(await stranger.AlertsAsync($"rule={mark}"));
        await stranger.RefusedAsync(HttpStatusCode.Forbidden, "permission-missing", HttpMethod.Put, $"/api/v1/alert-rules/{rule.Id}", rule.Definition);
        await stranger.RefusedAsync(HttpStatusCode.Forbidden, "permission-missing", HttpMethod.Post, "/api/v1/silences", new SaveSilence { Selector = $"fleet={mark}", For = "1h", Reason = "no" });
        var alert = Assert.Single(await client.AlertsAsync($"rule={mark}"));
        await stranger.RefusedAsync(HttpStatusCode.NotFound, "alert-not-found", HttpMethod.Post, $"/api/v1/alerts/{alert.Id}/acknowledge");
        var preview = await client.SendAsync<AlertPreview>(HttpMethod.Post, "/api/v1/alert-rules/preview", rule.Definition);
        Assert.Equal((1, 1, $"{mark}-here"), (preview.Devices, preview.Holds, Assert.Single(preview.Names)));
    }

    [Fact]
    public async Task Events_ThatComeAgain_AfterANodeDied_RaiseNothingMore()
    {
        var mark = Mark("again");
        await Server.Owner.RuleAsync(new() { Name = mark, Events = [$"test.{mark}"] });
        await TellAsync($"test.{mark}", null);
        var alert = await Server.Owner.BecomesAsync(mark, AlertState.Firing);
        await using var db = Server.OpenDatabase();
        var events = await EventuallyAsync(
            async () => await db.Set<EventEntry>().Where(e => e.Type == $"test.{mark}" && e.Position != null).ToListAsync(Cancelled) is { Count: 1 } found ? found : null, "it is numbered");
        var subscriber = Server.Services.GetServices<IEventSubscriber>().OfType<AlertSubscriber>().Single();
        await subscriber.HandleAsync(events, Cancelled);
        Assert.Equal(1, (await Server.Owner.AlertsAsync($"rule={mark}")).Single().Value);
        await AcknowledgeAsync(alert.Id);
        await subscriber.HandleAsync(events, Cancelled);
        Assert.Single(await Server.Owner.AlertsAsync($"state=all&rule={mark}"));
        Assert.Equal(3, (await Server.Owner.EventsAsync(mark)).Count);
    }

    [Fact]
    public async Task Two_WhoAreAtItAtOnce_TellItOnce()
    {
        var (mark, now) = (Mark("two"), DateTimeOffset.UtcNow);

        // of a rule that there is, and of an event: the watch ends what is of none, and what the rule does not look at
        var rule = (await Server.Owner.RuleAsync(new() { Name = mark, Events = ["none.none"] })).Id;
        var book = Server.Services.GetRequiredService<AlertBook>();
        Alert New() => new()
        {
            Id = Guid.CreateVersion7(),
            RuleId = rule,
            RuleName = mark,
            Severity = AlertSeverity.Info,
            SubjectKey = mark,
            Subject = mark,
            StoredAt = now,
            LastPosition = 1,
        };
        var times = new AlertTimes(TimeSpan.Zero, TimeSpan.Zero, null);
        var raise = AlertMachine.Next(null, new(AlertReading.Beyond, now, 1), times, isSilenced: false, now);
        var both = await Task.WhenAll(book.StoreAsync([new(New(), true, raise)], Cancelled), book.StoreAsync([new(New(), true, raise)], Cancelled));
        var stored = Assert.Single(both, b => b is not null)![0];
        var recover = AlertMachine.Next(stored.Standing, new(AlertReading.Within, now, 0), times, isSilenced: false, now);
        both = await Task.WhenAll(book.StoreAsync([new(stored, false, recover)], Cancelled), book.StoreAsync([new(stored, false, recover)], Cancelled));
        Assert.Single(both, b => b is not null);
        Assert.Equal([EventTypes.AlertRaised, EventTypes.AlertRecovered], (await Server.Owner.EventsAsync(mark)).Select(e => e.Type));
    }

    [Fact]
    public async Task History_OlderThanThirtyDays_IsForgotten()
    {
        var now = DateTimeOffset.UtcNow;
        Alert Old(int days) => new()
        {
            Id = Guid.CreateVersion7(),
            RuleId = Guid.NewGuid(),
            RuleName = "old",
            Severity = AlertSeverity.Info,
            SubjectKey = "x",
            Subject = "x",
            State = AlertState.Recovered,
            Since = now.AddDays(-days),
            RecoveredAt = now.AddDays(-days),
            StoredAt = now,
        };
        Silence Over(int days) => new()
        {
            Id = Guid.CreateVersion7(),
            Selector = "a=b",
            From = now.AddDays(-99),
            Until = now.AddDays(-days),
            Reason = "old",
            MadeBy = "x",
        };
        var (kept, quiet) = (Old(29), Over(29));
        await using var db = Server.OpenDatabase();
        db.AddRange(kept, Old(31), quiet, Over(31));
        await db.SaveChangesAsync(Cancelled);
        await Server.RunJobAsync("alerts");
        Assert.Equal([kept.Id], await db.Set<Alert>().Where(a => a.RuleName == "old").Select(a => a.Id).ToListAsync(Cancelled));
        Assert.Equal([quiet.Id], await db.Set<Silence>().Where(s => s.Reason == "old").Select(s => s.Id).ToListAsync(Cancelled));
    }

    private async Task TellUntilAsync(FakeAgent agent, double percent, string rule, params AlertState[] states)
    {
        foreach (var state in states)
        {
            await EventuallyAsync(async () =>
            {
                await agent.ReportTelemetryAsync(Sample(percent));
                return (await Server.Owner.AlertsAsync($"state=all&rule={rule}&device={agent.Id}")).Any(a => a.State == state) ? true : (bool?)null;
            }, $"{rule} {state}", 60);
        }
    }

    private static TelemetrySample Sample(double percent) => new() { At = DateTimeOffset.UtcNow, CpuPercent = percent, MemoryUsedBytes = (long)percent, MemoryTotalBytes = 100 };

    private Task<AlertView> AcknowledgeAsync(Guid id) => Server.Owner.SendAsync<AlertView>(HttpMethod.Post, $"/api/v1/alerts/{id}/acknowledge");

    private async Task<Page<SilenceView>> SilencesAsync(string query) => (await Server.Owner.GetFromJsonAsync<Page<SilenceView>>($"/api/v1/silences{query}", Cancelled))!;

    private async Task TellAsync(string type, Guid? device)
    {
        await using var db = Server.OpenDatabase();
        db.Publish(new(type, "somebody", device));
        await db.SaveChangesAsync(Cancelled);
    }
}
