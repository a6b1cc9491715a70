using System.Diagnostics;
using System.Runtime.Versioning;
using Operone.Agent.Platforms.Unix;
using Operone.Agent.Shell.Host;
using Operone.Core.Shell;
using Operone.Tests.Agent.Hosting;
using Xunit;

namespace Operone.Tests.Agent.Shell.Sandbox;

/// <summary>What the sandbox gives to commands that mean well, and what happens where it cannot be had.</summary>
[SupportedOSPlatform("linux")]
public sealed class SandboxTests
{
    private static readonly string[] _asNobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"];

    [Fact]
    public async Task Isolated_Command_HasAWorkFolderItsVariablesAndItsExitCode()
    {
        var request = Isolated("pwd; echo $HOME $USER $A; id -un; echo x > f; cat f -; exit 5") with
        {
            Environment = new Dictionary<string, string> { ["A"] = "b c" },
            Stdin = "typed"u8.ToArray(),
        };
        var result = await RunAsync(request);
        var user = Environment.UserName == "root" ? "sandbox" : Environment.UserName;
        Assert.Equal($"/work\n/work {user} b c\n{user}\nx\ntyped", result.Text);
        Assert.Equal((ExecutionStatus.Failed, 5, "Exited with code 5."), (result.End.Status, result.End.ExitCode, result.End.Reason));
    }

    [Fact]
    public async Task Isolated_Script_IsRunByItsInterpreter()
    {
        var request = Isolated(null) with { Script = "#!/usr/bin/perl -w\nprint \"$0 $ENV{HOME}\\n\";" };
        Assert.Equal("/run/operone/script /work\n", (await RunAsync(request)).Text);
    }

