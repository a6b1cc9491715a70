using System.Runtime.Versioning;
using Operone.Agent.Shell.Host.Sandbox;
using Operone.Core.Shell;
using Operone.Tests.Agent.Hosting;
using Xunit;

namespace Operone.Tests.Agent.Shell.Sandbox;

/// <summary>What is written where, in a folder that stands for the kernel's: few machines that test have cgroups of their own.</summary>
[SupportedOSPlatform("linux")]
public sealed class CgroupTests
{
    [Fact]
    public void Limits_AreWrittenAsTheKernelReadsThem()
    {
        using var folder = new TempFolder();
        var path = folder["x-1"];
        Directory.CreateDirectory(path);
        File.WriteAllText(path + "/memory.swap.max", "max");
        using var made = Cgroup.TryMake(folder["operone-agent"], "x-1", new SandboxLimits(CpuCores: 1.5, MemoryBytes: 64 << 20, Processes: 10));
        Assert.NotNull(made);
        Assert.Equal("150000 100000", File.ReadAllText(path + "/cpu.max"));
        Assert.Equal("67108864", File.ReadAllText(path + "/memory.max"));
        Assert.Equal("0", File.ReadAllText(path + "/memory.swap.max"));
        Assert.Equal("1", File.ReadAllText(path + "/memory.oom.group"));
        Assert.Equal("13", File.ReadAllText(path + "/pids.max"));
    }

    [Theory]
    [InlineData("low 0\noom 1\noom_kill 2\n", "memory limit")]
    [InlineData("low 0\noom 1\noom_kill 0\n", null)]
    public void Breach_IsWhereTheKernelHasKilled(string events, string? reason)
    {
        using var folder = new TempFolder();
        var limits = new SandboxLimits(MemoryBytes: 64 << 20);
        using var made = Cgroup.TryMake(folder["operone-agent"], "x-1", limits);
        File.WriteAllText(folder["x-1/memory.events"], events);
        Assert.Equal(reason is null, made!.Breach(limits) is null);
        Assert.StartsWith(reason ?? "", made.Breach(limits) ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public void OwnCgroup_IsFoundByMembershipAndMounts()
    {
        const string Mounts = "24 1 0:22 / /proc rw - proc proc rw\n30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw\n";
        Assert.Equal("/sys/fs/cgroup/system.slice/operone.service", CgroupTree.Find("0::/system.slice/operone.service\n", Mounts));
        Assert.Equal("/sys/fs/cgroup", CgroupTree.Find("0::/\n", Mounts));
        Assert.Null(CgroupTree.Find("4:memory:/x\n", Mounts));
        Assert.Null(CgroupTree.Find("0::/x\n", "30 24 0:26 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"));
    }
}
