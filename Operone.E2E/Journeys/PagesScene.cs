using System.Buffers.Text;
using Microsoft.Playwright;
using Operone.Core.Devices;
using Operone.Core.Shell;
using Operone.E2E.Hosting;
using Xunit;

namespace Operone.E2E.Journeys;

/// <summary>An installation with something on every page: devices, one of them gone, and runs that ended in every way.</summary>
public sealed class PagesScene(Browser browser) : IAsyncLifetime
{
    private Scene? _scene;

    internal ServerProcess Server => _scene!.Server;

    /// <summary>The owner's window, signed in. A session is bound to its browser: its cookies alone are worth nothing in another.</summary>
    internal IBrowserContext Owner { get; private set; } = null!;

    /// <summary>Ids that addresses need, by the name that stands for them.</summary>
    internal Dictionary<string, string> Ids { get; } = [];

    public async ValueTask InitializeAsync()
    {
        _scene = await Scene.StartAsync("web-1", "web-2", "web-3", "db-1", "backup-1");
        await _scene.Agents[4].StopAsync();
        var cancel = TestContext.Current.CancellationToken;
        await RunAsync("{run-colours}", new()
        {
            Command = "for i in $(seq 1 30); do printf '\\033[3%dmcolour %s\\033[0m \\033[1mbold\\033[0m\\n' $((i % 8)) $i; done; echo problem >&2",
            Target = new RunTarget(["web-1"]),
        });
        await RunAsync("{run-failed}", new() { Command = "echo going down; exit 3", Target = new RunTarget(Selector: "role=web") });
        var environment = await Server.Api.PostAsync<EnvironmentView>("/api/v1/environments", new WriteEnvironment(
            "shop", "What the shop's scripts need", "", new Dictionary<string, string> { ["APP_ENV"] = "staging", ["API_URL"] = "https://api.example.org/v2" },
            new Dictionary<string, string?> { ["API_TOKEN"] = "7f3c-not-to-be-seen", ["DB_PASSWORD"] = "9b1e-not-to-be-seen" }), cancel);
        Ids["{environment}"] = environment.Id.ToString();
        await RunAsync("{run-script}", new()
        {
            Script = "#!/bin/sh\necho \"$OPERONE_DEVICE: $(uname -sr)\"\nuptime\ndf -h / | tail -n 1\nfree -h | head -n 2\n",
            Target = new RunTarget(["web-1", "web-2", "web-3", "db-1"]),
            TimeoutSeconds = 30,
            Environments = ["shop"],
            Environment = new Dictionary<string, string> { ["APP_ENV"] = "production" },
        });
        await RunAsync("{run-waiting}", new() { Argv = ["systemctl", "is-active", "nginx"], Target = new RunTarget(All: true) }, waitSeconds: 1);
        await RunAsync("{run-live}", new() { Command = "while :; do date; sleep 1; done", Target = new RunTarget(["db-1"]) }, waitSeconds: 0);
        await _scene.Server.Api.WaitForStatusAsync("backup-1", DeviceStatus.Offline, TimeSpan.FromSeconds(20), cancel);

        Ids["{recording}"] = (await RecordingSteps.RecordAsync(Server, "web-1", "printf '\\033[32mneedle\\033[0m in a haystack\\n'; seq 1 20", cancel)).ToString();
        await OpenTerminalsAsync(); // before policy leaves no choice
        Ids["{terminal-policy}"] = (await RecordingSteps.WritePolicyAsync(Server, new("production", 10, "env=prod", Record: RecordMode.Required, User: "deploy", ChoiceAllowed: false), cancel)).ToString();
        await PeopleSteps.FurnishAsync(browser, Server, Ids);
        var page = await browser.OpenAsync(Server.Url);
        await page.SignInAsync();
        Owner = page.Context;
        await page.CloseAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (Owner is not null)
        {
            await Owner.CloseAsync();
        }

        if (_scene is not null)
        {
            await _scene.DisposeAsync();
        }
    }

    private async Task OpenTerminalsAsync()
    {
        var cancel = TestContext.Current.CancellationToken;
        var first = await Server.MakeTerminalAsync("web-1", "deploy");
        var second = await Server.MakeTerminalAsync("db-1");
        var third = await Server.MakeTerminalAsync("web-2");
        Ids["{terminal}"] = first.Id.ToString();
        Ids["{terminals}"] = $"{first.Id}?layout=c60.{Text(first.Id)}.r40.{Text(second.Id)}.{Text(third.Id)}";
        var over = await Server.Api.PostAsync<TerminalView>("/api/v1/terminals", new CreateTerminal { Device = "web-3", Argv = ["/bin/sh", "-c", "exit 3"] }, cancel);
        Ids["{terminal-ended}"] = over.Id.ToString();
        await ApiClient.UntilAsync(
            async () => (await Server.Api.GetAsync<TerminalView>($"/api/v1/terminals/{over.Id}", cancel)).EndedAt is not null,
            TimeSpan.FromSeconds(20), "the terminal whose program is over has ended", cancel);

        static string Text(Guid id) => Base64Url.EncodeToString(id.ToByteArray(bigEndian: true));
    }

    private async Task RunAsync(string name, CreateRun request, int waitSeconds = 20)
    {
        var run = await Server.Api.CreateRunAsync(request, waitSeconds, TestContext.Current.CancellationToken);
        Ids[name] = run.Id.ToString();
    }
}
