using Microsoft.Playwright;
using Operone.Core.Devices;
using Operone.Core.Kernel.Workloads;
using Operone.E2E.Hosting;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Operone.E2E.Journeys;

/// <summary>A workload is written in the console with its checks, runs on real devices, and is changed beside somebody else.</summary>
public sealed class WorkloadJourneyTests(Browser browser)
{
    private const float Long = 60_000;

    [Fact]
    public async Task Workload_WrittenInTheConsole_RunsAndIsChanged()
    {
        var cancel = TestContext.Current.CancellationToken;
        await using var scene = await Scene.StartAsync("web-1", "web-2");
        var page = await browser.OpenAsync(scene.Server.Url);
        await page.SignInAsync();
        await page.GoAsync("/workloads");
        await Expect(page.GetByText("No workloads", new() { Exact = true })).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "New workload" }).First.ClickAsync();
        await page.WaitForURLAsync("**/workloads/new");
        await page.WaitUntilLiveAsync();
        await Expect(page.Locator(".written[data-ready]").First).ToBeVisibleAsync();
        await page.PictureAllAsync("journey-workload-new");

        // what is wrong is said as one types, with its line
        await page.WriteDefinitionAsync("name: beat\nargv: [sh, -c, 'echo alive on $OPERONE_DEVICE; exec sleep 600']\ntarget: {selector: role=web}\ncount: many\n");
        await Expect(page.GetByText("must be a whole number")).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "line 4" })).ToBeVisibleAsync();
        await page.PictureAllAsync("journey-workload-wrong");
        await page.WriteDefinitionAsync(Beat(1));
        await Expect(page.GetByText("It is right")).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Make and start it" }).ClickAsync();

        // it runs on a real device, with its output
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "beat", Exact = true })).ToBeVisibleAsync(new() { Timeout = Long });
        await Expect(page.GetByText("1 of 1 well, version 1")).ToBeVisibleAsync(new() { Timeout = Long });
        await page.PictureAllAsync("journey-workload");
        await page.GetByTitle("Its output").First.ClickAsync();
        await Expect(page.Output()).ToContainTextAsync("alive on web-");

        // its number is changed in the editor, by the keys alone
        await page.GoAsync("/workloads/beat");
        await page.GetByRole(AriaRole.Link, new() { Name = "Edit", Exact = true }).ClickAsync();
        await page.WaitForURLAsync("**/workloads/beat/edit");
        await page.WriteDefinitionAsync(Beat(2));
        await Expect(page.GetByText("It is right · not saved")).ToBeVisibleAsync();
        await page.Keyboard.PressAsync("Control+s");
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "beat", Exact = true })).ToBeVisibleAsync(new() { Timeout = Long });
        await Expect(page.GetByText("2 of 2 well, version 2")).ToBeVisibleAsync(new() { Timeout = Long });
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "web-1", Exact = true })).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "web-2", Exact = true })).ToBeVisibleAsync();

        // what somebody else saved meanwhile is not written over unasked
        await page.GetByRole(AriaRole.Link, new() { Name = "Edit", Exact = true }).ClickAsync();
        await page.WriteDefinitionAsync(Beat(2) + "description: Mine.\n");
        await Expect(page.GetByText("It is right · not saved")).ToBeVisibleAsync();
        await scene.Server.Api.PostAsync<AppliedWorkload>("/api/v1/workloads/apply", new WorkloadDefinition
        {
            Name = "beat",
            Description = "Theirs.",
            Argv = ["sh", "-c", "echo alive on $OPERONE_DEVICE; exec sleep 600"],
            Target = new RunTarget(Selector: "role=web"),
            Count = 1,
        }, cancel);
        await page.GetByRole(AriaRole.Button, new() { Name = "Save", Exact = true }).ClickAsync();
        await Expect(page.Locator(".notice[role=alert]")).ToContainTextAsync("changed the workload meanwhile: it is version 3 now");
        await Expect(page.GetByRole(AriaRole.Region, new() { Name = "The difference" })).ToContainTextAsync("Theirs.");
        await page.PictureAllAsync("journey-workload-conflict");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save mine over it" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "beat", Exact = true })).ToBeVisibleAsync(new() { Timeout = Long });
        await Expect(page.GetByText("2 of 2 well, version 4")).ToBeVisibleAsync(new() { Timeout = Long });
        await Expect(page.GetByText("Mine.")).ToBeVisibleAsync();

        // a new one takes no other's place, and what was typed is not lost by leaving
        await page.GoAsync("/workloads/new");
        await page.WriteDefinitionAsync(Beat(1));
        await Expect(page.GetByText("It is right · not saved")).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Make and start it" }).ClickAsync();
        await Expect(page.Locator(".notice[role=alert]")).ToContainTextAsync("The name is taken.");
        await page.GetByRole(AriaRole.Link, new() { Name = "Leave", Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Leave without saving" }).ClickAsync();
        await page.WaitForURLAsync("**/workloads");
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "beat", Exact = true })).ToBeVisibleAsync();
        await page.Context.CloseAsync();
    }

    private static string Beat(int count) =>
        $"name: beat\nargv: [sh, -c, 'echo alive on $OPERONE_DEVICE; exec sleep 600']\ntarget: {{selector: role=web}}\ncount: {count}\n";
}
