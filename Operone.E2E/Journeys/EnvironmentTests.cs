using Microsoft.Playwright;
using Operone.E2E.Hosting;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Operone.E2E.Journeys;

/// <summary>An environment with a secret, made in the console and used by a run on a real device.</summary>
public sealed class EnvironmentTests(Browser browser)
{
    [Fact]
    public async Task Secret_TypedInTheConsole_ReachesTheCommandAndIsNeverSeenAgain()
    {
        const string Secret = "never-to-be-seen-5e1d";
        await using var scene = await Scene.StartAsync("web-1");
        var page = await browser.OpenAsync(scene.Server.Url);
        await page.SignInAsync();
        await page.GoAsync("/environments");
        await Expect(page.GetByText("No environments", new() { Exact = true })).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "New environment" }).First.ClickAsync();
        await page.WaitForURLAsync("**/environments/new");
        await page.WaitUntilLiveAsync();

        // Everything that is wrong is said at once, and what was typed stays.
        await page.GetByRole(AriaRole.Button, new() { Name = "Add a secret" }).ClickAsync();
        await page.GetByLabel("Name of secret 1").FillAsync("DEPLOY_TOKEN");
        await page.Locator("#secrets-value-0").FillAsync("abc");
        await page.GetByRole(AriaRole.Button, new() { Name = "Make the environment" }).ClickAsync();
        await Expect(page.GetByText("shorter than 4 characters")).ToBeVisibleAsync();
        await Expect(page.GetByText("Name must have 1 to 63 characters")).ToBeVisibleAsync();
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync("deploy");
        await page.Locator("#secrets-value-0").FillAsync(Secret);
        await page.GetByRole(AriaRole.Button, new() { Name = "Add a variable" }).ClickAsync();
        await page.GetByLabel("Name of variable 1").FillAsync("STAGE");
        await page.Locator("#variables-value-0").FillAsync("blue");
        await page.GetByRole(AriaRole.Button, new() { Name = "Make the environment" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "deploy" })).ToBeVisibleAsync();
        await Expect(page.GetByPlaceholder("stored; type to replace it")).ToHaveValueAsync("");
        await page.PictureAsync("journey-environment");

        await page.GetByRole(AriaRole.Link, new() { Name = "Run with it" }).ClickAsync();
        await page.WaitForURLAsync("**/runs/new?*");
        await page.WaitUntilLiveAsync();
        await Expect(page.GetByRole(AriaRole.Checkbox, new() { Name = "deploy" })).ToBeCheckedAsync();
        await page.PictureAsync("journey-environment-run-new");
        await page.Locator("#command").FillAsync("echo $STAGE with $DEPLOY_TOKEN of ${#DEPLOY_TOKEN} characters");
        await page.GetByRole(AriaRole.Button, new() { Name = "All devices" }).ClickAsync();
        await page.Locator("[data-submit]").ClickAsync();
        await Expect(page.Output()).ToContainTextAsync($"blue with *** of {Secret.Length} characters");
        await page.GetByText("Environment: deploy").ClickAsync();
        await Expect(page.GetByRole(AriaRole.Definition).Filter(new() { HasText = "***" })).ToBeVisibleAsync();
        await page.PictureAsync("journey-environment-run");
        Assert.DoesNotContain(Secret, await page.ContentAsync(), StringComparison.Ordinal);
        await page.Context.CloseAsync();
    }
}