    [Theory]
    [InlineData("/var/log", "not there in the sandbox")]
    [InlineData("/work/x", "not there in the sandbox")]
    [InlineData("relative", "not an absolute path")]
    public async Task Isolated_InADirectoryThatIsNotThere_FailsAndSaysSo(string directory, string words)
    {
        var result = await RunAsync(Isolated("true") with { WorkingDirectory = directory });
        Assert.Equal(ExecutionStatus.Failed, result.End.Status);
        Assert.Contains(words, result.End.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Isolated_ProgramOutsideTheSystem_FailsWith127()
    {
        using var folder = new TempFolder();
        File.Copy("/usr/bin/true", folder["mine"]);
        var result = await RunAsync(HostUnderTest.Request() with { Argv = [folder["mine"]], Sandbox = new SandboxSpec(SandboxKind.Isolated) });
        Assert.Equal((ExecutionStatus.Failed, 127), (result.End.Status, result.End.ExitCode));
    }

    [Fact]
    public async Task Isolated_OverItsTime_IsTimedOut()
    {
        var request = Isolated("trap 'echo asked; exit 3' TERM; sleep 60 & wait") with
        {
            Sandbox = new SandboxSpec(SandboxKind.Isolated, Limits: new SandboxLimits(WallSeconds: 0.5)),
            TimeoutSeconds = 100,
        };
        var result = await RunAsync(request);
        Assert.Equal(ExecutionStatus.TimedOut, result.End.Status);
        Assert.StartsWith("Took longer than 0.5 seconds.", result.End.Reason, StringComparison.Ordinal);
        Assert.Equal("asked\n", result.Text); // it was asked before it was killed, as outside of a sandbox
    }

    [Fact]
    public async Task Isolated_WhoseHostIsKilled_IsGone()
    {
        Sandboxes.Require();
        var request = Isolated("sleep 60");
        using var host = HostUnderTest.Start(request);
        await Sandboxes.BecomesAsync(() => Processes.OfExecution(request.ExecutionId).Count > 0, "the command to run", 20);
        host.Process.Kill();
        await Sandboxes.BecomesAsync(() => Processes.OfExecution(request.ExecutionId).Count == 0, "the command to be gone", 10);
    }

    [Fact]
    public async Task Isolated_LeavesNothingRunningBehind()
    {
        var request = Isolated("sleep 60 & sleep 61 & echo left");
        var result = await RunAsync(request);
        Assert.Equal(ExecutionStatus.Succeeded, result.End.Status);
        await Sandboxes.BecomesAsync(() => Processes.OfExecution(request.ExecutionId).Count == 0, "all to be gone", 10);
    }

    [Fact]
    public async Task Isolated_WithKeptWork_LeavesTheFolderAndSaysWhere()
    {
        Sandboxes.Require();
        var request = Isolated("echo made > result; ln -s /etc/shadow link");
        using var host = HostUnderTest.Start(request with { Sandbox = request.Sandbox! with { KeepWork = true } });
        var result = await host.EndAsync();
        var folder = $"{host.State}-work/{request.ExecutionId:N}";
        Assert.Equal((ExecutionStatus.Succeeded, $"Exited with code 0. Its work folder is kept on the device: {folder}."), (result.End.Status, result.End.Reason));
        Assert.Equal("made\n", await File.ReadAllTextAsync(folder + "/result", TestContext.Current.CancellationToken));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(folder));
        Directory.Delete(host.State + "-work", recursive: true);
    }

    [Fact]
    public async Task Isolated_RunAsAUser_IsThatUserAndNobodyElse()
    {
        RequireRoot();
        var result = await RunAsync(Isolated("id -u; id -un; id -G; cat /etc/shadow") with { Sandbox = new SandboxSpec(SandboxKind.Isolated, RunAs: "nobody") });
        Assert.Equal("65534\nnobody\n65534\n", result.Text);
    }

    [Fact]
    public async Task Isolated_RunAsRoot_IsRefused()
    {
        RequireRoot();
        var result = await RunAsync(Isolated("id") with { Sandbox = new SandboxSpec(SandboxKind.Isolated, RunAs: "root") });
        Assert.Equal(ExecutionStatus.Refused, result.End.Status);
        Assert.Contains("as root", result.End.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Isolated_WithoutBubblewrap_IsRefusedAndSaysHowToGetIt()
    {
        RequireRoot();
        Sandboxes.Require();
        // in a mount namespace of its own, where nothing is at bubblewrap's place
        using var host = HostUnderTest.StartBy(
            ["unshare", "--mount", "sh", "-c", "mount --bind /dev/null /usr/bin/bwrap && exec \"$@\"", "sh"], Isolated("echo ran"));
        var result = await host.EndAsync();
        Assert.Equal((ExecutionStatus.Refused, ""), (result.End.Status, result.Text));
        Assert.Contains("apt-get install bubblewrap", result.End.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Isolated_WithoutUserNamespaces_IsRefused()
    {
        RequireRoot();
        Sandboxes.Require();
        // in a user namespace of its own, in which none may be made
        using var host = HostUnderTest.StartBy(
            [
                .. _asNobody, "unshare", "--user", "--map-current-user", "--keep-caps", "sh", "-c",
                "echo 0 > /proc/sys/user/max_user_namespaces && exec setpriv --inh-caps -all --ambient-caps -all -- \"$@\"", "sh",
            ],
            Isolated("echo ran"));
        var result = await host.EndAsync();
        Assert.Equal((ExecutionStatus.Refused, ""), (result.End.Status, result.Text));
        Assert.Contains("user.max_user_namespaces", result.End.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Isolated_ByAnAgentThatIsNotRoot_IsIsolatedAllTheSame()
    {
        RequireRoot();
        Sandboxes.Require();
        var request = Isolated("id -u; cat $STATE/key; ls $STATE; echo x > /usr/x; unshare -U true; kill -9 $OUTSIDE; ls / | tr '\\n' ' '") with
        {
            Sandbox = new SandboxSpec(SandboxKind.Isolated, Limits: new SandboxLimits(MemoryBytes: 256 * 1024 * 1024, Processes: 50, DiskBytes: 1024 * 1024)),
        };
        using var outside = Process.Start("setpriv", ["--reuid", "65534", "--regid", "65534", "--clear-groups", "sleep", "60"]);
        using var folder = new TempFolder();
        await File.WriteAllTextAsync(folder["key"], "the key", TestContext.Current.CancellationToken);
        File.SetUnixFileMode(folder.Path, (UnixFileMode)0x1FF);
        using var host = HostUnderTest.StartBy(_asNobody, request with
        {
            Environment = new Dictionary<string, string> { ["STATE"] = folder.Path, ["OUTSIDE"] = outside.Id.ToString(System.Globalization.CultureInfo.InvariantCulture) },
        });
        var result = await host.EndAsync();
        Assert.False(outside.HasExited);
        outside.Kill();
        Assert.StartsWith("65534\nbin dev etc lib", result.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("home", result.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task MemoryHog_OfAnAgentThatIsNotRoot_EndsByTheMemoryLimit()
    {
        RequireRoot();
        Sandboxes.Require();
        using var host = HostUnderTest.StartBy(_asNobody, Isolated("perl -e '$x = \"a\" x 800000000; sleep 30'") with
        {
            Sandbox = new SandboxSpec(SandboxKind.Isolated, Limits: new SandboxLimits(MemoryBytes: 64 * 1024 * 1024)),
        });
        Assert.StartsWith("memory limit", (await host.EndAsync()).End.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAs_IsThatUserWithTheirHomeAndGroups()
    {
        RequireRoot();
        var result = await HostUnderTest.RunAsync(HostUnderTest.Request("id -un; id -Gn; echo $USER $LOGNAME $HOME $SHELL") with { Sandbox = new SandboxSpec(RunAs: "nobody") });
        Assert.Equal("nobody\nnogroup\nnobody nobody /nonexistent /usr/sbin/nologin\n", result.Text);
    }

    [Fact]
    public async Task RunAs_Script_IsReadableByThemAloneAndGoneAfterwards()
    {
        RequireRoot();
        var request = HostUnderTest.Request() with { Script = "echo $0; stat -c '%U %a' $0", Sandbox = new SandboxSpec(RunAs: "nobody") };
        var lines = (await HostUnderTest.RunAsync(request)).Text.Split('\n');
        Assert.Equal("nobody 400", lines[1]);
        await Sandboxes.BecomesAsync(() => !File.Exists(lines[0]), "the script to be gone", 5);
    }

    [Fact]
    public async Task RunAs_AUserThatIsNotThere_IsRefused()
    {
        var result = await HostUnderTest.RunAsync(HostUnderTest.Request("id") with { Sandbox = new SandboxSpec(RunAs: "no-such-user") });
        Assert.Equal((ExecutionStatus.Refused, "This device has no user 'no-such-user'."), (result.End.Status, result.End.Reason));
    }

    [Fact]
    public async Task RunAs_ByAnAgentThatIsNotRoot_IsRefused()
    {
        RequireRoot();
        using var host = HostUnderTest.StartBy(_asNobody, HostUnderTest.Request("id") with { Sandbox = new SandboxSpec(RunAs: "daemon") });
        var result = await host.EndAsync();
        Assert.Equal((ExecutionStatus.Refused, ""), (result.End.Status, result.Text));
        Assert.Contains("only root can become another user", result.End.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void RunAs_VariablesThatSteerPrograms_ComeAfterTheDropAlone()
    {
        RequireRoot();
        var plan = new CommandPlan("/bin/true", ["true", "a"], ["LD_PRELOAD=/evil.so", "GLIBC_TUNABLES=x", "A=b"], "/");
        var wrapped = UserDrop.Wrap(plan, UnixUsers.Find("nobody"));
        Assert.Equal(["A=b"], wrapped.Environment);
        Assert.EndsWith("-- /usr/bin/env LD_PRELOAD=/evil.so GLIBC_TUNABLES=x /bin/true a", string.Join(' ', wrapped.Arguments), StringComparison.Ordinal);
        Assert.EndsWith("setpriv", wrapped.Program, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(SandboxKind.Isolated, null, "sandbox")]
    [InlineData(SandboxKind.Isolated, "nobody", "nobody")]
    [InlineData(SandboxKind.None, "nobody", "nobody")]
    public async Task Terminal_IsHeldAsACommandIs(SandboxKind kind, string? user, string name)
    {
        RequireRoot();
        var request = HostUnderTest.Request() with
        {
            Argv = ["sh", "-c", "stty size; id -un; test -t 0 && echo on a terminal"],
            Terminal = new StartTerminal(90, 33, Record: RecordMode.On),
            Sandbox = new SandboxSpec(kind, RunAs: user),
        };
        var result = await RunAsync(request);
        Assert.Equal((ExecutionStatus.Succeeded, 0), (result.End.Status, result.End.ExitCode));
        Assert.Contains($"33 90\\r\\n{name}\\r\\non a terminal", string.Concat(result.Text.Split('\n').Skip(1).Select(Printed)), StringComparison.Ordinal);

        // A line of a recording is [time, "o", "text"].
        static string Printed(string line) => line.Length == 0 ? "" : line[(line.IndexOf("\"o\", \"", StringComparison.Ordinal) + 6)..^2];
    }

    [Fact]
    public async Task Terminal_OverItsMemory_EndsByTheMemoryLimit()
    {
        var request = HostUnderTest.Request() with
        {
            Argv = ["perl", "-e", "$x = 'a' x 800000000; sleep 30"],
            Terminal = new StartTerminal(80, 24),
            Sandbox = new SandboxSpec(SandboxKind.Isolated, Limits: new SandboxLimits(MemoryBytes: 64 * 1024 * 1024)),
        };
        var result = await RunAsync(request);
        Assert.Equal(ExecutionStatus.Failed, result.End.Status);
        Assert.StartsWith("memory limit", result.End.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ProcessLimit_NotIsolated_EndsByTheProcessLimit()
    {
        var request = HostUnderTest.Request("for i in 1 2 3 4 5 6 7 8 9 10; do sleep 30 & done; wait") with { Sandbox = new SandboxSpec(Limits: new SandboxLimits(Processes: 5)) };
        var result = await HostUnderTest.RunAsync(request);
        Assert.StartsWith("process limit", result.End.Reason, StringComparison.Ordinal);
        Assert.Empty(Processes.OfExecution(request.ExecutionId));
    }

    private static StartExecution Isolated(string? command) => HostUnderTest.Request(command) with { Sandbox = new SandboxSpec(SandboxKind.Isolated) };

    private static Task<HostResult> RunAsync(StartExecution request)
    {
        Sandboxes.Require();
        return HostUnderTest.RunAsync(request);
    }

    private static void RequireRoot() => Assert.SkipWhen(Environment.UserName != "root", "becoming another user needs root");
}
