using System.Diagnostics;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using Operone.Tests.Agent.Hosting;
using Xunit;

namespace Operone.Tests.Agent.Cli.Files;

/// <summary><c>operone cp</c> goes on after breaks: of the agent, of the node, and of itself.</summary>
[SupportedOSPlatform("linux")]
public sealed class CopyResumeTests(FilesNode node) : IClassFixture<FilesNode>
{
    private const int Size = 64 << 20;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task Copy_OverABreak_IsExact(bool isUpload, bool isAgent)
    {
        var folder = node.NewFolder();
        var bytes = RandomNumberGenerator.GetBytes(Size);
        await File.WriteAllBytesAsync(Path.Combine(folder, "in"), bytes, Cancelled);
        var (from, to) = isUpload ? ("in", $"a:{folder}/out") : ($"a:{folder}/in", "out");
        var copying = node.Start(folder, null, "cp", "--retry-for", "120s", from, to);
        await FilesNode.HalfWayAsync(folder);
        Assert.False(copying.HasExited);
        if (isAgent)
        {
            await node.AgentA.KillAsync();
            Assert.False(File.Exists(Path.Combine(folder, "out"))); // it broke in the middle
            node.AgentA = AgentUnderTest.Run(node.StateOfA);
        }
        else
        {
            Assert.False(File.Exists(Path.Combine(folder, "out")));
            var stopping = Stopwatch.StartNew();
            await node.Server.StopAsync();
            Assert.InRange(stopping.Elapsed.TotalSeconds, 0, 20); // a node does not wait for transfers to end
            await node.Server.StartAgainAsync();
        }

        var (code, _, error) = await FilesNode.EndAsync(copying);
        Assert.True(code == 0, error);
        Assert.Equal(SHA256.HashData(bytes), SHA256.HashData(await File.ReadAllBytesAsync(Path.Combine(folder, "out"), Cancelled)));
        Assert.Equal(2, Directory.GetFileSystemEntries(folder).Length);
        await node.Server.WaitForOnlineAsync("a");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Copy_KilledAndStartedAgain_GoesOnWhereItStood(bool isUpload)
    {
        var folder = node.NewFolder();
        var bytes = RandomNumberGenerator.GetBytes(Size);
        await File.WriteAllBytesAsync(Path.Combine(folder, "in"), bytes, Cancelled);
        var (from, to) = isUpload ? ("in", $"a:{folder}/out") : ($"a:{folder}/in", "out");
        using var copying = node.Start(folder, null, "cp", from, to);
        await FilesNode.HalfWayAsync(folder);
        copying.Kill();
        await copying.WaitForExitAsync(Cancelled);
        var part = Assert.Single(FilesNode.Parts(folder));
        var (code, _, error) = await node.RunAsync(folder, "cp", from, to);
        Assert.True(code == 0, error);
        Assert.Equal(SHA256.HashData(bytes), SHA256.HashData(await File.ReadAllBytesAsync(Path.Combine(folder, "out"), Cancelled)));
        Assert.False(File.Exists(part));
        Assert.Equal(2, Directory.GetFileSystemEntries(folder).Length);
    }
}
