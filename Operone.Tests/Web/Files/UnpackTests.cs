using System.Formats.Tar;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Json;
using System.Runtime.Versioning;
using System.Text.Json;
using Operone.Core.Connection;
using Operone.Core.Devices;
using Operone.Core.Files;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Web.Files;

[SupportedOSPlatform("linux")]
public sealed class UnpackOnSqlite(SqliteFixture f) : UnpackTests(f), IClassFixture<SqliteFixture>;

[SupportedOSPlatform("linux")]
public sealed class UnpackOnPostgres(PostgresFixture f) : UnpackTests(f), IClassFixture<PostgresFixture>;

/// <summary>Archives, unpacked onto a real device; hostile ones get nowhere.</summary>
[SupportedOSPlatform("linux")]
public abstract class UnpackTests(ServerFixture fixture) : FileScene(fixture)
{
    private const int File644 = 0x81A4, Program755 = 0x81ED, Link777 = 0xA1FF, Folder755 = 0x41ED;

    [Theory]
    [InlineData("tar", false)]
    [InlineData("tar.gz", false)]
    [InlineData("tar.zst", true)]
    [InlineData("zip", false)]
    [InlineData("zip", true)]
    [InlineData("tar.gz", true)]
    public async Task Archive_OfAnyFormat_IsUnpacked(string format, bool isInTree)
    {
        var large = string.Concat(Enumerable.Range(0, 200_000).Select(i => $"{i} "));
        var tar = Archives.Tar(
            new PaxTarEntry(TarEntryType.Directory, "d/") { Mode = (UnixFileMode)0x16D }, Archives.TarFile("d/large ä.txt", large), Archives.TarFile("./run", "#!", (UnixFileMode)0x9ED),
            new PaxTarEntry(TarEntryType.SymbolicLink, "d/link") { LinkName = "../run" }, Archives.TarFile("new/deep/f", ""));
        var bytes = format switch
        {
            "zip" => Archives.Zip(("d/", "", Folder755), ("d/large ä.txt", large, File644), ("run", "#!", Program755), ("d/link", "../run", Link777), ("new/deep/f", "", File644)),
            "tar.gz" => Archives.GZip(tar),
            "tar.zst" => Archives.Zstd(tar),
            _ => tar,
        };
        var lines = await UnpackAsync(bytes, isInTree: isInTree);

        Assert.All(lines[..^1], l => Assert.True(l.Entry!.Outcome == UnpackOutcome.Unpacked, l.Entry.Detail));
        Assert.Equal((format, 5L, 0L, (long)large.Length + 2), (lines[^1].End!.Format, lines[^1].End!.Unpacked, lines[^1].End!.Failed, lines[^1].End!.Bytes));
        Assert.Equal(large, await File.ReadAllTextAsync(In("d/large ä.txt"), Cancelled));
        Assert.Equal(("../run", "#!"), (new FileInfo(In("d/link")).LinkTarget, await File.ReadAllTextAsync(In("d/link"), Cancelled)));
        Assert.Equal((UnixFileMode)0x1ED, File.GetUnixFileMode(In("run")));
        Assert.Equal(new DateTime(2020, 2, 2, 2, 2, 2, DateTimeKind.Utc), File.GetLastWriteTimeUtc(In("run")));
        Assert.Equal(["d", "new", "run"], Directory.GetFileSystemEntries(In("")).Select(Path.GetFileName).Order());
    }

    [Fact]
    public async Task Names_ThatLeadOut_AreRefused()
    {
        string[] names = ["../x", "a/../../x", "/etc/operone-x", "C:/x", "c:x", "..\\..\\x", "\\\\server\\x", "a/..", new string('n', 300)];
        var zip = await UnpackAsync(Archives.Zip([.. names.Select(n => (n, "bad", File644)), ("good", "good", File644)]));
        Assert.Equal([.. names.Select(_ => UnpackOutcome.Refused), UnpackOutcome.Unpacked], zip[..^1].Select(l => l.Entry!.Outcome));
        var tar = await UnpackAsync(Archives.Tar([.. names.Select(n => Archives.TarFile(n, "bad")), Archives.TarFile("better", "good")]));
        Assert.Equal([.. names.Select(_ => UnpackOutcome.Refused), UnpackOutcome.Unpacked], tar[..^1].Select(l => l.Entry!.Outcome));
        Assert.Equal(["better", "good"], Directory.GetFileSystemEntries(In("")).Select(Path.GetFileName).Order());
        Assert.Equal(["to"], Directory.GetFileSystemEntries(Folder).Select(Path.GetFileName));
        Assert.False(File.Exists("/etc/operone-x"));
    }

