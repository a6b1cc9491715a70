using System.Net;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;
using Operone.Core.Access;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Web.Files.Dav;

[SupportedOSPlatform("linux")]
public sealed class DriveOnSqlite(SqliteFixture f) : DriveTests(f), IClassFixture<SqliteFixture>;

[SupportedOSPlatform("linux")]
public sealed class DriveOnPostgres(PostgresFixture f) : DriveTests(f), IClassFixture<PostgresFixture>;

/// <summary>What litmus does not ask: who may mount it, names, safety, and what other programs send.</summary>
[SupportedOSPlatform("linux")]
public abstract class DriveTests(ServerFixture fixture) : DriveScene(fixture)
{
    [Fact]
    public async Task Credential_IsATokenAsThePassword_AndNeverACookie()
    {
        using (var anonymous = await AskAsync(Server.Anonymous, "PROPFIND", On(""), 401))
        {
            Assert.Equal("Basic realm=\"Operone\", charset=\"UTF-8\"", anonymous.Headers.WwwAuthenticate.First().ToString());
        }

        using var drive = Drive(OperoneServer.OwnerToken);
        using var wrong = Drive("op_nothing");
        using var empty = Drive("");
        (await AskAsync(drive, "PROPFIND", On(""), 207, null, ("Depth", "0"))).Dispose();
        (await AskAsync(wrong, "PROPFIND", On(""), 401)).Dispose();
        (await AskAsync(empty, "PROPFIND", On(""), 401)).Dispose();

        // elsewhere a password is no credential, and here a session is none
        (await AskAsync(drive, "GET", new("/api/v1/files/devices?view=entry", UriKind.Relative), 401)).Dispose();
        using var browser = new HttpClient(new SocketsHttpHandler { UseCookies = false }) { BaseAddress = new(Server.Url) };
        (await AskAsync(browser, "GET", On("f"), 401, null, ("Cookie", $"{Operone.Web.Access.SessionCookie.Name}=anything"))).Dispose();
    }

