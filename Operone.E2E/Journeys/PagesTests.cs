using System.Collections.Concurrent;
using System.Globalization;
using System.Text.RegularExpressions;
using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using Operone.E2E.Hosting;
using Xunit;

namespace Operone.E2E.Journeys;

/// <summary>Every page, in light and dark, at a desk and on a phone: usable by everybody, nothing sideways, no error.</summary>
public sealed partial class PagesTests(Browser browser, PagesScene scene) : IClassFixture<PagesScene>
{
    // Name of the picture, address, whether somebody is signed in.
    private static readonly (string Name, string Address, bool SignedIn)[] _pages =
    [
        ("overview", "/", true),
        ("devices", "/devices", true),
        ("devices-filtered", "/devices?selector=role%3Dweb", true),
        ("devices-no-match", "/devices?q=nothing-like-this", true),
        ("device", "/devices/web-1", true),
        ("device-processes", "/devices/web-1/processes", true),
        ("device-processes-tree", "/devices/web-1/processes?view=tree&own=true&graph=operone", true),
        ("device-processes-offline", "/devices/backup-1/processes", true),
        ("device-process", "/devices/web-1/processes?pid=1", true),
        ("processes", "/processes", true),
        ("device-runs", "/devices/web-1/runs", true),
        ("device-events", "/devices/web-1/events", true),
        ("device-settings", "/devices/web-1/settings", true),
        ("device-offline", "/devices/backup-1", true),
        ("enrollment", "/devices/enrollment", true),
        ("runs", "/runs", true),
        ("runs-failed", "/runs?status=failed", true),
        ("run-new", "/runs/new", true),
        ("pipeline-new", "/pipelines/new", true),
        ("run-colours", "/runs/{run-colours}", true),
        ("run-failed", "/runs/{run-failed}", true),
        ("run-many", "/runs/{run-script}", true),
        ("run-one-of-many", "/runs/{run-script}?device=web-2", true),
        ("run-waiting", "/runs/{run-waiting}", true),
        ("run-live", "/runs/{run-live}", true),
        ("run-placed", "/runs/{run-placed}", true),
        ("run-queued", "/runs/{run-queued}", true),
        ("run-new-placed", "/runs/new?placed=true&command=make", true),
        ("runs-queued", "/runs?status=queued", true),
        ("resources", "/resources", true),
        ("resources-no-match", "/resources?selector=nothing-like-this", true),
        ("device-cordoned", "/devices/web-3/settings", true),
        ("environments", "/environments", true),
        ("environment-new", "/environments/new", true),
        ("environment", "/environments/{environment}", true),
        ("recordings", "/recordings", true),
        ("recordings-search", "/recordings?q=needle", true),
        ("recordings-no-match", "/recordings?q=nothing-like-this", true),
        ("recording", "/recordings/{recording}", true),
        ("recording-found", "/recordings/{recording}?q=needle&t=0", true),
        ("terminal-policies", "/settings/terminal-policies", true),
        ("terminal-policy", "/settings/terminal-policies/{terminal-policy}", true),
        ("terminal-policy-new", "/settings/terminal-policies/new", true),
        ("mounts", "/settings/mounts", true),
        ("mounts-no-match", "/settings/mounts?q=nothing-like-this", true),
        ("mount", "/settings/mounts/{mount}", true),
        ("mount-new", "/settings/mounts/new", true),
        ("webhooks", "/settings/webhooks", true),
        ("webhook", "/settings/webhooks/{webhook}", true),
        ("webhook-new", "/settings/webhooks/new", true),
        ("file-policies", "/settings/file-policies", true),
        ("file-policy", "/settings/file-policies/{file-policy}", true),
        ("file-policy-new", "/settings/file-policies/new", true),
        ("terminals", "/terminals", true),
        ("terminals-no-match", "/terminals?q=nothing-like-this", true),
        ("terminal-new", "/terminals?new=true&device=web-1", true),
        ("terminal", "/terminals/{terminal}", true),
        ("terminal-split", "/terminals/{terminals}", true),
        ("terminal-ended", "/terminals/{terminal-ended}", true),
        ("files", "/files", true),
        ("files-devices", "/files/devices", true),
        ("files-mounts", "/files/mounts", true),
        ("files-server", "/files/server/shared", true),
        ("files-folder", "/files/{files}", true),
        ("files-no-match", "/files/{files}?q=nothing-like-this", true),
        ("files-search", "/files/{files}?find=e&how=h", true),
        ("files-search-new", "/files/devices?find=", true),
        ("files-search-none", "/files/{files}?find=nothing-like-this", true),
        ("files-empty", "/files/{files}/empty", true),
        ("transfers", "/transfers", true),
        ("files-offline", "/files/devices/backup-1/etc", true),
        ("files-not-found", "/files/{files}/gone", true),
        ("file-text", "/files/{files}/large.log", true),
        ("file-hex", "/files/{files}/data.bin", true),
        ("file-edit", "/files/{files}/nginx.conf?view=edit", true),
        ("file-image", "/files/{files}/chart.svg", true),
        ("jobs", "/jobs", true),
        ("jobs-no-match", "/jobs?q=nothing-like-this", true),
        ("job-new", "/jobs/new", true),
        ("job", "/jobs/{job}", true),
        ("job-definition", "/jobs/{job}?tab=definition", true),
        ("job-versions", "/jobs/{job}?tab=versions", true),
        ("job-edit", "/jobs/{job}/edit", true),
        ("job-runs", "/jobs/runs", true),
        ("job-run-failed", "/job-runs/{job-run-failed}", true),
        ("job-run-approval", "/job-runs/{job-run-approval}", true),
        ("job-run-waiting", "/job-runs/{job-run-waiting}", true),
        ("workloads", "/workloads", true),
        ("workloads-no-match", "/workloads?q=nothing-like-this", true),
        ("workload-new", "/workloads/new", true),
        ("workload", "/workloads/{workload}", true),
        ("workload-definition", "/workloads/{workload}?tab=definition", true),
        ("workload-edit", "/workloads/{workload}/edit", true),
        ("workload-versions", "/workloads/{workload}?tab=versions", true),
        ("schedules", "/schedules", true),
        ("schedules-no-match", "/schedules?q=nothing-like-this", true),
        ("schedule-windows", "/schedules/windows", true),
        ("schedule-new", "/schedules/new", true),
        ("schedule", "/schedules/{schedule}", true),
        ("approvals", "/jobs/approvals", true),
        ("alerts", "/alerts", true),
        ("alerts-no-match", "/alerts?rule=nothing-like-this", true),
        ("alert-rules", "/alerts/rules", true),
        ("silences", "/alerts/silences", true),
        ("events", "/events", true),
        ("tokens", "/access/tokens", true),
        ("sessions", "/access/sessions", true),
        ("audit", "/access/audit", true),
        ("people", "/access/people", true),
        ("people-no-match", "/access/people?q=nobody-like-this", true),
        ("person", "/access/people/{person}", true),
        ("teams", "/access/teams", true),
        ("team", "/access/teams/{team}", true),
        ("roles", "/access/roles", true),
        ("role", "/access/roles/{role}", true),
        ("role-built-in", "/access/roles/00000000-0000-7000-8000-000000000003", true),
        ("role-new", "/access/roles/new", true),
        ("grants", "/access/grants", true),
        ("access-requests", "/access/requests", true),
        ("sandboxes", "/settings/sandboxes", true),
        ("sandbox-built-in", "/settings/sandboxes/00000000-0000-7000-8000-000000000502", true),
        ("sandbox-new", "/settings/sandboxes/new", true),
        ("settings-sign-in", "/settings/sign-in", true),
        ("denied", "/denied", true),
        ("not-found", "/no-such-page", true),
        ("not-found-page", "/not-found", true),
        ("error", "/error", true),
        ("sign-out", "/sign-out", true),
        ("account", "/account", true),
        ("invitations", "/access/invitations", true),
        ("device-login", "/device", true),
        ("invitation-unknown", "/invitation?code=nothing", false),
        ("recover-unknown", "/recover?code=nothing", false),
        ("sign-in", "/sign-in", false),
        ("renew", "/renew", true),
        ("set-up", "/setup", false),
    ];

