using System.Buffers.Text;
using Microsoft.Playwright;
using Operone.Core.Devices;
using Operone.Core.Events;
using Operone.Core.Files;
using Operone.Core.Shell;
using Operone.E2E.Hosting;
using Xunit;

namespace Operone.E2E.Journeys;

/// <summary>An installation with something on every page: devices, one of them gone, and runs that ended in every way.</summary>
public sealed class PagesScene(Browser browser) : IAsyncLifetime
{
    private readonly string _files = Directory.CreateTempSubdirectory("operone-pages-").FullName;
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
        await RunAsync("{run-placed}", new()
        {
            Command = "sleep 600",
            Target = new RunTarget(All: true),
            Placement = new() { Count = 2, Needs = new(250, 128L << 20), Prefer = ["role=web"], Exclude = ["db-1"] },
        }, waitSeconds: 0);
        await RunAsync("{run-queued}", new() { Command = "make -j64 everything", Target = new RunTarget(All: true), Placement = new() { Count = 1, Needs = new(640_000, 1L << 30) } }, waitSeconds: 0);
        await _scene.Server.Api.PostAsync<DeviceView>("/api/v1/devices/web-3/cordon", new CordonDevice("new disk on Friday"), cancel);
        await _scene.Server.Api.WaitForStatusAsync("backup-1", DeviceStatus.Offline, TimeSpan.FromSeconds(20), cancel);

        Ids["{recording}"] = (await RecordingSteps.RecordAsync(Server, "web-1", "printf '\\033[32mneedle\\033[0m in a haystack\\n'; seq 1 20", cancel)).ToString();
        await OpenTerminalsAsync(); // before policy leaves no choice
        Ids["{terminal-policy}"] = (await RecordingSteps.WritePolicyAsync(Server, new("production", 10, "env=prod", Record: RecordMode.Required, User: "deploy", ChoiceAllowed: false), cancel)).ToString();
        await JobSteps.FurnishAsync(Server, Ids, cancel);
        await FillAsync(cancel);
        await MountAsync(cancel);
        await PeopleSteps.FurnishAsync(browser, Server, Ids);
        var page = await browser.OpenAsync(Server.Url);
        await page.SignInAsync();

        // the page stays, with nothing on it: beside one that is open another is a tab, and not a window of its own, which costs a second
        await page.GotoAsync("about:blank");
        Owner = page.Context;
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

        Directory.Delete(_files, recursive: true);
    }

    /// <summary>Files of every kind, with names that people give them.</summary>
    private async Task FillAsync(CancellationToken cancellationToken)
    {
        Ids["{files}"] = $"devices/web-1{_files}";
        foreach (var folder in (ReadOnlySpan<string>)["etc", "logs", "photos", "empty"])
        {
            Directory.CreateDirectory(Path.Combine(_files, folder));
        }

        foreach (var name in new[] { "Röntgen 🩻.txt", "it's \"quoted\".md", "backup.tar.zst", "song.ogg", "clip.webm", "manual.pdf", "a name that is rather long, as people who describe what is in a file give it, with the date 2026-05-01.csv" })
        {
            await File.WriteAllTextAsync(Path.Combine(_files, name), string.Concat(Enumerable.Repeat("some content\n", name.Length * 9)), cancellationToken);
        }

        await File.WriteAllTextAsync(
            Path.Combine(_files, "nginx.conf"), "user nginx;\nworker_processes auto;\n\nevents {\n    worker_connections 1024;\n}\n\nhttp {\n    server {\n        listen 80;\n        root /srv/www;\n    }\n}\n", cancellationToken);
        await File.WriteAllLinesAsync(Path.Combine(_files, "large.log"), Enumerable.Range(0, 20_000).Select(i => $"2026-05-01T12:00:{i % 60:d2}Z request {i} took {i % 97} ms"), cancellationToken);
        await File.WriteAllBytesAsync(Path.Combine(_files, "data.bin"), [.. Enumerable.Range(0, 2048).Select(i => (byte)(i * 7))], cancellationToken);
        await File.WriteAllTextAsync(
            Path.Combine(_files, "chart.svg"), """<svg xmlns="http://www.w3.org/2000/svg" width="320" height="160"><rect width="320" height="160" fill="#574ed1"/></svg>""", cancellationToken);
        File.CreateSymbolicLink(Path.Combine(_files, "current"), "etc");
        File.CreateSymbolicLink(Path.Combine(_files, "dangling"), "nowhere");

        // one that is done, one that asks, and one that waits for its device
        var here = $"/devices/web-1{_files}";
        await File.WriteAllTextAsync(Path.Combine(_files, "photos", "nginx.conf"), "another one", cancellationToken);
        foreach (var transfer in (CreateTransfer[])[new([$"{here}/logs", $"{here}/chart.svg"], $"{here}/photos"), new([$"{here}/nginx.conf"], $"{here}/photos"), new([$"{here}/data.bin"], "/devices/backup-1/srv")])
        {
            await Server.Api.PostAsync<TransferView>("/api/v1/transfers", transfer, cancellationToken);
        }
    }

    private async Task MountAsync(CancellationToken cancellationToken)
    {
        var api = Server.Api;
        await api.PostAsync<MountView>("/api/v1/mounts", new WriteMount("shared", MountKind.Folder, _files, IsWritable: true, Labels: new Dictionary<string, string> { ["team"] = "web" }), cancellationToken);
        var box = await api.PostAsync<MountView>("/api/v1/mounts", new WriteMount(
            "offsite-backup", MountKind.Sftp, "sftp://backup.example.org:2222/srv/a-folder-with-a-rather-long-name/backups", "operone", "SHA256:" + new string('x', 43),
            new Dictionary<string, string> { ["env"] = "prod", ["kind"] = "backup" }, Hidden: ["*.key", ".git"], Password: "never shown"), cancellationToken);
        Ids["{mount}"] = box.Id.ToString();
        var hook = await api.PostAsync<WebhookSecretView>("/api/v1/webhooks", new WriteWebhook(
            "operations-chat", "https://hooks.invalid/services/a-rather-long-path/that-is-a-secret-of-its-own", ["webhook.*", "mount.*", "device.*"],
            Template: WebhookTemplate.Presets["slack"]), cancellationToken);
        Ids["{webhook}"] = hook.Webhook.Id.ToString();
        var policy = await api.PostAsync<FilePolicyView>("/api/v1/file-policies", new WriteFilePolicy(
            "web content", "role=nothing-that-is-here", null, [new("/srv/www", IsWritable: true), new("/var/log")], ["*.key", ".git"]), cancellationToken);
        Ids["{file-policy}"] = policy.Id.ToString();
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
