using System.Buffers.Binary;
using System.Security.Cryptography;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using Operone.E2E.Hosting;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Operone.E2E.Journeys;

/// <summary>
/// Somebody is invited, makes their account with a password, turns one-time codes on, and signs in with one. Buttons of a
/// provider stand beside.
/// </summary>
public sealed class WaysInTests(Browser browser)
{
    private const string Password = "a green boat on the lake";

    private static readonly Dictionary<string, string> Settings = new()
    {
        ["Operone__SignIn__GitHub__ClientId"] = "tests",
        ["Operone__SignIn__GitHub__ClientSecret"] = "tests",
        ["Operone__SignIn__OpenIdConnect__0__Name"] = "keycloak",
        ["Operone__SignIn__OpenIdConnect__0__Title"] = "Keycloak",
        ["Operone__SignIn__OpenIdConnect__0__Issuer"] = "http://127.0.0.1:9/realms/main",
        ["Operone__SignIn__OpenIdConnect__0__ClientId"] = "tests",
        ["Operone__SignIn__OpenIdConnect__0__ClientSecret"] = "tests",
    };

    [Fact]
    public async Task Invitation_ToOneTimeCodes()
    {
        var folder = Directory.CreateTempSubdirectory("operone-ways-").FullName;
        await using var server = new ServerProcess(folder, settings: Settings);
        await server.StartAsync(TestContext.Current.CancellationToken);
        var owner = await browser.OpenAsync(server.Url);
        await owner.SignInAsync();

        var turn = 0;
        foreach (var (theme, width) in new[] { (ColorScheme.Light, 1440), (ColorScheme.Dark, 390) })
        {
            var look = $"{theme.ToString().ToLowerInvariant()}-{width}";
            await owner.SetViewportSizeAsync(width, 900);
            await owner.EmulateMediaAsync(new() { ColorScheme = theme });
            await owner.GoAsync("/access/invitations");
            await owner.GetByRole(AriaRole.Button, new() { Name = "Invite somebody" }).ClickAsync();
            await owner.GetByLabel("E-mail").FillAsync($"ada{++turn}@example.org");
            await owner.GetByLabel("Role").SelectOptionAsync("Viewer");
            await PictureAsync(owner, $"journey-ways-{look}-1-invite");
            await owner.GetByRole(AriaRole.Button, new() { Name = "Invite", Exact = true }).ClickAsync();
            var address = (await owner.GetByRole(AriaRole.Group, new() { Name = "The invitation's address" }).InnerTextAsync()).Trim();
            await PictureAsync(owner, $"journey-ways-{look}-2-invited");
            await owner.GetByRole(AriaRole.Button, new() { Name = "Done" }).ClickAsync();
            await Expect(owner.GetByText($"ada{turn}@example.org")).ToBeVisibleAsync();
            await PictureAsync(owner, $"journey-ways-{look}-3-invitations");

            var page = await browser.OpenAsync(server.Url, width, 900, theme);
            await page.GotoAsync(address);
            await Expect(page.GetByText("You are invited")).ToBeVisibleAsync();
            await PictureAsync(page, $"journey-ways-{look}-4-invitation");
            await page.GetByLabel("Password").FillAsync(Password);
            await page.GetByRole(AriaRole.Button, new() { Name = "Make the account and sign in" }).ClickAsync();
            await page.WaitForURLAsync(url => !url.Contains("/invitation", StringComparison.Ordinal));

            await page.GoAsync("/account");
            await page.GetByRole(AriaRole.Button, new() { Name = "Turn on" }).ClickAsync();
            var secret = Read((await page.GetByRole(AriaRole.Group, new() { Name = "The secret" }).InnerTextAsync()).Trim());
            await PictureAsync(page, $"journey-ways-{look}-5-codes");
            var step = DateTimeOffset.UtcNow.ToUnixTimeSeconds() / 30;
            await page.GetByLabel("Code", new() { Exact = true }).FillAsync(Code(secret, step));
            await page.GetByRole(AriaRole.Button, new() { Name = "Turn codes on" }).ClickAsync();
            await Expect(page.GetByText("Keep these recovery codes")).ToBeVisibleAsync();
            await PictureAsync(page, $"journey-ways-{look}-6-recovery-codes");
            await page.GetByRole(AriaRole.Button, new() { Name = "I have kept them" }).ClickAsync();
            await Expect(page.GetByText("10 recovery codes are left")).ToBeVisibleAsync();
            await PictureAsync(page, $"journey-ways-{look}-7-account");
            await page.Context.CloseAsync();

            var again = await browser.OpenAsync(server.Url, width, 900, theme);
            await again.GotoAsync("/sign-in");
            await PictureAsync(again, $"journey-ways-{look}-8-sign-in");
            await again.GetByLabel("E-mail").FillAsync($"ada{turn}@example.org");
            await again.GetByLabel("Password").FillAsync(Password);
            await again.GetByRole(AriaRole.Button, new() { Name = "Sign in", Exact = true }).ClickAsync();
            await Expect(again.GetByLabel("Code")).ToBeVisibleAsync();
            await PictureAsync(again, $"journey-ways-{look}-9-code");
            // A code that was used does not count again, and one of half a minute ago may be too old.
            await again.GetByLabel("Code").FillAsync(Code(secret, Math.Max(step + 1, DateTimeOffset.UtcNow.ToUnixTimeSeconds() / 30)));
            await again.GetByRole(AriaRole.Button, new() { Name = "Sign in", Exact = true }).ClickAsync();
            await again.WaitForURLAsync(url => !url.Contains("/sign-in", StringComparison.Ordinal));

            // The provider is away, and the page says so. The page that was coming is let go first: its cookies would come behind.
            await again.GotoAsync("about:blank");
            await again.Context.ClearCookiesAsync();
            await again.GotoAsync("/sign-in");
            await again.GetByRole(AriaRole.Button, new() { Name = "Sign in with Keycloak" }).ClickAsync();
            await Expect(again.GetByText("Keycloak cannot be reached")).ToBeVisibleAsync();
            await again.Context.CloseAsync();
        }

        await owner.Context.CloseAsync();
    }

    private static async Task PictureAsync(IPage page, string name)
    {
        await page.PictureAsync(name);
        Assert.True(await page.EvaluateAsync<int>("() => document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth") <= 0, $"{name} scrolls sideways");
        Assert.Empty((await page.RunAxe()).Violations.Where(v => v.Impact is "serious" or "critical").Select(v => $"{name}: {v.Id}: {v.Help}"));
    }

    // As an authenticator app does it: RFC 4648's base32, RFC 6238's codes.
    private static byte[] Read(string text)
    {
        var bits = string.Concat(text.Where(char.IsAsciiLetterOrDigit).Select(c => Convert.ToString("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".IndexOf(c, StringComparison.Ordinal), 2).PadLeft(5, '0')));
        return [.. bits.Chunk(8).Where(b => b.Length == 8).Select(b => Convert.ToByte(new string(b), 2))];
    }

    private static string Code(byte[] secret, long step)
    {
        var counter = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(counter, step);
#pragma warning disable CA5350 // what RFC 6238 and the apps have
        var hash = HMACSHA1.HashData(secret, counter);
#pragma warning restore CA5350
        var number = BinaryPrimitives.ReadInt32BigEndian(hash.AsSpan(hash[^1] & 15)) & 0x7fff_ffff;
        return $"{number % 1_000_000:D6}";
    }
}
