using System.Net;
using System.Net.Http.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Operone.Core.Access;
using Operone.Core.Devices;
using Operone.Tests.Hosting;
using Operone.Web.Access;
using Xunit;

namespace Operone.Tests.Web.Access;

public abstract class StepUpTests(ServerFixture fixture) : ServerTests(fixture)
{
    private StepUp Service => Server.Services.GetRequiredService<StepUp>();

    [Fact]
    public async Task Act_ThatIsNotMarked_NeedsNothing()
    {
        await SetAsync(new());
        var person = await Server.CreatePersonAsync(BuiltInRoles.Administrator);
        using var browser = await SignInAsync(person);

        Assert.Null(await Service.RequireAsync(await ActorAsync(person), DangerousActs.ShowSecret, Cancelled));
    }

    [Fact]
    public async Task Act_MarkedForEverybody_NeedsATouchThatIsFresh()
    {
        await SetAsync(new(StepUpActs: [DangerousActs.ShowSecret], StepUpMinutes: 5));
        var person = await Server.CreatePersonAsync(BuiltInRoles.Administrator);
        using var browser = new PasskeyBrowser(Server);
        using var key = await browser.SignInAndAddAsync(person);
        var tokens = Server.Services.GetRequiredService<TokenMaker>();
        var request = new CreateApiToken("stepped-up", [Permissions.DevicesRead], 3600);
        var actor = await ActorAsync(person);

        var before = await tokens.CreateAsync(actor, request, Cancelled);
        using var touched = await browser.StepUpAsync(key);
        var after = await tokens.CreateAsync(actor, request, Cancelled);
        await TurnBackAsync(person, TimeSpan.FromMinutes(6));
        var stale = await tokens.CreateAsync(actor, request, Cancelled);

        Assert.Equal(StepUpErrors.RequiredCode, before.Error?.Code);
        Assert.Contains("secret", before.Error!.Detail, StringComparison.Ordinal);
        Assert.Contains("5 minutes", before.Error.Detail, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NoContent, touched.StatusCode);
        Assert.Null(after.Error);
        Assert.Equal(StepUpErrors.RequiredCode, stale.Error?.Code);
        Assert.Null(await Service.RequireAsync(actor, DangerousActs.OpenTerminal, Cancelled));
        await EventuallyNotedAsync(DangerousActs.ShowSecret, allowed: false, person.Email);
        await EventuallyNotedAsync("session.step-up", allowed: true, person.Email);
    }

    [Fact]
    public async Task SignIn_WithAPasskey_IsATouch()
    {
        await SetAsync(new(StepUpActs: [DangerousActs.OpenTerminal]));
        var person = await Server.CreatePersonAsync(BuiltInRoles.Operator);
        using var browser = new PasskeyBrowser(Server);
        using var key = await browser.SignInAndAddAsync(person);
        using var other = new PasskeyBrowser(Server);
        using var signedIn = await other.SignInAsync(key);

        Assert.Null(await Service.RequireAsync(await ActorAsync(person), DangerousActs.OpenTerminal, Cancelled));
    }

    [Fact]
    public async Task Act_MarkedByARole_NeedsATouchOfWhoHasIt()
    {
        await SetAsync(new());
        var (careful, free) = (await Server.CreatePersonAsync(BuiltInRoles.Operator), await Server.CreatePersonAsync(BuiltInRoles.Operator));
        var role = await NewRoleAsync(stepUp: [DangerousActs.OpenTerminal]);
        await Server.GrantAsync(careful, role);
        using var one = await SignInAsync(careful);
        using var two = await SignInAsync(free);

        var refused = await Service.RequireAsync(await ActorAsync(careful), DangerousActs.OpenTerminal, Cancelled);

        Assert.Equal(StepUpErrors.RequiredCode, refused?.Code);
        Assert.Null(await Service.RequireAsync(await ActorAsync(free), DangerousActs.OpenTerminal, Cancelled));
    }

