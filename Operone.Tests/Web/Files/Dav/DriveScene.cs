using System.Net.Http.Headers;
using System.Runtime.Versioning;
using System.Text;
using System.Xml.Linq;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Web.Files.Dav;

/// <summary>A real agent at the node, and a folder of its own on it, as a network drive.</summary>
[SupportedOSPlatform("linux")]
public abstract class DriveScene(ServerFixture fixture) : FileScene(fixture)
{
    protected static readonly XNamespace Dav = "DAV:";

    /// <summary>The address of something in the folder, by its path as it is in an address.</summary>
    protected Uri On(string below) => new($"/dav{Place}/{below}", UriKind.Relative);

    /// <summary>Sends a request, and says why where it is not answered as expected.</summary>
    protected Task<HttpResponseMessage> AskAsync(string method, string below, int status, string? body = null, params (string Name, string Value)[] headers) =>
        AskAsync(Server.Owner, method, On(below), status, body, headers);

    /// <summary>The same as somebody else, or elsewhere.</summary>
    protected static async Task<HttpResponseMessage> AskAsync(HttpClient client, string method, Uri at, int status, string? body = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), at) { Content = body is null ? null : new StringContent(body, Encoding.UTF8) };
        foreach (var (name, value) in headers)
        {
            Assert.True(request.Headers.TryAddWithoutValidation(name, value) || request.Content!.Headers.TryAddWithoutValidation(name, value));
        }

        var response = await client.SendAsync(request, Cancelled);
        Assert.True((int)response.StatusCode == status, $"{method} {at} is {(int)response.StatusCode}: {await response.Content.ReadAsStringAsync(Cancelled)}");
        return response;
    }

    /// <summary>Sends a request whose answer's status is all that matters.</summary>
    protected async Task DoAsync(string method, string below, int status, string? body = null, params (string Name, string Value)[] headers)
    {
        using var response = await AskAsync(method, below, status, body, headers);
    }

    /// <summary>What a PROPFIND answers.</summary>
    protected async Task<XElement> FindAsync(string below, string depth = "0", string? body = null)
    {
        using var response = await AskAsync("PROPFIND", below, 207, body, ("Depth", depth));
        return XElement.Parse(await response.Content.ReadAsStringAsync(Cancelled));
    }

    /// <summary>A body that asks for properties.</summary>
    protected static string Wish(params string[] names) => $"""<propfind xmlns="DAV:" xmlns:x="urn:x"><prop>{string.Concat(names.Select(n => $"<{n}/>"))}</prop></propfind>""";

    /// <summary>A body that sets one property.</summary>
    protected static string Set(string property) => $"""<propertyupdate xmlns="DAV:" xmlns:x="urn:x" xmlns:z="urn:schemas-microsoft-com:"><set><prop>{property}</prop></set></propertyupdate>""";

    /// <summary>A body that asks for a lock.</summary>
    protected static string Lock(string scope = "exclusive") =>
        $"""<lockinfo xmlns="DAV:"><lockscope><{scope}/></lockscope><locktype><write/></locktype><owner><href>mailto:me</href></owner></lockinfo>""";

    /// <summary>Takes a lock; gives its token.</summary>
    protected async Task<string> LockAsync(string below, int status = 200, string scope = "exclusive", string depth = "infinity", string timeout = "Second-600", HttpClient? client = null)
    {
        using var response = await AskAsync(client ?? Server.Owner, "LOCK", On(below), status, Lock(scope), ("Depth", depth), ("Timeout", timeout));
        return response.Headers.GetValues("Lock-Token").Single().Trim('<', '>');
    }

    /// <summary>A value of one property in an answer; null where there is none, or with another status.</summary>
    protected static string? ValueOf(XElement answer, XName name, string href = "") => answer.Elements(Dav + "response")
        .Where(r => r.Element(Dav + "href")!.Value.EndsWith(href, StringComparison.Ordinal)).Elements(Dav + "propstat")
        .Where(s => s.Element(Dav + "status")!.Value.Contains(" 200 ", StringComparison.Ordinal))
        .Elements(Dav + "prop").Elements(name).Select(e => e.Value).FirstOrDefault();

    /// <summary>The names of what an answer has, as they are in its addresses.</summary>
    protected static string[] NamesIn(XElement answer) => [.. answer.Elements(Dav + "response").Select(r => r.Element(Dav + "href")!.Value).Skip(1).Select(h => h.TrimEnd('/').Split('/')[^1] + (h.EndsWith('/') ? "/" : ""))];

    /// <summary>A client that signs in as drives do.</summary>
    protected HttpClient Drive(string password)
    {
        var client = Server.Client(null);
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"me:{password}")));
        return client;
    }

    protected string OnDisk(string below) => Path.Combine(Folder, below);
}
