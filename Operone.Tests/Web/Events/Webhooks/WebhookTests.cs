using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Operone.Core;
using Operone.Core.Connection;
using Operone.Core.Events;
using Operone.Tests.Hosting;
using Operone.Tests.Web.Access;
using Operone.Web.Data;
using Operone.Web.Events.Webhooks;
using StandardWebhooks;
using StandardWebhooks.Diagnostics;
using Xunit;

namespace Operone.Tests.Web.Events.Webhooks;

/// <summary>Webhooks through their REST door, to a real receiver.</summary>
public abstract class WebhookTests(ServerFixture fixture) : ServerTests(fixture)
{
    [Fact]
    public async Task Event_IsSentAsACloudEvent_WithASignatureThatAnotherImplementationTakes()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        var (name, type) = Names();
        var made = await CreateAsync(new(name, $"{receiver.Url}/hook", [type]));
        Assert.StartsWith("whsec_", made.Secret, StringComparison.Ordinal);
        await TellAsync(type, "first", new() { ["detail"] = "a \"quoted\" <thing> \u2603" });
        await TellAsync("other." + type, "not for it");
        await TellAsync(type, "second");
        await ReceivesAsync(receiver, 2);
        Assert.Equal(["first", "second"], receiver.Received.Select(r => Event(r).Subject).Order());
        var first = receiver.Received.Single(r => Event(r).Subject == "first");
        Assert.Equal("/hook", first.Path);
        Assert.Equal("application/cloudevents+json; charset=utf-8", first.Headers.ContentType);
        Assert.Equal(first.Id, Event(first).Id.ToString());
        Assert.Equal(("1.0", type, "a \"quoted\" <thing> \u2603"), (Event(first).Specversion, Event(first).Type, Event(first).Data.Details!["detail"]));
        new StandardWebhook(made.Secret).Verify(first.Body, first.Headers);
        Assert.ThrowsAny<Exception>(() => new StandardWebhook(made.Secret).Verify(first.Body + " ", first.Headers));

        var deliveries = await EventuallyAsync(async () => await DeliveriesAsync(name) is { Count: 2 } all && all.All(d => d.Status == DeliveryStatus.Delivered) ? all : null, "both noted");
        Assert.Equal(["second", "first"], deliveries.Select(d => d.Subject));
        var details = await Server.Owner.GetFromJsonAsync($"/api/v1/webhooks/{name}/deliveries/{deliveries[0].Id}", OperoneJson.Default.WebhookDeliveryDetails, Cancelled);
        Assert.Equal((204, null), (Assert.Single(details!.Attempts).StatusCode, details.Attempts[0].Problem));
        Assert.DoesNotContain(made.Secret, await Server.Owner.GetStringAsync($"/api/v1/webhooks/{name}", Cancelled), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Secret_ThatIsMadeAnew_IsSignedWithBesideTheOldOne_UntilTheUpkeepAfterADay()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        var (name, type) = Names();
        var old = await CreateAsync(new(name, receiver.Url, [type]));
        using var rotated = await Server.Owner.PostAsync($"/api/v1/webhooks/{name}/secret", null, Cancelled);
        var made = await rotated.Content.ReadFromJsonAsync(OperoneJson.Default.WebhookSecretView, Cancelled);
        Assert.NotNull(made!.Webhook.OldSecretUntil);
        await TellAsync(type, "both");
        await ReceivesAsync(receiver, 1);
        receiver.Received.TryPeek(out var both);
        Assert.Equal(2, both!.Headers["webhook-signature"].ToString().Split(' ').Length);
        Assert.True(IsSignedBy(old.Secret, both) && IsSignedBy(made.Secret, both));

        await using (var db = Server.OpenDatabase())
        {
            await db.Set<Webhook>().Where(w => w.Name == name).ExecuteUpdateAsync(set => set.SetProperty(w => w.OldSecretUntil, DateTimeOffset.UtcNow.AddSeconds(-1)), Cancelled);
        }

        await Server.RunJobAsync("webhooks");
        await TellAsync(type, "new");
        await ReceivesAsync(receiver, 2);
        var last = receiver.Received.Last();
        Assert.True(IsSignedBy(made.Secret, last));
        Assert.False(IsSignedBy(old.Secret, last));
    }