    public static TheoryData<string, string, int> Views
    {
        get
        {
            var views = new TheoryData<string, string, int>();
            var all = Environment.GetEnvironmentVariable("OPERONE_ALL_VIEWS") == "1";
            foreach (var (index, (name, _, _)) in _pages.Index())
            {
                // each page in both themes and at both widths; which goes with which takes turns, so that what pages share is seen in all four
                foreach (var width in (ReadOnlySpan<int>)[1440, 390])
                {
                    foreach (var theme in (ReadOnlySpan<string>)["light", "dark"])
                    {
                        if (all || (width == 1440) == (theme == "light") == (index % 2 == 0))
                        {
                            views.Add(name, theme, width);
                        }
                    }
                }
            }

            return views;
        }
    }

    [Theory]
    [MemberData(nameof(Views))]
    public async Task Page_InThisView_IsUsableByEverybody(string name, string theme, int width)
    {
        var (_, address, signedIn) = _pages.Single(p => p.Name == name);
        foreach (var (key, id) in scene.Ids)
        {
            address = address.Replace(key, id, StringComparison.Ordinal);
        }

        var page = signedIn ? await scene.Owner.NewPageAsync() : await browser.OpenAsync(scene.Server.Url);
        await page.SetViewportSizeAsync(width, width < 600 ? 844 : 900);
        await page.EmulateMediaAsync(new() { ColorScheme = theme == "dark" ? ColorScheme.Dark : ColorScheme.Light, ReducedMotion = ReducedMotion.Reduce });
        var errors = new ConcurrentQueue<string>();
        page.PageError += (_, error) => errors.Enqueue(error);
        page.Console += (_, message) =>
        {
            // A page that is not there answers 404, which the browser notes as an error of loading.
            if (message.Type == "error" && !message.Text.StartsWith("Failed to load resource", StringComparison.Ordinal))
            {
                errors.Enqueue(message.Text);
            }
        };
        page.RequestFailed += (_, request) => errors.Enqueue($"{request.Url}: {request.Failure}");
        if (name == "renew")
        {
            // It goes on to where one wanted as soon as it is answered: here it is not.
            await page.RouteAsync("**/session/nonce", _ => Task.CompletedTask);
        }

        await page.GotoAsync(address);
        if (await page.Locator("script[src*='blazor.web']").CountAsync() > 0)
        {
            await page.WaitUntilLiveAsync();
        }

        // Fonts and the first answers of the circuit change what there is to see.
        await page.EvaluateAsync("() => document.fonts.ready");
        await page.WaitForTimeoutAsync(400);
        await page.PictureAsync(string.Create(CultureInfo.InvariantCulture, $"{name}-{theme}-{width}"));

        var sideways = await page.EvaluateAsync<int>("() => document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth");
        var axe = await page.RunAxe();
        var seen = errors.ToArray();
        await (signedIn ? page.CloseAsync() : page.Context.CloseAsync());
        Assert.Empty(seen);
        Assert.True(sideways <= 0, $"It scrolls sideways by {sideways} px.");
        var serious = axe.Violations.Where(v => v.Impact is "serious" or "critical").Select(Words).ToArray();
        Assert.True(serious.Length == 0, string.Join("\n", serious));
    }

