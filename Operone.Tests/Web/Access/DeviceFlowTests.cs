using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Operone.Core;
using Operone.Core.Access;
using Operone.Tests.Hosting;
using Operone.Web.Access;
using Xunit;

namespace Operone.Tests.Web.Access;

/// <summary>Signing a command line in through a browser, as any client of RFC 8628 does it.</summary>
public abstract class DeviceFlowTests(ServerFixture fixture) : ServerTests(fixture)
{
    [Fact]
    public async Task Login_Approved_GivesATokenOfASessionThatEndsWithIt()
    {
        var person = await Server.CreatePersonAsync(BuiltInRoles.Viewer);
        using var browser = await Server.SignInAsync(person);
        var begun = await BeginAsync("operone 1.0 on laptop");
        Assert.Equal((600, 5), (begun.ExpiresIn, begun.Interval));
        Assert.Matches("^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$", begun.UserCode);
        Assert.Equal($"{Server.Url}/device", begun.VerificationUri);
        Assert.Equal($"{Server.Url}/device?user_code={begun.UserCode}", begun.VerificationUriComplete);
        Assert.Equal(DeviceFlow.AuthorizationPending, await PollForErrorAsync(begun.DeviceCode));

        using var page = await ApproveAsync(browser, begun, days: 30);
        var token = await PollForTokenAsync(begun);
        Assert.Equal(30 * 24 * 3600, token.ExpiresIn);
        Assert.True(TokenText.IsWellFormed(token.AccessToken));

        // The code is used up.
        await ForgetPollAsync(begun);
        Assert.Equal(DeviceFlow.InvalidGrant, await PollForErrorAsync(begun.DeviceCode));

        using var client = Server.Client(token.AccessToken);
        var me = (await client.GetFromJsonAsync<MeView>("/api/v1/me", Cancelled))!;
        Assert.Equal((person.Email, SignInMethods.DeviceFlow, "operone 1.0 on laptop"), (me.Email, me.Session!.Method, me.Session.Device));
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/api/v1/runs", Cancelled)).StatusCode);

        // Among the sessions; and when that is ended, so is the token.
        var session = Assert.Single((await browser.Client.GetFromJsonAsync<Page<SessionView>>("/api/v1/sessions", Cancelled))!.Items, s => s.Id == me.Session.Id);
        Assert.Equal(SessionBinding.Token, session.Binding);
        await EndSessionAsync(person, session.Id);
        Assert.Equal(HttpStatusCode.Unauthorized, (await client.GetAsync("/api/v1/runs", Cancelled)).StatusCode);
    }

    [Fact]
    public async Task Login_Refused_IsToldSo()
    {
        using var browser = await Server.SignInAsync(await Server.CreatePersonAsync(BuiltInRoles.Viewer));
        var begun = await BeginAsync("somebody else's");
        var fields = await OpenAsync(browser, begun);
        fields["Decision"] = "refuse";
        using var answer = await PostAsync(browser, begun, fields);
        await ForgetPollAsync(begun);
        Assert.Equal(DeviceFlow.AccessDenied, await PollForErrorAsync(begun.DeviceCode));
    }

    [Fact]
    public async Task Poll_TooSoon_SlowsDownByFiveSecondsEachTime()
    {
        var begun = await BeginAsync();
        Assert.Equal(DeviceFlow.AuthorizationPending, await PollForErrorAsync(begun.DeviceCode));
        Assert.Equal(DeviceFlow.SlowDown, await PollForErrorAsync(begun.DeviceCode));
        Assert.Equal(DeviceFlow.SlowDown, await PollForErrorAsync(begun.DeviceCode));
        await using var db = Server.OpenDatabase();
        var hash = SecretText.Hash(begun.DeviceCode);
        var login = await db.Set<DeviceLogin>().SingleAsync(d => d.DeviceCodeHash == hash, Cancelled);
        Assert.Equal(15, login.IntervalSeconds);
        await SetPolledAsync(begun, DateTimeOffset.UtcNow.AddSeconds(-10));
        Assert.Equal(DeviceFlow.SlowDown, await PollForErrorAsync(begun.DeviceCode));
        await SetPolledAsync(begun, DateTimeOffset.UtcNow.AddSeconds(-20));
        Assert.Equal(DeviceFlow.AuthorizationPending, await PollForErrorAsync(begun.DeviceCode));
    }

