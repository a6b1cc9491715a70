using System.Net;
using System.Net.Http.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Operone.Core;
using Operone.Core.Access;
using Operone.Tests.Hosting;
using Operone.Web.Access;
using Xunit;

namespace Operone.Tests.Web.Access;

public abstract class SessionTests(ServerFixture fixture) : ServerTests(fixture)
{
    [Fact]
    public async Task SignIn_InABrowser_IsListedWithDeviceAddressAndMethod()
    {
        var person = await Server.CreatePersonAsync(BuiltInRoles.Viewer);
        using var browser = await Server.SignInAsync(person);
        var session = Assert.Single((await ReadAsync(browser.Client)).Items);
        Assert.Equal(("Firefox on Linux", "127.0.0.1", "password", true), (session.Device, session.Address, session.Method, session.IsCurrent));
        Assert.Equal((person.Id, person.Email, SessionBinding.WebCrypto), (session.PersonId, session.Person, session.Binding));

        // Another's are not one's own to see; who manages people sees them.
        Assert.Equal(HttpStatusCode.Forbidden, (await browser.Client.GetAsync("/api/v1/sessions?all=true", Cancelled)).StatusCode);
        var all = await ReadAsync(Server.Owner, "?limit=500&all=true");
        Assert.Contains(all.Items, s => s.Id == session.Id && !s.IsCurrent);
    }

