using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Operone.E2E.Hosting;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Operone.E2E.Journeys;

/// <summary>
/// Somebody signs their terminal in: <c>operone login</c> as a real process, the code compared and approved in a real browser,
/// and when the session is ended in the console, the command line is out.
/// </summary>
public sealed partial class DeviceFlowTests(Browser browser)
{
    [Fact]
    public async Task Login_ApprovedInTheBrowser_WorksUntilItsSessionIsEnded()
    {
        var cancel = TestContext.Current.CancellationToken;
        var folder = Directory.CreateTempSubdirectory("operone-device-flow-").FullName;
        await using var server = new ServerProcess(Path.Combine(folder, "server"));
        await server.StartAsync(cancel);
        var environment = new Dictionary<string, string> { ["XDG_CONFIG_HOME"] = Path.Combine(folder, "config"), ["NO_PROXY"] = "*" };
        await using var login = ChildProcess.Start(Published.Agent, ["login", "--server", server.Url], Path.Combine(folder, "login.log"), environment);
        var address = "";
        await ApiClient.UntilAsync(
            () => Task.FromResult((address = Address().Match(login.LogTail()).Value).Length > 0), TimeSpan.FromSeconds(20), "the address is shown", cancel);

        // Whoever is not signed in does that first, and comes back to the code.
        var page = await browser.OpenAsync(server.Url);
        await page.GotoAsync(new Uri(address).PathAndQuery);
        await page.GetByLabel("E-mail").FillAsync(ServerProcess.OwnerEmail);
        await page.GetByLabel("Password").FillAsync(ServerProcess.OwnerPassword);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in", Exact = true }).ClickAsync();
        await Expect(page.Locator("output")).ToHaveTextAsync(address.Split('=')[1]);
        await Expect(page.GetByText("shows this very code")).ToBeVisibleAsync();
        await page.PictureAsync("device");
        await page.SetViewportSizeAsync(390, 844);
        await page.PictureAsync("device-phone");
        await page.SetViewportSizeAsync(1440, 900);
        await page.GetByLabel("Stay signed in for").SelectOptionAsync("1");
        await page.GetByRole(AriaRole.Button, new() { Name = "The codes match" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "The terminal is signed in" })).ToBeVisibleAsync();

        Assert.True(await login.EndedAsync(TimeSpan.FromSeconds(30), cancel), login.LogTail());
        Assert.Contains($"signed in to {server.Url} as {ServerProcess.OwnerEmail}", login.LogTail(), StringComparison.Ordinal);
        Assert.Contains(ServerProcess.OwnerEmail, await RunAsync("whoami"), StringComparison.Ordinal);

        // In the console it is a session among the others: ended there, the command line is out.
        await page.GoAsync("/access/tokens");
        await Expect(page.GetByRole(AriaRole.Cell, new() { Name = "Command line" })).ToBeVisibleAsync();
        await page.PictureAsync("tokens");
        await page.SetViewportSizeAsync(390, 844);
        await page.PictureAsync("tokens-phone");
        await page.SetViewportSizeAsync(1440, 900);
        await page.GetByRole(AriaRole.Button, new() { Name = "New token" }).First.ClickAsync();
        await Expect(page.GetByRole(AriaRole.Dialog)).ToBeVisibleAsync();
        await page.PictureAsync("new-token");
        await page.Keyboard.PressAsync("Escape");
        await page.GoAsync("/access/sessions");
        await page.GetByRole(AriaRole.Button, new() { NameRegex = EndOfTheCommandLine() }).ClickAsync();
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "End it" }).ClickAsync();
        await ApiClient.UntilAsync(
            async () => (await RunAsync("whoami")).Contains("not known", StringComparison.Ordinal), TimeSpan.FromSeconds(5), "the command line is out", cancel);

        async Task<string> RunAsync(string command)
        {
            var log = Path.Combine(folder, $"{command}-{Guid.NewGuid():N}.log");
            await using var process = ChildProcess.Start(Published.Agent, [command], log, environment);
            Assert.True(await process.EndedAsync(TimeSpan.FromSeconds(20), cancel), process.LogTail());
            return process.LogTail();
        }
    }

    [GeneratedRegex("http://[^ ]+/device\\?user_code=[A-Z-]+")]
    private static partial Regex Address();

    [GeneratedRegex("^End the session on operone ")]
    private static partial Regex EndOfTheCommandLine();
}
