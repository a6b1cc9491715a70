using System.Net;
using Microsoft.EntityFrameworkCore;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Events;
using Operone.Tests.Hosting;
using Operone.Web.Access;
using Xunit;

namespace Operone.Tests.Web.Access;

public abstract class AccessRequestTests(ServerFixture fixture) : ServerTests(fixture)
{
    private const string Requests = "/api/v1/access-requests";
    private const long Hour = 3600;

    [Fact]
    public async Task Request_Approved_IsAGrantThatEndsByItself()
    {
        var person = await Server.CreatePersonAsync();
        using var client = await Server.SessionClientAsync(person);
        var asked = await AskAsync(client, "Viewer", "env=prod");
        Assert.Equal((AccessRequestStatus.Open, person.Email, "env=prod"), (asked.Status, asked.Person, asked.Selector));
        await Server.HappenedAsync(EventTypes.AccessRequestCreated, person.Email);
        Assert.Contains((await ListAsync(Server.Owner, "?status=open")).Items, r => r.Id == asked.Id);

        var approved = await Server.Owner.SendAsync<AccessRequestView>(HttpMethod.Post, $"{Requests}/{asked.Id}/approve", new ApproveAccessRequest(60, "go on"));
        Assert.Equal((AccessRequestStatus.Approved, "go on"), (approved.Status, approved.DecisionReason));
        Assert.InRange(approved.GrantUntil!.Value - DateTimeOffset.UtcNow, TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(61));
        await client.DoAsync(HttpMethod.Get, "/api/v1/runs");
        await Server.AuditedAsync("access-request.approve", true, person.Email);
        await Server.HappenedAsync(EventTypes.AccessRequestApproved, person.Email);
        await Server.Owner.RefusedAsync(HttpStatusCode.Conflict, "access-request-decided", HttpMethod.Post, $"{Requests}/{asked.Id}/refuse", new RefuseAccessRequest("late"));

        // The minute is over.
        await using (var change = await Server.Service<AccessDirectory>().BeginAsync(Cancelled))
        {
            var now = DateTimeOffset.UtcNow;
            await change.Db.Set<Grant>().Where(g => g.Id == approved.GrantId).ExecuteUpdateAsync(s => s.SetProperty(g => g.Until, now), Cancelled);
            Assert.Null(await change.CommitAsync(Cancelled));
        }

        await client.RefusedAsync(HttpStatusCode.Forbidden, "permission-missing", HttpMethod.Get, "/api/v1/runs");
    }

    [Fact]
    public async Task Approve_ByWhoLacksIt_OrAskedItself_OrLonger_IsRefused()
    {
        var managers = await Server.Owner.MakeRoleAsync(AccessApi.Unique("managers"), Permissions.PeopleManage);
        var manager = await Server.CreatePersonAsync(BuiltInRoles.Viewer);
        await Server.Owner.GiveAsync(managers.Name, manager);
        using var managing = await Server.SessionClientAsync(manager);
        var person = await Server.CreatePersonAsync();
        using var client = await Server.SessionClientAsync(person);

        var asked = await AskAsync(client, "Operator");
        await client.RefusedAsync(HttpStatusCode.Forbidden, "permission-missing", HttpMethod.Post, $"{Requests}/{asked.Id}/approve", new ApproveAccessRequest());
        await managing.RefusedAsync(HttpStatusCode.Forbidden, "beyond-own", HttpMethod.Post, $"{Requests}/{asked.Id}/approve", new ApproveAccessRequest());
        await Server.AuditedAsync("grant.create", false, person.Email);
        var problem = await Server.Owner.RefusedAsync(
            HttpStatusCode.BadRequest, "invalid-input", HttpMethod.Post, $"{Requests}/{asked.Id}/approve", new ApproveAccessRequest(Hour + 1));
        Assert.Equal(["durationSeconds"], problem.Errors!.Keys);

        // Not even what they have.
        var own = await AskAsync(managing, "Viewer");
        await managing.RefusedAsync(HttpStatusCode.Forbidden, "own-request", HttpMethod.Post, $"{Requests}/{own.Id}/approve", new ApproveAccessRequest());
        await Server.AuditedAsync("access-request.approve", false, manager.Email);
        // An owner who asks is for an owner.
        var owner = await Server.CreatePersonAsync(BuiltInRoles.Owner);
        using var owning = await Server.SessionClientAsync(owner);
        var theirs = await AskAsync(owning, "Viewer");
        await managing.RefusedAsync(HttpStatusCode.Forbidden, "permission-missing", HttpMethod.Post, $"{Requests}/{theirs.Id}/approve", new ApproveAccessRequest());
    }

    [Fact]
    public async Task Request_OfSomebodyElse_DoesNotExist()
    {
        var asker = await Server.CreatePersonAsync();
        var other = await Server.CreatePersonAsync(BuiltInRoles.Operator);
        using var asking = await Server.SessionClientAsync(asker);
        using var looking = await Server.SessionClientAsync(other);
        var asked = await AskAsync(asking, "Viewer");
        Assert.Equal(asked.Id, (await asking.SendAsync<AccessRequestView>(HttpMethod.Get, $"{Requests}/{asked.Id}")).Id);
        Assert.Empty((await ListAsync(looking, "")).Items);
        await looking.RefusedAsync(HttpStatusCode.NotFound, "access-request-not-found", HttpMethod.Get, $"{Requests}/{asked.Id}");
        await looking.RefusedAsync(HttpStatusCode.NotFound, "access-request-not-found", HttpMethod.Post, $"{Requests}/{asked.Id}/withdraw");
        await Server.Owner.RefusedAsync(HttpStatusCode.NotFound, "access-request-not-found", HttpMethod.Post, $"{Requests}/{asked.Id}/withdraw");
        Assert.DoesNotContain((await ListAsync(Server.Owner, "?mine=true&limit=500")).Items, r => r.Id == asked.Id);
    }

