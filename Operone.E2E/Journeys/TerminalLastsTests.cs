using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Operone.Core.Devices;
using Operone.E2E.Hosting;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Operone.E2E.Journeys;

/// <summary>A terminal outlives all around it: the server, the agent, and the browser in which it was opened.</summary>
public sealed partial class TerminalLastsTests(Browser browser)
{
    [Fact]
    public async Task Terminal_ServerAndAgentKilledAndBrowserClosed_IsTheSameShellWithTheSameScreen()
    {
        var cancel = TestContext.Current.CancellationToken;
        await using var scene = await Scene.StartAsync("web-1");
        var page = await OwnerAsync(scene);
        await page.OpenTerminalAsync("web-1");
        await page.TypeAsync("clear; echo \"shell <$$>\"; echo mark-$((40+2))\n");
        await Expect(page.Pane().Screen()).ToContainTextAsync("mark-42");
        var shell = Shell().Match(await page.Pane().Screen().InnerTextAsync()).Value;
        var address = page.Url;

        // The server dies without a word.
        await scene.Server.KillAsync();
        await Expect(page.Pane().Locator("[data-bar=lost]")).ToContainTextAsync("Trying again by itself");
        await Expect(page.Pane().Screen()).ToContainTextAsync("mark-42");
        await scene.Server.StartAsync(cancel);
        await scene.Server.Api.WaitForStatusAsync("web-1", DeviceStatus.Online, TimeSpan.FromSeconds(60), cancel);
        await page.GoAsync(new Uri(address).PathAndQuery);
        await IsSameAsync(page, shell, "server");

        // The agent does; its terminals go on without it, and the page comes back by itself.
        await scene.Agents[0].KillAsync();
        await Expect(page.Pane().Locator("[data-bar=lost]")).ToBeVisibleAsync(new() { Timeout = 30_000 });
        scene.Agents[0].Start();
        await scene.Server.Api.WaitForStatusAsync("web-1", DeviceStatus.Online, TimeSpan.FromSeconds(60), cancel);
        await IsSameAsync(page, shell, "agent");

        // The browser is closed, and something is printed meanwhile.
        await page.TypeAsync("(sleep 1; echo mean''while) &\n");
        // The shell has taken it: keys that are still on their way would go with the window.
        await Expect(page.Pane().Screen()).ToContainTextAsync("[1]");
        await page.Context.CloseAsync();
        page = await OwnerAsync(scene);
        await page.GoAsync(new Uri(address).PathAndQuery);
        await Expect(page.Pane().Screen()).ToContainTextAsync("meanwhile");
        await IsSameAsync(page, shell, "browser");

        // Both die at once.
        await Task.WhenAll(scene.Server.KillAsync(), scene.Agents[0].KillAsync());
        scene.Agents[0].Start();
        await scene.Server.StartAsync(cancel);
        await scene.Server.Api.WaitForStatusAsync("web-1", DeviceStatus.Online, TimeSpan.FromSeconds(60), cancel);
        await page.GoAsync(new Uri(address).PathAndQuery);
        await IsSameAsync(page, shell, "both");
        await page.Context.CloseAsync();
    }

    private static async Task IsSameAsync(IPage page, string shell, string after)
    {
        await Expect(page.Pane()).ToHaveAttributeAsync("data-state", "live", new() { Timeout = 60_000 });
        await Expect(page.Pane().Screen()).ToContainTextAsync(shell);
        await Expect(page.Pane().Screen()).ToContainTextAsync("mark-42");
        await page.Pane().Locator(".screen").ClickAsync();
        await page.TypeAsync($"echo \"{after} <$$>\"\n");
        await Expect(page.Pane().Screen()).ToContainTextAsync(shell.Replace("shell", after, StringComparison.Ordinal));
    }

    private async Task<IPage> OwnerAsync(Scene scene)
    {
        var page = await browser.OpenAsync(scene.Server.Url);
        await page.ReadAloudAsync();
        await page.SignInAsync();
        return page;
    }

    [GeneratedRegex(@"shell <\d+>")]
    private static partial Regex Shell();
}
