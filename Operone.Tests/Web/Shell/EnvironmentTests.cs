using System.Net;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Shell;
using Operone.Tests.Hosting;
using Operone.Tests.Web.Access;
using Operone.Web.Shell.Environments;
using Xunit;

namespace Operone.Tests.Web.Shell;

public sealed class EnvironmentsOnSqlite(SqliteFixture fixture) : EnvironmentTests(fixture), IClassFixture<SqliteFixture>;

public sealed class EnvironmentsOnPostgres(PostgresFixture fixture) : EnvironmentTests(fixture), IClassFixture<PostgresFixture>;

/// <summary>Environments over REST: who sees and changes them, and that no secret comes back.</summary>
public abstract class EnvironmentTests(ServerFixture fixture) : ServerTests(fixture)
{
    private const string Path = "/api/v1/environments";

    [Fact]
    public async Task Create_WithSecrets_GivesTheirNamesAlone()
    {
        var name = AccessApi.Unique("Made");
        var made = await Server.Owner.SendAsync<EnvironmentView>(HttpMethod.Post, Path, new WriteEnvironment(
            name, " for the shop ", "env = prod", new Dictionary<string, string> { ["URL"] = "https://x", ["APP"] = "shop" },
            new Dictionary<string, string?> { ["TOKEN"] = "s3cret-made", ["DB"] = "s3cret-db" }));
        Assert.Equal((name, "for the shop", "env=prod"), (made.Name, made.Description, made.Selector));
        Assert.Equal(["APP", "URL"], made.Variables.Keys);
        Assert.Equal(["DB", "TOKEN"], made.Secrets);
        foreach (var address in (string[])[$"{Path}/{made.Id}", $"{Path}/{name.ToUpperInvariant()}", $"{Path}?q={name}"])
        {
            var text = await Server.Owner.GetStringAsync(address, Cancelled);
            Assert.Contains("TOKEN", text, StringComparison.Ordinal);
            Assert.DoesNotContain("s3cret", text, StringComparison.Ordinal);
        }

        await Server.HappenedAsync("environment.created", name);
        var entry = await Server.AuditedAsync("environment.create", true, name);
        Assert.Equal("+APP; +URL; +secret DB; +secret TOKEN; for env=prod", entry.Detail);
        await using var db = Server.OpenDatabase();
        var stored = await db.Set<RunEnvironment>().SingleAsync(e => e.Id == made.Id, Cancelled);
        Assert.Equal("s3cret-made", Server.Service<EnvironmentVault>().Open(stored)!["TOKEN"]);

        // Sealed for its own row: copied into another one, it does not open.
        Assert.Null(Server.Service<EnvironmentVault>().Open(new RunEnvironment
        {
            Id = Guid.CreateVersion7(),
            Name = "",
            NormalizedName = "",
            Selector = "",
            Variables = stored.Variables,
            SecretNames = [],
            Secrets = stored.Secrets,
            UpdatedAt = stored.UpdatedAt,
            UpdatedBy = "",
        }));
    }

    [Fact]
    public async Task Create_NameThatIsTaken_IsRefusedWithoutRegardToCase()
    {
        var name = AccessApi.Unique("taken");
        await MakeAsync(name);
        var problem = await Server.Owner.RefusedAsync(HttpStatusCode.Conflict, "name-taken", HttpMethod.Post, Path, new WriteEnvironment(name.ToUpperInvariant()));
        Assert.Contains("name", problem.Errors!.Keys);
    }

