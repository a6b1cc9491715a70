using System.Net;
using System.Net.Http.Json;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Operone.Core.Access;
using Operone.Core.Connection;
using Operone.Core.Files;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Web.Files;

[SupportedOSPlatform("linux")]
public sealed class FilesOnSqlite(SqliteFixture f) : FilesTests(f), IClassFixture<SqliteFixture>;

[SupportedOSPlatform("linux")]
public sealed class FilesOnPostgres(PostgresFixture f) : FilesTests(f), IClassFixture<PostgresFixture>;

/// <summary>The tree over REST, down to a real device.</summary>
[SupportedOSPlatform("linux")]
public abstract class FilesTests(ServerFixture fixture) : FileScene(fixture)
{
    [Theory]
    [InlineData("a b.txt", "a%20b.txt")]
    [InlineData("quote'\"s", "quote'%22s")]
    [InlineData("line\nbreak", "line%0Abreak")]
    [InlineData("😀 emoji", "%F0%9F%98%80%20emoji")]
    [InlineData("שלום", "%D7%A9%D7%9C%D7%95%D7%9D")]
    [InlineData("100%", "100%25")]
    [InlineData("colon:move", "colon%3Amove")]
    [InlineData("#?&+=;", "%23%3F&+=;")]
    public async Task Name_OfAnyText_IsWrittenReadMovedAndRemoved(string name, string segment)
    {
        using (await SendAsync(HttpMethod.Put, At(segment), HttpStatusCode.Created, new StringContent("one")))
        {
            Assert.Equal("one", await File.ReadAllTextAsync(Path.Combine(Folder, name), Cancelled));
        }

        Assert.Equal("one", await Server.Owner.GetStringAsync(At(segment), Cancelled));
        var entry = Assert.Single((await ListAsync()).Items);
        Assert.Equal((3, FileKind.File, true), (entry.Size, entry.Kind, entry.IsWritable));
        using (await SendAsync(HttpMethod.Post, new($"/api/v1/files{entry.Path.Replace(":", "%3A", StringComparison.Ordinal)}:move", UriKind.Relative), HttpStatusCode.OK,
            JsonContent.Create(new BringFile($"{Place}/moved"))))
        {
            Assert.False(File.Exists(Path.Combine(Folder, name)));
        }

        using (await SendAsync(HttpMethod.Delete, At("moved", "?trash=false"), HttpStatusCode.OK))
        {
            Assert.Empty(Directory.GetFileSystemEntries(Folder));
        }
    }

    [Fact]
    public async Task Folder_WatchedByEvents_TellsWhatChangesInIt()
    {
        using var stream = await SendAsync(HttpMethod.Get, new($"/api/v1/files{Place}", UriKind.Relative), HttpStatusCode.OK, null, null, ("Accept", "text/event-stream"));
        Assert.Equal("text/event-stream", stream.Content.Headers.ContentType!.MediaType);
        using var reader = new StreamReader(await stream.Content.ReadAsStreamAsync(Cancelled));
        await File.WriteAllTextAsync(Path.Combine(Folder, "a b"), "new", Cancelled);
        var data = "";
        while (!data.Contains("a%20b", StringComparison.Ordinal))
        {
            data = await reader.ReadLineAsync(Cancelled) ?? throw new InvalidOperationException("The stream ended.");
        }

        Assert.StartsWith("data: {\"segments\":[", data, StringComparison.Ordinal);
        await File.WriteAllTextAsync(Path.Combine(Folder, "f"), "f", Cancelled);
        Assert.Equal("file-wrong-kind", await RefusedAsync(HttpMethod.Get, At("f"), HttpStatusCode.Conflict, null, null, ("Accept", "text/event-stream")));
    }

    [Fact]
    public async Task Name_ThatIsNotUtf8_IsKeptExactly()
    {
        using (await SendAsync(HttpMethod.Put, At("b%FFd"), HttpStatusCode.Created, new StringContent("bytes")))
        {
        }

        var entry = Assert.Single((await ListAsync()).Items);
        Assert.Equal(("b\uFFFDd", $"{Place}/b%FFd"), (entry.Name, entry.Path));
        Assert.Equal("bytes", await Server.Owner.GetStringAsync(At("b%FFd"), Cancelled));
    }

