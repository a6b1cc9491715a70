using System.Net;
using Microsoft.EntityFrameworkCore;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Events;
using Operone.Tests.Hosting;
using Operone.Web.Access;
using Xunit;

namespace Operone.Tests.Web.Access;

public abstract class GrantTests(ServerFixture fixture) : ServerTests(fixture)
{
    private const string Grants = "/api/v1/grants";

    [Fact]
    public async Task Grant_OnASelector_CountsAtOnceAndIsToldOf()
    {
        var person = await Server.CreatePersonAsync();
        using var client = await Server.ClientAsync(person);
        await client.RefusedAsync(HttpStatusCode.Forbidden, "permission-missing", HttpMethod.Get, "/api/v1/runs");
        var grant = await Server.Owner.GiveAsync("viewer", person, "env = prod");
        Assert.Equal(("Viewer", person.Email, "env=prod", false), (grant.Role, grant.Subject, grant.Selector, grant.IsEnded));
        await client.DoAsync(HttpMethod.Get, "/api/v1/runs");
        var entry = await Server.AuditedAsync("grant.create", true, $"Viewer for {person.Email}");
        Assert.Contains("env=prod", entry.Detail, StringComparison.Ordinal);
        Assert.NotNull(entry.RequestId);
        var happened = await Server.HappenedAsync(EventTypes.GrantCreated, person.Email);
        Assert.Equal("env=prod", happened.Data!["selector"]);

        await Server.Owner.DoAsync(HttpMethod.Delete, $"{Grants}/{grant.Id}");
        await client.RefusedAsync(HttpStatusCode.Forbidden, "permission-missing", HttpMethod.Get, "/api/v1/runs");
        await Server.HappenedAsync(EventTypes.GrantRemoved, person.Email);
        await Server.Owner.RefusedAsync(HttpStatusCode.NotFound, "grant-not-found", HttpMethod.Delete, $"{Grants}/{grant.Id}");
    }

    [Fact]
    public async Task Allowed_ActsAreAudited_WithTheGrantThatAllowedThem()
    {
        var manager = await Server.CreatePersonAsync(BuiltInRoles.Administrator);
        using var client = await Server.ClientAsync(manager);
        var person = await Server.CreatePersonAsync();
        await client.GiveAsync("Viewer", person);
        var entry = await Server.AuditedAsync("grant.create", true, person.Email);
        await using var db = Server.OpenDatabase();
        var token = await db.Set<ApiToken>().SingleAsync(t => t.OwnerId == manager.Id, Cancelled);
        // A personal token's own allowance is what allowed it, within what its person may.
        Assert.Equal(token.Id, entry.GrantId);
    }

    [Fact]
    public async Task Create_OfARoleThatTheGiverLacks_IsRefusedWithWhatIsLackingAndAudited()
    {
        var (manager, _) = await ManagerAsync();
        await Server.GrantAsync(manager, BuiltInRoles.Viewer, "env=prod");
        using var client = await Server.ClientAsync(manager);
        var person = await Server.CreatePersonAsync();
        var body = new CreateGrant("Operator", SubjectKind.Person, person.Id.ToString(), "env=prod");
        var problem = await client.RefusedAsync(HttpStatusCode.Forbidden, "beyond-own", HttpMethod.Post, Grants, body);
        Assert.Contains(Permissions.RunsCreate, problem.Detail, StringComparison.Ordinal);
        Assert.DoesNotContain(Permissions.DevicesRead, problem.Detail, StringComparison.Ordinal);
        await Server.AuditedAsync("grant.create", false, $"lacks {Permissions.ProcessesRead}");
        Assert.Empty(await ListAsync($"?subjectId={person.Id}"));
    }

    [Theory]
    [InlineData("env=prod", null, true)]
    [InlineData("env=prod,role=web", null, true)]
    [InlineData("env in (prod,test)", null, false)]
    [InlineData("", null, false)]
    [InlineData("role=web", null, false)]
    public async Task Create_OnDevices_NeedsThemAll(string selector, long? seconds, bool allowed)
    {
        var (manager, _) = await ManagerAsync();
        await Server.GrantAsync(manager, BuiltInRoles.Viewer, "env=prod");
        using var client = await Server.ClientAsync(manager);
        var person = await Server.CreatePersonAsync();
        var until = seconds is { } s ? DateTimeOffset.UtcNow.AddSeconds(s) : (DateTimeOffset?)null;
        if (allowed)
        {
            await client.GiveAsync("Viewer", person, selector, until: until);
        }
        else
        {
            await client.RefusedAsync(HttpStatusCode.Forbidden, "beyond-own", HttpMethod.Post, Grants,
                new CreateGrant("Viewer", SubjectKind.Person, person.Email, selector, GrantEffect.Allow, until));
        }
    }

