using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Operone.E2E.Hosting;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Operone.E2E.Journeys;

/// <summary>Terminals in the browser: typed into, split, shared, pasted into, and lied to by programs.</summary>
public sealed partial class TerminalTests(Browser browser)
{
    [Fact]
    public async Task Terminal_TypedInto_ShowsWhatItPrints_FullScreenProgramsToo()
    {
        await using var scene = await Scene.StartAsync("web-1");
        var page = await OwnerAsync(scene);
        await page.OpenTerminalAsync("web-1");
        var screen = page.Pane().Screen();
        await page.TypeAsync("echo =$((40+2))=\n");
        await Expect(screen).ToContainTextAsync("=42=");

        // Ctrl+K is the shell's: what is behind the cursor goes.
        await page.TypeAsync("echo not-this");
        await page.Keyboard.PressAsync("Control+KeyA");
        await page.Keyboard.PressAsync("Control+KeyK");
        await page.TypeAsync("echo k$((1+1))ept\n");
        await Expect(screen).ToContainTextAsync("k2ept");

        // The size is the window's, and follows it.
        await page.TypeAsync("clear; echo \"<$(stty size)>\"\n");
        await Expect(screen).ToContainTextAsync(new Regex(@"<\d{2} \d{3}>"));
        await page.SetViewportSizeAsync(900, 500);
        await page.TypeAsync("clear; until [ $(tput lines) -lt 30 ]; do sleep 0.1; done; echo \"<$(tput lines)>\"\n");
        await Expect(screen).ToContainTextAsync(new Regex(@"<[12]\d>"));
        await page.SetViewportSizeAsync(1440, 900);

        // The rest is the shell's before top reads keys: it may take more than the one that it ends by.
        await page.TypeAsync("top; echo left''-top\n");
        await Expect(screen).ToContainTextAsync("load average");
        await Expect(screen).ToContainTextAsync("PID");
        await page.PictureAsync("journey-terminal-top");
        await page.TypeAsync("q");
        await Expect(screen).ToContainTextAsync("left-top");

        // A file of its own: what an editor that was killed left beside it asks no other test.
        var notes = Path.Combine(scene.Server.Folder, "notes.txt");
        await File.WriteAllTextAsync(notes, "the first line there\n", TestContext.Current.CancellationToken);
        await page.TypeAsync($"vi {notes}\n");
        await Expect(screen).ToContainTextAsync("the first line there");
        await page.TypeAsync("Oa line of mine");
        await page.Keyboard.PressAsync("Escape");
        await Expect(screen).ToContainTextAsync("a line of mine");
        await page.PictureAsync("journey-terminal-vi");
        await page.TypeAsync(":q!\n");
        await Expect(screen).Not.ToContainTextAsync("a line of mine");

        await page.TypeAsync("exit 3\n");
        await Expect(page.Pane()).ToContainTextAsync("xited with code 3");
        await page.GoAsync("/terminals?state=ended");
        await Expect(page.GetByRole(AriaRole.Row).Filter(new() { HasText = "web-1" })).ToContainTextAsync("ended, exit code 3");
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task Terminal_LeftAndComeBackTo_IsTheSameShellWithTheSameScreen()
    {
        await using var scene = await Scene.StartAsync("web-1");
        var page = await OwnerAsync(scene);
        await page.OpenTerminalAsync("web-1");
        await page.TypeAsync("echo \"shell <$$>\"\n");
        await Expect(page.Pane().Screen()).ToContainTextAsync(new Regex(@"shell <\d+>"));
        var shell = Shell().Match(await page.Pane().Screen().InnerTextAsync()).Value;
        // What a program asked is answered once: not again when its question is shown again.
        await page.TypeAsync("stty -echo; printf '\\033[c'; read -rs -d c -t 30 answer; stty echo; echo \"<${answer#*[}>\"\n");
        await Expect(page.Pane().Screen()).ToContainTextAsync(new Regex("<\\?[0-9;]+>"));
        var address = page.Url;
        await page.GoAsync("/terminals");
        await page.GetByRole(AriaRole.Row).Filter(new() { HasText = "running" }).GetByRole(AriaRole.Link).First.ClickAsync();
        await page.WaitForURLAsync(address);
        await Expect(page.Pane().Screen()).ToContainTextAsync(shell);
        await page.TypeAsync("clear; read -rsn1 -t 1 more; echo \"more[$more]\"\n");
        await Expect(page.Pane().Screen()).ToContainTextAsync("more[]");
        await page.TypeAsync("clear; echo \"again <$$>\"\n");
        await Expect(page.Pane().Screen()).ToContainTextAsync(shell.Replace("shell", "again", StringComparison.Ordinal));

        // A network that goes and comes back: what was on the screen stays, and the bar says what is.
        await page.Context.SetOfflineAsync(true);
        await Expect(page.Pane().Locator("[data-bar=lost]")).ToContainTextAsync("Trying again by itself");
        await Expect(page.Pane().Screen()).ToContainTextAsync("again <");
        await page.PictureAsync("journey-terminal-lost");
        await page.Context.SetOfflineAsync(false);
        await Expect(page.Pane().Locator("[data-bar]")).ToBeHiddenAsync();
        await page.TypeAsync("echo ba''ck\n");
        await Expect(page.Pane().Screen()).ToContainTextAsync("back");
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task Server_StartedAnew_ThePageStays_AndTheTerminalGoesOn()
    {
        await using var scene = await Scene.StartAsync("web-1");
        var page = await OwnerAsync(scene);
        await page.OpenTerminalAsync("web-1");
        await page.EvaluateAsync("() => { window.stayed = true; }");
        await page.TypeAsync("echo \"shell <$$>\"; for i in $(seq 1 1000); do echo \"step<$i>\"; sleep 0.5; done\n");
        await Expect(page.Pane().Screen()).ToContainTextAsync("step<2>");
        var shell = Shell().Match(await page.Pane().Screen().InnerTextAsync()).Value;
        await scene.Server.KillAsync();
        await Expect(page.Pane().Locator("[data-bar=lost]")).ToContainTextAsync("Trying again by itself");
        await Expect(page.Pane().Screen()).ToContainTextAsync(shell);
        await scene.Server.StartAsync(TestContext.Current.CancellationToken);
        await Expect(page.Pane()).ToHaveAttributeAsync("data-state", "live", new() { Timeout = 60_000 });
        await Expect(page.Locator("#connection")).ToContainTextAsync("What runs here goes on", new() { Timeout = 30_000 });
        await page.Keyboard.PressAsync("Control+KeyC");
        await page.TypeAsync("clear; echo \"again <$$>\"\n");
        await Expect(page.Pane().Screen()).ToContainTextAsync(shell.Replace("shell", "again", StringComparison.Ordinal));
        Assert.True(await page.EvaluateAsync<bool>("() => window.stayed === true"));

        // The rest of the page is loaded again by using it.
        await page.GetByRole(AriaRole.Link, new() { Name = "Devices" }).First.ClickAsync();
        await page.WaitUntilLiveAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Devices" })).ToBeVisibleAsync();
        Assert.False(await page.EvaluateAsync<bool>("() => window.stayed === true"));
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task Workspace_SplitOnTwoDevices_BroadcastsToBoth_AndItsAddressReopensIt()
    {
        await using var scene = await Scene.StartAsync("web-1", "db-1");
        var page = await OwnerAsync(scene);
        await page.OpenTerminalAsync("web-1");

        // Another device beside it, by the picker.
        await page.GetByRole(AriaRole.Button, new() { Name = "New", Exact = true }).ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog);
        await dialog.GetByLabel("Device").FillAsync("db-1");
        await dialog.GetByLabel("Where").SelectOptionAsync("Right");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Open" }).ClickAsync();
        await Expect(page.Locator("[data-pane]")).ToHaveCountAsync(2);
        await page.Pane(1).IsLiveAsync();

        await page.Keyboard.PressAsync("Control+Shift+KeyB");
        await Expect(page.GetByText("What you type goes to 2 of 2 terminals.")).ToBeVisibleAsync();
        await Expect(page.Locator("[data-in-broadcast]")).ToHaveCountAsync(2);
        await page.TypeAsync("echo both-$((20+2))\n");
        await Expect(page.Pane(0).Screen()).ToContainTextAsync("both-22");
        await Expect(page.Pane(1).Screen()).ToContainTextAsync("both-22");
        await page.PictureAsync("journey-terminal-broadcast");

        // A program that asks its terminal something: the answer goes to that one alone.
        await page.TypeAsync("stty -echo; printf '\\033[c'; read -rs -d c -t 30 answer; stty echo; echo \"<${answer#*[}>\"\n");
        await Expect(page.Pane(0).Screen()).ToContainTextAsync(new Regex("<\\?[0-9;]+>"));
        await Expect(page.Pane(1).Screen()).ToContainTextAsync(new Regex("<\\?[0-9;]+>"));
        await page.Keyboard.PressAsync("Control+Shift+KeyB");
        await Expect(page.Locator("[data-in-broadcast]")).ToHaveCountAsync(0);
        await page.TypeAsync("echo only-$((30+3))\n");
        await Expect(page.Pane(1).Screen()).ToContainTextAsync("only-33");
        await Expect(page.Pane(0).Screen()).Not.ToContainTextAsync("only-33");

        // A line is moved by the keyboard, and that is in the address as everything else.
        await page.GetByRole(AriaRole.Separator).FocusAsync();
        await page.Keyboard.PressAsync("ArrowLeft");
        await page.WaitForURLAsync(new Regex("layout=c48\\."));
        await page.Keyboard.PressAsync("Alt+Shift+Home");
        await page.Pane(0).Locator(".screen").ClickAsync();
        await page.Keyboard.PressAsync("Alt+Shift+Minus");
        await Expect(page.Locator("[data-pane]")).ToHaveCountAsync(3);
        await page.Pane().IsLiveAsync();
        await page.Keyboard.PressAsync("Alt+Shift+ArrowRight");
        await Expect(page.Pane()).ToContainTextAsync("db-1");

        var again = await page.Context.NewPageAsync();
        await again.GotoAsync(page.Url);
        await Expect(again.Locator("[data-pane]")).ToHaveCountAsync(3);
        await Expect(again.Pane()).ToContainTextAsync("db-1");
        await Expect(again.Pane().Screen()).ToContainTextAsync("only-33");
        await again.CloseAsync();

        // A tab of its own, and back by the keyboard.
        await page.Keyboard.PressAsync("Alt+Shift+KeyT");
        await dialog.GetByLabel("Device").FillAsync("web-1");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Open" }).ClickAsync();
        await Expect(page.Locator("[data-tab]")).ToHaveCountAsync(2);
        await Expect(page.Locator("[data-tab]").Nth(1)).ToHaveAttributeAsync("aria-current", "page");
        await page.Pane().IsLiveAsync();
        await page.PictureAsync("journey-terminal-tabs");
        await page.Keyboard.PressAsync("Alt+Shift+PageUp");
        await Expect(page.Locator("[data-tab]").Nth(0)).ToHaveAttributeAsync("aria-current", "page");
        await Expect(page.Pane()).ToContainTextAsync("db-1");

        // Closing leaves it running; ending names what ends.
        await page.Pane().GetByRole(AriaRole.Button, new() { Name = "More for" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "End the terminal" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Dialog)).ToContainTextAsync("with everything that runs in it");
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "End the terminal" }).ClickAsync();
        await Expect(page.Locator("[data-pane][data-state=ended]")).ToHaveCountAsync(1);
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task Terminal_JoinedBySomebodyElse_IsWatched_AndTypedIntoOnceTheOwnerLetsThem()
    {
        await using var scene = await Scene.StartAsync("web-1");
        var terminal = await scene.Server.MakeTerminalAsync("web-1", "deploy");
        Assert.True(terminal.IsYours);
        var owner = await OwnerAsync(scene);
        await owner.OpenTerminalAsync("web-1");
        await owner.TypeAsync("echo seen-by-$((1+1))\n");
        await Expect(owner.Pane().Screen()).ToContainTextAsync("seen-by-2");

        var guest = await PeopleSteps.JoinAsync(browser, scene.Server, "ada@example.org", "Operator", name: "Ada Lovelace");
        await guest.ReadAloudAsync();
        await guest.GoAsync(new Uri(owner.Url).PathAndQuery);
        await Expect(guest.Pane().Screen()).ToContainTextAsync("seen-by-2");
        await Expect(guest.Pane().Locator(".watching")).ToBeVisibleAsync();
        await guest.TypeAsync("echo from-the-guest-$((5+5))\n");
        await Expect(guest.Pane().Locator("[data-bar=notice]")).ToContainTextAsync("You are watching");
        await guest.PictureAsync("journey-terminal-watching");

        await owner.GetByRole(AriaRole.Button, new() { Name = "2 people are in" }).ClickAsync();
        await owner.PictureAsync("journey-terminal-people");
        await owner.GetByRole(AriaRole.Button, new() { Name = "Let type" }).ClickAsync();
        await Expect(guest.Pane().Locator(".watching")).ToBeHiddenAsync();
        await guest.Pane().Locator(".screen").ClickAsync();
        await guest.TypeAsync("echo guest-$((5+5))\n");
        await Expect(owner.Pane().Screen()).ToContainTextAsync("guest-10");
        await Expect(owner.Pane().Screen()).Not.ToContainTextAsync("from-the-guest");

        await owner.GetByRole(AriaRole.Button, new() { Name = "Take typing back" }).ClickAsync();
        await Expect(guest.Pane().Locator(".watching")).ToBeVisibleAsync();
        await owner.Context.CloseAsync();
        await guest.Context.CloseAsync();
    }

    [Fact]
    public async Task Paste_OfManyLines_AsksFirst_AndOfAMegabyteArrivesWhole()
    {
        await using var scene = await Scene.StartAsync("web-1");
        var page = await OwnerAsync(scene);
        await page.OpenTerminalAsync("web-1");
        var screen = page.Pane().Screen();

        await page.PasteAsync("echo one-$((1+0))");
        await page.Keyboard.PressAsync("Enter");
        await Expect(screen).ToContainTextAsync("one-1");

        var dialog = page.Locator("dialog[data-paste]");
        await page.PasteAsync(string.Concat(Enumerable.Range(0, 20).Select(i => $"echo bad-{i}\u001b[201~\n")));
        await Expect(dialog).ToContainTextAsync("20 lines");
        await Expect(dialog).ToContainTextAsync("echo bad-0");
        await page.PictureAsync("journey-terminal-paste");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Do not paste" }).ClickAsync();
        await page.TypeAsync("echo af''ter\n");
        await Expect(screen).ToContainTextAsync("after");
        await Expect(screen).Not.ToContainTextAsync("bad-");

        // A megabyte, through a program that takes it raw: nothing is lost, nothing turns around.
        var text = string.Concat(Enumerable.Range(0, 1 << 15).Select(i => i.ToString("x8", CultureInfo.InvariantCulture) + new string('p', 23) + "\n"));
        await page.TypeAsync("clear; stty raw -echo; echo re''ady; head -c 1048576 | md5sum; stty -raw echo\n");
        await Expect(screen).ToContainTextAsync("ready");
        await page.EvaluateAsync("text => navigator.clipboard.writeText(text)", text);
        await page.Keyboard.PressAsync("Control+Shift+KeyV");
        await Expect(dialog).ToContainTextAsync("1.0 MiB");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Paste", Exact = true }).ClickAsync();
#pragma warning disable CA5351 // a checksum, not a secret
        var sum = Convert.ToHexStringLower(System.Security.Cryptography.MD5.HashData(System.Text.Encoding.ASCII.GetBytes(text.Replace('\n', '\r'))));
#pragma warning restore CA5351
        await Expect(screen).ToContainTextAsync(sum, new() { Timeout = 30_000 });
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task Program_ThatLies_IsShownAsPlainText_AndReachesNothing()
    {
        await using var scene = await Scene.StartAsync("web-1");
        var page = await OwnerAsync(scene);
        await page.OpenTerminalAsync("web-1");
        var pane = page.Pane();
        await page.EvaluateAsync("() => navigator.clipboard.writeText('untouched')");

        await page.TypeAsync("clear; printf '\\033]2;<img src=x onerror=alert(1)>\\033[31m\\342\\200\\256gnp.exe%500s\\007' x\n");
        await Expect(pane.Locator(".title")).ToContainTextAsync("<img src=x onerror=alert(1)>");
        var title = await pane.Locator(".title").InnerTextAsync();
        Assert.True(title.Length <= 120, title);
        Assert.DoesNotContain(title, c => char.IsControl(c) || c == '\u202e');

        // The clipboard is neither written nor read.
        await page.TypeAsync("clear; printf '\\033]52;c;c3RvbGVu\\007'; printf '\\033]52;c;?\\007'; sleep 0.3; echo do''ne\n");
        await Expect(pane.Screen()).ToContainTextAsync("done");
        await Expect(pane.Locator("[data-bar=notice]")).ToContainTextAsync("wanted to write to the clipboard");
        Assert.Equal("untouched", await page.EvaluateAsync<string>("() => navigator.clipboard.readText()"));
        await Expect(pane.Screen()).Not.ToContainTextAsync("52;c;");

        // Until this browser says that it may.
        await page.GetByRole(AriaRole.Button, new() { Name = "Settings of terminals" }).ClickAsync();
        await page.GetByLabel("Programs may write to the clipboard").CheckAsync();
        await page.Keyboard.PressAsync("Escape");
        await pane.Locator(".screen").ClickAsync();
        await page.TypeAsync("clear; printf '\\033]52;c;Z2l2ZW4=\\007'\n");
        await Expect(pane.Locator("[data-bar=notice]")).ToContainTextAsync("on the clipboard");
        Assert.Equal("given", await page.EvaluateAsync<string>("() => navigator.clipboard.readText()"));

        // A link that is none, and bytes that are nothing: the shell is still there.
        await page.TypeAsync("clear; printf '\\033]8;;javascript:alert(1)\\007click\\033]8;;\\007\\n'; head -c 200000 /dev/urandom; printf '\\033c'; echo still''-here\n");
        await Expect(pane.Screen()).ToContainTextAsync("still-here");
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task Search_FindsWhatHasScrolledAway_AndAPhoneHasItsKeys()
    {
        await using var scene = await Scene.StartAsync("web-1");
        var page = await OwnerAsync(scene);
        await page.OpenTerminalAsync("web-1");
        await page.TypeAsync("clear; seq 1 500; echo e''nd\n");
        await Expect(page.Pane().Screen()).ToContainTextAsync("end");
        await page.Keyboard.PressAsync("Control+Shift+KeyF");
        await page.TypeAsync("123");
        await Expect(page.Pane().Locator("[data-count]")).ToContainTextAsync("of 1");
        await Expect(page.Pane().Screen()).ToContainTextAsync("123");
        await page.Keyboard.PressAsync("Escape");
        await page.TypeAsync("\n");

        await page.SetViewportSizeAsync(390, 844);
        await page.Pane().Locator(".screen").ClickAsync();
        await page.TypeAsync("clear; cat\n");
        await page.GetByRole(AriaRole.Button, new() { Name = "Ctrl", Exact = true }).ClickAsync();
        await page.TypeAsync("c");
        await page.TypeAsync("echo left''-cat\n");
        await Expect(page.Pane().Screen()).ToContainTextAsync("left-cat");
        await page.GetByRole(AriaRole.Button, new() { Name = "Up", Exact = true }).ClickAsync();
        await page.TypeAsync("; echo and''-again\n");
        await Expect(page.Pane().Screen()).ToContainTextAsync("and-again");
        await page.PictureAsync("journey-terminal-phone");
        await page.Context.CloseAsync();
    }

    private async Task<IPage> OwnerAsync(Scene scene)
    {
        var page = await browser.OpenAsync(scene.Server.Url);
        await page.ReadAloudAsync();
        await page.SignInAsync();
        return page;
    }

    [GeneratedRegex(@"shell <\d+>")]
    private static partial Regex Shell();
}
