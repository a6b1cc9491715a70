using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Operone.E2E.Hosting;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Operone.E2E.Journeys;

/// <summary>The policy against foreign scripts in a real browser: our own pages work under it, and what is slipped into them does not run.</summary>
public sealed partial class SecurityPolicyTests(Browser browser)
{
    [Fact]
    public async Task Pages_WorkUnderThePolicy_AndForeignScriptsDoNot()
    {
        var cancel = TestContext.Current.CancellationToken;
        await using var server = new ServerProcess(Directory.CreateTempSubdirectory("operone-policy-").FullName);
        await server.StartAsync(cancel);
        var page = await browser.OpenAsync(server.Url);
        var errors = new ConcurrentQueue<string>();
        page.PageError += (_, error) => errors.Enqueue(error);
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning")
            {
                errors.Enqueue(message.Text);
            }
        };

        // Blazor, MudBlazor's dialogs, our modules that are imported when needed.
        await page.SignInAsync();
        await page.WaitUntilLiveAsync();
        await page.GoAsync("/access/tokens");
        await page.GetByRole(AriaRole.Button, new() { Name = "New token" }).First.ClickAsync();
        await Expect(page.GetByRole(AriaRole.Dialog)).ToBeVisibleAsync();
        await page.Keyboard.PressAsync("Escape");
        await page.GoAsync("/");
        await page.Keyboard.PressAsync("Control+k");
        await Expect(page.GetByRole(AriaRole.Dialog).First).ToBeVisibleAsync();
        Assert.Empty(errors);

        // The API's reference draws itself without eval.
        await page.GotoAsync("/api/");
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Operone API" })).ToBeVisibleAsync(new() { Timeout = 30_000 });
        await Expect(page.GetByRole(AriaRole.Button, new() { NameRegex = TryIt() }).First).ToBeVisibleAsync();
        await page.PictureAsync("api-reference");

        // A library in it asks whether it may use eval, and does without where it may not.
        Assert.All(errors, e => Assert.Matches("^policy: script-src forbids eval in http://[^ ]*/api/scalar.js|Evaluating a string as JavaScript violates", e));
        errors.Clear();

        // What somebody managed to slip in: inline, as a handler, by eval, from elsewhere, even from here without the nonce.
        await page.GoAsync("/devices");
        await page.EvaluateAsync("""
            () => {
              document.body.insertAdjacentHTML("beforeend", "<img src='data:,' onerror='window.evil = 1'><a id='js' href='javascript:window.evil = 2'>x</a>");
              document.getElementById("js").click();
            }
            """);
        Assert.True(await page.EvaluateAsync<bool>("() => window.evil === undefined"));
        Assert.Contains(errors, e => e.StartsWith("policy: script-src", StringComparison.Ordinal));
        await page.GotoAsync("/sign-in?Email=%3Cscript%3Ewindow.evil=5%3C/script%3E");
        await page.SetContentAsync("<body><script>window.evil = 6</script><script src='/dist/console.js'></script><script src='data:text/javascript,window.evil=7'></script>");
        Assert.True(await page.EvaluateAsync<bool>("() => window.evil === undefined"));
        await page.Context.CloseAsync();
    }

    [GeneratedRegex("Test Request")]
    private static partial Regex TryIt();
}
