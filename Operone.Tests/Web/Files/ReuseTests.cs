using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Text;
using Operone.Core.Access;
using Operone.Core.Connection;
using Operone.Core.Devices;
using Operone.Core.Files;
using Operone.Core.Files.Chunks;
using Operone.Tests.Agent.Hosting;
using Operone.Tests.Core.Files.Chunks;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Web.Files;

[SupportedOSPlatform("linux")]
public sealed class ReuseOnSqlite(SqliteFixture f) : ReuseTests(f), IClassFixture<SqliteFixture>;

[SupportedOSPlatform("linux")]
public sealed class ReuseOnPostgres(PostgresFixture f) : ReuseTests(f), IClassFixture<PostgresFixture>;

/// <summary>Transfers between two real devices, and uploads, of files of which the target has an older version.</summary>
[SupportedOSPlatform("linux")]
public abstract class ReuseTests(ServerFixture fixture) : FileScene(fixture)
{
    private const int LargeBytes = 16 << 20;

    private static readonly Uri _transfers = new("/api/v1/transfers", UriKind.Relative);

    private readonly TempFolder _temp = new();
    private AgentUnderTest? _other;

    private string OtherDevice => Device.Replace("disk", "othr", StringComparison.Ordinal);

    private string OtherFolder => _temp["d"];

    private string There => $"/devices/{OtherDevice}{OtherFolder}";