    [Fact]
    public async Task Password_IsTakenOverHttpsOrFromThisMachineAlone()
    {
        await using var server = await Fixture.StartAnotherAsync(new() { ["Operone:Proxies:0"] = "127.0.0.1" });
        using var client = server.Client(null);
        var basic = ("Authorization", $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"me:{OperoneServer.OwnerToken}"))}");
        var top = new Uri("/dav/", UriKind.Relative);
        var away = ("X-Forwarded-For", "203.0.113.7");
        (await AskAsync(client, "OPTIONS", top, 200, null, basic)).Dispose();
        (await AskAsync(client, "OPTIONS", top, 200, null, basic, away, ("X-Forwarded-Proto", "https"))).Dispose();
        using var clear = await AskAsync(client, "OPTIONS", top, 401, null, basic, away);
        Assert.EndsWith("/password-in-the-clear", (await OperoneServer.ReadProblemAsync(clear)).Type, StringComparison.Ordinal);
        using var asked = await AskAsync(client, "OPTIONS", top, 401, null, away);
        Assert.Equal("Bearer", Assert.Single(asked.Headers.WwwAuthenticate).Scheme);
        (await AskAsync(client, "OPTIONS", top, 200, null, away, ("Authorization", $"Bearer {OperoneServer.OwnerToken}"))).Dispose();
    }

    [Fact]
    public async Task Options_SayWhatItCan()
    {
        using var options = await AskAsync("OPTIONS", "", 200);
        Assert.Equal("1, 2", options.Headers.GetValues("DAV").Single());
        Assert.Equal("DAV", options.Headers.GetValues("MS-Author-Via").Single());
        Assert.Contains("PROPFIND", options.Content.Headers.Allow);
    }

    [Fact]
    public async Task PageOfAnotherSite_GetsNothingDone()
    {
        await File.WriteAllTextAsync(OnDisk("f"), "one", Cancelled);
        await DoAsync("DELETE", "f", 403, null, ("Origin", "https://evil.example"));
        await DoAsync("PUT", "f", 403, "x", ("Sec-Fetch-Site", "cross-site"));
        Assert.Equal("one", await File.ReadAllTextAsync(OnDisk("f"), Cancelled));
    }

    [Theory]
    [InlineData("a b.txt", "a%20b.txt")]
    [InlineData("line\nbreak", "line%0Abreak")]
    [InlineData("😀 <&>\"'", "%F0%9F%98%80%20%3C&%3E%22'")]
    [InlineData("100%#?;", "100%25%23%3F;")]
    public async Task Name_OfAnyText_IsListedReadMovedAndRemoved(string name, string segment)
    {
        await DoAsync("PUT", segment, 201, "one");
        Assert.Equal("one", await File.ReadAllTextAsync(OnDisk(name), Cancelled));
        Assert.Equal([segment], NamesIn(await FindAsync("", "1")));
        Assert.Equal("one", await Server.Owner.GetStringAsync(On(segment), Cancelled));
        await DoAsync("MOVE", segment, 201, null, ("Destination", $"{Server.Url}/dav{Place}/b-{segment}"));
        Assert.Equal($"b-{name}", Path.GetFileName(Assert.Single(Directory.GetFiles(Folder))));
        await DoAsync("DELETE", $"b-{segment}", 204);
        Assert.Empty(Directory.GetFileSystemEntries(Folder));
    }

    [Fact]
    public async Task Name_ThatIsNotUtf8_IsKeptExactly()
    {
        await DoAsync("PUT", "b%FFd", 201, "bytes");
        await DoAsync("COPY", "b%FFd", 201, null, ("Destination", On("c%FEd").OriginalString));
        Assert.Equal(["b%FFd", "c%FEd"], NamesIn(await FindAsync("", "1")));
        Assert.Equal("bytes", await Server.Owner.GetStringAsync(On("c%FEd"), Cancelled));
    }

    [Theory]
    [InlineData("GET", "%2e%2e/x", null, 400)]
    [InlineData("PROPFIND", "a/../../../x", null, 400)]
    [InlineData("PUT", "a%2Fb", null, 400)]
    [InlineData("DELETE", "a%00", null, 400)]
    [InlineData("MOVE", "f", "/dav/devices/%2e%2e/x", 400)]
    [InlineData("COPY", "f", "/dav/devices/a%2F..%2Fb", 400)]
    [InlineData("COPY", "f", "http://elsewhere.example/dav/devices/x/y", 502)]
    [InlineData("COPY", "f", "/api/v1/files/devices/x", 502)]
    [InlineData("COPY", "f", "/davros/x", 502)]
    [InlineData("COPY", "f", "no address", 502)]
    public async Task Path_ThatWouldLeave_IsRefusedAtTheDoor(string method, string below, string? destination, int status)
    {
        await File.WriteAllTextAsync(OnDisk("f"), "one", Cancelled);

        // as it is: a client's library would tidy it up
        using var socket = new System.Net.Sockets.TcpClient();
        await socket.ConnectAsync("127.0.0.1", new Uri(Server.Url).Port, Cancelled);
        await using var stream = socket.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"{method} /dav{Place}/{below} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {OperoneServer.OwnerToken}\r\nContent-Length: 0\r\nConnection: close\r\n"
            + (destination is null ? "\r\n" : $"Destination: {destination}\r\n\r\n")), Cancelled);
        var answer = await new StreamReader(stream).ReadToEndAsync(Cancelled);
        var line = answer.Split('\n')[0];

        // the server itself tidies two dots that are written plainly, and finds no door then
        Assert.True(line.Contains($" {status} ", StringComparison.Ordinal) || (below.Contains("/../", StringComparison.Ordinal) && line.Contains(" 40", StringComparison.Ordinal)), answer);
    }

    [Fact]
    public async Task PropFind_OfEverythingBelow_IsRefusedWithItsCondition()
    {
        using var refused = await AskAsync("PROPFIND", "", 403);
        Assert.Contains("propfind-finite-depth", await refused.Content.ReadAsStringAsync(Cancelled), StringComparison.Ordinal);
        await DoAsync("PROPFIND", "", 400, null, ("Depth", "2"));
        await DoAsync("PROPFIND", "nothing", 404, null, ("Depth", "0"));
    }

    [Fact]
    public async Task PropFind_OfALargeFolder_HasEveryEntryOnce()
    {
        for (var i = 0; i < 3000; i++)
        {
            await File.WriteAllBytesAsync(OnDisk($"f{i:D5}"), [], Cancelled);
        }

        var names = NamesIn(await FindAsync("", "1", Wish("resourcetype", "getcontentlength")));
        Assert.Equal(Enumerable.Range(0, 3000).Select(i => $"f{i:D5}"), names);
    }

    [Fact]
    public async Task PropFind_ShowsFilesAndFoldersAlone_AndALinkAsWhatItLeadsTo()
    {
        Directory.CreateDirectory(OnDisk("d"));
        await File.WriteAllTextAsync(OnDisk("d/f"), "0123456789", Cancelled);
        File.CreateSymbolicLink(OnDisk("to-file"), "d/f");
        File.CreateSymbolicLink(OnDisk("to-folder"), "d");
        File.CreateSymbolicLink(OnDisk("to-nothing"), "gone");
        var found = await FindAsync("", "1", Wish("resourcetype", "getcontentlength"));
        Assert.Equal(["d/", "to-folder/", "to-file"], NamesIn(found).Order(Comparer<string>.Create((a, b) => (a.EndsWith('/') ? 0 : 1, a).CompareTo((b.EndsWith('/') ? 0 : 1, b)))));
        Assert.Equal("10", ValueOf(found, Dav + "getcontentlength", "to-file"));
        Assert.Equal("0123456789", await Server.Owner.GetStringAsync(On("to-folder/f"), Cancelled));
    }

    [Theory]
    [InlineData("<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><propfind xmlns=\"DAV:\"><prop><a>&b;</a></prop></propfind>")]
    [InlineData("<!DOCTYPE a [<!ENTITY b \"bbbb\">]><propfind xmlns=\"DAV:\"><allprop/></propfind>")]
    [InlineData("<propfind xmlns=\"DAV:\"><prop>")]
    [InlineData("<propfind/>")]
    [InlineData("{}")]
    public async Task Xml_ThatIsNoneOrNoneOfOurs_IsRefused(string body)
    {
        await DoAsync("PROPFIND", "", 400, body, ("Depth", "0"));
        await DoAsync("PROPPATCH", "", 400, body);
        await DoAsync("LOCK", "", 400, body);
    }

    [Fact]
    public async Task Xml_ThatIsTooLongOrTooDeep_IsRefused()
    {
        await DoAsync("PROPFIND", "", 400, Wish([.. Enumerable.Repeat("x:a", 60_000)]), ("Depth", "0"));
        await DoAsync("PROPFIND", "", 400, Wish([.. Enumerable.Range(0, 300).Select(i => $"x:a{i}")]), ("Depth", "0"));
        await DoAsync("PROPPATCH", "", 400, Set(string.Concat(Enumerable.Repeat("<x:a>", 100)) + string.Concat(Enumerable.Repeat("</x:a>", 100))));
    }

    [Fact]
    public async Task Put_GuardsWhatIsThere_AndTakesNoParts()
    {
        using var made = await AskAsync("PUT", "f", 201, "one");
        var tag = made.Headers.ETag!.Tag;
        await DoAsync("PUT", "f", 412, "two", ("If-None-Match", "*"));
        await DoAsync("PUT", "f", 400, "two", ("Content-Range", "bytes 0-2/3"));
        await DoAsync("PUT", "f", 204, "two", ("If-Match", tag));
        await DoAsync("PUT", "f", 412, "three", ("If-Match", tag));
        await DoAsync("DELETE", "f", 412, null, ("If-Match", tag));
        await DoAsync("PUT", "f", 412, "three", ("If", $"([{tag}])"));
        await DoAsync("PUT", "f", 400, "three", ("If", "([broken"));
        await DoAsync("PUT", "", 405, "three");
        await DoAsync("PUT", "no/folder", 409, "three");
        Assert.Equal("two", await File.ReadAllTextAsync(OnDisk("f"), Cancelled));
        Assert.Single(Directory.GetFileSystemEntries(Folder));
    }

    [Fact]
    public async Task Put_OfManyMegabytes_IsReadBackByRange()
    {
        var bytes = RandomNumberGenerator.GetBytes(20_000_000);
        using (var content = new ByteArrayContent(bytes))
        using (var put = await Server.Owner.PutAsync(On("big"), content, Cancelled))
        {
            Assert.Equal(HttpStatusCode.Created, put.StatusCode);
        }

        Assert.Equal(bytes, await File.ReadAllBytesAsync(OnDisk("big"), Cancelled));
        using var part = await AskAsync("GET", "big", 206, null, ("Range", "bytes=19000000-"));
        Assert.Equal(bytes[19_000_000..], await part.Content.ReadAsByteArrayAsync(Cancelled));
        using var head = await AskAsync("HEAD", "big", 200);
        Assert.Equal(bytes.Length, head.Content.Headers.ContentLength);
        Assert.Contains("sandbox", string.Join(' ', head.Headers.GetValues("Content-Security-Policy")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Delete_GoesToTheTrash()
    {
        var name = $"gone-{Guid.NewGuid():N}";
        Directory.CreateDirectory(OnDisk($"{name}/d"));
        await File.WriteAllTextAsync(OnDisk($"{name}/d/f"), "one", Cancelled);
        await DoAsync("DELETE", name, 400, null, ("Depth", "0"));
        await DoAsync("DELETE", name, 204);
        await DoAsync("DELETE", name, 404);
        Assert.Empty(Directory.GetFileSystemEntries(Folder));
        var trash = Path.Combine(Path.GetTempPath(), "operone-tests-home", ".local/share/Trash/files", name);
        Assert.True(Directory.Exists(trash) || Directory.GetDirectories(Path.GetTempPath(), ".Trash*").Any(t => Directory.EnumerateDirectories(t, name, SearchOption.AllDirectories).Any()));
    }

    [Fact]
    public async Task TreesOwnFolders_AreListedAndNeverChanged()
    {
        foreach (var at in (string[])["/dav", "/dav/", "/dav/devices", "/dav/devices/"])
        {
            (await AskAsync(Server.Owner, "PROPFIND", new(at, UriKind.Relative), 207, null, ("Depth", "1"))).Dispose();
        }

        (await AskAsync(Server.Owner, "MKCOL", new("/dav/devices/new", UriKind.Relative), 404)).Dispose();
        (await AskAsync(Server.Owner, "DELETE", new("/dav/devices", UriKind.Relative), 403)).Dispose();
        (await AskAsync(Server.Owner, "PUT", new("/dav/x", UriKind.Relative), 404, "x")).Dispose();
        (await AskAsync(Server.Owner, "DELETE", new($"/dav/devices/{Device}", UriKind.Relative), 409)).Dispose();
        (await AskAsync(Server.Owner, "MOVE", new($"/dav/devices/{Device}", UriKind.Relative), 403, null, ("Destination", On("x").OriginalString))).Dispose();
    }

    [Fact]
    public async Task Whoever_MayOnlyRead_ChangesNothing()
    {
        await File.WriteAllTextAsync(OnDisk("f"), "one", Cancelled);
        using var reader = await Server.ClientWithAsync(Permissions.FilesRead, Permissions.DevicesRead);
        Assert.Equal("one", await reader.GetStringAsync(On("f"), Cancelled));
        using var found = await AskAsync(reader, "PROPFIND", On("f"), 207, null, ("Depth", "0"));
        Assert.Equal("", ValueOf(XElement.Parse(await found.Content.ReadAsStringAsync(Cancelled)), Dav + "supportedlock"));
        foreach (var (method, body) in new (string, string?)[] { ("PUT", "x"), ("DELETE", null), ("MKCOL", null), ("LOCK", Lock()), ("PROPPATCH", Set("<x:a>b</x:a>")), ("COPY", null), ("MOVE", null) })
        {
            (await AskAsync(reader, method, On("f"), 403, body, ("Destination", On("g").OriginalString))).Dispose();
        }

        Assert.Equal("one", await File.ReadAllTextAsync(OnDisk("f"), Cancelled));
    }
}
