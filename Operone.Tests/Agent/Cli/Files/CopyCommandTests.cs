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

        var sw = System.Diagnostics.Stopwatch.StartNew();
        await AssertDoneAsync(folder, "cp", "-r", "in", $"a:{folder}/out");
        TestContext.Current.TestOutputHelper!.WriteLine($"UP {sw.ElapsedMilliseconds}");
        await AssertDoneAsync(folder, "cp", "-r", $"a:{folder}/out", "back");
        TestContext.Current.TestOutputHelper!.WriteLine($"DOWN {sw.ElapsedMilliseconds}");
        foreach (var copy in (string[])["out", "back"])
        {
            Assert.Equal(1000, Directory.GetFiles(Path.Combine(folder, copy), "*", SearchOption.AllDirectories).Length);
            for (var i = 0; i < 1000; i += 37)
            {
                Assert.Equal($"content {i}", await File.ReadAllTextAsync(Path.Combine(folder, copy, $"d{i % 10}", $"f{i}"), Cancelled));
            }
        }
    }

    private async Task<string> AssertDoneAsync(string folder, params string[] arguments)
    {
        var (code, output, error) = await node.RunAsync(folder, arguments);
        Assert.True(code == 0, $"{code}: {error}");
        Assert.Equal("", error);
        return output;
    }
}
