using Microsoft.Playwright;
using Operone.E2E.Hosting;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Operone.E2E.Journeys;

/// <summary>A pipeline over two devices, put together in the console.</summary>
public sealed class PipelineTests(Browser browser)
{
    [Fact]
    public async Task Pipeline_PutTogetherInTheConsole_RunsAndShowsEachStage()
    {
        await using var scene = await Scene.StartAsync("web-1", "db-1");
        var page = await browser.OpenAsync(scene.Server.Url);
        await page.SignInAsync();
        await page.GoAsync("/pipelines/new");

        await page.Locator("#device-0").FillAsync("web-1");
        await page.Locator("#command-0").FillAsync("seq 1 1000");
        await page.Locator("#device-1").FillAsync("db-1");
        await page.Locator("#command-1").FillAsync("wc -l");
        await page.GetByRole(AriaRole.Button, new() { Name = "Add a stage" }).ClickAsync();
        await page.Locator("#device-2").FillAsync("web-1");
        await page.Locator("#command-2").FillAsync("sed s/^/lines-/");
        await page.Locator("[data-submit]").ClickAsync();
        await Expect(page.Output()).ToContainTextAsync("lines-1000");
        await page.RunState("succeeded").WaitForAsync();
        var stages = page.Locator("table.rows tbody tr");
        await Expect(stages).ToHaveCountAsync(3);
        await Expect(stages.Nth(1)).ToContainTextAsync("db-1");
        await Expect(stages.Nth(1)).ToContainTextAsync("wc -l");
        await page.PictureAsync("journey-pipeline");

        // one that fails ends the others, and each says how it ended
        await page.GoAsync("/pipelines/new");
        await page.Locator("#device-0").FillAsync("web-1");
        await page.Locator("#command-0").FillAsync("echo part; exit 3");
        await page.Locator("#device-1").FillAsync("db-1");
        await page.Locator("#command-1").FillAsync("cat; sleep 60");
        await page.Locator("[data-submit]").ClickAsync();
        await page.RunState("failed").WaitForAsync();
        await Expect(stages.Nth(0)).ToContainTextAsync("3");
        await page.Context.CloseAsync();
    }
}
