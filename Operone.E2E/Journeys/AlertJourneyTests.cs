using Microsoft.Playwright;
using Operone.Core.Kernel.Alerts;
using Operone.E2E.Hosting;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Operone.E2E.Journeys;

/// <summary>An alert rule is made with a look at what it would do, fires on a real device, is silenced, changed and removed.</summary>
public sealed class AlertJourneyTests(Browser browser)
{
    private const float Long = 60_000;

    [Fact]
    public async Task Rule_MadeWithAPreview_FiresAndIsSilenced()
    {
        var cancel = TestContext.Current.CancellationToken;
        await using var scene = await Scene.StartAsync("web-1");
        var rule = new SaveAlertRule { Telemetry = new() { Metric = AlertMetric.Processes, Over = 0 } };
        await ApiClient.UntilAsync(
            async () => (await scene.Server.Api.PostAsync<AlertPreview>("/api/v1/alert-rules/preview", rule, cancel)).Holds == 1, TimeSpan.FromSeconds(60), "the device has told its numbers", cancel);
        var page = await browser.OpenAsync(scene.Server.Url);
        await page.SignInAsync();
        await page.GoAsync("/alerts/rules");
        await Expect(page.GetByText("No alert rules yet")).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "New rule" }).First.ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog);
        await dialog.GetByLabel("Name").FillAsync("crowded");
        await dialog.GetByLabel("Number").SelectOptionAsync(nameof(AlertMetric.Processes));

        // what is wrong stands beside its field, and what it would do now beneath
        await dialog.GetByLabel("Limit").FillAsync("many");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Make the rule" }).ClickAsync();
        await Expect(dialog.Locator("#rule-limit-problem")).ToContainTextAsync("a number such as 90");
        await dialog.GetByLabel("Limit").FillAsync("1000000");
        await dialog.GetByLabel("Devices").FillAsync("role=web");
        await dialog.GetByLabel("Devices").BlurAsync();
        await Expect(dialog.GetByRole(AriaRole.Status)).ToHaveTextAsync("It would hold now on 0 of 1 devices.");
        await Expect(dialog.Locator("#rule-limit-problem")).ToHaveCountAsync(0);
        await dialog.GetByLabel("Limit").FillAsync("0");
        await dialog.GetByLabel("For", new() { Exact = true }).FillAsync("");
        await dialog.GetByLabel("For", new() { Exact = true }).BlurAsync();
        await Expect(dialog.GetByRole(AriaRole.Status)).ToHaveTextAsync("It would hold now on 1 of 1 devices: web-1.");
        await page.PictureAllAsync("journey-alert-rule");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Make the rule" }).ClickAsync();

        // it fires by itself
        var row = page.GetByRole(AriaRole.Row).Filter(new() { HasText = "crowded" });
        await Expect(row).ToContainTextAsync("processes over 0 on role=web");
        await Expect(row.Locator("a.state.bad")).ToHaveTextAsync("1", new() { Timeout = Long });
        await row.Locator("a.state.bad").ClickAsync();
        await page.WaitForURLAsync("**/alerts?rule=crowded");
        await Expect(page.Locator("td .state").Filter(new() { HasText = "firing" })).ToBeVisibleAsync();

        // and nobody is told of it for a while
        await page.GetByRole(AriaRole.Button, new() { Name = "Silence crowded on web-1" }).ClickAsync();
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Silence", Exact = true }).ClickAsync();
        await Expect(dialog.Locator("#silence-reason-problem")).ToBeVisibleAsync();
        await dialog.GetByLabel("Reason").FillAsync("It is being set up");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Silence", Exact = true }).ClickAsync();
        await Expect(dialog).ToHaveCountAsync(0);
        await Expect(page.Locator("td .state").Filter(new() { HasText = "silenced" })).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Navigation, new() { Name = "Alerts", Exact = true }).GetByRole(AriaRole.Link, new() { Name = "Silences" }).ClickAsync();
        await Expect(page.GetByText("crowded on web-1")).ToBeVisibleAsync();
        await page.PictureAsync("journey-alert-silenced");
        await page.GetByRole(AriaRole.Button, new() { Name = "End the silence of crowded on web-1" }).ClickAsync();
        await Expect(page.GetByText("Nothing is silenced")).ToBeVisibleAsync();

        // changed by its dialog, it is over
        await page.GoAsync("/alerts/rules");
        await page.GetByRole(AriaRole.Link, new() { Name = "crowded", Exact = true }).ClickAsync();
        await Expect(dialog.GetByLabel("Limit")).ToHaveValueAsync("0");
        await dialog.GetByLabel("Limit").FillAsync("1000000");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Save", Exact = true }).ClickAsync();
        await Expect(dialog).ToHaveCountAsync(0);
        await Expect(row).ToContainTextAsync("processes over 1000000 on role=web");
        await Expect(row).ToContainTextAsync("none", new() { Timeout = Long });
        await row.GetByRole(AriaRole.Link, new() { Name = "crowded", Exact = true }).ClickAsync();
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Remove crowded" }).ClickAsync();
        await dialog.Filter(new() { HasText = "Nobody is told any more" }).GetByRole(AriaRole.Button, new() { Name = "Remove crowded" }).ClickAsync();
        await Expect(page.GetByText("No alert rules yet")).ToBeVisibleAsync();
        await page.Context.CloseAsync();
    }
}