    [Fact]
    public async Task Login_ThatRanOut_IsExpiredAndRemoved()
    {
        using var browser = await Server.SignInAsync(await Server.CreatePersonAsync(BuiltInRoles.Viewer));
        var begun = await BeginAsync();
        var hash = SecretText.Hash(begun.DeviceCode);
        await using var db = Server.OpenDatabase();
        var past = DateTimeOffset.UtcNow.AddSeconds(-1);
        await db.Set<DeviceLogin>().Where(d => d.DeviceCodeHash == hash).ExecuteUpdateAsync(set => set.SetProperty(d => d.ExpiresAt, past), Cancelled);
        Assert.Equal(DeviceFlow.ExpiredToken, await PollForErrorAsync(begun.DeviceCode));
        Assert.Contains("No login waits with this code", await browser.Client.GetStringAsync($"/device?user_code={begun.UserCode}", Cancelled), StringComparison.Ordinal);
        await Server.Services.GetServices<Operone.Web.Hosting.IRecurringJob>().OfType<TokenUpkeep>().Single().RunAsync(Cancelled);
        Assert.False(await db.Set<DeviceLogin>().AnyAsync(d => d.DeviceCodeHash == hash, Cancelled));
        Assert.Equal(DeviceFlow.InvalidGrant, await PollForErrorAsync(begun.DeviceCode));
    }

