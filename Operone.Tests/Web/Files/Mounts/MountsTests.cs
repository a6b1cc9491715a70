using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Text;
using Operone.Core.Access;
using Operone.Core.Connection;
using Operone.Core.Files;
using Operone.Tests.Agent.Hosting;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Web.Files.Mounts;

[SupportedOSPlatform("linux")]
public sealed class MountsOnSqlite(SqliteFixture f, OpenSshServer ssh, ApacheServer apache) : MountsTests(f, ssh, apache), IClassFixture<SqliteFixture>, IClassFixture<OpenSshServer>, IClassFixture<ApacheServer>;

[SupportedOSPlatform("linux")]
public sealed class MountsOnPostgres(PostgresFixture f, OpenSshServer ssh, ApacheServer apache) : MountsTests(f, ssh, apache), IClassFixture<PostgresFixture>, IClassFixture<OpenSshServer>, IClassFixture<ApacheServer>;

/// <summary>Mounts over REST, and the tree with them in it.</summary>
[SupportedOSPlatform("linux")]
public abstract class MountsTests(ServerFixture fixture, OpenSshServer ssh, ApacheServer apache) : ServerTests(fixture)
{
    private static readonly Uri _uploads = new("/api/v1/uploads", UriKind.Relative);

    [Theory]
    [InlineData("folder")]
    [InlineData("sftp")]
    [InlineData("webdav")]
    public async Task Mount_IsAPlaceInTheTree(string kind)
    {
        using var temp = new TempFolder();
        var request = kind switch { "sftp" => ssh.Mount, "webdav" => apache.Mount, _ => new WriteMount("", MountKind.Folder, temp.Path, IsWritable: true) };
        Assert.SkipWhen((kind == "sftp" ? ssh.Missing : kind == "webdav" ? apache.Missing : null) is not null, "the server is not on this machine");
        var mount = await MakeAsync(request);
        var tested = await TestAsync(mount.Id);
        Assert.True(tested.Works, tested.Detail);
        Assert.Equal(["devices", "mounts", "server"], (await ListAsync("/")).Items.Select(i => i.Name));
        Assert.Contains((await ListAsync($"/{mount.Path.Split('/')[1]}")).Items, i => i.Path == mount.Path && i.Kind == FileKind.Folder);
        Assert.DoesNotContain((await ListAsync(kind == "folder" ? "/mounts" : "/server")).Items, i => i.Name == mount.Name);

        var folder = $"{mount.Path}/t{Guid.NewGuid():N}";
        var bytes = RandomNumberGenerator.GetBytes(700_000);
        (await SendAsync(HttpMethod.Put, $"{folder}/in?kind=folder&parents=true", HttpStatusCode.Created)).Dispose();
        (await SendAsync(HttpMethod.Put, $"{folder}/in/a%20b.bin", HttpStatusCode.Created, new ByteArrayContent(bytes),
            ("Repr-Digest", $"sha-256=:{Convert.ToBase64String(SHA256.HashData(bytes))}:"))).Dispose();
        Assert.Equal(bytes, await Server.Owner.GetByteArrayAsync(At($"{folder}/in/a%20b.bin"), Cancelled));
        using (var part = await SendAsync(HttpMethod.Get, $"{folder}/in/a%20b.bin", HttpStatusCode.PartialContent, null, ("Range", "bytes=300000-300009")))
        {
            Assert.Equal(bytes[300_000..300_010], await part.Content.ReadAsByteArrayAsync(Cancelled));
        }

        using (var zip = new ZipArchive(new MemoryStream(await Server.Owner.GetByteArrayAsync(At($"{folder}?archive=zip"), Cancelled))))
        {
            Assert.Contains(zip.Entries, e => e.FullName.EndsWith("in/a b.bin", StringComparison.Ordinal) && e.Length == bytes.Length);
        }

        await UploadAsync($"{folder}/up.bin", bytes);
        Assert.Equal(bytes, await Server.Owner.GetByteArrayAsync(At($"{folder}/up.bin"), Cancelled));
        (await SendAsync(HttpMethod.Post, $"{folder}/up.bin:move", HttpStatusCode.OK, JsonContent.Create(new BringFile($"{folder}/in/moved.bin")))).Dispose();
        Assert.Equal(["a b.bin", "moved.bin"], (await ListAsync($"{folder}/in")).Items.Select(i => i.Name));
        (await SendAsync(HttpMethod.Delete, $"{folder}?recursive=true&trash=false", HttpStatusCode.OK)).Dispose();
        Assert.DoesNotContain((await ListAsync(mount.Path)).Items, i => i.Path == folder);
        using var removed = await Server.Owner.DeleteAsync(new Uri($"/api/v1/mounts/{mount.Name}", UriKind.Relative), Cancelled);
        Assert.Equal(HttpStatusCode.NoContent, removed.StatusCode);
        (await SendAsync(HttpMethod.Get, $"{mount.Path}?view=entry", HttpStatusCode.NotFound)).Dispose();
    }

