using System.Net;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Authentication.Google;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Operone.Core.Access;
using Operone.Tests.Hosting;
using Operone.Web.Access;
using Xunit;

namespace Operone.Tests.Web.Access;

public abstract partial class ExternalTests(ServerFixture fixture, ProviderProcess provider) : ServerTests(fixture)
{
    [Fact]
    public async Task LinkedAccount_SignsInTheOneWhoLinkedIt()
    {
        await using var server = await StartAsync();
        using var owner = await TestBrowser.SignedInAsync(server);
        await provider.SetAsync(new("sub-1", "elsewhere@example.com", Verified: false, "Ada"));
        Assert.Equal("/account", await ThroughAsync(owner, "test", link: true));
        Assert.Contains("elsewhere@example.com", await owner.Client.GetStringAsync("/account", Cancelled), StringComparison.Ordinal);

        using var browser = new TestBrowser(server);
        Assert.Equal("/access/tokens", await ThroughAsync(browser, "test", returnUrl: "/access/tokens"));
        Assert.Contains(OperoneServer.OwnerEmail, await browser.Client.GetStringAsync("/account", Cancelled), StringComparison.Ordinal);
        await using (var db = server.OpenDatabase())
        {
            Assert.Equal("oauth:test", await db.Set<Session>().OrderByDescending(s => s.Id).Select(s => s.Method).FirstAsync(Cancelled));
        }

        // It belongs to one person.
        var other = await server.CreatePersonAsync(BuiltInRoles.Viewer);
        using var others = await server.SignInAsync(other);
        Assert.Equal("/account?problem=provider-linked&provider=test", await ThroughAsync(others, "test", link: true));

        // Its session is bound to its browser's key as any other.
        Assert.Equal(HttpStatusCode.NoContent, (await browser.RenewAsync()).StatusCode);
        Assert.Equal("/", await ThroughAsync(browser, "test", returnUrl: "//evil.example.org/"));
    }

    [Fact]
    public async Task Flow_SendsPkceStateAndNonce()
    {
        await using var server = await StartAsync();
        foreach (var name in (string[])["test", "google", "github"])
        {
            await provider.SetAsync(new("1", "nobody@example.org"));
            using var browser = new TestBrowser(server);
            Assert.StartsWith("/sign-in?problem=provider-unknown", await ThroughAsync(browser, name), StringComparison.Ordinal);
            var asked = await provider.AskedAsync();
            var authorize = asked.Single(a => a.Path == "authorize").Values;
            Assert.Equal("S256", authorize.GetProperty("code_challenge_method").GetString());
            Assert.Equal(43, authorize.GetProperty("code_challenge").GetString()!.Length);
            Assert.True(authorize.GetProperty("state").GetString()!.Length > 100);
            Assert.Equal(name == "test", authorize.TryGetProperty("nonce", out _));
            Assert.True(asked.Single(a => a.Path == "token").Values.GetProperty("code_verifier").GetString()!.Length >= 43);
        }
    }

    [Fact]
    public async Task UnknownAccount_EvenWithTheEmailOfSomebodyHere_IsRefusedAndNoted()
    {
        await using var server = await StartAsync();
        await provider.SetAsync(new("sub-2", OperoneServer.OwnerEmail));
        using var browser = new TestBrowser(server);
        var back = await ThroughAsync(browser, "test");
        Assert.Equal("/sign-in?problem=provider-unknown&provider=test", back);
        Assert.Contains("This account is not known here", await browser.Client.GetStringAsync(back, Cancelled), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Redirect, (await browser.Client.GetAsync("/account", Cancelled)).StatusCode);
        await EventuallyAsync(
            async () =>
            {
                await using var db = server.OpenDatabase();
                return await db.Set<AuditEntry>().FirstOrDefaultAsync(e => e.Action == "person.sign-in" && !e.Allowed && e.Target == "test", Cancelled);
            },
            "the refusal is noted");
    }

