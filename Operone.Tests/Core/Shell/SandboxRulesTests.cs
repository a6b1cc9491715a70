using Operone.Core.Shell;
using Xunit;

namespace Operone.Tests.Core.Shell;

public sealed class SandboxRulesTests
{
    [Fact]
    public void Profile_WithEverythingWrong_SaysAllAtOnce()
    {
        var error = SandboxRules.Check(new WriteSandboxProfile(" ", new string('x', 501), new SandboxSpec(
            SandboxKind.None, Network: true, KeepWork: true, RunAs: "a b",
            new SandboxLimits(CpuCores: 0, MemoryBytes: 1, Processes: 0, FileBytes: -1, WallSeconds: double.NaN, DiskBytes: 1))));
        Assert.Equal(
            [
                "description", "name", "spec.keepWork", "spec.limits.cpuCores", "spec.limits.diskBytes", "spec.limits.fileBytes", "spec.limits.memoryBytes",
                "spec.limits.processes", "spec.limits.wallSeconds", "spec.network", "spec.runAs",
            ],
            error!.Fields!.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Profile_ThatIsRight_HasNoProblem()
    {
        Assert.Null(SandboxRules.Check(new WriteSandboxProfile("build", Spec: new SandboxSpec(
            SandboxKind.Isolated, Network: true, KeepWork: true, RunAs: "build-user", new SandboxLimits(1.5, 1 << 20, 1, 0, 0.5, 4096)))));
        Assert.Null(SandboxRules.Check(new WriteSandboxProfile("plain")));
    }

    [Theory]
    [InlineData("-u")]
    [InlineData("a/b")]
    [InlineData("a:b")]
    [InlineData("")]
    [InlineData("a\nb")]
    public void User_ThatIsNoName_IsRefused(string user) => Assert.NotNull(SandboxRules.CheckUser(user));

    [Theory]
    [InlineData(null, null, null)]
    [InlineData(5.0, null, 5.0)]
    [InlineData(null, 6.0, 6.0)]
    [InlineData(5.0, 6.0, 5.0)]
    [InlineData(7.0, 6.0, 6.0)]
    public void Time_IsTheShorterOfBoth(double? run, double? sandbox, double? expected)
    {
        var start = new StartExecution { TimeoutSeconds = run, Sandbox = new SandboxSpec(Limits: new SandboxLimits(WallSeconds: sandbox)) };
        Assert.Equal(expected, start.WallSeconds());
    }
}
