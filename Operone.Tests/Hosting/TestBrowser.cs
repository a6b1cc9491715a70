using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.RegularExpressions;
using Operone.Web.Access;
using Xunit;

namespace Operone.Tests.Hosting;

/// <summary>What a browser does over HTTP: it keeps cookies, sends forms with their antiforgery token, and has the key that its session is bound to.</summary>
public sealed partial class TestBrowser : IDisposable
{
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    internal TestBrowser(OperoneServer server, CookieContainer? cookies = null, string? url = null)
    {
        Cookies = cookies ?? new();
        Client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, CookieContainer = Cookies }) { BaseAddress = new Uri(url ?? server.Url), Timeout = TimeSpan.FromSeconds(30) };
        Client.DefaultRequestHeaders.UserAgent.ParseAdd("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0");
    }

    /// <summary>Its cookies.</summary>
    public CookieContainer Cookies { get; }

    /// <summary>Sends its requests; does not follow redirects.</summary>
    public HttpClient Client { get; }

    /// <summary>The text of its public key, as its pages' script sends it.</summary>
    public string KeyText => Convert.ToBase64String(_key.ExportSubjectPublicKeyInfo());

    /// <summary>The text of some browser's public key.</summary>
    public static string NewKeyText()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return Convert.ToBase64String(key.ExportSubjectPublicKeyInfo());
    }

    /// <summary>Signs in with a password; fails the test where it does not work.</summary>
    public async Task SignInAsync(string email, string password)
    {
        using var answer = await SendFormAsync("/sign-in", new() { ["_handler"] = "sign-in", ["Email"] = email, ["Password"] = password, ["DeviceKey"] = KeyText });
        Assert.Equal(HttpStatusCode.Redirect, answer.StatusCode);
    }

    /// <summary>Loads a page, and sends the form on it.</summary>
    public async Task<HttpResponseMessage> SendFormAsync(string path, Dictionary<string, string> fields)
    {
        var page = await Client.GetStringAsync(path, TestContext.Current.CancellationToken);
        fields["__RequestVerificationToken"] = WebUtility.HtmlDecode(AntiforgeryToken().Match(page).Groups[1].Value);
        using var form = new FormUrlEncodedContent(fields);
        return await Client.PostAsync(path, form, TestContext.Current.CancellationToken);
    }

    /// <summary>Renews its session as its pages' script does.</summary>
    /// <param name="withKey">Whether it signs with its key; a thief has none.</param>
    public async Task<HttpResponseMessage> RenewAsync(bool withKey = true)
    {
        using var asked = await Client.PostAsJsonAsync("/session/nonce", new { }, TestContext.Current.CancellationToken);
        asked.EnsureSuccessStatusCode();
        var nonce = (await asked.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken)).GetProperty("nonce").GetString()!;
        return await RenewAsync(nonce, withKey ? Sign(nonce) : null);
    }

    /// <summary>Sends a nonce and a signature.</summary>
    public Task<HttpResponseMessage> RenewAsync(string nonce, string? signature) =>
        Client.PostAsJsonAsync("/session/renew", new { nonce, signature }, TestContext.Current.CancellationToken);

    /// <summary>Signs a nonce.</summary>
    public string Sign(string nonce) => Convert.ToBase64String(_key.SignData(SessionRenewal.ToSign(nonce), HashAlgorithmName.SHA256));

    public void Dispose()
    {
        Client.Dispose();
        _key.Dispose();
    }

    [GeneratedRegex("name=\"__RequestVerificationToken\" value=\"([^\"]+)\"")]
    private static partial Regex AntiforgeryToken();
}
