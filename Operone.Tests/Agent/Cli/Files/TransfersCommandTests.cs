using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Text.Json;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Agent.Cli.Files;

/// <summary>From device to device the node brings files; <c>operone cp</c> and <c>mv</c> watch it, and <c>operone transfers</c> steers it.</summary>
[SupportedOSPlatform("linux")]
public sealed class TransfersCommandTests(FilesNode node) : IClassFixture<FilesNode>
{
    private const int Size = 96 << 20;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Copy_WhoseCommandIsKilled_GoesOnByItself()
    {
        var folder = node.NewFolder();
        var bytes = RandomNumberGenerator.GetBytes(Size);
        await File.WriteAllBytesAsync(Path.Combine(folder, "in"), bytes, Cancelled);
        using var copying = node.Start(folder, null, "cp", $"a:{folder}/in", $"b:{folder}/out");
        await FilesNode.HalfWayAsync(folder);
        copying.Kill();
        await Eventually.BecomesAsync(() => Task.FromResult(File.Exists(Path.Combine(folder, "out"))), "the file in its place", 60);
        Assert.Equal(SHA256.HashData(bytes), SHA256.HashData(await File.ReadAllBytesAsync(Path.Combine(folder, "out"), Cancelled)));
    }

    [Fact]
    public async Task Copy_OverAStopOfTheNode_IsExact()
    {
        var folder = node.NewFolder();
        var bytes = RandomNumberGenerator.GetBytes(Size);
        await File.WriteAllBytesAsync(Path.Combine(folder, "in"), bytes, Cancelled);
        var copying = node.Start(folder, null, "cp", $"a:{folder}/in", $"b:{folder}/out");
        await FilesNode.HalfWayAsync(folder);
        await node.Server.StopAsync();
        await node.Server.StartAgainAsync();
        var (code, _, error) = await FilesNode.EndAsync(copying);
        Assert.True(code == 0, error);
        Assert.Equal(SHA256.HashData(bytes), SHA256.HashData(await File.ReadAllBytesAsync(Path.Combine(folder, "out"), Cancelled)));
        await node.Server.WaitForOnlineAsync("a");
        await node.Server.WaitForOnlineAsync("b");
    }

    [Fact]
    public async Task Move_ToAnotherDevice_LeavesNothingAndIsListed()
    {
        var folder = node.NewFolder();
        Directory.CreateDirectory(Path.Combine(folder, "d/e"));
        await File.WriteAllTextAsync(Path.Combine(folder, "d/e/f"), "f", Cancelled);
        var (code, output, error) = await node.RunAsync(folder, "mv", "--verbose", $"a:{folder}/d", $"b:{folder}/moved");
        Assert.True(code == 0, error);
        Assert.Contains($"move  /devices/a{folder}/d/e/f -> /devices/b{folder}/moved/e/f", output, StringComparison.Ordinal);
        Assert.Equal("f", await File.ReadAllTextAsync(Path.Combine(folder, "moved/e/f"), Cancelled));
        Assert.False(Directory.Exists(Path.Combine(folder, "d")));

        var (_, list, _) = await node.RunAsync(folder, "transfers", "--json");
        var transfer = JsonDocument.Parse(list).RootElement.EnumerateArray().First(t => t.GetProperty("from")[0].GetString() == $"/devices/a{folder}/d");
        Assert.Equal(("completed", "move"), (transfer.GetProperty("status").GetString(), transfer.GetProperty("kind").GetString()));
        var (_, shown, _) = await node.RunAsync(folder, "transfers", "show", transfer.GetProperty("id").GetString()!);
        Assert.Contains("/moved/e/f", shown, StringComparison.Ordinal);
        var (over, _, why) = await node.RunAsync(folder, "transfers", "cancel", transfer.GetProperty("id").GetString()!);
        Assert.NotEqual(0, over);
        Assert.Contains("is completed", why, StringComparison.Ordinal);
    }
}