    [Fact]
    public async Task Links_ThatLeadOut_OrAreOnTheWay_AreRefused()
    {
        File.WriteAllText(Path.Combine(Folder, "outside"), "outside");
        Directory.CreateDirectory(In("real"));
        Directory.CreateSymbolicLink(In("there"), Folder);
        TarEntry[] entries =
        [
            Link("out", "../outside"), Link("abs", "/etc/passwd"), Link("twist", "real/../../outside"), Link("self", "."), Link("self/up", "../outside"),
            Archives.TarFile("self/x", "x"), Archives.TarFile("there/x", "x"), Link("there/y", "f"), Link("fine", "real/f"), Archives.TarFile("real/f", "f"), Archives.TarFile("fine/x", "x"),
            new PaxTarEntry(TarEntryType.HardLink, "hard") { LinkName = "real/f" }, new PaxTarEntry(TarEntryType.HardLink, "stolen") { LinkName = "../outside" },
            new PaxTarEntry(TarEntryType.HardLink, "passwd") { LinkName = "/etc/passwd" }, new PaxTarEntry(TarEntryType.HardLink, "before") { LinkName = "after" }, Archives.TarFile("after", "x"),
        ];
        var lines = await UnpackAsync(Archives.Tar(entries));
        var got = lines[..^1].ToDictionary(l => l.Entry!.Name, l => l.Entry!.Outcome);
        Assert.Equal(["self", "fine", "real/f", "hard", "after"], got.Where(g => g.Value == UnpackOutcome.Unpacked).Select(g => g.Key).OrderBy(n => Array.FindIndex(entries, e => e.Name == n)));
        Assert.Equal("f", await File.ReadAllTextAsync(In("hard"), Cancelled));
        Assert.Equal(["outside", "to"], Directory.GetFileSystemEntries(Folder).Select(Path.GetFileName).Order());

        lines = await UnpackAsync(Archives.Zip(("zout", "../outside", Link777), ("zin", "real", Link777), ("zin/x", "x", File644)));
        Assert.Equal([UnpackOutcome.Refused, UnpackOutcome.Unpacked, UnpackOutcome.Refused], lines[..^1].Select(l => l.Entry!.Outcome));
        static PaxTarEntry Link(string name, string target) => new(TarEntryType.SymbolicLink, name) { LinkName = target };
    }

    [Fact]
    public async Task DevicesPipesAndDuplicates_AreRefused()
    {
        var lines = await UnpackAsync(Archives.Tar(
            new PaxTarEntry(TarEntryType.Fifo, "pipe"), new PaxTarEntry(TarEntryType.CharacterDevice, "null") { DeviceMajor = 1, DeviceMinor = 3 },
            new PaxTarEntry(TarEntryType.BlockDevice, "disk") { DeviceMajor = 8, DeviceMinor = 0 }, Archives.TarFile("f", "one"), Archives.TarFile("./f", "two")));
        Assert.Equal(
            [("pipe", UnpackOutcome.Refused), ("null", UnpackOutcome.Refused), ("disk", UnpackOutcome.Refused), ("f", UnpackOutcome.Unpacked), ("./f", UnpackOutcome.Refused)],
            lines[..^1].Select(l => (l.Entry!.Name, l.Entry.Outcome)).OrderBy(l => Array.IndexOf(["pipe", "null", "disk", "f", "./f"], l.Name)));
        Assert.Equal("one", await File.ReadAllTextAsync(In("f"), Cancelled));
        Assert.Equal(UnpackOutcome.Refused, (await UnpackAsync(Archives.Zip(("zpipe", "", 0x11A4))))[0].Entry!.Outcome);
    }

    [Theory]
    [InlineData("zip")]
    [InlineData("tar.gz")]
    [InlineData("tar.zst")]
    public async Task Bomb_IsStopped_AndWhatWasWrittenIsSaid(string format)
    {
        var zeros = new byte[1 << 20];
        using var content = new MemoryStream();
        for (var i = 0; i < 256; i++)
        {
            content.Write(zeros);
        }

        content.Position = 0;
        var tar = format == "zip" ? [] : Archives.Tar(Archives.TarFile("first", "small"), new PaxTarEntry(TarEntryType.RegularFile, "bomb") { DataStream = content });
        var bytes = format switch
        {
            "zip" => Archives.Zip(zip =>
            {
                using (var first = zip.CreateEntry("first").Open())
                {
                    first.Write("small"u8);
                }

                using var bomb = zip.CreateEntry("bomb", CompressionLevel.SmallestSize).Open();
                content.CopyTo(bomb);
            }),
            "tar.gz" => Archives.GZip(tar, CompressionLevel.SmallestSize),
            _ => Archives.Zstd(tar),
        };
        var lines = await UnpackAsync(bytes);
        Assert.Equal((1L, "archive-too-much"), (lines[^1].End!.Unpacked, lines[^1].End!.Problem?.Code));
        Assert.Equal(("first", UnpackOutcome.Unpacked), (lines[0].Entry!.Name, lines[0].Entry!.Outcome));
        Assert.Equal(["first"], Directory.GetFileSystemEntries(In("")).Select(Path.GetFileName));
    }