    [Fact]
    public async Task Token_NeverPasses()
    {
        await SetAsync(new());
        await using var first = await Server.EnrollAsync("many-one");
        await using var second = await Server.EnrollAsync("many-two");
        await SetAsync(new(StepUpActs: [DangerousActs.ShowSecret, DangerousActs.RunOnMany], ManyDevices: 1));
        var person = await Server.CreatePersonAsync(BuiltInRoles.Owner);
        using var browser = new PasskeyBrowser(Server);
        using var key = await browser.SignInAndAddAsync(person);
        using var touched = await browser.StepUpAsync(key);
        using var token = await Server.ClientAsync(person);

        using var secret = await token.PostAsJsonAsync("/api/v1/tokens", new CreateApiToken("by-token", [Permissions.DevicesRead], 3600), Cancelled);
        using var enrolment = await token.PostAsJsonAsync("/api/v1/enrollment-tokens", new CreateEnrollmentToken("by-token", null, 1, 3600), Cancelled);
        using var few = await RunAsync(token, "many-one");
        using var many = await RunAsync(token, "many-one", "many-two");

        Assert.Equal("step-up-impossible", await CodeAsync(secret));
        Assert.Equal("step-up-impossible", await CodeAsync(enrolment));
        Assert.True(few.IsSuccessStatusCode);
        Assert.Equal("step-up-impossible", await CodeAsync(many));
        await SetAsync(new());
        using var now = await RunAsync(token, "many-one", "many-two");
        Assert.True(now.IsSuccessStatusCode);
    }

    [Fact]
    public async Task Act_KeptFromTokensByARole_IsRefusedToThemAlone()
    {
        await SetAsync(new());
        var person = await Server.CreatePersonAsync(BuiltInRoles.Owner);
        var role = await NewRoleAsync(forbidden: [DangerousActs.ShowSecret]);
        await Server.GrantAsync(person, role);
        using var browser = await SignInAsync(person);
        using var token = await Server.ClientAsync(person);

        using var refused = await token.PostAsJsonAsync("/api/v1/tokens", new CreateApiToken("by-token", [Permissions.DevicesRead], 3600), Cancelled);

        Assert.Equal("act-forbidden-to-tokens", await CodeAsync(refused));
        Assert.Null(await Service.RequireAsync(await ActorAsync(person), DangerousActs.ShowSecret, Cancelled));
        Assert.Null(await Service.RequireAsync(Actor.System, DangerousActs.ShowSecret, Cancelled));
    }

    [Fact]
    public async Task Person_WithoutAPasskey_IsToldToAddOne()
    {
        await SetAsync(new(StepUpActs: [DangerousActs.ShowSecret]));
        var person = await Server.CreatePersonAsync(BuiltInRoles.Administrator);
        using var browser = await SignInAsync(person);

        var refused = await Service.RequireAsync(await ActorAsync(person), DangerousActs.ShowSecret, Cancelled);
        using var options = await browser.PostAsync("/session/step-up/options", new { });

        Assert.Contains("Add one on the page Account", refused!.Detail, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Conflict, options.StatusCode);
        Assert.Equal("passkey-missing", await PasskeyBrowser.CodeOfAsync(options));
    }

    [Fact]
    public async Task StepUp_WithSomebodyElsesPasskey_IsRefused()
    {
        await SetAsync(new(StepUpActs: [DangerousActs.ShowSecret]));
        var (person, somebody) = (await Server.CreatePersonAsync(BuiltInRoles.Administrator), await Server.CreatePersonAsync(BuiltInRoles.Administrator));
        using var browser = new PasskeyBrowser(Server);
        using var own = await browser.SignInAndAddAsync(person);
        using var other = new PasskeyBrowser(Server);
        using var theirs = await other.SignInAndAddAsync(somebody);

        using var refused = await browser.StepUpAsync(theirs);
        theirs.UserHandle = own.UserHandle;
        using var lying = await browser.StepUpAsync(theirs);
        own.VerifiesUser = false;
        using var unverified = await browser.StepUpAsync(own);
        var credential = own.Get(await browser.OptionsAsync("passkey/sign-in"));
        using var wrongPurpose = await browser.PostAsync("/session/step-up", new { credential });

        foreach (var answer in (HttpResponseMessage[])[refused, lying, unverified, wrongPurpose])
        {
            Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
            Assert.Equal("step-up-failed", await PasskeyBrowser.CodeOfAsync(answer));
        }

        Assert.NotNull(await Service.RequireAsync(await ActorAsync(person), DangerousActs.ShowSecret, Cancelled));
    }