    [Fact]
    public async Task Upkeep_ForgetsWhatWasTakenAndLaterWhatWasGivenUp_WithTheirAttempts_AndNothingThatWaits()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        var (name, type) = Names();
        await CreateAsync(new(name, receiver.Url, [type]));
        string[] subjects = ["taken", "taken-old", "dead", "dead-old", "dead-older", "waits"];
        foreach (var subject in subjects)
        {
            await TellAsync(type, subject);
        }

        await EventuallyAsync(async () => await DeliveriesAsync(name) is { Count: 6 } all && all.All(d => d.Status == DeliveryStatus.Delivered) ? all : null, "all taken");
        await using var db = Server.OpenDatabase();
        var now = DateTimeOffset.UtcNow;
        foreach (var (subject, status, days) in (IEnumerable<(string, DeliveryStatus, int?)>)
            [("taken", DeliveryStatus.Delivered, 6), ("taken-old", DeliveryStatus.Delivered, 8), ("dead", DeliveryStatus.Dead, 8), ("dead-old", DeliveryStatus.Dead, 29), ("dead-older", DeliveryStatus.Dead, 31), ("waits", DeliveryStatus.Pending, null)])
        {
            var ended = days is { } ago ? now.AddDays(-ago) : (DateTimeOffset?)null;
            await db.Set<WebhookDelivery>().Where(d => d.Type == type && d.Subject == subject).ExecuteUpdateAsync(
                set => set.SetProperty(d => d.Status, status).SetProperty(d => d.EndedAt, ended).SetProperty(d => d.NextAt, now.AddDays(1)), Cancelled);
        }

        await Server.RunJobAsync("webhooks");
        Assert.Equal(["dead", "dead-old", "taken", "waits"], (await DeliveriesAsync(name)).Select(d => d.Subject).Order(StringComparer.Ordinal));
        await KeepAsync(new() { DeliveredDays = 5, DeadDays = 28 });
        Assert.Equal(["dead", "waits"], (await DeliveriesAsync(name)).Select(d => d.Subject).Order(StringComparer.Ordinal));
        Assert.Equal(2, await db.Set<WebhookAttempt>().CountAsync(a => db.Set<WebhookDelivery>().Any(d => d.Id == a.DeliveryId && d.Type == type), Cancelled));
        Assert.False(await db.Set<WebhookAttempt>().AnyAsync(a => !db.Set<WebhookDelivery>().Any(d => d.Id == a.DeliveryId), Cancelled));
        Assert.Equal(["Operone:Webhooks:DeliveredDays: must be 1 to 3650, is 0", "Operone:Webhooks:DeadDays: must be at least DeliveredDays and at most 3650, is 4000"],
            new WebhookOptionsValidation().Validate(null, new() { DeliveredDays = 0, DeadDays = 4000 }).Failures!);

