using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Operone.Core.Access;
using Operone.Tests.Hosting;
using Operone.Web.Access;
using Xunit;

namespace Operone.Tests.Web.Access;

public abstract class PasskeyTests(ServerFixture fixture) : ServerTests(fixture)
{
    [Fact]
    public async Task Passkey_Added_SignsInWithoutAName()
    {
        var person = await Server.CreatePersonAsync(BuiltInRoles.Viewer);
        using var browser = new PasskeyBrowser(Server);
        using var key = await browser.SignInAndAddAsync(person);
        using var other = new PasskeyBrowser(Server);

        using var answer = await other.SignInAsync(key);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("/devices", (await answer.Content.ReadFromJsonAsync<JsonElement>(Cancelled)).GetProperty("returnUrl").GetString());
        var passkey = Assert.Single(await ListAsync(other));
        Assert.Equal("Firefox on Linux", passkey.Name);
        Assert.NotNull(passkey.LastUsedAt);
        var session = await LastSessionAsync(person);
        Assert.Equal(SignInMethods.Passkey, session.Method);
        Assert.NotNull(session.SteppedUpAt);
        await EventuallyNotedAsync("passkey.add", allowed: true);
    }

    [Fact]
    public async Task Challenge_ForAnybody_AsksForVerificationAndNamesNobody()
    {
        using var browser = new PasskeyBrowser(Server);

        var options = await browser.OptionsAsync("passkey/sign-in");

        Assert.Equal("localhost", options.GetProperty("rpId").GetString());
        Assert.Equal("required", options.GetProperty("userVerification").GetString());
        Assert.Equal(0, options.GetProperty("allowCredentials").GetArrayLength());
        var cookie = Assert.Single(browser.Browser.Cookies.GetCookies(new Uri(browser.Origin + "/session/")), c => c.Name.Contains("passkey", StringComparison.Ordinal));
        Assert.True(cookie.HttpOnly);
    }

    [Fact]
    public async Task Challenge_ForANewPasskey_AsksForOneThatIsDiscoverable()
    {
        var person = await Server.CreatePersonAsync(BuiltInRoles.Viewer);
        using var browser = new PasskeyBrowser(Server);
        using var first = await browser.SignInAndAddAsync(person);

        var options = await browser.OptionsAsync("passkey/add");

        var selection = options.GetProperty("authenticatorSelection");
        Assert.Equal("required", selection.GetProperty("residentKey").GetString());
        Assert.Equal("required", selection.GetProperty("userVerification").GetString());
        Assert.Equal(first.Id, options.GetProperty("excludeCredentials")[0].GetProperty("id").GetString());
    }

    public static TheoryData<string> Bends => ["origin", "rpId", "no verification", "foreign frame", "user handle", "signature", "counter", "purpose", "no challenge", "not json"];

