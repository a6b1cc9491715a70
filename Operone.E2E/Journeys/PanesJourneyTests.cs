using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using Operone.E2E.Hosting;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Operone.E2E.Journeys;

/// <summary>A person works with two folders beside each other: by keys, by buttons and by dragging; as a list and as a grid.</summary>
public sealed class PanesJourneyTests(Browser browser) : IDisposable
{
    private static readonly byte[] _pixel = Convert.FromBase64String("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==");

    private readonly string _folder = Directory.CreateTempSubdirectory("operone-panes-").FullName;

    private string From => Path.Combine(_folder, "from");

    private string To => Path.Combine(_folder, "to");

    [Fact]
    public async Task Panes_BesideEachOther_CopyAndMoveByKeysButtonsAndDragging()
    {
        await using var scene = await Scene.StartAsync("disk-1", "disk-2");
        Directory.CreateDirectory(Path.Combine(From, "site"));
        Directory.CreateDirectory(Path.Combine(To, "inner"));
        await WriteAsync(From, "a.txt", "a");
        await WriteAsync(From, "b.txt", "b");
        await WriteAsync(From, "c.txt", "c");
        await WriteAsync(From, "site/index.html", "site");
        await WriteAsync(To, "d.txt", "d");
        var page = await OpenAsync(scene, $"/files/devices/disk-1{From}");

        // Opened by its button, with the same folder, and led to another device by typing.
        await page.GetByRole(AriaRole.Link, new() { Name = "Two panes" }).ClickAsync();
        var (left, right) = (page.GetByRole(AriaRole.Region, new() { Name = "Left pane" }), page.GetByRole(AriaRole.Region, new() { Name = "Right pane" }));
        await Expect(Row(right, "a.txt")).ToBeVisibleAsync();
        await right.GetByRole(AriaRole.Button, new() { Name = "Type a path" }).ClickAsync();
        await page.Locator("#file-path-beside").FillAsync($"/devices/disk-2{To}");
        await page.Keyboard.PressAsync("Enter");
        await Expect(Row(right, "d.txt")).ToBeVisibleAsync();
        await Expect(Row(left, "a.txt")).ToBeVisibleAsync();

        // Both are in the address: a reload has both, each with its own order.
        await right.GetByRole(AriaRole.Link, new() { Name = "Size", Exact = true }).ClickAsync();
        await page.WaitForURLAsync("**besideSort=-size**");
        await page.ReloadAsync();
        await page.WaitUntilLiveAsync();
        await Expect(Row(left, "a.txt")).ToBeVisibleAsync();
        await Expect(Row(right, "d.txt")).ToBeVisibleAsync();
        await Expect(right.GetByRole(AriaRole.Columnheader, new() { Name = "Size" })).ToHaveAttributeAsync("aria-sort", "descending");
        await Expect(page.Locator("[data-takes-files]")).ToHaveCountAsync(2);

        // Tab goes from one to the other, each with its own place.
        await Row(left, "a.txt").FocusAsync();
        await page.Keyboard.PressAsync("Tab");
        await Expect(right.Locator("a.row:focus")).ToHaveCountAsync(1);
        await page.Keyboard.PressAsync("Tab");
        await Expect(Row(left, "a.txt")).ToBeFocusedAsync();

        // F5 copies into the other one; its plan is shown before.
        await page.Keyboard.PressAsync("x");
        await page.Keyboard.PressAsync("ArrowDown");
        await page.Keyboard.PressAsync("x");
        await Expect(left.Locator(".chosen strong")).ToHaveTextAsync("2 chosen");
        await Expect(right.Locator(".chosen")).ToHaveCountAsync(0);
        await page.PictureAsync("files-panes");
        await page.Keyboard.PressAsync("F5");
        await Expect(page.Locator("#transfer-to")).ToHaveValueAsync($"/devices/disk-2{To}");
        await page.GetByRole(AriaRole.Button, new() { Name = "Show the plan" }).ClickAsync();
        await Expect(page.Locator(".mud-dialog [role=status]")).ToContainTextAsync("2 files", new() { Timeout = 20_000 });
        Assert.False(File.Exists(Path.Combine(To, "a.txt")));
        await page.PictureAsync("files-plan");
        await page.GetByRole(AriaRole.Button, new() { Name = "Copy", Exact = true }).ClickAsync();
        await Expect(Row(right, "a.txt")).ToBeVisibleAsync(new() { Timeout = 20_000 });
        await Expect(Row(right, "b.txt")).ToBeVisibleAsync();
        Assert.Equal("b", await File.ReadAllTextAsync(Path.Combine(To, "b.txt"), TestContext.Current.CancellationToken));

        // F6 moves the row where one is.
        await Row(left, "c.txt").FocusAsync();
        await page.Keyboard.PressAsync("F6");
        await page.GetByRole(AriaRole.Button, new() { Name = "Move", Exact = true }).ClickAsync();
        await Expect(Row(right, "c.txt")).ToBeVisibleAsync(new() { Timeout = 20_000 });
        await Expect(Row(left, "c.txt")).ToHaveCountAsync(0);

        // Dragging: a folder into the other pane, and a file upon a folder there.
        await Row(left, "site").DragToAsync(Row(right, "d.txt"));
        await page.GetByRole(AriaRole.Button, new() { Name = "Copy", Exact = true }).ClickAsync();
        await Expect(Row(right, "site")).ToBeVisibleAsync(new() { Timeout = 20_000 });
        await Row(left, "a.txt").DragToAsync(Row(right, "inner"));
        await Expect(page.Locator("#transfer-to")).ToHaveValueAsync($"/devices/disk-2{To}/inner");
        await page.GetByRole(AriaRole.Button, new() { Name = "Copy", Exact = true }).ClickAsync();
        await Row(right, "inner").ClickAsync();
        await Expect(Row(right, "d.txt")).ToHaveCountAsync(0); // of the folder above, where an a.txt is too
        await Expect(Row(right, "a.txt")).ToBeVisibleAsync(new() { Timeout = 20_000 });
        await Expect(Row(left, "b.txt")).ToBeVisibleAsync();

        // Backspace goes up in the one where one is.
        await Row(right, "a.txt").FocusAsync();
        await page.Keyboard.PressAsync("Backspace");
        await Expect(Row(right, "d.txt")).ToBeVisibleAsync();
        await Expect(Row(left, "b.txt")).ToBeVisibleAsync();
        Assert.Empty((await page.RunAxe()).Violations.Where(v => v.Impact is "serious" or "critical").Select(v => $"{v.Id}: {v.Help} {v.Nodes.FirstOrDefault()?.Html}"));

        // On a narrow screen there is one.
        await page.SetViewportSizeAsync(390, 844);
        await Expect(right).ToBeHiddenAsync();
        await Expect(Row(left, "b.txt")).ToBeVisibleAsync();
        await page.PictureAsync("files-panes-390");
        await page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Dark });
        await page.SetViewportSizeAsync(1440, 900);
        await Expect(right).ToBeVisibleAsync();
        await page.PictureAsync("files-panes-dark");
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task Grid_AndColumns_AreInTheAddressAndWalkedByKeys()
    {
        await using var scene = await Scene.StartAsync("disk-1");
        Directory.CreateDirectory(Path.Combine(_folder, "folder"));
        await File.WriteAllBytesAsync(Path.Combine(_folder, "picture.png"), _pixel, TestContext.Current.CancellationToken);
        for (var i = 0; i < 3000; i++)
        {
            await WriteAsync(_folder, $"n{i:d4}", "");
        }

        var page = await OpenAsync(scene, $"/files/devices/disk-1{_folder}");
        await page.GetByRole(AriaRole.Link, new() { Name = "Grid" }).ClickAsync();
        await Expect(page.Locator(".tile img")).ToHaveCountAsync(0);
        await page.Locator("[data-takes-files] .line > :nth-child(2)").First.WaitForAsync(); // the list has one in a line
        var tile = page.Locator("[data-index='0'] a.row");
        await Expect(tile).ToHaveTextAsync("folder");
        await page.Locator("h1").ClickAsync();
        await page.Keyboard.PressAsync("ArrowDown");
        await Expect(tile).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("ArrowRight");
        await Expect(page.Locator("[data-index='1'] a.row")).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("ArrowDown");
        var across = await page.EvaluateAsync<int>("() => document.querySelector('.line').children.length");
        await Expect(page.Locator($"[data-index='{1 + across}'] a.row")).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("x");
        await Expect(page.Locator(".chosen strong")).ToHaveTextAsync("1 chosen");
        await page.Keyboard.PressAsync("End");
        await Expect(page.Locator("[data-index='3001'] a.row")).ToHaveTextAsync("picture.png");
        await Expect(page.Locator("[data-index='3001'] a.row")).ToBeFocusedAsync();
        await Expect(page.Locator(".tile img")).ToHaveJSPropertyAsync("naturalWidth", 1);
        await page.PictureAsync("files-grid");
        await page.SetViewportSizeAsync(390, 844);
        await page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Dark });
        await page.EvaluateAsync("() => scrollTo(0, 0)");
        await Expect(tile).ToBeVisibleAsync();
        await page.PictureAsync("files-grid-390-dark");
        await page.SetViewportSizeAsync(1440, 900);
        await page.ReloadAsync();
        await page.WaitUntilLiveAsync();
        await Expect(page.Locator(".tile").First).ToBeVisibleAsync();

        // The menu key, and back to where one was.
        await page.Locator("[data-takes-files]").WaitForAsync();
        await tile.FocusAsync();
        await page.Keyboard.PressAsync("ContextMenu");
        var menu = page.GetByRole(AriaRole.Menu);
        await Expect(menu).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("ArrowDown");
        await Expect(menu.GetByRole(AriaRole.Menuitem, new() { Name = "Open" })).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("Escape");
        await Expect(menu).ToHaveCountAsync(0);
        await Expect(tile).ToBeFocusedAsync();
        await tile.ClickAsync(new() { Button = MouseButton.Right });
        await Expect(menu).ToBeVisibleAsync();
        await page.Keyboard.PressAsync("Escape");
        await Expect(menu).ToHaveCountAsync(0);

        await page.GetByRole(AriaRole.Link, new() { Name = "List", Exact = true }).ClickAsync();
        await page.GetByLabel("Columns", new() { Exact = true }).ClickAsync();
        await page.GetByLabel("Owner", new() { Exact = true }).UncheckAsync();
        await page.WaitForURLAsync("**columns=size%2Cmodified%2Cmode**");
        await page.GetByLabel("Kind", new() { Exact = true }).CheckAsync();
        await Expect(page.GetByRole(AriaRole.Columnheader, new() { Name = "Owner" })).ToHaveCountAsync(0);
        await page.GetByRole(AriaRole.Link, new() { Name = "Kind", Exact = true }).ClickAsync();
        await page.WaitForURLAsync("**sort=kind**");
        await Expect(page.Locator("tr[data-index='0']")).ToContainTextAsync("Folder");
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task FilesAndFolders_DroppedFromTheDesktop_AreUploaded()
    {
        await using var scene = await Scene.StartAsync("disk-1");
        Directory.CreateDirectory(Path.Combine(_folder, "desk", "tree", "empty"));
        await WriteAsync(Path.Combine(_folder, "desk"), "loose.txt", "loose");
        await WriteAsync(Path.Combine(_folder, "desk"), "tree/deep ä.txt", "deep");
        Directory.CreateDirectory(To);
        var page = await OpenAsync(scene, $"/files/devices/disk-1{To}");
        await page.Locator("[data-takes-files]").WaitForAsync();

        // As the browser itself drops them: files and folders that lie on its disk.
        var box = await page.Locator("[data-files]").BoundingBoxAsync() ?? throw new InvalidOperationException("There is no list.");
        var session = await page.Context.NewCDPSessionAsync(page);
        string[] dropped = [Path.Combine(_folder, "desk", "loose.txt"), Path.Combine(_folder, "desk", "tree")];
        foreach (var type in (string[])["dragEnter", "dragOver", "drop"])
        {
            await session.SendAsync("Input.dispatchDragEvent", new()
            {
                ["type"] = type,
                ["x"] = box.X + (box.Width / 2),
                ["y"] = box.Y + (box.Height / 2),
                ["data"] = new Dictionary<string, object> { ["items"] = Array.Empty<object>(), ["files"] = dropped, ["dragOperationsMask"] = 1 },
            });
            if (type == "dragOver")
            {
                await Expect(page.Locator(".drop-here")).ToBeVisibleAsync();
                await page.PictureAsync("files-drop");
            }
        }

        await Expect(Row(page.Locator("main"), "loose.txt")).ToBeVisibleAsync(new() { Timeout = 20_000 });
        await Expect(page.Locator(".uploads li[data-state=done]")).ToHaveCountAsync(2, new() { Timeout = 20_000 });
        Assert.Equal("loose", await File.ReadAllTextAsync(Path.Combine(To, "loose.txt"), TestContext.Current.CancellationToken));
        Assert.Equal("deep", await File.ReadAllTextAsync(Path.Combine(To, "tree", "deep ä.txt"), TestContext.Current.CancellationToken));
        Assert.True(Directory.Exists(Path.Combine(To, "tree", "empty")));
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task Archive_IsAFolder()
    {
        await using var scene = await Scene.StartAsync("disk-1");
        await using (var zip = System.IO.Compression.ZipFile.Open(Path.Combine(_folder, "site.zip"), System.IO.Compression.ZipArchiveMode.Create))
        {
            await AddAsync("docs/read me.txt", "inside of it"u8.ToArray());
            await AddAsync("docs/pixel.png", _pixel);
            await AddAsync("../../etc/passwd", "bad"u8.ToArray());
            for (var i = 0; i < 2000; i++)
            {
                await AddAsync($"many/n{i:d4}", []);
            }

            async Task AddAsync(string name, byte[] content)
            {
                await using var to = await zip.CreateEntry(name).OpenAsync(TestContext.Current.CancellationToken);
                await to.WriteAsync(content, TestContext.Current.CancellationToken);
            }
        }

        var page = await OpenAsync(scene, $"/files/devices/disk-1{_folder}");
        var main = page.Locator("main");
        await Row(main, "site.zip").ClickAsync();
        await Expect(Row(main, "docs")).ToBeVisibleAsync();
        await Expect(main).ToContainTextAsync("../../etc/passwd");
        await Expect(main).ToContainTextAsync("its name leads out of the folder");
        await page.PictureAsync("files-archive");
        await page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Dark });
        await page.SetViewportSizeAsync(390, 844);
        await page.PictureAsync("files-archive-390-dark");
        await page.SetViewportSizeAsync(1440, 900);
        await Row(main, "docs").ClickAsync();
        await Row(main, "read me.txt").ClickAsync();
        await Expect(page.GetByLabel("Content")).ToHaveTextAsync("inside of it");
        var download = await page.RunAndWaitForDownloadAsync(() => page.GetByRole(AriaRole.Link, new() { Name = "Download" }).ClickAsync());
        Assert.Equal(("read me.txt", "inside of it"), (download.SuggestedFilename, await File.ReadAllTextAsync(await download.PathAsync(), TestContext.Current.CancellationToken)));
        await page.ReloadAsync();
        await page.WaitUntilLiveAsync();
        await Expect(page.GetByLabel("Content")).ToHaveTextAsync("inside of it");
        await page.GetByRole(AriaRole.Navigation, new() { Name = "In the archive" }).GetByText("docs").ClickAsync();
        await Row(main, "pixel.png").ClickAsync();
        await Expect(page.Locator(".media img")).ToHaveJSPropertyAsync("naturalWidth", 1);
        await page.GetByRole(AriaRole.Navigation, new() { Name = "In the archive" }).GetByText("site.zip").ClickAsync();
        await Row(main, "many").ClickAsync();
        await Expect(page.Locator(".count")).ToHaveTextAsync("2,000 entries");
        await Expect(Row(main, "n0000")).ToBeVisibleAsync();
        await page.EvaluateAsync("() => scrollTo(0, document.documentElement.scrollHeight)");
        await Expect(Row(main, "n1999")).ToBeVisibleAsync();
        Assert.Empty((await page.RunAxe()).Violations.Where(v => v.Impact is "serious" or "critical").Select(v => $"{v.Id}: {v.Help} {v.Nodes.FirstOrDefault()?.Html}"));
        Assert.Equal(["site.zip"], Directory.GetFileSystemEntries(_folder).Select(Path.GetFileName));
        await page.Context.CloseAsync();
    }

    private async Task<IPage> OpenAsync(Scene scene, string path)
    {
        var page = await browser.OpenAsync(scene.Server.Url);
        await page.SignInAsync();
        await page.GoAsync(path);
        return page;
    }

    private static ILocator Row(ILocator pane, string name) => pane.Locator("a.row").GetByText(name, new() { Exact = true });

    private static Task WriteAsync(string folder, string name, string content) => File.WriteAllTextAsync(Path.Combine(folder, name), content, TestContext.Current.CancellationToken);

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
