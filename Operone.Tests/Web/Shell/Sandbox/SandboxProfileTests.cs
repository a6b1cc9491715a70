using System.Net;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Devices;
using Operone.Core.Events;
using Operone.Core.Shell;
using Operone.Tests.Hosting;
using Operone.Tests.Web.Access;
using Xunit;

namespace Operone.Tests.Web.Shell.Sandbox;

public sealed class SandboxProfileOnSqlite(SqliteFixture fixture) : SandboxProfileTests(fixture), IClassFixture<SqliteFixture>;

public sealed class SandboxProfileOnPostgres(PostgresFixture fixture) : SandboxProfileTests(fixture), IClassFixture<PostgresFixture>;

/// <summary>Sandbox profiles: made and changed, asked for by runs, required by roles.</summary>
public abstract class SandboxProfileTests(ServerFixture fixture) : ShellTests(fixture)
{
    private const string Profiles = "/api/v1/sandbox-profiles";
    private const string Runs = "/api/v1/runs";
    private static readonly SandboxSpec _build = new(SandboxKind.Isolated, Network: true, Limits: new SandboxLimits(MemoryBytes: 1 << 30, WallSeconds: 60));

    [Fact]
    public async Task BuiltInProfiles_AreThere_AndStayAsTheyAre()
    {
        var page = await Server.Owner.SendAsync<Page<SandboxProfileView>>(HttpMethod.Get, Profiles);
        Assert.Equal(["isolated", "none"], page.Items.Where(p => p.IsBuiltIn).Select(p => p.Name));
        Assert.Equal(SandboxKind.Isolated, page.Items.Single(p => p.Name == "isolated").Spec.Kind);
        await Server.Owner.RefusedAsync(HttpStatusCode.Conflict, "sandbox-profile-built-in", HttpMethod.Put, $"{Profiles}/isolated", new WriteSandboxProfile("isolated"));
        await Server.Owner.RefusedAsync(HttpStatusCode.Conflict, "sandbox-profile-built-in", HttpMethod.Delete, $"{Profiles}/none");
    }

    [Fact]
    public async Task Profile_IsMadeChangedAndRemoved()
    {
        var name = AccessApi.Unique("build");
        var made = await Server.Owner.SendAsync<SandboxProfileView>(HttpMethod.Post, Profiles, new WriteSandboxProfile(name, "Builds", _build));
        Assert.Equal((name, "Builds", false, _build), (made.Name, made.Description, made.IsBuiltIn, made.Spec));
        await Server.HappenedAsync(EventTypes.SandboxProfileCreated, name);
        await Server.AuditedAsync("sandbox-profile.create", true, name);
        await Server.Owner.RefusedAsync(HttpStatusCode.Conflict, "name-taken", HttpMethod.Post, Profiles, new WriteSandboxProfile(name.ToUpperInvariant()));

        var changed = await Server.Owner.SendAsync<SandboxProfileView>(HttpMethod.Put, $"{Profiles}/{name}", new WriteSandboxProfile(name + "2", null, new SandboxSpec(RunAs: "build")));
        Assert.Equal((made.Id, name + "2", "", new SandboxSpec(RunAs: "build")), (changed.Id, changed.Name, changed.Description, changed.Spec));
        await Server.HappenedAsync(EventTypes.SandboxProfileUpdated, name + "2");
        Assert.Equal(changed, await Server.Owner.SendAsync<SandboxProfileView>(HttpMethod.Get, $"{Profiles}/{made.Id}"));

        await Server.Owner.DoAsync(HttpMethod.Delete, $"{Profiles}/{made.Id}");
        await Server.HappenedAsync(EventTypes.SandboxProfileRemoved, name + "2");
        await Server.Owner.RefusedAsync(HttpStatusCode.NotFound, "sandbox-profile-not-found", HttpMethod.Get, $"{Profiles}/{made.Id}");
    }