    [Fact]
    public async Task Zip_ThatLies_IsHeldToWhatComesOut()
    {
        var zip = Archives.Zip(("a", "aaaaaaaaaa", File644), ("b", "bbbb", File644));
        var central = zip.AsSpan().IndexOf("PK\x01\x02"u8);
        var less = (byte[])zip.Clone();
        less[central + 24] = 5; // of ten bytes
        var lines = await UnpackAsync(less);
        Assert.Equal([("a", UnpackOutcome.Failed), ("b", UnpackOutcome.Unpacked)], lines[..^1].Select(l => (l.Entry!.Name, l.Entry.Outcome)).Order());

        var wrong = (byte[])zip.Clone();
        wrong[central + 16] ^= 1; // the checksum
        Assert.Contains("checksum", (await UnpackAsync(wrong, UnpackConflict.Overwrite))[0].Entry!.Detail, StringComparison.Ordinal);

        var other = (byte[])zip.Clone();
        other[30] = (byte)'x'; // the name in front of the bytes
        Assert.Equal(UnpackOutcome.Refused, (await UnpackAsync(other, UnpackConflict.Overwrite)).First(l => l.Entry?.Name == "a").Entry!.Outcome);

        // entries that are the same bytes over and over
        var many = Archives.Zip([.. Enumerable.Range(0, 50).Select(i => ($"n{i:00}", new string('x', 3), File644))]);
        for (var at = 0; many.AsSpan(at).IndexOf("PK\x01\x02"u8) is var found and >= 0; at += found + 4)
        {
            many.AsSpan(at + found + 42, 4).Clear();
            many.AsSpan(at + found + 20, 4).Clear(); // how many bytes are packed
            many[at + found + 21] = 9;
        }

        Assert.NotEqual(50, (await UnpackAsync(many))[^1].End!.Unpacked);
    }

    [Theory]
    [InlineData("zip")]
    [InlineData("tar")]
    [InlineData("tar.gz")]
    [InlineData("tar.zst")]
    [InlineData("garbage")]
    [InlineData("empty")]
    public async Task Archive_ThatIsBroken_IsSaidSo(string format)
    {
        var content = new byte[300_000];
        new Random(1).NextBytes(content);
        var tar = Archives.Tar(Archives.TarFile("first", "small"), new PaxTarEntry(TarEntryType.RegularFile, "second") { DataStream = new MemoryStream(content) });
        byte[] bytes = format switch
        {
            "zip" => Archives.Zip(("first", "small", File644), ("second", Convert.ToHexString(content), File644)),
            "tar" => tar,
            "tar.gz" => Archives.GZip(tar),
            "tar.zst" => Archives.Zstd(tar),
            "garbage" => content,
            _ => [],
        };
        bytes = bytes[..(bytes.Length / 2)];
        if (format is "zip" or "garbage" or "empty")
        {
            using var body = new ByteArrayContent(bytes);
            Assert.Equal(format == "zip" ? "archive-broken" : "archive-unknown", await RefusedAsync(HttpMethod.Post, Unpack(), HttpStatusCode.UnprocessableEntity, body));
            Assert.Empty(Directory.GetFileSystemEntries(In("")));
            return;
        }

        var lines = await UnpackAsync(bytes);
        Assert.Equal(("archive-broken", "first"), (lines[^1].End!.Problem?.Code, Assert.Single(lines, l => l.Entry?.Outcome == UnpackOutcome.Unpacked).Entry!.Name));
        Assert.Equal(["first"], Directory.GetFileSystemEntries(In("")).Select(Path.GetFileName));
    }

    [Fact]
    public async Task Conflicts_AreAsAsked()
    {
        Directory.CreateDirectory(In("dir"));
        await File.WriteAllTextAsync(In("f"), "old", Cancelled);
        var zip = Archives.Zip(("f", "new", File644), ("g", "new", File644), ("dir", "new", File644));
        Assert.Equal(["dir failed", "f failed", "g unpacked"], await OutcomesAsync(zip, UnpackConflict.Fail));
        Assert.Equal("old", await File.ReadAllTextAsync(In("f"), Cancelled));
        Assert.Equal(["dir skipped", "f skipped", "g skipped"], await OutcomesAsync(zip, UnpackConflict.Skip));
        Assert.Equal("old", await File.ReadAllTextAsync(In("f"), Cancelled));
        Assert.Equal(["dir failed", "f unpacked", "g unpacked"], await OutcomesAsync(zip, UnpackConflict.Overwrite));
        Assert.Equal("new", await File.ReadAllTextAsync(In("f"), Cancelled));
    }

