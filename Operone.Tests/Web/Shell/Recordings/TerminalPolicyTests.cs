using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Shell;
using Operone.Tests.Hosting;
using Operone.Web.Access;
using Operone.Web.Devices;
using Operone.Web.Shell.Terminals;
using Xunit;

namespace Operone.Tests.Web.Shell.Recordings;

public sealed class TerminalPolicyOnSqlite(SqliteFixture fixture) : TerminalPolicyTests(fixture), IClassFixture<SqliteFixture>;

public sealed class TerminalPolicyOnPostgres(PostgresFixture fixture) : TerminalPolicyTests(fixture), IClassFixture<PostgresFixture>;

/// <summary>Policies of terminals: written, and asked for when a terminal is opened.</summary>
public abstract class TerminalPolicyTests(ServerFixture fixture) : ServerTests(fixture)
{
    [Fact]
    public async Task Policy_Written_IsReadReplacedAndRemoved()
    {
        var made = await WriteAsync(new WriteTerminalPolicy(
            " Prod ", 10, "env=prod, role in (db,web)", BuiltInRoles.Operator.Name, RecordMode.Required, true, "deploy", "/bin/bash", "/srv",
            new Dictionary<string, string> { ["A"] = "1" }, 3600, false));
        Assert.Equal(("Prod", 10, "Operator", RecordMode.Required), (made.Name, made.Order, made.Role, made.Record));
        var read = await Server.Owner.GetFromJsonAsync<TerminalPolicyView>($"/api/v1/terminal-policies/{made.Id}", Cancelled);
        Assert.Equal(made with { Environment = null }, read! with { Environment = null });
        Assert.Equal("1", read.Environment!["A"]);
        Assert.Contains((await Server.Owner.GetFromJsonAsync<Page<TerminalPolicyView>>("/api/v1/terminal-policies?q=PROD", Cancelled))!.Items, p => p.Id == made.Id);

        using var replaced = await Server.Owner.PutAsJsonAsync($"/api/v1/terminal-policies/{made.Id}", new WriteTerminalPolicy("Prod", Record: RecordMode.On), Cancelled);
        var after = await replaced.Content.ReadFromJsonAsync<TerminalPolicyView>(Cancelled);
        Assert.Equal(new TerminalPolicyView(made.Id, "Prod", 100, "", null, RecordMode.On, null, null, null, null, null, null, null), after);

        using var twice = await Server.Owner.PostAsJsonAsync("/api/v1/terminal-policies", new WriteTerminalPolicy("pROD", Record: RecordMode.On), Cancelled);
        Assert.Equal(HttpStatusCode.Conflict, twice.StatusCode);
        using var removed = await Server.Owner.DeleteAsync($"/api/v1/terminal-policies/{made.Id}", Cancelled);
        Assert.Equal(HttpStatusCode.NoContent, removed.StatusCode);
        using var gone = await Server.Owner.PutAsJsonAsync($"/api/v1/terminal-policies/{made.Id}", new WriteTerminalPolicy("Prod", Record: RecordMode.On), Cancelled);
        Assert.Equal(HttpStatusCode.NotFound, gone.StatusCode);
    }

    [Fact]
    public async Task Policy_Wrong_SaysAllThatIsWrong()
    {
        using var answer = await Server.Owner.PostAsJsonAsync("/api/v1/terminal-policies", new WriteTerminalPolicy(
            "", -1, "a=(", "no such role", null, null, "a b", "bash", "srv", new Dictionary<string, string> { ["="] = "x" }, 1), Cancelled);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        var errors = (await answer.Content.ReadFromJsonAsync<JsonElement>(Cancelled)).GetProperty("errors").EnumerateObject().Select(e => e.Name).Order(StringComparer.Ordinal);
        Assert.Equal(["environment", "idleSeconds", "name", "order", "role", "selector", "shell", "user", "workingDirectory"], errors);

        using var empty = await Server.Owner.PostAsJsonAsync("/api/v1/terminal-policies", new WriteTerminalPolicy("says nothing"), Cancelled);
        Assert.Equal(HttpStatusCode.BadRequest, empty.StatusCode);
    }