    [Fact]
    public async Task Profile_WithMuchWrong_IsRefusedWithAllOfIt()
    {
        var problem = await Server.Owner.RefusedAsync(HttpStatusCode.BadRequest, "invalid-input", HttpMethod.Post, Profiles,
            new WriteSandboxProfile("", Spec: new SandboxSpec(Network: true, Limits: new SandboxLimits(Processes: 0))));
        Assert.Equal(["name", "spec.limits.processes", "spec.network"], problem.Errors!.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Profiles_AreSeenByWhoRunsCommands_AndChangedByWhoManagesThem()
    {
        var person = await Server.CreatePersonAsync(BuiltInRoles.Operator);
        using var client = await Server.ClientAsync(person);
        await client.SendAsync<Page<SandboxProfileView>>(HttpMethod.Get, Profiles);
        await client.RefusedAsync(HttpStatusCode.Forbidden, "permission-missing", HttpMethod.Post, Profiles, new WriteSandboxProfile("x"));
        await client.RefusedAsync(HttpStatusCode.Forbidden, "permission-missing", HttpMethod.Delete, $"{Profiles}/none");
    }

    [Fact]
    public async Task Run_ByAProfile_SendsWhatItSaysAndShowsIt()
    {
        var name = AccessApi.Unique("net");
        await Server.Owner.SendAsync<SandboxProfileView>(HttpMethod.Post, Profiles, new WriteSandboxProfile(name, Spec: _build));
        await using var agent = await Server.ConnectAsync(AccessApi.Unique("sandboxed"));
        var run = await Server.Owner.SendAsync<RunView>(HttpMethod.Post, Runs, Request(agent, name.ToUpperInvariant(), "build"));
        Assert.Equal(_build with { RunAs = "build" }, (await StartedAsync(agent)).Sandbox);
        Assert.Equal((name, _build with { RunAs = "build" }), (run.Request!.Sandbox, run.Sandbox));

        // What a run was held by stays, whatever becomes of the profile.
        await Server.Owner.DoAsync(HttpMethod.Delete, $"{Profiles}/{name}");
        var later = await GetAsync(run.Id);
        Assert.Equal((name, _build with { RunAs = "build" }), (later.Request!.Sandbox, later.Sandbox));
    }

    [Fact]
    public async Task Run_AsAUserWithoutAProfile_IsHeldByNothingElse()
    {
        await using var agent = await Server.ConnectAsync(AccessApi.Unique("as-user"));
        await Server.Owner.SendAsync<RunView>(HttpMethod.Post, Runs, Request(agent, null, "www-data"));
        Assert.Equal(new SandboxSpec(RunAs: "www-data"), (await StartedAsync(agent)).Sandbox);
        await Server.Owner.SendAsync<RunView>(HttpMethod.Post, Runs, Request(agent, "none", null));
        Assert.Null((await StartedAsync(agent)).Sandbox);
    }

    [Fact]
    public async Task Run_ByAProfileOrUserThatCannotBe_IsRefusedByItsField()
    {
        await using var agent = await Server.ConnectAsync(AccessApi.Unique("no-such"));
        var unknown = await Server.Owner.RefusedAsync(HttpStatusCode.BadRequest, "invalid-input", HttpMethod.Post, Runs, Request(agent, "no-such-profile", null));
        Assert.Contains("no-such-profile", Assert.Single(unknown.Errors!["sandbox"]), StringComparison.Ordinal);
        var user = await Server.Owner.RefusedAsync(HttpStatusCode.BadRequest, "invalid-input", HttpMethod.Post, Runs, Request(agent, null, "--reuid"));
        Assert.Single(user.Errors!["runAs"]);
    }

    [Fact]
    public async Task RequiredProfile_HoldsAllThatItsHoldersRun_AndNobodyGetsAroundIt()
    {
        var (role, person) = await RequireAsync("isolated");
        using var client = await Server.ClientAsync(person);
        await using var agent = await Server.ConnectAsync(AccessApi.Unique("held"));
        var isolated = await Server.Owner.SendAsync<SandboxProfileView>(HttpMethod.Get, $"{Profiles}/isolated");

        var run = await client.SendAsync<RunView>(HttpMethod.Post, Runs, Request(agent, null, null));
        Assert.Equal(("isolated", isolated.Spec), (run.Request!.Sandbox, run.Sandbox));
        Assert.Equal(isolated.Spec, (await StartedAsync(agent)).Sandbox);
        await client.SendAsync<RunView>(HttpMethod.Post, Runs, Request(agent, "ISOLATED", null));

        var weaker = await client.RefusedAsync(HttpStatusCode.Forbidden, "sandbox-required", HttpMethod.Post, Runs, Request(agent, "none", null));
        Assert.Contains(role.Name, weaker.Detail, StringComparison.Ordinal);
        await client.RefusedAsync(HttpStatusCode.Forbidden, "sandbox-required", HttpMethod.Post, Runs, Request(agent, "no-such-profile", null));
        await client.RefusedAsync(HttpStatusCode.Forbidden, "sandbox-required", HttpMethod.Post, Runs, Request(agent, null, "root"));
        await Server.AuditedAsync("run.create", false, "sandbox profile 'isolated'");

        // It goes when the role does.
        await Server.Owner.SendAsync<RoleView>(HttpMethod.Patch, $"/api/v1/roles/{role.Id}", new UpdateRole(RequiredSandbox: ""));
        Assert.Null((await client.SendAsync<RunView>(HttpMethod.Post, Runs, Request(agent, null, null))).Sandbox);
    }

    [Fact]
    public async Task RequiredProfile_HoldsTheTokensOfItsHolders()
    {
        var (_, person) = await RequireAsync("isolated");
        using var client = await Server.ClientAsync(person);
        var token = await client.SendAsync<ApiTokenView>(HttpMethod.Post, "/api/v1/tokens", new CreateApiToken("robot", [Permissions.RunsCreate, Permissions.RunsRead], 3600));
        using var robot = Server.Client(token.Token);
        await using var agent = await Server.ConnectAsync(AccessApi.Unique("held-token"));
        Assert.Equal(SandboxKind.Isolated, (await robot.SendAsync<RunView>(HttpMethod.Post, Runs, Request(agent, null, null))).Sandbox!.Kind);
        await robot.RefusedAsync(HttpStatusCode.Forbidden, "sandbox-required", HttpMethod.Post, Runs, Request(agent, "none", null));
    }

    [Fact]
    public async Task RequiredProfile_HoldsTheTerminalsOfItsHolders()
    {
        var (_, person) = await RequireAsync("isolated");
        using var client = await Server.ClientAsync(person);
        await using var agent = await Server.ConnectAsync(AccessApi.Unique("held-terminal"));
        await client.SendAsync<TerminalView>(HttpMethod.Post, "/api/v1/terminals", new CreateTerminal { Device = agent.Name });
        var start = await StartedAsync(agent);
        Assert.Equal((true, SandboxKind.Isolated), (start.Terminal is not null, start.Sandbox!.Kind));
        await client.RefusedAsync(HttpStatusCode.Forbidden, "sandbox-required", HttpMethod.Post, "/api/v1/terminals", new CreateTerminal { Device = agent.Name, User = "root" });
    }

    [Fact]
    public async Task RequiredProfiles_ThatAreNotTheSame_LetNothingRun()
    {
        var (_, person) = await RequireAsync("isolated");
        var name = AccessApi.Unique("other");
        await Server.Owner.SendAsync<SandboxProfileView>(HttpMethod.Post, Profiles, new WriteSandboxProfile(name, Spec: _build));
        await RequireAsync(name, person);
        using var client = await Server.ClientAsync(person);
        await using var agent = await Server.ConnectAsync(AccessApi.Unique("held-twice"));
        var problem = await client.RefusedAsync(HttpStatusCode.Forbidden, "sandboxes-contradict", HttpMethod.Post, Runs, Request(agent, null, null));
        Assert.Contains(name, problem.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RequiredProfile_IsNeitherRenamedNorRemoved_WhileARoleRequiresIt()
    {
        var name = AccessApi.Unique("needed");
        await Server.Owner.SendAsync<SandboxProfileView>(HttpMethod.Post, Profiles, new WriteSandboxProfile(name, Spec: _build));
        var (role, _) = await RequireAsync(name);
        var used = await Server.Owner.RefusedAsync(HttpStatusCode.Conflict, "sandbox-profile-in-use", HttpMethod.Delete, $"{Profiles}/{name}");
        Assert.Contains(role.Name, used.Detail, StringComparison.Ordinal);
        await Server.Owner.RefusedAsync(HttpStatusCode.Conflict, "sandbox-profile-in-use", HttpMethod.Put, $"{Profiles}/{name}", new WriteSandboxProfile(name + "x", Spec: _build));
        await Server.Owner.SendAsync<SandboxProfileView>(HttpMethod.Put, $"{Profiles}/{name}", new WriteSandboxProfile(name, "still", _build));
    }

    [Fact]
    public async Task Role_RequiringAProfileThatIsNotThere_IsRefused()
    {
        var problem = await Server.Owner.RefusedAsync(HttpStatusCode.BadRequest, "invalid-input", HttpMethod.Post, "/api/v1/roles",
            new CreateRole(AccessApi.Unique("held"), [Permissions.RunsCreate], RequiredSandbox: "no-such-profile"));
        Assert.Single(problem.Errors!["requiredSandbox"]);
    }

    [Fact]
    public async Task Role_ThatHoldsOneself_IsNotLoosenedByOneself()
    {
        var (role, person) = await RequireAsync("isolated");
        await Server.Owner.GiveAsync("Administrator", person);
        using var client = await Server.ClientAsync(person);
        await client.RefusedAsync(HttpStatusCode.Forbidden, "own-sandbox", HttpMethod.Patch, $"/api/v1/roles/{role.Id}", new UpdateRole(RequiredSandbox: ""));
    }

    private static CreateRun Request(FakeAgent agent, string? sandbox, string? runAs) =>
        new() { Command = "true", Sandbox = sandbox, RunAs = runAs, Target = new RunTarget([agent.Name]) };

    /// <summary>A role that requires a profile, and somebody who has it and may run commands.</summary>
    private async Task<(RoleView Role, TestPerson Person)> RequireAsync(string sandbox, TestPerson? person = null)
    {
        var role = await Server.Owner.SendAsync<RoleView>(HttpMethod.Post, "/api/v1/roles", new CreateRole(
            AccessApi.Unique("held"), [Permissions.RunsCreate, Permissions.RunsRead, Permissions.DevicesRead, Permissions.TerminalsOpen, Permissions.TokensCreate], RequiredSandbox: sandbox));
        Assert.Equal(sandbox, role.RequiredSandbox);
        person ??= await Server.CreatePersonAsync();
        await Server.Owner.GiveAsync(role.Name, person);
        return (role, person);
    }
}
