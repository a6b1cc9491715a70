using System.Net.Http.Json;
using Operone.Core.Connection;
using Operone.Core.Events;
using Operone.Tests.Hosting;
using Operone.Tests.Web.Access;
using Xunit;

namespace Operone.Tests.Web.Events.Webhooks;

/// <summary>Mail that a server or an address does not let through: it is said in words, wherever it was to be sent from.</summary>
public sealed class WebhookMailTests(SqliteFixture fixture) : ServerTests(fixture), IClassFixture<SqliteFixture>
{
    [Fact]
    public async Task Server_ThatWantsASignInThatIsNotSet_IsSaidInWords_WhereItIsTried_Sent_AndInvited()
    {
        await using var mail = new MailServer();
        await using var server = await Fixture.StartAnotherAsync(mail.Settings.Where(s => s.Key is not ("Operone:Mail:User" or "Operone:Mail:Password")).ToDictionary());
        using (var made = await server.Owner.PostAsJsonAsync("/api/v1/webhooks", new WriteWebhook("mail", "mailto:ops@example.org", ["test.mail"]), OperoneJson.Default.WriteWebhook, Cancelled))
        {
            Assert.True(made.IsSuccessStatusCode, await made.Content.ReadAsStringAsync(Cancelled));
        }

        using var tried = await server.Owner.PostAsync("/api/v1/webhooks/mail/test", null, Cancelled);
        Assert.True(tried.IsSuccessStatusCode, await tried.Content.ReadAsStringAsync(Cancelled));
        var problem = (await tried.Content.ReadFromJsonAsync(OperoneJson.Default.WebhookAttemptView, Cancelled))!.Problem;
        Assert.StartsWith($"the mail server 127.0.0.1:{mail.Port} did not take it: ", problem, StringComparison.Ordinal);
        Assert.Contains("authentication", problem, StringComparison.OrdinalIgnoreCase);

        await using (var db = server.OpenDatabase())
        {
            db.Publish(new("test.mail", "one"));
            await db.SaveChangesAsync(Cancelled);
        }

        var waiting = await EventuallyAsync(
            async () => (await server.Owner.GetFromJsonAsync("/api/v1/webhooks/mail/deliveries", OperoneJson.Default.PageWebhookDeliveryView, Cancelled))!.Items is [{ Attempts: > 0 } one] ? one : null,
            "an attempt that is noted", 30);
        Assert.Equal((DeliveryStatus.Pending, problem), (waiting.Status, waiting.Problem));

        var invited = await InvitationTests.InviteAsync(server.Owner, new("ada@example.org", "viewer"));
        Assert.Equal((false, problem), (invited.IsSent, invited.MailProblem));
        Assert.Empty(mail.Mails);
    }

    [Fact]
    public async Task Invitation_ToWhatNoMailCanBeSentTo_StandsAndSaysSo()
    {
        await using var mail = new MailServer();
        await using var server = await Fixture.StartAnotherAsync(mail.Settings);
        var invited = await InvitationTests.InviteAsync(server.Owner, new("ada.@example.org", "viewer"));
        Assert.Equal((false, "'ada.@example.org' is no e-mail address"), (invited.IsSent, invited.MailProblem));
    }
}
