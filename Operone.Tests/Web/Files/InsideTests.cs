using System.Formats.Tar;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Json;
using System.Runtime.Versioning;
using Operone.Core.Files;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Web.Files;

[SupportedOSPlatform("linux")]
public sealed class InsideOnSqlite(SqliteFixture f) : InsideTests(f), IClassFixture<SqliteFixture>;

[SupportedOSPlatform("linux")]
public sealed class InsideOnPostgres(PostgresFixture f) : InsideTests(f), IClassFixture<PostgresFixture>;

/// <summary>Archives on a real device, looked into without being unpacked; hostile ones get nowhere.</summary>
[SupportedOSPlatform("linux")]
public abstract class InsideTests(ServerFixture fixture) : ArchiveScene(fixture)
{
    private const int File644 = 0x81A4, Folder755 = 0x41ED, Link777 = 0xA1FF;

    [Theory]
    [InlineData("zip")]
    [InlineData("tar")]
    [InlineData("tar.gz")]
    [InlineData("tar.zst")]
    public async Task Archive_OfAnyFormat_IsListedAndReadAsFoldersAre(string format)
    {
        var large = string.Concat(Enumerable.Range(0, 200_000).Select(i => $"{i} "));
        var tar = Archives.Tar(
            new PaxTarEntry(TarEntryType.Directory, "d/"), Archives.TarFile("d/large ä.txt", large), Archives.TarFile("./run", "#!", (UnixFileMode)0x1ED),
            new PaxTarEntry(TarEntryType.SymbolicLink, "d/link") { LinkName = "../run" }, new PaxTarEntry(TarEntryType.HardLink, "d/hard") { LinkName = "run" }, Archives.TarFile("new/deep/f", "deep"));
        await WriteAsync(format switch
        {
            "zip" => Archives.Zip(("d/", "", Folder755), ("d/large ä.txt", large, File644), ("./run", "#!", File644), ("d/link", "../run", Link777), ("d/hard", "#!", File644), ("new/deep/f", "deep", File644)),
            "tar.gz" => Archives.GZip(tar),
            "tar.zst" => Archives.Zstd(tar),
            _ => tar,
        });

        Assert.Equal(["d folder", "new folder", "run file"], await NamesAsync("/"));
        Assert.Equal(["hard file", "large ä.txt file", "link link"], await NamesAsync("/d"));
        Assert.Equal(["f file"], await NamesAsync("/new/deep"));
        Assert.Equal("deep", await ReadAsync("/new/deep/f"));
        Assert.Equal("#!", await ReadAsync("/d/hard"));
        Assert.Equal(large, await ReadAsync("/d/large%20%C3%A4.txt"));

        // A part of it, with the validators of a file.
        using var part = await SendAsync(HttpMethod.Get, Inside("/d/large%20%C3%A4.txt"), HttpStatusCode.PartialContent, headers: ("Range", "bytes=600000-600009"));
        Assert.Equal(large[600_000..600_010], await part.Content.ReadAsStringAsync(Cancelled));
        Assert.Equal($"bytes 600000-600009/{large.Length}", part.Content.Headers.ContentRange!.ToString());
        Assert.Equal("attachment", part.Content.Headers.ContentDisposition!.DispositionType);
        using var same = await SendAsync(HttpMethod.Get, Inside("/run"), HttpStatusCode.OK);
        using var again = await SendAsync(HttpMethod.Get, Inside("/run"), HttpStatusCode.NotModified, headers: ("If-None-Match", same.Headers.ETag!.ToString()));

        Assert.Equal("file-not-found", await RefusedAsync(HttpMethod.Get, Inside("/nothing"), HttpStatusCode.NotFound));
        Assert.Equal("file-wrong-kind", await RefusedAsync(HttpMethod.Get, Inside("/d"), HttpStatusCode.Conflict));
        Assert.Equal("file-wrong-kind", await RefusedAsync(HttpMethod.Get, Inside("/d/link"), HttpStatusCode.Conflict));
        Assert.Equal(["archive"], Directory.GetFileSystemEntries(Folder).Select(Path.GetFileName));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Names_ThatLeadOut_AreShownAndNeverPaths(bool isZip)
    {
        string[] names = ["../x", "a/../../x", "/etc/passwd", "C:/x", "..\\..\\x", new string('n', 300)];
        await WriteAsync(isZip
            ? Archives.Zip([.. names.Select(n => (n, "bad", File644)), ("good", "good", File644), ("good", "twice", File644), ("good/below", "bad", File644)])
            : Archives.Tar([.. names.Select(n => Archives.TarFile(n, "bad")), Archives.TarFile("good", "good"), Archives.TarFile("good", "twice"), Archives.TarFile("good/below", "bad")]));
        var all = (await ListInsideAsync("/")).Items;
        Assert.Equal(["good", .. names, "good", "good/below"], all.Select(i => i.Name));
        Assert.Null(all[0].Problem);
        Assert.All(all.Skip(1), i => Assert.False(string.IsNullOrEmpty(i.Problem)));
        Assert.Equal("good", await ReadAsync("/good"));
        foreach (var place in (string[])["/../x", "/etc/passwd", "/good/below", "/%2e%2e/x", "/a/..%2f..%2fx"])
        {
            using var refused = await Server.Owner.GetAsync(Inside(place), Cancelled);
            Assert.True(refused.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.BadRequest, $"{place} is {refused.StatusCode}");
        }
    }

    [Fact]
    public async Task Zip_ThatLies_IsHeldToWhatComesOut()
    {
        var zip = Archives.Zip(("a", "aaaaaaaaaa", File644), ("b", "bbbb", File644));
        var central = zip.AsSpan().IndexOf("PK\x01\x02"u8);
        var wrong = (byte[])zip.Clone();
        wrong[central + 16] ^= 1; // the checksum
        await WriteAsync(wrong);
        await Assert.ThrowsAnyAsync<Exception>(() => ReadAsync("/a"));
        Assert.Equal("bbbb", await ReadAsync("/b"));

        var less = (byte[])zip.Clone();
        less[central + 24] = 5; // of ten bytes
        await WriteAsync(less);
        await Assert.ThrowsAnyAsync<Exception>(() => ReadAsync("/a"));

        var other = (byte[])zip.Clone();
        other[30] = (byte)'x'; // the name in front of the bytes
        await WriteAsync(other);
        Assert.Equal("archive-entry-refused", await RefusedAsync(HttpMethod.Get, Inside("/a"), HttpStatusCode.UnprocessableEntity));

        var behind = (byte[])zip.Clone();
        behind[central + 45] = 0x7F; // where its bytes are
        await WriteAsync(behind);
        Assert.Equal("archive-broken", await RefusedAsync(HttpMethod.Get, Inside("/a"), HttpStatusCode.UnprocessableEntity));
    }

    [Theory]
    [InlineData("zip")]
    [InlineData("tar.gz")]
    [InlineData("tar.zst")]
    public async Task Bomb_IsStopped(string format)
    {
        using var content = new MemoryStream(new byte[256 << 20]);
        var tar = format == "zip" ? [] : Archives.Tar(new PaxTarEntry(TarEntryType.RegularFile, "bomb") { DataStream = content }, Archives.TarFile("last", "small"));
        await WriteAsync(format switch
        {
            "zip" => Archives.Zip(zip =>
            {
                using var bomb = zip.CreateEntry("bomb", CompressionLevel.SmallestSize).Open();
                content.CopyTo(bomb);
            }),
            "tar.gz" => Archives.GZip(tar, CompressionLevel.SmallestSize),
            _ => Archives.Zstd(tar),
        });
        if (format == "zip")
        {
            // what is in it is said without anything being unpacked; whoever wants it is cut off
            Assert.Equal(256 << 20, Assert.Single((await ListInsideAsync("/")).Items).Size);
            await Assert.ThrowsAnyAsync<Exception>(() => ReadAsync("/bomb"));
            return;
        }

        Assert.Equal("archive-too-much", await RefusedAsync(HttpMethod.Get, Inside("/"), HttpStatusCode.UnprocessableEntity, headers: ("Accept", "application/json")));
    }

    [Fact]
    public async Task Names_OfFoldersWithoutEnd_AreTooMuch()
    {
        // each of them makes two hundred folders
        await WriteAsync(Archives.Zip([.. Enumerable.Range(0, 2000).Select(i => ($"{i}/" + string.Concat(Enumerable.Repeat($"n{i}/", 200)) + "f", "", File644))]));
        Assert.Equal("archive-too-much", await RefusedAsync(HttpMethod.Get, Inside("/"), HttpStatusCode.UnprocessableEntity, headers: ("Accept", "application/json")));
    }

    [Theory]
    [InlineData("zip", "archive-broken")]
    [InlineData("tar.gz", "archive-broken")]
    [InlineData("garbage", "archive-unknown")]
    [InlineData("empty", "archive-unknown")]
    public async Task Archive_ThatIsBroken_IsSaidSo(string format, string code)
    {
        var content = new byte[300_000];
        new Random(1).NextBytes(content);
        byte[] bytes = format switch
        {
            "zip" => Archives.Zip(("first", "small", File644), ("second", Convert.ToHexString(content), File644)),
            "tar.gz" => Archives.GZip(Archives.Tar(new PaxTarEntry(TarEntryType.RegularFile, "second") { DataStream = new MemoryStream(content) })),
            "garbage" => content,
            _ => [],
        };
        await WriteAsync(bytes[..(bytes.Length / 2)]);
        Assert.Equal(code, await RefusedAsync(HttpMethod.Get, Inside("/"), HttpStatusCode.UnprocessableEntity, headers: ("Accept", "application/json")));
    }

    [Fact]
    public async Task Archive_ThatChanged_IsLookedThroughAgain_AndOnlyByWhoMayReadIt()
    {
        await WriteAsync(Archives.Zip(("one", "1", File644)));
        Assert.Equal(["one file"], await NamesAsync("/"));
        await WriteAsync(Archives.Zip(("two", "22", File644)));
        Assert.Equal(["two file"], await NamesAsync("/"));
        using var made = await Server.Owner.PostAsJsonAsync("/api/v1/file-policies", new WriteFilePolicy($"i-{Device}", $"inside={Device}", null, [new(Folder)], ["archive"]), Cancelled);
        using var labelled = await Server.Owner.PatchAsJsonAsync(
            $"/api/v1/devices/{Device}", new Operone.Core.Devices.UpdateDevice(Labels: new Dictionary<string, string> { ["inside"] = Device }), Cancelled);
        Assert.Equal("file-not-found", await RefusedAsync(HttpMethod.Get, Inside("/two"), HttpStatusCode.NotFound));
    }
}