    [Fact]
    public async Task Transfer_BringsFoldersBetweenMounts()
    {
        Assert.SkipWhen((ssh.Missing ?? apache.Missing) is not null, "the servers are not on this machine");
        using var temp = new TempFolder();
        Directory.CreateDirectory(temp["site/deep"]);
        var bytes = RandomNumberGenerator.GetBytes(2_500_000);
        await File.WriteAllBytesAsync(temp["site/deep/large"], bytes, Cancelled);
        await File.WriteAllTextAsync(temp["site/a b 😀.txt"], "text", Cancelled);
        var at = (await MakeAsync(new("", MountKind.Folder, temp.Path, IsWritable: true))).Path;
        string[] stations = [(await MakeAsync(ssh.Mount)).Path, (await MakeAsync(apache.Mount)).Path, at];
        foreach (var (station, name) in stations.Select(s => (s, $"s{Guid.NewGuid():N}"[..8])))
        {
            using var created = await Server.Owner.PostAsJsonAsync(
                "/api/v1/transfers", new CreateTransfer([$"{at}/site"], $"{station}/{name}"), OperoneJson.Default.CreateTransfer, Cancelled);
            Assert.True(created.IsSuccessStatusCode, await created.Content.ReadAsStringAsync(Cancelled));
            var transfer = (await created.Content.ReadFromJsonAsync(OperoneJson.Default.TransferView, Cancelled))!;
            var ended = await EventuallyAsync(async () =>
            {
                var now = await Server.Owner.GetFromJsonAsync($"/api/v1/transfers/{transfer.Id}", OperoneJson.Default.TransferView, Cancelled);
                return now!.EndedAt is null ? null : now;
            }, "the transfer has ended", 30);
            Assert.True((ended.Status, ended.FilesDone, ended.Failed) == (TransferStatus.Completed, 2, 0), await Server.Owner.GetStringAsync(new Uri($"/api/v1/transfers/{transfer.Id}/items", UriKind.Relative), Cancelled));
            at = $"{station}/{name}";
        }

        Assert.Equal(bytes, await Server.Owner.GetByteArrayAsync(At($"{at}/site/deep/large"), Cancelled));
        Assert.Equal(2, Directory.GetFiles(temp.Path, "a b 😀.txt", SearchOption.AllDirectories).Length);
    }