    [Fact]
    public async Task Create_ForLongerThanTheGiverHasIt_IsRefused()
    {
        var (manager, _) = await ManagerAsync();
        await Server.GrantAsync(manager, BuiltInRoles.Viewer, until: DateTimeOffset.UtcNow.AddHours(1));
        using var client = await Server.ClientAsync(manager);
        var person = await Server.CreatePersonAsync();
        await client.RefusedAsync(HttpStatusCode.Forbidden, "beyond-own", HttpMethod.Post, Grants, new CreateGrant("Viewer", SubjectKind.Person, person.Email));
        await client.RefusedAsync(HttpStatusCode.Forbidden, "beyond-own", HttpMethod.Post, Grants,
            new CreateGrant("Viewer", SubjectKind.Person, person.Email, Until: DateTimeOffset.UtcNow.AddHours(2)));
        await client.GiveAsync("Viewer", person, until: DateTimeOffset.UtcNow.AddMinutes(50));
    }

    [Fact]
    public async Task Administrator_GivingThemselvesOwner_IsRefused()
    {
        var administrator = await Server.CreatePersonAsync(BuiltInRoles.Administrator);
        using var client = await Server.ClientAsync(administrator);
        var problem = await client.RefusedAsync(
            HttpStatusCode.Forbidden, "beyond-own", HttpMethod.Post, Grants, new CreateGrant("Owner", SubjectKind.Person, administrator.Email));
        Assert.Contains(Permissions.OwnersManage, problem.Detail, StringComparison.Ordinal);
        await client.GiveAsync("Administrator", await Server.CreatePersonAsync());
    }

    [Fact]
    public async Task Deny_OfOneself_IsNotTakenAwayByOneself()
    {
        var (manager, _) = await ManagerAsync();
        await Server.GrantAsync(manager, BuiltInRoles.Operator);
        var deny = await Server.GrantAsync(manager, BuiltInRoles.Viewer, "env=secret", GrantEffect.Deny);
        using var client = await Server.ClientAsync(manager);
        await client.RefusedAsync(HttpStatusCode.Forbidden, "beyond-own", HttpMethod.Delete, $"{Grants}/{deny}");
        await Server.Owner.DoAsync(HttpMethod.Delete, $"{Grants}/{deny}");
    }

    [Fact]
    public async Task Deny_OfAnOwner_IsRefused()
    {
        var owner = await Server.CreatePersonAsync(BuiltInRoles.Owner);
        await Server.Owner.RefusedAsync(HttpStatusCode.Conflict, "owner-denied", HttpMethod.Post, Grants,
            new CreateGrant("Viewer", SubjectKind.Person, owner.Email, "env=prod", GrantEffect.Deny));
        var team = await Server.Owner.SendAsync<TeamView>(HttpMethod.Post, "/api/v1/teams", new CreateTeam(AccessApi.Unique("owners")));
        await Server.Owner.DoAsync(HttpMethod.Put, $"/api/v1/teams/{team.Id}/members/{owner.Id}");
        await Server.Owner.RefusedAsync(HttpStatusCode.Conflict, "owner-denied", HttpMethod.Post, Grants,
            new CreateGrant("Viewer", SubjectKind.Team, team.Name, "env=prod", GrantEffect.Deny));
    }

    [Fact]
    public async Task Deny_WinsOverWhatIsGiven_AndNeedsNoCover()
    {
        var (manager, _) = await ManagerAsync();
        using var client = await Server.ClientAsync(manager);
        var person = await Server.CreatePersonAsync(BuiltInRoles.Operator);
        using var theirs = await Server.ClientAsync(person);
        await theirs.DoAsync(HttpMethod.Get, "/api/v1/runs");
        var deny = await client.GiveAsync("Viewer", person, effect: GrantEffect.Deny);
        await theirs.RefusedAsync(HttpStatusCode.Forbidden, "permission-missing", HttpMethod.Get, "/api/v1/runs");
        // To take it away gives, and that the manager cannot.
        await client.RefusedAsync(HttpStatusCode.Forbidden, "beyond-own", HttpMethod.Delete, $"{Grants}/{deny.Id}");
    }

    [Fact]
    public async Task OwnersGrants_AreForOwnersAlone_AndTheLastOwnerStays()
    {
        var administrator = await Server.CreatePersonAsync(BuiltInRoles.Administrator);
        using var client = await Server.ClientAsync(administrator);
        var owner = await Server.CreatePersonAsync(BuiltInRoles.Owner);
        var theirs = (await ListAsync($"?subjectId={owner.Id}")).Single();
        await client.RefusedAsync(HttpStatusCode.Forbidden, "permission-missing", HttpMethod.Delete, $"{Grants}/{theirs.Id}");
        await client.RefusedAsync(HttpStatusCode.Forbidden, "permission-missing", HttpMethod.Post, Grants, new CreateGrant("Viewer", SubjectKind.Person, owner.Email));
        await Server.Owner.DoAsync(HttpMethod.Delete, $"{Grants}/{theirs.Id}");
    }

