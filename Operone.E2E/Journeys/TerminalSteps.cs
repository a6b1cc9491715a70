using Microsoft.Playwright;
using Operone.Core.Shell;
using Operone.E2E.Hosting;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Operone.E2E.Journeys;

/// <summary>What people do at terminals in the console, in words.</summary>
internal static class TerminalSteps
{
    /// <summary>From now on terminals in this window speak to a screen reader: that is also how a test reads them.</summary>
    public static Task ReadAloudAsync(this IPage page) => page.Context.AddInitScriptAsync(
        "if (!localStorage.getItem('operone-terminal')) localStorage.setItem('operone-terminal', JSON.stringify({ screenReader: true }))");

    /// <summary>Opens a terminal on a device by the device's page, and waits for its prompt.</summary>
    public static async Task OpenTerminalAsync(this IPage page, string device)
    {
        await page.GoAsync($"/devices/{device}");
        await page.GetByRole(AriaRole.Link, new() { Name = "Terminal", Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Open" }).ClickAsync();
        // What stands in the way would be said there.
        await Expect(page.GetByRole(AriaRole.Dialog)).ToBeHiddenAsync(new() { Timeout = 20_000 });
        await page.WaitForURLAsync(url => Guid.TryParse(new Uri(url).AbsolutePath.Split('/')[^1], out _));
        await page.Pane().IsLiveAsync();
    }

    /// <summary>A terminal that is made by the API.</summary>
    public static Task<TerminalView> MakeTerminalAsync(this ServerProcess server, string device, string? title = null) =>
        server.Api.PostAsync<TerminalView>("/api/v1/terminals", new CreateTerminal { Device = device, Title = title }, TestContext.Current.CancellationToken);

    /// <summary>The terminal in use, or the one of that number.</summary>
    public static ILocator Pane(this IPage page, int? index = null) =>
        index is { } at ? page.Locator("[data-pane]").Nth(at) : page.Locator("[data-pane].active");

    /// <summary>Waits until a pane is connected and shows a prompt.</summary>
    public static async Task IsLiveAsync(this ILocator pane)
    {
        await Expect(pane).ToHaveAttributeAsync("data-state", "live");
        await Expect(pane.Screen()).ToContainTextAsync(new System.Text.RegularExpressions.Regex("[$#]"));
    }

    /// <summary>What a pane shows, as a screen reader has it.</summary>
    public static ILocator Screen(this ILocator pane) => pane.Locator(".xterm-accessibility-tree");

    /// <summary>Types into the terminal that has the focus.</summary>
    public static Task TypeAsync(this IPage page, string text) => page.Keyboard.TypeAsync(text);

    /// <summary>Puts text on the clipboard and presses the key that pastes.</summary>
    public static async Task PasteAsync(this IPage page, string text)
    {
        await page.EvaluateAsync("text => navigator.clipboard.writeText(text)", text);
        await page.Keyboard.PressAsync("Control+Shift+KeyV");
    }
}
