using System.Collections.Concurrent;
using System.Text;
using Microsoft.Playwright;
using Operone.E2E.Hosting;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Operone.E2E.Journeys;

/// <summary>How files of many kinds are shown; and that nothing in them does anything but show.</summary>
public sealed class FormatsTests(Browser browser) : IDisposable
{
    private const string Hostile = "<script>window.evil=1</script><img src=x onerror=\"window.evil=2\"><svg onload=window.evil=3>";

    private readonly string _folder = Directory.CreateTempSubdirectory("operone-formats-").FullName;

    [Fact]
    public async Task Code_IsShownInItsLanguage_Folded_AndSavedKeepingItsMode()
    {
        await using var scene = await Scene.StartAsync("disk-1");
        await WriteAsync("deploy", "#!/usr/bin/env bash\n# builds\nif true; then\n  echo \"a\"\nfi\n" + $"echo '{Hostile}'\n");
        await WriteAsync("tree.json", $$"""{"__proto__": {"polluted": true}, "constructor": 1, "html": "{{Hostile.Replace("\"", "\\\"", StringComparison.Ordinal)}}", "list": [1, 2, {"a": null}]}""");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(At("deploy"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead);
        }

        var (page, errors) = await OpenAsync(scene);
        await GoAsync(page, "deploy");
        var code = page.Locator(".written[data-ready]");
        await Expect(code).ToHaveAttributeAsync("data-language", "Shell");
        await Expect(code.Locator(".view-lines")).ToContainTextAsync("echo");
        await page.PictureAsync("formats-code");
        await CheckAsync(page, errors);

        // Find in it.
        await code.ClickAsync();
        await page.Keyboard.PressAsync("Control+f");
        await page.Keyboard.InsertTextAsync("builds");
        await Expect(page.Locator(".find-widget .matchesCount")).ToHaveTextAsync("1 of 1");

        await page.GetByRole(AriaRole.Link, new() { Name = "Edit", Exact = true }).ClickAsync();
        await page.RetypeAsync("#!/usr/bin/env bash\necho changed\n");
        await page.PictureAsync("formats-edit");
        await page.Keyboard.PressAsync("Control+s");
        await Expect(page.Locator(".mud-snackbar")).ToContainTextAsync("was saved");
        Assert.Equal("#!/usr/bin/env bash\necho changed\n", await File.ReadAllTextAsync(At("deploy"), TestContext.Current.CancellationToken));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead, File.GetUnixFileMode(At("deploy")));
        }

        await CheckAsync(page, errors);
        await page.Context.CloseAsync();
    }

    private string At(string name) => Path.Combine(_folder, name);

    private Task WriteAsync(string name, string content) => WriteAsync(name, Encoding.UTF8.GetBytes(content));

    private Task WriteAsync(string name, byte[] content) => File.WriteAllBytesAsync(At(name), content, TestContext.Current.CancellationToken);

    private Task GoAsync(IPage page, string name, string query = "") => page.GoAsync($"/files/devices/disk-1{_folder}/{name}{query}");

    /// <summary>Nothing of a file ran, nobody complains, and everybody can use it.</summary>
    private static async Task CheckAsync(IPage page, ConcurrentQueue<string> errors)
    {
        Assert.True(await page.EvaluateAsync<bool>("() => window.evil === undefined && ({}).polluted === undefined"));
        Assert.Empty(errors);
        await page.BeAccessibleAsync();
        Assert.True(await page.EvaluateAsync<bool>("() => document.documentElement.scrollWidth <= innerWidth"));
    }

    private async Task<(IPage Page, ConcurrentQueue<string> Errors)> OpenAsync(Scene scene, int width = 1440, ColorScheme theme = ColorScheme.Light)
    {
        var page = await browser.OpenAsync(scene.Server.Url, width, theme: theme);
        var errors = new ConcurrentQueue<string>();
        page.PageError += (_, error) => errors.Enqueue(error);
        page.Console += (_, message) =>
        {
            if (message.Type == "error")
            {
                errors.Enqueue(message.Text);
            }
        };
        await page.SignInAsync();
        return (page, errors);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
