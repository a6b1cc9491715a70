using System.Runtime.Versioning;
using Operone.Core.Files;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Web.Files.Mounts;

/// <summary>To which SFTP servers a node connects, and as whom.</summary>
[SupportedOSPlatform("linux")]
public sealed class SftpConnectionTests(OpenSshServer server) : IClassFixture<OpenSshServer>
{
    [Fact]
    public async Task Key_ThatIsNotKnown_IsRefusedAndNamed()
    {
        Assert.SkipWhen(server.Missing is not null, server.Missing ?? "");
        using var mount = new BackendUnderTest(server.Mount with { HostKey = null });
        var tested = await mount.TestAsync(server.Mount with { HostKey = null });
        Assert.False(tested.Works);
        Assert.Equal(server.HostKey, tested.HostKey);
        Assert.Contains(server.HostKey, tested.Detail, StringComparison.Ordinal);
        var listed = await mount.ListAsync(mount.Top);
        Assert.Equal("mount-away", listed.Error?.Code);
    }

    [Fact]
    public async Task Key_ThatHasChanged_IsRefusedBeforeAnythingIsSent()
    {
        Assert.SkipWhen(server.Missing is not null, server.Missing ?? "");
        var other = server.Mount with { HostKey = "SHA256:" + new string('A', 43) };
        using var mount = new BackendUnderTest(other);
        var tested = await mount.TestAsync(other);
        Assert.Equal((false, server.HostKey), (tested.Works, tested.HostKey));
        Assert.Contains("Nothing was sent", tested.Detail, StringComparison.Ordinal);
        Assert.Equal("mount-away", (await mount.GetAsync(mount.At("x"))).Error?.Code);
    }

    [Fact]
    public async Task PrivateKey_WithAPassphrase_IsOpened()
    {
        Assert.SkipWhen(server.Missing is not null, server.Missing ?? "");
        var folder = Directory.CreateTempSubdirectory("op-");
        try
        {
            var file = Path.Combine(folder.FullName, "key");
            await File.WriteAllTextAsync(file, server.Mount.PrivateKey, TestContext.Current.CancellationToken);
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            await KeptProcess.RunAsync("ssh-keygen", "-q", "-p", "-P", "", "-N", "open sesame", "-f", file);
            var sealed_ = server.Mount with { PrivateKey = await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken) };
            using var mount = new BackendUnderTest(sealed_);
            Assert.True((await mount.TestAsync(sealed_ with { Passphrase = "open sesame" })).Works);
            var without = await mount.TestAsync(sealed_);
            Assert.False(without.Works);
            Assert.Contains("passphrase", without.Detail, StringComparison.Ordinal);
            Assert.False((await mount.TestAsync(sealed_ with { Passphrase = "wrong" })).Works);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task WhoIsNotLetIn_IsToldSo()
    {
        Assert.SkipWhen(server.Missing is not null, server.Missing ?? "");
        var nobody = server.Mount with { PrivateKey = null, Password = "not this" };
        using var mount = new BackendUnderTest(nobody);
        var tested = await mount.TestAsync(nobody);
        Assert.False(tested.Works);
        Assert.Contains("sign in", tested.Detail, StringComparison.Ordinal);
        Assert.DoesNotContain("not this", tested.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sftp://169.254.169.254/", "no mount may go to")]
    [InlineData("sftp://[fe80::1]/", "no mount may go to")]
    [InlineData("sftp://127.0.0.1:1/", "127.0.0.1")]
    public async Task Address_WhereNobodyHasFiles_IsRefused(string address, string words)
    {
        var mount = new WriteMount("x", MountKind.Sftp, address, "root", "SHA256:" + new string('A', 43), Password: "pw");
        using var backend = new BackendUnderTest(mount);
        var tested = await backend.TestAsync(mount);
        Assert.False(tested.Works);
        Assert.Contains(words, tested.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Folder_ThatIsALink_IsTheMountsTop()
    {
        Assert.SkipWhen(server.Missing is not null, server.Missing ?? "");
        Directory.CreateDirectory(Path.Combine(server.Root, "real"));
        await File.WriteAllTextAsync(Path.Combine(server.Root, "real", "f"), "text", TestContext.Current.CancellationToken);
        File.CreateSymbolicLink(Path.Combine(server.Root, "alias"), "real");
        using var mount = new BackendUnderTest(server.Mount with { Address = $"{server.Mount.Address}/alias" });
        Assert.Equal("text"u8.ToArray(), (await mount.GetAsync(mount.At("f"))).Value);
        Assert.Equal("file-not-found", (await mount.GetAsync(mount.At("x"))).Error?.Code);
    }

    [Fact]
    public async Task Name_ThatIsNotUtf8_IsKeptExactly()
    {
        Assert.SkipWhen(server.Missing is not null, server.Missing ?? "");
        using var mount = new BackendUnderTest(server.Mount);
        var name = FileName.FromBytes([0x62, 0xFF, 0x64]);
        Assert.False((await mount.PutAsync(mount.At(name), "bytes"u8.ToArray())).IsError);
        var entry = Assert.Single((await mount.ListAsync(mount.Top)).Value, e => e.Kind == FileKind.File && e.Name.StartsWith('b'));
        Assert.Equal("b%FFd", entry.Segment);
        Assert.Equal("bytes"u8.ToArray(), (await mount.GetAsync(mount.At(name))).Value);
        Assert.False((await mount.Backend.RemoveAsync(mount.Scope, mount.At(name), false, false, BackendUnderTest.Cancelled)).IsError);
    }
}

/// <summary>rclone's SFTP server, by a password.</summary>
[SupportedOSPlatform("linux")]
public sealed class RcloneSftpServer : FileServer
{
    protected override string? NameOfProgram => "rclone";

    protected override async Task<string[]> PrepareAsync()
    {
        await KeptProcess.RunAsync("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", this["host"]);
        Mount = new("rclone", MountKind.Sftp, $"sftp://127.0.0.1:{PortText}/", "somebody", IsWritable: true, Password: "rclone-password");
        return ["serve", "sftp", Root, "--config", "/dev/null", "--addr", $"127.0.0.1:{PortText}", "--user", "somebody", "--pass", "rclone-password", "--key", this["host"]];
    }
}

/// <summary>Signing in by a password, at another implementation.</summary>
[SupportedOSPlatform("linux")]
public sealed class SftpPasswordTests(RcloneSftpServer server) : IClassFixture<RcloneSftpServer>
{
    [Fact]
    public async Task Password_LetsIn_OnceTheKeyIsKnown()
    {
        Assert.SkipWhen(server.Missing is not null, server.Missing ?? "");
        using var mount = new BackendUnderTest(server.Mount);
        var seen = await mount.TestAsync(server.Mount);
        Assert.False(seen.Works);
        var known = server.Mount with { HostKey = seen.HostKey };
        var tested = await mount.TestAsync(known);
        Assert.True(tested.Works, tested.Detail);
        Assert.False((await mount.TestAsync(known with { Password = "wrong" })).Works);
        using var files = new BackendUnderTest(known);
        var put = await files.PutAsync(files.At("f"), "text"u8.ToArray());
        Assert.False(put.IsError, put.Error?.Detail);
        Assert.Equal("text"u8.ToArray(), (await files.GetAsync(files.At("f"))).Value);
    }
}
