using System.Net;
using System.Runtime.Versioning;
using System.Text;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Web.Files.Pages;

[SupportedOSPlatform("linux")]
public sealed class UploadDoorOnSqlite(SqliteFixture f) : UploadDoorTests(f), IClassFixture<SqliteFixture>;

[SupportedOSPlatform("linux")]
public sealed class UploadDoorOnPostgres(PostgresFixture f) : UploadDoorTests(f), IClassFixture<PostgresFixture>;

/// <summary>The console's own door for uploads: a browser's cookie counts there, and only from the console's own pages.</summary>
[SupportedOSPlatform("linux")]
public abstract class UploadDoorTests(ServerFixture fixture) : FileScene(fixture)
{
    [Fact]
    public async Task Upload_WithACookie_GoesThroughTheConsolesDoorAlone()
    {
        using var browser = await TestBrowser.SignedInAsync(Server);
        using var created = await CreateAsync(browser, "/uploads", "same-origin");
        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        var upload = created.Headers.Location!;
        Assert.StartsWith("/uploads/", upload.OriginalString, StringComparison.Ordinal);
        using var written = new HttpRequestMessage(HttpMethod.Patch, upload) { Content = new ByteArrayContent("hello"u8.ToArray()) };
        written.Headers.Add("Tus-Resumable", "1.0.0");
        written.Headers.Add("Upload-Offset", "0");
        written.Content.Headers.Add("Content-Type", "application/offset+octet-stream");
        using var answer = await browser.Client.SendAsync(written, Cancelled);
        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        Assert.Equal("hello", await File.ReadAllTextAsync(Path.Combine(Folder, "a.txt"), Cancelled));

        // The API takes changes by token alone.
        using var api = await CreateAsync(browser, "/api/v1/uploads", "same-origin");
        Assert.Equal(HttpStatusCode.Unauthorized, api.StatusCode);
    }

    [Theory]
    [InlineData("cross-site", true, HttpStatusCode.Forbidden)]
    [InlineData("same-site", true, HttpStatusCode.Forbidden)]
    [InlineData("same-origin", false, HttpStatusCode.PreconditionFailed)]
    public async Task Upload_OfAnotherSitesPage_IsRefused(string site, bool hasHeader, HttpStatusCode status)
    {
        using var browser = await TestBrowser.SignedInAsync(Server);
        using var answer = await CreateAsync(browser, "/uploads", site, hasHeader);
        Assert.Equal(status, answer.StatusCode);
        Assert.Empty(Directory.EnumerateFileSystemEntries(Folder));
    }

    private Task<HttpResponseMessage> CreateAsync(TestBrowser browser, string door, string site, bool hasHeader = true)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, door);
        request.Headers.Add("Sec-Fetch-Site", site);
        request.Headers.Add("Origin", site == "same-origin" ? Server.Url.TrimEnd('/') : "https://evil.example");
        if (hasHeader)
        {
            request.Headers.Add("Tus-Resumable", "1.0.0");
        }

        request.Headers.Add("Upload-Length", "5");
        request.Headers.Add("Upload-Metadata", $"folder {Text(Place)},filename {Text("a.txt")}");
        return browser.Client.SendAsync(request, Cancelled);

        static string Text(string value) => Convert.ToBase64String(Encoding.UTF8.GetBytes(value));
    }
}
