using System.Runtime.Versioning;
using System.Security.Cryptography;
using Operone.Tests.Core.Files.Chunks;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Agent.Cli.Files;

/// <summary><c>operone sync</c> and <c>operone cp</c> over older versions of files: what they send.</summary>
[SupportedOSPlatform("linux")]
public sealed class SyncTests(FilesNode node) : IClassFixture<FilesNode>
{
    private const int Size = 16 << 20;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true, "changed")]
    [InlineData(true, "put in front")]
    [InlineData(false, "changed")]
    [InlineData(false, "put in front")]
    public async Task Sync_OfAFileThatHasChangedALittle_SendsLittle(bool isUp, string what)
    {
        var (folder, from, to) = NewFolders();
        var old = RandomNumberGenerator.GetBytes(Size);
        byte[] now = what == "changed" ? [.. old[..(Size / 2)], .. RandomNumberGenerator.GetBytes(1 << 20), .. old[((Size / 2) + (1 << 20))..]] : [.. "a few bytes"u8, .. old];
        await WriteAsync(from, to, old, now);
        var sent = await SyncAsync(folder, "sync", from, to, isUp);
        Assert.Equal(SHA256.HashData(now), SHA256.HashData(await File.ReadAllBytesAsync(Path.Combine(to, "f"), Cancelled)));
        Assert.Equal(File.GetLastWriteTimeUtc(Path.Combine(from, "f")), File.GetLastWriteTimeUtc(Path.Combine(to, "f")), TimeSpan.FromMilliseconds(1));
        Assert.InRange(sent, 1, 1_500_000);
        Assert.Equal(["f"], Directory.GetFileSystemEntries(to).Select(Path.GetFileName));
        Assert.InRange(await SyncAsync(folder, "sync", from, to, isUp), 1, 50_000);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Copy_OverRandomEdits_IsExact(bool isUp)
    {
        for (var seed = 0; seed < 5; seed++)
        {
            var (folder, from, to) = NewFolders();
            var random = new Random(seed);
            var old = new byte[random.Next(1_500_000, 6_000_000)];
            random.NextBytes(old);
            var now = Edits.Apply(old, random, random.Next(1, 15));
            await WriteAsync(from, to, old, now);
            await SyncAsync(folder, seed % 2 == 0 ? "sync" : "cp", seed % 2 == 0 ? from : Path.Combine(from, "f"), seed % 2 == 0 ? to : Path.Combine(to, "f"), isUp);
            var came = await File.ReadAllBytesAsync(Path.Combine(to, "f"), Cancelled);
            Assert.True(now.AsSpan().SequenceEqual(came), $"seed {seed}");
            Assert.Equal(["f"], Directory.GetFileSystemEntries(to).Select(Path.GetFileName));
        }
    }

    [Fact]
    public async Task Sync_BetweenDevices_SendsLittleToo()
    {
        var (folder, from, to) = NewFolders();
        var old = RandomNumberGenerator.GetBytes(8 << 20);
        byte[] now = [.. old[..(4 << 20)], .. "put in"u8, .. old[(4 << 20)..]];
        await WriteAsync(from, to, old, now);
        await using var proxy = new CountingProxy(node.Server.Url);
        var (code, _, error) = await FilesNode.EndAsync(node.StartAt(folder, null, proxy.Url, "sync", $"a:{from}", $"b:{to}"));
        Assert.True(code == 0, error);
        Assert.Equal(now, await File.ReadAllBytesAsync(Path.Combine(to, "f"), Cancelled));
        Assert.InRange(proxy.Bytes, 1, 1_000_000);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Sync_WhoseOldVersionIsWrittenToMeanwhile_IsRight(bool isUp)
    {
        var (folder, from, to) = NewFolders();
        var old = RandomNumberGenerator.GetBytes(Size);
        byte[] now = [.. "x"u8, .. old];
        await WriteAsync(from, to, old, now);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        var path = Path.Combine(to, "f");
        var writing = Task.Run(async () =>
        {
            var random = new Random(1);
            await using var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, 0);
            while (!stop.IsCancellationRequested)
            {
                file.Seek(random.Next(Size - 100), SeekOrigin.Begin);
                await file.WriteAsync(new byte[100], CancellationToken.None);
                await Task.Yield();
            }
        }, Cancelled);
        await SyncAsync(folder, "sync", from, to, isUp);
        await stop.CancelAsync();
        await writing;
        Assert.Equal(SHA256.HashData(now), SHA256.HashData(await File.ReadAllBytesAsync(path, Cancelled)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Copy_OverAnOldVersion_KilledAndStartedAgain_IsExact(bool isUp)
    {
        var (folder, from, to) = NewFolders();
        var old = RandomNumberGenerator.GetBytes(Size * 4);
        byte[] now = [.. "front"u8, .. old[..Size], .. RandomNumberGenerator.GetBytes(Size * 2), .. old[Size..]];
        await WriteAsync(from, to, old, now);
        string[] arguments = ["cp", isUp ? $"{from}/f" : $"a:{from}/f", isUp ? $"a:{to}/f" : $"{to}/f"];
        using var copying = node.Start(folder, null, arguments);
        await FilesNode.HalfWayAsync(to);
        copying.Kill();
        await copying.WaitForExitAsync(Cancelled);
        var (code, _, error) = await node.RunAsync(folder, arguments);
        Assert.True(code == 0, error);
        Assert.Equal(SHA256.HashData(now), SHA256.HashData(await File.ReadAllBytesAsync(Path.Combine(to, "f"), Cancelled)));
        Assert.Equal(["f"], Directory.GetFileSystemEntries(to).Select(Path.GetFileName));
    }

    private (string Folder, string From, string To) NewFolders()
    {
        var folder = node.NewFolder();
        return (folder, Directory.CreateDirectory(Path.Combine(folder, "from")).FullName, Directory.CreateDirectory(Path.Combine(folder, "to")).FullName);
    }

    private static async Task WriteAsync(string from, string to, byte[] old, byte[] now)
    {
        await File.WriteAllBytesAsync(Path.Combine(to, "f"), old, Cancelled);
        await File.WriteAllBytesAsync(Path.Combine(from, "f"), now, Cancelled);
        File.SetLastWriteTimeUtc(Path.Combine(to, "f"), DateTime.UtcNow.AddHours(-2));
    }

    /// <summary>Runs it; gives how many bytes went between it and the server, both ways.</summary>
    private async Task<long> SyncAsync(string folder, string command, string from, string to, bool isUp)
    {
        await using var proxy = new CountingProxy(node.Server.Url);
        var (code, _, error) = await FilesNode.EndAsync(node.StartAt(folder, null, proxy.Url, command, isUp ? from : $"a:{from}", isUp ? $"a:{to}" : to));
        Assert.True(code == 0, error);
        return proxy.Bytes;
    }
}
