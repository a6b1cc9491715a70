using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using Operone.Core;
using Operone.Core.Access;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Web.Access;

/// <summary>A browser that has Device Bound Session Credentials, as the W3C's draft describes it, over HTTP.</summary>
public abstract partial class DeviceBoundSessionTests(ServerFixture fixture) : ServerTests(fixture)
{
    [Fact]
    public async Task Browser_ThatBindsItsSession_RenewsTheSameSessionByItself()
    {
        var time = new AdjustableTime();
        await using var server = await Fixture.StartAnotherAsync(configure: builder => builder.Services.AddSingleton<TimeProvider>(time));
        using var browser = new TestBrowser(server);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var (path, challenge) = await SignInAsync(server, browser);
        var before = await CurrentAsync(browser);

        using var started = await SendAsync(browser, path, Proof(key, challenge, withKey: true));
        Assert.Equal(HttpStatusCode.OK, started.StatusCode);
        Assert.Contains("max-age=600", started.Headers.GetValues("Set-Cookie").Single(), StringComparison.OrdinalIgnoreCase);
        var instructions = await started.Content.ReadFromJsonAsync<JsonElement>(Cancelled);
        var id = instructions.GetProperty("session_identifier").GetString()!;
        var after = await CurrentAsync(browser);
        Assert.Equal((before.Id, SessionBinding.DeviceBound, before.Id.ToString()), (after.Id, after.Binding, id));
        Assert.Equal("operone", instructions.GetProperty("credentials")[0].GetProperty("name").GetString());

        // Its cookie is gone by now; the key and the session's id bring it back.
        time.Advance(TimeSpan.FromMinutes(11));
        using var away = new TestBrowser(server);
        var refresh = instructions.GetProperty("refresh_url").GetString()!;
        using var asked = await SendAsync(away, refresh, null, id);
        Assert.Equal(HttpStatusCode.Forbidden, asked.StatusCode);
        var wanted = ChallengeHeader().Match(asked.Headers.GetValues("Secure-Session-Challenge").Single());
        Assert.Equal(id, wanted.Groups[2].Value);

        using var stranger = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Assert.Equal(HttpStatusCode.Forbidden, (await SendAsync(away, refresh, Proof(stranger, wanted.Groups[1].Value), id)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(away, refresh, Proof(key, wanted.Groups[1].Value), id)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await SendAsync(away, refresh, Proof(key, wanted.Groups[1].Value), id)).StatusCode);
        Assert.Equal(before.Id, (await CurrentAsync(away)).Id);
    }

