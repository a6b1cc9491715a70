using Microsoft.Playwright;
using Operone.E2E.Hosting;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Operone.E2E.Journeys;

/// <summary>A person copies from one device to another, is asked about what is there, and sees it done.</summary>
public sealed class TransfersTests(Browser browser) : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("operone-transfers-").FullName;

    [Fact]
    public async Task Copy_ToAnotherDevice_AsksAboutWhatIsThereAndIsDone()
    {
        await using var scene = await Scene.StartAsync("disk-1", "disk-2");
        var (from, to) = (Path.Combine(_folder, "from"), Path.Combine(_folder, "to"));
        Directory.CreateDirectory(Path.Combine(from, "site"));
        Directory.CreateDirectory(Path.Combine(to, "site"));
        await File.WriteAllTextAsync(Path.Combine(from, "site", "index.html"), "ours", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(Path.Combine(from, "site", "new.css"), "new", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(Path.Combine(to, "site", "index.html"), "what is there", TestContext.Current.CancellationToken);
        var page = await browser.OpenAsync(scene.Server.Url);
        await page.SignInAsync();
        await page.GoAsync($"/files/devices/disk-1{from}");
        await page.GetByLabel("Choose site", new() { Exact = true }).CheckAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Copy to" }).ClickAsync();
        await page.Locator("#transfer-to").FillAsync("nowhere");
        await page.GetByRole(AriaRole.Button, new() { Name = "Copy", Exact = true }).ClickAsync();
        await Expect(page.Locator(".field .problem")).ToContainTextAsync("address of a folder");
        await page.Locator("#transfer-to").FillAsync($"/devices/disk-2{to}");
        await page.GetByRole(AriaRole.Button, new() { Name = "Copy", Exact = true }).ClickAsync();

        // It waits, since a file is there already.
        await page.GetByRole(AriaRole.Link, new() { Name = "1 transfer waits for you" }).ClickAsync();
        await page.WaitForURLAsync("**/transfers");
        var transfer = page.GetByRole(AriaRole.Article, new() { Name = "Copy site" });
        await Expect(transfer).ToContainTextAsync("1 file is there already");
        await transfer.GetByRole(AriaRole.Button, new() { Name = "What is there already" }).ClickAsync();
        await Expect(transfer.Locator(".items")).ToContainTextAsync("index.html");
        await transfer.GetByRole(AriaRole.Button, new() { Name = "Keep both" }).ClickAsync();
        await Expect(transfer).ToContainTextAsync("completed");
        Assert.Equal("what is there", await ReadAsync("index.html"));
        Assert.Equal("ours", await ReadAsync("index (2).html"));
        Assert.Equal("new", await ReadAsync("new.css"));
        await page.Context.CloseAsync();

        Task<string> ReadAsync(string name) => File.ReadAllTextAsync(Path.Combine(to, "site", name), TestContext.Current.CancellationToken);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
