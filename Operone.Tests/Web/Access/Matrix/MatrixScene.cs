using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Operone.Core.Access;
using Operone.Core.Devices;
using Operone.Core.Shell;
using Operone.Tests.Hosting;
using Operone.Tests.Web.Kernel.Alerts;
using Operone.Tests.Web.Shell.Recordings;
using Operone.Web.Access;
using Operone.Web.Devices;
using Operone.Web.Shell;
using Operone.Web.Shell.Terminals;
using Xunit;

namespace Operone.Tests.Web.Access.Matrix;

/// <summary>An installation with everybody that the matrix asks for: devices here (env=prod) and there (env=test), and people and tokens of each kind.</summary>
internal sealed class MatrixScene : IAsyncDisposable
{
    /// <summary>The columns of the matrix.</summary>
    public static readonly string[] Subjects =
        ["anon", "ended", "none", "view-there", "view-here", "op-there", "op-here", "admin", "owner", "tok-small", "tok-there", "tok-serv"];

    private readonly Dictionary<string, HttpClient> _programs = [];
    private readonly Dictionary<string, HttpClient> _browsers = [];
    private readonly List<IDisposable> _open = [];
    private int _made;

    private MatrixScene(OperoneServer server) => Server = server;

    public OperoneServer Server { get; }

    /// <summary>A person whose things the others try to get at.</summary>
    public TestPerson Victim { get; private set; } = null!;

    public static async Task<MatrixScene> StartAsync(OperoneServer server)
    {
        var scene = new MatrixScene(server);
        await scene.PrepareAsync();
        return scene;
    }

    /// <summary>A client of a program.</summary>
    public HttpClient Program(string subject) => _programs[subject];

    /// <summary>A client of a browser, signed in; tokens have none.</summary>
    public HttpClient? Browser(string subject) => _browsers.GetValueOrDefault(subject);

    /// <summary>The address of a route, with something of its own in each place.</summary>
    public async Task<string> AddressAsync(string method, RoutePattern route)
    {
        var text = route.Text;
        if (!text.Contains('{', StringComparison.Ordinal))
        {
            return text;
        }

        if (text.Contains("{documentName}", StringComparison.Ordinal))
        {
            return route.Fill("v1", "");
        }

        var first = await IdAsync(method, text);
        return route.Fill(first, text.Contains("{personId}", StringComparison.Ordinal) ? Victim.Id.ToString()
            : text.Contains("{number", StringComparison.Ordinal) ? "1"
            : text.Contains("{attachment}", StringComparison.Ordinal) || text.Contains("{sentId", StringComparison.Ordinal) ? Guid.NewGuid().ToString()
            : text.Contains("{pid}", StringComparison.Ordinal) ? "2147483646" : "here");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var client in _programs.Values.Concat(_browsers.Values))
        {
            client.Dispose();
        }

        foreach (var open in _open)
        {
            open.Dispose();
        }