    [Fact]
    public async Task Thief_WithTheCookie_CannotBindTheSessionToAnotherKey()
    {
        using var browser = new TestBrowser(Server);
        var (path, challenge) = await SignInAsync(Server, browser);
        using var thiefsKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var thief = new TestBrowser(Server, browser.Cookies);

        // The nonce for a renewal is anybody's who has the cookie; it is not for this.
        using var asked = await thief.Client.PostAsJsonAsync("/session/nonce", new { }, Cancelled);
        var nonce = (await asked.Content.ReadFromJsonAsync<JsonElement>(Cancelled)).GetProperty("nonce").GetString()!;
        Assert.Equal(HttpStatusCode.Forbidden, (await SendAsync(thief, path, Proof(thiefsKey, nonce, withKey: true))).StatusCode);

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(browser, path, Proof(key, challenge, withKey: true))).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await SendAsync(thief, path, Proof(thiefsKey, challenge, withKey: true))).StatusCode);

        // The page's own key no longer renews it: whoever comes without the browser's help has a copy.
        Assert.Equal(HttpStatusCode.Unauthorized, (await thief.RenewAsync()).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await browser.Client.GetAsync("/api/v1/devices", Cancelled)).StatusCode);
    }

    [Theory]
    [InlineData("none")]
    [InlineData("HS256")]
    [InlineData("RS256")]
    [InlineData("no-key")]
    [InlineData("other-type")]
    [InlineData("unsigned")]
    [InlineData("garbage")]
    [InlineData("bad-point")]
    public async Task Registration_ThatIsNotRight_IsRefusedAndChangesNothing(string how)
    {
        using var browser = new TestBrowser(Server);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var (path, challenge) = await SignInAsync(Server, browser);
        var proof = how switch
        {
            "none" or "HS256" or "RS256" => Proof(key, challenge, withKey: true, algorithm: how),
            "no-key" => Proof(key, challenge),
            "other-type" => Proof(key, challenge, withKey: true, type: "JWT"),
            "unsigned" => Proof(key, challenge, withKey: true)[..^20],
            "bad-point" => Proof(key, challenge, withKey: true, point: new byte[32]),
            _ => "a.b.c",
        };
        Assert.Equal(HttpStatusCode.Forbidden, (await SendAsync(browser, path, proof)).StatusCode);
        Assert.Equal(SessionBinding.WebCrypto, (await CurrentAsync(browser)).Binding);
        Assert.Equal(HttpStatusCode.NoContent, (await browser.RenewAsync()).StatusCode);
    }

    private static async Task<(string Path, string Challenge)> SignInAsync(OperoneServer server, TestBrowser browser)
    {
        var person = await server.CreatePersonAsync(BuiltInRoles.Viewer);
        using var answer = await browser.SendFormAsync(
            "/sign-in", new() { ["_handler"] = "sign-in", ["Email"] = person.Email, ["Password"] = TestPeople.Password, ["DeviceKey"] = browser.KeyText });
        var offer = RegistrationHeader().Match(answer.Headers.GetValues("Secure-Session-Registration").Single());
        Assert.True(offer.Success);
        return (offer.Groups[1].Value, offer.Groups[2].Value);
    }

    private static async Task<SessionView> CurrentAsync(TestBrowser browser) =>
        Assert.Single((await browser.Client.GetFromJsonAsync<Page<SessionView>>("/api/v1/sessions", Cancelled))!.Items, s => s.IsCurrent);

    private static async Task<HttpResponseMessage> SendAsync(TestBrowser browser, string path, string? proof, string? id = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path);
        if (proof is not null)
        {
            request.Headers.Add("Secure-Session-Response", $"\"{proof}\"");
        }

        if (id is not null)
        {
            request.Headers.Add("Sec-Secure-Session-Id", $"\"{id}\"");
        }

        return await browser.Client.SendAsync(request, Cancelled);
    }

    private static string Proof(ECDsa key, string challenge, bool withKey = false, string algorithm = "ES256", string type = "dbsc+jwt", byte[]? point = null)
    {
        var q = key.ExportParameters(false).Q;
        var header = new Dictionary<string, object> { ["alg"] = algorithm, ["typ"] = type };
        if (withKey)
        {
            header["jwk"] = new Dictionary<string, string> { ["kty"] = "EC", ["crv"] = "P-256", ["x"] = Encode(point ?? q.X!), ["y"] = Encode(point ?? q.Y!) };
        }

        var text = $"{Encode(JsonSerializer.SerializeToUtf8Bytes(header))}.{Encode(JsonSerializer.SerializeToUtf8Bytes(new { jti = challenge }))}";
        return $"{text}.{Encode(key.SignData(Encoding.ASCII.GetBytes(text), HashAlgorithmName.SHA256))}";

        static string Encode(byte[] bytes) => System.Buffers.Text.Base64Url.EncodeToString(bytes);
    }

    [GeneratedRegex("^\\(ES256\\);path=\"([^\"]+)\";challenge=\"([^\"]+)\"$")]
    private static partial Regex RegistrationHeader();

    [GeneratedRegex("^\"([^\"]+)\";id=\"([^\"]+)\"$")]
    private static partial Regex ChallengeHeader();
}

public sealed class DeviceBoundSessionsOnSqlite(SqliteFixture fixture) : DeviceBoundSessionTests(fixture), IClassFixture<SqliteFixture>;

public sealed class DeviceBoundSessionsOnPostgres(PostgresFixture fixture) : DeviceBoundSessionTests(fixture), IClassFixture<PostgresFixture>;
