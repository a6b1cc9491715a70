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

    [Fact]
    public async Task Markdown_IsRendered_AndNothingInItRuns()
    {
        await using var scene = await Scene.StartAsync("disk-1");
        await WriteAsync("README.md", $"""
            # Röntgen
            Text with `code`, a [neighbour](notes.md), a [part](#table) and [evil](javascript:window.evil=4).

            {Hostile}

            inline {Hostile} too

            ![picture](dot.svg) ![from elsewhere](https://evil.example/track.png)

            ## Table
            | Name | Size |
            |------|-----:|
            | one  | 1    |

            - [x] done
            - [ ] open

            > [!WARNING]
            > Careful.

            ```sh
            echo "<b>"
            ```
            """);
        await WriteAsync("notes.md", "# Notes\n");
        await WriteAsync("dot.svg", """<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"><script>window.evil=5</script><circle cx="20" cy="20" r="18" fill="teal"/></svg>""");
        var (page, errors) = await OpenAsync(scene);
        await GoAsync(page, "README.md");
        var article = page.Locator("article.markdown");
        await Expect(article.GetByRole(AriaRole.Heading, new() { Name = "Röntgen" })).ToBeVisibleAsync();
        await Expect(article.Locator("td").First).ToHaveTextAsync("one");
        await Expect(article.Locator("script, svg, [onerror], [onload], a[href^='javascript']")).ToHaveCountAsync(0);
        await Expect(article.GetByText("from elsewhere")).ToBeVisibleAsync();
        Assert.True(await article.Locator("img").First.EvaluateAsync<bool>("async i => { await i.decode(); return i.naturalWidth === 40; }"));
        await page.PictureAsync("formats-markdown");
        await CheckAsync(page, errors);

        await page.GetByRole(AriaRole.Link, new() { Name = "Text", Exact = true }).ClickAsync();
        await Expect(page.Locator(".written[data-ready]")).ToHaveAttributeAsync("data-language", "Markdown");
        await page.GetByRole(AriaRole.Link, new() { Name = "Rendered" }).ClickAsync();
        await article.GetByRole(AriaRole.Link, new() { Name = "neighbour" }).ClickAsync();
        await Expect(article.GetByRole(AriaRole.Heading, new() { Name = "Notes" })).ToBeVisibleAsync();
        await CheckAsync(page, errors);
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task Table_IsShownInRows_WindowByWindow()
    {
        await using var scene = await Scene.StartAsync("disk-1");
        await WriteAsync("people.csv", $"name,note,age\nAnna,\"two\nlines\",31\nBen,=HYPERLINK(\"\"x\"\"),4\nbroken\nEve,\"{Hostile.Replace("\"", "\"\"", StringComparison.Ordinal)}\",12\n");
        var long_ = new StringBuilder("id;text\n");
        for (var i = 0; i < 60_000; i++)
        {
            long_.Append(System.Globalization.CultureInfo.InvariantCulture, $"{i};\"value\nof {i}\"\n");
        }

        await WriteAsync("long.csv", long_.ToString());
        var (page, errors) = await OpenAsync(scene);
        await GoAsync(page, "people.csv");
        var sheet = page.Locator(".sheet");
        await Expect(sheet.Locator("thead th").Nth(1)).ToHaveTextAsync("name");
        await Expect(sheet.Locator("tbody tr:has(td)")).ToHaveCountAsync(4);
        await Expect(sheet).ToContainTextAsync("two ⏎ lines");
        await Expect(sheet).ToContainTextAsync(Hostile);
        await Expect(page.Locator(".notice.warning")).ToContainTextAsync("Line 5 has 1 value, not 3");
        await page.PictureAsync("formats-table");
        await CheckAsync(page, errors);

        // A window of it: the next one begins with the row that this one could not have whole.
        await GoAsync(page, "long.csv");
        await Expect(sheet.Locator("tbody tr:has(td)").First).ToContainTextAsync("value ⏎ of 0");
        Assert.True(await sheet.Locator("tbody tr").CountAsync() < 200);
        await sheet.EvaluateAsync("e => e.scrollTop = e.scrollHeight");
        await Expect(sheet.Locator("tbody tr:has(td)").First).Not.ToContainTextAsync("of 0");
        await sheet.EvaluateAsync("e => e.scrollTop = e.scrollHeight");
        await page.WaitForFunctionAsync("() => { const e = document.querySelector('.sheet'); e.scrollTop = e.scrollHeight; const rows = [...e.querySelectorAll('tbody tr')].filter(r => r.querySelector('td')); const last = rows.at(-1)?.children[1]?.textContent; return last && Number(last) > 10000 && (window.lastRow = last); }");
        var last = await page.EvaluateAsync<string>("() => window.lastRow");
        await page.GetByRole(AriaRole.Link, new() { Name = "Next", Exact = true }).ClickAsync();
        await page.WaitForFunctionAsync("last => { const e = document.querySelector('.sheet'); e.scrollTop = 0; const row = [...e.querySelectorAll('tbody tr')].find(r => r.querySelector('td')); return Number(row?.children[1]?.textContent) === Number(last) + 1; }", last);
        await Expect(sheet.Locator("thead th").Nth(2)).ToHaveTextAsync("text");
        await Expect(page.Locator(".notice.warning")).ToHaveCountAsync(0);
        await page.GetByRole(AriaRole.Link, new() { Name = "End", Exact = true }).ClickAsync();
        await page.WaitForFunctionAsync("() => { const e = document.querySelector('.sheet'); e.scrollTop = e.scrollHeight; return e.textContent.includes('of 59999'); }");
        await CheckAsync(page, errors);
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task Json_IsLaidOut_AndFolds()
    {
        await using var scene = await Scene.StartAsync("disk-1");
        await WriteAsync("data.json", $$"""{"__proto__":{"polluted":true},"constructor":{"prototype":1},"html":"{{Hostile.Replace("\"", "\\\"", StringComparison.Ordinal)}}","list":[{"deep":"inside"},2]}""");
        var (page, errors) = await OpenAsync(scene, theme: ColorScheme.Dark);
        await GoAsync(page, "data.json");
        var code = page.Locator(".written[data-ready]");
        await Expect(code).ToHaveAttributeAsync("data-language", "JSON");
        await page.GetByRole(AriaRole.Link, new() { Name = "Tidy" }).ClickAsync();
        await Expect(code.Locator(".view-line")).ToHaveCountAsync(16);
        await page.PictureAsync("formats-json");
        await CheckAsync(page, errors);
        await code.Locator(".view-lines").ClickAsync();
        await page.Keyboard.PressAsync("F1");
        await page.Keyboard.InsertTextAsync("Fold All");
        await page.Keyboard.PressAsync("Enter");
        await Expect(code.Locator(".view-lines")).Not.ToContainTextAsync("inside");
        await CheckAsync(page, errors);
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task Pdf_HasItsText_AndSearchFindsIt()
    {
        await using var scene = await Scene.StartAsync("disk-1");
        await WriteAsync("report.pdf", Pdf("The needle is here", Hostile.Replace("\"", "", StringComparison.Ordinal)));
        await WriteAsync("broken.pdf", "%PDF-1.7\nnothing of it");
        var (page, errors) = await OpenAsync(scene);
        await GoAsync(page, "report.pdf");
        await page.GetByRole(AriaRole.Link, new() { Name = "Text", Exact = true }).ClickAsync();
        await Expect(page.Locator("section[aria-label='Page 1']")).ToContainTextAsync("The needle is here");
        await Expect(page.Locator("section[aria-label='Page 2']")).ToContainTextAsync("<script>window.evil=1</script>");
        await page.PictureAsync("formats-pdf");
        await CheckAsync(page, errors);
        await GoAsync(page, "broken.pdf", "?view=text");
        await Expect(page.GetByText("Its text could not be read.")).ToBeVisibleAsync();

        await page.GoAsync($"/files/devices/disk-1{_folder}?find=needle&how=p");
        await page.Locator(".found a").ClickAsync();
        await Expect(page.Locator("section[aria-label='Page 1']")).ToContainTextAsync("The needle is here");
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task Text_OfManyEncodings_IsFoundOut_AndKept()
    {
        await using var scene = await Scene.StartAsync("disk-1");
        var cyrillic = CodePagesEncodingProvider.Instance.GetEncoding("windows-1251")!;
        await WriteAsync("words.txt", cyrillic.GetBytes("Привет, как дела? Сегодня хорошая погода.\n"));
        var (page, errors) = await OpenAsync(scene);
        await GoAsync(page, "words.txt");
        await Expect(page.Locator(".written[data-ready] .view-lines")).ToContainTextAsync("хорошая");
        await Expect(page.GetByLabel("Encoding")).ToContainTextAsync("Windows-1251");
        await page.GetByLabel("Encoding").SelectOptionAsync("koi8-r");
        await Expect(page.Locator(".written[data-ready] .view-lines")).Not.ToContainTextAsync("хорошая");
        await page.GetByLabel("Encoding").SelectOptionAsync("windows-1251");
        await Expect(page.Locator(".written[data-ready] .view-lines")).ToContainTextAsync("хорошая");

        await page.GetByRole(AriaRole.Link, new() { Name = "Edit", Exact = true }).ClickAsync();
        await page.RetypeAsync("Да\n");
        await page.Keyboard.PressAsync("Control+s");
        await Expect(page.Locator(".mud-snackbar")).ToContainTextAsync("was saved");
        Assert.Equal(cyrillic.GetBytes("Да\n"), await File.ReadAllBytesAsync(At("words.txt"), TestContext.Current.CancellationToken));

        // What it does not have is not lost silently.
        await page.RetypeAsync("Да 🩻\n");
        await page.Keyboard.PressAsync("Control+s");
        await Expect(page.GetByText("cannot be written in")).ToBeVisibleAsync();
        Assert.Equal(cyrillic.GetBytes("Да\n"), await File.ReadAllBytesAsync(At("words.txt"), TestContext.Current.CancellationToken));
        await page.GetByRole(AriaRole.Button, new() { Name = "Save it as UTF-8" }).ClickAsync();
        await Expect(page.GetByText("cannot be written in")).ToHaveCountAsync(0);
        Assert.Equal("Да 🩻\n", await File.ReadAllTextAsync(At("words.txt"), TestContext.Current.CancellationToken));
        await CheckAsync(page, errors);
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task Formats_OnAPhone_CanBeUsed()
    {
        await using var scene = await Scene.StartAsync("disk-1");
        await WriteAsync("README.md", "# Title\n\n| a | b | c | d | e | f |\n|---|---|---|---|---|---|\n| long word | long word | long word | long word | long word | long word |\n");
        await WriteAsync("people.csv", "name,note,age,town,street\nAnna,something long to say,31,Bern,Gasse 1\n");
        await WriteAsync("run.sh", "#!/bin/sh\necho " + new string('x', 200) + "\n");
        var (page, errors) = await OpenAsync(scene, 390, ColorScheme.Dark);
        foreach (var (name, shown) in new[] { ("README.md", "article.markdown h1"), ("people.csv", ".sheet td"), ("run.sh", ".written[data-ready] .view-line"), ("run.sh?view=edit", ".written[data-ready] .view-line") })
        {
            await GoAsync(page, name);
            await Expect(page.Locator(shown).First).ToBeVisibleAsync();
            await page.PictureAsync($"formats-phone-{name.Replace("?view=", "-", StringComparison.Ordinal)}");
            await CheckAsync(page, errors);
        }

        await page.Context.CloseAsync();
    }

    /// <summary>The least that is a PDF: a line on each page.</summary>
    private static byte[] Pdf(params string[] lines)
    {
        var pdf = new StringBuilder("%PDF-1.4\n");
        var at = new List<int>();
        void Add(string body)
        {
            at.Add(pdf.Length);
            pdf.Append(System.Globalization.CultureInfo.InvariantCulture, $"{at.Count} 0 obj\n{body}\nendobj\n");
        }

        Add("<</Type/Catalog/Pages 2 0 R>>");
        Add($"<</Type/Pages/Count {lines.Length}/Kids[{string.Join(' ', lines.Select((_, i) => $"{4 + (2 * i)} 0 R"))}]>>");
        Add("<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>");
        for (var i = 0; i < lines.Length; i++)
        {
            Add($"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F 3 0 R>>>>/Contents {5 + (2 * i)} 0 R>>");
            var content = $"BT /F 12 Tf 50 700 Td ({lines[i].Replace("(", "\\(", StringComparison.Ordinal).Replace(")", "\\)", StringComparison.Ordinal)}) Tj ET";
            Add($"<</Length {content.Length}>>stream\n{content}\nendstream");
        }

        var start = pdf.Length;
        pdf.Append(System.Globalization.CultureInfo.InvariantCulture, $"xref\n0 {at.Count + 1}\n0000000000 65535 f \n");
        foreach (var offset in at)
        {
            pdf.Append(System.Globalization.CultureInfo.InvariantCulture, $"{offset:d10} 00000 n \n");
        }

        pdf.Append(System.Globalization.CultureInfo.InvariantCulture, $"trailer<</Size {at.Count + 1}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF");
        return Encoding.ASCII.GetBytes(pdf.ToString());
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
