using System.Net.Http.Json;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Operone.Core;
using Operone.Core.Access;
using Operone.E2E.Hosting;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Operone.E2E.Journeys;

/// <summary>Sessions in real browsers: bound to their device, and ended with all that they hold.</summary>
public sealed partial class SessionTests(Browser browser)
{
    private static readonly LocatorAssertionsToBeVisibleOptions _soon = new() { Timeout = 5_000 };

    [Fact]
    public async Task CopiedCookie_InAnotherBrowser_IsFoundOutAndEndsTheSession()
    {
        await using var scene = await Scene.StartAsync();
        var page = await browser.OpenAsync(scene.Server.Url);
        await page.SignInAsync();
        await page.GoAsync("/devices");
        var cookies = await page.Context.StorageStateAsync();

        // Everything that can be copied is copied; the key cannot be.
        var thief = await browser.OpenAsync(scene.Server.Url, cookiesOf: cookies);
        await thief.GotoAsync("/devices");
        await thief.WaitForURLAsync(SignInAddress(), new() { Timeout = 10_000 });
        await page.WaitForURLAsync(SignInAddress(), new() { Timeout = 10_000 });
        var entries = await scene.Server.Http.GetFromJsonAsync<Page<AuditEntryView>>("/api/v1/audit?limit=100", TestContext.Current.CancellationToken);
        var entry = Assert.Single(entries!.Items, e => e.Action == "session.renew");
        Assert.False(entry.Allowed);
        Assert.Contains("copied", entry.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Session_EndedInAnotherBrowser_SignsItsPageOutWithinFiveSeconds()
    {
        await using var scene = await Scene.StartAsync();
        var first = await browser.OpenAsync(scene.Server.Url);
        await first.SignInAsync();
        await first.GoAsync("/devices");
        var second = await browser.OpenAsync(scene.Server.Url);
        await second.SignInAsync();
        await second.GoAsync("/access/sessions");
        await Expect(second.GetByRole(AriaRole.Row).Filter(new() { HasText = "this one" })).ToBeVisibleAsync();
        await second.GetByRole(AriaRole.Row).Filter(new() { HasText = "owner@" }).Filter(new() { HasNotText = "this one" })
            .GetByRole(AriaRole.Button, new() { NameRegex = End() }).ClickAsync();
        await second.GetByRole(AriaRole.Button, new() { Name = "End it" }).ClickAsync();
        await first.WaitForURLAsync(SignInAddress(), new() { Timeout = 5_000, WaitUntil = WaitUntilState.Commit });
        await first.WaitForLoadStateAsync();

        // The one that ended it goes on, and sees it gone by itself.
        await Expect(second.GetByRole(AriaRole.Row).Filter(new() { HasText = "owner@" })).ToHaveCountAsync(1);
        await second.PictureAsync("sessions");
    }

    [Fact]
    public async Task StaleCookie_OfAClosedBrowser_IsRenewedOnTheWayToThePage()
    {
        await using var scene = await Scene.StartAsync();
        var page = await browser.OpenAsync(scene.Server.Url);
        await page.SignInAsync();

        // What a page that was asked for with a stale cookie is sent to: it renews, and goes on to where one wanted.
        await page.GotoAsync("/renew?returnUrl=%2Fruns%3Fstatus%3Drunning");
        await page.WaitForURLAsync("**/runs?status=running");
        await page.WaitUntilLiveAsync();

        // Elsewhere it leads only to signing in, and never to another site.
        var stranger = await browser.OpenAsync(scene.Server.Url);
        await stranger.GotoAsync("/renew?returnUrl=%2F%2Fevil.example");
        await stranger.WaitForURLAsync(SignInAddress());
        await Expect(stranger.GetByRole(AriaRole.Button, new() { Name = "Sign in", Exact = true })).ToBeVisibleAsync(_soon);
    }

    [GeneratedRegex("/sign-in")]
    private static partial Regex SignInAddress();

    [GeneratedRegex("^End the session")]
    private static partial Regex End();
}