    [Fact]
    public async Task Grant_WithAnEnd_EndsByItself_IsKeptForAWhileAndThenGone()
    {
        var person = await Server.CreatePersonAsync();
        using var client = await Server.ClientAsync(person);
        var grant = await Server.Owner.GiveAsync("Viewer", person, until: DateTimeOffset.UtcNow.AddHours(1));
        await client.DoAsync(HttpMethod.Get, "/api/v1/runs");
        await Server.LetEndAsync(grant.Id);
        await EventuallyAsync(async () => (await client.GetAsync("/api/v1/runs", Cancelled)).StatusCode == HttpStatusCode.Forbidden, "it ended");
        var ended = await Server.Owner.SendAsync<GrantView>(HttpMethod.Get, $"{Grants}/{grant.Id}");
        Assert.True(ended.IsEnded);
        Assert.Contains(await ListAsync($"?state=ended&subjectId={person.Id}"), g => g.Id == grant.Id);
        Assert.Empty(await ListAsync($"?state=active&subjectId={person.Id}"));

        await Server.RunJobAsync("grants");
        Assert.NotEmpty(await ListAsync($"?subjectId={person.Id}"));
        await using (var db = Server.OpenDatabase())
        {
            var old = DateTimeOffset.UtcNow - GrantUpkeep.Keep - TimeSpan.FromMinutes(1);
            await db.Set<Grant>().Where(g => g.Id == grant.Id).ExecuteUpdateAsync(s => s.SetProperty(g => g.Until, old), Cancelled);
        }

        await Server.RunJobAsync("grants");
        Assert.Empty(await ListAsync($"?subjectId={person.Id}"));
    }

    [Fact]
    public async Task Token_WhoseMakerLosesAGrant_LosesItAtOnce()
    {
        var person = await Server.CreatePersonAsync(BuiltInRoles.Operator);
        using var token = await Server.ClientAsync(person);
        await token.DoAsync(HttpMethod.Get, "/api/v1/devices");
        var grant = (await ListAsync($"?subjectId={person.Id}")).Single();
        await Server.Owner.DoAsync(HttpMethod.Delete, $"{Grants}/{grant.Id}");
        await token.RefusedAsync(HttpStatusCode.Forbidden, "permission-missing", HttpMethod.Get, "/api/v1/devices");
    }

    [Fact]
    public async Task ServiceToken_WithGrantsOfItsOwn_StaysWithinItsMaker()
    {
        var maker = await Server.CreatePersonAsync(BuiltInRoles.Viewer);
        var text = SecretText.Create("op_");
        var token = new ApiToken
        {
            Id = Guid.CreateVersion7(),
            Name = AccessApi.Unique("service"),
            Hash = SecretText.Hash(text),
            Kind = TokenKind.Service,
            Permissions = [],
            OwnerId = maker.Id,
            CreatedBy = maker.Email,
            CreatedAt = DateTimeOffset.UtcNow,
        };
        await using (var db = Server.OpenDatabase())
        {
            db.Add(token);
            await db.SaveChangesAsync(Cancelled);
        }

        using var service = Server.Client(text);
        await service.RefusedAsync(HttpStatusCode.Forbidden, "permission-missing", HttpMethod.Get, "/api/v1/devices");
        var grant = await Server.Owner.SendAsync<GrantView>(HttpMethod.Post, Grants, new CreateGrant("Administrator", SubjectKind.Token, token.Id.ToString()));
        Assert.Equal(token.Name, grant.Subject);
        await service.DoAsync(HttpMethod.Get, "/api/v1/devices");
        await service.RefusedAsync(HttpStatusCode.Forbidden, "permission-missing", HttpMethod.Get, "/api/v1/people");
        await Server.Owner.DoAsync(HttpMethod.Delete, $"{Grants}/{(await ListAsync($"?subjectId={maker.Id}")).Single().Id}");
        await service.RefusedAsync(HttpStatusCode.Forbidden, "permission-missing", HttpMethod.Get, "/api/v1/devices");
    }

