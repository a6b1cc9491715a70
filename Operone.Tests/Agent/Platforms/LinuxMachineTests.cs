using System.Runtime.Versioning;
using Operone.Agent;
using Operone.Agent.Devices;
using Operone.Agent.Platforms.Linux;
using Xunit;

namespace Operone.Tests.Agent.Platforms;

[SupportedOSPlatform("linux")]
public sealed class LinuxMachineTests
{
    [Fact]
    public void Machine_LookedAtTwice_SaysTheSameOfItself()
    {
        using var machine = new LinuxMachine(TimeProvider.System);
        var facts = machine.Facts();
        Assert.True(FactsComparer.Equal(facts, machine.Facts()));
        Assert.False(FactsComparer.Equal(facts, facts with { Addresses = [.. facts.Addresses, "203.0.113.1"] }));
        Assert.NotEmpty(facts.OperatingSystem);
        Assert.NotEmpty(facts.Kernel);
        Assert.Contains(facts.Disks, d => d is { Mount: "/", TotalBytes: > 0 });
        Assert.InRange(facts.BootedAt!.Value, DateTimeOffset.UnixEpoch.AddYears(50), TimeProvider.System.GetUtcNow());
    }

    [Fact]
    public void Machine_Sampled_IsPlausible()
    {
        using var machine = new LinuxMachine(TimeProvider.System);
        Assert.Equal(0, machine.Sample().CpuPercent);
        var sample = machine.Sample();
        Assert.InRange(sample.CpuPercent, 0, 100);
        Assert.InRange(sample.MemoryUsedBytes, 1, sample.MemoryTotalBytes);
        Assert.InRange(sample.Processes, 2, 100_000);
        Assert.All(sample.Disks, d => Assert.InRange(d.UsedBytes, 0, d.TotalBytes));
    }

    [Fact]
    public void Disks_InMounts_AreDevicesOnceAndTheRoot()
    {
        const string Mounts = """
            overlay / overlay rw 0 0
            proc /proc proc rw 0 0
            /dev/sda1 /boot ext4 rw 0 0
            /dev/sda1 /mnt/again ext4 rw 0 0
            /dev/loop1 /snap/core squashfs ro 0 0
            server:/export /mnt/nfs nfs4 rw 0 0
            tank/data /data zfs rw 0 0
            /dev/sdb1 /mnt/a\040b xfs rw 0 0
            """;
        Assert.Equal(
            [("/", "overlay"), ("/boot", "ext4"), ("/data", "zfs"), ("/mnt/a b", "xfs")],
            LinuxDisks.Parse(Mounts).Select(m => (m.Path, m.FileSystem)));
    }

    [Fact]
    public void StateDirectory_WhosePathLeavesNoRoomForSockets_IsRefused()
    {
        Assert.Equal("state-dir-too-long", StateDirectory.Resolve("/" + new string('a', 90)).Error!.Code);
        Assert.Equal("/tmp/a", StateDirectory.Resolve("/tmp/a/").Value.Path);
    }
}
