using System.Runtime.Versioning;
using System.Security.Cryptography;
using Xunit;

namespace Operone.Tests.Agent.Cli.Files;

/// <summary><c>operone cp</c>, against a real node and real agents.</summary>
[SupportedOSPlatform("linux")]
public sealed class CopyCommandTests(FilesNode node) : IClassFixture<FilesNode>
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    [InlineData(70_000)]
    [InlineData(5_000_000)]
    public async Task Copy_OfOneFileThereAndBack_IsExact(int size)
    {
        var folder = node.NewFolder();
        var bytes = RandomNumberGenerator.GetBytes(size);
        await File.WriteAllBytesAsync(Path.Combine(folder, "f"), bytes, Cancelled);
        await AssertDoneAsync(folder, "cp", "f", $"a:{folder}/sent");
        Assert.Equal(bytes, await File.ReadAllBytesAsync(Path.Combine(folder, "sent"), Cancelled));
        await AssertDoneAsync(folder, "cp", $"a:{folder}/sent", "back");
        Assert.Equal(bytes, await File.ReadAllBytesAsync(Path.Combine(folder, "back"), Cancelled));
        await AssertDoneAsync(folder, "cp", $"a:{folder}/sent", $"b:{folder}/other");
        Assert.Equal(bytes, await File.ReadAllBytesAsync(Path.Combine(folder, "other"), Cancelled));
        Assert.Equal(["back", "f", "other", "sent"], Directory.EnumerateFileSystemEntries(folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Copy_OfAFolderOfAThousandFiles_IsExactBothWays()
    {
        var folder = node.NewFolder();
        for (var i = 0; i < 1000; i++)
        {
            Directory.CreateDirectory(Path.Combine(folder, "in", $"d{i % 10}"));
            await File.WriteAllTextAsync(Path.Combine(folder, "in", $"d{i % 10}", $"f{i}"), $"content {i}", Cancelled);
        }

        await AssertDoneAsync(folder, "cp", "-r", "in", $"a:{folder}/out");
        await AssertDoneAsync(folder, "cp", "-r", $"a:{folder}/out", "back");
        foreach (var copy in (string[])["out", "back"])
        {
            Assert.Equal(1000, Directory.GetFiles(Path.Combine(folder, copy), "*", SearchOption.AllDirectories).Length);
            for (var i = 0; i < 1000; i += 37)
            {
                Assert.Equal($"content {i}", await File.ReadAllTextAsync(Path.Combine(folder, copy, $"d{i % 10}", $"f{i}"), Cancelled));
            }
        }
    }

    [Fact]
    public async Task Copy_OfNamesOfAnyText_KeepsThem()
    {
        var folder = node.NewFolder();
        string[] names = ["a b", "quote'\"s", "line\nbreak", "😀", "שלום", "100%", "colon:move", "-dash", "*star", "back\\slash", "#?&+=;"];
        Directory.CreateDirectory(Path.Combine(folder, "in", "line\nbreak d"));
        foreach (var name in names)
        {
            await File.WriteAllTextAsync(Path.Combine(folder, "in", "line\nbreak d", name), name, Cancelled);
        }

        // .NET cannot write a name that is no UTF-8
        Assert.Equal(0, (await node.ShellAsync(folder, "echo bytes > $'in/b\\xffd'")).Code);
        await AssertDoneAsync(folder, "cp", "-r", "in", $"a:{folder}/out");
        await AssertDoneAsync(folder, "cp", "-r", $"a:{folder}/out", "back");
        await AssertDoneAsync(folder, "cp", "-r", $"a:{folder}/out", $"b:{folder}/other");
        foreach (var copy in (string[])["out", "back", "other"])
        {
            var (code, output, error) = await node.ShellAsync(folder, $"diff -r in {copy} && cat {copy}/$'b\\xffd'");
            Assert.True(code == 0, output + error);
            Assert.Equal("bytes\n", output);
        }

        var (_, one, _) = await node.ShellAsync(folder, $"op cat a:{folder}/out/$'b\\xffd'");
        Assert.Equal("bytes\n", one);
        var (_, listed, _) = await node.RunAsync(folder, "ls", $"a:{folder}/out");
        Assert.Equal("line\uFFFDbreak d\nb\uFFFDd\n", listed);
        var (_, globbed, _) = await node.RunAsync(folder, "cat", $"a:{folder}/out/b?d");
        Assert.Equal("bytes\n", globbed);
    }

    [Fact]
    public async Task Copy_OfAFolder_KeepsLinksAndProgramsAndWithPTimes()
    {
        var folder = node.NewFolder();
        var at = new DateTime(2020, 5, 4, 3, 2, 1, 234, DateTimeKind.Utc);
        Directory.CreateDirectory(Path.Combine(folder, "in", "sub"));
        await File.WriteAllTextAsync(Path.Combine(folder, "in", "sub", "run"), "#!/bin/sh", Cancelled);
        File.SetUnixFileMode(Path.Combine(folder, "in", "sub", "run"), (UnixFileMode)0x1ED);
        File.SetLastWriteTimeUtc(Path.Combine(folder, "in", "sub", "run"), at);
        Directory.SetLastWriteTimeUtc(Path.Combine(folder, "in", "sub"), at);
        File.CreateSymbolicLink(Path.Combine(folder, "in", "link"), "sub/run");
        File.CreateSymbolicLink(Path.Combine(folder, "in", "loose"), "/nowhere/at all");
        await AssertDoneAsync(folder, "cp", "-r", "in", $"a:{folder}/plain");
        Assert.Equal((UnixFileMode)0x1ED, File.GetUnixFileMode(Path.Combine(folder, "plain", "sub", "run")));
        Assert.NotEqual(at, File.GetLastWriteTimeUtc(Path.Combine(folder, "plain", "sub", "run")));
        await AssertDoneAsync(folder, "cp", "-r", "-p", $"a:{folder}/in", "kept");
        await AssertDoneAsync(folder, "cp", "-r", "-p", "in", $"a:{folder}/sent");
        foreach (var copy in (string[])["kept", "sent"])
        {
            Assert.Equal(at, File.GetLastWriteTimeUtc(Path.Combine(folder, copy, "sub", "run")));
            Assert.Equal(at, Directory.GetLastWriteTimeUtc(Path.Combine(folder, copy, "sub")));
            Assert.Equal("sub/run", new FileInfo(Path.Combine(folder, copy, "link")).LinkTarget);
            Assert.Equal((copy, "/nowhere/at all"), (copy, new FileInfo(Path.Combine(folder, copy, "loose")).LinkTarget));
        }

        // a link that is named is followed
        await AssertDoneAsync(folder, "cp", $"a:{folder}/in/link", "followed");
        Assert.Equal("#!/bin/sh", await File.ReadAllTextAsync(Path.Combine(folder, "followed"), Cancelled));
        Assert.Null(new FileInfo(Path.Combine(folder, "followed")).LinkTarget);
    }

    [Fact]
    public async Task Copy_OfALinkToALargeFile_IsOfAllOfIt()
    {
        var folder = node.NewFolder();
        var bytes = RandomNumberGenerator.GetBytes(3_000_000);
        await File.WriteAllBytesAsync(Path.Combine(folder, "big"), bytes, Cancelled);
        File.CreateSymbolicLink(Path.Combine(folder, "link"), "big");
        await AssertDoneAsync(folder, "cp", $"a:{folder}/link", "here");
        await AssertDoneAsync(folder, "cp", "link", $"a:{folder}/there");
        await AssertDoneAsync(folder, "cp", $"a:{folder}/link", $"b:{folder}/other");
        foreach (var copy in (string[])["here", "there", "other"])
        {
            Assert.Equal(bytes, await File.ReadAllBytesAsync(Path.Combine(folder, copy), Cancelled));
        }
    }

    [Fact]
    public async Task Copy_IntoAFolderWithALink_DoesNotWriteThroughIt()
    {
        var folder = node.NewFolder();
        Directory.CreateDirectory(Path.Combine(folder, "in", "trap"));
        await File.WriteAllTextAsync(Path.Combine(folder, "in", "trap", "f"), "evil", Cancelled);
        Directory.CreateDirectory(Path.Combine(folder, "elsewhere"));
        Directory.CreateDirectory(Path.Combine(folder, "out"));
        File.CreateSymbolicLink(Path.Combine(folder, "out", "trap"), Path.Combine(folder, "elsewhere"));
        var (code, _, error) = await node.RunAsync(folder, "cp", "-r", $"a:{folder}/in/.", "out/");
        Assert.Equal((0, ""), (code, error)); // into out/in
        (code, _, error) = await node.RunAsync(folder, "sync", $"a:{folder}/in", "out");
        Assert.Equal(1, code);
        Assert.Contains("no folder", error, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(folder, "elsewhere")));
    }

    [Fact]
    public async Task Copy_OfSparseFile_KeepsItsHolesHere()
    {
        var folder = node.NewFolder();
        Assert.Equal(0, (await node.ShellAsync(folder, "truncate -s 50M sparse; echo end >> sparse")).Code);
        await AssertDoneAsync(folder, "cp", $"a:{folder}/sparse", "back");
        var (code, output, error) = await node.ShellAsync(folder, "cmp sparse back && du -k back | cut -f1");
        Assert.True(code == 0, error);
        Assert.InRange(int.Parse(output, System.Globalization.CultureInfo.InvariantCulture), 0, 2000);
    }

    [Fact]
    public async Task Update_DoesOnlyWhatDiffers()
    {
        var folder = node.NewFolder();
        Directory.CreateDirectory(Path.Combine(folder, "in"));
        await File.WriteAllTextAsync(Path.Combine(folder, "in", "one"), "one", Cancelled);
        await File.WriteAllTextAsync(Path.Combine(folder, "in", "two"), "two", Cancelled);
        Assert.Contains("2 files to copy (6 B), 1 folders", await AssertDoneAsync(folder, "cp", "-r", "-u", "--dry-run", "in", $"a:{folder}/out"), StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(folder, "out")));
        await AssertDoneAsync(folder, "cp", "-r", "-u", "in", $"a:{folder}/out");
        await File.WriteAllTextAsync(Path.Combine(folder, "in", "two"), "TWO!", Cancelled);
        await File.WriteAllTextAsync(Path.Combine(folder, "in", "three"), "three", Cancelled);
        var plan = await AssertDoneAsync(folder, "sync", "--dry-run", "in", $"a:{folder}/out");
        Assert.Contains("replace  in/two", plan, StringComparison.Ordinal);
        Assert.Contains("copy  in/three", plan, StringComparison.Ordinal);
        Assert.DoesNotContain("in/one", plan, StringComparison.Ordinal);
    }

    [Fact]
    public async Task NoClobber_LeavesWhatIsThere()
    {
        var folder = node.NewFolder();
        await File.WriteAllTextAsync(Path.Combine(folder, "new"), "new", Cancelled);
        await File.WriteAllTextAsync(Path.Combine(folder, "old"), "old", Cancelled);
        await AssertDoneAsync(folder, "cp", "--no-clobber", "new", $"a:{folder}/old");
        await AssertDoneAsync(folder, "cp", "--no-clobber", $"a:{folder}/new", "old");
        Assert.Equal("old", await File.ReadAllTextAsync(Path.Combine(folder, "old"), Cancelled));
        await AssertDoneAsync(folder, "cp", "new", $"a:{folder}/old");
        Assert.Equal("new", await File.ReadAllTextAsync(Path.Combine(folder, "old"), Cancelled));
    }

    [Fact]
    public async Task Copy_WhereSomethingFails_DoesTheRest()
    {
        var folder = node.NewFolder();
        await File.WriteAllTextAsync(Path.Combine(folder, "one"), "one", Cancelled);
        Directory.CreateDirectory(Path.Combine(folder, "d"));
        var (code, _, error) = await node.RunAsync(folder, "cp", "one", "none", "d", $"a:{folder}/d");
        Assert.Equal(1, code);
        Assert.Contains("none: There is no such file.", error, StringComparison.Ordinal);
        Assert.Contains("say -r", error, StringComparison.Ordinal);
        Assert.Equal("one", await File.ReadAllTextAsync(Path.Combine(folder, "d", "one"), Cancelled));
        (code, _, error) = await node.RunAsync(folder, "cp", $"a:{folder}/one", $"a:{folder}/none", $"b:{folder}/absent");
        Assert.Equal(1, code);
        Assert.Contains("There is no such folder.", error, StringComparison.Ordinal);
        (code, _, error) = await node.RunAsync(folder, "cp", "-r", $"a:{folder}/d", $"a:{folder}/d/in");
        Assert.Equal(1, code);
        Assert.Contains("into itself", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("cp a:/x", "Required argument")]
    [InlineData("cp here there", "source and target are both here")]
    [InlineData("cp ./a:b here", "source and target are both here")]
    [InlineData("cp a:/../x here", "'..' is not a name")]
    [InlineData("cp :x here", "names no device")]
    [InlineData("ls /etc", "write DEVICE:PATH")]
    [InlineData("find a:/ --size huge", "--size")]
    [InlineData("ls --sort colour a:/", "colour")]
    public async Task CommandLine_Wrong_IsRefused(string line, string says)
    {
        var (code, _, error) = await node.RunAsync(node.NewFolder(), line.Split(' '));
        Assert.True(code == 2, $"{code}: {error}");
        Assert.Contains(says, error, StringComparison.Ordinal);
    }

    private async Task<string> AssertDoneAsync(string folder, params string[] arguments)
    {
        var (code, output, error) = await node.RunAsync(folder, arguments);
        Assert.True(code == 0, $"{code}: {error}");
        Assert.Equal("", error);
        return output;
    }
}
