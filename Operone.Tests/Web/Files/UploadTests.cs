using System.Globalization;
using System.Net;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Text;
using Operone.Core.Access;
using Operone.Tests.Agent.Hosting;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Web.Files;

[SupportedOSPlatform("linux")]
public sealed class UploadsOnSqlite(SqliteFixture f) : UploadTests(f), IClassFixture<SqliteFixture>;

[SupportedOSPlatform("linux")]
public sealed class UploadsOnPostgres(PostgresFixture f) : UploadTests(f), IClassFixture<PostgresFixture>;

/// <summary>Uploads by the tus protocol, down to a real device.</summary>
[SupportedOSPlatform("linux")]
public abstract class UploadTests(ServerFixture fixture) : FileScene(fixture)
{
    private const string Sha1Of4567 = "83787f060a59493aefdcd4b2369990e7303e186e";

    private static readonly Uri _uploads = new("/api/v1/uploads", UriKind.Relative);

    [Fact]
    public async Task Upload_InStretches_IsTheFileWithTheLastOfThem()
    {
        var upload = await CreateAsync("a b.bin", 10, ("modifiedAt", "2020-02-03T04:05:06Z"));
        await WriteAsync(upload, 0, "01234"u8.ToArray(), 5);
        Assert.Empty(await FilesAsync());
        Assert.Equal((5, 10), await LookAsync(upload));
        await WriteAsync(upload, 5, "56789"u8.ToArray(), 10);
        Assert.Equal("0123456789", await File.ReadAllTextAsync(Path.Combine(Folder, "a b.bin"), Cancelled));
        Assert.Equal(new DateTime(2020, 2, 3, 4, 5, 6, DateTimeKind.Utc), File.GetLastWriteTimeUtc(Path.Combine(Folder, "a b.bin")));
        Assert.Equal((10, 10), await LookAsync(upload));
        await WriteAsync(upload, 10, [], 10); // the answer to the last one was lost
        Assert.Equal(["a b.bin"], await FilesAsync());
    }

    [Fact]
    public async Task Upload_OfNothing_IsAnEmptyFile()
    {
        await CreateAsync("empty", 0);
        Assert.Equal(0, new FileInfo(Path.Combine(Folder, "empty")).Length);
    }

    [Fact]
    public async Task Upload_WithItsFirstBytes_IsThereInOneRequest()
    {
        using var response = await SendTusAsync(HttpMethod.Post, _uploads, HttpStatusCode.Created, Bytes("all of it"u8.ToArray()),
            ("Upload-Length", "9"), ("Upload-Metadata", Metadata("at-once")));
        Assert.Equal("9", response.Headers.GetValues("Upload-Offset").Single());
        Assert.Equal("all of it", await File.ReadAllTextAsync(Path.Combine(Folder, "at-once"), Cancelled));
    }

    [Fact]
    public async Task Stretch_WhoseChecksumIsWrong_DoesNotCount()
    {
        var upload = await CreateAsync("checked", 8);
        await WriteAsync(upload, 0, "0123"u8.ToArray(), 4, ("Upload-Checksum", $"sha256 {Convert.ToBase64String(SHA256.HashData("0123"u8))}"));
        using (await SendTusAsync(HttpMethod.Patch, upload, (HttpStatusCode)460, Bytes("wxyz"u8.ToArray()), ("Upload-Offset", "4"),
            ("Upload-Checksum", $"sha1 {Convert.ToBase64String(new byte[20])}")))
        {
            Assert.Equal((4, 8), await LookAsync(upload));
        }

        await WriteAsync(upload, 4, "4567"u8.ToArray(), 8, ("Upload-Checksum", "sha1 " + Convert.ToBase64String(Convert.FromHexString(Sha1Of4567))));
        Assert.Equal("01234567", await File.ReadAllTextAsync(Path.Combine(Folder, "checked"), Cancelled));
    }

    [Fact]
    public async Task Upload_WhoseWholeIsWrong_IsNoFile()
    {
        var upload = await CreateAsync("whole", 4, ("sha256", new string('0', 64)));
        using var response = await SendTusAsync(HttpMethod.Patch, upload, HttpStatusCode.UnprocessableEntity, Bytes("0123"u8.ToArray()), ("Upload-Offset", "0"));
        Assert.Empty(await FilesAsync());
    }