    private string Target => Path.Combine(OtherFolder, "f");

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        Directory.CreateDirectory(OtherFolder);
        _other = await AgentUnderTest.EnrolAndRunAsync(Server, _temp["s"], OtherDevice);
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await _other!.DisposeAsync();
        _temp.Dispose();
        GC.SuppressFinalize(this);
    }

    [Theory]
    [InlineData("changed", 1_250_000)]
    [InlineData("put in front", 150_000)]
    [InlineData("longer", 1_250_000)]
    [InlineData("touched", 0)]
    public async Task Copy_OverAnOlderVersion_SendsWhatDiffers(string what, long most)
    {
        var old = RandomNumberGenerator.GetBytes(LargeBytes);
        var now = what switch
        {
            "changed" => [.. old[..(5 << 20)], .. RandomNumberGenerator.GetBytes(1 << 20), .. old[(6 << 20)..]],
            "put in front" => [.. "a few bytes"u8, .. old],
            "longer" => [.. old, .. RandomNumberGenerator.GetBytes(1 << 20)],
            _ => old,
        };
        await WriteBothAsync(old, now);
        var ended = await EndAsync(await CreateAsync());
        Assert.True(ended.Status == TransferStatus.Completed, ended.Reason);
        Assert.Equal((now.Length, now.Length), (ended.Bytes, ended.BytesDone));
        Assert.InRange(ended.BytesSent!.Value, 0, most);
        await IsAsync(now);
        Assert.Equal(File.GetLastWriteTimeUtc(Path.Combine(Folder, "f")), File.GetLastWriteTimeUtc(Target));
    }

    [Fact]
    public async Task Copy_OverAnotherFile_SendsAllOfIt()
    {
        var now = RandomNumberGenerator.GetBytes(3 << 20);
        await WriteBothAsync(RandomNumberGenerator.GetBytes(3 << 20), now);
        var ended = await EndAsync(await CreateAsync());
        Assert.Equal((TransferStatus.Completed, now.Length, (long?)now.Length), (ended.Status, ended.BytesDone, ended.BytesSent));
        await IsAsync(now);
    }

    [Fact]
    public async Task Copy_OverRandomEdits_IsExact()
    {
        for (var seed = 0; seed < 6; seed++)
        {
            var random = new Random(seed);
            var old = new byte[random.Next(2_000_000, 5_000_000)];
            random.NextBytes(old);
            var now = Edits.Apply(old, random, random.Next(1, 15));
            await WriteBothAsync(old, now);
            var ended = await EndAsync(await CreateAsync());
            Assert.True(ended.Status == TransferStatus.Completed, $"seed {seed}: {ended.Reason}");
            await IsAsync(now);
        }
    }

    [Theory]
    [InlineData("target")]
    [InlineData("source")]
    [InlineData("node")]
    public async Task Copy_OverAnOlderVersion_ThatBreaks_GoesOnAndIsExact(string broken)
    {
        var old = RandomNumberGenerator.GetBytes(LargeBytes * 4);
        byte[] now = [.. "front"u8, .. old[..LargeBytes], .. RandomNumberGenerator.GetBytes(LargeBytes), .. old[LargeBytes..]];
        await WriteBothAsync(old, now);
        var transfer = await CreateAsync();
        await Eventually.BecomesAsync(() => Task.FromResult(Parts().Any(p => new FileInfo(p) is { Exists: true, Length: > 1 << 20 }) || IsOver()), "a part", 60);
        switch (broken)
        {
            case "target":
                await _other!.KillAsync();
                _other = AgentUnderTest.Run(_temp["s"]);
                break;
            case "source":
                await Agent.KillAsync();
                Agent = AgentUnderTest.Run(State);
                break;
            default:
                await Server.StopAsync();
                await Server.StartAgainAsync();
                break;
        }

        var ended = await EndAsync(transfer);
        Assert.True(ended.Status == TransferStatus.Completed, ended.Reason);
        Assert.Equal(now.Length, ended.BytesDone);
        await IsAsync(now);
        Assert.Empty(Parts());
        bool IsOver() => new FileInfo(Target).Length == now.Length;
    }

    [Fact]
    public async Task Copy_BySomebodyWhoMayNotReadTheTarget_LearnsNothingOfItAndSendsAll()
    {
        var old = RandomNumberGenerator.GetBytes(2 << 20);
        byte[] now = [.. "x"u8, .. old];
        await WriteBothAsync(old, now);
        var writer = await Server.CreatePersonAsync();
        await GrantAsync(writer, Device, Permissions.DevicesRead, Permissions.FilesRead);
        await GrantAsync(writer, OtherDevice, Permissions.DevicesRead, Permissions.FilesWrite);
        using var client = await Server.ClientAsync(writer);
        var ended = await EndAsync(await CreateAsync(client));
        Assert.True(ended.Status == TransferStatus.Completed, ended.Reason);
        Assert.Equal(now.Length, ended.BytesSent);
        await IsAsync(now);

        // nor by the doors that the command line has
        var chunks = new Uri($"/api/v1/files{There}/f?chunks={ChunkLimits.MinAverage}", UriKind.Relative);
        using (await SendAsync(HttpMethod.Get, chunks, HttpStatusCode.Forbidden, client: client))
        {
        }

        using var owned = await SendAsync(HttpMethod.Get, chunks, HttpStatusCode.OK);
        var upload = await UploadAsync(client, 4, now);
        Assert.Equal("upload-no-base", await RefusedAsync(HttpMethod.Patch, upload, HttpStatusCode.UnprocessableEntity, Stretches((4, 0, null)), client, Tus(0, owned.Headers.ETag!.Tag)));
        await IsAsync(now);
    }

    [Fact]
    public async Task Copy_ToAndFromAFolderOfTheNode_SendsWhatDiffers()
    {
        var folder = Directory.CreateDirectory(_temp["server"]).FullName;
        var name = $"m{Guid.NewGuid():N}"[..12];
        using (var made = await Server.Owner.PostAsJsonAsync("/api/v1/mounts", new WriteMount(name, MountKind.Folder, folder, IsWritable: true), OperoneJson.Default.WriteMount, Cancelled))
        {
            Assert.True(made.IsSuccessStatusCode, await made.Content.ReadAsStringAsync(Cancelled));
        }

        var old = RandomNumberGenerator.GetBytes(4 << 20);
        byte[] now = [.. "front"u8, .. old];
        await WriteBothAsync(old, now);
        await File.WriteAllBytesAsync(Path.Combine(folder, "f"), old, Cancelled);
        var up = await EndAsync(await CreateAsync(to: $"/server/{name}"));
        Assert.True(up.Status == TransferStatus.Completed, up.Reason);
        Assert.InRange(up.BytesSent!.Value, 1, 200_000);
        Assert.Equal(now, await File.ReadAllBytesAsync(Path.Combine(folder, "f"), Cancelled));
        var down = await EndAsync(await CreateAsync(from: $"/server/{name}/f"));
        Assert.True(down.Status == TransferStatus.Completed, down.Reason);
        Assert.InRange(down.BytesSent!.Value, 1, 200_000);
        await IsAsync(now);
    }

    [Fact]
    public async Task Upload_OfStretches_TakesOfTheFileThereAndGoesOnAfterABreak()
    {
        var old = RandomNumberGenerator.GetBytes(300_000);
        await File.WriteAllBytesAsync(Path.Combine(Folder, "f"), old, Cancelled);
        using var chunks = await SendAsync(HttpMethod.Get, At("f", $"?chunks={ChunkLimits.MinAverage}"), HttpStatusCode.OK);
        Assert.Equal(FileMediaTypes.Chunks, chunks.Content.Headers.ContentType!.MediaType);
        var list = new ChunkList(ChunkLimits.MinAverage);
        Assert.True(list.Add(await chunks.Content.ReadAsByteArrayAsync(Cancelled)) && list.IsAllOf(old.Length));
        var tag = chunks.Headers.ETag!.Tag;
        Assert.Equal($"\"{(await StatAsync("f")).Tag}\"", tag);

        byte[] now = [.. old[100..], .. "middle"u8, .. old[..50_000]];
        var upload = await UploadAsync(Server.Owner, now.Length, now, Place);
        using (await SendAsync(HttpMethod.Patch, upload, HttpStatusCode.NoContent, Stretches((299_900, 100, null), (3, null, "mid"u8.ToArray())), null, Tus(0, tag)))
        {
        }

        Assert.Equal("upload-offset", await RefusedAsync(HttpMethod.Patch, upload, HttpStatusCode.Conflict, Stretches((1, 0, null)), null, Tus(0, tag)));
        using (await SendAsync(HttpMethod.Patch, upload, HttpStatusCode.NoContent, Stretches((3, null, "dle"u8.ToArray()), (50_000, 0, null)), null, Tus(299_903, tag)))
        {
        }

        Assert.Equal(now, await File.ReadAllBytesAsync(Path.Combine(Folder, "f"), Cancelled));
    }

    [Fact]
    public async Task Upload_OfStretchesThatMakeNoSense_IsRefused()
    {
        await File.WriteAllTextAsync(Path.Combine(Folder, "f"), "0123456789", Cancelled);
        var tag = $"\"{(await StatAsync("f")).Tag}\"";
        var upload = await UploadAsync(Server.Owner, 10, "9876543210"u8.ToArray(), Place);
        Task<string> RefusedAsync(HttpStatusCode status, HttpContent body, string? old, params (string, string)[] more) =>
            this.RefusedAsync(HttpMethod.Patch, upload, status, body, null, [.. Tus(0, old), .. more]);
        Assert.Equal("invalid-input", await RefusedAsync(HttpStatusCode.BadRequest, Stretches((1, 0, null)), null));
        Assert.Equal("invalid-input", await RefusedAsync(HttpStatusCode.BadRequest, Stretches((1, 0, null)), "unquoted"));
        Assert.Equal("invalid-input", await RefusedAsync(HttpStatusCode.BadRequest, Stretches((1, 0, null)), tag, ("Upload-Checksum", $"sha1 {Convert.ToBase64String(new byte[20])}")));
        Assert.Equal("invalid-input", await RefusedAsync(HttpStatusCode.BadRequest, Stretches((0, 0, null)), tag));
        Assert.Equal("invalid-input", await RefusedAsync(HttpStatusCode.BadRequest, Stretches((1, -2, null)), tag));
        Assert.Equal("invalid-input", await RefusedAsync(HttpStatusCode.BadRequest, Stretches((5, long.MaxValue, null)), tag));
        Assert.Equal("upload-too-long", await RefusedAsync(HttpStatusCode.BadRequest, Stretches((11, 0, null)), tag));
        Assert.Equal("upload-broken", await RefusedAsync(HttpStatusCode.BadRequest, Stretches((4, null, [])), tag));
        Assert.Equal("file-failed", await RefusedAsync(HttpStatusCode.UnprocessableEntity, Stretches((9, 5, null)), tag));
        Assert.Equal("file-changed", await RefusedAsync(HttpStatusCode.Conflict, Stretches((10, 0, null)), "\"another\""));

        // all is there, and it is not what was to come
        Assert.Equal("bad-digest", await RefusedAsync(HttpStatusCode.UnprocessableEntity, Stretches((10, 0, null)), tag));
        Assert.Equal("0123456789", await File.ReadAllTextAsync(Path.Combine(Folder, "f"), Cancelled));
        using var wrong = await SendAsync(HttpMethod.Get, At("f", "?chunks=1000"), HttpStatusCode.BadRequest);
    }

    private IEnumerable<string> Parts() => Directory.GetFiles(OtherFolder, ".operone-*.part");

    private async Task WriteBothAsync(byte[] old, byte[] now)
    {
        await File.WriteAllBytesAsync(Target, old, Cancelled);
        await File.WriteAllBytesAsync(Path.Combine(Folder, "f"), now, Cancelled);
        File.SetLastWriteTimeUtc(Target, DateTime.UtcNow.AddHours(-2)); // of the same size and time they would be the same
    }

    private async Task IsAsync(byte[] bytes) => Assert.Equal(SHA256.HashData(bytes), SHA256.HashData(await File.ReadAllBytesAsync(Target, Cancelled)));

    private async Task GrantAsync(TestPerson person, string device, params string[] permissions)
    {
        var name = $"r{Guid.NewGuid():N}"[..12];
        using var labelled = await Server.Owner.PatchAsJsonAsync($"/api/v1/devices/{device}", new UpdateDevice(Labels: new Dictionary<string, string> { ["own"] = device }), Cancelled);
        Assert.True(labelled.IsSuccessStatusCode, await labelled.Content.ReadAsStringAsync(Cancelled));
        using var made = await Server.Owner.PostAsJsonAsync("/api/v1/roles", new CreateRole(name, permissions), Cancelled);
        Assert.True(made.IsSuccessStatusCode, await made.Content.ReadAsStringAsync(Cancelled));
        var role = (await made.Content.ReadFromJsonAsync<RoleView>(Cancelled))!;
        await Server.GrantAsync(person, new BuiltInRole(role.Id, name, "", PermissionSet.Of(permissions)), $"own={device}");
    }

    private async Task<Guid> CreateAsync(HttpClient? client = null, string? from = null, string? to = null)
    {
        var request = new CreateTransfer([from ?? $"{Place}/f"], to ?? There, Conflict: ConflictRule.Overwrite);
        using var made = await SendAsync(HttpMethod.Post, _transfers, HttpStatusCode.Accepted, JsonContent.Create(request), client);
        return (await made.Content.ReadFromJsonAsync(OperoneJson.Default.TransferView, Cancelled))!.Id;
    }

    private async Task<TransferView> EndAsync(Guid id)
    {
        TransferView? seen = null;
        return await Eventually.BecomesAsync(
            async () => (seen = await Server.Owner.GetFromJsonAsync($"/api/v1/transfers/{id}", OperoneJson.Default.TransferView, Cancelled))!.EndedAt is null ? null : seen,
            () => $"the end; the transfer is {seen}", 90);
    }

    private async Task<Uri> UploadAsync(HttpClient client, long length, byte[] whole, string? folder = null)
    {
        static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
        using var made = await SendAsync(HttpMethod.Post, new("/api/v1/uploads", UriKind.Relative), HttpStatusCode.Created, null, client, ("Tus-Resumable", "1.0.0"),
            ("Upload-Length", length.ToString(CultureInfo.InvariantCulture)),
            ("Upload-Metadata", $"path {Base64($"{folder ?? There}/f")},overwrite {Base64("true")},sha256 {Base64(Convert.ToHexStringLower(SHA256.HashData(whole)))}"));
        return made.Headers.Location!;
    }

    private static (string, string)[] Tus(long offset, string? old) =>
        [("Tus-Resumable", "1.0.0"), ("Upload-Offset", offset.ToString(CultureInfo.InvariantCulture)), .. old is null ? Array.Empty<(string, string)>() : [(FileMediaTypes.BaseHeader, old)]];

    private static ByteArrayContent Stretches(params (long Length, long? Old, byte[]? Bytes)[] stretches)
    {
        var body = new MemoryStream();
        foreach (var (length, old, bytes) in stretches)
        {
            var head = new byte[StretchHead.Bytes];
            new StretchHead(length, old).Write(head);
            body.Write([.. head, .. bytes ?? []]);
        }

        var content = new ByteArrayContent(body.ToArray());
        content.Headers.ContentType = new MediaTypeHeaderValue(FileMediaTypes.Stretches);
        return content;
    }
}
