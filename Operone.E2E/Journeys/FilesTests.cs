using System.Collections.Concurrent;
using System.Text;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using Operone.E2E.Hosting;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Operone.E2E.Journeys;

/// <summary>A person goes through a device's files, and changes them: what the page says is what lies on the disk.</summary>
public sealed class FilesTests(Browser browser) : IDisposable
{
    private const string Emoji = "Röntgen 🩻.txt";
    private const string Quotes = "it's \"quoted\" & 100% <b>.txt";

    private readonly string _folder = Directory.CreateTempSubdirectory("operone-files-").FullName;

    [Fact]
    public async Task Files_BrowsedAndChanged_AreSoOnTheDisk()
    {
        await using var scene = await Scene.StartAsync("disk-1");
        Directory.CreateDirectory(Path.Combine(_folder, "logs", "old"));
        await WriteAsync(Emoji, "bones\n");
        await WriteAsync(Quotes, "quoted\n");
        var (page, errors) = await OpenAsync(scene);

        // From the device, name by name, and by typing the path.
        await page.GoAsync("/devices/disk-1");
        await page.GetByRole(AriaRole.Link, new() { Name = "Files", Exact = true }).Last.ClickAsync();
        await page.WaitForURLAsync("**/files/devices/disk-1");
        await page.GetByRole(AriaRole.Button, new() { Name = "Type a path" }).ClickAsync();
        await page.Locator("#file-path").FillAsync($"/devices/disk-1{_folder}");
        await page.Keyboard.PressAsync("Enter");
        await Expect(Row(page, Emoji)).ToBeVisibleAsync();
        await Expect(Row(page, Quotes)).ToBeVisibleAsync();
        await Row(page, "logs").ClickAsync();
        await Expect(Row(page, "old")).ToBeVisibleAsync();
        await page.Locator("h1").ClickAsync();
        await page.Keyboard.PressAsync("Backspace");
        await Expect(Row(page, Emoji)).ToBeVisibleAsync();

        // A name of any kind opens, as it is.
        await Row(page, Quotes).ClickAsync();
        await Expect(Content(page)).ToHaveTextAsync("quoted\n");
        await page.ReloadAsync();
        await page.WaitUntilLiveAsync();
        await Expect(Content(page)).ToHaveTextAsync("quoted\n");
        await page.GoBackAsync();

        // What happens on the device shows by itself.
        await Expect(page.Locator("[title^='Changes show by themselves']")).ToBeVisibleAsync();
        await WriteAsync("arrived.txt", "by itself");
        await Expect(Row(page, "arrived.txt")).ToBeVisibleAsync();

        // Up, by the button; with the same name again it asks.
        await (await ChooserAsync(page)).SetInputFilesAsync(File("report 🩻.bin", "first"));
        await Expect(page.Locator(".uploads li[data-state=done]")).ToHaveCountAsync(1);
        await Expect(Row(page, "report 🩻.bin")).ToBeVisibleAsync();
        Assert.Equal("first", await ReadAsync("report 🩻.bin"));
        await (await ChooserAsync(page)).SetInputFilesAsync(File("report 🩻.bin", "second"));
        await page.GetByRole(AriaRole.Button, new() { Name = "Keep both" }).ClickAsync();
        await Expect(Row(page, "report 🩻 (2).bin")).ToBeVisibleAsync();
        Assert.Equal("first", await ReadAsync("report 🩻.bin"));
        Assert.Equal("second", await ReadAsync("report 🩻 (2).bin"));

        // Another name.
        await MenuAsync(page, Emoji, "Rename");
        await page.Locator("#file-name").FillAsync("bones & joints.txt");
        await page.Keyboard.PressAsync("Enter");
        await Expect(Row(page, "bones & joints.txt")).ToBeVisibleAsync();
        Assert.Equal("bones\n", await ReadAsync("bones & joints.txt"));
        Assert.False(System.IO.File.Exists(Path.Combine(_folder, Emoji)));

        // A folder.
        await page.GetByRole(AriaRole.Button, new() { Name = "New folder" }).ClickAsync();
        await page.Locator("#file-name").FillAsync("new one");
        await page.Keyboard.PressAsync("Enter");
        await Expect(Row(page, "new one")).ToBeVisibleAsync();
        Assert.True(Directory.Exists(Path.Combine(_folder, "new one")));

        // Down.
        var download = await page.RunAndWaitForDownloadAsync(() => MenuAsync(page, "report 🩻.bin", "Download", AriaRole.Menuitem));
        Assert.Equal("first", await System.IO.File.ReadAllTextAsync(await download.PathAsync(), TestContext.Current.CancellationToken));
        await page.PictureAsync("files-journey");

        // Gone for good, with what is in it.
        await MenuAsync(page, "logs", "Delete");
        await Expect(page.Locator(".mud-dialog")).ToContainTextAsync("In it are 1 entry");
        await page.GetByLabel("For good, past the trash there").CheckAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Delete for good" }).ClickAsync();
        await Expect(Row(page, "logs")).ToHaveCountAsync(0);
        Assert.False(Directory.Exists(Path.Combine(_folder, "logs")));
        Assert.Empty(errors);
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task Text_ChangedMeanwhile_IsWrittenOnlyWhereThePersonSaysSo()
    {
        await using var scene = await Scene.StartAsync("disk-1");
        await WriteAsync("settings.conf", "port = 1\r\nhost = ä\r\n");
        var (page, errors) = await OpenAsync(scene);
        await page.GoAsync($"/files/devices/disk-1{_folder}/settings.conf");
        await page.GetByRole(AriaRole.Link, new() { Name = "Edit", Exact = true }).ClickAsync();
        await page.RetypeAsync("port = 2\nhost = ä\n");
        await page.Keyboard.PressAsync("Control+s");
        await Expect(page.Locator(".mud-snackbar")).ToContainTextAsync("was saved");
        Assert.Equal("port = 2\r\nhost = ä\r\n", await ReadAsync("settings.conf"));

        await WriteAsync("settings.conf", "port = 3, by somebody else\r\n");
        await page.RetypeAsync("port = 4\n");
        await page.Keyboard.PressAsync("Control+s");
        await Expect(page.Locator(".notice.warning")).ToContainTextAsync("Somebody changed it meanwhile");
        var difference = page.GetByRole(AriaRole.Region, new() { Name = "The difference" });
        await Expect(difference).ToHaveAttributeAsync("data-differences", "1");
        await Expect(difference.Locator(".original .view-lines")).ToContainTextAsync("by somebody else");
        await Expect(difference.Locator(".modified .view-lines")).ToContainTextAsync("port = 4");
        Assert.Contains("by somebody else", await ReadAsync("settings.conf"), StringComparison.Ordinal);
        await page.PictureAsync("files-conflict");
        await page.BeAccessibleAsync();

        // Going on keeps what was typed, and the other's is still not written over.
        await page.GetByRole(AriaRole.Button, new() { Name = "Go on editing" }).ClickAsync();
        await Expect(difference).ToBeHiddenAsync();
        await Expect(page.Locator(".view-lines").First).ToContainTextAsync("port = 4");
        await page.Keyboard.PressAsync("Control+s");
        await page.GetByRole(AriaRole.Button, new() { Name = "Write mine over it" }).ClickAsync();
        await Expect(difference).ToBeHiddenAsync();
        Assert.Equal("port = 4\r\n", await ReadAsync("settings.conf"));

        // What was typed is not lost by going elsewhere, unless one says so.
        await page.RetypeAsync("port = 5\n");
        await Expect(page.GetByText("not saved")).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Leave", Exact = true }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Dialog)).ToContainTextAsync("Leave without saving?");
        await page.GetByRole(AriaRole.Button, new() { Name = "Keep" }).ClickAsync();
        await Expect(page.Locator(".view-lines").First).ToContainTextAsync("port = 5");
        await page.GetByRole(AriaRole.Button, new() { Name = "Leave", Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Leave without saving" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "Edit", Exact = true })).ToBeVisibleAsync();
        Assert.Equal("port = 4\r\n", await ReadAsync("settings.conf"));

        // What is added at the end shows by itself.
        await page.GoAsync($"/files/devices/disk-1{_folder}/settings.conf?view=follow");
        await Expect(Content(page)).ToContainTextAsync("port = 4");
        await System.IO.File.AppendAllTextAsync(Path.Combine(_folder, "settings.conf"), "added 🩻\n", TestContext.Current.CancellationToken);
        await Expect(Content(page)).ToContainTextAsync("added 🩻");
        Assert.Empty(errors);
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task Text_TypedBeforeTheServerWasStartedAnew_ComesBackWithTheDevice_AndWritesOverNobody()
    {
        await using var scene = await Scene.StartAsync("disk-1");
        await WriteAsync("settings.conf", "port = 1\n");
        var (page, _) = await OpenAsync(scene);
        await page.GoAsync($"/files/devices/disk-1{_folder}/settings.conf");
        await page.GetByRole(AriaRole.Link, new() { Name = "Edit", Exact = true }).ClickAsync();
        await page.RetypeAsync("port = 2, typed for an hour\n");
        await Expect(page.GetByText("not saved")).ToBeVisibleAsync();

        // The field has what is typed a moment later.
        await Expect(page.Locator("#file-text")).ToHaveValueAsync("port = 2, typed for an hour\n");
        await scene.Agents[0].KillAsync();
        await scene.Server.KillAsync();
        await WriteAsync("settings.conf", "port = 3, by somebody else\n");
        await scene.Server.StartAsync(TestContext.Current.CancellationToken);

        // The page is there again, and the device is not.
        await Expect(page.GetByText("Device offline").Or(page.GetByText("is offline")).First).ToBeVisibleAsync(new() { Timeout = 60_000 });
        await Expect(page.Locator("#file-text")).ToHaveCountAsync(0);
        scene.Agents[0].Start();
        await scene.Server.Api.WaitForStatusAsync("disk-1", Operone.Core.Devices.DeviceStatus.Online, TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        await Expect(page.Locator(".view-lines").First).ToContainTextAsync("typed for an hour", new() { Timeout = 60_000 });
        await page.Keyboard.PressAsync("Control+s");
        await Expect(page.Locator(".notice.warning")).ToContainTextAsync("Somebody changed it meanwhile");
        Assert.Contains("by somebody else", await ReadAsync("settings.conf"), StringComparison.Ordinal);
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task Folder_SaysHowToMountIt_AndIsADriveThere()
    {
        await using var scene = await Scene.StartAsync("disk-1");
        var (page, errors) = await OpenAsync(scene);
        await page.GoAsync($"/files/devices/disk-1{_folder}");
        await page.WaitUntilLiveAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Network drive" }).ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog);
        var address = dialog.GetByRole(AriaRole.Group, new() { Name = "The address of the drive" });
        await Expect(address).ToContainTextAsync($"/dav/devices/disk-1{_folder}");
        await Expect(dialog.GetByRole(AriaRole.Group, new() { Name = "The address for GNOME" })).ToContainTextAsync("dav://");
        Assert.Empty((await page.RunAxe()).Violations.Where(v => v.Impact is "serious" or "critical").Select(v => $"{v.Id}: {v.Help}"));
        await page.PictureAsync("files-mount");

        using var http = new HttpClient();
        using var drive = await http.SendAsync(new(HttpMethod.Options, (await address.InnerTextAsync()).Trim()), TestContext.Current.CancellationToken);
        Assert.Equal("Basic", drive.Headers.WwwAuthenticate.First().Scheme);
        Assert.Empty(errors);
    }

    [Fact]
    public async Task Folder_OfThousands_IsScrolledToItsEnd()
    {
        const int Count = 20_000;
        await using var scene = await Scene.StartAsync("disk-1");
        for (var i = 0; i < Count; i++)
        {
            await System.IO.File.Create(Path.Combine(_folder, $"entry-{i:d6}")).DisposeAsync();
        }

        var (page, errors) = await OpenAsync(scene);
        await page.GoAsync($"/files/devices/disk-1{_folder}");
        await Expect(Row(page, "entry-000000")).ToBeVisibleAsync();
        await Expect(page.Locator(".count")).ToHaveTextAsync("20,000 entries");
        await page.WaitForFunctionAsync("() => { const rows = document.querySelectorAll('tr[data-path]').length; return rows > 10 && rows < 400; }");
        await page.EvaluateAsync("() => scrollTo(0, document.documentElement.scrollHeight)");
        await Expect(Row(page, "entry-019999")).ToBeVisibleAsync();
        await page.GetByLabel("Filter by name").FillAsync("019998");
        await Expect(page.Locator(".count")).ToHaveTextAsync("1 entry match");
        await Expect(Row(page, "entry-019998")).ToBeVisibleAsync();
        Assert.Empty(errors);
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task Upload_ThatBrokeOff_GoesOnWhenTheFileIsChosenAgain()
    {
        await using var scene = await Scene.StartAsync("disk-1");
        var local = Path.Combine(Directory.CreateDirectory(_folder + ".local").FullName, "large.bin");
        var bytes = new byte[24 * 1024 * 1024];
        new Random(5).NextBytes(bytes);
        await System.IO.File.WriteAllBytesAsync(local, bytes, TestContext.Current.CancellationToken);
        var (page, _) = await OpenAsync(scene);
        await page.GoAsync($"/files/devices/disk-1{_folder}");
        var network = await page.Context.NewCDPSessionAsync(page);
        await network.SendAsync("Network.enable");
        await LimitUploadsAsync(1536 * 1024);
        await (await ChooserAsync(page)).SetInputFilesAsync(local);
        await Expect(page.Locator(".uploads progress")).ToBeVisibleAsync();
        await page.WaitForFunctionAsync("() => document.querySelector('.uploads progress')?.value > .3");
        await page.GetByRole(AriaRole.Button, new() { Name = "Pause large.bin" }).ClickAsync();
        await Expect(page.Locator(".uploads .detail")).ToContainTextAsync("paused at");
        Assert.False(System.IO.File.Exists(Path.Combine(_folder, "large.bin")));

        await LimitUploadsAsync(-1);

        // Another page knows nothing of it but what the browser kept.
        await page.GoAsync($"/files/devices/disk-1{_folder}");
        var resumed = new ConcurrentQueue<string>();
        page.Request += (_, request) =>
        {
            if (request.Method == "PATCH")
            {
                resumed.Enqueue(request.Headers["upload-offset"]);
            }
        };
        await (await ChooserAsync(page)).SetInputFilesAsync(local);
        await Expect(page.Locator(".uploads li[data-state=done]")).ToHaveCountAsync(1, new() { Timeout = 30_000 });
        Assert.True(resumed.TryPeek(out var offset) && long.Parse(offset, System.Globalization.CultureInfo.InvariantCulture) > 1024 * 1024, $"It went on at {offset}.");
        var arrived = await System.IO.File.ReadAllBytesAsync(Path.Combine(_folder, "large.bin"), TestContext.Current.CancellationToken);
        Assert.True(bytes.AsSpan().SequenceEqual(arrived));
        await page.Context.CloseAsync();

        // in bytes a second; -1 for as fast as it can
        Task LimitUploadsAsync(int speed) => network.SendAsync(
            "Network.emulateNetworkConditions", new() { ["offline"] = false, ["latency"] = 0, ["downloadThroughput"] = -1, ["uploadThroughput"] = speed });
    }

    /// <summary>Where files are chosen, once the page listens: its button opens it no sooner.</summary>
    private static async Task<ILocator> ChooserAsync(IPage page)
    {
        await page.Locator("[data-takes-files]").WaitForAsync();
        return page.Locator("#upload-files");
    }

    private async Task<(IPage Page, ConcurrentQueue<string> Errors)> OpenAsync(Scene scene)
    {
        var page = await browser.OpenAsync(scene.Server.Url);
        var errors = new ConcurrentQueue<string>();
        page.PageError += (_, error) => errors.Enqueue(error);
        page.Console += (_, message) =>
        {
            // an upload that is refused because the file is there answers 409, which the browser notes
            if (message.Type == "error" && !message.Text.StartsWith("Failed to load resource", StringComparison.Ordinal))
            {
                errors.Enqueue(message.Text);
            }
        };
        await page.SignInAsync();
        return (page, errors);
    }

    private static ILocator Row(IPage page, string name) => page.Locator("a.row").GetByText(name, new() { Exact = true });

    private static ILocator Content(IPage page) => page.Locator("pre.text");

    private static async Task MenuAsync(IPage page, string name, string act, AriaRole role = AriaRole.Menuitem)
    {
        await page.GetByRole(AriaRole.Button, new() { Name = $"What can be done with {name}", Exact = true }).ClickAsync();
        await page.GetByRole(role, new() { Name = act }).ClickAsync();
    }

    private static FilePayload File(string name, string content) => new() { Name = name, MimeType = "application/octet-stream", Buffer = Encoding.UTF8.GetBytes(content) };

    private Task WriteAsync(string name, string content) => System.IO.File.WriteAllTextAsync(Path.Combine(_folder, name), content, TestContext.Current.CancellationToken);

    private Task<string> ReadAsync(string name) => System.IO.File.ReadAllTextAsync(Path.Combine(_folder, name), TestContext.Current.CancellationToken);

    public void Dispose()
    {
        Directory.Delete(_folder, recursive: true);
        if (Directory.Exists(_folder + ".local"))
        {
            Directory.Delete(_folder + ".local", recursive: true);
        }
    }
}