    [Theory]
    [InlineData("zip")]
    [InlineData("tar.gz")]
    public async Task TenThousandEntries_AreUnpacked(string format)
    {
        var entries = Enumerable.Range(0, 10_000).Select(i => ($"d{i % 100}/f{i}", $"content {i}")).ToArray();
        var bytes = format == "zip" ? Archives.Zip([.. entries.Select(e => (e.Item1, e.Item2, File644))]) : Archives.GZip(Archives.Tar([.. entries.Select(e => Archives.TarFile(e.Item1, e.Item2))]));
        var lines = await UnpackAsync(bytes);
        Assert.Equal((10_000L, 0L, null), (lines[^1].End!.Unpacked, lines[^1].End!.Failed, lines[^1].End!.Problem));
        Assert.Equal(10_001, lines.Count);
        foreach (var (name, content) in entries)
        {
            Assert.Equal(content, await File.ReadAllTextAsync(In(name), Cancelled));
        }
    }

    [Fact]
    public async Task Names_ThatAreNotUtf8_AreKeptFromAZip()
    {
        var zip = Archives.Zip(("n??e", "x", File644));
        for (var at = 0; zip.AsSpan(at).IndexOf("n??e"u8) is var found and >= 0; at += found + 4)
        {
            zip[at + found + 1] = 0xFF;
            zip[at + found + 2] = 0xC3;
        }

        Assert.Equal($"{Place}/to/n%FF%C3e", (await UnpackAsync(zip))[0].Entry!.Path);
        Assert.Equal("x", await Server.Owner.GetStringAsync(At("to/n%FF%C3e"), Cancelled));
    }

    [Fact]
    public async Task Policy_IsHeld()
    {
        Directory.CreateDirectory(In("inner"));
        using var labelled = await Server.Owner.PatchAsJsonAsync($"/api/v1/devices/{Device}", new UpdateDevice(Labels: new Dictionary<string, string> { ["unpacked"] = Device }), Cancelled);
        using var made = await Server.Owner.PostAsJsonAsync("/api/v1/file-policies", new WriteFilePolicy(
            $"u-{Device}", $"unpacked={Device}", null, [new(Folder), new($"{Folder}/to", IsWritable: true), new($"{Folder}/to/inner")], ["*.key"]), Cancelled);
        Assert.True(made.IsSuccessStatusCode);
        var lines = await UnpackAsync(Archives.Zip(("a", "x", File644), ("a.key", "x", File644), ("inner/x", "x", File644)));
        Assert.Equal(["a unpacked", "a.key failed", "inner/x failed"], lines[..^1].Select(l => $"{l.Entry!.Name} {l.Entry.Outcome}".ToLowerInvariant()).Order());
        using var body = new ByteArrayContent(Archives.Zip(("a", "x", File644)));
        Assert.Equal("file-read-only", await RefusedAsync(HttpMethod.Post, new($"/api/v1/files{Place}/other:unpack", UriKind.Relative), HttpStatusCode.Forbidden, body));
    }

    private string In(string name) => Path.Combine(Folder, "to", name);

    private Uri Unpack(string query = "") => new($"/api/v1/files{Place}/to:unpack{query}", UriKind.Relative);

    private async Task<string[]> OutcomesAsync(byte[] archive, UnpackConflict conflict) =>
        [.. (await UnpackAsync(archive, conflict))[..^1].Select(l => $"{l.Entry!.Name} {l.Entry.Outcome}".ToLowerInvariant()).Order(StringComparer.Ordinal)];

    private async Task<List<UnpackLine>> UnpackAsync(byte[] archive, UnpackConflict conflict = UnpackConflict.Fail, bool isInTree = false)
    {
        using var body = new ByteArrayContent(isInTree ? [] : archive);
        var query = $"?conflict={conflict}";
        if (isInTree)
        {
            await File.WriteAllBytesAsync(Path.Combine(Folder, "archive"), archive, Cancelled);
            query += $"&from={Uri.EscapeDataString($"{Place}/archive")}";
        }

        using var response = await SendAsync(HttpMethod.Post, Unpack(query), HttpStatusCode.OK, body);
        var lines = (await response.Content.ReadAsStringAsync(Cancelled)).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonSerializer.Deserialize(l, OperoneJson.Default.UnpackLine)!).ToList();
        Assert.NotNull(lines[^1].End);
        return lines;
    }
}