    [Theory]
    [InlineData("""{"subjectKind":"person","subject":"owner@example.org"}""", "role")]
    [InlineData("""{"role":"Dancer","subjectKind":"person","subject":"owner@example.org"}""", "role")]
    [InlineData("""{"role":"Viewer","subjectKind":"person","subject":"nobody@example.org"}""", "subject")]
    [InlineData("""{"role":"Viewer","subjectKind":"team","subject":"owner@example.org"}""", "subject")]
    [InlineData("""{"role":"Viewer","subjectKind":"token","subject":"x"}""", "subject")]
    [InlineData("""{"role":"Viewer","subjectKind":"person","subject":"owner@example.org","until":"2020-01-01T00:00:00Z"}""", "until")]
    [InlineData("""{"role":"Viewer","subjectKind":"person","subject":"owner@example.org","until":"2120-01-01T00:00:00Z"}""", "until")]
    [InlineData("""{"role":"Viewer","subjectKind":"person","subject":"owner@example.org","effect":"maybe"}""", "effect")]
    [InlineData("""{"role":"Viewer","subjectKind":"person","subject":"owner@example.org","colour":"red"}""", "colour")]
    [InlineData("""{"role":"","subjectKind":"person","subject":"","selector":"env="}""", "role subject")]
    public async Task Create_WithWrongFields_NamesThemAll(string body, string fields)
    {
        using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");
        using var response = await Server.Owner.PostAsync(Grants, content, Cancelled);
        var problem = await OperoneServer.ReadProblemAsync(response);
        Assert.Equal(400, problem.Status);
        Assert.Superset(fields.Split(' ').ToHashSet(), problem.Errors!.Keys.ToHashSet());
    }

    [Fact]
    public async Task Create_WithAMalformedSelector_NamesTheCharacter()
    {
        var problem = await Server.Owner.RefusedAsync(HttpStatusCode.BadRequest, "invalid-input", HttpMethod.Post, Grants,
            new CreateGrant("Viewer", SubjectKind.Person, OperoneServer.OwnerEmail, "env=prod,role in web"));
        Assert.Contains("at character 18", problem.Errors!["selector"][0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task List_ByPagesAndFilters_GivesEachGrantOnce()
    {
        var person = await Server.CreatePersonAsync();
        foreach (var name in new[] { "Viewer", "Operator", "Viewer" })
        {
            await Server.Owner.GiveAsync(name, person, $"n={Guid.NewGuid():N}");
        }

        var first = await Server.Owner.SendAsync<Page<GrantView>>(HttpMethod.Get, $"{Grants}?subjectId={person.Id}&limit=2");
        var second = await Server.Owner.SendAsync<Page<GrantView>>(HttpMethod.Get, $"{Grants}?subjectId={person.Id}&limit=2&cursor={first.NextCursor}");
        Assert.Equal([2, 1], [first.Items.Count, second.Items.Count]);
        Assert.Null(second.NextCursor);
        Assert.Equal(3, first.Items.Concat(second.Items).Select(g => g.Id).Distinct().Count());
        Assert.Equal(2, (await ListAsync($"?subjectId={person.Id}&role=viewer")).Count);
        Assert.Single(await ListAsync($"?q=operator%20{Uri.EscapeDataString(person.Email)}"));
        foreach (var (query, field) in new[] { ("role=Dancer", "role"), ("state=maybe", "state"), ("limit=0", "limit"), ("cursor=x", "cursor") })
        {
            var problem = await Server.Owner.RefusedAsync(HttpStatusCode.BadRequest, "invalid-input", HttpMethod.Get, $"{Grants}?{query}");
            Assert.Equal([field], problem.Errors!.Keys);
        }
    }

    [Fact]
    public async Task Grants_WithoutThePermission_AreRefused()
    {
        var person = await Server.CreatePersonAsync(BuiltInRoles.Operator);
        using var client = await Server.ClientAsync(person);
        foreach (var path in new[] { Grants, "/api/v1/people", "/api/v1/teams", "/api/v1/settings/sign-in" })
        {
            await client.RefusedAsync(HttpStatusCode.Forbidden, "permission-missing", HttpMethod.Get, path);
        }
    }

    /// <summary>Somebody who manages people, and may nothing else.</summary>
    private async Task<(TestPerson Person, RoleView Role)> ManagerAsync()
    {
        var role = await Server.Owner.MakeRoleAsync(AccessApi.Unique("managers"), Permissions.PeopleManage);
        var person = await Server.CreatePersonAsync();
        await Server.Owner.GiveAsync(role.Name, person);
        return (person, role);
    }

    private async Task<IReadOnlyList<GrantView>> ListAsync(string query) =>
        (await Server.Owner.SendAsync<Page<GrantView>>(HttpMethod.Get, $"{Grants}{query}")).Items;
}

public sealed class GrantsOnSqlite(SqliteFixture fixture) : GrantTests(fixture), IClassFixture<SqliteFixture>;

public sealed class GrantsOnPostgres(PostgresFixture fixture) : GrantTests(fixture), IClassFixture<PostgresFixture>;
