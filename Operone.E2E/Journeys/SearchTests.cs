using System.Formats.Tar;
using System.IO.Compression;
using Microsoft.Playwright;
using Operone.E2E.Hosting;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Operone.E2E.Journeys;

/// <summary>A person looks for a line on a device, opens the file at its place, and unpacks an archive.</summary>
public sealed class SearchTests(Browser browser) : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("operone-search-").FullName;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Search_FindsALine_AndOpensTheFileThere()
    {
        await using var scene = await Scene.StartAsync("disk-1");
        Directory.CreateDirectory(Path.Combine(_folder, "logs"));
        await File.WriteAllTextAsync(Path.Combine(_folder, "logs", "app.log"), string.Concat(Enumerable.Range(1, 2000).Select(i => i == 1500 ? "ERROR needle <b>here</b>\n" : $"line {i}\n")), Cancelled);
        await File.WriteAllTextAsync(Path.Combine(_folder, "needle.conf"), "nothing\n", Cancelled);
        var page = await browser.OpenAsync(scene.Server.Url);
        await page.SignInAsync();
        await page.GoAsync($"/files/devices/disk-1{_folder}");
        await page.GetByRole(AriaRole.Link, new() { Name = "Search", Exact = true }).ClickAsync();
        await page.Locator("#search-text").FillAsync("needle <b>");
        await page.Keyboard.PressAsync("Enter");
        var found = page.Locator(".found a");
        await Expect(found).ToHaveCountAsync(1);
        await Expect(found).ToContainTextAsync("logs/app.log:1500");
        await Expect(found.Locator("mark")).ToHaveTextAsync("needle <b>");
        await Expect(page.Locator("[role=search] [role=status]")).ToContainTextAsync("1 match in 2 files");
        await page.PictureAsync("files-search");
        await found.ClickAsync();
        await Expect(page.Locator(".found-here").First).ToHaveTextAsync("needle <b>");
        await Expect(page.Locator(".found-here").First).ToBeInViewportAsync();

        // Names; and what is not there.
        await page.GoAsync($"/files/devices/disk-1{_folder}?find=&named=*.conf");
        await Expect(found).ToContainTextAsync("needle.conf");
        await page.Locator("#search-name").FillAsync("*.none");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.GetByText("Nothing was found")).ToBeVisibleAsync();
        await page.Locator("#search-text").FillAsync("(");
        await page.GetByLabel("Regular expression").CheckAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Search", Exact = true }).ClickAsync();
        await Expect(page.Locator("#search-text-problem")).ToContainTextAsync("is no regular expression");
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task Archive_OnADevice_IsUnpackedThere()
    {
        await using var scene = await Scene.StartAsync("disk-1");
        await using (var file = File.Create(Path.Combine(_folder, "site.tar.gz")))
        await using (var zip = new GZipStream(file, CompressionLevel.Fastest))
        await using (var tar = new TarWriter(zip))
        {
            await tar.WriteEntryAsync(new PaxTarEntry(TarEntryType.RegularFile, "site/index.html") { DataStream = new MemoryStream("hello"u8.ToArray()) }, Cancelled);
            await tar.WriteEntryAsync(new PaxTarEntry(TarEntryType.RegularFile, "../evil") { DataStream = new MemoryStream("evil"u8.ToArray()) }, Cancelled);
        }

        var page = await browser.OpenAsync(scene.Server.Url);
        await page.SignInAsync();
        await page.GoAsync($"/files/devices/disk-1{_folder}");
        await page.GetByRole(AriaRole.Button, new() { Name = "What can be done with site.tar.gz" }).ClickAsync();
        await page.GetByRole(AriaRole.Menuitem, new() { Name = "Unpack here" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Unpack", Exact = true }).ClickAsync();
        var dialog = page.Locator(".mud-dialog");
        await Expect(dialog).ToContainTextAsync("1 entry unpacked");
        await Expect(dialog).ToContainTextAsync("../evil refused");
        await page.PictureAsync("files-unpack");
        await page.GetByRole(AriaRole.Button, new() { Name = "Close", Exact = true }).Last.ClickAsync();
        await Expect(page.Locator("tr a.row", new() { HasTextString = "site" }).First).ToBeVisibleAsync();
        Assert.Equal("hello", await File.ReadAllTextAsync(Path.Combine(_folder, "site", "index.html"), Cancelled));
        await page.Context.CloseAsync();
    }
}
