using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Operone.E2E.Hosting;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Operone.E2E.Journeys;

/// <summary>Somebody starts Operone for the first time: the owner's account, this machine as a device, the first command.</summary>
public sealed partial class FirstStartTests(Browser browser)
{
    private const string Token = "ope_this-is-what-run-sh-makes-up-at-random";

    [Fact]
    public async Task FirstStart_FromSetUpToLiveOutput()
    {
        var cancel = TestContext.Current.CancellationToken;
        var folder = Directory.CreateTempSubdirectory("operone-first-").FullName;
        await using var server = new ServerProcess(folder, owner: false, new Dictionary<string, string> { ["Operone__Setup__EnrollmentToken"] = Token });
        await using var agent = new AgentProcess(Path.Combine(folder, "agent"));
        await server.StartAsync(cancel);
        await agent.EnrollAsync(server.Url, Token, "this-machine", cancel);
        agent.Start();

        // It is said once all has started, which is after it answers.
        var address = "";
        await ApiClient.UntilAsync(
            async () => (address = SetUpAddress().Match(await File.ReadAllTextAsync(server.LogFile, cancel)).Value).Length > 0, TimeSpan.FromSeconds(30), "the log has the address", cancel);
        Assert.StartsWith(server.Url, address, StringComparison.Ordinal);
        var page = await browser.OpenAsync(server.Url);
        await page.GotoAsync(address);
        await page.PictureAsync("journey-first-1-set-up");
        await page.GetByLabel("E-mail").FillAsync("me@example.org");
        await page.GetByLabel("Password").FillAsync("short");
        await page.GetByRole(AriaRole.Button, new() { Name = "Make the account with a password" }).ClickAsync();
        await Expect(page.GetByText("at least 12 are needed")).ToBeVisibleAsync();
        await page.GetByLabel("Password").FillAsync(ServerProcess.OwnerPassword);
        await page.GetByRole(AriaRole.Button, new() { Name = "Make the account with a password" }).ClickAsync();
        await page.WaitForURLAsync(url => !url.Contains("/setup", StringComparison.Ordinal));

        await page.GoAsync("/devices");
        await Expect(page.GetByRole(AriaRole.Row).Filter(new() { HasText = "this-machine" })).ToContainTextAsync("online");
        await page.PictureAsync("journey-first-2-devices");

        // The last line waits until the first was seen.
        var seen = Path.Combine(folder, "seen");
        await page.RunOnAllAsync($"for i in 1 2 3 4 5; do echo \"line $i\"; sleep 0.7; done; until [ -e {seen} ]; do sleep 0.1; done; echo \"line $((i + 1))\"; echo bad >&2");
        await Expect(page.Output()).ToContainTextAsync("line 1");
        // Live: the first line is there, the last is not yet.
        await Expect(page.RunState("running")).ToBeVisibleAsync();
        await Expect(page.Output()).Not.ToContainTextAsync("line 6");
        await page.PictureAsync("journey-first-3-live");
        await File.WriteAllTextAsync(seen, "", cancel);
        await Expect(page.RunState("succeeded")).ToBeVisibleAsync();
        await Expect(page.Output()).ToContainTextAsync("line 6");
        await Expect(page.Output()).ToContainTextAsync("bad");
        await page.PictureAsync("journey-first-4-ended");

        // The address was good once.
        var other = await browser.OpenAsync(server.Url);
        await other.GotoAsync(address);
        await Expect(other.GetByText("already has an owner")).ToBeVisibleAsync();
        await other.Context.CloseAsync();
        await page.Context.CloseAsync();
    }

    [GeneratedRegex(@"http://\S+/setup\?code=\S+(?=\s)")]
    private static partial Regex SetUpAddress();
}
