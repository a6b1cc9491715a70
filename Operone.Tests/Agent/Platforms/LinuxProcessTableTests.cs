using System.Diagnostics;
using System.Runtime.Versioning;
using System.Text;
using Operone.Agent.Platforms;
using Operone.Agent.Platforms.Linux;
using Operone.Core.Kernel;
using Operone.Tests.Agent.Hosting;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Agent.Platforms;

/// <summary>Processes of this machine, as <c>/proc</c> tells of them.</summary>
[SupportedOSPlatform("linux")]
public sealed class LinuxProcessTableTests
{
    private const string Rest = " 12 12 12 0 -1 4194304 100 0 0 0 7 3 0 0 20 0 5 0 4711 1000000 250 18446744073709551615 1 1 0";

    [Theory]
    [InlineData("sleep")]
    [InlineData("a) R 1 (b")]
    [InlineData("two\nlines)")]
    [InlineData("")]
    [InlineData("((((((((((((((")]
    public void Stat_WithANameOfAnyText_IsReadBehindIt(string name)
    {
        using var table = new LinuxProcessTable();
        var reading = table.Parse(12, Encoding.UTF8.GetBytes($"12 ({name}) S{Rest}"))!.Value;
        Assert.Equal((12, 4711, ProcessState.Sleeping, 5), (reading.Parent, reading.Start, reading.State, reading.Threads));
        Assert.Equal(250 * Environment.SystemPageSize, reading.Memory);
        Assert.False(reading.IsKernel);
    }

    [Theory]
    [InlineData("")]
    [InlineData("12")]
    [InlineData("12 (sleep")]
    [InlineData("12 (sleep)")]
    [InlineData("12 (sleep) S")]
    [InlineData("12 (sleep) S 1 2 3")]
    [InlineData("12 )sleep( S 1 2 3")]
    [InlineData("12 (sleep) S a b c d e f g h i j k l m n o p q r s t u")]
    public void Stat_ThatIsNotWhole_IsLeftOut(string text)
    {
        using var table = new LinuxProcessTable();
        Assert.Null(table.Parse(12, Encoding.UTF8.GetBytes(text)));
    }

    [Fact]
    public async Task Process_WithAStrangeNameAndAnEndlessCommandLine_IsReadCut()
    {
        using var temp = new TempFolder();
        var program = Path.Combine(temp.Path, "a) S 1\n(b");

        // another test that starts a process meanwhile would keep it open for writing, and then it cannot be started
        using (var copy = Process.Start("cp", ["/bin/sleep", program]))
        {
            await copy.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        using var process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", "exec \"$@\"", "sh", program, "600", .. Enumerable.Repeat("0.00001", 16_000)]))!;
        try
        {
            using var table = new LinuxProcessTable();
            var (reading, facts) = await Eventually.BecomesAsync(() =>
            {
                var all = new List<ProcessReading>();
                table.Read(all);
                var found = all.Find(r => r.Pid == process.Id);
                return Task.FromResult(table.Facts(found) is { Name: "a) S 1\n(b" } read ? ((ProcessReading, ProcessFacts)?)(found, read) : null);
            }, "the program") ?? throw new InvalidOperationException();
            Assert.True(facts.IsCut);
            Assert.Equal(program, facts.Arguments![0]);
            Assert.True(facts.Arguments.Sum(a => a.Length + 1) <= ProcessLimits.MaxListedArguments + 1);
            Assert.Equal(Environment.UserName, facts.User);
            var (details, files) = table.Look(reading.Identity)!.Value;
            Assert.True(details.Process.IsCut && details.Process.Arguments!.Count > facts.Arguments.Count);
            Assert.NotEmpty(files!);
            Assert.True(ProcessTable.IsSensible(details.Process));
        }
        finally
        {
            process.Kill();
        }

        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        using var later = new LinuxProcessTable();
        Assert.Null(later.Look(new ProcessIdentity(process.Id, 1)));
    }

    [Fact]
    public void Read_OfThisMachine_HasThisProcess_AndKernelThreadsWithoutArguments()
    {
        using var table = new LinuxProcessTable();
        var all = new List<ProcessReading>();
        table.Read(all);
        Assert.Empty(table.Missing);
        Assert.True(table.MemoryTotal > 1 << 20);
        var self = all.Find(r => r.Pid == Environment.ProcessId);
        Assert.True(self is { Memory: > 1 << 20, Threads: > 1, Cpu: > 0, State: ProcessState.Running or ProcessState.Sleeping });
        using var own = Process.GetCurrentProcess();
        Assert.InRange((table.Facts(self)!.StartedAt!.Value - own.StartTime.ToUniversalTime()).TotalSeconds, -3, 3);
        Assert.All(all.Where(r => r.IsKernel).Take(5), r => Assert.Null(table.Facts(r)?.Arguments));
    }
}
