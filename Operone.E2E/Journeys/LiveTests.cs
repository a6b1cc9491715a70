using System.Diagnostics;
using Microsoft.Playwright;
using Operone.E2E.Hosting;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Operone.E2E.Journeys;

/// <summary>What operators see without touching anything: devices that come and go, and what others started.</summary>
public sealed class LiveTests(Browser browser)
{
    [Fact]
    public async Task Device_AgentDiesAndReturns_ListShowsItBothTimes()
    {
        await using var scene = await Scene.StartAsync("web-1");
        var page = await browser.OpenAsync(scene.Server.Url);
        await page.SignInAsync();
        await page.GoAsync("/devices");
        var row = page.GetByRole(AriaRole.Row).Filter(new() { HasText = "web-1" });
        await Expect(row).ToContainTextAsync("online");

        await scene.Agents[0].KillAsync();
        await Expect(row).ToContainTextAsync("offline", new() { Timeout = 15_000 });
        await page.PictureAsync("journey-device-offline");

        // A run waits for it meanwhile.
        await page.RunOnAllAsync("echo I am back");
        await Expect(page.RunState("queued")).ToBeVisibleAsync();

        var clock = Stopwatch.StartNew();
        scene.Agents[0].Start();
        await Expect(page.Output()).ToContainTextAsync("I am back");
        var back = clock.Elapsed;
        await Expect(page.RunState("succeeded")).ToBeVisibleAsync();
        await page.GoAsync("/devices");
        await Expect(row).ToContainTextAsync("online");
        Assert.True(back < TimeSpan.FromSeconds(15), $"It took {back}");
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task Run_Cancelled_EndsTheProcessTree()
    {
        await using var scene = await Scene.StartAsync("web-1");
        var page = await browser.OpenAsync(scene.Server.Url);
        await page.SignInAsync();
        // A child of a child, so that ending the shell alone is not enough.
        var seconds = 100_000 + Random.Shared.Next(100_000);
        await page.RunOnAllAsync($"echo started; sh -c 'sleep {seconds}; true'; echo never");
        await Expect(page.Output()).ToContainTextAsync("started");
        await ApiClient.UntilAsync(() => Task.FromResult(SleepersFor(seconds).Count == 1), TimeSpan.FromSeconds(10), "it sleeps", TestContext.Current.CancellationToken);

        await page.GetByRole(AriaRole.Button, new() { Name = "Cancel", Exact = true }).ClickAsync();
        // It names what goes.
        await Expect(page.GetByRole(AriaRole.Dialog)).ToContainTextAsync("web-1");
        await page.GetByRole(AriaRole.Button, new() { Name = "Cancel the run" }).ClickAsync();
        await Expect(page.RunState("cancelled")).ToBeVisibleAsync();
        await page.PictureAsync("journey-cancelled");
        Assert.Empty(SleepersFor(seconds));
        await Expect(page.Output()).Not.ToContainTextAsync("never");
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task Run_SecondBrowser_SeesTheSameLive()
    {
        await using var scene = await Scene.StartAsync("web-1", "web-2");
        var first = await browser.OpenAsync(scene.Server.Url);
        await first.SignInAsync();
        var second = await browser.OpenAsync(scene.Server.Url);
        await second.SignInAsync();
        await second.GoAsync("/runs");

        // The last steps wait until both have seen it run.
        var seen = Path.Combine(scene.Server.Folder, "seen");
        await first.RunOnAllAsync(
            $"i=0; while [ $i -lt 40 ]; do i=$((i + 1)); printf '\\033[32mstep %s\\033[0m\\n' $i; sleep 0.2; until [ $i -lt 30 ] || [ -e {seen} ]; do sleep 0.1; done; done");
        // The list of the second shows the run by itself; from there to the run.
        await second.GetByRole(AriaRole.Row).Filter(new() { HasText = "step" }).GetByRole(AriaRole.Link).First.ClickAsync();
        await second.WaitForURLAsync(first.Url.Split('?')[0] + "*");
        foreach (var page in (IEnumerable<IPage>)[first, second])
        {
            await Expect(page.GetByText("web-1").First).ToBeVisibleAsync();
            await Expect(page.GetByText("web-2").First).ToBeVisibleAsync();
            await Expect(page.RunState("running")).ToBeVisibleAsync();
        }

        await second.PictureAsync("journey-second-browser");
        await File.WriteAllTextAsync(seen, "", TestContext.Current.CancellationToken);
        foreach (var page in (IEnumerable<IPage>)[first, second])
        {
            await Expect(page.RunState("succeeded")).ToBeVisibleAsync(new() { Timeout = 30_000 });
            await page.GetByText("web-2").First.ClickAsync();
            await Expect(page.Output()).ToContainTextAsync("step 40");
        }

        await first.Context.CloseAsync();
        await second.Context.CloseAsync();
    }

    private static List<string> SleepersFor(int seconds)
    {
        var found = new List<string>();
        foreach (var entry in Directory.EnumerateDirectories("/proc"))
        {
            try
            {
                if (File.ReadAllText(Path.Combine(entry, "cmdline")) is var line && line == $"sleep\0{seconds}\0")
                {
                    found.Add(line);
                }
            }
            catch (IOException)
            {
                // It ended meanwhile.
            }
        }

        return found;
    }
}