        Task KeepAsync(WebhookOptions options) => new WebhookUpkeep(Server.Services.GetRequiredService<IDbContextFactory<OperoneDb>>(),
            Server.Services.GetRequiredService<WebhookVault>(), Options.Create(options), TimeProvider.System).RunAsync(Cancelled);
    }

    [Fact]
    public async Task Events_OfOneSubject_AreSentInOrder_AlsoWhenOneFailsMeanwhile_AndOthersGoOn()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        var (name, type) = Names();
        var failures = 1;
        receiver.Answer = (received, context) =>
        {
            context.Response.StatusCode = Event(received) is { Subject: "a" } happened && happened.Data.Details!["n"] == "1" && Interlocked.Decrement(ref failures) >= 0 ? 503 : 200;
            return Task.CompletedTask;
        };
        await CreateAsync(new(name, receiver.Url, [type]));
        for (var n = 0; n < 6; n++)
        {
            await TellAsync(type, "a", new() { ["n"] = n.ToString(CultureInfo.InvariantCulture) });
            await TellAsync(type, "b", new() { ["n"] = n.ToString(CultureInfo.InvariantCulture) });
        }

        // Seven of one: that which failed came again.
        await ReceivesAsync(receiver, 13);
        string Of(string subject) => string.Concat(receiver.Received.Where(r => Event(r).Subject == subject).Select(r => Event(r).Data.Details!["n"]));
        Assert.Equal("0112345", Of("a"));
        Assert.Equal("012345", Of("b"));
        var bs = receiver.Received.TakeWhile(r => !(Event(r) is { Subject: "a" } e && e.Data.Details!["n"] == "2")).Count(r => Event(r).Subject == "b");
        Assert.Equal(6, bs);
    }

    [Fact]
    public async Task Receiver_ThatNeverAnswers_HoldsUpNoOther()
    {
        await using var slow = await WebhookReceiver.StartAsync();
        await using var quick = await WebhookReceiver.StartAsync();
        var (name, type) = Names();
        var (open, most) = (0, 0);
        var counting = new Lock();
        slow.Answer = async (_, context) =>
        {
            lock (counting)
            {
                most = Math.Max(most, ++open);
            }

            await Task.Delay(Timeout.Infinite, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            lock (counting)
            {
                open--;
            }
        };
        await CreateAsync(new(name + "-slow", slow.Url, [type]));
        await CreateAsync(new(name + "-quick", quick.Url, [type]));
        for (var n = 0; n < 40; n++)
        {
            await TellAsync(type, $"{n}");
        }

        await ReceivesAsync(quick, 40);
        Assert.InRange(most, 1, 4);
        Assert.Equal(40, (await GetAsync(name + "-slow")).Pending);
    }

    [Fact]
    public async Task Receiver_ThatIsGone_TurnsTheWebhookOff_AndWhatWaitedCanBeSentAgain()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        receiver.AnswerWith(410, "no more");
        var (name, type) = Names();
        await CreateAsync(new(name, receiver.Url, [type]));
        await TellAsync(type, "one");
        var off = await EventuallyAsync(async () => await GetAsync(name) is { IsEnabled: false } webhook ? webhook : null, "turned off");
        Assert.Contains("410", off.Problem, StringComparison.Ordinal);
        Assert.Equal((0, 1), (off.Pending, off.Dead));
        await Server.HappenedAsync(EventTypes.WebhookTurnedOff, name);
        var dead = Assert.Single(await DeliveriesAsync(name));
        using (var refused = await Server.Owner.PostAsync($"/api/v1/webhooks/{name}/deliveries/{dead.Id}/again", null, Cancelled))
        {
            Assert.EndsWith("webhook-off", (await OperoneServer.ReadProblemAsync(refused)).Type, StringComparison.Ordinal);
        }

        receiver.AnswerWith(200);
        using (var on = await Server.Owner.PutAsJsonAsync($"/api/v1/webhooks/{name}", new WriteWebhook(name, receiver.Url, [type]), OperoneJson.Default.WriteWebhook, Cancelled))
        {
            Assert.Null((await on.Content.ReadFromJsonAsync(OperoneJson.Default.WebhookView, Cancelled))!.Problem);
        }

        using var again = await Server.Owner.PostAsync($"/api/v1/webhooks/{name}/deliveries/again", null, Cancelled);
        Assert.Equal(1, (await again.Content.ReadFromJsonAsync(OperoneJson.Default.WebhookResent, Cancelled))!.Count);
        await ReceivesAsync(receiver, 2);
        Assert.Single(receiver.Received.Select(r => r.Id).Distinct());
    }

    [Fact]
    public async Task Receiver_ThatFailsForADay_IsTriedAtGrowingPauses_ThenGivenUp_AndCanBeTriedAgain()
    {
        var time = new AdjustableTime();
        await using var receiver = await WebhookReceiver.StartAsync();
        receiver.AnswerWith(503, "busy", TimeSpan.FromMinutes(20));
        await using var server = await Fixture.StartAnotherAsync(Allowed.Loopback, b => b.Services.AddSingleton<TimeProvider>(time));
        var made = await CreateAsync(new("daily", receiver.Url, ["test.daily"]), server);
        await TellAsync("test.daily", "one", server: server);
        var began = time.GetUtcNow();
        WebhookDelivery? delivery = null;
        for (var attempt = 1; attempt <= 11; attempt++)
        {
            delivery = await EventuallyAsync(async () =>
            {
                await using var db = server.OpenDatabase();
                return await db.Set<WebhookDelivery>().SingleOrDefaultAsync(d => d.Attempts == attempt, Cancelled);
            }, $"attempt {attempt}", 30);
            if (attempt < 11)
            {
                Assert.Equal(DeliveryStatus.Pending, delivery.Status);
                Assert.True(delivery.NextAt - time.GetUtcNow() > TimeSpan.FromMinutes(19), "The receiver asked for twenty minutes.");
                time.Advance(delivery.NextAt - time.GetUtcNow());
            }
        }

        Assert.Equal(DeliveryStatus.Dead, delivery!.Status);
        Assert.InRange(delivery.EndedAt!.Value - began, TimeSpan.FromHours(23), TimeSpan.FromHours(30));
        Assert.Equal(11, receiver.Received.Count);
        Assert.Single(receiver.Received.Select(r => r.Id).Distinct());
        var details = await server.Owner.GetFromJsonAsync($"/api/v1/webhooks/daily/deliveries/{delivery.Id}", OperoneJson.Default.WebhookDeliveryDetails, Cancelled);
        Assert.Equal(11, details!.Attempts.Count);
        Assert.All(details.Attempts, a => Assert.Equal((503, "busy"), (a.StatusCode, a.Excerpt)));

        receiver.AnswerWith(200);
        using var again = await server.Owner.PostAsync($"/api/v1/webhooks/{made.Webhook.Id}/deliveries/{delivery.Id}/again", null, Cancelled);
        Assert.Equal(HttpStatusCode.NoContent, again.StatusCode);
        await ReceivesAsync(receiver, 12);
        // Each attempt has a time of its own: receivers refuse what is older than some minutes.
        Assert.InRange(long.Parse(receiver.Received.Last().Headers["webhook-timestamp"]!, CultureInfo.InvariantCulture), began.AddHours(23).ToUnixTimeSeconds(), time.GetUtcNow().ToUnixTimeSeconds());
    }

    [Fact]
    public async Task Selector_OfDevices_SendsTheirEventsAlone()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        var (name, _) = Names();
        await using var web = await Server.EnrollAsync($"{name}-web", new() { ["role"] = name });
        await using var other = await Server.EnrollAsync($"{name}-db", new() { ["role"] = "other" });
        await CreateAsync(new(name, receiver.Url, ["device.*"], $"role={name}"));
        await other.ConnectAsync();
        await web.ConnectAsync();
        await ReceivesAsync(receiver, 1);
        await web.CloseAsync();
        await ReceivesAsync(receiver, 2);
        Assert.Equal([EventTypes.DeviceConnected, EventTypes.DeviceDisconnected], receiver.Received.Select(r => Event(r).Type));
        Assert.All(receiver.Received, r => Assert.Equal(web.Id, Event(r).Data.DeviceId));
    }

    [Fact]
    public async Task Template_WithHostileValues_IsStillTheJsonThatWasWritten()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        var (name, type) = Names();
        await CreateAsync(new(name, receiver.Url, [type], Template: """{"text": "{{subject|slack}} / {{data.note}}", "n": [1, true, null, "{{ type }}"]}"""));
        const string Hostile = "\", \"admin\": true, \"x\": \"<!channel> \\ \u2028 {{actor}}";
        await TellAsync(type, Hostile, new() { ["note"] = Hostile });
        await ReceivesAsync(receiver, 1);
        receiver.Received.TryPeek(out var received);
        Assert.Equal("application/json; charset=utf-8", received!.Headers.ContentType);
        var body = JsonDocument.Parse(received.Body).RootElement;
        Assert.Equal(["text", "n"], body.EnumerateObject().Select(p => p.Name));
        Assert.Equal($"{Hostile.Replace("<", "&lt;", StringComparison.Ordinal).Replace(">", "&gt;", StringComparison.Ordinal)} / {Hostile}", body.GetProperty("text").GetString());
        Assert.Equal(type, body.GetProperty("n")[3].GetString());
    }

    [Fact]
    public async Task Test_SendsOneEvent_AndSaysWhatCameOfIt_BeingBoundedInAll()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        receiver.AnswerWith(500, "\u0007bell " + new string('x', 100_000));
        var (name, _) = Names();
        await CreateAsync(new(name, receiver.Url, ["none.*"]));
        var attempt = await TestAsync(name);
        Assert.Equal((500, 1000), (attempt.StatusCode, attempt.Excerpt!.Length));
        Assert.StartsWith("bell x", attempt.Excerpt, StringComparison.Ordinal);
        Assert.Equal("webhook.tested", Event(Assert.Single(receiver.Received)).Type);

        receiver.Answer = (_, context) =>
        {
            context.Response.Redirect($"{receiver.Url}/elsewhere");
            return Task.CompletedTask;
        };
        attempt = await TestAsync(name);
        Assert.Equal(302, attempt.StatusCode);
        Assert.Contains("redirects are not followed", attempt.Problem, StringComparison.Ordinal);
        Assert.DoesNotContain(receiver.Received, r => r.Path == "/elsewhere");
    }

    [Fact]
    public async Task Webhook_IsListedReplacedAndRemoved_AndItsNameIsTakenOnce()
    {
        var (name, type) = Names();
        await CreateAsync(new(name, "http://127.0.0.1:9/x", [type]));
        using (var twice = await Server.Owner.PostAsJsonAsync("/api/v1/webhooks", new WriteWebhook(name.ToUpperInvariant(), "http://127.0.0.1:9"), OperoneJson.Default.WriteWebhook, Cancelled))
        {
            Assert.Equal(HttpStatusCode.Conflict, twice.StatusCode);
        }

        Assert.Contains(await Server.Owner.GetFromJsonAsync<Page<WebhookView>>("/api/v1/webhooks?limit=500", Cancelled) is { } page ? page.Items : [], w => w.Name == name);
        using (var changed = await Server.Owner.PutAsJsonAsync($"/api/v1/webhooks/{name}", new WriteWebhook(name, "https://example.org/y", IsEnabled: false), OperoneJson.Default.WriteWebhook, Cancelled))
        {
            var view = await changed.Content.ReadFromJsonAsync(OperoneJson.Default.WebhookView, Cancelled);
            Assert.Equal(("https://example.org/y", false, 0), (view!.Url, view.IsEnabled, view.Types.Count));
        }

        using (var removed = await Server.Owner.DeleteAsync($"/api/v1/webhooks/{name}", Cancelled))
        {
            Assert.Equal(HttpStatusCode.NoContent, removed.StatusCode);
        }

        using var gone = await Server.Owner.GetAsync($"/api/v1/webhooks/{name}", Cancelled);
        Assert.Equal(HttpStatusCode.NotFound, gone.StatusCode);
        await Server.HappenedAsync(EventTypes.WebhookRemoved, name);
    }

    // The specification says that any of them may be the one; this implementation looks at the first alone.
    private static bool IsSignedBy(string secret, ReceivedWebhook received) => received.Headers["webhook-signature"].ToString().Split(' ').Any(signature =>
    {
        try
        {
            new StandardWebhook(secret).Verify(received.Body, new HeaderDictionary(received.Headers.ToDictionary()) { ["webhook-signature"] = signature });
            return true;
        }
        catch (WebhookVerificationException)
        {
            return false;
        }
    });

    private static (string Name, string Type) Names()
    {
        var mark = Guid.NewGuid().ToString("N")[..12];
        return ($"hook-{mark}", $"test.hook-{mark}");
    }

    private static EventView Event(ReceivedWebhook received) => JsonSerializer.Deserialize(received.Body, OperoneJson.Default.EventView)!;

    private async Task<WebhookSecretView> CreateAsync(WriteWebhook request, OperoneServer? server = null)
    {
        using var response = await (server ?? Server).Owner.PostAsJsonAsync("/api/v1/webhooks", request, OperoneJson.Default.WriteWebhook, Cancelled);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(Cancelled));
        return (await response.Content.ReadFromJsonAsync(OperoneJson.Default.WebhookSecretView, Cancelled))!;
    }

    private async Task<WebhookView> GetAsync(string name) => (await Server.Owner.GetFromJsonAsync($"/api/v1/webhooks/{name}", OperoneJson.Default.WebhookView, Cancelled))!;

    private async Task<List<WebhookDeliveryView>> DeliveriesAsync(string name) =>
        [.. (await Server.Owner.GetFromJsonAsync($"/api/v1/webhooks/{name}/deliveries", OperoneJson.Default.PageWebhookDeliveryView, Cancelled))!.Items];

    private async Task<WebhookAttemptView> TestAsync(string name)
    {
        using var response = await Server.Owner.PostAsync($"/api/v1/webhooks/{name}/test", null, Cancelled);
        return (await response.Content.ReadFromJsonAsync(OperoneJson.Default.WebhookAttemptView, Cancelled))!;
    }

    private async Task TellAsync(string type, string subject, Dictionary<string, string?>? data = null, OperoneServer? server = null)
    {
        await using var db = (server ?? Server).OpenDatabase();
        db.Publish(new(type, subject, Data: data));
        await db.SaveChangesAsync(Cancelled);
    }

    private static Task ReceivesAsync(WebhookReceiver receiver, int count) =>
        Eventually.BecomesAsync(() => Task.FromResult(receiver.Received.Count >= count), () => $"{count} requests, but {receiver.Received.Count}", 40);
}

public sealed class WebhooksOnSqlite(SqliteWebhooksFixture fixture) : WebhookTests(fixture), IClassFixture<SqliteWebhooksFixture>;

public sealed class WebhooksOnPostgres(PostgresWebhooksFixture fixture) : WebhookTests(fixture), IClassFixture<PostgresWebhooksFixture>;
