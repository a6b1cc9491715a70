using System.Diagnostics;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using Operone.Tests.Agent.Hosting;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Web.Files.Dav;

/// <summary>A folder of a real device, mounted by davfs2: what is done to the mount is done to the disk.</summary>
[SupportedOSPlatform("linux")]
public sealed class MountedDriveTests(SqliteFixture fixture) : DriveScene(fixture), IClassFixture<SqliteFixture>
{
    private const string Program = "/usr/sbin/mount.davfs";

    [Fact]
    public async Task Mount_ByDavfs2_IsReadAndWrittenLikeADisk()
    {
        Assert.SkipUnless(File.Exists(Program), "davfs2 is not installed: apt-get install davfs2");
        Assert.SkipUnless(File.Exists("/dev/fuse") && Environment.UserName == "root", "Mounting needs root and /dev/fuse.");
        var bytes = RandomNumberGenerator.GetBytes(3_000_000);
        Directory.CreateDirectory(OnDisk("there"));
        await File.WriteAllBytesAsync(OnDisk("there/big"), bytes, Cancelled);
        using var temp = new TempFolder();
        var mount = temp["m"];
        Directory.CreateDirectory(mount);
        var at = $"{Server.Url}/dav{Place}/";
        await File.WriteAllTextAsync(temp["secrets"], $"{at} me {OperoneServer.OwnerToken}\n", Cancelled);
        File.SetUnixFileMode(temp["secrets"], UnixFileMode.UserRead | UnixFileMode.UserWrite);

        // Linux 6.16 and later list nothing with a smaller buffer; what is written is sent at once
        await File.WriteAllTextAsync(temp["conf"], $"ask_auth 0\nbuf_size 64\ndelay_upload 0\nsecrets {temp["secrets"]}\n", Cancelled);
        await RunAsync(Program, "-o", $"conf={temp["conf"]}", at, mount);
        try
        {
            Assert.Equal(bytes, await File.ReadAllBytesAsync(Path.Combine(mount, "there/big"), Cancelled));
            await RunAsync("cp", Path.Combine(mount, "there/big"), Path.Combine(mount, "Grüße & 100%.bin"));
            await RunAsync("mkdir", Path.Combine(mount, "new"));
            await RunAsync("mv", Path.Combine(mount, "there/big"), Path.Combine(mount, "new/moved"));
            await File.WriteAllTextAsync(Path.Combine(mount, "new/text"), "one", Cancelled);
            await RunAsync("rm", "-r", Path.Combine(mount, "there"));
            Assert.Equal(["moved", "text"], Directory.GetFiles(Path.Combine(mount, "new")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        }
        finally
        {
            await RunAsync("umount", mount);
            foreach (var kept in Directory.GetDirectories("/var/cache/davfs2", $"*{Device}*"))
            {
                Directory.Delete(kept, recursive: true);
            }
        }

        Assert.Equal(["Grüße & 100%.bin", "new"], Directory.GetFileSystemEntries(Folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal(bytes, await File.ReadAllBytesAsync(OnDisk("Grüße & 100%.bin"), Cancelled));
        Assert.Equal(bytes, await File.ReadAllBytesAsync(OnDisk("new/moved"), Cancelled));
        Assert.Equal("one", await File.ReadAllTextAsync(OnDisk("new/text"), Cancelled));
    }

    private static async Task RunAsync(string program, params string[] arguments)
    {
        // A mount leaves a process behind, which holds what it was given to write to: a file, that nobody waits for.
        using var temp = new TempFolder();
        using var process = Process.Start("timeout", ["60", "sh", "-c", "\"$@\" >\"$0\" 2>&1 </dev/null", temp["said"], program, .. arguments]);
        await process.WaitForExitAsync(Cancelled);
        Assert.True(process.ExitCode == 0, $"{program} ends with {process.ExitCode}: {await File.ReadAllTextAsync(temp["said"], Cancelled)}");
    }
}
