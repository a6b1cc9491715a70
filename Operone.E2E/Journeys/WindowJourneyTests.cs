using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Operone.E2E.Hosting;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Operone.E2E.Journeys;

/// <summary>A maintenance window is made with a look at its next times, changed and removed.</summary>
public sealed class WindowJourneyTests(Browser browser)
{
    [Fact]
    public async Task Window_MadeWithItsNextTimes_IsChangedAndRemoved()
    {
        await using var scene = await Scene.StartAsync("web-1");
        var page = await browser.OpenAsync(scene.Server.Url);
        await page.SignInAsync();
        await page.GoAsync("/schedules/windows");
        await Expect(page.GetByText("No maintenance windows")).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "New window" }).First.ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog);
        await dialog.GetByLabel("Name").FillAsync("nights");
        await dialog.GetByLabel("Devices").FillAsync("role=web");
        await Expect(dialog.GetByText("1 now.")).ToBeVisibleAsync();

        // when it opens is said as one types, and what is wrong with it too
        await dialog.GetByLabel("When").FillAsync("now and then");
        await Expect(dialog.Locator("#schedule-calendar-problem")).ToBeVisibleAsync();
        await dialog.GetByLabel("When").FillAsync("every day at 22:30");
        await Expect(dialog.GetByText(Times("22:30"))).ToBeVisibleAsync();
        await page.PictureAllAsync("journey-window");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Make the window" }).ClickAsync();
        var row = page.GetByRole(AriaRole.Row).Filter(new() { HasText = "nights" });
        await Expect(row).ToContainTextAsync("every day at 22:30");

        // the same dialog changes it
        await row.GetByRole(AriaRole.Button, new() { Name = "nights", Exact = true }).ClickAsync();
        await dialog.GetByLabel("It opens").SelectOptionAsync("Cron");
        await dialog.GetByLabel("Cron").FillAsync("15 4 * * *");
        await Expect(dialog.GetByText(Times("04:15"))).ToBeVisibleAsync();
        await dialog.GetByLabel("For", new() { Exact = true }).FillAsync("a while");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Save", Exact = true }).ClickAsync();
        await Expect(dialog.Locator("#window-duration-problem")).ToBeVisibleAsync();
        await dialog.GetByLabel("For", new() { Exact = true }).FillAsync("90m");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Save", Exact = true }).ClickAsync();
        await Expect(dialog).ToHaveCountAsync(0);
        await Expect(row).ToContainTextAsync("for 90m");
        await row.GetByRole(AriaRole.Button, new() { Name = "Remove nights" }).ClickAsync();
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Remove nights" }).ClickAsync();
        await Expect(page.GetByText("No maintenance windows")).ToBeVisibleAsync();
        await page.Context.CloseAsync();
    }

    private static Regex Times(string time) => new($@"^Opens \w+ \d+-\d+-\d+ {time}Z, \w+ \d+-\d+-\d+ {time}Z");
}