    [Fact]
    public async Task Upload_CutAtRandom_GoesOnWhereItStood_AndItsBytesAreRight()
    {
        var random = new Random(42);
        var bytes = new byte[12_000_000];
        random.NextBytes(bytes);
        var upload = await CreateAsync("cut", bytes.Length, ("sha256", Convert.ToHexStringLower(SHA256.HashData(bytes))));
        for (var cut = 0; cut < 50; cut++)
        {
            var (offset, _) = await LookAsync(upload);
            if (offset >= bytes.Length)
            {
                break;
            }

            using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
            using var content = new CutContent(bytes.AsMemory((int)offset), random.Next(0, 600_000));
            using var request = Tus(HttpMethod.Patch, upload, content, ("Upload-Offset", offset.ToString(CultureInfo.InvariantCulture)));
            request.Content!.Headers.ContentType = new("application/offset+octet-stream");
            await Assert.ThrowsAnyAsync<HttpRequestException>(() => Server.Owner.SendAsync(request, stop.Token));
        }

        await FinishAsync(upload, bytes);
        Assert.Equal(bytes, await File.ReadAllBytesAsync(Path.Combine(Folder, "cut"), Cancelled));
    }

    [Fact]
    public async Task Upload_WhoseAgentIsKilledAndWhoseServerIsStopped_GoesOn()
    {
        var bytes = RandomNumberGenerator.GetBytes(9_000_000);
        var upload = await CreateAsync("lasts", bytes.Length, ("sha256", Convert.ToHexStringLower(SHA256.HashData(bytes))));
        await WriteAsync(upload, 0, bytes[..3_000_000], 3_000_000);
        await Agent.KillAsync();
        await Server.WaitForOfflineAsync(Device);
        Agent = AgentUnderTest.Run(State);
        await Server.WaitForOnlineAsync(Device);
        Assert.Equal(3_000_000, (await LookAsync(upload)).Offset);
        await WriteAsync(upload, 3_000_000, bytes[3_000_000..6_000_000], 6_000_000);
        await Server.StopAsync();
        await Server.StartAgainAsync();
        await Server.WaitForOnlineAsync(Device);
        await FinishAsync(upload, bytes);
        Assert.Equal(bytes, await File.ReadAllBytesAsync(Path.Combine(Folder, "lasts"), Cancelled));
    }

    [Fact]
    public async Task Upload_ThatIsEnded_LeavesNothing_AndIsNobodyElses()
    {
        var upload = await CreateAsync("gone", 100);
        await WriteAsync(upload, 0, new byte[50], 50);
        var other = await Server.CreatePersonAsync(BuiltInRoles.Operator);
        using var client = await Server.ClientAsync(other);
        using (await SendTusAsync(HttpMethod.Head, upload, HttpStatusCode.NotFound, null, client))
        using (await SendTusAsync(HttpMethod.Delete, upload, HttpStatusCode.NotFound, null, client))
        using (await SendTusAsync(HttpMethod.Delete, upload, HttpStatusCode.NoContent, null))
        using (await SendTusAsync(HttpMethod.Head, upload, HttpStatusCode.NotFound, null))
        {
            Assert.Empty(Directory.GetFileSystemEntries(Folder));
        }
    }

    [Fact]
    public async Task Upload_ToWhereSomethingIs_IsRefusedUnlessItReplacesIt()
    {
        await File.WriteAllTextAsync(Path.Combine(Folder, "there"), "old", Cancelled);
        Assert.Equal("file-exists", await RefusedAsync(HttpMethod.Post, _uploads, HttpStatusCode.Conflict, null, null,
            ("Tus-Resumable", "1.0.0"), ("Upload-Length", "3"), ("Upload-Metadata", Metadata("there"))));
        var upload = await CreateAsync("there", 3, ("overwrite", "true"));
        await WriteAsync(upload, 0, "new"u8.ToArray(), 3);
        Assert.Equal("new", await File.ReadAllTextAsync(Path.Combine(Folder, "there"), Cancelled));
    }

