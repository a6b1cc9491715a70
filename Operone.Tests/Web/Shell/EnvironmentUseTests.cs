using System.Net;
using System.Net.Http.Json;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Operone.Core.Access;
using Operone.Core.Devices;
using Operone.Core.Shell;
using Operone.Tests.Agent.Hosting;
using Operone.Tests.Hosting;
using Operone.Tests.Web.Access;
using Operone.Web.Devices;
using Operone.Web.Shell;
using Xunit;

namespace Operone.Tests.Web.Shell;

public sealed class EnvironmentUseOnSqlite(SqliteFixture fixture) : EnvironmentUseTests(fixture), IClassFixture<SqliteFixture>;

public sealed class EnvironmentUseOnPostgres(PostgresFixture fixture) : EnvironmentUseTests(fixture), IClassFixture<PostgresFixture>;

/// <summary>Runs with environments: who may, what the device gets, what is shown of it.</summary>
public abstract class EnvironmentUseTests(ServerFixture fixture) : ShellTests(fixture)
{
    [Fact]
    public async Task Run_WithEnvironments_SendsThemInOrderAndShowsSecretsMasked()
    {
        var mark = AccessApi.Unique("order")[..12];
        await using var agent = await Server.ConnectAsync($"{mark}-dev");
        await MakeAsync($"{mark}-a", new() { ["A"] = "a", ["B"] = "a", ["C"] = "a", ["D"] = "a" }, new() { ["S1"] = "s3cret-1a", ["S2"] = "s3cret-2a", ["S3"] = "s3cret-3a" });
        await MakeAsync($"{mark}-b", new() { ["B"] = "b", ["S2"] = "plain-b" }, new() { ["C"] = "s3cret-cb" });
        var run = await CreateAsync(new CreateRun
        {
            Command = "x",
            Target = new RunTarget([agent.Name]),
            Environments = [$"{mark}-a", $"{mark}-B"],
            Environment = new Dictionary<string, string> { ["D"] = "own", ["S3"] = "own", ["E"] = "own" },
        });
        var start = await StartedAsync(agent);
        Assert.Equal(
            new SortedDictionary<string, string> { ["A"] = "a", ["B"] = "b", ["C"] = "s3cret-cb", ["D"] = "own", ["E"] = "own", ["S1"] = "s3cret-1a", ["S2"] = "plain-b", ["S3"] = "own" },
            new SortedDictionary<string, string>(start.Environment!.ToDictionary()));
        Assert.Equal(["s3cret-1a", "s3cret-cb"], start.Masks!.Order(StringComparer.Ordinal));
        foreach (var view in (RunView[])[run, await GetAsync(run.Id)])
        {
            Assert.Equal([$"{mark}-a", $"{mark}-b"], view.AppliedEnvironment!.Environments);
            Assert.Equal(["C", "S1"], view.AppliedEnvironment.Secrets);
            Assert.Equal(("a", "***", "***", "own"), (view.AppliedEnvironment.Variables["A"], view.AppliedEnvironment.Variables["C"], view.AppliedEnvironment.Variables["S1"], view.AppliedEnvironment.Variables["S3"]));
        }

        Assert.DoesNotContain("s3cret", await Server.Owner.GetStringAsync($"/api/v1/runs/{run.Id}", Cancelled), StringComparison.Ordinal);
        Assert.Contains($"with the environments {mark}-a, {mark}-B", (await Server.AuditedAsync("run.create", true, run.Id.ToString())).Detail!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_WithoutEnvironments_HasNoMasksAndNothingSealed()
    {
        await using var agent = await Server.ConnectAsync(AccessApi.Unique("plain"));
        var run = await CreateAsync(new CreateRun { Command = "x", Target = new RunTarget([agent.Name]), Environment = new Dictionary<string, string> { ["A"] = "b" } });
        var start = await StartedAsync(agent);
        Assert.Equal("b", start.Environment!["A"]);
        Assert.Null(start.Masks);
        Assert.Null(run.AppliedEnvironment);
    }

    [Fact]
    public async Task Run_ForADeviceThatComesLater_GetsWhatWasApproved()
    {
        var name = AccessApi.Unique("later");
        await using var agent = await Server.EnrollAsync($"{name}-dev");
        await MakeAsync(name, new() { ["A"] = "then" }, new() { ["S"] = "s3cret-then" });
        var run = await CreateAsync(new CreateRun { Command = "x", Target = new RunTarget([agent.Name]), Environments = [name] });
        await Server.Owner.DoAsync(HttpMethod.Delete, $"/api/v1/environments/{name}");
        await agent.ConnectAsync();
        var start = await StartedAsync(agent);
        Assert.Equal(("then", "s3cret-then"), (start.Environment!["A"], start.Environment["S"]));
        Assert.Equal(["s3cret-then"], start.Masks!);
        Assert.Equal([name], (await GetAsync(run.Id)).AppliedEnvironment!.Environments);
    }

    [Fact]
    public async Task Run_WhoseDeviceComesLater_IsRefusedWhereTheEnvironmentIsForItNoMore()
    {
        var name = AccessApi.Unique("moved");
        await using var agent = await Server.EnrollAsync($"{name}-dev", new() { ["env"] = name });
        await MakeAsync(name, secrets: new() { ["S"] = "s3cret-moved" }, selector: $"env={name}");
        var run = await CreateAsync(new CreateRun { Command = "x", Target = new RunTarget([agent.Name]), Environments = [name] });
        await Server.Owner.DoAsync(HttpMethod.Patch, $"/api/v1/devices/{agent.Name}", new { labels = new { env = "other" } });
        await agent.ConnectAsync();
        var execution = (await GetAsync(run.Id, waitSeconds: 10)).Executions!.Single();
        Assert.Equal((ExecutionStatus.Refused, $"the environment '{name}' is not for this device any more"), (execution.Status, execution.Reason));
        Assert.False(agent.Starts.Reader.TryRead(out _));
    }

    [Fact]
    public async Task Run_WhoseMakerMayUseNoMore_IsRefusedWhenItsDeviceComes()
    {
        var name = AccessApi.Unique("nomore");
        await using var agent = await Server.EnrollAsync($"{name}-dev");
        await MakeAsync(name, secrets: new() { ["S"] = "s3cret-nomore" });
        var person = await Server.CreatePersonAsync();
        using var client = await Server.ClientAsync(person);
        var runs = await Server.Owner.MakeRoleAsync(AccessApi.Unique("runs"), Permissions.RunsCreate, Permissions.RunsRead);
        var uses = await Server.Owner.MakeRoleAsync(AccessApi.Unique("uses"), Permissions.EnvironmentsUse);
        await Server.Owner.GiveAsync(runs.Name, person);
        var grant = await Server.Owner.GiveAsync(uses.Name, person);
        var run = await client.SendAsync<RunView>(HttpMethod.Post, "/api/v1/runs", new CreateRun { Command = "x", Target = new RunTarget([agent.Name]), Environments = [name] });
        await Server.Owner.DoAsync(HttpMethod.Delete, $"/api/v1/grants/{grant.Id}");
        await agent.ConnectAsync();
        var execution = (await GetAsync(run.Id, waitSeconds: 10)).Executions!.Single();
        Assert.Equal(ExecutionStatus.Refused, execution.Status);
        Assert.Contains("may no longer use environments", execution.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_WhoseEnvironmentCannotBeOpened_IsRefusedAndNothingElseIs()
    {
        var name = AccessApi.Unique("lost");
        await using var agent = await Server.EnrollAsync($"{name}-dev");
        await MakeAsync(name, secrets: new() { ["S"] = "s3cret-lost" });
        var run = await CreateAsync(new CreateRun { Command = "x", Target = new RunTarget([agent.Name]), Environments = [name] });
        var other = await CreateOnAsync(agent, "other");
        await using (var db = Server.OpenDatabase())
        {
            await db.Set<Run>().Where(r => r.Id == run.Id).ExecuteUpdateAsync(r => r.SetProperty(x => x.SealedEnvironment, new byte[] { 1, 2, 3 }), Cancelled);
        }

        await agent.ConnectAsync();
        Assert.Equal(other.Id, (await StartedAsync(agent)).RunId);
        var after = await GetAsync(run.Id, waitSeconds: 10);
        Assert.Equal((ExecutionStatus.Refused, "the key that sealed its environment is not there any more"), (after.Executions!.Single().Status, after.Executions!.Single().Reason));
        Assert.Equal([name], after.AppliedEnvironment!.Environments);
    }

    [Fact]
    public async Task Run_WhereTheActorMayNotUseThem_IsRefusedByDeviceAndNoted()
    {
        var mark = AccessApi.Unique("who")[..10];
        await using var here = await Server.ConnectAsync($"{mark}-here", new() { ["at"] = $"{mark}-here" });
        await using var there = await Server.ConnectAsync($"{mark}-there", new() { ["at"] = $"{mark}-there" });
        await MakeAsync(mark, secrets: new() { ["S"] = "s3cret-who" });
        await MakeAsync($"{mark}-hidden", selector: $"at={mark}-elsewhere");
        var person = await Server.CreatePersonAsync();
        using var client = await Server.ClientAsync(person);
        var runs = await Server.Owner.MakeRoleAsync(AccessApi.Unique("runs"), Permissions.RunsCreate, Permissions.RunsRead, Permissions.DevicesRead);
        var uses = await Server.Owner.MakeRoleAsync(AccessApi.Unique("uses"), Permissions.EnvironmentsUse);
        await Server.Owner.GiveAsync(runs.Name, person);
        var both = new CreateRun { Command = "x", Target = new RunTarget([here.Name, there.Name]), Environments = [mark] };

        // Without the permission one that exists and one that does not are the same.
        var lacks = await client.RefusedAsync(HttpStatusCode.Forbidden, "permission-missing", HttpMethod.Post, "/api/v1/runs", both);
        var unknown = await client.RefusedAsync(HttpStatusCode.Forbidden, "permission-missing", HttpMethod.Post, "/api/v1/runs", both with { Environments = ["no-such"] });
        Assert.Equal(lacks.Detail, unknown.Detail);

        await Server.Owner.GiveAsync(uses.Name, person, $"at={mark}-here");
        var barred = await client.RefusedAsync(HttpStatusCode.Forbidden, "permission-missing", HttpMethod.Post, "/api/v1/runs", both);
        Assert.Contains(there.Name, barred.Detail, StringComparison.Ordinal);
        Assert.DoesNotContain(here.Name, barred.Detail, StringComparison.Ordinal);
        await Server.AuditedAsync("run.create", false, $"'{Permissions.EnvironmentsUse}' on 1 of the devices");
        await client.RefusedAsync(HttpStatusCode.UnprocessableEntity, "environment-not-found", HttpMethod.Post, "/api/v1/runs", both with { Environments = [$"{mark}-hidden"] });

        // What is asked for on those alone that they may runs there, with it.
        var some = await client.SendAsync<RunView>(HttpMethod.Post, "/api/v1/runs", both with { Target = both.Target! with { OnlyPermitted = true } });
        Assert.Equal([there.Name], some.LeftOut!);
        Assert.Equal("s3cret-who", (await StartedAsync(here)).Environment!["S"]);
        Assert.False(there.Starts.Reader.TryRead(out _));
    }

    [Fact]
    public async Task Run_WithOneThatIsNotForADevice_NamesBoth()
    {
        var mark = AccessApi.Unique("for")[..10];
        await using var device = await Server.ConnectAsync($"{mark}-dev", new() { ["env"] = "test" });
        await MakeAsync(mark, selector: "env=prod");
        var problem = await Server.Owner.RefusedAsync(HttpStatusCode.UnprocessableEntity, "environment-not-for-device", HttpMethod.Post, "/api/v1/runs",
            new CreateRun { Command = "x", Target = new RunTarget([device.Name]), Environments = [mark] });
        Assert.Contains($"'{mark}' is for devices with env=prod alone, and not for {mark}-dev", problem.Detail, StringComparison.Ordinal);
        Assert.False(device.Starts.Reader.TryRead(out _));
    }

    [Fact]
    public async Task Run_WithAKeyGivenAgain_IsTheSameRunAndShowsWhatApplied()
    {
        var name = AccessApi.Unique("again");
        await using var agent = await Server.ConnectAsync($"{name}-dev");
        await MakeAsync(name, secrets: new() { ["S"] = "s3cret-again" });
        var views = new List<RunView>();
        for (var i = 0; i < 2; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/runs");
            request.Headers.Add("Idempotency-Key", name);
            request.Content = JsonContent.Create(new CreateRun { Command = "x", Target = new RunTarget([agent.Name]), Environments = [name] });
            using var answer = await Server.Owner.SendAsync(request, Cancelled);
            views.Add((await answer.Content.ReadFromJsonAsync<RunView>(Cancelled))!);
        }

        Assert.Equal(views[0].Id, views[1].Id);
        Assert.All(views, v => Assert.Equal("***", v.AppliedEnvironment!.Variables["S"]));
    }

    [Fact]
    public async Task Secret_PrintedInTwoHalvesByARealAgentsCommand_IsMaskedFromTheDeviceOn()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Needs a named pipe and /proc.");
        const string Secret = "s3cret/two-halves+9f27c1";
        var name = AccessApi.Unique("real");
        using var state = new TempFolder();
        using var fifos = new TempFolder();
        await MakeAsync(name, new() { ["PLAIN"] = "to be seen" }, new() { ["TOKEN"] = Secret });
        var enrolment = await Server.CreateEnrollmentTokenAsync();
        var (code, _, error) = await AgentUnderTest.CallAsync(state.Path, "enroll", "--server", Server.Url, "--token", enrolment.Token!, "--name", name);
        Assert.True(code == 0, error);
        await using var agent = AgentUnderTest.Run(state.Path);
        await Eventually.BecomesAsync(() => Task.FromResult(Server.Service<DeviceDirectory>() is var d && d.Find(name) is { } found && d.IsOnline(found.Id)), "the device online", 60);

        var run = await CreateAsync(new CreateRun
        {
            Command = $$"""
                mkfifo '{{fifos["go"]}}'
                printf 'half: '; printf '%.9s' "$TOKEN"; printf '%.9s' "$TOKEN" >&2
                read go < '{{fifos["go"]}}'
                printf '%s\n' "${TOKEN#?????????}"; printf '%s|' "${TOKEN#?????????}" >&2
                echo "$PLAIN $TOKEN"; env | grep TOKEN >&2
                """,
            Target = new RunTarget([name]),
            Environments = [name],
        });
        await Eventually.BecomesAsync(async () => await ReadAsync("stdout") == "half: ", "the first half held back", 60);
        Assert.Equal("", await ReadAsync("stderr"));

        // The command runs, and holds the secret; its folder does not.
        Assert.NotEmpty(Directory.GetFiles(state.Path, "output", SearchOption.AllDirectories));
        AssertNotInFiles(state.Path, Secret);
        await File.WriteAllTextAsync(fifos["go"], "go\n", Cancelled);
        Assert.Equal(RunStatus.Succeeded, (await GetAsync(run.Id, waitSeconds: 60)).Status);
        Assert.Equal("half: ***\nto be seen ***\n", await ReadAsync("stdout"));
        Assert.Equal("***|TOKEN=***\n", await ReadAsync("stderr"));
        var execution = (await GetAsync(run.Id)).Executions!.Single();
        Assert.Equal(("half: ***\nto be seen ***\n".Length, "***|TOKEN=***\n".Length), (execution.StdoutBytes, execution.StderrBytes));

        // Once its folder is a spare one, and once another run has used that, neither.
        await CreateAsync(new CreateRun { Command = "echo again", Target = new RunTarget([name]) }, "?waitSeconds=60", HttpStatusCode.OK);
        AssertNotInFiles(state.Path, Secret);
        var (_, log) = await agent.StopAsync();
        Assert.DoesNotContain(Secret, log, StringComparison.Ordinal);
        Assert.DoesNotContain(Server.Log.Lines, l => l.Contains(Secret, StringComparison.Ordinal));

        async Task<string> ReadAsync(string stream) =>
            Encoding.UTF8.GetString(await Server.Owner.GetByteArrayAsync($"/api/v1/runs/{run.Id}/executions/{name}/{stream}", Cancelled));
    }

    private static void AssertNotInFiles(string folder, string secret)
    {
        var needle = Encoding.UTF8.GetBytes(secret);
        foreach (var file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
        {
            byte[] data;
            try
            {
                data = File.ReadAllBytes(file);
            }
            catch (IOException)
            {
                continue; // a socket, or gone meanwhile
            }

            Assert.True(data.AsSpan().IndexOf(needle) < 0, $"{file} has the secret");

            // JSON writes some characters otherwise
            Assert.True(data.AsSpan().IndexOf("two-halves"u8) < 0, $"{file} has the secret");
        }
    }

    private Task<EnvironmentView> MakeAsync(string name, Dictionary<string, string>? variables = null, Dictionary<string, string?>? secrets = null, string? selector = null) =>
        Server.Owner.SendAsync<EnvironmentView>(HttpMethod.Post, "/api/v1/environments", new WriteEnvironment(name, Selector: selector, Variables: variables, Secrets: secrets));
}