        await Server.DisposeAsync();
    }

    private async Task PrepareAsync()
    {
        await Server.EnrollAsync("here", new() { ["env"] = "prod" });
        await Server.EnrollAsync("there", new() { ["env"] = "test" });
        Victim = await Server.CreatePersonAsync(BuiltInRoles.Operator, "env=prod");
        _programs["anon"] = Server.Client(null);
        _browsers["anon"] = new TestBrowserClient(_open).Of(new TestBrowser(Server));
        await AddPersonAsync("none", null, "");
        await AddPersonAsync("view-there", BuiltInRoles.Viewer, "env=test");
        await AddPersonAsync("view-here", BuiltInRoles.Viewer, "env=prod");
        await AddPersonAsync("op-there", BuiltInRoles.Operator, "env=test");
        await AddPersonAsync("op-here", BuiltInRoles.Operator, "env=prod");
        await AddPersonAsync("admin", BuiltInRoles.Administrator, "");
        var owner = await AddPersonAsync("owner", BuiltInRoles.Owner, "");
        var ended = await AddPersonAsync("ended", BuiltInRoles.Owner, "");
        await EndAsync(ended);
        _programs["tok-small"] = await AddTokenAsync(owner, "small", TokenKind.Personal, [Permissions.DevicesRead], "");
        _programs["tok-there"] = await AddTokenAsync(owner, "there", TokenKind.Personal, Permissions.All, "env=test");
        _programs["tok-serv"] = await AddTokenAsync(owner, "service", TokenKind.Service, [], "env=prod");
    }

    private async Task<TestPerson> AddPersonAsync(string subject, BuiltInRole? role, string selector)
    {
        var person = await Server.CreatePersonAsync(role, selector, $"{subject}-subject@example.org");
        _programs[subject] = await Server.ClientAsync(person);
        _browsers[subject] = new TestBrowserClient(_open).Of(await Server.SignInAsync(person));
        return person;
    }

    private async Task EndAsync(TestPerson person)
    {
        var sessions = Server.Services.GetRequiredService<SessionService>();
        await sessions.EndAllAsync(Actor.System, person.Id, keepThis: false, TestContext.Current.CancellationToken);
        var tokens = Server.Services.GetRequiredService<TokenService>();
        await using var db = Server.OpenDatabase();
        foreach (var token in db.Set<ApiToken>().Where(t => t.OwnerId == person.Id).ToArray())
        {
            Assert.False((await tokens.RevokeAsync(Actor.System, token.Id, TestContext.Current.CancellationToken)).IsError);
        }
    }

    private async Task<HttpClient> AddTokenAsync(TestPerson owner, string name, TokenKind kind, IReadOnlyList<string> permissions, string selector)
    {
        var text = SecretText.Create("op_");
        var id = Guid.CreateVersion7();
        await using var change = await Server.Services.GetRequiredService<AccessDirectory>().BeginAsync(TestContext.Current.CancellationToken);
        change.Db.Add(new ApiToken
        {
            Id = id,
            Name = name,
            Kind = kind,
            Hash = SecretText.Hash(text),
            Permissions = permissions,
            Selector = kind == TokenKind.Personal ? selector : "",
            OwnerId = owner.Id,
            CreatedBy = owner.Email,
            CreatedAt = DateTimeOffset.UtcNow,
        });
        if (kind == TokenKind.Service)
        {
            change.Db.Add(new Grant
            {
                Id = Guid.CreateVersion7(),
                Effect = GrantEffect.Allow,
                RoleId = BuiltInRoles.Operator.Id,
                SubjectKind = SubjectKind.Token,
                SubjectId = id,
                Selector = selector,
                CreatedBy = owner.Email,
                CreatedAt = DateTimeOffset.UtcNow,
            });
        }

        Assert.Null(await change.CommitAsync(TestContext.Current.CancellationToken));
        return Server.Client(text);
    }

    /// <summary>Something that the route is about, made anew where the request may end it.</summary>
    private async Task<string> IdAsync(string method, string route)
    {
        var what = route.Split('/').SkipWhile(p => p is "" or "api" or "v1" or "access" or "settings").First();
        return what switch
        {
            "devices" => method is "DELETE" ? (await Server.EnrollAsync($"gone-{++_made}", new() { ["env"] = "prod" })).Name : "here",
            "runs" => await NewRunAsync(),
            "pipelines" => await NewPipelineAsync(),
            "terminals" => await NewTerminalAsync(),
            "enrollment-tokens" => (await Server.CreateEnrollmentTokenAsync(labels: new() { ["env"] = "prod" })).Id.ToString(),
            "tokens" => await NewTokenAsync(),
            "sessions" => await NewSessionAsync(),
            "downloads" => "linux-x64",
            "me" => "AAAA",
            "{path}" => "no-such-page",
            "people" => (await Server.CreatePersonAsync(BuiltInRoles.Viewer, "env=prod")).Id.ToString(),
            "grants" => (await Server.GrantAsync(Victim, BuiltInRoles.Viewer, "env=prod")).ToString(),
            "roles" => await NewAsync("roles", new { name = $"role-{++_made}", permissions = new[] { Permissions.DevicesRead } }),
            "sandbox-profiles" or "sandboxes" => await NewAsync("sandbox-profiles", new { name = $"profile-{++_made}" }),
            "environments" => await NewAsync("environments", new { name = $"environment-{++_made}", selector = "env=prod" }),
            "teams" => await NewAsync("teams", new { name = $"team-{++_made}" }),
            "invitations" => await NewAsync("invitations", new { email = $"guest{++_made}@example.org", role = BuiltInRoles.Viewer.Id, selector = "env=prod" }),
            "access-requests" => await NewRequestAsync(),
            "channels" => Guid.NewGuid().ToString(),
            "files" or "dav" => "devices/here/x",
            "mounts" => await NewAsync("mounts", new { name = $"mount-{++_made}", kind = "folder", address = "/nowhere" }),
            "webhooks" => await NewAsync("webhooks", new { name = $"webhook-{++_made}", url = "https://webhooks.invalid/", types = new[] { "none.*" } }),
            "file-policies" => await NewAsync("file-policies", new { name = $"files-{++_made}", selector = "none=none", folders = new[] { new { path = "/srv" } } }),
            "jobs" => await NewJobAsync(),
            "job-runs" => await NewJobRunAsync(),
            "workloads" => await NewWorkloadAsync(),
            "schedules" => await NewScheduleAsync(),
            "maintenance-windows" => await NewAsync("maintenance-windows", new { name = $"window-{++_made}", selector = "env=prod", mode = "never", cron = "0 0 1 1 *", duration = "1m" }),
            "alerts" => (await AlertScene.StoreAsync(Server, Server.Services.GetRequiredService<DeviceDirectory>().Find("here")!.Id, "here")).ToString(),
            "alert-rules" => await NewAsync("alert-rules", new { name = $"alert-rule-{++_made}", offline = true, @for = "7d", selector = "env=prod" }),
            "silences" => await NewAsync("silences", new { selector = "env=prod", @for = "1h", reason = "to see" }),
            "hooks" => "no-token",
            "approvals" => Guid.NewGuid().ToString(),
            "uploads" or "transfers" => Guid.NewGuid().ToString(),
            "terminal-policies" => await NewAsync("terminal-policies", new { name = $"policy-{++_made}", record = "on" }),
            "recordings" => (await RecordedTerminals.StoreAsync(
                Server, Server.Services.GetRequiredService<DeviceDirectory>().Find("here")!.Id, "here", RecordedTerminals.Cast("$ ls"))).ToString(),
            _ => throw new InvalidOperationException($"{route}: say here what '{what}' to put into its address."),
        };
    }

    private async Task<string> NewAsync(string path, object body)
    {
        using var answer = await Server.Owner.PostAsJsonAsync($"/api/v1/{path}", body, TestContext.Current.CancellationToken);
        var made = await answer.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken);
        Assert.True(answer.IsSuccessStatusCode, made.ToString());
        return (made.TryGetProperty("invitation", out var inner) || made.TryGetProperty("webhook", out inner) ? inner : made).GetProperty("id").GetString()!;
    }

    private async Task<string> NewRequestAsync()
    {
        var request = new AccessRequest
        {
            Id = Guid.CreateVersion7(),
            PersonId = Victim.Id,
            RoleId = BuiltInRoles.Operator.Id,
            Selector = "env=prod",
            DurationSeconds = 3600,
            Reason = "to see",
            CreatedAt = DateTimeOffset.UtcNow,
        };
        await using var db = Server.OpenDatabase();
        db.Add(request);
        await db.SaveChangesAsync(TestContext.Current.CancellationToken);
        return request.Id.ToString();
    }

    private async Task<string> NewJobAsync()
    {
        using var answer = await Server.Owner.PostAsJsonAsync(
            "/api/v1/jobs/apply", new { name = $"job-{++_made}", target = new { selector = "env=prod" }, steps = new[] { new { command = "true" } } }, TestContext.Current.CancellationToken);
        return (await answer.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken)).GetProperty("job").GetProperty("id").GetString()!;
    }

    private async Task<string> NewWorkloadAsync()
    {
        using var answer = await Server.Owner.PostAsJsonAsync(
            "/api/v1/workloads/apply?start=false", new { name = $"workload-{++_made}", target = new { selector = "env=prod" }, command = "true", count = 1 }, TestContext.Current.CancellationToken);
        return (await answer.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken)).GetProperty("workload").GetProperty("name").GetString()!;
    }

    private async Task<string> NewScheduleAsync()
    {
        using var answer = await Server.Owner.PostAsJsonAsync(
            "/api/v1/schedules", new { name = $"schedule-{++_made}", job = await NewJobAsync(), cron = "0 0 1 1 *" }, TestContext.Current.CancellationToken);
        return (await answer.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken)).GetProperty("schedule").GetProperty("id").GetString()!;
    }

    private async Task<string> NewJobRunAsync()
    {
        using var answer = await Server.Owner.PostAsJsonAsync($"/api/v1/jobs/{await NewJobAsync()}/runs", new { }, TestContext.Current.CancellationToken);
        return (await answer.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken)).GetProperty("id").GetString()!;
    }

    private async Task<string> NewRunAsync()
    {
        using var answer = await Server.Owner.PostAsJsonAsync(
            "/api/v1/runs", new CreateRun { Command = "true", Target = new RunTarget(["here"]) }, TestContext.Current.CancellationToken);
        return (await answer.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken)).GetProperty("id").GetString()!;
    }

    // As it is stored: a real one would need two agents.
    private async Task<string> NewPipelineAsync()
    {
        var (id, now) = (Guid.CreateVersion7(), DateTimeOffset.UtcNow);
        await using var db = Server.OpenDatabase();
        var device = await db.Set<Device>().SingleAsync(d => d.Name == "here", TestContext.Current.CancellationToken);
        PipelineStage[] stages = [new() { Device = device.Name, Command = "true" }, new() { Device = device.Name, Command = "cat" }];
        db.Add(new Run
        {
            Id = id,
            Kind = RunKind.Pipeline,
            Status = RunStatus.Running,
            Request = new CreateRun { Target = new RunTarget([device.Name]), Stages = stages },
            Summary = "here: true | here: cat",
            CreatedBy = OperoneServer.OwnerEmail,
            CreatedAt = now,
            ExpiresAt = now.AddHours(1),
        });
        db.AddRange(stages.Select((_, stage) => new Execution
        {
            Id = Guid.CreateVersion7(),
            RunId = id,
            DeviceId = device.Id,
            DeviceName = device.Name,
            Stage = stage,
            Status = ExecutionStatus.Running,
        }));
        await db.SaveChangesAsync(TestContext.Current.CancellationToken);
        return id.ToString();
    }

    // As it is stored: a real one would need an agent, and none of this is about what runs in it.
    private async Task<string> NewTerminalAsync()
    {
        var (id, now) = (Guid.CreateVersion7(), DateTimeOffset.UtcNow);
        await using var db = Server.OpenDatabase();
        var device = await db.Set<Device>().SingleAsync(d => d.Name == "here", TestContext.Current.CancellationToken);
        var owner = Server.Services.GetRequiredService<AccessDirectory>().Current.People.Values.First(p => p.Email == OperoneServer.OwnerEmail);
        db.Add(new Run
        {
            Id = id,
            Kind = RunKind.Terminal,
            Status = RunStatus.Running,
            Request = new CreateRun { Target = new RunTarget([device.Name]) },
            Summary = "shell",
            CreatedBy = owner.Email,
            CreatedById = owner.Id,
            CreatedAt = now,
            ExpiresAt = now.AddHours(1),
        });
        db.Add(new Execution { Id = id, RunId = id, DeviceId = device.Id, DeviceName = device.Name, Status = ExecutionStatus.Running });
        db.Add(new Terminal
        {
            Id = id,
            DeviceId = device.Id,
            DeviceName = device.Name,
            OwnerId = owner.Id,
            OwnerName = owner.Email,
            Command = "shell",
            Record = RecordMode.Off,
            CreatedAt = now,
        });
        await db.SaveChangesAsync(TestContext.Current.CancellationToken);
        return id.ToString();
    }

    private async Task<string> NewTokenAsync()
    {
        (await Server.ClientAsync(Victim)).Dispose();
        await using var db = Server.OpenDatabase();
        return db.Set<ApiToken>().Where(t => t.OwnerId == Victim.Id).OrderByDescending(t => t.Id).First().Id.ToString();
    }

    private async Task<string> NewSessionAsync()
    {
        var session = new Session
        {
            Id = Guid.CreateVersion7(),
            PersonId = Victim.Id,
            Method = SignInMethods.Password,
            Device = "Firefox on Linux",
            CreatedAt = DateTimeOffset.UtcNow,
            ExpiresAt = DateTimeOffset.UtcNow.AddHours(1),
            IsPersistent = false,
        };
        await using var db = Server.OpenDatabase();
        db.Add(session);
        await db.SaveChangesAsync(TestContext.Current.CancellationToken);
        return session.Id.ToString();
    }

    private readonly struct TestBrowserClient(List<IDisposable> open)
    {
        public HttpClient Of(TestBrowser browser)
        {
            open.Add(browser);
            return browser.Client;
        }
    }
}

/// <summary>A route as the matrix writes it: without the kinds of its parts.</summary>
internal sealed partial record RoutePattern(string Text)
{
    public static RoutePattern Of(RouteEndpoint endpoint) =>
        new("/" + Kind().Replace(endpoint.RoutePattern.RawText!.Trim('/'), "{$1}"));

    /// <summary>The address with the first place and the others filled.</summary>
    public string Fill(string first, string others)
    {
        var isFirst = true;
        return Place().Replace(Text, _ =>
        {
            var value = isFirst ? first : others;
            isFirst = false;
            return Uri.EscapeDataString(value).Replace("%2F", "/", StringComparison.Ordinal);
        });
    }

    [System.Text.RegularExpressions.GeneratedRegex(@"\{\*{0,2}(\w+)[^}]*\}")]
    private static partial System.Text.RegularExpressions.Regex Kind();

    [System.Text.RegularExpressions.GeneratedRegex(@"\{\w+\}")]
    private static partial System.Text.RegularExpressions.Regex Place();
}
