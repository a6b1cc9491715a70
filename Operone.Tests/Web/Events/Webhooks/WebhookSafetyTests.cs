using System.Net;
using System.Net.Http.Json;
using Microsoft.EntityFrameworkCore;
using Operone.Core.Connection;
using Operone.Core.Events;
using Operone.Tests.Hosting;
using Operone.Web.Events.Webhooks;
using Operone.Web.Hosting;
using Xunit;

namespace Operone.Tests.Web.Events.Webhooks;

/// <summary>Where webhooks do not go (server-side request forgery), and when they come again.</summary>
public sealed class WebhookSafetyTests(SqliteFixture fixture) : ServerTests(fixture), IClassFixture<SqliteFixture>
{
    [Theory]
    [InlineData("https://127.0.0.1/")]
    [InlineData("https://2130706433/")]
    [InlineData("https://0x7f000001/")]
    [InlineData("https://0177.0.0.1/")]
    [InlineData("https://127.1/")]
    [InlineData("https://[::1]/")]
    [InlineData("https://[::ffff:127.0.0.1]/")]
    [InlineData("https://[::ffff:7f00:1]/")]
    [InlineData("https://169.254.169.254/latest/meta-data")]
    [InlineData("https://10.0.0.1:8443/")]
    [InlineData("https://[fe80::1]/")]
    [InlineData("https://[64:ff9b::10.0.0.1]/")]
    [InlineData("http://example.org/")]
    [InlineData("mailto:ops@example.org")]
    public async Task Create_ToAnAddressThatIsNotAllowed_IsRefusedAtTheDoor(string url)
    {
        using var response = await Server.Owner.PostAsJsonAsync("/api/v1/webhooks", new WriteWebhook("refused", url), OperoneJson.Default.WriteWebhook, Cancelled);
        Assert.Equal(["url"], (await OperoneServer.ReadProblemAsync(response)).Errors!.Keys);
    }

    [Theory]
    [InlineData("https://localhost:{0}/")]
    [InlineData("http://localhost:{0}/")]
    [InlineData("http://127.0.0.1:{0}/")]
    [InlineData("http://2130706433:{0}/")]
    public async Task Name_OfThisMachine_IsRefusedWhenItIsConnectedTo_WhateverTheDoorHasLetIn(string url)
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        var name = $"inner-{Guid.NewGuid():N}"[..20];
        using (var made = await Server.Owner.PostAsJsonAsync("/api/v1/webhooks", new WriteWebhook(name, "https://example.org/"), OperoneJson.Default.WriteWebhook, Cancelled))
        {
            Assert.Equal(HttpStatusCode.Created, made.StatusCode);
        }

        await using (var db = Server.OpenDatabase())
        {
            // As if it had been allowed once, or its name led elsewhere when it was made.
            var target = url.Replace("{0}", new Uri(receiver.Url).Port.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal);
            await db.Set<Webhook>().Where(w => w.Name == name).ExecuteUpdateAsync(set => set.SetProperty(w => w.Url, target).SetProperty(w => w.IsEnabled, false), Cancelled);
        }

        using var response = await Server.Owner.PostAsync($"/api/v1/webhooks/{name}/test", null, Cancelled);
        var attempt = await response.Content.ReadFromJsonAsync(OperoneJson.Default.WebhookAttemptView, Cancelled);
        Assert.Null(attempt!.StatusCode);
        Assert.Contains("AllowedNetworks", attempt.Problem, StringComparison.Ordinal);
        Assert.Empty(receiver.Received);
    }

    [Theory]
    [InlineData("8.8.8.8", true)]
    [InlineData("2606:4700::1111", true)]
    [InlineData("::ffff:8.8.8.8", true)]
    [InlineData("64:ff9b::808:808", true)]
    [InlineData("2002:808:808::1", true)]
    [InlineData("127.0.0.1", false)]
    [InlineData("0.0.0.0", false)]
    [InlineData("10.1.2.3", false)]
    [InlineData("100.64.0.1", false)]
    [InlineData("172.31.255.255", false)]
    [InlineData("172.32.0.1", true)]
    [InlineData("192.168.1.1", false)]
    [InlineData("169.254.169.254", false)]
    [InlineData("224.0.0.1", false)]
    [InlineData("255.255.255.255", false)]
    [InlineData("::", false)]
    [InlineData("::1", false)]
    [InlineData("::127.0.0.1", false)]
    [InlineData("::ffff:10.0.0.1", false)]
    [InlineData("fe80::1", false)]
    [InlineData("fc00::1", false)]
    [InlineData("fd00:ec2::254", false)]
    [InlineData("ff02::1", false)]
    [InlineData("64:ff9b::7f00:1", false)]
    [InlineData("64:ff9b:1::1", false)]
    [InlineData("2002:7f00:1::1", false)]
    [InlineData("2002:a00:1::1", false)]
    [InlineData("2001::1", false)]
    [InlineData("2001:db8::1", false)]
    public void Address_IsPublic_OnlyWhereItIsInAnyClothes(string address, bool isPublic) => Assert.Equal(isPublic, NetworkAddresses.IsPublic(IPAddress.Parse(address)));

    [Fact]
    public void Pauses_GrowForADay_AndAreNeverShorterThanTheReceiverAsks()
    {
        var (at, attempts) = (TimeSpan.Zero, 0);
        for (TimeSpan? pause; (pause = WebhookRetries.PauseAfter(++attempts, null, 0)) is not null; at += pause.Value)
        {
            Assert.True(attempts == 1 || pause > WebhookRetries.PauseAfter(attempts - 1, null, 0));
        }

        Assert.Equal(11, attempts);
        Assert.InRange(at, TimeSpan.FromHours(23.5), TimeSpan.FromHours(24.5));
        Assert.Equal(TimeSpan.FromSeconds(5.5), WebhookRetries.PauseAfter(1, null, 1));
        Assert.Equal(TimeSpan.FromMinutes(3), WebhookRetries.PauseAfter(1, TimeSpan.FromMinutes(3), 0));
        Assert.Equal(TimeSpan.FromHours(1), WebhookRetries.PauseAfter(1, TimeSpan.FromDays(30), 0));
        Assert.Equal(TimeSpan.FromSeconds(5), WebhookRetries.PauseAfter(1, TimeSpan.FromSeconds(-9), 0));
    }

    [Fact]
    public void Signature_OfTheSpecificationsExample_IsWhatItSays() => Assert.Equal(
        "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=",
        WebhookVault.Sign(
            new() { Current = Convert.FromBase64String("plJ3nmyCDGBKInavdOK15jsl") }, false, "msg_loFOjxBNrRLzqYUf", 1731705121,
            """{"event_type":"ping","data":{"success":true}}"""u8));
}
