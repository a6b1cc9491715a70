using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using Operone.E2E.Hosting;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Operone.E2E.Journeys;

/// <summary>Somebody asks who did what, looks into an entry, has the chain verified, and takes a copy.</summary>
public sealed class AuditJourneyTests(Browser browser)
{
    [Fact]
    public async Task Audit_FilterLookVerifyExport()
    {
        await using var scene = await Scene.StartAsync("web-1");
        foreach (var (theme, width) in new[] { (ColorScheme.Light, 1440), (ColorScheme.Dark, 1440), (ColorScheme.Light, 390), (ColorScheme.Dark, 390) })
        {
            var page = await browser.OpenAsync(scene.Server.Url, width, width < 600 ? 844 : 900, theme);
            await page.SignInAsync();
            await page.GoAsync("/access/audit");
            await Expect(page.GetByText("session.begin").First).ToBeVisibleAsync();

            await page.GetByRole(AriaRole.Button, new() { Name = "Verify" }).ClickAsync();
            await Expect(page.GetByText("The trail holds.")).ToBeVisibleAsync();

            await page.GetByLabel("Filter by act").FillAsync("session.*");
            await page.GetByLabel("Filter by act").PressAsync("Enter");
            await page.WaitForURLAsync(url => url.Contains("action=session.", StringComparison.Ordinal));
            await Expect(page.Locator("table.rows tbody tr").Filter(new() { HasText = "device.enroll" })).ToHaveCountAsync(0);
            await page.GetByRole(AriaRole.Button, new() { Name = "All of entry" }).First.ClickAsync();
            await Expect(page.GetByText("In the chain")).ToBeVisibleAsync();
            await page.PictureAsync($"journey-audit-{theme.ToString().ToLowerInvariant()}-{width}");

            // With an entry open; the closed list is among the pages that are looked at anyway.
            Assert.True(await page.EvaluateAsync<int>("() => document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth") <= 0);
            Assert.Empty((await page.RunAxe()).Violations.Where(v => v.Impact is "serious" or "critical").Select(v => $"{v.Id}: {v.Help}"));

            var download = await page.RunAndWaitForDownloadAsync(() => page.GetByRole(AriaRole.Link, new() { Name = "JSON Lines" }).ClickAsync());
            var lines = await File.ReadAllLinesAsync((await download.PathAsync())!, TestContext.Current.CancellationToken);
            Assert.NotEmpty(lines);
            Assert.All(lines, l => Assert.StartsWith("{\"action\":\"session.", l, StringComparison.Ordinal));

            await page.GoAsync("/access/audit?text=nothing-like-this");
            await Expect(page.GetByText("No entry matches")).ToBeVisibleAsync();
            await page.Context.CloseAsync();
        }
    }
}
