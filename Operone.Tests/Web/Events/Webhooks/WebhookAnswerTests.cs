using System.Net.Http.Json;
using Microsoft.AspNetCore.Http;
using Operone.Core.Connection;
using Operone.Core.Events;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Web.Events.Webhooks;

/// <summary>Receivers that answer in part, or not at all.</summary>
public sealed class WebhookAnswerTests(SqliteWebhooksFixture fixture) : ServerTests(fixture), IClassFixture<SqliteWebhooksFixture>
{
    [Theory]
    [InlineData(200, "slow", null)]
    [InlineData(202, "broken", null)]
    [InlineData(503, "slow", "The answer was 503 (Service Unavailable).")]
    public async Task Answer_WhoseBodyIsSlowOrBreaksOff_CountsByItsStatus_WithWhatWasReadOfIt(int status, string how, string? problem)
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        receiver.Answer = async (_, context) =>
        {
            context.Response.StatusCode = status;
            context.Response.ContentLength = 100;
            await context.Response.WriteAsync("it begins");
            await context.Response.Body.FlushAsync();
            if (how == "slow")
            {
                await Task.Delay(Timeout.Infinite, context.RequestAborted);
            }
        };
        var name = await CreateAsync($"{receiver.Url}/{how}");
        var attempt = await TestAsync(name);
        Assert.Equal((status, problem, "it begins"), (attempt.StatusCode, attempt.Problem, attempt.Excerpt));
    }

    [Fact]
    public async Task Webhook_AtTheSameHostAsTwoThatNeverAnswer_IsSentToAllTheSame()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        receiver.Answer = (received, context) => received.Path == "/well" ? Task.CompletedTask : Task.Delay(Timeout.Infinite, context.RequestAborted);
        var type = $"test.{Guid.NewGuid():N}";
        await CreateAsync($"{receiver.Url}/hangs", type);
        await CreateAsync($"{receiver.Url}/hangs-too", type);
        var name = await CreateAsync($"{receiver.Url}/well");
        await using (var db = Server.OpenDatabase())
        {
            for (var n = 0; n < 8; n++)
            {
                db.Publish(new(type, $"{n}"));
            }

            await db.SaveChangesAsync(Cancelled);
        }

        await EventuallyAsync(() => Task.FromResult(receiver.Received.Count >= 8), "four requests to each of the two");
        var attempt = await TestAsync(name);
        Assert.Equal((200, null), (attempt.StatusCode, attempt.Problem));

        // it did not wait until the others' time was up
        Assert.InRange(attempt.Milliseconds, 0, 10_000);
    }

    [Fact]
    public async Task Template_WithHalfACharacter_IsRefusedAtTheDoor()
    {
        using var response = await Server.Owner.PostAsJsonAsync(
            "/api/v1/webhooks", new WriteWebhook("half", "https://example.org/", Template: """{"text": "\ud800"}"""), OperoneJson.Default.WriteWebhook, Cancelled);
        Assert.Equal(["template"], (await OperoneServer.ReadProblemAsync(response)).Errors!.Keys);
    }

    private async Task<string> CreateAsync(string url, string type = "none.*")
    {
        var name = $"hook-{Guid.NewGuid():N}"[..20];
        using var made = await Server.Owner.PostAsJsonAsync("/api/v1/webhooks", new WriteWebhook(name, url, [type]), OperoneJson.Default.WriteWebhook, Cancelled);
        Assert.True(made.IsSuccessStatusCode, await made.Content.ReadAsStringAsync(Cancelled));
        return name;
    }

    private async Task<WebhookAttemptView> TestAsync(string name)
    {
        using var response = await Server.Owner.PostAsync($"/api/v1/webhooks/{name}/test", null, Cancelled);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(Cancelled));
        return (await response.Content.ReadFromJsonAsync(OperoneJson.Default.WebhookAttemptView, Cancelled))!;
    }
}
