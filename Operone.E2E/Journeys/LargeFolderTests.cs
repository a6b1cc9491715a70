using System.Diagnostics;
using Microsoft.Playwright;
using Operone.E2E.Hosting;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Operone.E2E.Journeys;

/// <summary>A folder of 100,000 files on a real device, in a real browser: it opens, scrolls, sorts and filters without a stutter.</summary>
public sealed class LargeFolderTests(Browser browser) : IDisposable
{
    private const int Count = 100_000;

    private readonly string _folder = Directory.CreateTempSubdirectory("operone-large-").FullName;

    [Fact]
    public async Task Folder_OfAHundredThousand_IsWalkedWithoutAStutter()
    {
        await using var scene = await Scene.StartAsync("disk-1");
        Fill();
        var page = await browser.OpenAsync(scene.Server.Url);
        await page.SignInAsync();
        // what is measured is the folder, not the server's first page of this kind
        await page.GoAsync("/files/devices/disk-1/etc");
        var before = scene.Server.MemoryBytes;

        // The first rows come at once, however many follow.
        var opened = Stopwatch.StartNew();
        await page.GotoAsync($"/files/devices/disk-1{_folder}");
        await Expect(Row(page, "entry-000000")).ToBeVisibleAsync();
        var first = opened.Elapsed;
        await page.WaitUntilLiveAsync();
        await Expect(page.Locator(".count")).ToHaveTextAsync("100,000 entries");
        await page.Locator("[data-takes-files]").WaitForAsync();
        await page.EvaluateAsync("""
            () => {
              window.longest = 0; window.gaps = [];
              new PerformanceObserver(list => { for (const e of list.getEntries()) window.longest = Math.max(window.longest, e.duration); }).observe({ type: "longtask" });
              let last = performance.now();
              const frame = now => { window.gaps.push(now - last); last = now; requestAnimationFrame(frame); };
              requestAnimationFrame(frame);
            }
            """);

        // The ends, and pages between, by keys: the row has the focus, though it was not there before.
        await page.Locator("h1").ClickAsync();
        await page.Keyboard.PressAsync("j");
        await Expect(Row(page, "entry-000000")).ToBeFocusedAsync();
        var ended = Stopwatch.StartNew();
        await page.Keyboard.PressAsync("End");
        await Expect(Row(page, "entry-099999")).ToBeFocusedAsync();
        var end = ended.Elapsed;
        await Expect(Row(page, "entry-099999")).ToBeInViewportAsync();
        await page.PictureAsync("files-large");
        await page.Keyboard.PressAsync("ArrowUp");
        await Expect(Row(page, "entry-099998")).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("Home");
        await Expect(Row(page, "entry-000000")).ToBeFocusedAsync();

        // Through it with the wheel, and by leaps from end to end.
        for (var i = 0; i < 60; i++)
        {
            await page.Mouse.WheelAsync(0, 1500);
        }

        for (var i = 1; i <= 40; i++)
        {
            await page.EvaluateAsync("part => scrollTo(0, document.documentElement.scrollHeight * part)", i % 2 == 0 ? i / 41.0 : 1 - (i / 41.0));
            await page.WaitForFunctionAsync("() => [...document.querySelectorAll('tr[data-index]')].some(r => { const b = r.getBoundingClientRect(); return b.top < innerHeight && b.bottom > 0; })");
        }

        Assert.InRange(await page.Locator("tr[data-index]").CountAsync(), 10, 200);
        var longest = await page.EvaluateAsync<double>("() => window.longest");
        var gaps = (await page.EvaluateAsync<double[]>("() => window.gaps")).Order().ToArray();

        // A name is found by its first letters, wherever it is.
        await page.Keyboard.PressAsync("f");
        await page.Keyboard.TypeAsync("ENTRY-07654");
        await Expect(Row(page, "entry-076540")).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("Escape");

        // All of it is sorted and filtered, not what was read: the largest is the last by name, and one in the middle has a name of its own.
        await page.GetByRole(AriaRole.Link, new() { Name = "Size", Exact = true }).ClickAsync();
        await Expect(page.Locator("tr[data-index='0'] a.row")).ToHaveTextAsync("entry-099999");
        await page.GetByRole(AriaRole.Link, new() { Name = "Size", Exact = true }).ClickAsync();
        await Expect(page.Locator("tr[data-index='0'] a.row")).ToHaveTextAsync("entry-000000");
        await page.Locator("h1").ClickAsync();
        await page.Keyboard.PressAsync("End");
        await Expect(page.Locator($"tr[data-index='{Count - 1}'] a.row")).ToHaveTextAsync("entry-099999");
        await page.GetByLabel("Filter by name").FillAsync("-05");
        await Expect(page.Locator(".count")).ToHaveTextAsync("10,000 entries match");
        await page.GetByLabel("Filter by name").FillAsync("054321");
        await Expect(page.Locator(".count")).ToHaveTextAsync("1 entry match");
        await Expect(Row(page, "entry-054321")).ToBeVisibleAsync();

        var grown = (scene.Server.MemoryBytes - before) / 1048576.0;
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"first rows {first.TotalMilliseconds:f0} ms, last row {end.TotalMilliseconds:f0} ms, longest task {longest:f0} ms, frames {gaps.Length}, median gap {gaps[gaps.Length / 2]:f0} ms, worst gap {gaps[^1]:f0} ms, server grown by {grown:f0} MiB");
        Assert.True(first < TimeSpan.FromSeconds(5), $"The first rows took {first}.");
        Assert.True(end < TimeSpan.FromSeconds(5), $"The last row took {end}.");
        Assert.True(longest < 400, $"A task took {longest} ms.");
        Assert.True(gaps[gaps.Length / 2] < 50 && gaps[(int)(gaps.Length * .99)] < 250, $"Frames: {gaps[gaps.Length / 2]:f0} ms in the middle, {gaps[(int)(gaps.Length * .99)]:f0} ms of the slowest hundredth.");
        Assert.True(grown < 160, $"The server has grown by {grown:f0} MiB.");
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task All_ChosenByAKey_IsActedUponWhetherItWasReadOrNot()
    {
        const int Some = 1500;
        await using var scene = await Scene.StartAsync("disk-1");
        for (var i = 0; i < Some; i++)
        {
            await File.Create(Path.Combine(_folder, $"entry-{i:d6}")).DisposeAsync();
        }

        var page = await browser.OpenAsync(scene.Server.Url);
        await page.SignInAsync();
        await page.GoAsync($"/files/devices/disk-1{_folder}");
        await page.Locator("[data-takes-files]").WaitForAsync();
        await page.Locator("h1").ClickAsync();
        await page.Keyboard.PressAsync("j");
        await page.Keyboard.PressAsync("Control+a");
        await Expect(page.Locator(".chosen strong")).ToHaveTextAsync("1,500 chosen");
        await page.Keyboard.PressAsync("End");
        await Expect(Row(page, "entry-001499")).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("x");
        await Expect(page.Locator(".chosen strong")).ToHaveTextAsync("1,499 chosen");

        // A stretch is chosen across what is out of sight.
        await page.Keyboard.PressAsync("Escape");
        await Expect(page.Locator(".chosen")).ToHaveCountAsync(0);
        await page.GetByLabel("Choose entry-001499", new() { Exact = true }).ClickAsync();
        await page.Locator("h1").ClickAsync();
        await page.Keyboard.PressAsync("Home");
        await Expect(Row(page, "entry-000000")).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("ArrowDown");
        await page.GetByLabel("Choose entry-000001", new() { Exact = true }).ClickAsync(new() { Modifiers = [KeyboardModifier.Shift] });
        await Expect(page.Locator(".chosen strong")).ToHaveTextAsync("1,499 chosen");
        await page.Locator("h1").ClickAsync();
        await page.Keyboard.PressAsync("Delete");
        await Expect(page.Locator(".mud-dialog")).ToContainTextAsync("1,499 entries");
        await page.GetByLabel("For good, past the trash there").CheckAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Delete for good" }).ClickAsync();
        await Expect(page.Locator(".count")).ToHaveTextAsync("1 entry", new() { Timeout = 60_000 });
        Assert.Equal(["entry-000000"], Directory.EnumerateFiles(_folder).Select(Path.GetFileName));
        await page.Context.CloseAsync();
    }

    private void Fill()
    {
        for (var i = 0; i < Count; i++)
        {
            using var file = File.OpenHandle(Path.Combine(_folder, $"entry-{i:d6}"), FileMode.CreateNew, FileAccess.Write);
            RandomAccess.SetLength(file, i); // sparse: it takes no room
        }
    }

    private static ILocator Row(IPage page, string name) => page.Locator("a.row").GetByText(name, new() { Exact = true });

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