    [Fact]
    public async Task Policy_ByWhoManagesTerminalsOnSomeDevices_IsReadAndNotWritten()
    {
        using var client = await Server.ClientWithAsync(Permissions.TerminalsManage);
        using var listed = await client.GetAsync("/api/v1/terminal-policies", Cancelled);
        Assert.Equal(HttpStatusCode.OK, listed.StatusCode);
        var role = await NewRoleAsync("Terminal keepers", Permissions.TerminalsManage);
        var person = await Server.CreatePersonAsync(null, "");
        await Server.GrantAsync(person, new BuiltInRole(role, "", "", PermissionSet.None), "site=here");
        using var some = await Server.ClientAsync(person);
        using var read = await some.GetAsync("/api/v1/terminal-policies", Cancelled);
        Assert.Equal(HttpStatusCode.OK, read.StatusCode);
        using var written = await some.PostAsJsonAsync("/api/v1/terminal-policies", new WriteTerminalPolicy("theirs", Record: RecordMode.Off), Cancelled);
        Assert.Equal(HttpStatusCode.Forbidden, written.StatusCode);
    }

    [Fact]
    public async Task Policy_ForARole_CountsWhereItsHolderHasIt()
    {
        await WriteAsync(new WriteTerminalPolicy("operators there", 5, "site=there", BuiltInRoles.Operator.Id.ToString(), RecordMode.Required, User: "op"));
        await WriteAsync(new WriteTerminalPolicy("all there", 1, "site=there", Record: RecordMode.Off, IdleSeconds: 120));
        var person = await Server.CreatePersonAsync(BuiltInRoles.Operator, "site=there");
        var other = await Server.CreatePersonAsync(BuiltInRoles.Operator, "site=elsewhere");
        var there = new DeviceEntry(Guid.CreateVersion7(), "there", new Dictionary<string, string> { ["site"] = "there" });
        var here = new DeviceEntry(Guid.CreateVersion7(), "here", new Dictionary<string, string> { ["site"] = "here" });

        var policy = await ForAsync(person, there);
        Assert.Equal((RecordMode.Required, "op", 120d), (policy.Record, policy.User, policy.IdleSeconds));
        Assert.Equal((RecordMode.Off, (string?)null), ((await ForAsync(other, there)).Record, (await ForAsync(other, there)).User));
        Assert.Equal((RecordMode.Off, TerminalLimits.DefaultIdleSeconds), ((await ForAsync(person, here)).Record, (await ForAsync(person, here)).IdleSeconds));
    }

    private async Task<EffectiveTerminalPolicy> ForAsync(TestPerson person, DeviceEntry device)
    {
        var (id, access) = (Guid.CreateVersion7(), Server.Services.GetRequiredService<AccessDirectory>());
        var standing = new CredentialStanding(new LiveCredential(id, person.Id, id, tokenId: null), s => s.OfPerson(person.Id), access, TimeProvider.System);
        return await Server.Services.GetRequiredService<TerminalPolicies>().ForAsync(new Actor(person.Id, person.Email, standing), device, Cancelled);
    }

    private async Task<TerminalPolicyView> WriteAsync(WriteTerminalPolicy policy)
    {
        using var answer = await Server.Owner.PostAsJsonAsync("/api/v1/terminal-policies", policy, Cancelled);
        Assert.True(answer.StatusCode == HttpStatusCode.Created, await answer.Content.ReadAsStringAsync(Cancelled));
        return (await answer.Content.ReadFromJsonAsync<TerminalPolicyView>(Cancelled))!;
    }

    private async Task<Guid> NewRoleAsync(string name, params string[] permissions)
    {
        using var answer = await Server.Owner.PostAsJsonAsync("/api/v1/roles", new { name, permissions }, Cancelled);
        return (await answer.Content.ReadFromJsonAsync<JsonElement>(Cancelled)).GetProperty("id").GetGuid();
    }
}
