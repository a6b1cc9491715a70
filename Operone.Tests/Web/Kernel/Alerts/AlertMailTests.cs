using System.Net.Http.Json;
using MimeKit;
using Operone.Core.Connection;
using Operone.Core.Events;
using Operone.Core.Kernel.Alerts;
using Operone.Core.Shell;
using Operone.Tests.Hosting;
using Operone.Tests.Web.Kernel.Jobs;
using Xunit;

namespace Operone.Tests.Web.Kernel.Alerts;

public sealed class AlertMailOnSqlite(SqliteFixture fixture) : AlertMailTests(fixture), IClassFixture<SqliteFixture>;

public sealed class AlertMailOnPostgres(PostgresFixture fixture) : AlertMailTests(fixture), IClassFixture<PostgresFixture>;

/// <summary>News that go out as mail, by a mail server that refuses, is away, and comes back.</summary>
public abstract class AlertMailTests(ServerFixture fixture) : JobTests(fixture)
{
    [Fact]
    public async Task Mail_OfAnAlertAndOfARun_Arrives_AlsoAfterARefusalAndWithTheServerAwayFirst()
    {
        await using var mail = new MailServer();
        await using var server = await Fixture.StartAnotherAsync(AlertScene.Settings.Concat(mail.Settings).ToDictionary());
        var mark = Mark("mail");
        await HookAsync(server, "on-call", "mailto:ops@example.org", "alert.raised");
        await HookAsync(server, "runs", "mailto:ada@example.org", "run.ended");

        await using (await server.ConnectAsync(mark))
        {
            await server.Owner.RuleAsync(new() { Name = mark, Offline = true, For = "1s", Severity = AlertSeverity.Critical });
        }

        var alert = await server.Owner.BecomesAsync(mark, AlertState.Firing);
        var told = await MailAsync(mail, "ops@example.org");
        Assert.Equal("Operone <operone@example.org>", told.From.ToString().Replace("\"", "", StringComparison.Ordinal));
        Assert.NotNull(told.Subject);
        Assert.StartsWith("Operone: ", told.Subject, StringComparison.Ordinal);
        Assert.Contains($"{mark} is offline since ", told.Subject, StringComparison.Ordinal);
        Assert.StartsWith(told.Subject["Operone: ".Length..], told.TextBody, StringComparison.Ordinal);
        Assert.Contains(alert.Id.ToString(), told.TextBody, StringComparison.Ordinal);

        // refused at first: it is noted in words, and tried again
        await using var agent = await server.ConnectAsync($"{mark}-b");
        agent.OnStart = start => agent.ReportAsync(Report(start.ExecutionId, Succeeded()));
        mail.Refused["ada"] = true;
        await RunOnAsync(server, agent, "uname");
        var refused = await TriedAsync(server, "runs");
        Assert.StartsWith($"the mail server 127.0.0.1:{mail.Port} did not take it: ", refused.Attempts[0].Problem, StringComparison.Ordinal);
        Assert.Contains("mailbox", refused.Attempts[0].Problem, StringComparison.OrdinalIgnoreCase);
        mail.Refused.Clear();
        var first = await MailAsync(mail, "ada@example.org");
        Assert.Contains("uname", first.Subject, StringComparison.Ordinal);
        Assert.Contains("\"run.ended\"", first.TextBody, StringComparison.Ordinal);

        // away: the same. What it took is noted first, or it comes once more
        await EventuallyAsync(async () => await LastAsync(server, "runs") is { Delivery.Status: DeliveryStatus.Delivered } sent ? sent : null, "it is noted");
        await mail.StopAsync();
        await RunOnAsync(server, agent, "uptime");
        var away = await TriedAsync(server, "runs");
        Assert.Equal($"the mail server 127.0.0.1:{mail.Port} did not take it: Connection refused", away.Attempts[0].Problem);
        mail.Start();
        Assert.Contains("uptime", (await MailAsync(mail, "ada@example.org")).Subject, StringComparison.Ordinal);
        var last = await EventuallyAsync(async () => await LastAsync(server, "runs") is { Delivery.Status: DeliveryStatus.Delivered } sent ? sent : null, "it is noted");
        Assert.Null(last.Attempts[0].Problem);
        Assert.True(last.Attempts.Count > 1);
    }

    private static Task<MimeMessage> MailAsync(MailServer mail, string to) => Eventually.BecomesAsync(
        () => Task.FromResult(mail.Mails.TryDequeue(out var message) && message.To.Mailboxes.Single().Address == to ? message : null), $"a mail to {to}", 60);

    private static async Task HookAsync(OperoneServer server, string name, string url, string type)
    {
        using var made = await server.Owner.PostAsJsonAsync("/api/v1/webhooks", new WriteWebhook(name, url, [type]), OperoneJson.Default.WriteWebhook, Cancelled);
        Assert.True(made.IsSuccessStatusCode, await made.Content.ReadAsStringAsync(Cancelled));
    }

    private static async Task RunOnAsync(OperoneServer server, FakeAgent agent, string command)
    {
        using var made = await server.Owner.PostAsJsonAsync("/api/v1/runs", new CreateRun { Command = command, Target = new([agent.Name]) }, OperoneJson.Default.CreateRun, Cancelled);
        Assert.True(made.IsSuccessStatusCode, await made.Content.ReadAsStringAsync(Cancelled));
    }

    private static Task<WebhookDeliveryDetails> TriedAsync(OperoneServer server, string name) => Eventually.BecomesAsync(
        async () => await LastAsync(server, name) is { } sent && sent is { Delivery.Status: DeliveryStatus.Pending, Attempts: [{ Problem: not null }, ..] } ? sent : null, "an attempt that failed", 40);

    private static async Task<WebhookDeliveryDetails?> LastAsync(OperoneServer server, string name)
    {
        var all = (await server.Owner.GetFromJsonAsync($"/api/v1/webhooks/{name}/deliveries", OperoneJson.Default.PageWebhookDeliveryView, Cancelled))!.Items;
        return all.Count == 0 ? null : await server.Owner.GetFromJsonAsync($"/api/v1/webhooks/{name}/deliveries/{all[0].Id}", OperoneJson.Default.WebhookDeliveryDetails, Cancelled);
    }
}