    /// <summary>A page that is added is added here.</summary>
    [Fact]
    public void Pages_AllRoutes_AreLookedAt()
    {
        var routes = Directory.EnumerateFiles(Path.Combine(Published.Root, "Operone.Web"), "*.razor", SearchOption.AllDirectories)
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal) && !file.Contains("/bin/", StringComparison.Ordinal))
            .SelectMany(file => Route().Matches(File.ReadAllText(file)))
            .Select(match => match.Groups[1].Value)
            .ToArray();
        Assert.NotEmpty(routes);
        var missing = routes.Where(route => !_pages.Any(page => Regex.IsMatch(page.Address, Pattern(route), RegexOptions.CultureInvariant)));
        Assert.Empty(missing);

        static string Pattern(string route) => "^" + Parameter().Replace(Regex.Escape(route).Replace("\\{", "{", StringComparison.Ordinal), "[^/?]+") + "(\\?|$)";
    }

    private static string Words(AxeResultItem violation) =>
        $"{violation.Id} ({violation.Impact}): {violation.Help}\n  {string.Join("\n  ", violation.Nodes.Take(5).Select(n => n.Html))}";

    [GeneratedRegex("^@page \"([^\"]+)\"", RegexOptions.Multiline)]
    private static partial Regex Route();

    [GeneratedRegex(@"\{[^}]*\}")]
    private static partial Regex Parameter();
}