    [Theory]
    [InlineData("test")]
    [InlineData("google")]
    [InlineData("github")]
    public async Task Invitation_ByVerifiedEmail_MakesTheAccountAndUnverifiedDoesNot(string name)
    {
        await using var server = await StartAsync();
        await InvitationTests.InviteAsync(server.Owner, new("ada@example.org", "viewer"));
        using var browser = new TestBrowser(server);
        await provider.SetAsync(new("4711", "ada@example.org", Verified: false, "Ada"));
        Assert.Equal($"/sign-in?problem=provider-unknown&provider={name}", await ThroughAsync(browser, name));
        await provider.SetAsync(new("4711", "Ada@example.org", Verified: true, "Ada"));
        Assert.Equal("/", await ThroughAsync(browser, name));
        Assert.Equal(HttpStatusCode.OK, (await browser.Client.GetAsync("/account", Cancelled)).StatusCode);
        var person = server.Services.GetRequiredService<AccessDirectory>().Current.People.Values.Single(p => p.Email == "ada@example.org");
        Assert.Equal("Ada", person.DisplayName);
        await using var db = server.OpenDatabase();
        var login = await db.Set<IdentityUserLogin<Guid>>().SingleAsync(Cancelled);
        Assert.Equal((name, "4711", person.Id), (login.LoginProvider, login.ProviderKey, login.UserId));

        // The invitation is used; who has the e-mail at another account now gets nothing by it.
        await provider.SetAsync(new("4712", "ada@example.org"));
        using var thief = new TestBrowser(server);
        Assert.Equal($"/sign-in?problem=provider-unknown&provider={name}", await ThroughAsync(thief, name));
    }

    [Fact]
    public async Task Invitation_ByItsAddress_IsTakenUpWithAnAccountElsewhere()
    {
        await using var server = await StartAsync();
        var open = await InvitationTests.InviteAsync(server.Owner, new(Role: "viewer"));
        await provider.SetAsync(new("sub-5", "eve@example.com", Verified: false));
        using var browser = new TestBrowser(server);
        Assert.Equal("/sign-in?problem=provider-unverified&provider=test", await ThroughAsync(browser, "test", invitation: InvitationTests.CodeOf(open)));
        await provider.SetAsync(new("sub-5", "eve@example.com"));
        Assert.Equal("/", await ThroughAsync(browser, "test", invitation: InvitationTests.CodeOf(open)));

        var named = await InvitationTests.InviteAsync(server.Owner, new("bob@example.com", "viewer"));
        await provider.SetAsync(new("sub-6", "mallory@example.com"));
        using var other = new TestBrowser(server);
        Assert.Equal("/sign-in?problem=invitation-for-another&provider=test", await ThroughAsync(other, "test", invitation: InvitationTests.CodeOf(named)));
        Assert.Equal("/sign-in?problem=invitation-not-good&provider=test", await ThroughAsync(other, "test", invitation: InvitationTests.CodeOf(open)));
    }

    [Fact]
    public async Task AllowedDomains_OfTheVerifiedEmail_DecideForEverybody()
    {
        await using var server = await StartAsync(new() { ["Operone:SignIn:AllowedDomains"] = "example.org, example.net" });
        await InvitationTests.InviteAsync(server.Owner, new("ada@example.com", "viewer"));
        await InvitationTests.InviteAsync(server.Owner, new("bob@example.net", "viewer"));
        using var browser = new TestBrowser(server);
        await provider.SetAsync(new("sub-7", "ada@example.com"));
        Assert.Equal("/sign-in?problem=provider-domain&provider=test", await ThroughAsync(browser, "test"));
        await provider.SetAsync(new("sub-8", "bob@example.net", Verified: false));
        Assert.Equal("/sign-in?problem=provider-domain&provider=test", await ThroughAsync(browser, "test"));
        await provider.SetAsync(new("sub-8", "bob@EXAMPLE.net"));
        Assert.Equal("/", await ThroughAsync(browser, "test"));
    }

