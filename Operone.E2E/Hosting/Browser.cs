using System.Globalization;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using Xunit;

[assembly: AssemblyFixture(typeof(Operone.E2E.Hosting.Browser))]

namespace Operone.E2E.Hosting;

/// <summary>The Chromium that this machine has, started once for all journeys. Nothing is downloaded.</summary>
public sealed class Browser : IAsyncLifetime
{
    private static readonly string[] _names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    private IPlaywright? _playwright;
    private IBrowser? _browser;

    public async ValueTask InitializeAsync()
    {
        if (FindProgram() is not { } program)
        {
            return;
        }

        // What a context waits for does not count for what is expected: that has a limit of its own.
        Assertions.SetDefaultExpectTimeout(15_000);
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = program,
            Headless = true,
            Args =
            [
                "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run", "--disable-gpu",
                // Chromium's sandbox does not work for root.
                .. (Environment.UserName == "root" ? (string[])["--no-sandbox"] : []),
            ],
        });
    }

    /// <summary>A person's window: a page with cookies of its own. Skips the test where there is no browser.</summary>
    internal async Task<IPage> OpenAsync(
        string url, int width = 1440, int height = 900, ColorScheme theme = ColorScheme.Light, string? cookiesOf = null)
    {
        Assert.SkipWhen(_browser is null, $"There is no {_names[0]} on the PATH; on Debian: apt-get install chromium");
        var context = await _browser.NewContextAsync(new()
        {
            BaseURL = url,
            ViewportSize = new() { Width = width, Height = height },
            ColorScheme = theme,
            ReducedMotion = ReducedMotion.Reduce,
            StorageState = cookiesOf,
            Locale = "en-GB",
            TimezoneId = "UTC",
            Permissions = ["clipboard-read", "clipboard-write"],
        });
        // Whatever the page's policy forbids is an error in the console, so that a test that looks there fails.
        await context.AddInitScriptAsync(
            "addEventListener('securitypolicyviolation', e => console.error(`policy: ${e.effectiveDirective} forbids ${e.blockedURI} in ${e.sourceFile}:${e.lineNumber} ${e.sample}`))");
        context.SetDefaultTimeout(15_000);
        context.SetDefaultNavigationTimeout(30_000);
        return await context.NewPageAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null)
        {
            await _browser.CloseAsync();
        }

        _playwright?.Dispose();
    }

    private static string? FindProgram() => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .SelectMany(folder => _names.Select(name => Path.Combine(folder, name)))
        .FirstOrDefault(File.Exists);
}

/// <summary>What people do in the console, in words.</summary>
internal static class ConsoleSteps
{
    /// <summary>Goes to a page and waits until it is live: before that it looks right, but answers nothing.</summary>
    public static async Task GoAsync(this IPage page, string path)
    {
        await page.GotoAsync(path);
        await page.WaitUntilLiveAsync();
    }

    public static Task WaitUntilLiveAsync(this IPage page) => page.Locator(".frame[data-interactive]").WaitForAsync();

    /// <summary>Signs the owner in.</summary>
    public static async Task SignInAsync(this IPage page)
    {
        await page.GotoAsync("/sign-in?ReturnUrl=%2Fdevices");
        await page.GetByLabel("E-mail").FillAsync(ServerProcess.OwnerEmail);
        await page.GetByLabel("Password").FillAsync(ServerProcess.OwnerPassword);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in", Exact = true }).ClickAsync();
        // The frame's navigation: somebody is signed in.
        await page.GetByRole(AriaRole.Navigation).First.WaitForAsync();
    }

    /// <summary>Composes a command for all devices and starts it. Ends on the run's page.</summary>
    public static async Task RunOnAllAsync(this IPage page, string command)
    {
        await page.GoAsync("/runs/new");
        await page.Locator("#command").FillAsync(command);
        await page.GetByRole(AriaRole.Button, new() { Name = "All devices" }).ClickAsync();
        await page.Locator("[data-submit]").ClickAsync();
        await page.WaitForURLAsync(url => Guid.TryParse(url.Split('/', '?')[^1], out _));
        await page.WaitUntilLiveAsync();
    }

    /// <summary>Nothing on the page keeps somebody from using it.</summary>
    public static async Task BeAccessibleAsync(this IPage page)
    {
        var problems = (await page.RunAxe()).Violations.Where(v => v.Impact is "serious" or "critical")
            .Select(v => $"{v.Id}: {v.Help}: {string.Join(" ", v.Nodes.Select(n => $"{n.Target} {n.Html}"))}").ToList();
        Assert.True(problems.Count == 0, string.Join('\n', problems));
    }

    /// <summary>Types a text in place of what is edited.</summary>
    public static async Task RetypeAsync(this IPage page, string text)
    {
        await page.Locator(".written[data-ready] .monaco-editor.focused").First.WaitForAsync();
        await page.Keyboard.PressAsync("Control+a");
        await page.Keyboard.InsertTextAsync(text);
    }

    /// <summary>Clicks into a definition that is written, and types another text in its place.</summary>
    public static async Task WriteDefinitionAsync(this IPage page, string text)
    {
        await page.Locator(".written[data-ready]:not(.difference) .view-lines").ClickAsync();
        await page.Keyboard.PressAsync("Control+A");
        await page.Keyboard.InsertTextAsync(text);
    }

    /// <summary>Leaves a picture in each theme, at a desk and on a phone, where nothing goes sideways; then all is as before.</summary>
    public static async Task PictureAllAsync(this IPage page, string name)
    {
        // a notice that comes or goes is half to be seen
        await page.Locator(".mud-snackbar").First.WaitForAsync(new() { State = WaitForSelectorState.Detached });
        foreach (var (theme, width) in new[] { (ColorScheme.Dark, 1440), (ColorScheme.Dark, 390), (ColorScheme.Light, 390), (ColorScheme.Light, 1440) })
        {
            await page.SetViewportSizeAsync(width, width < 600 ? 844 : 900);
            await page.EmulateMediaAsync(new() { ColorScheme = theme, ReducedMotion = ReducedMotion.Reduce });

            // what fades from one theme into the other is neither of both
            await page.WaitForFunctionAsync("() => document.getAnimations().every(a => a.playState !== 'running' || a.effect?.getComputedTiming().iterations === Infinity)");
            await page.BeAccessibleAsync();
            await page.PictureAsync(string.Create(CultureInfo.InvariantCulture, $"{name}-{theme.ToString().ToLowerInvariant()}-{width}"));
            var sideways = await page.EvaluateAsync<int>("() => document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth");
            Assert.True(sideways <= 0, $"It scrolls sideways by {sideways} px.");
        }
    }

    /// <summary>The text of the output that is shown.</summary>
    public static ILocator Output(this IPage page) => page.GetByRole(AriaRole.Log);

    /// <summary>The state of the run, next to its name.</summary>
    public static ILocator RunState(this IPage page, string state) =>
        page.Locator(".state").Filter(new() { HasText = state }).First;

    /// <summary>Leaves a picture in artifacts/screenshots.</summary>
    public static async Task PictureAsync(this IPage page, string name) => await page.ScreenshotAsync(new()
    {
        Path = Path.Combine(Published.Root, "artifacts", "screenshots", string.Create(CultureInfo.InvariantCulture, $"{name}.png")),
        Animations = ScreenshotAnimations.Disabled,
    });
}
