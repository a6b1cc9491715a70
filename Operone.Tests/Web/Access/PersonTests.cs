using System.Net;
using Microsoft.EntityFrameworkCore;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Devices;
using Operone.Core.Events;
using Operone.Core.Shell;
using Operone.Tests.Hosting;
using Operone.Web.Access;
using Xunit;

namespace Operone.Tests.Web.Access;

public abstract class PersonTests(ServerFixture fixture) : ServerTests(fixture)
{
    private const string People = "/api/v1/people";

    [Fact]
    public async Task List_ByPagesAndFilters_GivesEachPersonOnceWithWhatIsKnown()
    {
        var mark = Guid.NewGuid().ToString("N")[..8];
        var first = await Server.CreatePersonAsync(BuiltInRoles.Viewer, "env=prod", $"a-{mark}@example.org");
        var second = await Server.CreatePersonAsync(email: $"b-{mark}@example.org");
        var third = await Server.CreatePersonAsync(BuiltInRoles.Owner, email: $"C-{mark}@example.org");
        var team = await Server.Owner.SendAsync<TeamView>(HttpMethod.Post, "/api/v1/teams", new CreateTeam($"team-{mark}"));
        await Server.Owner.DoAsync(HttpMethod.Put, $"/api/v1/teams/{team.Id}/members/{second.Id}");
        using var browser = await Server.SignInAsync(first);

        var page = await ListAsync($"?q={mark}&limit=2");
        Assert.Equal([first.Email, second.Email], page.Items.Select(p => p.Email));
        var rest = await ListAsync($"?q={mark}&limit=2&cursor={page.NextCursor}");
        Assert.Equal((third.Email, true), (rest.Items.Single().Email, rest.Items.Single().IsOwner));
        Assert.Null(rest.NextCursor);
        Assert.Equal(["Viewer"], page.Items[0].Roles.Select(r => r.Name));
        Assert.NotNull(page.Items[0].LastSeenAt);
        Assert.Null(page.Items[1].LastSeenAt);
        Assert.Equal([team.Name], page.Items[1].Teams.Select(t => t.Name));
        Assert.Equal((true, false, 0), (page.Items[0].WaysIn.Password, page.Items[0].WaysIn.OneTimeCodes, page.Items[0].WaysIn.Passkeys));
        Assert.Equal([second.Email], (await ListAsync($"?teamId={team.Id}")).Items.Select(p => p.Email));
        Assert.Equal([first.Email], (await ListAsync($"?q={mark}&role=viewer")).Items.Select(p => p.Email));
        await Server.Owner.DoAsync(HttpMethod.Post, $"{People}/{second.Id}/disable");
        Assert.Equal([second.Email], (await ListAsync($"?q={mark}&state=disabled")).Items.Select(p => p.Email));
        foreach (var (query, field) in new[] { ("role=Dancer", "role"), ("state=maybe", "state"), ("limit=501", "limit"), ("cursor=!", "cursor") })
        {
            Assert.Equal([field], (await Server.Owner.RefusedAsync(HttpStatusCode.BadRequest, "invalid-input", HttpMethod.Get, $"{People}?{query}")).Errors!.Keys);
        }
    }

    [Fact]
    public async Task Disable_EndsSessionsAndTokens_AndEnableLetsInAgain()
    {
        var person = await Server.CreatePersonAsync(BuiltInRoles.Viewer);
        using var browser = await Server.SignInAsync(person);
        using var token = await Server.ClientAsync(person);
        await token.DoAsync(HttpMethod.Get, "/api/v1/runs");
        Assert.Equal(HttpStatusCode.OK, (await browser.Client.GetAsync("/api/v1/runs", Cancelled)).StatusCode);

        await Server.Owner.DoAsync(HttpMethod.Post, $"{People}/{person.Id}/disable");
        Assert.Equal(HttpStatusCode.Unauthorized, (await token.GetAsync("/api/v1/runs", Cancelled)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await browser.Client.GetAsync("/api/v1/runs", Cancelled)).StatusCode);
        using (var again = new TestBrowser(Server))
        {
            using var answer = await again.FillInAsync("/sign-in", new() { ["Email"] = person.Email, ["Password"] = TestPeople.Password });
            Assert.NotEqual(HttpStatusCode.Redirect, answer.StatusCode);
        }

        Assert.NotNull((await GetAsync(person)).Person.DisabledAt);
        await Server.AuditedAsync("person.disable", true, person.Email);
        await Server.HappenedAsync(EventTypes.PersonDisabled, person.Email);
        await Server.Owner.DoAsync(HttpMethod.Post, $"{People}/{person.Id}/enable");
        (await Server.SignInAsync(person)).Dispose();
        // The sessions stay ended; a token is its person's, who may act again.
        Assert.Equal(HttpStatusCode.Unauthorized, (await browser.Client.GetAsync("/api/v1/runs", Cancelled)).StatusCode);
        await Server.HappenedAsync(EventTypes.PersonEnabled, person.Email);
    }

