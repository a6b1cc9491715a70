using System.Net;
using System.Text.RegularExpressions;
using Xunit;

namespace Operone.Tests.Hosting;

/// <summary>A person's browser, as far as forms and cookies go: it has cookies of its own and fills in forms.</summary>
public sealed partial class ConsoleClient : IDisposable
{
    private readonly HttpClient _http;

    public ConsoleClient(string url, CookieContainer? cookies = null)
    {
        Cookies = cookies ?? new();
        Url = new Uri(url);
        _http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, CookieContainer = Cookies, UseProxy = false })
        {
            BaseAddress = Url,
            Timeout = TimeSpan.FromSeconds(30),
            DefaultRequestHeaders = { { "Accept", "text/html" } },
        };
    }

    /// <summary>Its cookies.</summary>
    public CookieContainer Cookies { get; }

    /// <summary>Which server it talks to.</summary>
    public Uri Url { get; }

    /// <summary>To ask for anything with its cookies.</summary>
    public HttpClient Http => _http;

    /// <summary>A browser in which the owner has signed in.</summary>
    public static async Task<ConsoleClient> SignInAsync(
        OperoneServer server, string email = OperoneServer.OwnerEmail, string password = OperoneServer.OwnerPassword)
    {
        ArgumentNullException.ThrowIfNull(server);
        var console = new ConsoleClient(server.Url);
        using var answer = await console.SubmitAsync("/sign-in", new() { ["Email"] = email, ["Password"] = password });
        Assert.True(answer.StatusCode == HttpStatusCode.Redirect, $"{answer.StatusCode}: {await answer.Content.ReadAsStringAsync()}");
        return console;
    }

    /// <summary>Opens a page, fills in its form and sends it, with everything hidden that the form has.</summary>
    public async Task<HttpResponseMessage> SubmitAsync(string path, Dictionary<string, string> fields)
    {
        ArgumentNullException.ThrowIfNull(fields);
        var all = await ReadHiddenAsync(path);
        foreach (var (name, value) in fields)
        {
            all[name] = value;
        }

        return await _http.PostAsync(path, new FormUrlEncodedContent(all), TestContext.Current.CancellationToken);
    }

    /// <summary>The hidden fields of a page's first form, the antiforgery token among them.</summary>
    public async Task<Dictionary<string, string>> ReadHiddenAsync(string path)
    {
        var page = await _http.GetStringAsync(path, TestContext.Current.CancellationToken);
        var form = Form().Match(page);
        Assert.True(form.Success, $"{path} has no form: {page}");
        var hidden = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (Match input in Hidden().Matches(form.Value))
        {
            hidden[Attribute(input.Value, "name")] = WebUtility.HtmlDecode(Attribute(input.Value, "value"));
        }

        return hidden;
    }

    public void Dispose() => _http.Dispose();

    private static string Attribute(string element, string name) => Regex.Match(element, $"{name}=\"([^\"]*)\"").Groups[1].Value;

    [GeneratedRegex("<form.*?</form>", RegexOptions.Singleline)]
    private static partial Regex Form();

    [GeneratedRegex("<input[^>]*type=\"hidden\"[^>]*>")]
    private static partial Regex Hidden();
}