    [Fact]
    public async Task Put_OfManyMegabytes_IsThereWholeAtOnceWithItsDigest()
    {
        var bytes = RandomNumberGenerator.GetBytes(30_000_000);
        var sha = Convert.ToBase64String(SHA256.HashData(bytes));
        using (await SendAsync(HttpMethod.Put, At("big"), HttpStatusCode.Created, new ByteArrayContent(bytes), null, ("Repr-Digest", $"sha-256=:{sha}:")))
        {
        }

        Assert.Equal(bytes, await File.ReadAllBytesAsync(Path.Combine(Folder, "big"), Cancelled));
        using var head = await SendAsync(HttpMethod.Head, At("big"), HttpStatusCode.OK, null, null, ("Want-Repr-Digest", "sha-256=1"));
        Assert.Equal($"sha-256=:{sha}:", head.Headers.GetValues("Repr-Digest").Single());
        Assert.Equal(bytes.Length, head.Content.Headers.ContentLength);
        Assert.Equal("bad-digest", await RefusedAsync(
            HttpMethod.Put, At("big"), HttpStatusCode.UnprocessableEntity, new StringContent("other"), null, ("Repr-Digest", $"sha-256=:{sha}:")));
        Assert.Equal(bytes.Length, new FileInfo(Path.Combine(Folder, "big")).Length);
        Assert.Single(Directory.GetFileSystemEntries(Folder)); // nothing is left of what was refused
    }

    [Theory]
    [InlineData("bytes=0-0", 206, "0", "bytes 0-0/10")]
    [InlineData("bytes=3-5", 206, "345", "bytes 3-5/10")]
    [InlineData("bytes=7-", 206, "789", "bytes 7-9/10")]
    [InlineData("bytes=-2", 206, "89", "bytes 8-9/10")]
    [InlineData("bytes=5-99", 206, "56789", "bytes 5-9/10")]
    [InlineData("bytes=0-1,3-4", 200, "0123456789", null)]
    [InlineData("bytes=10-", 416, null, "bytes */10")]
    [InlineData("bytes=9-3", 200, "0123456789", null)]
    [InlineData("lines=1-2", 200, "0123456789", null)]
    public async Task Range_IsWhatRfc9110Says(string range, int status, string? text, string? contentRange)
    {
        await File.WriteAllTextAsync(Path.Combine(Folder, "ten"), "0123456789", Cancelled);
        using var response = await SendAsync(HttpMethod.Get, At("ten"), (HttpStatusCode)status, null, null, ("Range", range));
        if (text is not null)
        {
            Assert.Equal(text, await response.Content.ReadAsStringAsync(Cancelled));
        }

        Assert.Equal(contentRange, response.Content.Headers.TryGetValues("Content-Range", out var values) ? values.Single() : null);
    }

    [Fact]
    public async Task Validators_GuardReadersAndWriters()
    {
        await File.WriteAllTextAsync(Path.Combine(Folder, "f"), "one", Cancelled);
        using var first = await SendAsync(HttpMethod.Get, At("f"), HttpStatusCode.OK);
        var tag = first.Headers.ETag!.Tag;
        using (await SendAsync(HttpMethod.Get, At("f"), HttpStatusCode.NotModified, null, null, ("If-None-Match", tag)))
        {
        }

        Assert.Equal("file-exists", await RefusedAsync(HttpMethod.Put, At("f"), HttpStatusCode.Conflict, new StringContent("x"), null, ("If-None-Match", "*")));
        await File.WriteAllTextAsync(Path.Combine(Folder, "f"), "changed by somebody", Cancelled);
        Assert.Equal("file-changed", await RefusedAsync(HttpMethod.Put, At("f"), HttpStatusCode.Conflict, new StringContent("x"), null, ("If-Match", tag)));
        Assert.Equal("file-changed", await RefusedAsync(HttpMethod.Put, At("none"), HttpStatusCode.Conflict, new StringContent("x"), null, ("If-Match", "*")));
        using var again = await SendAsync(HttpMethod.Get, At("f"), HttpStatusCode.OK, null, null, ("Range", "bytes=0-1"), ("If-Range", tag));
        Assert.Equal("changed by somebody", await again.Content.ReadAsStringAsync(Cancelled));
        using (await SendAsync(HttpMethod.Put, At("f"), HttpStatusCode.Created, new StringContent("two"), null, ("If-Match", again.Headers.ETag!.Tag)))
        {
            Assert.Equal("two", await File.ReadAllTextAsync(Path.Combine(Folder, "f"), Cancelled));
        }
    }

