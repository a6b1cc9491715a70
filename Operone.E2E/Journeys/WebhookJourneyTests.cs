using System.Net;
using Microsoft.Playwright;
using Operone.Core.Shell;
using Operone.E2E.Hosting;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Operone.E2E.Journeys;

/// <summary>A webhook is made in the console, sends to a real listener, is turned off by it, and sends again what was given up.</summary>
public sealed class WebhookJourneyTests(Browser browser)
{
    private const float Long = 60_000;

    [Fact]
    public async Task Webhook_MadeInTheConsole_SendsAndSendsAgain()
    {
        await using var listener = new HookListener();
        await using var scene = await Scene.StartAsync(new Dictionary<string, string> { ["Operone__Webhooks__AllowedNetworks"] = "127.0.0.0/8" });
        var page = await browser.OpenAsync(scene.Server.Url);
        await page.SignInAsync();
        await page.GoAsync("/settings/webhooks");
        await Expect(page.GetByText("No webhooks yet")).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "New webhook" }).First.ClickAsync();
        await page.WaitForURLAsync("**/settings/webhooks/new");
        await page.GetByLabel("Name").FillAsync("tickets");
        await page.GetByLabel("Address").FillAsync("nowhere");
        await page.GetByRole(AriaRole.Button, new() { Name = "Make the webhook" }).ClickAsync();
        await Expect(page.Locator("#webhook-url-problem")).ToBeVisibleAsync();
        await page.GetByLabel("Address").FillAsync(listener.Url);
        await page.GetByLabel("Types of events").FillAsync("environment.*");
        await page.GetByRole(AriaRole.Button, new() { Name = "Make the webhook" }).ClickAsync();
        await page.WaitForURLAsync(url => Guid.TryParse(url.Split('/')[^1], out _));
        await Expect(page.GetByRole(AriaRole.Group, new() { Name = "The secret" })).ToContainTextAsync("whsec_");
        await page.GetByRole(AriaRole.Button, new() { Name = "Send a test" }).ClickAsync();
        await Expect(page.GetByText("It was taken within")).ToBeVisibleAsync();

        // what happens arrives
        await HappenAsync(scene, "first");
        var sent = page.GetByRole(AriaRole.Row).Filter(new() { HasText = "first" });
        await Expect(sent).ToContainTextAsync("taken", new() { Timeout = Long });
        Assert.Contains(listener.Bodies, body => body.Contains("\"first\"", StringComparison.Ordinal) && body.Contains("environment.created", StringComparison.Ordinal));
        await page.PictureAllAsync("journey-webhook");

        // one that wants no more turns it off; the page says so, and its own tick with it
        listener.Answer = HttpStatusCode.Gone;
        await HappenAsync(scene, "second");
        await Expect(page.GetByText("It turned itself off.")).ToBeVisibleAsync(new() { Timeout = Long });
        var enabled = page.GetByLabel("Send events there");
        await Expect(enabled).Not.ToBeCheckedAsync();
        var given = page.GetByRole(AriaRole.Row).Filter(new() { HasText = "second" });
        await Expect(given).ToContainTextAsync("given up");

        // turned on again, what was given up is sent again
        listener.Answer = HttpStatusCode.NoContent;
        await enabled.CheckAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Save", Exact = true }).ClickAsync();
        await Expect(page.GetByText("It turned itself off.")).ToHaveCountAsync(0);
        await given.GetByRole(AriaRole.Link).ClickAsync();
        await Expect(page.Locator(".attempt").Filter(new() { HasText = "410" }).First).ToBeVisibleAsync();
        await page.Locator(".attempt").First.ScrollIntoViewIfNeededAsync();
        await page.PictureAsync("journey-webhook-given-up");
        var before = listener.Bodies.Count;
        await page.GetByRole(AriaRole.Button, new() { Name = "Send it again" }).ClickAsync();
        await Expect(given.First).ToContainTextAsync("taken", new() { Timeout = Long });
        await Expect(page.GetByText("taken (204)")).ToBeVisibleAsync();
        Assert.Contains(listener.Bodies.Skip(before), body => body.Contains("\"second\"", StringComparison.Ordinal));
        await page.Context.CloseAsync();
    }

    private static Task<EnvironmentView> HappenAsync(Scene scene, string name) => scene.Server.Api.PostAsync<EnvironmentView>(
        "/api/v1/environments", new WriteEnvironment(name, "", "", new Dictionary<string, string>(), new Dictionary<string, string?>()), TestContext.Current.CancellationToken);
}