    [Fact]
    public async Task Login_FetchedTwentyTimesAtOnce_GivesOneToken()
    {
        using var browser = await Server.SignInAsync(await Server.CreatePersonAsync(BuiltInRoles.Viewer));
        var begun = await BeginAsync();
        using var page = await ApproveAsync(browser, begun, days: 1);
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => PollAsync(begun.DeviceCode)));
        Assert.Equal(1, answers.Count(a => a.IsSuccessStatusCode));
    }

    [Fact]
    public async Task Login_OfSomebodyWhoWasDisabledSince_IsRefused()
    {
        var person = await Server.CreatePersonAsync(BuiltInRoles.Viewer);
        using var browser = await Server.SignInAsync(person);
        var begun = await BeginAsync();
        using var page = await ApproveAsync(browser, begun, days: 1);
        await using (var change = await Server.Services.GetRequiredService<AccessDirectory>().BeginAsync(Cancelled))
        {
            (await change.Db.Set<Person>().SingleAsync(p => p.Id == person.Id, Cancelled)).DisabledAt = DateTimeOffset.UtcNow;
            Assert.Null(await change.CommitAsync(Cancelled));
        }

        Assert.Equal(DeviceFlow.AccessDenied, await PollForErrorAsync(begun.DeviceCode));
    }

    [Fact]
    public async Task Approval_ByAToken_IsRefused()
    {
        var person = await Server.CreatePersonAsync(BuiltInRoles.Owner);
        var begun = await BeginAsync();
        var logins = Server.Services.GetRequiredService<DeviceLoginService>();
        using var client = await Server.ClientAsync(person);
        Assert.Contains("Only a person may do this", await client.GetStringAsync($"/device?user_code={begun.UserCode}", Cancelled), StringComparison.Ordinal);
        var actor = new Actor(Guid.NewGuid(), "token:x", Standing.Everything) { TokenId = Guid.NewGuid(), SessionId = Guid.NewGuid() };
        Assert.Equal("person-only", (await logins.FindAsync(actor, begun.UserCode, Cancelled)).Error!.Code);
        Assert.Equal("person-only", (await logins.DecideAsync(actor, Guid.NewGuid(), TimeSpan.FromDays(1), Cancelled)).Error!.Code);
    }

    [Fact]
    public async Task Guessing_Codes_IsHeldBack()
    {
        await using var server = await Fixture.StartAnotherAsync(new() { ["Operone:RateLimitScale"] = "1" });
        using var browser = await TestBrowser.SignedInAsync(server);
        var pages = new List<string>();
        for (var i = 0; i < 11; i++)
        {
            pages.Add(await browser.Client.GetStringAsync($"/device?user_code={DeviceFlow.CreateUserCode()}", Cancelled));
        }

        Assert.All(pages.Take(10), p => Assert.Contains("No login waits with this code", p, StringComparison.Ordinal));
        Assert.Contains("Too many requests", pages[10], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "invalid_request")]
    [InlineData("client_id=other", "invalid_client")]
    [InlineData("client_id=operone-cli&client_id=operone-cli", "invalid_request")]
    public async Task Authorization_WithAWrongForm_IsAnErrorOfOAuth(string form, string error) =>
        Assert.Equal(error, await PostForErrorAsync(DeviceFlow.AuthorizationPath, form));

    [Theory]
    [InlineData("", "invalid_request")]
    [InlineData("grant_type=password&client_id=operone-cli", "unsupported_grant_type")]
    [InlineData("grant_type=urn:ietf:params:oauth:grant-type:device_code", "invalid_request")]
    [InlineData("grant_type=urn:ietf:params:oauth:grant-type:device_code&client_id=x&device_code=y", "invalid_client")]
    [InlineData("grant_type=urn:ietf:params:oauth:grant-type:device_code&client_id=operone-cli", "invalid_request")]
    [InlineData("grant_type=urn:ietf:params:oauth:grant-type:device_code&client_id=operone-cli&device_code=opd_nobody", "invalid_grant")]
    public async Task Poll_WithAWrongForm_IsAnErrorOfOAuth(string form, string error) =>
        Assert.Equal(error, await PostForErrorAsync(DeviceFlow.TokenPath, form));

    [Fact]
    public async Task Answers_AreNotKept()
    {
        using var answer = await PollAsync("opd_nobody");
        Assert.True(answer.Headers.CacheControl!.NoStore);
        using var json = await Server.Anonymous.PostAsJsonAsync(DeviceFlow.TokenPath, new { }, Cancelled);
        Assert.Equal(HttpStatusCode.BadRequest, json.StatusCode);
    }

    [Fact]
    public async Task Metadata_NamesEveryDoor()
    {
        var metadata = (await Server.Anonymous.GetFromJsonAsync<JsonElement>(DeviceFlow.MetadataPath, Cancelled))!;
        Assert.Equal(Server.Url, metadata.GetProperty("issuer").GetString());
        Assert.Equal($"{Server.Url}/oauth/device_authorization", metadata.GetProperty("device_authorization_endpoint").GetString());
        Assert.Equal($"{Server.Url}/oauth/token", metadata.GetProperty("token_endpoint").GetString());
        Assert.Equal($"{Server.Url}/oauth/revoke", metadata.GetProperty("revocation_endpoint").GetString());
        Assert.Equal(DeviceFlow.GrantType, metadata.GetProperty("grant_types_supported")[0].GetString());
    }

    [Fact]
    public async Task Revoke_ATokenThatOneHas_EndsItAndItsSession()
    {
        var person = await Server.CreatePersonAsync(BuiltInRoles.Viewer);
        using var browser = await Server.SignInAsync(person);
        var begun = await BeginAsync();
        using var page = await ApproveAsync(browser, begun, days: 1);
        var token = await PollForTokenAsync(begun);
        using var client = Server.Client(token.AccessToken);
        var me = (await client.GetFromJsonAsync<MeView>("/api/v1/me", Cancelled))!;
        Assert.Equal(HttpStatusCode.OK, (await RevokeAsync(token.AccessToken)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await client.GetAsync("/api/v1/me", Cancelled)).StatusCode);
        await using var db = Server.OpenDatabase();
        Assert.NotNull((await db.Set<Session>().SingleAsync(s => s.Id == me.Session!.Id, Cancelled)).EndedAt);

        // One that nobody knows is as good as revoked.
        Assert.Equal(HttpStatusCode.OK, (await RevokeAsync(token.AccessToken)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await RevokeAsync("nonsense")).StatusCode);
    }

    [Fact]
    public async Task DeviceCode_IsStoredAsAHash()
    {
        var begun = await BeginAsync();
        await using var db = Server.OpenDatabase();
        var code = DeviceFlow.ReadUserCode(begun.UserCode);
        var login = await db.Set<DeviceLogin>().SingleAsync(d => d.UserCode == code, Cancelled);
        Assert.Equal(SecretText.Hash(begun.DeviceCode), login.DeviceCodeHash);
    }

    [Theory]
    [InlineData("bcdf-ghjk", "BCDFGHJK")]
    [InlineData(" BCDF GHJK ", "BCDFGHJK")]
    [InlineData("BCDFGHJK", "BCDFGHJK")]
    [InlineData("BCDF-GHJA", null)]
    [InlineData("BCDF", null)]
    [InlineData(null, null)]
    public void UserCode_AsPeopleTypeIt_IsRead(string? typed, string? expected) => Assert.Equal(expected, DeviceFlow.ReadUserCode(typed));

    private async Task<DeviceAuthorization> BeginAsync(string clientName = "test")
    {
        using var form = new FormUrlEncodedContent(new Dictionary<string, string> { ["client_id"] = DeviceFlow.ClientId, ["client_name"] = clientName });
        using var answer = await Server.Anonymous.PostAsync(DeviceFlow.AuthorizationPath, form, Cancelled);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return (await answer.Content.ReadFromJsonAsync<DeviceAuthorization>(Cancelled))!;
    }

    private static Task<Dictionary<string, string>> OpenAsync(TestBrowser browser, DeviceAuthorization begun) =>
        browser.ReadHiddenAsync($"/device?user_code={begun.UserCode}");

    private static Task<HttpResponseMessage> PostAsync(TestBrowser browser, DeviceAuthorization begun, Dictionary<string, string> fields) =>
        browser.Client.PostAsync($"/device?user_code={begun.UserCode}", new FormUrlEncodedContent(fields), Cancelled);

    private static async Task<HttpResponseMessage> ApproveAsync(TestBrowser browser, DeviceAuthorization begun, int days)
    {
        var fields = await OpenAsync(browser, begun);
        fields["Decision"] = "approve";
        fields["Days"] = $"{days}";
        var answer = await PostAsync(browser, begun, fields);
        Assert.Contains("signed in", await answer.Content.ReadAsStringAsync(Cancelled), StringComparison.Ordinal);
        return answer;
    }

    private Task<HttpResponseMessage> PollAsync(string deviceCode) => Server.Anonymous.PostAsync(
        DeviceFlow.TokenPath,
        new FormUrlEncodedContent(new Dictionary<string, string> { ["grant_type"] = DeviceFlow.GrantType, ["client_id"] = DeviceFlow.ClientId, ["device_code"] = deviceCode }),
        Cancelled);

    private async Task<string> PollForErrorAsync(string deviceCode)
    {
        using var answer = await PollAsync(deviceCode);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        return (await answer.Content.ReadFromJsonAsync<OAuthError>(Cancelled))!.Error;
    }

    private async Task<OAuthToken> PollForTokenAsync(DeviceAuthorization begun)
    {
        await ForgetPollAsync(begun);
        using var answer = await PollAsync(begun.DeviceCode);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return (await answer.Content.ReadFromJsonAsync<OAuthToken>(Cancelled))!;
    }

    private Task ForgetPollAsync(DeviceAuthorization begun) => SetPolledAsync(begun, null);

    private async Task SetPolledAsync(DeviceAuthorization begun, DateTimeOffset? at)
    {
        var hash = SecretText.Hash(begun.DeviceCode);
        await using var db = Server.OpenDatabase();
        await db.Set<DeviceLogin>().Where(d => d.DeviceCodeHash == hash).ExecuteUpdateAsync(set => set.SetProperty(d => d.PolledAt, at), Cancelled);
    }

    private async Task<string> PostForErrorAsync(string path, string form)
    {
        using var answer = await Server.Anonymous.PostAsync(path, new StringContent(form, null, "application/x-www-form-urlencoded"), Cancelled);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        return (await answer.Content.ReadFromJsonAsync<OAuthError>(Cancelled))!.Error;
    }

    private Task<HttpResponseMessage> RevokeAsync(string token) =>
        Server.Anonymous.PostAsync(DeviceFlow.RevocationPath, new FormUrlEncodedContent(new Dictionary<string, string> { ["token"] = token }), Cancelled);

    private async Task EndSessionAsync(TestPerson person, Guid session)
    {
        await using var db = Server.OpenDatabase();
        var stored = await db.Set<Session>().SingleAsync(s => s.Id == session, Cancelled);
        await Server.Services.GetRequiredService<SessionService>().EndAsync(Actor.System, [stored], $"ended by {person.Email}", Cancelled);
    }
}

public sealed class DeviceFlowOnSqlite(SqliteFixture fixture) : DeviceFlowTests(fixture), IClassFixture<SqliteFixture>;

public sealed class DeviceFlowOnPostgres(PostgresFixture fixture) : DeviceFlowTests(fixture), IClassFixture<PostgresFixture>;