    [Theory]
    [InlineData("wrong-nonce")]
    [InlineData("no-nonce")]
    [InlineData("wrong-audience")]
    [InlineData("wrong-issuer")]
    [InlineData("expired")]
    [InlineData("alg-none")]
    [InlineData("hs256")]
    [InlineData("hs256-secret")]
    [InlineData("resigned")]
    [InlineData("garbage")]
    [InlineData("token-error")]
    [InlineData("other-userinfo")]
    public async Task Answer_ThatIsForgedOrWrong_IsRefused(string mode)
    {
        await InvitationTests.InviteAsync(Shared.Owner, new($"{mode}@example.org", "viewer"));
        await provider.SetAsync(new(mode, $"{mode}@example.org", Mode: mode));
        using var browser = new TestBrowser(Shared);
        var back = await ThroughAsync(browser, "test");
        Assert.Equal("/sign-in?problem=provider-failed&provider=test", back);
        Assert.Contains("Signing in with Test provider failed", await browser.Client.GetStringAsync(back, Cancelled), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Redirect, (await browser.Client.GetAsync("/account", Cancelled)).StatusCode);

        // The same without what was wrong.
        await provider.SetAsync(new(mode, $"{mode}@example.org"));
        Assert.Equal("/", await ThroughAsync(browser, "test"));
    }

    [Fact]
    public async Task Answer_WithAnotherState_OrInAnotherBrowser_IsRefused()
    {
        await InvitationTests.InviteAsync(Shared.Owner, new("state@example.org", "viewer"));
        await provider.SetAsync(new("state", "state@example.org"));
        using var browser = new TestBrowser(Shared);
        const string expired = "/sign-in?problem=provider-expired&provider=test";
        Assert.Equal(expired, await ThroughAsync(browser, "test", meddle: callback => Regex.Replace(callback, "state=[^&]+", "state=forged")));
        Assert.Equal(expired, await ThroughAsync(browser, "test", meddle: callback => Regex.Replace(callback, "&?state=[^&]+", "")));
        var stolen = "";
        Assert.Equal("", await ThroughAsync(browser, "test", meddle: callback =>
        {
            stolen = callback;
            return "";
        }));
        using var other = new TestBrowser(Shared);
        using var answer = await other.Client.GetAsync(stolen, Cancelled);
        Assert.Equal(expired, answer.Headers.Location?.OriginalString);
        using var nothing = await other.Client.GetAsync("/sign-in/external", Cancelled);
        Assert.Equal("/sign-in?problem=provider-expired&provider=", nothing.Headers.Location?.OriginalString);
    }

    [Fact]
    public async Task Provider_ThatSaysNoOrIsAway_GivesAPageThatSaysSo()
    {
        await provider.SetAsync(new("no", "no@example.org", Mode: "denied"));
        using var browser = new TestBrowser(Shared);
        Assert.Equal("/sign-in?problem=provider-denied&provider=test", await ThroughAsync(browser, "test"));
        Assert.Equal("/sign-in?problem=provider-denied&provider=github", await ThroughAsync(browser, "github"));

        await using var server = await StartAsync(new() { ["Operone:SignIn:OpenIdConnect:0:Issuer"] = "http://127.0.0.1:9" });
        using var lonely = new TestBrowser(server);
        var back = await ThroughAsync(lonely, "test");
        Assert.Equal("/sign-in?problem=provider-away&provider=test", back);
        Assert.Contains("Test provider cannot be reached", await lonely.Client.GetStringAsync(back, Cancelled), StringComparison.Ordinal);
        using var unknown = await PostAsync(lonely, new() { ["Provider"] = "nobody" });
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
    }

