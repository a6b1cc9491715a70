using Microsoft.Playwright;
using Operone.E2E.Hosting;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Operone.E2E.Journeys;

/// <summary>Somebody joins, sees what they were given, asks for more, gets it for a while, and loses it.</summary>
public sealed class AccessTests(Browser browser)
{
    [Fact]
    public async Task Access_InviteSeeAskApproveActEnd()
    {
        await using var scene = await Scene.StartAsync("web-1", "db-1");
        var ada = await PeopleSteps.JoinAsync(browser, scene.Server, "ada@example.org", "Viewer", "role=web");
        var owner = await browser.OpenAsync(scene.Server.Url);
        await owner.SignInAsync();

        // Exactly what she was given.
        await ada.GoAsync("/devices");
        await Expect(ada.GetByRole(AriaRole.Row).Filter(new() { HasText = "web-1" })).ToBeVisibleAsync();
        await Expect(ada.GetByText("db-1")).ToHaveCountAsync(0);
        await Expect(ada.GetByRole(AriaRole.Link, new() { Name = "Run a command" })).ToHaveCountAsync(0);
        await Expect(ada.GetByRole(AriaRole.Link, new() { Name = "People" })).ToHaveCountAsync(0);

        // She asks. The owner sees it come.
        await owner.GoAsync("/access/requests");
        await Expect(owner.GetByText("No requests")).ToBeVisibleAsync();
        await ada.GoAsync("/access/requests?new=true");
        await ada.GetByLabel("Role").SelectOptionAsync("Operator");
        await ada.GetByLabel("On devices").FillAsync("role=web,");
        await ada.GetByRole(AriaRole.Button, new() { Name = "Ask for it" }).ClickAsync();
        await Expect(ada.GetByText("at character 10")).ToBeVisibleAsync();
        await Expect(ada.GetByText("Reason is empty")).ToBeVisibleAsync();
        await ada.GetByLabel("On devices").FillAsync("role=web");
        await ada.GetByLabel("Reason").FillAsync("The disk is full");
        await ada.PictureAsync("journey-access-1-ask");
        await ada.GetByRole(AriaRole.Button, new() { Name = "Ask for it" }).ClickAsync();
        var row = owner.GetByRole(AriaRole.Row).Filter(new() { HasText = "ada@example.org" });
        await Expect(row).ToContainTextAsync("The disk is full");

        // Approved, for shorter than asked.
        await row.GetByRole(AriaRole.Button, new() { Name = "Decide" }).ClickAsync();
        await owner.GetByLabel("For", new() { Exact = true }).SelectOptionAsync("1 hour");
        await owner.PictureAsync("journey-access-2-decide");
        await owner.GetByRole(AriaRole.Button, new() { Name = "Approve" }).ClickAsync();
        await Expect(row).ToContainTextAsync("approved");
        await Expect(ada.GetByRole(AriaRole.Row).Filter(new() { HasText = "Operator" })).ToContainTextAsync("approved");

        // She acts.
        await ada.GoAsync("/runs/new?devices=web-1");
        await ada.Locator("#command").FillAsync("echo made room");
        await ada.Locator("[data-submit]").ClickAsync();
        await ada.WaitForURLAsync(url => Guid.TryParse(url.Split('/', '?')[^1], out _));
        await Expect(ada.Output()).ToContainTextAsync("made room");

        // The owner sees why she may, and takes it away.
        await owner.GoAsync("/access/people?q=ada");
        await owner.GetByRole(AriaRole.Link, new() { Name = "ada@example.org" }).ClickAsync();
        await owner.GetByLabel("On the device").SelectOptionAsync("web-1");
        await Expect(owner.GetByRole(AriaRole.Row).Filter(new() { HasText = "runs.create" })).ToContainTextAsync("by the role Operator on role=web");
        await owner.PictureAsync("journey-access-3-person");
        await owner.GetByRole(AriaRole.Button, new() { Name = "Remove Operator for ada@example.org" }).ClickAsync();
        await owner.Locator(".mud-dialog").GetByRole(AriaRole.Button, new() { Name = "Remove" }).ClickAsync();
        await Expect(owner.GetByRole(AriaRole.Row).Filter(new() { HasText = "runs.create" })).ToContainTextAsync("no grant gives it");
        await ada.GoAsync("/devices");
        await Expect(ada.GetByRole(AriaRole.Row).Filter(new() { HasText = "web-1" })).ToBeVisibleAsync();
        await Expect(ada.GetByRole(AriaRole.Link, new() { Name = "Run a command" })).ToHaveCountAsync(0);
        await owner.Context.CloseAsync();
        await ada.Context.CloseAsync();
    }
}