    [Theory]
    [MemberData(nameof(Bends))]
    public async Task SignIn_WithSomethingWrong_IsRefusedAlike(string bend)
    {
        var person = await Server.CreatePersonAsync(BuiltInRoles.Viewer);
        var somebody = await Server.CreatePersonAsync(BuiltInRoles.Viewer);
        using var own = new PasskeyBrowser(Server);
        using var key = await own.SignInAndAddAsync(person);
        using var browser = new PasskeyBrowser(Server);
        var options = await browser.OptionsAsync("passkey/sign-in");
        switch (bend)
        {
            case "origin": key.Origin = "https://evil.example"; break;
            case "rpId": key.RpId = "evil.example"; break;
            case "no verification": key.VerifiesUser = false; break;
            case "foreign frame": key.IsInForeignFrame = true; break;
            case "user handle": key.UserHandle = System.Buffers.Text.Base64Url.EncodeToString(System.Text.Encoding.UTF8.GetBytes(somebody.Id.ToString())); break;
            case "counter": key.Counter = 0; break;
            case "purpose": options = await own.OptionsAsync("step-up"); break;
            case "no challenge":
                browser.Browser.Cookies.GetCookies(new Uri(browser.Origin)).Cast<Cookie>().ToList().ForEach(c => c.Expired = true);
                break;
        }

        JsonNode credential = key.Get(options);
        if (bend == "signature")
        {
            // Of other data.
            credential["response"]!["signature"] = key.Get(options)["response"]!["signature"]!.DeepClone();
        }

        using var answer = await browser.SendSignInAsync(bend == "not json" ? JsonValue.Create("nonsense") : credential);

        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        var problem = await answer.Content.ReadFromJsonAsync<JsonElement>(Cancelled);
        Assert.EndsWith("/sign-in-failed", problem.GetProperty("type").GetString(), StringComparison.Ordinal);
        Assert.StartsWith("The passkey was not accepted.", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.False(await browser.IsSignedInAsync());
    }

    [Fact]
    public async Task SignIn_WithAPasskeyThatNobodyHas_IsRefusedAlike()
    {
        using var browser = new PasskeyBrowser(Server);
        using var key = browser.NewAuthenticator();
        key.Create(await browser.OptionsAsync("passkey/sign-up", new { email = "nobody@example.org" }));

        using var answer = await browser.SignInAsync(key);

        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        Assert.Equal("sign-in-failed", await PasskeyBrowser.CodeOfAsync(answer));
    }

    [Fact]
    public async Task SignIn_OfSomebodyDisabled_IsRefusedAlike()
    {
        var person = await Server.CreatePersonAsync(BuiltInRoles.Viewer);
        using var browser = new PasskeyBrowser(Server);
        using var key = await browser.SignInAndAddAsync(person);
        await using (var db = Server.OpenDatabase())
        {
            await db.Set<Person>().Where(p => p.Id == person.Id).ExecuteUpdateAsync(set => set.SetProperty(p => p.DisabledAt, DateTimeOffset.UtcNow), Cancelled);
        }

        using var other = new PasskeyBrowser(Server);
        using var answer = await other.SignInAsync(key);

        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        Assert.StartsWith("The passkey was not accepted.",
            (await answer.Content.ReadFromJsonAsync<JsonElement>(Cancelled)).GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Challenge_AnsweredTwice_CountsOnce(bool counts)
    {
        var person = await Server.CreatePersonAsync(BuiltInRoles.Viewer);
        using var own = new PasskeyBrowser(Server);
        await own.Browser.SignInAsync(person.Email, TestPeople.Password);
        using var key = own.NewAuthenticator();
        (key.Counter, key.IsSynced) = counts ? (1u, false) : (0u, true);
        using var added = await own.AddAsync(key);
        using var browser = new PasskeyBrowser(Server);
        var credential = key.Get(await browser.OptionsAsync("passkey/sign-in"));
        // The thief has everything: the cookie with the challenge too.
        using var thief = new PasskeyBrowser(Server);
        foreach (Cookie cookie in browser.Browser.Cookies.GetAllCookies())
        {
            thief.Browser.Cookies.Add(new Cookie(cookie.Name, cookie.Value, cookie.Path, cookie.Domain));
        }

        using var first = await browser.SendSignInAsync(credential);
        using var second = await thief.SendSignInAsync(credential.DeepClone());

        Assert.Equal(HttpStatusCode.OK, first.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, second.StatusCode);
    }

    [Fact]
    public async Task Clone_WhoseCounterIsBehind_IsRefused()
    {
        var person = await Server.CreatePersonAsync(BuiltInRoles.Viewer);
        using var own = new PasskeyBrowser(Server);
        using var key = await own.SignInAndAddAsync(person);
        using var clone = key.Clone();
        using var browser = new PasskeyBrowser(Server);
        using (var first = await browser.SignInAsync(key))
        {
            Assert.Equal(HttpStatusCode.OK, first.StatusCode);
        }

        using var thief = new PasskeyBrowser(Server);
        using var answer = await thief.SignInAsync(clone);

        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        await EventuallyNotedAsync("person.sign-in", allowed: false, "count");
    }

    [Fact]
    public async Task Passkeys_Several_AreNamedRenamedAndRemoved()
    {
        var person = await Server.CreatePersonAsync(BuiltInRoles.Viewer);
        using var browser = new PasskeyBrowser(Server);
        using var first = await browser.SignInAndAddAsync(person, "Laptop");
        using var second = browser.NewAuthenticator();
        second.Aaguid = Guid.Parse("bada5566-a7aa-401f-bd96-45619a55120d");
        using var added = await browser.AddAsync(second);
        using var third = browser.NewAuthenticator();
        third.Aaguid = second.Aaguid;
        using var again = await browser.AddAsync(third);
        Assert.Equal(["Laptop", "1Password", "1Password 2"], (await ListAsync(browser)).Select(p => p.Name));
        using var signedIn = await SignedInAtTerminalAsync(person);

        using var renamed = await signedIn.PatchAsJsonAsync($"/api/v1/me/passkeys/{second.Id}", new RenamePasskey(" Key ring "), Cancelled);
        using var removed = await signedIn.DeleteAsync($"/api/v1/me/passkeys/{third.Id}", Cancelled);
        using var gone = await signedIn.DeleteAsync($"/api/v1/me/passkeys/{third.Id}", Cancelled);
        using var nameless = await signedIn.PatchAsJsonAsync($"/api/v1/me/passkeys/{second.Id}", new RenamePasskey(" "), Cancelled);

        Assert.Equal("Key ring", (await renamed.Content.ReadFromJsonAsync<PasskeyView>(Cancelled))!.Name);
        Assert.Equal(HttpStatusCode.NoContent, removed.StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, gone.StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, nameless.StatusCode);
        Assert.Equal(["Laptop", "Key ring"], (await ListAsync(browser)).Select(p => p.Name));
        using var other = new PasskeyBrowser(Server);
        using (var refused = await other.SignInAsync(third))
        {
            Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        }

        using var taken = await other.SignInAsync(second);
        Assert.Equal(HttpStatusCode.OK, taken.StatusCode);
    }

    [Fact]
    public async Task Passkey_OfSomebodyElse_DoesNotExist()
    {
        var person = await Server.CreatePersonAsync(BuiltInRoles.Viewer);
        using var browser = new PasskeyBrowser(Server);
        using var key = await browser.SignInAndAddAsync(person);
        using var other = await SignedInAtTerminalAsync(await Server.CreatePersonAsync(BuiltInRoles.Owner));

        using var renamed = await other.PatchAsJsonAsync($"/api/v1/me/passkeys/{key.Id}", new RenamePasskey("Mine"), Cancelled);
        using var removed = await other.DeleteAsync($"/api/v1/me/passkeys/{key.Id}", Cancelled);
        using var nonsense = await other.DeleteAsync("/api/v1/me/passkeys/!!", Cancelled);

        Assert.Equal(HttpStatusCode.NotFound, renamed.StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, removed.StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, nonsense.StatusCode);
        Assert.Single(await ListAsync(browser));
    }

    [Fact]
    public async Task Passkey_ThatIsTheLastWayIn_Stays()
    {
        var person = await Server.CreatePersonAsync(BuiltInRoles.Viewer);
        using var browser = new PasskeyBrowser(Server);
        using var key = await browser.SignInAndAddAsync(person);
        await using (var db = Server.OpenDatabase())
        {
            await db.Set<Person>().Where(p => p.Id == person.Id).ExecuteUpdateAsync(set => set.SetProperty(p => p.PasswordHash, (string?)null), Cancelled);
        }

        using var signedIn = await SignedInAtTerminalAsync(person);
        using var refused = await signedIn.DeleteAsync($"/api/v1/me/passkeys/{key.Id}", Cancelled);

        Assert.Equal(HttpStatusCode.Conflict, refused.StatusCode);
        Assert.Equal("last-way-in", await PasskeyBrowser.CodeOfAsync(refused));
        using var other = new PasskeyBrowser(Server);
        using var answer = await other.SignInAsync(key);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [Fact]
    public async Task Token_OfAPerson_MayNotChangeHowTheySignIn()
    {
        var person = await Server.CreatePersonAsync(BuiltInRoles.Owner);
        using var browser = new PasskeyBrowser(Server);
        using var key = await browser.SignInAndAddAsync(person);
        using var token = await Server.ClientAsync(person);

        using var renamed = await token.PatchAsJsonAsync($"/api/v1/me/passkeys/{key.Id}", new RenamePasskey("Theirs"), Cancelled);
        using var removed = await token.DeleteAsync($"/api/v1/me/passkeys/{key.Id}", Cancelled);

        Assert.Equal(HttpStatusCode.Forbidden, renamed.StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, removed.StatusCode);
        Assert.Equal("sign-in-needed", await PasskeyBrowser.CodeOfAsync(removed));
    }

    [Fact]
    public async Task Adding_WithoutASession_IsRefused()
    {
        using var browser = new PasskeyBrowser(Server);

        using var add = await browser.PostAsync("/session/passkey/add/options", new { });
        using var stepUp = await browser.PostAsync("/session/step-up/options", new { });

        Assert.Equal(HttpStatusCode.Unauthorized, add.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, stepUp.StatusCode);
    }

    [Fact]
    public async Task Adding_WithAChallengeOfAnotherSession_IsRefused()
    {
        var (victim, thief) = (await Server.CreatePersonAsync(BuiltInRoles.Viewer), await Server.CreatePersonAsync(BuiltInRoles.Viewer));
        using var theirs = new PasskeyBrowser(Server);
        await theirs.Browser.SignInAsync(thief.Email, TestPeople.Password);
        using var browser = new PasskeyBrowser(Server);
        await browser.Browser.SignInAsync(victim.Email, TestPeople.Password);
        using var key = theirs.NewAuthenticator();
        var credential = key.Create(await theirs.OptionsAsync("passkey/add"));
        foreach (Cookie cookie in theirs.Browser.Cookies.GetAllCookies().Where(c => c.Name.Contains("passkey", StringComparison.Ordinal)))
        {
            browser.Browser.Cookies.Add(new Cookie(cookie.Name, cookie.Value, cookie.Path, cookie.Domain));
        }

        using var answer = await browser.PostAsync("/session/passkey/add", new { credential });

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Empty(await ListAsync(browser));
    }

    [Fact]
    public async Task Challenge_AtAnAddressOfNumbers_SaysWhatToDo()
    {
        using var browser = new PasskeyBrowser(Server, "127.0.0.1");

        using var answer = await browser.PostAsync("/session/passkey/sign-in/options", new { });

        Assert.Equal(HttpStatusCode.UnprocessableEntity, answer.StatusCode);
        Assert.Equal("passkey-domain", await PasskeyBrowser.CodeOfAsync(answer));
    }

    [Fact]
    public async Task SetUp_WithAPasskey_MakesAnOwnerWithoutAPassword()
    {
        await using var server = await Fixture.StartAnotherAsync(withOwner: false);
        using var browser = new PasskeyBrowser(server);
        using var key = browser.NewAuthenticator();
        var code = server.Services.GetService(typeof(SetupService)) is SetupService setup ? setup.CodeToPrint! : "";
        var credential = key.Create(await browser.OptionsAsync("passkey/sign-up", new { email = "first@example.org" }));
        Dictionary<string, string> Form(string email) => new()
        {
            ["_handler"] = "setup",
            ["Email"] = email,
            ["Password"] = "",
            ["Passkey"] = credential.ToJsonString(),
            ["DeviceKey"] = browser.Browser.KeyText,
        };

        using (var other = await browser.Browser.SendFormAsync($"/setup?code={code}", Form("other@example.org")))
        {
            Assert.Equal(HttpStatusCode.OK, other.StatusCode);
        }

        credential = key.Create(await browser.OptionsAsync("passkey/sign-up", new { email = "first@example.org" }));
        using var answer = await browser.Browser.SendFormAsync($"/setup?code={code}", Form("first@example.org"));

        Assert.Equal(HttpStatusCode.Redirect, answer.StatusCode);
        Assert.True(await browser.IsSignedInAsync());
        using var again = new PasskeyBrowser(server);
        using var signedIn = await again.SignInAsync(key);
        Assert.Equal(HttpStatusCode.OK, signedIn.StatusCode);
        await using var db = server.OpenDatabase();
        Assert.Null((await db.Set<Person>().SingleAsync(Cancelled)).PasswordHash);
    }

    [Fact]
    public async Task Domain_Given_IsTheOneThatCounts()
    {
        await using var server = await Fixture.StartAnotherAsync(new()
        {
            ["Operone:Passkeys:Domain"] = "example.org",
            ["Operone:Passkeys:AllowedOrigins"] = "https://ops.example.org, https://example.org",
        });
        var person = await server.CreatePersonAsync(BuiltInRoles.Viewer);
        using var browser = new PasskeyBrowser(server);
        await browser.Browser.SignInAsync(person.Email, TestPeople.Password);
        using var key = browser.NewAuthenticator();

        using var wrong = await browser.AddAsync(key);
        key.Origin = "https://ops.example.org";
        using var right = await browser.AddAsync(key);

        Assert.Equal(HttpStatusCode.BadRequest, wrong.StatusCode);
        Assert.Equal(HttpStatusCode.OK, right.StatusCode);
        Assert.Equal("example.org", (await browser.OptionsAsync("passkey/sign-in")).GetProperty("rpId").GetString());
    }

    private async Task<HttpClient> SignedInAtTerminalAsync(TestPerson person)
    {
        // As 'operone login' leaves it: a session with a token.
        var now = DateTimeOffset.UtcNow;
        var session = new Session
        {
            Id = Guid.CreateVersion7(),
            PersonId = person.Id,
            Method = SignInMethods.DeviceFlow,
            Device = "operone",
            CreatedAt = now,
            LastSeenAt = now,
            ExpiresAt = now.AddHours(1),
            IsPersistent = true,
            Binding = SessionBinding.Token,
        };
        var text = SecretText.Create("op_");
        await using var db = Server.OpenDatabase();
        db.Add(session);
        db.Add(new ApiToken
        {
            Id = Guid.CreateVersion7(),
            Name = "terminal",
            Hash = SecretText.Hash(text),
            Permissions = Permissions.All,
            OwnerId = person.Id,
            CreatedBy = person.Email,
            CreatedAt = now,
            SessionId = session.Id,
        });
        await db.SaveChangesAsync(Cancelled);
        return Server.Client(text);
    }

    private static async Task<List<PasskeyView>> ListAsync(PasskeyBrowser browser) =>
        (await browser.Client.GetFromJsonAsync<List<PasskeyView>>("/api/v1/me/passkeys", Cancelled))!;

    private async Task<Session> LastSessionAsync(TestPerson person)
    {
        await using var db = Server.OpenDatabase();
        return await db.Set<Session>().Where(s => s.PersonId == person.Id).OrderByDescending(s => s.Id).FirstAsync(Cancelled);
    }

    private Task<AuditEntry> EventuallyNotedAsync(string action, bool allowed, string detail = "") => EventuallyAsync(
        async () =>
        {
            await using var db = Server.OpenDatabase();
            var found = await db.Set<AuditEntry>().Where(e => e.Action == action && e.Allowed == allowed).ToListAsync(Cancelled);
            return found.Find(e => detail.Length == 0 || e.Detail?.Contains(detail, StringComparison.OrdinalIgnoreCase) == true);
        },
        $"a note of {action}");
}

public sealed class PasskeysOnSqlite(SqliteFixture fixture) : PasskeyTests(fixture), IClassFixture<SqliteFixture>;

public sealed class PasskeysOnPostgres(PostgresFixture fixture) : PasskeyTests(fixture), IClassFixture<PostgresFixture>;