    [Fact]
    public async Task Unlink_OfTheLastWayIn_IsRefused()
    {
        await using var server = await StartAsync();
        await InvitationTests.InviteAsync(server.Owner, new("ada@example.org", "viewer"));
        await provider.SetAsync(new("1", "ada@example.org"));
        using var browser = new TestBrowser(server);
        Assert.Equal("/", await ThroughAsync(browser, "test"));
        await provider.SetAsync(new("2", "ada@example.org"));
        Assert.Equal("/account", await ThroughAsync(browser, "github", link: true));

        var links = server.Services.GetRequiredService<LinkService>();
        var actor = await ActorAsync(server, "ada@example.org");
        var both = await Task.WhenAll(links.RemoveAsync(actor, "test", "1", Cancelled), links.RemoveAsync(actor, "github", "2", Cancelled));
        Assert.Equal("last-way-in", Assert.Single(both, r => r.IsError).Error!.Code);
        Assert.Equal("link-not-found", (await links.RemoveAsync(actor, "test", "of-another", Cancelled)).Error?.Code);
        Assert.Single(await links.ListAsync(actor, Cancelled));
    }

    private OperoneServer Shared => Server;

    /// <summary>Somebody as they are in their newest session.</summary>
    internal static async Task<Actor> ActorAsync(OperoneServer server, string email)
    {
        await using var db = server.OpenDatabase();
        var id = await db.Set<Session>().Where(s => db.Set<Person>().Any(p => p.Id == s.PersonId && p.UserName == email))
            .OrderByDescending(s => s.Id).Select(s => s.Id).FirstAsync(Cancelled);
        var found = await server.Services.GetRequiredService<SessionDirectory>().FindAsync(id, Cancelled);
        return Actor.From(found!.Principal);
    }

    internal static Dictionary<string, string?> Settings(ProviderProcess provider) => new()
    {
        ["Operone:SignIn:Google:ClientId"] = "tests",
        ["Operone:SignIn:Google:ClientSecret"] = "tests-client-secret",
        ["Operone:SignIn:GitHub:ClientId"] = "tests",
        ["Operone:SignIn:GitHub:ClientSecret"] = "tests-client-secret",
        ["Operone:SignIn:GitHub:Url"] = provider.Url,
        ["Operone:SignIn:GitHub:ApiUrl"] = provider.Url,
        ["Operone:SignIn:OpenIdConnect:0:Name"] = "test",
        ["Operone:SignIn:OpenIdConnect:0:Title"] = "Test provider",
        ["Operone:SignIn:OpenIdConnect:0:Issuer"] = provider.Url,
        ["Operone:SignIn:OpenIdConnect:0:ClientId"] = "tests",
        ["Operone:SignIn:OpenIdConnect:0:ClientSecret"] = "tests-client-secret",
    };

    private Task<OperoneServer> StartAsync(Dictionary<string, string?>? settings = null)
    {
        var all = Settings(provider);
        foreach (var (key, value) in settings ?? [])
        {
            all[key] = value;
        }

        return Fixture.StartAnotherAsync(all, PointGoogleAt(provider));
    }

    // Google's addresses are not an option of ours: a test points them elsewhere.
    private static Action<WebApplicationBuilder> PointGoogleAt(ProviderProcess provider) => builder =>
        builder.Services.PostConfigureAll<GoogleOptions>(google => (google.AuthorizationEndpoint, google.TokenEndpoint, google.UserInformationEndpoint) =
            ($"{provider.Url}/authorize", $"{provider.Url}/token", $"{provider.Url}/userinfo"));

    /// <summary>Goes to a provider and back as a browser does; gives the address that it ends up at.</summary>
    private async Task<string?> ThroughAsync(
        TestBrowser browser, string name, bool link = false, string? invitation = null, string? returnUrl = null, Func<string, string>? meddle = null)
    {
        var fields = new Dictionary<string, string> { ["Provider"] = name, ["Remember"] = "true" };
        if (link)
        {
            fields["Link"] = "true";
        }

        if (invitation is not null)
        {
            fields["Invitation"] = invitation;
        }

        if (returnUrl is not null)
        {
            fields["ReturnUrl"] = returnUrl;
        }

        using var begun = await PostAsync(browser, fields, link ? "/account" : "/sign-in");
        if (begun.StatusCode == HttpStatusCode.Redirect)
        {
            return begun.Headers.Location?.OriginalString;
        }

        var page = await begun.Content.ReadAsStringAsync(Cancelled);
        Assert.True(begun.StatusCode == HttpStatusCode.OK, $"{begun.StatusCode}: {page}");
        using var there = await provider.Client.GetAsync(WebUtility.HtmlDecode(Target().Match(page).Groups[1].Value), Cancelled);
        Assert.Equal(HttpStatusCode.Found, there.StatusCode);
        var callback = there.Headers.Location!.AbsoluteUri;
        if (meddle is not null && (callback = meddle(callback)).Length == 0)
        {
            return "";
        }

        using var back = await browser.Client.GetAsync(callback, Cancelled);
        Assert.Equal(HttpStatusCode.Redirect, back.StatusCode);
        if (back.Headers.Location?.OriginalString != "/sign-in/external")
        {
            return back.Headers.Location?.OriginalString;
        }

        using var done = await browser.Client.GetAsync("/sign-in/external", Cancelled);
        Assert.Equal(HttpStatusCode.Redirect, done.StatusCode);
        return done.Headers.Location?.OriginalString;
    }

