using System.Runtime.Versioning;
using System.Xml.Linq;
using Operone.Tests.Agent.Hosting;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Web.Files.Dav;

/// <summary>Copies, moves and properties on a drive.</summary>
[SupportedOSPlatform("linux")]
public sealed class DriveCopyTests(SqliteFixture fixture) : DriveScene(fixture), IClassFixture<SqliteFixture>
{
    private static readonly XName Own = XName.Get("a", "urn:x");

    [Fact]
    public async Task Copy_ToAnotherDevice_HasEverything_AndMoveLeavesNothing()
    {
        Directory.CreateDirectory(OnDisk("d/e/empty"));
        await File.WriteAllTextAsync(OnDisk("d/f"), "one", Cancelled);
        await File.WriteAllBytesAsync(OnDisk("d/e/big"), new byte[3_000_000], Cancelled);
        File.SetUnixFileMode(OnDisk("d/f"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        File.CreateSymbolicLink(OnDisk("d/link"), "f");
        await DoAsync("PROPPATCH", "d/f", 207, Set("<x:a>kept</x:a>"));
        using var temp = new TempFolder();
        Directory.CreateDirectory(temp["d"]);
        await using var other = await AgentUnderTest.EnrolAndRunAsync(Server, temp["s"], $"{Device}b");
        var there = $"/dav/devices/{Device}b{temp["d"]}";
        foreach (var (method, name) in ((string, string)[])[("COPY", "copied"), ("MOVE", "moved")])
        {
            await DoAsync(method, "d/", 201, null, ("Destination", $"{there}/{name}/"));
            Assert.Equal("one", await File.ReadAllTextAsync(temp[$"d/{name}/f"], Cancelled));
            Assert.Equal(3_000_000, new FileInfo(temp[$"d/{name}/e/big"]).Length);
            Assert.True(Directory.Exists(temp[$"d/{name}/e/empty"]));
            Assert.Equal("f", new FileInfo(temp[$"d/{name}/link"]).LinkTarget);
            Assert.True(File.GetUnixFileMode(temp[$"d/{name}/f"]).HasFlag(UnixFileMode.UserExecute));
            using var found = await AskAsync(Server.Owner, "PROPFIND", new($"{there}/{name}/f", UriKind.Relative), 207, null, ("Depth", "0"));
            Assert.Equal("kept", ValueOf(XElement.Parse(await found.Content.ReadAsStringAsync(Cancelled)), Own));
            Assert.Equal(method == "COPY", Directory.Exists(OnDisk("d")));
        }
    }

    [Fact]
    public async Task Copy_WithWhatCannotBe_SaysWhich_AndCopiesTheRest()
    {
        Directory.CreateDirectory(OnDisk("d"));
        await File.WriteAllTextAsync(OnDisk("d/f"), "one", Cancelled);
        using (var made = System.Diagnostics.Process.Start("mkfifo", [OnDisk("d/pipe")]))
        {
            await made.WaitForExitAsync(Cancelled);
        }

        using var answer = await AskAsync("COPY", "d", 207, null, ("Destination", On("e").OriginalString));
        var response = Assert.Single(XElement.Parse(await answer.Content.ReadAsStringAsync(Cancelled)).Elements(Dav + "response"));
        Assert.EndsWith("/e/pipe", response.Element(Dav + "href")!.Value, StringComparison.Ordinal);
        Assert.Equal("one", await File.ReadAllTextAsync(OnDisk("e/f"), Cancelled));
    }

    [Fact]
    public async Task Copy_IntoItselfOrOntoWhatItIsIn_IsRefused()
    {
        Directory.CreateDirectory(OnDisk("d/e"));
        await DoAsync("COPY", "d", 403, null, ("Destination", On("d/e/f").OriginalString));
        await DoAsync("MOVE", "d", 403, null, ("Destination", On("d").OriginalString));
        var shouted = $"/dav/devices/{Device.ToUpperInvariant()}{Folder}";
        await DoAsync("MOVE", "d", 403, null, ("Destination", $"{shouted}/d"));
        await DoAsync("COPY", "d", 403, null, ("Destination", $"{shouted}/d/e/f"));
        await DoAsync("MOVE", "d/e", 403, null, ("Destination", On("d").OriginalString));
        await DoAsync("COPY", "d/e", 409, null, ("Destination", On("no/folder").OriginalString));
        await DoAsync("COPY", "d/e", 400, null, ("Destination", On("f").OriginalString), ("Overwrite", "perhaps"));
        Assert.True(Directory.Exists(OnDisk("d/e")));
    }

    [Fact]
    public async Task Overwrite_OfAFileByAFile_TakesItsPropertiesToo()
    {
        await DoAsync("PUT", "a", 201, "one");
        await DoAsync("PUT", "b", 201, "two");
        await DoAsync("PROPPATCH", "b", 207, Set("<x:a>old</x:a>"));
        await DoAsync("COPY", "a", 412, null, ("Destination", On("b").OriginalString), ("Overwrite", "F"));
        await DoAsync("COPY", "a", 204, null, ("Destination", On("b").OriginalString));
        Assert.Equal("one", await File.ReadAllTextAsync(OnDisk("b"), Cancelled));
        Assert.Null(ValueOf(await FindAsync("b"), Own));
    }

    [Fact]
    public async Task Properties_StayWithTheFile_ThroughWritesMovesAndLists()
    {
        await DoAsync("PUT", "f", 201, "one");
        const string Value = "<x:a xml:lang=\"de\" x:b=\"c\">Grüße &amp; <x:i xmlns=\"other\">more</x:i> 😀</x:a>";
        await DoAsync("PROPPATCH", "f", 207, Set(Value));
        await DoAsync("PUT", "f", 204, "two");
        await DoAsync("MOVE", "f", 201, null, ("Destination", On("g").OriginalString));
        Assert.Equal("Grüße & more 😀", ValueOf(await FindAsync("g"), Own));
        Assert.Equal("Grüße & more 😀", ValueOf(await FindAsync("", "1"), Own, "/g"));
        Assert.Equal("Grüße & more 😀", ValueOf(await FindAsync("", "1", Wish("x:a")), Own, "/g"));
        Assert.Contains("xml:lang=\"de\"", (await FindAsync("g")).ToString(), StringComparison.Ordinal);
        await DoAsync("PROPPATCH", "g", 207, """<propertyupdate xmlns="DAV:" xmlns:x="urn:x"><remove><prop><x:a/></prop></remove></propertyupdate>""");
        Assert.Null(ValueOf(await FindAsync("g"), Own));
    }

    [Fact]
    public async Task Properties_AreSetAllOrNone_AndNoMoreThanThereIsRoomFor()
    {
        await DoAsync("PUT", "f", 201, "one");
        using var mixed = await AskAsync("PROPPATCH", "f", 207, Set("<x:a>b</x:a><getetag>mine</getetag>"));
        var text = await mixed.Content.ReadAsStringAsync(Cancelled);
        Assert.Contains(" 403 ", text, StringComparison.Ordinal);
        Assert.Contains(" 424 ", text, StringComparison.Ordinal);
        using var large = await AskAsync("PROPPATCH", "f", 207, Set($"<x:a>{new string('x', 100_000)}</x:a>"));
        Assert.Contains(" 507 ", await large.Content.ReadAsStringAsync(Cancelled), StringComparison.Ordinal);
        Assert.Null(ValueOf(await FindAsync("f"), Own));
    }

    [Fact]
    public async Task Properties_ThatWindowsAndDavfsSet_ReachTheDisk()
    {
        await DoAsync("PUT", "f", 201, "one");
        using var patched = await AskAsync("PROPPATCH", "f", 207, Set(
            "<z:Win32CreationTime>Wed, 01 Jan 2025 10:00:00 GMT</z:Win32CreationTime><z:Win32LastModifiedTime>Thu, 02 Jan 2025 10:20:30 GMT</z:Win32LastModifiedTime>"
            + "<z:Win32FileAttributes>00000020</z:Win32FileAttributes><executable xmlns=\"http://apache.org/dav/props/\">T</executable>"));
        Assert.DoesNotContain(" 403 ", await patched.Content.ReadAsStringAsync(Cancelled), StringComparison.Ordinal);
        Assert.Equal(new DateTime(2025, 1, 2, 10, 20, 30, DateTimeKind.Utc), File.GetLastWriteTimeUtc(OnDisk("f")));
        Assert.True(File.GetUnixFileMode(OnDisk("f")).HasFlag(UnixFileMode.UserExecute));
        Assert.Equal("Thu, 02 Jan 2025 10:20:30 GMT", ValueOf(await FindAsync("f"), Dav + "getlastmodified"));
    }
}