    [Fact]
    public async Task Protocol_IsHeldTo()
    {
        using var options = await SendAsync(HttpMethod.Options, _uploads, HttpStatusCode.NoContent);
        Assert.Contains("checksum", options.Headers.GetValues("Tus-Extension").Single(), StringComparison.Ordinal);
        using var version = await SendAsync(HttpMethod.Post, _uploads, HttpStatusCode.PreconditionFailed);
        Assert.Equal("1.0.0", version.Headers.GetValues("Tus-Version").Single());
        foreach (var metadata in (string[])["", "path !!", "folder L2Rldg==", $"{Metadata("x")},sha256 eA==", $"{Metadata("x")},modifiedAt eA==", $"path {Base64("/a/../b")}"])
        {
            using (await SendTusAsync(HttpMethod.Post, _uploads, HttpStatusCode.BadRequest, null, ("Upload-Length", "3"), ("Upload-Metadata", metadata)))
            {
            }
        }

        var upload = await CreateAsync("strict", 4);
        using (await SendTusAsync(HttpMethod.Patch, upload, HttpStatusCode.Conflict, Bytes([1]), ("Upload-Offset", "2")))
        using (await SendTusAsync(HttpMethod.Patch, upload, HttpStatusCode.UnsupportedMediaType, new ByteArrayContent([1]), ("Upload-Offset", "0")))
        using (await SendTusAsync(HttpMethod.Patch, upload, HttpStatusCode.BadRequest, Bytes(new byte[5]), ("Upload-Offset", "0")))
        {
        }
    }

    private async Task<Uri> CreateAsync(string name, long length, params (string Key, string Value)[] more)
    {
        using var response = await SendTusAsync(HttpMethod.Post, _uploads, HttpStatusCode.Created, null,
            ("Upload-Length", length.ToString(CultureInfo.InvariantCulture)), ("Upload-Metadata", Metadata(name, more)));
        return response.Headers.Location!;
    }

    private async Task WriteAsync(Uri upload, long offset, byte[] bytes, long then, params (string Name, string Value)[] headers)
    {
        using var response = await SendTusAsync(HttpMethod.Patch, upload, HttpStatusCode.NoContent, Bytes(bytes),
            [("Upload-Offset", offset.ToString(CultureInfo.InvariantCulture)), .. headers]);
        Assert.Equal(then.ToString(CultureInfo.InvariantCulture), response.Headers.GetValues("Upload-Offset").Single());
    }

    private async Task FinishAsync(Uri upload, byte[] bytes)
    {
        var (offset, length) = await LookAsync(upload);
        Assert.Equal(bytes.Length, length);
        await WriteAsync(upload, offset, bytes[(int)offset..], bytes.Length);
    }

    private async Task<(long Offset, long Length)> LookAsync(Uri upload)
    {
        using var response = await SendTusAsync(HttpMethod.Head, upload, HttpStatusCode.OK, null);
        return (long.Parse(response.Headers.GetValues("Upload-Offset").Single(), CultureInfo.InvariantCulture),
            long.Parse(response.Headers.GetValues("Upload-Length").Single(), CultureInfo.InvariantCulture));
    }

    private async Task<IEnumerable<string>> FilesAsync() => (await ListAsync()).Items.Select(i => i.Name);

    private Task<HttpResponseMessage> SendTusAsync(HttpMethod method, Uri at, HttpStatusCode status, HttpContent? content, params (string Name, string Value)[] headers) =>
        SendAsync(method, at, status, content, null, [("Tus-Resumable", "1.0.0"), .. headers]);

    private Task<HttpResponseMessage> SendTusAsync(HttpMethod method, Uri at, HttpStatusCode status, HttpContent? content, HttpClient client) =>
        SendAsync(method, at, status, content, client, ("Tus-Resumable", "1.0.0"));

    private static HttpRequestMessage Tus(HttpMethod method, Uri at, HttpContent? content, params (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(method, at) { Content = content };
        foreach (var (name, value) in headers.Append(("Tus-Resumable", "1.0.0")))
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return request;
    }

    private string Metadata(string name, params (string Key, string Value)[] more) => string.Join(',',
        more.Prepend(("filename", name)).Prepend(("folder", Place)).Select(p => $"{p.Item1} {Base64(p.Item2)}"));

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private static ByteArrayContent Bytes(byte[] bytes)
    {
        var content = new ByteArrayContent(bytes);
        content.Headers.ContentType = new("application/offset+octet-stream");
        return content;
    }

    /// <summary>A body that breaks off in its middle.</summary>
    private sealed class CutContent(ReadOnlyMemory<byte> bytes, int at) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync(bytes[..Math.Min(at, bytes.Length - 1)]);
            await stream.FlushAsync();
            throw new IOException("cut");
        }

        protected override bool TryComputeLength(out long length)
        {
            length = bytes.Length;
            return true;
        }
    }
}