    private static async Task<HttpResponseMessage> PostAsync(TestBrowser browser, Dictionary<string, string> fields, string from = "/sign-in")
    {
        var hidden = await browser.ReadHiddenAsync(from);
        fields["__RequestVerificationToken"] = hidden["__RequestVerificationToken"];
        fields["DeviceKey"] = browser.KeyText;
        return await browser.Client.PostAsync("/sign-in/with", new FormUrlEncodedContent(fields), Cancelled);
    }

    [GeneratedRegex("<a href=\"([^\"]+)\"")]
    private static partial Regex Target();
}

/// <summary>A provider, and a node that people can sign in to with it.</summary>
public abstract class ProviderFixture : ServerFixture, IAsyncLifetime
{
    private readonly Dictionary<string, string?> _settings;

    private protected ProviderFixture(Database database, Dictionary<string, string?> settings)
        : base(database, settings) => _settings = settings;

    /// <summary>The provider.</summary>
    public ProviderProcess Provider { get; } = new();

    public new async ValueTask InitializeAsync()
    {
        await Provider.InitializeAsync();
        foreach (var (key, value) in ExternalTests.Settings(Provider))
        {
            _settings[key] = value;
        }

        await base.InitializeAsync();
    }

    public new async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await base.DisposeAsync();
        await Provider.DisposeAsync();
    }
}

public sealed class ExternalOptionsTests
{
    [Fact]
    public void Options_ThatAreWrong_AreAllNamed()
    {
        var problems = new ExternalOptionsValidation().Validate(null, new()
        {
            Google = new() { ClientId = "id" },
            GitHub = new() { ClientSecret = "secret", Url = "http://github.example.org" },
            OpenIdConnect = [new() { Name = "GitHub", Issuer = "elsewhere" }, new() { Name = "github", Issuer = "http://127.0.0.1:8080", ClientId = "id", ClientSecret = "secret" }],
            AllowedDomains = ["example.org", "not a domain"],
        }).Failures!.Select(p => string.Join(':', p.Split(": ")[0].Split(':')[2..])).Order(StringComparer.Ordinal);
        Assert.Equal(
            [
                "AllowedDomains:1", "GitHub:ClientId", "GitHub:Url", "Google:ClientSecret", "OpenIdConnect:0:ClientId", "OpenIdConnect:0:ClientSecret",
                "OpenIdConnect:0:Issuer", "OpenIdConnect:0:Name", "OpenIdConnect:1:Name",
            ],
            problems);
        Assert.False(new ExternalOptionsValidation().Validate(null, new()).Failed);
    }
}

public sealed class ProviderOnSqlite() : ProviderFixture(Database.Sqlite, []);

public sealed class ProviderOnPostgres() : ProviderFixture(Database.Postgres, []);

public sealed class ExternalOnSqlite(ProviderOnSqlite fixture) : ExternalTests(fixture, fixture.Provider), IClassFixture<ProviderOnSqlite>;

public sealed class ExternalOnPostgres(ProviderOnPostgres fixture) : ExternalTests(fixture, fixture.Provider), IClassFixture<ProviderOnPostgres>;
