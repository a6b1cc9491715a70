using System.Collections.Concurrent;
using Microsoft.Playwright;
using Operone.E2E.Hosting;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Operone.E2E.Journeys;

/// <summary>A terminal is recorded on its device, found by what was on its screen, and played; whatever it printed does nothing but show.</summary>
public sealed class RecordingTests(Browser browser)
{
    // Titles, the clipboard, links, questions to the terminal, markup.
    private const string Hostile =
        """printf 'first line\n\033]0;OWNED\007\033]2;OWNED\033\\\033]52;c;ZXZpbA==\007\033]8;;javascript:window.evil=1\007a link\033]8;;\007\n\033P+q544e\033\\\033[c<img src=x onerror=window.evil=2><script>window.evil=3</script>\n'; sleep 3; printf '\033[2J\033[Hthe needle came late\n'""";

    [Fact]
    public async Task Recording_OfAHostileProgram_IsFoundAndPlayedHarmlessly()
    {
        var cancel = TestContext.Current.CancellationToken;
        await using var scene = await Scene.StartAsync("rec-1");
        var id = await RecordingSteps.RecordAsync(scene.Server, "rec-1", Hostile, cancel);
        var page = await browser.OpenAsync(scene.Server.Url);
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

        // What was on the screen leads to its moment.
        await page.GoAsync("/recordings?q=NEEDLE");
        await page.GetByRole(AriaRole.Link, new() { Name = "the needle came late" }).ClickAsync();
        await page.WaitForURLAsync(url => url.Contains($"/recordings/{id}?t=", StringComparison.Ordinal));
        var screen = page.FrameLocator("iframe").Locator(".ap-term");
        await Expect(screen).ToContainTextAsync("the needle came late", new() { Timeout = 20_000 });
        await Expect(screen).Not.ToContainTextAsync("first line");

        // From the beginning, in another place of the same page.
        await page.GetByLabel("Find in this recording").FillAsync("a link");
        await page.Keyboard.PressAsync("Enter");
        await page.GetByLabel("Found in this recording").GetByRole(AriaRole.Link, new() { Name = "a link" }).ClickAsync();
        await Expect(screen).ToContainTextAsync("a link", new() { Timeout = 20_000 });
        await Expect(screen).ToContainTextAsync("<script>window.evil=3</script>");

        // It was shown, and did nothing.
        var player = page.Frames.Single(f => f.Url.Contains("/player", StringComparison.Ordinal));
        Assert.Equal(0, await player.EvaluateAsync<int>("() => document.querySelectorAll('a, img').length"));
        Assert.True(await player.EvaluateAsync<bool>("() => window.evil === undefined && parent.evil === undefined"));
        Assert.EndsWith("· Operone", await page.TitleAsync(), StringComparison.Ordinal);
        Assert.Empty(errors);

        // Only there may WebAssembly run, and there no script but ours.
        Assert.False(await page.EvaluateAsync<bool>("""
            async () => { try { await WebAssembly.compile(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])); return true; } catch { return false; } }
            """));
        Assert.False(await player.EvaluateAsync<bool>("""
            () => { const s = document.createElement("script"); s.textContent = "window.evil = 4"; document.body.append(s); return window.evil === 4; }
            """));
        await page.Context.CloseAsync();
    }
}