    [Fact]
    public async Task Adding_InAnOldSession_NeedsATouchOrANewSignIn()
    {
        await SetAsync(new());
        var (person, first) = (await Server.CreatePersonAsync(BuiltInRoles.Viewer), await Server.CreatePersonAsync(BuiltInRoles.Viewer));
        using var browser = new PasskeyBrowser(Server);
        using var key = await browser.SignInAndAddAsync(person);
        using var keyless = await SignInAsync(first);
        await TurnBackAsync(person, TimeSpan.FromMinutes(16));
        await TurnBackAsync(first, TimeSpan.FromMinutes(16));

        using var stale = await browser.PostAsync("/session/passkey/add/options", new { });
        using var none = await keyless.PostAsync("/session/passkey/add/options", new { });
        using var touched = await browser.StepUpAsync(key);
        using var second = browser.NewAuthenticator();
        using var added = await browser.AddAsync(second);

        Assert.Equal(StepUpErrors.RequiredCode, await PasskeyBrowser.CodeOfAsync(stale));
        Assert.Equal("sign-in-again", await PasskeyBrowser.CodeOfAsync(none));
        Assert.Equal(HttpStatusCode.OK, added.StatusCode);
    }

    private static Task<HttpResponseMessage> RunAsync(HttpClient client, params string[] devices) =>
        client.PostAsJsonAsync("/api/v1/runs", new { command = "true", target = new { devices } }, Cancelled);

    private static async Task<string> CodeAsync(HttpResponseMessage answer)
    {
        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        return await PasskeyBrowser.CodeOfAsync(answer);
    }

    private async Task<PasskeyBrowser> SignInAsync(TestPerson person)
    {
        var browser = new PasskeyBrowser(Server);
        await browser.Browser.SignInAsync(person.Email, TestPeople.Password);
        return browser;
    }

    /// <summary>Who acts in somebody's newest session, as a page would have it.</summary>
    private async Task<Actor> ActorAsync(TestPerson person)
    {
        var session = await NewestAsync(person);
        var found = await Server.Services.GetRequiredService<SessionDirectory>().FindAsync(session, Cancelled);
        return Actor.From(found!.Principal);
    }

    private async Task<Guid> NewestAsync(TestPerson person)
    {
        await using var db = Server.OpenDatabase();
        return await db.Set<Session>().Where(s => s.PersonId == person.Id).OrderByDescending(s => s.Id).Select(s => s.Id).FirstAsync(Cancelled);
    }

    /// <summary>Makes somebody's sessions, and their touches, older.</summary>
    private async Task TurnBackAsync(TestPerson person, TimeSpan by)
    {
        var then = DateTimeOffset.UtcNow - by;
        await using (var db = Server.OpenDatabase())
        {
            await db.Set<Session>().Where(s => s.PersonId == person.Id).ExecuteUpdateAsync(
                set => set.SetProperty(s => s.CreatedAt, then).SetProperty(s => s.SteppedUpAt, s => s.SteppedUpAt == null ? null : then), Cancelled);
        }

        Server.Services.GetRequiredService<SessionDirectory>().Changed(await NewestAsync(person));
    }

    private async Task SetAsync(SignInSettings settings)
    {
        await using var change = await Server.Services.GetRequiredService<AccessDirectory>().BeginAsync(Cancelled);
        (await change.Db.Set<AccessState>().SingleAsync(Cancelled)).Settings = settings;
        Assert.Null(await change.CommitAsync(Cancelled));
    }

    private async Task<BuiltInRole> NewRoleAsync(string[]? stepUp = null, string[]? forbidden = null)
    {
        var role = new Role
        {
            Id = Guid.CreateVersion7(),
            Name = $"role-{Guid.NewGuid():N}",
            NormalizedName = $"ROLE-{Guid.NewGuid():N}",
            Permissions = [Permissions.DevicesRead],
            StepUpActs = stepUp ?? [],
            TokenForbiddenActs = forbidden ?? [],
            CreatedAt = DateTimeOffset.UtcNow,
        };
        await using var change = await Server.Services.GetRequiredService<AccessDirectory>().BeginAsync(Cancelled);
        change.Db.Add(role);
        Assert.Null(await change.CommitAsync(Cancelled));
        return new(role.Id, role.Name, "", PermissionSet.Of(role.Permissions));
    }

    private Task<AuditEntry> EventuallyNotedAsync(string action, bool allowed, string actor) => EventuallyAsync(
        async () =>
        {
            await using var db = Server.OpenDatabase();
            return await db.Set<AuditEntry>().FirstOrDefaultAsync(e => e.Action == action && e.Allowed == allowed && e.Actor == actor, Cancelled);
        },
        $"a note of {action}");
}

public sealed class StepUpOnSqlite(SqliteFixture fixture) : StepUpTests(fixture), IClassFixture<SqliteFixture>;

public sealed class StepUpOnPostgres(PostgresFixture fixture) : StepUpTests(fixture), IClassFixture<PostgresFixture>;
