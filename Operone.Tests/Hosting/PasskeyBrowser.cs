using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Xunit;

namespace Operone.Tests.Hosting;

/// <summary>A browser at <c>http://localhost</c>, and what its pages' script does with a passkey.</summary>
internal sealed class PasskeyBrowser : IDisposable
{
    public PasskeyBrowser(OperoneServer server, string host = "localhost")
    {
        Origin = $"http://{host}:{new Uri(server.Url).Port}";
        Browser = new TestBrowser(server, url: Origin);
    }

    /// <summary>The origin of its pages.</summary>
    public string Origin { get; }

    /// <summary>What lies beneath.</summary>
    public TestBrowser Browser { get; }

    /// <summary>Sends its requests.</summary>
    public HttpClient Client => Browser.Client;

    /// <summary>An authenticator that this browser's pages can use.</summary>
    public SoftAuthenticator NewAuthenticator() => new() { Origin = Origin };

    /// <summary>Asks for a challenge.</summary>
    public async Task<JsonElement> OptionsAsync(string path, object? body = null)
    {
        using var answer = await PostAsync($"/session/{path}/options", body ?? new { });
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return await answer.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken);
    }

    /// <summary>Posts JSON.</summary>
    public Task<HttpResponseMessage> PostAsync(string path, object body) => Client.PostAsJsonAsync(path, body, TestContext.Current.CancellationToken);

    /// <summary>Signs in with a passkey.</summary>
    public async Task<HttpResponseMessage> SignInAsync(SoftAuthenticator authenticator) =>
        await SendSignInAsync(authenticator.Get(await OptionsAsync("passkey/sign-in")));

    /// <summary>Sends what a passkey made of a challenge.</summary>
    public Task<HttpResponseMessage> SendSignInAsync(JsonNode? credential) =>
        PostAsync("/session/passkey/sign-in", new { credential, deviceKey = Browser.KeyText, remember = false, returnUrl = "/devices" });

    /// <summary>Adds a passkey to who is signed in.</summary>
    public async Task<HttpResponseMessage> AddAsync(SoftAuthenticator authenticator, string? name = null) =>
        await PostAsync("/session/passkey/add", new { credential = authenticator.Create(await OptionsAsync("passkey/add")), name });

    /// <summary>Touches a passkey for who is signed in.</summary>
    public async Task<HttpResponseMessage> StepUpAsync(SoftAuthenticator authenticator) =>
        await PostAsync("/session/step-up", new { credential = authenticator.Get(await OptionsAsync("step-up")) });

    /// <summary>Somebody with a passkey, signed in with a password; fails the test where it does not work.</summary>
    public async Task<SoftAuthenticator> SignInAndAddAsync(TestPerson person, string? name = null)
    {
        await Browser.SignInAsync(person.Email, TestPeople.Password);
        var authenticator = NewAuthenticator();
        using var added = await AddAsync(authenticator, name);
        Assert.True(added.IsSuccessStatusCode, await added.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        return authenticator;
    }

    /// <summary>Whether it is signed in.</summary>
    public async Task<bool> IsSignedInAsync()
    {
        using var answer = await Client.GetAsync("/api/v1/me/passkeys", TestContext.Current.CancellationToken);
        return answer.StatusCode == HttpStatusCode.OK;
    }

    /// <summary>The code that ends a problem's type.</summary>
    public static async Task<string> CodeOfAsync(HttpResponseMessage answer) =>
        (await answer.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken)).GetProperty("type").GetString()!.Split('/')[^1];

    public void Dispose() => Browser.Dispose();
}