    [Fact]
    public async Task Request_RefusedOrWithdrawn_GivesNothing()
    {
        var person = await Server.CreatePersonAsync();
        using var client = await Server.SessionClientAsync(person);
        var first = await AskAsync(client, "Viewer");
        var problem = await Server.Owner.RefusedAsync(
            HttpStatusCode.BadRequest, "invalid-input", HttpMethod.Post, $"{Requests}/{first.Id}/refuse", new RefuseAccessRequest(" "));
        Assert.Equal(["reason"], problem.Errors!.Keys);
        var refused = await Server.Owner.SendAsync<AccessRequestView>(HttpMethod.Post, $"{Requests}/{first.Id}/refuse", new RefuseAccessRequest("not today"));
        Assert.Equal((AccessRequestStatus.Refused, "not today", OperoneServer.OwnerEmail), (refused.Status, refused.DecisionReason, OperoneServer.OwnerEmail));
        await Server.HappenedAsync(EventTypes.AccessRequestRefused, person.Email);
        var second = await AskAsync(client, "Viewer");
        await client.SendAsync<AccessRequestView>(HttpMethod.Post, $"{Requests}/{second.Id}/withdraw");
        await Server.AuditedAsync("access-request.withdraw", true, person.Email);
        await client.RefusedAsync(HttpStatusCode.Conflict, "access-request-decided", HttpMethod.Post, $"{Requests}/{second.Id}/withdraw");
        await Server.Owner.RefusedAsync(HttpStatusCode.Conflict, "access-request-decided", HttpMethod.Post, $"{Requests}/{second.Id}/approve", new ApproveAccessRequest());
        await client.RefusedAsync(HttpStatusCode.Forbidden, "permission-missing", HttpMethod.Get, "/api/v1/runs");
    }

    [Fact]
    public async Task Approve_TwiceAtTheSameMoment_MakesOneGrant()
    {
        var person = await Server.CreatePersonAsync();
        using var client = await Server.SessionClientAsync(person);
        var asked = await AskAsync(client, "Viewer");
        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ =>
            Server.Owner.PostAsync($"{Requests}/{asked.Id}/approve", System.Net.Http.Json.JsonContent.Create(new ApproveAccessRequest()), Cancelled)));
        Assert.Equal(1, answers.Count(a => a.StatusCode == HttpStatusCode.OK));
        Assert.Equal(3, answers.Count(a => a.StatusCode == HttpStatusCode.Conflict));
        Assert.Single((await Server.Owner.SendAsync<PersonDetails>(HttpMethod.Get, $"/api/v1/people/{person.Id}")).Grants);
    }

    [Fact]
    public async Task Create_WithWrongFields_NamesThemAll()
    {
        var person = await Server.CreatePersonAsync();
        using var client = await Server.SessionClientAsync(person);
        var problem = await client.RefusedAsync(
            HttpStatusCode.BadRequest, "invalid-input", HttpMethod.Post, Requests, new CreateAccessRequest("Dancer", 60, "", "env="));
        Assert.Superset(new HashSet<string> { "role", "durationSeconds", "reason" }, problem.Errors!.Keys.ToHashSet());
        await client.RefusedAsync(HttpStatusCode.BadRequest, "invalid-input", HttpMethod.Post, Requests, new CreateAccessRequest("Viewer", 31 * 24 * Hour, "x"));
        await client.RefusedAsync(HttpStatusCode.BadRequest, "invalid-input", HttpMethod.Get, $"{Requests}?status=maybe");
        await client.RefusedAsync(HttpStatusCode.BadRequest, "invalid-input", HttpMethod.Get, $"{Requests}?status=1");
        for (var i = 0; i < 20; i++)
        {
            await AskAsync(client, "Viewer");
        }

        await client.RefusedAsync(HttpStatusCode.Conflict, "too-many-access-requests", HttpMethod.Post, Requests, new CreateAccessRequest("Viewer", Hour, "x"));
    }

    [Fact]
    public async Task Token_MadeForSomethingElse_NeitherAsksNorSees()
    {
        var person = await Server.CreatePersonAsync();
        using var client = await Server.SessionClientAsync(person);
        using var token = await Server.ClientAsync(person);
        var asked = await AskAsync(client, "Viewer");
        await token.RefusedAsync(HttpStatusCode.Forbidden, "no-person", HttpMethod.Post, Requests, new CreateAccessRequest("Viewer", Hour, "x"));
        await Server.AuditedAsync("access-request.create", false, $"token:{person.Email}");
        await token.RefusedAsync(HttpStatusCode.NotFound, "access-request-not-found", HttpMethod.Get, $"{Requests}/{asked.Id}");
        await token.RefusedAsync(HttpStatusCode.NotFound, "access-request-not-found", HttpMethod.Post, $"{Requests}/{asked.Id}/withdraw");
        Assert.Empty((await ListAsync(token, "")).Items);
    }

    private static Task<AccessRequestView> AskAsync(HttpClient client, string role, string? selector = null) =>
        client.SendAsync<AccessRequestView>(HttpMethod.Post, Requests, new CreateAccessRequest(role, Hour, "the disk is full", selector));

    private static Task<Page<AccessRequestView>> ListAsync(HttpClient client, string query) => client.SendAsync<Page<AccessRequestView>>(HttpMethod.Get, Requests + query);
}

public sealed class AccessRequestsOnSqlite(SqliteFixture fixture) : AccessRequestTests(fixture), IClassFixture<SqliteFixture>;

public sealed class AccessRequestsOnPostgres(PostgresFixture fixture) : AccessRequestTests(fixture), IClassFixture<PostgresFixture>;