    [Fact]
    public async Task Create_EverythingWrong_SaysAllOfItAndNoSecret()
    {
        using var answer = await Server.Owner.PostAsync(Path, new StringContent(
            """{"name":"","selector":"env=(","variables":{"1":"x"},"secrets":{"TOKEN":"xyz","a b":"s3cret-bad"}}""", System.Text.Encoding.UTF8, "application/json"), Cancelled);
        var problem = await OperoneServer.ReadProblemAsync(answer);
        Assert.Equal(["name", "secrets", "selector", "variables"], problem.Errors!.Keys.Order(StringComparer.Ordinal));
        Assert.DoesNotContain("s3cret", JsonSerializer.Serialize(problem), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Replace_SecretWithoutAValue_KeepsTheStoredOne()
    {
        var name = AccessApi.Unique("replaced");
        var made = await MakeAsync(name, secrets: new() { ["KEPT"] = "s3cret-kept", ["NEW"] = "s3cret-old", ["GONE"] = "s3cret-gone" });
        var after = await Server.Owner.SendAsync<EnvironmentView>(HttpMethod.Put, $"{Path}/{name}", new WriteEnvironment(
            null, "another", "env=test", new Dictionary<string, string> { ["A"] = "1" }, new Dictionary<string, string?> { ["KEPT"] = null, ["NEW"] = "s3cret-new" }));
        Assert.Equal((made.Id, name, "another", "env=test"), (after.Id, after.Name, after.Description, after.Selector));
        Assert.Equal(["KEPT", "NEW"], after.Secrets);
        await using var db = Server.OpenDatabase();
        var secrets = Server.Service<EnvironmentVault>().Open(await db.Set<RunEnvironment>().SingleAsync(e => e.Id == made.Id, Cancelled))!;
        Assert.Equal(new Dictionary<string, string> { ["KEPT"] = "s3cret-kept", ["NEW"] = "s3cret-new" }, secrets);
        var entry = await Server.AuditedAsync("environment.update", true, name);
        Assert.Equal("+A; ~secret NEW; -secret GONE; for env=test", entry.Detail);
        await Server.HappenedAsync("environment.updated", name);
        await Server.Owner.RefusedAsync(HttpStatusCode.BadRequest, "invalid-input", HttpMethod.Put, $"{Path}/{name}",
            new WriteEnvironment(null, Secrets: new Dictionary<string, string?> { ["NEVER"] = null }));
        await Server.Owner.RefusedAsync(HttpStatusCode.NotFound, "environment-not-found", HttpMethod.Put, $"{Path}/no-such", new WriteEnvironment(null));
    }

    [Fact]
    public async Task Replace_WithAnothersName_IsRefused()
    {
        var (one, two) = (AccessApi.Unique("one"), AccessApi.Unique("two"));
        await MakeAsync(one);
        await MakeAsync(two);
        await Server.Owner.RefusedAsync(HttpStatusCode.Conflict, "name-taken", HttpMethod.Put, $"{Path}/{two}", new WriteEnvironment(one));
        var renamed = await Server.Owner.SendAsync<EnvironmentView>(HttpMethod.Put, $"{Path}/{two}", new WriteEnvironment(two.ToUpperInvariant()));
        Assert.Equal(two.ToUpperInvariant(), renamed.Name);
    }

    [Fact]
    public async Task Remove_ByName_EndsIt()
    {
        var name = AccessApi.Unique("removed");
        await MakeAsync(name);
        await Server.Owner.DoAsync(HttpMethod.Delete, $"{Path}/{name}");
        await Server.Owner.RefusedAsync(HttpStatusCode.NotFound, "environment-not-found", HttpMethod.Get, $"{Path}/{name}");
        await Server.Owner.RefusedAsync(HttpStatusCode.NotFound, "environment-not-found", HttpMethod.Delete, $"{Path}/{name}");
        await Server.HappenedAsync("environment.removed", name);
        await Server.AuditedAsync("environment.remove", true, name);
    }

    [Fact]
    public async Task List_PageByPage_HasEachOnceByName()
    {
        var prefix = AccessApi.Unique("paged")[..14];
        foreach (var i in (int[])[3, 1, 5, 2, 4])
        {
            await MakeAsync($"{prefix}-{i}");
        }

        var (names, cursor) = (new List<string>(), (string?)null);
        do
        {
            var page = await Server.Owner.SendAsync<Page<EnvironmentView>>(HttpMethod.Get, $"{Path}?q={prefix}&limit=2&cursor={cursor}");
            Assert.InRange(page.Items.Count, 1, 2);
            names.AddRange(page.Items.Select(e => e.Name));
            cursor = page.NextCursor;
        }
        while (cursor is not null);
        Assert.Equal(Enumerable.Range(1, 5).Select(i => $"{prefix}-{i}"), names);
        await Server.Owner.RefusedAsync(HttpStatusCode.BadRequest, "invalid-input", HttpMethod.Get, $"{Path}?limit=0&cursor=***");
    }

    [Fact]
    public async Task List_WhoUsesThem_SeesThoseForTheirDevicesAndChangesNone()
    {
        var mark = AccessApi.Unique("m")[..10];
        await using var device = await Server.EnrollAsync($"{mark}-dev", new() { ["team"] = mark });
        await MakeAsync($"{mark}-all");
        await MakeAsync($"{mark}-mine", $"team={mark}");
        await MakeAsync($"{mark}-others", $"team=not-{mark}");
        var role = await Server.Owner.MakeRoleAsync(AccessApi.Unique("uses"), Permissions.EnvironmentsUse);
        var person = await Server.CreatePersonAsync();
        using var client = await Server.ClientAsync(person);
        await client.RefusedAsync(HttpStatusCode.Forbidden, "permission-missing", HttpMethod.Get, Path);
        await Server.Owner.GiveAsync(role.Name, person, $"team={mark}");
        var page = await client.SendAsync<Page<EnvironmentView>>(HttpMethod.Get, $"{Path}?q={mark}");
        Assert.Equal([$"{mark}-all", $"{mark}-mine"], page.Items.Select(e => e.Name));
        await client.RefusedAsync(HttpStatusCode.NotFound, "environment-not-found", HttpMethod.Get, $"{Path}/{mark}-others");
        await client.RefusedAsync(HttpStatusCode.Forbidden, "permission-missing", HttpMethod.Put, $"{Path}/{mark}-mine", new WriteEnvironment(null));
        await client.RefusedAsync(HttpStatusCode.Forbidden, "permission-missing", HttpMethod.Delete, $"{Path}/{mark}-mine");
        await client.RefusedAsync(HttpStatusCode.Forbidden, "permission-missing", HttpMethod.Post, Path, new WriteEnvironment("x"));
    }

    private Task<EnvironmentView> MakeAsync(string name, string? selector = null, Dictionary<string, string?>? secrets = null) =>
        Server.Owner.SendAsync<EnvironmentView>(HttpMethod.Post, Path, new WriteEnvironment(name, Selector: selector, Secrets: secrets));
}
