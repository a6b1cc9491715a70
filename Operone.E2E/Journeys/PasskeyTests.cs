using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Operone.E2E.Hosting;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Operone.E2E.Journeys;

/// <summary>Somebody sets Operone up with a passkey, and never has a password. The authenticator is Chromium's own, of its developer tools.</summary>
public sealed partial class PasskeyTests(Browser browser)
{
    [Fact]
    public async Task Passkey_FromSetUpToSigningInAndManaging()
    {
        var cancel = TestContext.Current.CancellationToken;
        var folder = Directory.CreateTempSubdirectory("operone-passkey-").FullName;
        await using var server = new ServerProcess(folder, owner: false);
        await server.StartAsync(cancel);
        // It is said once all has started, which is after it answers.
        var address = "";
        await ApiClient.UntilAsync(
            async () => (address = SetUpAddress().Match(await File.ReadAllTextAsync(server.LogFile, cancel)).Value).Length > 0, TimeSpan.FromSeconds(30), "the log has the address", cancel);
        address = address.Replace("127.0.0.1", "localhost", StringComparison.Ordinal);
        var page = await browser.OpenAsync(server.Url.Replace("127.0.0.1", "localhost", StringComparison.Ordinal));
        var tools = await page.Context.NewCDPSessionAsync(page);
        await tools.SendAsync("WebAuthn.enable");
        await tools.SendAsync("WebAuthn.addVirtualAuthenticator", new Dictionary<string, object>
        {
            ["options"] = new Dictionary<string, object>
            {
                ["protocol"] = "ctap2",
                ["transport"] = "internal",
                ["hasResidentKey"] = true,
                ["hasUserVerification"] = true,
                ["isUserVerified"] = true,
                ["automaticPresenceSimulation"] = true,
            },
        });

        await page.GotoAsync(address);
        await page.GetByLabel("E-mail").FillAsync("me@example.org");
        await page.PictureAsync("journey-passkey-1-set-up");
        await page.GetByRole(AriaRole.Button, new() { Name = "Make the account with a passkey" }).ClickAsync();
        await page.WaitForURLAsync(url => !url.Contains("/setup", StringComparison.Ordinal));

        await page.GoAsync("/account");
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Add a passkey" })).ToBeVisibleAsync();
        await page.PictureAsync("journey-passkey-2-account");

        // The last way in stays.
        await page.GetByRole(AriaRole.Button, new() { NameRegex = RemoveButton() }).First.ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Remove", Exact = true }).ClickAsync();
        await Expect(page.GetByText("The last way in stays.")).ToBeVisibleAsync();

        // Signed out, the passkey signs in by the button or by what the browser offers by itself, whichever comes first.
        await page.Context.ClearCookiesAsync();
        await page.GotoAsync("/sign-in");
        await page.WaitForURLAsync(url => !url.Contains("/sign-in", StringComparison.Ordinal));
        await page.Context.CloseAsync();
    }

    [GeneratedRegex(@"http://\S+/setup\?code=\S+(?=\s)")]
    private static partial Regex SetUpAddress();

    [GeneratedRegex("^Remove .+")]
    private static partial Regex RemoveButton();
}
