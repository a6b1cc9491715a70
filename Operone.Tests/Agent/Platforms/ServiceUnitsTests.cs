using System.Diagnostics;
using System.Xml.Linq;
using Operone.Agent.Platforms;
using Operone.Tests.Agent.Hosting;
using Xunit;

namespace Operone.Tests.Agent.Platforms;

public sealed class ServiceUnitsTests
{
    private static readonly ServiceSpec _spec = new("operone-agent", ["/bin/true"], "/var/lib/a \"b\" 100% $c");

    [Fact]
    public void Systemd_Unit_LeavesCommandsAloneAndQuotesItsArguments()
    {
        var lines = ServiceUnits.Systemd(_spec).Split('\n');
        Assert.Contains("KillMode=process", lines);
        Assert.Contains("RestartPreventExitStatus=78", lines);
        Assert.Contains("""ExecStart=/bin/true agent run --state-dir "/var/lib/a \"b\" 100%% $$c" """.TrimEnd(), lines);
        Assert.Contains("WantedBy=multi-user.target", lines);
    }

    [Fact]
    public async Task Systemd_Unit_IsVerifiedBySystemdItself()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/systemd-analyze"), "systemd-analyze is not here.");
        using var temp = new TempFolder();
        var unit = temp["operone-agent.service"];
        await File.WriteAllTextAsync(unit, ServiceUnits.Systemd(_spec), TestContext.Current.CancellationToken);
        using var process = Process.Start(new ProcessStartInfo("systemd-analyze", ["verify", "--man=no", unit]) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        var problems = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.DoesNotContain("operone-agent.service", problems, StringComparison.Ordinal);
        Assert.True(process.ExitCode == 0, problems);
    }

    [Fact]
    public void Launchd_List_IsWellFormedAndAbandonsTheGroup()
    {
        var list = XDocument.Parse(ServiceUnits.Launchd(new ServiceSpec("a&b", ["/x"], "/<s>"))).Root!.Element("dict")!;
        var abandon = list.Elements("key").Single(k => k.Value == "AbandonProcessGroup");
        Assert.Equal("true", ((XElement)abandon.NextNode!).Name);
        Assert.Equal(["/x", "agent", "run", "--state-dir", "/<s>"], list.Element("array")!.Elements("string").Select(s => s.Value));
    }

    [Fact]
    public void Windows_Service_QuotesPathsWithBlanks()
    {
        var arguments = ServiceUnits.WindowsCreate(new ServiceSpec("operone-agent", [@"C:\Program Files\operone.exe"], @"C:\ProgramData\Operone"));
        Assert.Equal(["create", "operone-agent", "binPath="], arguments.Take(3));
        Assert.Equal(@"""C:\Program Files\operone.exe"" agent run --state-dir C:\ProgramData\Operone --windows-service", arguments[3]);
    }
}