    [Fact]
    public async Task Secrets_AreInNoAnswerNoLogAndNoTrail()
    {
        const string Password = "s3cret-of-a-mount";
        var mount = await MakeAsync(new("", MountKind.Sftp, "sftp://127.0.0.1:1/srv", "somebody", "SHA256:" + new string('B', 43), Password: Password));
        Assert.Equal(MountSignIn.Password, mount.SignIn);
        var said = new StringBuilder();
        foreach (var at in (string[])["/api/v1/mounts", $"/api/v1/mounts/{mount.Name}", "/api/v1/audit?limit=200", "/api/v1/events?limit=200"])
        {
            said.Append(await Server.Owner.GetStringAsync(new Uri(at, UriKind.Relative), Cancelled));
        }

        using var bad = await Server.Owner.PostAsJsonAsync("/api/v1/mounts", Written(mount) with { Name = "no name!", Password = Password }, OperoneJson.Default.WriteMount, Cancelled);
        Assert.Equal(HttpStatusCode.BadRequest, bad.StatusCode);
        said.Append(await bad.Content.ReadAsStringAsync(Cancelled)).Append((await TestAsync(mount.Id)).Detail)
            .Append(new WriteMount("x", MountKind.Sftp, "sftp://h/", Password: Password)).AppendJoin('\n', Server.Log.Lines);
        Assert.DoesNotContain(Password, said.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Secret_GoesToNoOtherServerThanItWasTypedFor()
    {
        var mount = await MakeAsync(new("", MountKind.WebDav, "https://files.example/dav", "somebody", Password: "pw"));
        var same = await ReplaceAsync(mount, Written(mount) with { Address = "https://files.example/other", Hidden = ["*.key"] });
        Assert.Equal(MountSignIn.Password, same.SignIn);
        Assert.Equal(MountSignIn.None, (await ReplaceAsync(mount, Written(mount) with { Address = "https://evil.example/other" })).SignIn);
    }

    [Fact]
    public async Task Mount_IsForThoseWhoseGrantSelectsIt()
    {
        using var temp = new TempFolder();
        await File.WriteAllTextAsync(temp["f"], "text", Cancelled);
        var label = $"x{Guid.NewGuid():N}"[..12];
        var mount = await MakeAsync(new("", MountKind.Folder, temp.Path, Labels: new Dictionary<string, string> { ["team"] = label }, IsWritable: true));
        var person = await Server.CreatePersonAsync(BuiltInRoles.Operator, $"team={label}");
        using var client = await Server.ClientAsync(person);
        Assert.Equal("text", await client.GetStringAsync(At($"{mount.Path}/f"), Cancelled));
        using (var put = await client.PutAsync(At($"{mount.Path}/new"), new StringContent("x"), Cancelled))
        {
            Assert.Equal(HttpStatusCode.Created, put.StatusCode);
        }

        var stranger = await Server.CreatePersonAsync(BuiltInRoles.Operator, "team=another");
        using var others = await Server.ClientAsync(stranger);
        Assert.Empty((await ListAsync("/server", others)).Items);
        using var unseen = await others.GetAsync(At($"{mount.Path}/f"), Cancelled);
        Assert.Equal(HttpStatusCode.NotFound, unseen.StatusCode);
        using var made = await others.PostAsJsonAsync("/api/v1/mounts", Written(mount) with { Name = "mine" }, OperoneJson.Default.WriteMount, Cancelled);
        Assert.Equal(HttpStatusCode.Forbidden, made.StatusCode);
        await ReplaceAsync(mount, Written(mount) with { IsWritable = false });
        Assert.Equal("file-read-only", await RefusedAsync(HttpMethod.Put, $"{mount.Path}/new", HttpStatusCode.Forbidden, new StringContent("x")));
    }

    [Fact]
    public async Task Folder_ThatThisNodeHasNot_IsSaidToBeElsewhere()
    {
        var mount = await MakeAsync(new("", MountKind.Folder, "/nowhere/at all"));
        Assert.Equal("/nowhere/at%20all", mount.Address);
        Assert.Equal("mount-not-here", await RefusedAsync(HttpMethod.Get, $"{mount.Path}/x", HttpStatusCode.ServiceUnavailable));
        var tested = await TestAsync(mount.Id);
        Assert.False(tested.Works);
        Assert.Contains($"does not exist on the node '{Environment.MachineName}'", tested.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Node_NeverShowsWhatItKeeps()
    {
        var (data, name) = (Server.DataDirectory, Path.GetFileName(Server.DataDirectory));
        Assert.True(Directory.Exists(data));
        using var temp = new TempFolder();
        File.CreateSymbolicLink(temp["alias"], $"../{name}");
        var above = await MakeAsync(new("", MountKind.Folder, Path.GetDirectoryName(data)!, IsWritable: true));
        var own = await MakeAsync(new("", MountKind.Folder, data, IsWritable: true));
        var linked = await MakeAsync(new("", MountKind.Folder, temp["alias"], IsWritable: true));
        Assert.Equal("file-not-found", await RefusedAsync(HttpMethod.Get, $"{above.Path}/{name}?view=entry", HttpStatusCode.NotFound));
        Assert.Equal("file-not-found", await RefusedAsync(HttpMethod.Put, $"{above.Path}/{name}/new", HttpStatusCode.NotFound, new StringContent("x")));
        Assert.Equal("file-not-found", await RefusedAsync(HttpMethod.Post, $"{above.Path}/{name}:move", HttpStatusCode.NotFound, JsonContent.Create(new BringFile($"{above.Path}/moved"))));
        Assert.NotEqual("", await RefusedAsync(HttpMethod.Get, $"{above.Path}/{Path.GetFileName(temp.Path)}/alias/operone.db", HttpStatusCode.NotFound));
        Assert.DoesNotContain((await ListAsync($"{above.Path}")).Items, i => i.Name == name);
        Assert.False((await TestAsync(own.Id)).Works);
        Assert.False((await TestAsync(linked.Id)).Works);
        Assert.False(Path.Exists(Path.Combine(data, "new")));
    }

    [Theory]
    [InlineData("name", "a/b", MountKind.Folder, "/srv")]
    [InlineData("address", "x", MountKind.Folder, "srv")]
    [InlineData("address", "x", MountKind.Folder, "/srv/../etc")]
    [InlineData("address", "x", MountKind.Sftp, "sftp://root:pw@host/")]
    [InlineData("address", "x", MountKind.Sftp, "https://host/")]
    [InlineData("address", "x", MountKind.WebDav, "file:///etc")]
    [InlineData("address", "x", MountKind.WebDav, "http://host/dav")]
    [InlineData("address", "x", MountKind.WebDav, "https://host/dav?x=y")]
    [InlineData("address", "x", MountKind.WebDav, "https://host/a/%2e%2e/b")]
    public async Task Request_ThatIsNotRight_IsRefusedByField(string field, string name, MountKind kind, string address)
    {
        var request = new WriteMount(name, kind, address, kind == MountKind.Folder ? null : "somebody", Password: kind == MountKind.WebDav ? "pw" : null);
        using var made = await Server.Owner.PostAsJsonAsync("/api/v1/mounts", request, OperoneJson.Default.WriteMount, Cancelled);
        Assert.Equal(HttpStatusCode.BadRequest, made.StatusCode);
        Assert.Contains($"\"{field}\"", await made.Content.ReadAsStringAsync(Cancelled), StringComparison.Ordinal);
    }

    private static WriteMount Written(MountView mount) => new(mount.Name, mount.Kind, mount.Address, mount.User, mount.HostKey, mount.Labels, mount.IsWritable, mount.Hidden);

    private static Uri At(string address) => new($"/api/v1/files{address}", UriKind.Relative);

    private async Task<MountView> MakeAsync(WriteMount request)
    {
        using var made = await Server.Owner.PostAsJsonAsync("/api/v1/mounts", request with { Name = $"m{Guid.NewGuid():N}"[..12] }, OperoneJson.Default.WriteMount, Cancelled);
        Assert.True(made.StatusCode == HttpStatusCode.Created, await made.Content.ReadAsStringAsync(Cancelled));
        return (await made.Content.ReadFromJsonAsync(OperoneJson.Default.MountView, Cancelled))!;
    }

    private async Task<MountView> ReplaceAsync(MountView mount, WriteMount request)
    {
        using var changed = await Server.Owner.PutAsJsonAsync($"/api/v1/mounts/{mount.Id}", request, OperoneJson.Default.WriteMount, Cancelled);
        Assert.True(changed.IsSuccessStatusCode, await changed.Content.ReadAsStringAsync(Cancelled));
        return (await changed.Content.ReadFromJsonAsync(OperoneJson.Default.MountView, Cancelled))!;
    }

    private async Task<MountTest> TestAsync(Guid id)
    {
        using var tested = await Server.Owner.PostAsync(new Uri($"/api/v1/mounts/{id}/test", UriKind.Relative), null, Cancelled);
        Assert.True(tested.IsSuccessStatusCode, await tested.Content.ReadAsStringAsync(Cancelled));
        return (await tested.Content.ReadFromJsonAsync(OperoneJson.Default.MountTest, Cancelled))!;
    }

    private async Task<FolderView> ListAsync(string address, HttpClient? client = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, At(address));
        request.Headers.Add("Accept", "application/json");
        using var response = await (client ?? Server.Owner).SendAsync(request, Cancelled);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(Cancelled));
        return (await response.Content.ReadFromJsonAsync(OperoneJson.Default.FolderView, Cancelled))!;
    }

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string address, HttpStatusCode status, HttpContent? content = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, At(address)) { Content = content };
        foreach (var (name, value) in headers)
        {
            Assert.True(request.Headers.TryAddWithoutValidation(name, value));
        }

        var response = await Server.Owner.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancelled);
        Assert.True(response.StatusCode == status, $"{method} {address} is {(int)response.StatusCode}: {(response.StatusCode == status ? "" : await response.Content.ReadAsStringAsync(Cancelled))}");
        return response;
    }

    private async Task<string> RefusedAsync(HttpMethod method, string address, HttpStatusCode status, HttpContent? content = null)
    {
        using var response = await SendAsync(method, address, status, content);
        return (await OperoneServer.ReadProblemAsync(response)).Type!.Split('/')[^1];
    }

    /// <summary>Uploads by the tus protocol, in stretches; one whose checksum is wrong is sent again, from where the server says.</summary>
    private async Task UploadAsync(string address, byte[] bytes)
    {
        using var create = Tus(HttpMethod.Post, _uploads);
        create.Headers.Add("Upload-Length", bytes.Length.ToString(CultureInfo.InvariantCulture));
        create.Headers.Add("Upload-Metadata", $"path {Convert.ToBase64String(Encoding.UTF8.GetBytes(address))}");
        using var created = await Server.Owner.SendAsync(create, Cancelled);
        Assert.True(created.StatusCode == HttpStatusCode.Created, await created.Content.ReadAsStringAsync(Cancelled));
        var upload = created.Headers.Location!;
        var (offset, tries) = (0, 0);
        while (offset < bytes.Length)
        {
            using var patch = Tus(HttpMethod.Patch, upload);
            patch.Headers.Add("Upload-Offset", offset.ToString(CultureInfo.InvariantCulture));
            patch.Content = new ByteArrayContent(bytes, offset, Math.Min(300_000, bytes.Length - offset));
            patch.Content.Headers.ContentType = new MediaTypeHeaderValue("application/offset+octet-stream");
            if (++tries == 2)
            {
                patch.Headers.Add("Upload-Checksum", $"sha1 {Convert.ToBase64String(new byte[20])}");
            }

            using var sent = await Server.Owner.SendAsync(patch, Cancelled);
            Assert.True(sent.StatusCode is HttpStatusCode.NoContent or HttpStatusCode.Conflict or (HttpStatusCode)460, await sent.Content.ReadAsStringAsync(Cancelled));
            using var look = Tus(HttpMethod.Head, upload);
            using var looked = await Server.Owner.SendAsync(look, Cancelled);
            offset = int.Parse(looked.Headers.GetValues("Upload-Offset").Single(), CultureInfo.InvariantCulture);
            Assert.True(tries < 12, "It never ends.");
        }
    }

    private static HttpRequestMessage Tus(HttpMethod method, Uri at)
    {
        var request = new HttpRequestMessage(method, at);
        request.Headers.Add("Tus-Resumable", "1.0.0");
        return request;
    }
}
