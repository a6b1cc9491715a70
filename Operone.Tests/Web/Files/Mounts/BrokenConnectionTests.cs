using System.Globalization;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using Operone.Core.Files;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Web.Files.Mounts;

[SupportedOSPlatform("linux")]
public sealed class OpenSshBrokenTests(OpenSshServer server) : BrokenConnectionTests(server), IClassFixture<OpenSshServer>;

[SupportedOSPlatform("linux")]
public sealed class ApacheBrokenTests(ApacheServer server) : BrokenConnectionTests(server), IClassFixture<ApacheServer>;

/// <summary>The way to another server is cut at random points: the bytes are right each time, or it is said that they are not there.</summary>
[SupportedOSPlatform("linux")]
public abstract class BrokenConnectionTests(FileServer server)
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Upload_ThatIsCutAgainAndAgain_IsRightInTheEnd()
    {
        Assert.SkipWhen(server.Missing is not null, server.Missing ?? "");
        await using var gate = new TcpGate(server.MountPort);
        using var mount = new BackendUnderTest(Through(gate));
        var bytes = RandomNumberGenerator.GetBytes(4_000_000);
        var upload = Guid.CreateVersion7();
        var (cuts, at) = (12, 0L);
        for (var tries = 0; ; tries++)
        {
            Assert.True(tries < 100, "It never ends.");
            if (at == bytes.Length)
            {
                var made = await mount.Backend.CommitAsync(mount.Scope, mount.At("cut"), upload, new(Overwrite: true, Sha256: SHA256.HashData(bytes)), Cancelled);
                if (!made.IsError)
                {
                    break;
                }

                // the last of it was lost on its way
                Assert.True(made.Error!.Code is "mount-away", made.Error.Detail);
                at = 0;
            }

            var begun = await mount.Backend.WriteAsync(mount.Scope, mount.At("cut"), upload, at, Cancelled);
            if (begun.IsError)
            {
                Assert.True(begun.Error!.Code is "mount-away", begun.Error.Detail);
                continue;
            }

            await using var writing = begun.Value;
            if (writing.Offset != at)
            {
                // what the server has is what counts
                at = writing.Offset;
                continue;
            }

            var cutAt = cuts > 0 ? Random.Shared.Next(bytes.Length) : int.MaxValue;
            var isBroken = false;
            for (var to = at; to < bytes.Length && !isBroken;)
            {
                if (to >= cutAt)
                {
                    cuts--;
                    cutAt = int.MaxValue;
                    await gate.ShutAsync();
                    gate.Open();
                }

                var length = (int)Math.Min(50_000, bytes.Length - to);
                isBroken = (await writing.WriteAsync(bytes.AsMemory((int)to, length), Cancelled)).IsError;
                to += length;
            }

            var ended = await writing.EndAsync(Cancelled);
            if (!isBroken && !ended.IsError)
            {
                at = ended.Value;
            }
            else
            {
                await writing.DisposeAsync();
                var stands = await mount.Backend.WriteAsync(mount.Scope, mount.At("cut"), upload, long.MaxValue, Cancelled);
                if (!stands.IsError)
                {
                    at = stands.Value.Offset;
                    await stands.Value.DisposeAsync();
                }
            }
        }

        Assert.Equal(bytes, await File.ReadAllBytesAsync(Path.Combine(server.Root, "cut"), Cancelled));
    }

    [Fact]
    public async Task Download_ThatIsCut_IsNeverTakenForTheWhole()
    {
        Assert.SkipWhen(server.Missing is not null, server.Missing ?? "");
        await using var gate = new TcpGate(server.MountPort);
        using var mount = new BackendUnderTest(Through(gate));
        var bytes = RandomNumberGenerator.GetBytes(20_000_000);
        await File.WriteAllBytesAsync(Path.Combine(server.Root, "down"), bytes, Cancelled);
        using var content = new MemoryStream();
        var buffer = new byte[100_000];
        for (var round = 0; content.Length < bytes.Length; round++)
        {
            var opened = await mount.Backend.ReadAsync(mount.Scope, mount.At("down"), content.Length, null, Cancelled);
            if (opened.IsError)
            {
                Assert.Equal("mount-away", opened.Error!.Code);
                Assert.True(round < 50, "It never ends.");
                continue;
            }

            await using var reading = opened.Value;
            var cutAt = round < 6 ? content.Length + Random.Shared.Next(4_000_000) : long.MaxValue;
            while (true)
            {
                if (content.Length >= cutAt)
                {
                    cutAt = long.MaxValue;
                    await gate.ShutAsync();
                    gate.Open();
                }

                var piece = await reading.ReadAsync(buffer, Cancelled);
                if (piece.IsError)
                {
                    break;
                }

                if (piece.Value.IsEnd)
                {
                    Assert.Equal(bytes.Length, content.Length);
                    break;
                }

                content.Write(buffer, 0, piece.Value.Count);
            }
        }

        Assert.Equal(bytes, content.ToArray());
    }

    private WriteMount Through(TcpGate gate) => server.Mount with
    {
        Address = server.Mount.Address!.Replace(
            $":{server.MountPort.ToString(CultureInfo.InvariantCulture)}", $":{gate.Port.ToString(CultureInfo.InvariantCulture)}", StringComparison.Ordinal),
    };
}
