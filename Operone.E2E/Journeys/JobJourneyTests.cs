using Microsoft.Playwright;
using Operone.E2E.Hosting;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Operone.E2E.Journeys;

/// <summary>A job is written in the console with its checks, run by its form on a real device, and changed.</summary>
public sealed class JobJourneyTests(Browser browser)
{
    [Fact]
    public async Task Job_WrittenWithAMistake_IsPutRightAndRun()
    {
        await using var scene = await Scene.StartAsync("web-1");
        var page = await browser.OpenAsync(scene.Server.Url);
        await page.SignInAsync();
        await page.GoAsync("/jobs");
        await Expect(page.GetByText("No jobs", new() { Exact = true })).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "New job" }).First.ClickAsync();
        await page.WaitForURLAsync("**/jobs/new");
        await page.WaitUntilLiveAsync();
        var editor = page.Locator(".written[data-ready]");
        await Expect(editor).ToBeVisibleAsync();

        // what is wrong is said as one types, with its line
        await page.WriteDefinitionAsync("name: greet\nsteps:\n- comand: x\n");
        await Expect(page.GetByText("there is no field 'comand'")).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "line 3" })).ToBeVisibleAsync();
        await page.PictureAsync("journey-job-wrong");
        await page.WriteDefinitionAsync("name: greet\nparameters: [{name: who, required: true}]\ntarget: {all: true}\nsteps:\n- command: echo \"hello $PARAM_WHO\"\n");
        await Expect(page.GetByText("It is right")).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Make the job" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "greet" })).ToBeVisibleAsync();

        // its form is made of its parameters
        await page.WaitUntilLiveAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Run", Exact = true }).ClickAsync();
        await Expect(page.GetByText("must be given")).ToBeVisibleAsync();
        await page.Locator("#parameter-who").FillAsync("world; rm -rf /");
        await page.Locator("#parameter-who").BlurAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Run", Exact = true }).ClickAsync();
        await page.WaitForURLAsync("**/job-runs/*");
        await Expect(page.Locator(".page-head").GetByText("succeeded")).ToBeVisibleAsync();
        await page.PictureAsync("journey-job-run");
        await page.GetByRole(AriaRole.Link, new() { Name = "output 1" }).ClickAsync();
        await Expect(page.Output()).ToContainTextAsync("hello world; rm -rf /");
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task Job_OnAnyOne_SaysWhyItWaits_AndRunsOnceItFits()
    {
        await using var scene = await Scene.StartAsync("web-1");
        var page = await browser.OpenAsync(scene.Server.Url);
        await page.SignInAsync();
        await MakeAsync(page, "name: large\ntarget: {all: true}\nplacement: {count: 1, needs: {cpu: 999}}\nsteps:\n- command: echo done\n");
        await page.GetByRole(AriaRole.Button, new() { Name = "Run", Exact = true }).ClickAsync();
        await page.WaitForURLAsync("**/job-runs/*");
        await Expect(page.GetByText("Waits for room.")).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Row).Filter(new() { HasText = "needs 999 CPU" })).ToBeVisibleAsync();
        await page.PictureAsync("journey-job-waits");
        await page.GoAsync("/resources");
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "Job large" })).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Job large" }).ClickAsync();
        await page.WaitForURLAsync("**/job-runs/*");
        await page.WaitUntilLiveAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Cancel" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Cancel the run" }).ClickAsync();
        await Expect(page.Locator(".page-head").GetByText("cancelled")).ToBeVisibleAsync();

        await MakeAsync(page, "name: small\ntarget: {all: true}\nplacement: {count: 1, needs: {cpu: 0.1}}\nsteps:\n- command: echo done\n");
        await page.GetByRole(AriaRole.Button, new() { Name = "Run", Exact = true }).ClickAsync();
        await page.WaitForURLAsync("**/job-runs/*");
        await Expect(page.Locator(".page-head").GetByText("succeeded")).ToBeVisibleAsync();
        await Expect(page.GetByText("Chosen of 1 devices: web-1.")).ToBeVisibleAsync();
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task Job_WhoseLastCallFails_DoesThatAloneAgain()
    {
        await using var scene = await Scene.StartAsync("web-1");
        var there = Path.Combine(Path.GetTempPath(), $"operone-journey-{Guid.NewGuid():N}");
        var page = await browser.OpenAsync(scene.Server.Url);
        await page.SignInAsync();
        await MakeAsync(page, $"name: check\ntarget: {{all: true}}\nsteps:\n- command: test -e {there}\n");
        await MakeAsync(page, "name: deploy\ntarget: {all: true}\nsteps:\n- command: echo done\n- job: {name: check}\n");
        await page.GetByRole(AriaRole.Button, new() { Name = "Run", Exact = true }).ClickAsync();
        await page.WaitForURLAsync("**/job-runs/*");
        await Expect(page.Locator(".page-head").GetByText("failed")).ToBeVisibleAsync();
        await page.PictureAllAsync("journey-job-last");

        await File.WriteAllTextAsync(there, "", TestContext.Current.CancellationToken);
        await page.GetByRole(AriaRole.Button, new() { Name = "Do the last steps again" }).ClickAsync();
        await Expect(page.Locator(".page-head").GetByText("succeeded")).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "an earlier run" })).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "output 1" })).ToHaveCountAsync(0);
        File.Delete(there);
        await page.Context.CloseAsync();
    }

    private static async Task MakeAsync(IPage page, string text)
    {
        await page.GoAsync("/jobs/new");
        await page.WaitUntilLiveAsync();
        await Expect(page.Locator(".written[data-ready]")).ToBeVisibleAsync();
        await page.WriteDefinitionAsync(text);
        await Expect(page.GetByText("It is right")).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Make the job" }).ClickAsync();
        await page.WaitForURLAsync(url => !url.EndsWith("/new", StringComparison.Ordinal));
        await page.WaitUntilLiveAsync();
    }
}