    [Fact]
    public async Task Disable_EndsAStreamThatIsOpen_WithinFiveSeconds()
    {
        var person = await Server.CreatePersonAsync(BuiltInRoles.Viewer);
        using var token = await Server.ClientAsync(person);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/events/stream");
        using var response = await token.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancelled);
        response.EnsureSuccessStatusCode();
        await using var stream = await response.Content.ReadAsStreamAsync(Cancelled);
        await Server.Owner.DoAsync(HttpMethod.Post, $"{People}/{person.Id}/disable");
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        patience.CancelAfter(TimeSpan.FromSeconds(5));
        var buffer = new byte[4096];
        var ended = false;
        while (!ended)
        {
            try
            {
                ended = await stream.ReadAsync(buffer, patience.Token) == 0;
            }
            catch (Exception e) when (e is IOException or HttpRequestException)
            {
                ended = true;
            }
        }

        Assert.False(patience.IsCancellationRequested);
    }

    [Fact]
    public async Task Remove_TakesSessionsTokensAndGrants_AndLeavesRunsAndAudit()
    {
        var agent = await Server.ConnectAsync(AccessApi.Unique("left"));
        var person = await Server.CreatePersonAsync(BuiltInRoles.Operator);
        using var browser = await Server.SignInAsync(person);
        using var token = await Server.ClientAsync(person);
        var run = await token.SendAsync<RunView>(HttpMethod.Post, "/api/v1/runs", new CreateRun { Command = "true", Target = new RunTarget([agent.Name]) });
        await Server.Owner.DoAsync(HttpMethod.Delete, $"{People}/{person.Id}");
        Assert.Equal(HttpStatusCode.Unauthorized, (await token.GetAsync("/api/v1/runs", Cancelled)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await browser.Client.GetAsync("/api/v1/runs", Cancelled)).StatusCode);
        await using var db = Server.OpenDatabase();
        Assert.False(await db.Set<Grant>().AnyAsync(g => g.SubjectId == person.Id, Cancelled));
        Assert.False(await db.Set<Session>().AnyAsync(s => s.PersonId == person.Id, Cancelled));
        Assert.False(await db.Set<ApiToken>().AnyAsync(t => t.OwnerId == person.Id, Cancelled));
        await Server.Owner.SendAsync<RunView>(HttpMethod.Get, $"/api/v1/runs/{run.Id}");
        await Server.AuditedAsync("person.remove", true, person.Email);
        await Server.HappenedAsync(EventTypes.PersonRemoved, person.Email);
        await Server.Owner.RefusedAsync(HttpStatusCode.NotFound, "person-not-found", HttpMethod.Get, $"{People}/{person.Id}");
        await Server.Owner.RefusedAsync(HttpStatusCode.NotFound, "person-not-found", HttpMethod.Delete, $"{People}/{person.Id}");
        await agent.DisposeAsync();
    }

    [Fact]
    public async Task Owner_IsActedOnByOwnersAlone()
    {
        var administrator = await Server.CreatePersonAsync(BuiltInRoles.Administrator);
        var owner = await Server.CreatePersonAsync(BuiltInRoles.Owner);
        using var client = await Server.ClientAsync(administrator);
        var acts = new (HttpMethod Method, string Path, object? Body)[]
        {
            (HttpMethod.Post, "/disable", null), (HttpMethod.Post, "/enable", null), (HttpMethod.Delete, "", null), (HttpMethod.Patch, "", new UpdatePerson("x")),
        };
        foreach (var (method, path, body) in acts)
        {
            var problem = await client.RefusedAsync(HttpStatusCode.Forbidden, "permission-missing", method, $"{People}/{owner.Id}{path}", body);
            Assert.Contains(Permissions.OwnersManage, problem.Detail, StringComparison.Ordinal);
        }

        await Server.AuditedAsync("person.disable", false, $"lacks {Permissions.OwnersManage}");
        using var theirs = await Server.SignInAsync(owner);
        var session = (await client.SendAsync<Page<SessionView>>(HttpMethod.Get, $"/api/v1/sessions?personId={owner.Id}")).Items.Single();
        await client.RefusedAsync(HttpStatusCode.Forbidden, "permission-missing", HttpMethod.Delete, $"/api/v1/sessions/{session.Id}");
        // Disabled, they are an owner still.
        await Server.Owner.DoAsync(HttpMethod.Post, $"{People}/{owner.Id}/disable");
        await client.RefusedAsync(HttpStatusCode.Forbidden, "permission-missing", HttpMethod.Post, $"{People}/{owner.Id}/enable");
        await Server.Owner.DoAsync(HttpMethod.Delete, $"{People}/{owner.Id}");
    }

    [Fact]
    public async Task Nobody_DisablesOrRemovesThemselves()
    {
        var owner = await Server.CreatePersonAsync(BuiltInRoles.Owner);
        using var client = await Server.ClientAsync(owner);
        await client.RefusedAsync(HttpStatusCode.Conflict, "not-yourself", HttpMethod.Post, $"{People}/{owner.Id}/disable");
        await client.RefusedAsync(HttpStatusCode.Conflict, "not-yourself", HttpMethod.Delete, $"{People}/{owner.Id}");
    }

    [Fact]
    public async Task TwoOwners_RemovingEachOtherAtTheSameMoment_OneStays()
    {
        await using var server = await Fixture.StartAnotherAsync();
        var other = await server.CreatePersonAsync(BuiltInRoles.Owner);
        var ownerId = await OwnerIdAsync(server);
        using var theirs = await server.ClientAsync(other);
        for (var round = 0; round < 3; round++)
        {
            // Both hold the permission when they ask; the second has its turn when it is gone.
            var answers = await Task.WhenAll(
                server.Owner.PostAsync($"{People}/{other.Id}/disable", null, Cancelled), theirs.PostAsync($"{People}/{ownerId}/disable", null, Cancelled));
            Assert.Equal(1, answers.Count(a => a.StatusCode == HttpStatusCode.NoContent));
            Assert.Equal(1, answers.Count(a => a.StatusCode is HttpStatusCode.Forbidden or HttpStatusCode.Conflict or HttpStatusCode.Unauthorized));
            var (left, gone) = answers[0].StatusCode == HttpStatusCode.NoContent ? (server.Owner, other.Id) : (theirs, ownerId);
            await left.DoAsync(HttpMethod.Post, $"{People}/{gone}/enable");
        }
    }

    [Fact]
    public async Task LastOwner_Stays()
    {
        await using var server = await Fixture.StartAnotherAsync();
        var ownerId = await OwnerIdAsync(server);
        var grant = (await server.Owner.SendAsync<PersonDetails>(HttpMethod.Get, $"{People}/{ownerId}")).Grants.Single();
        await server.Owner.RefusedAsync(HttpStatusCode.Conflict, "last-owner", HttpMethod.Delete, $"/api/v1/grants/{grant.Id}");
        await server.AuditedAsync("grant.remove", false, "nobody who may do everything");
        Assert.NotNull(await server.Owner.SendAsync<GrantView>(HttpMethod.Get, $"/api/v1/grants/{grant.Id}"));
        // An owner until tomorrow is none to count on.
        var other = await server.CreatePersonAsync();
        await server.Owner.GiveAsync("Owner", other, until: DateTimeOffset.UtcNow.AddDays(1));
        await server.Owner.RefusedAsync(HttpStatusCode.Conflict, "last-owner", HttpMethod.Delete, $"/api/v1/grants/{grant.Id}");
        await server.Owner.GiveAsync("Owner", other);
        await server.Owner.DoAsync(HttpMethod.Delete, $"/api/v1/grants/{grant.Id}");
    }

    [Fact]
    public async Task Decision_SaysWhichGrantGivesOrTakes()
    {
        var name = AccessApi.Unique("why");
        var agent = await Server.EnrollAsync(name, new() { ["env"] = "prod", ["why"] = name });
        var person = await Server.CreatePersonAsync();
        var given = await Server.Owner.GiveAsync("Viewer", person, $"why={name}");
        var at = $"{People}/{person.Id}/decision?permission=devices.read";
        var yes = await Server.Owner.SendAsync<DecisionView>(HttpMethod.Get, $"{at}&device={name}");
        Assert.Equal((true, DecisionReason.Granted, given.Id, name), (yes.Allowed, yes.Reason, yes.Grant!.Id, yes.Device));
        Assert.Contains($"the role Viewer on why={name}", yes.Explanation, StringComparison.Ordinal);
        var no = await Server.Owner.SendAsync<DecisionView>(HttpMethod.Get, at);
        Assert.Equal((false, DecisionReason.NoGrant), (no.Allowed, no.Reason));
        var denied = await Server.Owner.GiveAsync("Operator", person, "env=prod", GrantEffect.Deny);
        var taken = await Server.Owner.SendAsync<DecisionView>(HttpMethod.Get, $"{at}&device={name}");
        Assert.Equal((false, DecisionReason.Denied, denied.Id), (taken.Allowed, taken.Reason, taken.Grant!.Id));
        var all = await Server.Owner.SendAsync<IReadOnlyList<DecisionView>>(HttpMethod.Get, $"{People}/{person.Id}/decisions?device={name}");
        Assert.Equal(Permissions.All, all.Select(d => d.Permission));
        await Server.Owner.RefusedAsync(HttpStatusCode.BadRequest, "invalid-input", HttpMethod.Get, $"{People}/{person.Id}/decision?permission=dance");
        await Server.Owner.RefusedAsync(HttpStatusCode.NotFound, "device-not-found", HttpMethod.Get, $"{at}&device=nothing");
        await agent.DisposeAsync();
    }

    [Fact]
    public async Task Update_ChangesTheDisplayNameAlone()
    {
        var person = await Server.CreatePersonAsync();
        var view = await Server.Owner.SendAsync<PersonView>(HttpMethod.Patch, $"{People}/{person.Id}", new UpdatePerson("  Ada Lovelace "));
        Assert.Equal(("Ada Lovelace", person.Email), (view.DisplayName, view.Email));
        var problem = await Server.Owner.RefusedAsync(
            HttpStatusCode.BadRequest, "invalid-input", HttpMethod.Patch, $"{People}/{person.Id}", new UpdatePerson(new string('x', 101)));
        Assert.Equal(["displayName"], problem.Errors!.Keys);
    }

    private async Task<Page<PersonView>> ListAsync(string query) => await Server.Owner.SendAsync<Page<PersonView>>(HttpMethod.Get, People + query);

    private async Task<PersonDetails> GetAsync(TestPerson person) => await Server.Owner.SendAsync<PersonDetails>(HttpMethod.Get, $"{People}/{person.Id}");

    private static async Task<Guid> OwnerIdAsync(OperoneServer server) =>
        (await server.Owner.SendAsync<Page<PersonView>>(HttpMethod.Get, $"{People}?q={OperoneServer.OwnerEmail}")).Items.Single().Id;
}

public sealed class PeopleOnSqlite(SqliteFixture fixture) : PersonTests(fixture), IClassFixture<SqliteFixture>;

public sealed class PeopleOnPostgres(PostgresFixture fixture) : PersonTests(fixture), IClassFixture<PostgresFixture>;
