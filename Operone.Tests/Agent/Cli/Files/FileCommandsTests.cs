using System.Runtime.Versioning;
using System.Text.Json;
using Operone.Core.Access;
using Xunit;

namespace Operone.Tests.Agent.Cli.Files;

/// <summary><c>operone ls, cat, mv, rm, mkdir, find, sync</c>, against a real node and real agents.</summary>
[SupportedOSPlatform("linux")]
public sealed class FileCommandsTests(FilesNode node) : IClassFixture<FilesNode>
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task List_ShowsWhatIsThere()
    {
        var folder = node.NewFolder();
        await WriteAsync(folder, "b.txt", "12345");
        await WriteAsync(folder, "a.log", "1");
        await WriteAsync(folder, ".hidden", "");
        await WriteAsync(folder, "esc\e[31m", "");
        Directory.CreateDirectory(Path.Combine(folder, "sub"));
        await WriteAsync(folder, "sub/in", "");
        Assert.Equal("sub\na.log\nb.txt\nesc\uFFFD[31m\n", await DoneAsync(folder, "ls", $"a:{folder}"));
        Assert.Contains(".hidden", await DoneAsync(folder, "ls", "-a", $"a:{folder}"), StringComparison.Ordinal);
        Assert.StartsWith("b.txt\na.log\n", await DoneAsync(folder, "ls", "--sort", "size", $"a:{folder}"), StringComparison.Ordinal);
        Assert.Matches(@"(?m)^-rw-r--r--\s+\S+\s+\S+\s+5\s+\d{4}-\d\d-\d\d \d\d:\d\d\s+b\.txt$", await DoneAsync(folder, "ls", "-l", $"a:{folder}"));
        Assert.Equal($"a:{folder}/b.txt\n\na:{folder}/sub:\nin\n", await DoneAsync(folder, "ls", $"a:{folder}/*b*"));
        var json = JsonDocument.Parse(await DoneAsync(folder, "ls", "--json", $"a:{folder}")).RootElement;
        Assert.Equal($"/devices/a{folder}/sub", json[0].GetProperty("path").GetString());
    }

    [Fact]
    public async Task Cat_PrintsOneAfterTheOther()
    {
        var folder = node.NewFolder();
        await WriteAsync(folder, "1", "one\n");
        await WriteAsync(folder, "2", "two\n");
        Assert.Equal("one\ntwo\n", await DoneAsync(folder, "cat", $"a:{folder}/[12]"));
        Assert.StartsWith("Linux", await DoneAsync(folder, "cat", "a:/proc/version"), StringComparison.Ordinal);
        var (code, output, error) = await node.RunAsync(folder, "cat", $"a:{folder}/none", $"a:{folder}/2", $"a:{folder}");
        Assert.Equal((1, "two\n"), (code, output));
        Assert.Contains($"cat: a:{folder}/none: There is no such file.", error, StringComparison.Ordinal);
        (code, output, error) = await node.ShellAsync(folder, $"head -c 100000000 /dev/zero > big; op cat a:{folder}/big | sha256sum; sha256sum < big");
        Assert.True(code == 0, error);
        Assert.Single(output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Distinct());
    }

    [Fact]
    public async Task Search_PrintsWhatIsFound_WithCodesAsGrep()
    {
        var folder = node.NewFolder();
        Directory.CreateDirectory(Path.Combine(folder, "d"));
        await WriteAsync(folder, "d/f.txt", "one\nneedle\e[31m 42\n");
        await WriteAsync(folder, "g", "Needle\n");
        Assert.Equal($"a:{folder}/d/f.txt:2:needle?[31m 42\n", await DoneAsync(folder, "search", @"need.e.*\d+$", $"a:{folder}"));
        Assert.Equal(
            [$"a:{folder}/d/f.txt:2", $"a:{folder}/g:1", $"b:{folder}/d/f.txt:2", $"b:{folder}/g:1"],
            (await DoneAsync(folder, "search", "-F", "-i", "NEEDLE", "-d", "a,b", folder)).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l[..l.LastIndexOf(':')]).Order(StringComparer.Ordinal));
        Assert.Equal($"b:{folder}/d/f.txt\n", await DoneAsync(folder, "search", "--names", "*.txt", $"b:{folder}"));
        var lines = (await DoneAsync(folder, "search", "--json", "-w", "Needle", $"a:{folder}")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonDocument.Parse(l).RootElement).ToArray();
        Assert.Equal($"/devices/a{folder}/g", lines[0].GetProperty("match").GetProperty("path").GetString());
        Assert.Equal(1, lines[^1].GetProperty("end").GetProperty("matches").GetInt32());

        Assert.Equal((1, "", ""), await node.RunAsync(folder, "search", "nothing", $"a:{folder}"));
        var (code, output, error) = await node.RunAsync(folder, "search", "needle", $"a:{folder}/gone", $"a:{folder}/d");
        Assert.Equal((2, $"a:{folder}/d/f.txt:2:needle?[31m 42\n"), (code, output));
        Assert.Contains($"search: a:{folder}/gone: There is no such file.", error, StringComparison.Ordinal);
        Assert.Equal(2, (await node.RunAsync(folder, "search", "(", $"a:{folder}")).Code);
        Assert.Equal(2, (await node.RunAsync(folder, "search", "x", "here")).Code);
        Assert.Equal(2, (await node.RunAsync(folder, "search", "x", "none:/")).Code);
    }

    [Fact]
    public async Task Unpack_FromHereFromADeviceAndFromAPipe()
    {
        var folder = node.NewFolder();
        Directory.CreateDirectory(Path.Combine(folder, "site"));
        await WriteAsync(folder, "site/index.html", "hello");
        await WriteAsync(folder, "site/a b", "x");
        var (code, output, error) = await node.ShellAsync(
            folder, $"tar czf s.tgz site && zip -qr s.zip site && op unpack s.tgz a:{folder}/one && op unpack b:{folder}/s.zip a:{folder}/two && tar c site | op unpack -v - 'a:{folder}/3:unpack' && op unpack s.zip a:{folder}/four");
        Assert.True(code == 0, error);
        Assert.Equal(["site/", "site/a b", "site/index.html"], output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal));
        foreach (var to in (string[])["one", "two", "3:unpack", "four"])
        {
            Assert.Equal("hello", await File.ReadAllTextAsync(Path.Combine(folder, to, "site/index.html"), Cancelled));
        }

        (code, _, error) = await node.RunAsync(folder, "unpack", "s.tgz", $"a:{folder}/one");
        Assert.Equal(1, code);
        Assert.Contains("unpack: site/a b: failed:", error, StringComparison.Ordinal);
        Assert.Equal((0, "", ""), await node.RunAsync(folder, "unpack", "--conflict", "skip", "s.tgz", $"a:{folder}/one"));
        Assert.Equal(2, (await node.RunAsync(folder, "unpack", "site/index.html", $"a:{folder}/five")).Code);
        Assert.Equal(2, (await node.RunAsync(folder, "unpack", "gone.zip", $"a:{folder}/five")).Code);
        Assert.Equal(2, (await node.RunAsync(folder, "unpack", "s.tgz", "here")).Code);
    }

    [Fact]
    public async Task Move_OnADeviceAndBetween()
    {
        var folder = node.NewFolder();
        Directory.CreateDirectory(Path.Combine(folder, "d"));
        await WriteAsync(folder, "d/f:move", "x");
        await DoneAsync(folder, "mv", $"a:{folder}/d/f:move", $"a:{folder}/g:move");
        Assert.Equal("x", await File.ReadAllTextAsync(Path.Combine(folder, "g:move"), Cancelled));
        await DoneAsync(folder, "mv", $"a:{folder}/g:move", $"a:{folder}/d");
        await DoneAsync(folder, "mv", $"a:{folder}/d", $"b:{folder}/e");
        Assert.False(Directory.Exists(Path.Combine(folder, "d")));
        Assert.Equal("x", await File.ReadAllTextAsync(Path.Combine(folder, "e", "g:move"), Cancelled));
        await DoneAsync(folder, "mv", "e", $"a:{folder}/back");
        Assert.False(Directory.Exists(Path.Combine(folder, "e")));
        Assert.True(File.Exists(Path.Combine(folder, "back", "g:move")));
    }

    [Fact]
    public async Task Remove_OfFoldersOnlyWithR()
    {
        var folder = node.NewFolder();
        await WriteAsync(folder, "one.tmp", "");
        await WriteAsync(folder, "two.tmp", "");
        Directory.CreateDirectory(Path.Combine(folder, "d"));
        await WriteAsync(folder, "d/f", "");
        await DoneAsync(folder, "rm", "--no-trash", $"a:{folder}/*.tmp");
        Assert.Equal([Path.Combine(folder, "d")], Directory.GetFileSystemEntries(folder));
        var (code, _, error) = await node.RunAsync(folder, "rm", "--no-trash", $"a:{folder}/d");
        Assert.Equal(1, code);
        Assert.Contains("say -r", error, StringComparison.Ordinal);
        await DoneAsync(folder, "rm", "-r", "--no-trash", $"a:{folder}/d");
        Assert.Empty(Directory.GetFileSystemEntries(folder));
        Assert.Equal(1, (await node.RunAsync(folder, "rm", $"a:{folder}/d")).Code);
        await DoneAsync(folder, "rm", "-f", $"a:{folder}/d");
    }

    [Fact]
    public async Task MakeFolder_WithAndWithoutParents()
    {
        var folder = node.NewFolder();
        await DoneAsync(folder, "mkdir", $"a:{folder}/x");
        var (code, _, error) = await node.RunAsync(folder, "mkdir", $"a:{folder}/x");
        Assert.Equal(1, code);
        Assert.Contains("There is something already.", error, StringComparison.Ordinal);
        Assert.Equal(1, (await node.RunAsync(folder, "mkdir", $"a:{folder}/y/z")).Code);
        await DoneAsync(folder, "mkdir", "-p", $"a:{folder}/y/z", $"a:{folder}/x");
        Assert.True(Directory.Exists(Path.Combine(folder, "y", "z")));
    }

    [Fact]
    public async Task Find_ByNameTypeAndSize()
    {
        var folder = node.NewFolder();
        Directory.CreateDirectory(Path.Combine(folder, "x", "y.d"));
        await WriteAsync(folder, "x/y.d/big.conf", new string('z', 3000));
        await WriteAsync(folder, "x/small.conf", "z");
        File.CreateSymbolicLink(Path.Combine(folder, "x", "loop"), "..");
        Assert.Equal([$"a:{folder}/x/small.conf", $"a:{folder}/x/y.d/big.conf"], await LinesAsync("--name", "*.conf"));
        Assert.Equal([$"a:{folder}/x/y.d/big.conf"], await LinesAsync("--size", "+2K"));
        Assert.Equal([$"a:{folder}/x/small.conf"], await LinesAsync("--type", "f", "--size", "-2K"));
        Assert.Equal([$"a:{folder}/x/loop"], await LinesAsync("--type", "l"));
        Assert.Equal([$"a:{folder}", $"a:{folder}/x", $"a:{folder}/x/y.d"], await LinesAsync("--type", "d"));
        Assert.Equal([$"a:{folder}", $"a:{folder}/x"], await LinesAsync("--max-depth", "1"));

        async Task<string[]> LinesAsync(params string[] options) =>
            [.. (await DoneAsync(folder, ["find", $"a:{folder}", .. options])).Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal)];
    }

    [Fact]
    public async Task Sync_MakesAlike()
    {
        var folder = node.NewFolder();
        Directory.CreateDirectory(Path.Combine(folder, "in", "sub"));
        Directory.CreateDirectory(Path.Combine(folder, "out", "extra"));
        await WriteAsync(folder, "in/f", "f");
        await WriteAsync(folder, "in/sub/g", "g");
        await WriteAsync(folder, "out/extra/h", "h");
        await WriteAsync(folder, "out/sub", "a file where a folder belongs");
        Assert.Contains("2 would be removed", await DoneAsync(folder, "sync", "--delete", "--dry-run", "in", $"a:{folder}/out"), StringComparison.Ordinal);
        await DoneAsync(folder, "sync", "--delete", "in", $"a:{folder}/out");
        Assert.Equal(0, (await node.ShellAsync(folder, "diff -r in out")).Code);
        Assert.Contains("0 files to copy", await DoneAsync(folder, "sync", "--delete", "--dry-run", "in", $"a:{folder}/out"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Device_ThatIsNotThereOrNotMine_IsAnError()
    {
        var folder = node.NewFolder();
        await using var gone = await node.Server.EnrollAsync("gone");
        var (code, _, error) = await node.RunAsync(folder, "ls", "nowhere:/");
        Assert.Equal(1, code);
        Assert.Contains("ls: nowhere:/: ", error, StringComparison.Ordinal);
        (code, _, error) = await node.RunAsync(folder, "cp", "gone:/etc/hosts", "here");
        Assert.Equal(1, code);
        Assert.Contains("The device is offline.", error, StringComparison.Ordinal);
        using var nobody = await node.Server.ClientWithAsync(Permissions.DevicesRead);
        var token = nobody.DefaultRequestHeaders.Authorization!.Parameter;
        (code, _, error) = await FilesNode.EndAsync(node.Start(folder, token, "ls", $"a:{folder}"));
        Assert.Equal(1, code);
        Assert.Contains("files.read", error, StringComparison.Ordinal);
        (code, _, error) = await node.RunAsync(folder, "cp", $"a:{folder}/none", "here");
        Assert.Equal(1, code);
        Assert.Contains("There is no such file.", error, StringComparison.Ordinal);
    }

    private static Task WriteAsync(string folder, string name, string text) => File.WriteAllTextAsync(Path.Combine(folder, name), text, Cancelled);

    private async Task<string> DoneAsync(string folder, params string[] arguments)
    {
        var (code, output, error) = await node.RunAsync(folder, arguments);
        Assert.True(code == 0, $"{code}: {error}");
        return output;
    }
}
