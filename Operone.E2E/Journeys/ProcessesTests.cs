using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Operone.Core.Devices;
using Operone.Core.Shell;
using Operone.E2E.Hosting;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Operone.E2E.Journeys;

/// <summary>A person looks at a device's processes, finds whose they are, and ends one with all that descends from it.</summary>
public sealed class ProcessesTests(Browser browser)
{
    [Fact]
    public async Task Processes_OfADevice_AreSeenLiveNamedAfterTheirRunAndEnded()
    {
        await using var scene = await Scene.StartAsync("box-1", "box-2");
        var mark = $"mark-{Guid.NewGuid():N}"[..20];
        var run = await scene.Server.Api.CreateRunAsync(
            new() { Argv = ["sh", "-c", "sh -c 'sleep 600; :' & wait", mark], Target = new RunTarget(["box-1"]) }, 0, TestContext.Current.CancellationToken);
        var page = await browser.OpenAsync(scene.Server.Url);
        await page.SetViewportSizeAsync(1440, 900);
        await page.SignInAsync();
        await page.GoAsync("/devices/box-1");
        await page.GetByRole(AriaRole.Link, new() { Name = "Processes", Exact = true }).Last.ClickAsync();
        await page.WaitForURLAsync("**/devices/box-1/processes");

        // Live, the largest first, with the graph of groups after two samples.
        await Expect(page.Locator("table.processes tbody tr").Nth(3)).ToBeVisibleAsync(new() { Timeout = 20_000 });
        await Expect(page.Locator("figure.chart")).ToBeVisibleAsync(new() { Timeout = 20_000 });
        await Expect(page.GetByRole(AriaRole.Columnheader, new() { Name = "CPU" })).ToHaveAttributeAsync("aria-sort", "descending");

        // Found by its command line, with a way to its run.
        await page.Keyboard.PressAsync("/");
        await page.Keyboard.TypeAsync(mark);
        await Expect(page.GetByRole(AriaRole.Searchbox)).ToHaveValueAsync(mark);
        var row = page.Locator("table.processes tbody tr").Filter(new() { HasText = mark });
        await Expect(row).ToHaveCountAsync(1);
        await Expect(row.Locator("a.chip")).ToHaveAttributeAsync("href", $"runs/{run.Id}");

        // As a tree, with what descends from it.
        await SearchAsync("");
        await page.GetByRole(AriaRole.Link, new() { Name = "Operone's" }).First.ClickAsync();
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "Tree", Exact = true })).ToHaveAttributeAsync("href", new Regex("own=true"));
        await page.GetByRole(AriaRole.Link, new() { Name = "Tree", Exact = true }).ClickAsync();
        await page.WaitForURLAsync("**view=tree**");
        await Expect(page.Locator("table.processes tbody tr").Filter(new() { HasText = "sleep 600" })).ToHaveCountAsync(3);
        await Expect(row.Locator("td.command")).Not.ToHaveAttributeAsync("style", "--depth:0");
        await page.PictureAsync("processes-tree");

        // Another one comes and goes.
        var slept = string.Create(CultureInfo.InvariantCulture, $"sleep {100_000 + Random.Shared.Next(100_000)}"); // no other's, also of a run that was ended
        using var other = Process.Start("sleep", [slept[6..]]);
        await page.GetByRole(AriaRole.Link, new() { Name = "All", Exact = true }).First.ClickAsync();
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "Tree", Exact = true })).Not.ToHaveAttributeAsync("href", new Regex("own="));
        await SearchAsync(slept);
        await Expect(page.Locator("table.processes tbody tr").Filter(new() { HasText = slept })).ToHaveCountAsync(1, new() { Timeout = 20_000 });
        other.Kill();
        await Expect(page.GetByText("No process matches")).ToBeVisibleAsync(new() { Timeout = 20_000 });
        await SearchAsync(mark);
        await Expect(row).ToHaveCountAsync(1, new() { Timeout = 20_000 });

        // Looked at closely, and ended with its tree: the question names what ends.
        await row.Locator("a.row").ClickAsync();
        var panel = page.GetByRole(AriaRole.Region, new() { Name = "sh" });
        await Expect(panel.GetByText("open files")).ToBeVisibleAsync(new() { Timeout = 20_000 });
        await panel.GetByLabel("that descend from it").CheckAsync();
        await page.PictureAsync("processes-panel");
        await page.BeAccessibleAsync();
        await panel.GetByRole(AriaRole.Button, new() { Name = "Kill" }).ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog);
        await Expect(dialog).ToContainTextAsync("the 2 processes that descend from it");
        await Expect(dialog).ToContainTextAsync("It belongs to Operone: run");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Send KILL to 3" }).ClickAsync();
        await Expect(panel).ToContainTextAsync("KILL went to 3 processes", new() { Timeout = 20_000 });
        await Expect(panel).ToContainTextAsync("ended", new() { Timeout = 20_000 });
        await panel.GetByRole(AriaRole.Link, new() { Name = "Close" }).ClickAsync();
        await Expect(panel).ToHaveCountAsync(0);
        await page.Mouse.MoveAsync(5, 5); // nothing moves under the pointer
        await Expect(page.GetByText("No process matches")).ToBeVisibleAsync(new() { Timeout = 20_000 });
        var ended = await scene.Server.Api.WaitForEndAsync(run.Id, TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Assert.Equal(RunStatus.Failed, ended.Status);

        // On a phone nothing goes sideways.
        await SearchAsync("");
        await page.SetViewportSizeAsync(390, 844);
        await Expect(page.Locator("table.processes tbody tr").Nth(3)).ToBeVisibleAsync();
        Assert.Equal(0, await page.EvaluateAsync<int>("() => Math.max(0, document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth)"));
        await page.PictureAsync("processes-390");

        // Over all devices.
        await page.SetViewportSizeAsync(1440, 900);
        await page.GoAsync("/processes?by=memory");
        await Expect(page.GetByText("on 2 of 2 devices")).ToBeVisibleAsync(new() { Timeout = 30_000 });
        await Expect(page.Locator("table.rows tbody tr").Nth(3)).ToBeVisibleAsync();
        await page.PictureAsync("processes-top");
        await page.Locator("table.rows a.row").First.ClickAsync();
        await page.WaitForURLAsync("**/processes?pid=*");
        await Expect(page.Locator("section.panel")).ToBeVisibleAsync(new() { Timeout = 20_000 });
        await page.Context.CloseAsync();

        // what is typed is in the address, and so in every link, a moment later
        async Task SearchAsync(string text)
        {
            await page.GetByRole(AriaRole.Searchbox).FillAsync(text);
            var link = Expect(page.GetByRole(AriaRole.Link, new() { Name = "Tree", Exact = true }));
            await (text.Length == 0 ? link.Not.ToHaveAttributeAsync("href", new Regex("[?&]q=")) : link.ToHaveAttributeAsync("href", new Regex($"[?&]q={Regex.Escape(Uri.EscapeDataString(text))}(&|$)")));
        }
    }
}
