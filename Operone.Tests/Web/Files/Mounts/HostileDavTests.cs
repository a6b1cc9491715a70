using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Runtime.Versioning;
using System.Text;
using Operone.Core.Files;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Web.Files.Mounts;

/// <summary>A WebDAV server that answers what it should not gets nowhere.</summary>
[SupportedOSPlatform("linux")]
public sealed class HostileDavTests : IDisposable
{
    private readonly HttpListener _listener = new();
    private readonly int _port = PostgresServer.FreePort();
    private readonly ConcurrentQueue<string> _asked = new();

    private Action<HttpListenerContext> _answer = context => context.Response.StatusCode = 404;

    public HostileDavTests()
    {
        _listener.Prefixes.Add($"http://127.0.0.1:{_port.ToString(CultureInfo.InvariantCulture)}/");
        _listener.Start();
        _ = ServeAsync();
    }

    private WriteMount Mount => new("hostile", MountKind.WebDav, $"http://127.0.0.1:{_port.ToString(CultureInfo.InvariantCulture)}/dav", "somebody", IsWritable: true, Password: "s3cret");

    [Theory]
    [InlineData("/dav/../etc/passwd")]
    [InlineData("/dav/%2e%2e/x")]
    [InlineData("/dav/a%2Fb")]
    [InlineData("/dav/deep/er")]
    [InlineData("/elsewhere/x")]
    [InlineData("/")]
    [InlineData("http://other.example/etc/x")]
    [InlineData("/dav/x%00y")]
    [InlineData("/dav/%zz")]
    public async Task Listing_WithWhatIsNotInTheFolder_IsNotBelieved(string href)
    {
        _answer = context => Say(context, 207, Multistatus(Folder("/dav/"), File_("/dav/good"), File_(href)));
        using var mount = new BackendUnderTest(Mount);
        var listed = await mount.ListAsync(mount.Top);
        Assert.Equal("file-failed", listed.Error?.Code);
    }

    [Theory]
    [InlineData("<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><D:multistatus xmlns:D=\"DAV:\">&e;</D:multistatus>")]
    [InlineData("<html>sign in here</html>")]
    [InlineData("not xml")]
    [InlineData("<D:multistatus xmlns:D=\"DAV:\"><D:response><D:href>/dav/</D:href>")]
    [InlineData("")]
    public async Task Answer_ThatMakesNoSense_IsNotBelieved(string xml)
    {
        _answer = context => Say(context, 207, xml);
        using var mount = new BackendUnderTest(Mount);
        Assert.Equal("file-failed", (await mount.ListAsync(mount.Top)).Error?.Code);
    }

    [Fact]
    public async Task Listing_ThatBreaksOffOnce_IsAskedForAgain()
    {
        var whole = Multistatus(Folder("/dav/"), File_("/dav/good"));
        _answer = context => Say(context, 207, _asked.Count(a => a.StartsWith("PROPFIND", StringComparison.Ordinal)) <= 2 ? whole + "Not Found" : whole);
        using var mount = new BackendUnderTest(Mount);
        Assert.Equal(["good"], (await mount.ListAsync(mount.Top)).Value.Select(e => e.Segment));
    }

    [Theory]
    [InlineData(301)]
    [InlineData(302)]
    [InlineData(307)]
    [InlineData(308)]
    public async Task Redirect_IsNotFollowed(int status)
    {
        _answer = context =>
        {
            context.Response.StatusCode = status;
            context.Response.RedirectLocation = $"http://127.0.0.1:{_port.ToString(CultureInfo.InvariantCulture)}/stolen";
        };
        using var mount = new BackendUnderTest(Mount);
        var listed = await mount.ListAsync(mount.Top);
        Assert.Equal("mount-away", listed.Error?.Code);
        Assert.Contains("no redirect is followed", listed.Error!.Detail, StringComparison.Ordinal);
        Assert.DoesNotContain(_asked, a => a.Contains("stolen", StringComparison.Ordinal));
        Assert.DoesNotContain("s3cret", listed.Error.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task File_WithAnotherLengthThanItSaid_IsCutOffOrRefused()
    {
        _answer = context =>
        {
            if (context.Request.HttpMethod == "PROPFIND")
            {
                Say(context, 207, Multistatus(File_("/dav/f", 10)));
            }
            else
            {
                context.Response.StatusCode = context.Request.Headers["Range"] is null ? 200 : 206;
                context.Response.OutputStream.Write(Encoding.UTF8.GetBytes(context.Request.Headers["Range"] is null ? "012345678901234567890123456789" : "01"));
            }
        };
        using var mount = new BackendUnderTest(Mount);
        Assert.Equal("0123456789"u8.ToArray(), (await mount.GetAsync(mount.At("f"))).Value);
        Assert.True((await mount.GetAsync(mount.At("f"), 3, 5)).IsError);
    }

    [Fact]
    public async Task Server_ThatDoesNotKeepWhatItTakes_IsNotBelieved()
    {
        _answer = context =>
        {
            if (context.Request.HttpMethod == "PROPFIND")
            {
                var isPart = context.Request.RawUrl!.Contains(".operone-", StringComparison.Ordinal);
                Say(context, isPart ? 207 : 404, isPart ? Multistatus(File_(context.Request.RawUrl!, 1)) : "");
            }
            else
            {
                context.Request.InputStream.CopyTo(Stream.Null);
                context.Response.StatusCode = 201;
            }
        };
        using var mount = new BackendUnderTest(Mount);
        Assert.Equal("bad-digest", (await mount.PutAsync(mount.At("f"), "four"u8.ToArray())).Error?.Code);
        Assert.DoesNotContain(_asked, a => a.StartsWith("MOVE", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(401, "mount-away")]
    [InlineData(403, "file-denied")]
    [InlineData(423, "file-denied")]
    [InlineData(507, "no-space")]
    [InlineData(500, "file-failed")]
    [InlineData(503, "mount-away")]
    public async Task Refusal_IsSaidWithWords(int status, string code)
    {
        _answer = context => context.Response.StatusCode = status;
        using var mount = new BackendUnderTest(Mount);
        var listed = await mount.ListAsync(mount.Top);
        Assert.Equal(code, listed.Error?.Code);
        Assert.DoesNotContain("s3cret", listed.Error!.Detail, StringComparison.Ordinal);
    }

    public void Dispose() => _listener.Close();

    private static string Folder(string href) => $"<D:response><D:href>{href}</D:href><D:propstat><D:prop><D:resourcetype><D:collection/></D:resourcetype></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>";

    private static string File_(string href, int size = 1) =>
        $"<D:response><D:href>{href}</D:href><D:propstat><D:prop><D:resourcetype/><D:getcontentlength>{size.ToString(CultureInfo.InvariantCulture)}</D:getcontentlength></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>";

    private static string Multistatus(params string[] responses) => $"<?xml version=\"1.0\"?><D:multistatus xmlns:D=\"DAV:\">{string.Concat(responses)}</D:multistatus>";

    private static void Say(HttpListenerContext context, int status, string text)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/xml";
        context.Response.OutputStream.Write(Encoding.UTF8.GetBytes(text));
    }

    private async Task ServeAsync()
    {
        while (_listener.IsListening)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception closed) when (closed is HttpListenerException or ObjectDisposedException)
            {
                return;
            }

            _asked.Enqueue($"{context.Request.HttpMethod} {context.Request.RawUrl}");
            try
            {
                _answer(context);
                context.Response.Close();
            }
            catch (Exception gone) when (gone is HttpListenerException or IOException or InvalidOperationException)
            {
                // the client has seen enough
            }
        }
    }
}
