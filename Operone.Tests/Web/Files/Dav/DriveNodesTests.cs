using System.Net;
using System.Runtime.Versioning;
using System.Xml.Linq;
using Operone.Tests.Agent.Hosting;
using Operone.Tests.Hosting;
using Operone.Tests.Web.Hosting.Nodes;
using Xunit;

namespace Operone.Tests.Web.Files.Dav;

/// <summary>A drive that is asked at one node, and at another.</summary>
[SupportedOSPlatform("linux")]
public sealed class DriveNodesTests(NodesFixture nodes) : IClassFixture<NodesFixture>
{
    private const string Lock = """<lockinfo xmlns="DAV:"><lockscope><exclusive/></lockscope><locktype><write/></locktype></lockinfo>""";

    [Fact]
    public async Task Lock_TakenAtOneNode_HoldsAtTheOther()
    {
        using var temp = new TempFolder();
        var file = new Uri($"/dav/devices/second{temp["f"]}", UriKind.Relative);
        (await AskAsync(nodes.First, "PUT", file, HttpStatusCode.Created, "one")).Dispose();
        using var locked = await AskAsync(nodes.First, "LOCK", file, HttpStatusCode.OK, Lock);
        var token = locked.Headers.GetValues("Lock-Token").Single();
        (await AskAsync(nodes.Second, "PUT", file, HttpStatusCode.Locked, "two")).Dispose();
        (await AskAsync(nodes.Second, "PUT", file, HttpStatusCode.NoContent, "two", ("If", $"({token})"))).Dispose();
        using var found = await AskAsync(nodes.Second, "PROPFIND", file, HttpStatusCode.MultiStatus, null, ("Depth", "0"));
        Assert.Contains(token.Trim('<', '>'), XElement.Parse(await found.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).Value, StringComparison.Ordinal);
        (await AskAsync(nodes.Second, "UNLOCK", file, HttpStatusCode.NoContent, null, ("Lock-Token", token))).Dispose();
        (await AskAsync(nodes.First, "PUT", file, HttpStatusCode.NoContent, "three")).Dispose();
        Assert.Equal("three", await File.ReadAllTextAsync(temp["f"], TestContext.Current.CancellationToken));
    }

    private static async Task<HttpResponseMessage> AskAsync(OperoneServer node, string method, Uri at, HttpStatusCode status, string? body = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(new(method), at) { Content = body is null ? null : new StringContent(body) };
        foreach (var (name, value) in headers)
        {
            Assert.True(request.Headers.TryAddWithoutValidation(name, value));
        }

        var answer = await node.Owner.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.True(answer.StatusCode == status, $"{method} is {(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)}");
        return answer;
    }
}