    [Fact]
    public async Task Cookie_AfterTenMinutes_IsRenewedOnlyWithTheKey()
    {
        var time = new AdjustableTime();
        await using var server = await StartAsync(time);
        var person = await server.CreatePersonAsync(BuiltInRoles.Viewer);
        using var browser = await server.SignInAsync(person);
        time.Advance(TimeSpan.FromMinutes(9));
        Assert.Equal(HttpStatusCode.OK, (await browser.Client.GetAsync("/api/v1/devices", Cancelled)).StatusCode);

        time.Advance(TimeSpan.FromMinutes(2));
        using var stale = await browser.Client.GetAsync("/api/v1/devices", Cancelled);
        Assert.EndsWith("/session-stale", (await OperoneServer.ReadProblemAsync(stale)).Type, StringComparison.Ordinal);
        using var page = await browser.Client.GetAsync("/devices?status=online", Cancelled);
        Assert.Equal("/renew?returnUrl=%2Fdevices%3Fstatus%3Donline", page.Headers.Location?.OriginalString);

        Assert.Equal(HttpStatusCode.NoContent, (await browser.RenewAsync()).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await browser.Client.GetAsync("/api/v1/devices", Cancelled)).StatusCode);
    }

    [Fact]
    public async Task Cookie_CopiedToAnotherBrowser_EndsTheSessionAtItsRenewalAndIsAudited()
    {
        var person = await Server.CreatePersonAsync(BuiltInRoles.Viewer);
        using var browser = await Server.SignInAsync(person);
        var session = Assert.Single((await ReadAsync(browser.Client)).Items);
        using var thief = new TestBrowser(Server, browser.Cookies);
        using var refused = await thief.RenewAsync();
        Assert.EndsWith("/session-ended", (await OperoneServer.ReadProblemAsync(refused)).Type, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Unauthorized, (await thief.Client.GetAsync("/api/v1/devices", Cancelled)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await browser.Client.GetAsync("/api/v1/devices", Cancelled)).StatusCode);

        var entry = await EventuallyAsync(async () => (await AuditAsync()).FirstOrDefault(e => e.Action == "session.renew" && e.Target == session.Id.ToString()), "the copy in the audit trail");
        Assert.False(entry.Allowed);
        Assert.Contains("copied", entry.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Renewal_WithoutASignature_EndsTheSession()
    {
        using var browser = await Server.SignInAsync(await Server.CreatePersonAsync(BuiltInRoles.Viewer));
        Assert.Equal(HttpStatusCode.Unauthorized, (await browser.RenewAsync(withKey: false)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await browser.Client.GetAsync("/api/v1/devices", Cancelled)).StatusCode);
    }

    [Fact]
    public async Task Nonce_UsedBefore_OldOrOfAnotherSession_IsNotGood()
    {
        var time = new AdjustableTime();
        await using var server = await StartAsync(time);
        var person = await server.CreatePersonAsync(BuiltInRoles.Viewer);
        using var browser = await server.SignInAsync(person);
        using var other = await server.SignInAsync(person);
        var renewal = server.Services.GetRequiredService<SessionRenewal>();
        var mine = Assert.Single((await ReadAsync(browser.Client)).Items, s => s.IsCurrent).Id;
        var others = Assert.Single((await ReadAsync(other.Client)).Items, s => s.IsCurrent).Id;

        var once = renewal.Nonce(mine, SessionRenewal.ForRenewal);
        Assert.Equal(HttpStatusCode.NoContent, (await browser.RenewAsync(once, browser.Sign(once))).StatusCode);
        Assert.Equal(HttpStatusCode.Conflict, (await browser.RenewAsync(once, browser.Sign(once))).StatusCode);
        var foreign = renewal.Nonce(others, SessionRenewal.ForRenewal);
        Assert.Equal(HttpStatusCode.Conflict, (await browser.RenewAsync(foreign, browser.Sign(foreign))).StatusCode);
        var forBinding = renewal.Nonce(mine, SessionRenewal.ForBinding);
        Assert.Equal(HttpStatusCode.Conflict, (await browser.RenewAsync(forBinding, browser.Sign(forBinding))).StatusCode);
        var old = renewal.Nonce(mine, SessionRenewal.ForRenewal);
        time.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(HttpStatusCode.Conflict, (await browser.RenewAsync(old, browser.Sign(old))).StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await browser.RenewAsync()).StatusCode);
    }

    [Fact]
    public async Task End_OfASession_CutsTheStreamThatItHoldsWithinFiveSeconds()
    {
        var person = await Server.CreatePersonAsync(BuiltInRoles.Viewer);
        using var browser = await Server.SignInAsync(person);
        using var other = await Server.SignInAsync(person);
        using var stream = await browser.Client.GetAsync("/api/v1/events/stream", HttpCompletionOption.ResponseHeadersRead, Cancelled);
        var reading = (await stream.Content.ReadAsStreamAsync(Cancelled)).CopyToAsync(Stream.Null, Cancelled);
        var mine = Assert.Single((await ReadAsync(browser.Client)).Items, s => s.IsCurrent);

        // Somebody else's does not exist for a viewer; one's own can be ended from another device.
        using var stranger = await Server.ClientAsync(await Server.CreatePersonAsync(BuiltInRoles.Viewer));
        Assert.Equal(HttpStatusCode.NotFound, (await stranger.DeleteAsync($"/api/v1/sessions/{mine.Id}", Cancelled)).StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await Server.Owner.DeleteAsync($"/api/v1/sessions/{mine.Id}", Cancelled)).StatusCode);
        // Cut, or ended by itself where it was just about to tell something.
        await Record.ExceptionAsync(() => reading.WaitAsync(TimeSpan.FromSeconds(5), Cancelled));
        Assert.True(reading.IsCompleted);
        Assert.Equal(HttpStatusCode.Unauthorized, (await browser.Client.GetAsync("/api/v1/devices", Cancelled)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await other.Client.GetAsync("/api/v1/devices", Cancelled)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await Server.Owner.DeleteAsync($"/api/v1/sessions/{mine.Id}", Cancelled)).StatusCode);
    }

    [Fact]
    public async Task End_InTheDatabaseAlone_AsAnotherNodeDoesIt_IsSeenWithinFiveSeconds()
    {
        var person = await Server.CreatePersonAsync(BuiltInRoles.Viewer);
        using var browser = await Server.SignInAsync(person);
        using var stream = await browser.Client.GetAsync("/api/v1/events/stream", HttpCompletionOption.ResponseHeadersRead, Cancelled);
        var reading = (await stream.Content.ReadAsStreamAsync(Cancelled)).CopyToAsync(Stream.Null, Cancelled);
        await using (var db = Server.OpenDatabase())
        {
            await db.Set<Session>().Where(s => s.PersonId == person.Id).ExecuteUpdateAsync(set => set.SetProperty(s => s.EndedAt, DateTimeOffset.UtcNow), Cancelled);
        }

        // Cut, or ended by itself where it was just about to tell something.
        await Record.ExceptionAsync(() => reading.WaitAsync(TimeSpan.FromSeconds(5), Cancelled));
        Assert.True(reading.IsCompleted);
    }

    [Fact]
    public async Task End_OfAllOthers_LeavesTheOneThatAsks()
    {
        var person = await Server.CreatePersonAsync(BuiltInRoles.Viewer);
        using var first = await Server.SignInAsync(person);
        using var second = await Server.SignInAsync(person);
        using var third = await Server.SignInAsync(person);
        using var manager = await Server.ClientAsync(await Server.CreatePersonAsync(BuiltInRoles.Administrator));

        // The API is changed with a token alone, so that no other site can: a token keeps no session.
        Assert.Equal(HttpStatusCode.Unauthorized, (await first.Client.DeleteAsync("/api/v1/sessions", Cancelled)).StatusCode);
        var service = Server.Services.GetRequiredService<SessionService>();
        var directory = Server.Services.GetRequiredService<SessionDirectory>();
        var current = Assert.Single((await ReadAsync(first.Client)).Items, s => s.IsCurrent);
        var actor = Actor.From((await directory.FindAsync(current.Id, Cancelled))!.Principal);
        Assert.Equal(2, (await service.EndAllAsync(actor, person.Id, keepThis: true, Cancelled)).Value);
        Assert.Equal(HttpStatusCode.OK, (await first.Client.GetAsync("/api/v1/devices", Cancelled)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await second.Client.GetAsync("/api/v1/devices", Cancelled)).StatusCode);

        using var ended = await manager.DeleteAsync($"/api/v1/sessions?personId={person.Id}", Cancelled);
        Assert.Equal(1, (await ended.Content.ReadFromJsonAsync<SessionsEnded>(Cancelled))!.Ended);
        Assert.Equal(HttpStatusCode.Unauthorized, (await first.Client.GetAsync("/api/v1/devices", Cancelled)).StatusCode);
    }

    [Fact]
    public async Task Grant_TakenAway_CountsAtTheNextRequestOfAnOpenSession()
    {
        var person = await Server.CreatePersonAsync();
        using var browser = await Server.SignInAsync(person);
        Assert.Equal(HttpStatusCode.Forbidden, (await browser.Client.GetAsync("/api/v1/devices", Cancelled)).StatusCode);
        await Server.GrantAsync(person, BuiltInRoles.Viewer);
        Assert.Equal(HttpStatusCode.OK, (await browser.Client.GetAsync("/api/v1/devices", Cancelled)).StatusCode);
        await Server.GrantAsync(person, BuiltInRoles.Viewer, effect: GrantEffect.Deny);
        Assert.Equal(HttpStatusCode.Forbidden, (await browser.Client.GetAsync("/api/v1/devices", Cancelled)).StatusCode);
    }

    [Fact]
    public async Task SignIn_WithoutADeviceKey_IsRefused()
    {
        var person = await Server.CreatePersonAsync(BuiltInRoles.Viewer);
        using var browser = new TestBrowser(Server);
        using var answer = await browser.SendFormAsync("/sign-in", new()
        {
            ["_handler"] = "sign-in",
            ["Email"] = person.Email,
            ["Password"] = TestPeople.Password,
            ["DeviceKey"] = "MFkwEwYHKoZIzj0CAQ",
        });
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Contains("The browser made no key", await answer.Content.ReadAsStringAsync(Cancelled), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Unauthorized, (await browser.Client.GetAsync("/api/v1/devices", Cancelled)).StatusCode);
    }

    private Task<OperoneServer> StartAsync(AdjustableTime time) =>
        Fixture.StartAnotherAsync(configure: builder => builder.Services.AddSingleton<TimeProvider>(time));

    private static async Task<Page<SessionView>> ReadAsync(HttpClient client, string query = "") =>
        (await client.GetFromJsonAsync<Page<SessionView>>($"/api/v1/sessions{query}", Cancelled))!;

    private async Task<IReadOnlyList<AuditEntryView>> AuditAsync() =>
        (await Server.Owner.GetFromJsonAsync<Page<AuditEntryView>>("/api/v1/audit?limit=200", Cancelled))!.Items;
}

public sealed class SessionsOnSqlite(SqliteFixture fixture) : SessionTests(fixture), IClassFixture<SqliteFixture>;

public sealed class SessionsOnPostgres(PostgresFixture fixture) : SessionTests(fixture), IClassFixture<PostgresFixture>;