    [Fact]
    public async Task Get_OfAFile_IsNothingThatABrowserRuns()
    {
        await File.WriteAllTextAsync(Path.Combine(Folder, "evil.html"), "<script>1</script>", Cancelled);
        using var response = await SendAsync(HttpMethod.Get, At("evil.html", "?inline=true"), HttpStatusCode.OK);
        Assert.StartsWith("sandbox;", response.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.Equal("nosniff", response.Headers.GetValues("X-Content-Type-Options").Single());
        using var saved = await SendAsync(HttpMethod.Get, At("evil.html"), HttpStatusCode.OK);
        Assert.Equal("attachment", saved.Content.Headers.ContentDisposition!.DispositionType);
    }

    [Fact]
    public async Task Folder_OfManyEntries_IsServedInPagesAndInLines()
    {
        for (var i = 0; i < 1050; i++)
        {
            await File.WriteAllBytesAsync(Path.Combine(Folder, $"f{i:0000}"), new byte[i % 7], Cancelled);
        }

        Directory.CreateDirectory(Path.Combine(Folder, "z-folder"));
        var all = new List<FileView>();
        string? cursor = null;
        do
        {
            var page = await ListAsync("", $"?limit=100{(cursor is null ? "" : $"&cursor={Uri.EscapeDataString(cursor)}")}");
            Assert.Equal(1051, page.Count);
            all.AddRange(page.Items);
            cursor = page.NextCursor;
        }
        while (cursor is not null);
        Assert.Equal(["z-folder", .. Enumerable.Range(0, 1050).Select(i => $"f{i:0000}")], all.Select(e => e.Name));

        using var request = await SendAsync(HttpMethod.Get, At("", "?sort=-size"), HttpStatusCode.OK, null, null, ("Accept", "application/x-ndjson"));
        var lines = (await request.Content.ReadAsStringAsync(Cancelled)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(1051, lines.Length);
        var sizes = lines.Select(l => JsonSerializer.Deserialize(l, OperoneJson.Default.FileView)!.Size ?? -1).Where(s => s >= 0).ToArray();
        Assert.Equal(sizes.OrderDescending(), sizes);
        Assert.Equal("f0042", Assert.Single((await ListAsync("", "?q=F0042")).Items).Name);
    }

    [Fact]
    public async Task Folder_IsMadeChangedAndRemovedWithAllThatIsInIt()
    {
        Assert.Equal("file-not-found", await RefusedAsync(HttpMethod.Put, At("a/b/c", "?kind=folder"), HttpStatusCode.NotFound));
        using (await SendAsync(HttpMethod.Put, At("a/b/c", "?kind=folder&parents=true"), HttpStatusCode.Created))
        using (await SendAsync(HttpMethod.Put, At("a/f", "?mode=600"), HttpStatusCode.Created, new StringContent("x")))
        using (await SendAsync(HttpMethod.Patch, At("a/f"), HttpStatusCode.OK, JsonContent.Create(new UpdateFile(Mode: "640", ModifiedAt: DateTimeOffset.UnixEpoch))))
        using (await SendAsync(HttpMethod.Put, At("l", "?kind=link&target=a/f"), HttpStatusCode.Created))
        {
            var entry = await StatAsync("a/f");
            Assert.Equal(("0640", DateTimeOffset.UnixEpoch), (entry.Mode, entry.ModifiedAt));
            var link = (await ListAsync()).Items.Single(e => e.Name == "l");
            Assert.Equal((FileKind.Link, "a/f", FileKind.File), (link.Kind, link.Target, link.TargetKind));
        }

        Assert.Equal("folder-not-empty", await RefusedAsync(HttpMethod.Delete, At("a", "?trash=false"), HttpStatusCode.Conflict));
        using var removed = await SendAsync(HttpMethod.Delete, At("a", "?recursive=true&trash=false"), HttpStatusCode.OK);
        Assert.Equal(4, (await removed.Content.ReadFromJsonAsync(OperoneJson.Default.RemovedFiles, Cancelled))!.Count);
        Assert.False(Directory.Exists(Path.Combine(Folder, "a")));
    }

    [Fact]
    public async Task Whoever_MayNot_GetsNowhereAndIsNoted()
    {
        await File.WriteAllTextAsync(Path.Combine(Folder, "f"), "one", Cancelled);
        var reader = await Server.CreatePersonAsync();
        var nobody = await Server.CreatePersonAsync();
        await Server.GrantAsync(reader, BuiltInRoles.Viewer);
        using var viewer = await Server.ClientAsync(reader);
        using var none = await Server.ClientAsync(nobody);
        Assert.Equal("device-not-found", await RefusedAsync(HttpMethod.Get, At("f"), HttpStatusCode.NotFound, null, none));
        foreach (var (method, at, content) in new (HttpMethod, Uri, HttpContent?)[]
        {
            (HttpMethod.Put, At("f"), new StringContent("x")), (HttpMethod.Delete, At("f"), null), (HttpMethod.Put, At("n", "?kind=folder"), null),
            (HttpMethod.Patch, At("f"), JsonContent.Create(new UpdateFile(Mode: "777"))), (HttpMethod.Post, At("f:move"), JsonContent.Create(new BringFile($"{Place}/g"))),
        })
        {
            Assert.Equal("permission-missing", await RefusedAsync(method, at, HttpStatusCode.Forbidden, content, viewer));
        }

        Assert.Equal("one", await File.ReadAllTextAsync(Path.Combine(Folder, "f"), Cancelled));
    }

    [Theory]
    [InlineData("%2e%2e/x")]
    [InlineData("a/%2e%2e/%2e%2e/x")]
    [InlineData("a%2Fb")]
    [InlineData("a%5c..%5cb%00")]
    public async Task Path_ThatWouldLeave_IsRefusedAtTheDoor(string below)
    {
        // as it is: a client's library would tidy it up
        using var socket = new System.Net.Sockets.TcpClient();
        await socket.ConnectAsync("127.0.0.1", new Uri(Server.Url).Port, Cancelled);
        await using var stream = socket.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"GET /api/v1/files{Place}/{below} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {OperoneServer.OwnerToken}\r\nConnection: close\r\n\r\n"), Cancelled);
        var answer = await new StreamReader(stream).ReadToEndAsync(Cancelled);
        Assert.Contains(" 400 ", answer.Split('\n')[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Device_ThatIsAway_IsSaidSo()
    {
        await Agent.KillAsync();
        await EventuallyAsync(async () =>
        {
            using var response = await Server.Owner.GetAsync(At("f"), Cancelled);
            return response.StatusCode == HttpStatusCode.Conflict && (await OperoneServer.ReadProblemAsync(response)).Type!.EndsWith("/device-offline", StringComparison.Ordinal);
        }, "the device is away", 30);
    }

    [Fact]
    public async Task Tree_HasItsOwnFolders()
    {
        using var top = await SendAsync(HttpMethod.Get, new("/api/v1/files/", UriKind.Relative), HttpStatusCode.OK, null, null, ("Accept", "application/json"));
        Assert.Contains("devices", (await top.Content.ReadFromJsonAsync(OperoneJson.Default.FolderView, Cancelled))!.Items.Select(i => i.Name));
        using var devices = await SendAsync(HttpMethod.Get, new("/api/v1/files/devices", UriKind.Relative), HttpStatusCode.OK, null, null, ("Accept", "application/json"));
        Assert.Contains(Device, (await devices.Content.ReadFromJsonAsync(OperoneJson.Default.FolderView, Cancelled))!.Items.Select(i => i.Name));
        Assert.Equal("file-not-found", await RefusedAsync(HttpMethod.Get, new("/api/v1/files/nothing", UriKind.Relative), HttpStatusCode.NotFound));
        Assert.Equal("file-outside", await RefusedAsync(HttpMethod.Put, new($"/api/v1/files/devices/{Device}", UriKind.Relative), HttpStatusCode.Forbidden, new StringContent("x")));
        Assert.Equal("file-wrong-kind", await RefusedAsync(HttpMethod.Put, new("/api/v1/files/devices", UriKind.Relative), HttpStatusCode.Conflict, new StringContent("x")));
    }

    [Fact]
    public async Task Policy_LeavesItsFoldersAlone_AndTheDeviceHoldsItToo()
    {
        Directory.CreateDirectory(Path.Combine(Folder, "open/inner"));
        await File.WriteAllTextAsync(Path.Combine(Folder, "open/f"), "one", Cancelled);
        await File.WriteAllTextAsync(Path.Combine(Folder, "open/secret.key"), "key", Cancelled);
        await File.WriteAllTextAsync(Path.Combine(Folder, "closed"), "no", Cancelled);
        File.CreateSymbolicLink(Path.Combine(Folder, "open/out"), "../closed");
        File.CreateSymbolicLink(Path.Combine(Folder, "open/absolute"), "/etc/passwd");
        File.CreateSymbolicLink(Path.Combine(Folder, "open/alias"), "secret.key");
        using var labelled = await Server.Owner.PatchAsJsonAsync($"/api/v1/devices/{Device}", new Operone.Core.Devices.UpdateDevice(Labels: new Dictionary<string, string> { ["held"] = Device }), Cancelled);
        using var made = await Server.Owner.PostAsJsonAsync("/api/v1/file-policies", new WriteFilePolicy(
            $"held-{Device}", $"held={Device}", null, [new($"{Folder}/open"), new($"{Folder}/open/inner", IsWritable: true)], ["*.key"]), Cancelled);
        Assert.True(made.StatusCode == HttpStatusCode.Created, await made.Content.ReadAsStringAsync(Cancelled));
        Assert.Equal("one", await Server.Owner.GetStringAsync(At("open/f"), Cancelled));
        Assert.Equal(["inner", "absolute", "f", "out"], (await ListAsync("open")).Items.Select(i => i.Name).Where(n => n != "alias"));
        Assert.DoesNotContain((await ListAsync("open")).Items, i => i.IsWritable);
        foreach (var hidden in (string[])["open/secret.key", "open/alias", "closed", "%65tc"])
        {
            Assert.Equal("file-not-found", await RefusedAsync(HttpMethod.Get, At(hidden), HttpStatusCode.NotFound));
        }

        Assert.Equal("file-outside", await RefusedAsync(HttpMethod.Get, At("open/out"), HttpStatusCode.Forbidden));
        Assert.Equal("file-outside", await RefusedAsync(HttpMethod.Get, At("open/absolute"), HttpStatusCode.Forbidden));
        Assert.Equal("file-read-only", await RefusedAsync(HttpMethod.Put, At("open/new"), HttpStatusCode.Forbidden, new StringContent("x")));
        using (await SendAsync(HttpMethod.Put, At("open/inner/new"), HttpStatusCode.Created, new StringContent("x")))
        {
        }

        using var above = await SendAsync(HttpMethod.Get, new($"/api/v1/files/devices/{Device}", UriKind.Relative), HttpStatusCode.OK, null, null, ("Accept", "application/json"));
        Assert.Equal([Folder.Split('/')[1]], (await above.Content.ReadFromJsonAsync(OperoneJson.Default.FolderView, Cancelled))!.Items.Select(i => i.Name));
        var policy = (await made.Content.ReadFromJsonAsync<FilePolicyView>(Cancelled))!;
        using var removed = await Server.Owner.DeleteAsync(new Uri($"/api/v1/file-policies/{policy.Id}", UriKind.Relative), Cancelled);
        Assert.Equal("no", await Server.Owner.GetStringAsync(At("closed"), Cancelled));
    }

    [Fact]
    public async Task Agent_NeverShowsItsOwnState()
    {
        Assert.Equal("file-not-found", await RefusedAsync(HttpMethod.Get, new($"/api/v1/files/devices/{Device}{State}", UriKind.Relative), HttpStatusCode.NotFound, null, null, ("Accept", "application/json")));
        File.CreateSymbolicLink(Path.Combine(Folder, "state"), State);
        Assert.NotEqual("", await RefusedAsync(HttpMethod.Get, At("state"), HttpStatusCode.NotFound, null, null, ("Accept", "application/json")));
    }

    [Theory]
    [InlineData("zip")]
    [InlineData("tar")]
    [InlineData("tar.zst")]
    public async Task Folder_AsAnArchive_HasAllThatIsInIt(string format)
    {
        Directory.CreateDirectory(Path.Combine(Folder, "a b/inner/empty"));
        var big = RandomNumberGenerator.GetBytes(3_000_000);
        await File.WriteAllBytesAsync(Path.Combine(Folder, "a b/inner/big.bin"), big, Cancelled);
        await File.WriteAllTextAsync(Path.Combine(Folder, "a b/😀.txt"), "text", Cancelled);
        await using (var sparse = File.Create(Path.Combine(Folder, "a b/sparse")))
        {
            sparse.SetLength(5_000_000);
        }

        File.CreateSymbolicLink(Path.Combine(Folder, "a b/link"), "inner/big.bin");
        using (var fifo = System.Diagnostics.Process.Start("mkfifo", [Path.Combine(Folder, "a b/pipe")]))
        {
            await fifo.WaitForExitAsync(Cancelled);
        }

        var file = Path.Combine(Folder, $"got.{format}");
        await File.WriteAllBytesAsync(file, await Server.Owner.GetByteArrayAsync(At("a%20b", $"?archive={format}"), Cancelled), Cancelled);
        Directory.CreateDirectory(Path.Combine(Folder, "out"));
        if (format == "zip")
        {
            System.IO.Compression.ZipFile.ExtractToDirectory(file, Path.Combine(Folder, "out"));
            Assert.Equal("inner/big.bin", await File.ReadAllTextAsync(Path.Combine(Folder, "out/a b/link"), Cancelled));
        }
        else
        {
            await using Stream compressed = File.OpenRead(file);
            await using var plain = format == "tar" ? compressed : new ZstdSharp.DecompressionStream(compressed);
            await System.Formats.Tar.TarFile.ExtractToDirectoryAsync(plain, Path.Combine(Folder, "out"), overwriteFiles: false, Cancelled);
            Assert.Equal("inner/big.bin", new FileInfo(Path.Combine(Folder, "out/a b/link")).LinkTarget);
        }

        Assert.Equal(big, await File.ReadAllBytesAsync(Path.Combine(Folder, "out/a b/inner/big.bin"), Cancelled));
        Assert.Equal("text", await File.ReadAllTextAsync(Path.Combine(Folder, "out/a b/😀.txt"), Cancelled));
        Assert.Equal(5_000_000, new FileInfo(Path.Combine(Folder, "out/a b/sparse")).Length);
        Assert.True(Directory.Exists(Path.Combine(Folder, "out/a b/inner/empty")));
        Assert.StartsWith("a b/pipe: ", await File.ReadAllTextAsync(Path.Combine(Folder, "out/a b/MISSING.txt"), Cancelled), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Policy_WithAFolderWithinAnother_IsHeldWhicheverWayLeadsThere()
    {
        Directory.CreateDirectory(Path.Combine(Folder, "a/keep/deep"));
        Directory.CreateDirectory(Path.Combine(Folder, "b"));
        await File.WriteAllTextAsync(Path.Combine(Folder, "a/keep/f"), "kept", Cancelled);
        await File.WriteAllTextAsync(Path.Combine(Folder, "a/mine"), "mine", Cancelled);
        File.CreateSymbolicLink(Path.Combine(Folder, "led"), "/");
        using var labelled = await Server.Owner.PatchAsJsonAsync($"/api/v1/devices/{Device}", new Operone.Core.Devices.UpdateDevice(Labels: new Dictionary<string, string> { ["inner"] = Device }), Cancelled);
        using var made = await Server.Owner.PostAsJsonAsync("/api/v1/file-policies", new WriteFilePolicy(
            $"inner-{Device}", $"inner={Device}", null,
            [new($"{Folder}/a", IsWritable: true), new($"{Folder}/a/keep"), new($"{Folder}/b", IsWritable: true), new($"{Folder}/led", IsWritable: true)]), Cancelled);
        Assert.True(made.StatusCode == HttpStatusCode.Created, await made.Content.ReadAsStringAsync(Cancelled));

        // the inner one is listed, read, and not changed: not by its name, and not through a link or a folder around it
        Assert.Equal(["keep", "mine"], (await ListAsync("a")).Items.Select(i => i.Name));
        Assert.Equal("kept", await Server.Owner.GetStringAsync(At("a/keep/f"), Cancelled));
        Assert.Equal("file-read-only", await RefusedAsync(HttpMethod.Put, At("a/keep/f"), HttpStatusCode.Forbidden, new StringContent("x")));
        using (await SendAsync(HttpMethod.Put, At("a/l", "?kind=link&target=."), HttpStatusCode.Created))
        using (await SendAsync(HttpMethod.Put, At("a/e", "?kind=link&target=keep"), HttpStatusCode.Created))
        {
        }

        foreach (var way in (string[])["a/l/keep/f", "a/e/f", "a/e/new", "a/l/l/keep/new"])
        {
            Assert.Equal("file-not-found", await RefusedAsync(HttpMethod.Put, At(way), HttpStatusCode.NotFound, new StringContent("x")));
        }

        foreach (var (way, to) in new[] { ("a/l/keep", "a/x"), ("a/keep", "a/x"), ("a", "b/x") })
        {
            using var moved = await Server.Owner.PostAsJsonAsync(new Uri($"/api/v1/files{Place}/{way}:move", UriKind.Relative), new BringFile($"{Place}/{to}"), Cancelled);
            Assert.False(moved.IsSuccessStatusCode, $"{way} was moved");
        }

        using (await SendAsync(HttpMethod.Delete, At("a/mine", "?trash=false"), HttpStatusCode.OK))
        {
        }

        using (var whole = await Server.Owner.DeleteAsync(At("a", "?recursive=true&trash=false"), Cancelled))
        {
            Assert.False(whole.IsSuccessStatusCode);
        }

        Assert.Equal("kept", await File.ReadAllTextAsync(Path.Combine(Folder, "a/keep/f"), Cancelled));
        Assert.True(Directory.Exists(Path.Combine(Folder, "a/keep/deep")));

        // a folder of a policy that is a link is not where files may be had
        Assert.Equal("file-outside", await RefusedAsync(HttpMethod.Get, At("led/etc/passwd"), HttpStatusCode.Forbidden));

        // between two that may be changed
        using (await SendAsync(HttpMethod.Put, At("a/two"), HttpStatusCode.Created, new StringContent("two")))
        using (await SendAsync(HttpMethod.Post, At("a/two:move"), HttpStatusCode.OK, JsonContent.Create(new BringFile($"{Place}/b/two"))))
        {
            Assert.Equal("two", await File.ReadAllTextAsync(Path.Combine(Folder, "b/two"), Cancelled));
        }
    }
}
