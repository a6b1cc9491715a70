using Microsoft.Playwright;
using Operone.Core.Access;
using Operone.E2E.Hosting;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Operone.E2E.Journeys;

/// <summary>Somebody sees some devices and may run commands on fewer: the composer says so, and runs on those.</summary>
public sealed class SightTests(Browser browser)
{
    [Fact]
    public async Task Compose_OnDevicesOfWhichOneMaySome_RunsOnThose()
    {
        await using var scene = await Scene.StartAsync("web-1", "db-1", "mail-1");
        var ada = await PeopleSteps.JoinAsync(browser, scene.Server, "ada@example.org", "Viewer", "role in (web,db)");
        await scene.Server.Api.PostAsync<GrantView>(
            "/api/v1/grants", new CreateGrant("Operator", SubjectKind.Person, "ada@example.org", "role=web"), TestContext.Current.CancellationToken);

        await ada.GoAsync("/");
        await Expect(ada.Locator(".figure").First).ToContainTextAsync("2 of 2");
        await ada.GoAsync("/runs/new");
        await ada.GetByRole(AriaRole.Button, new() { Name = "All devices" }).ClickAsync();
        await Expect(ada.Locator(".matches")).ToContainTextAsync("2devices match now");
        await Expect(ada.GetByText("mail-1")).ToHaveCountAsync(0);
        await ada.Locator("#command").FillAsync("echo here");
        await ada.Locator("[data-submit]").ClickAsync();
        await Expect(ada.GetByText("lacks the permission 'runs.create' on 1 of the devices: db-1.")).ToBeVisibleAsync();
        await ada.GetByLabel("Those I may").CheckAsync();
        await ada.PictureAsync("journey-sight-1-compose");
        await ada.Locator("[data-submit]").ClickAsync();
        await ada.WaitForURLAsync(url => Guid.TryParse(url.Split('/', '?')[^1], out _));
        await Expect(ada.Output()).ToContainTextAsync("here");
        await Expect(ada.GetByText("1 device", new() { Exact = true })).ToBeVisibleAsync();
        await ada.Context.CloseAsync();
    }
}
