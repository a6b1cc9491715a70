using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Operone.Agent.Shell.Host.Sandbox;
using Operone.Core.Shell;
using Operone.Tests.Agent.Hosting;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Agent.Shell.Sandbox;

/// <summary>Commands that want out of the sandbox, each tried for real.</summary>
[SupportedOSPlatform("linux")]
public sealed class HostileTests
{
    [Fact]
    public async Task ForkBomb_IsHeldToItsProcesses_AndIsGoneAtTheEnd()
    {
        var request = Isolated("b() { b | b & }; b; sleep 1.5; echo over", new SandboxLimits(Processes: 40));
        using var host = HostUnderTest.Start(request);
        var most = 0;
        while (host.Folder.ReadEnd() is null)
        {
            most = Math.Max(most, Processes.OfExecution(request.ExecutionId).Count);
            await Task.Delay(10, TestContext.Current.CancellationToken); // other tests have their turn
        }

        Assert.InRange(most, 2, 60);
        await Sandboxes.BecomesAsync(() => Processes.OfExecution(request.ExecutionId).Count == 0, "the bomb to be gone", 5);
    }

    [Fact]
    public async Task ForkBomb_Cancelled_IsGone()
    {
        var request = Isolated("b() { b | b & b; }; b", new SandboxLimits(Processes: 100, WallSeconds: 2));
        var result = await RunAsync(request);
        Assert.True(result.End.Status is ExecutionStatus.TimedOut or ExecutionStatus.Failed, result.End.Reason);
        await Sandboxes.BecomesAsync(() => Processes.OfExecution(request.ExecutionId).Count == 0, "the bomb to be gone", 5);
    }

    [Theory]
    [InlineData("perl -e '$x = \"a\" x 800000000; sleep 30'")]
    [InlineData("for i in 1 2 3 4; do perl -e '$x = \"a\" x 40000000; sleep 30' & done; wait")]
    public async Task MemoryHog_EndsAsFailedByTheMemoryLimit(string command)
    {
        var result = await RunAsync(Isolated(command, new SandboxLimits(MemoryBytes: 128 * 1024 * 1024)));
        Assert.Equal(ExecutionStatus.Failed, result.End.Status);
        Assert.StartsWith("memory limit", result.End.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task MemoryHog_NotIsolated_EndsAsFailedByTheMemoryLimit()
    {
        var request = HostUnderTest.Request("perl -e '$x = \"a\" x 800000000; sleep 30'") with
        {
            Sandbox = new SandboxSpec(Limits: new SandboxLimits(MemoryBytes: 64 * 1024 * 1024)),
        };
        var result = await HostUnderTest.RunAsync(request);
        Assert.Equal(ExecutionStatus.Failed, result.End.Status);
        Assert.StartsWith("memory limit", result.End.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/work")]
    [InlineData("/tmp")]
    [InlineData("/dev/shm")]
    public async Task DiskFiller_StopsAtItsDisk(string folder)
    {
        var result = await RunAsync(Isolated($"head -c 20000000 /dev/zero > {folder}/f; stat -c %s {folder}/f", new SandboxLimits(DiskBytes: 1024 * 1024)));
        Assert.InRange(long.Parse(result.Text, CultureInfo.InvariantCulture), 1, 1024 * 1024);
    }

    [Fact]
    public async Task DiskFiller_InAWorkFolderThatIsKept_EndsByTheDiskLimit()
    {
        var request = Isolated("while :; do head -c 200000 /dev/zero > f$((i=i+1)); sleep 0.01; done", new SandboxLimits(DiskBytes: 1024 * 1024, WallSeconds: 30));
        using var host = HostUnderTest.Start(Required(request with { Sandbox = request.Sandbox! with { KeepWork = true } }));
        var result = await host.EndAsync();
        Directory.Delete(host.State + "-work", recursive: true);
        Assert.StartsWith("disk limit", result.End.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(SandboxKind.None)]
    [InlineData(SandboxKind.Isolated)]
    public async Task File_LargerThanTheLimit_IsCutOff(SandboxKind kind)
    {
        var spec = new SandboxSpec(kind, Limits: new SandboxLimits(FileBytes: 5000));
        using var folder = new TempFolder();
        var place = kind == SandboxKind.None ? folder.Path : "/work";
        var result = await RunAsync(HostUnderTest.Request($"cd {place}; head -c 20000 /dev/zero > f; stat -c %s f") with { Sandbox = spec });
        Assert.Equal("5000", result.Text.Trim());
    }

    [Fact]
    public async Task AgentsKeyAndStateDirectory_AreNotThere()
    {
        var request = Isolated("cat $STATE/agent.key; ls -la $STATE; find / -name agent.key 2>/dev/null; cat /proc/1/root$STATE/agent.key; echo done");
        using var folder = new TempFolder();
        await File.WriteAllTextAsync(folder["agent.key"], "the key", TestContext.Current.CancellationToken);
        var result = await RunAsync(With(request, "STATE", folder.Path));
        Assert.Equal("done\n", result.Text);
    }

    [Fact]
    public async Task OwnExecutionsFolder_IsNotThere()
    {
        var request = Isolated("find / -name request.json -o -name claim 2>/dev/null; ls -d /tmp/op-*; echo done");
        Assert.Equal("done\n", (await RunAsync(request)).Text);
    }

    [Fact]
    public async Task AnotherExecutionsFolder_IsNotThere()
    {
        using var other = HostUnderTest.Start(HostUnderTest.Request("echo secret; sleep 30"));
        await Sandboxes.BecomesAsync(() => File.Exists(other.Folder.Output), "the other's output", 20);
        var result = await RunAsync(With(Isolated("ls $OTHER; cat $OTHER/output $OTHER/request.json; echo done"), "OTHER", other.Folder.Path));
        Assert.Equal("done\n", result.Text);
    }

    [Fact]
    public async Task Shadow_IsNotThere()
    {
        var result = await RunAsync(Isolated("cat /etc/shadow /etc/gshadow /etc/sudoers; cat /proc/1/root/etc/shadow; ls /root /home /var /boot /sys; echo done"));
        Assert.Equal("done\n", result.Text);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Network_IsReachedOnlyWhereTheProfileSays(bool network)
    {
        var port = PostgresServer.FreePort(); // one that no other test has had, whose agent still looks for its server
        using var listener = new TcpListener(IPAddress.Loopback, port);
        listener.Start();
        var name = $"operone-{Guid.NewGuid():N}";
        using var local = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        local.Bind(new UnixDomainSocketEndPoint("\0" + name));
        local.Listen();
        var request = Isolated(
            $"bash -c 'exec 3<>/dev/tcp/127.0.0.1/{port}' && echo tcp; perl -MSocket -e 'socket(S, AF_UNIX, SOCK_STREAM, 0); connect(S, pack_sockaddr_un(\"\\0{name}\")) and print \"local\\n\"'; ip -o link | wc -l");
        var result = await RunAsync(request with { Sandbox = request.Sandbox! with { Network = network } });
        Assert.Equal(network, result.Text.Contains("tcp", StringComparison.Ordinal));
        Assert.Equal(network, listener.Pending());
        Assert.Equal(network, result.Text.Contains("local", StringComparison.Ordinal));
    }

    [Fact]
    public async Task ProcessesOutside_CanNeitherBeSeenNorTracedNorKilled()
    {
        using var outside = HostUnderTest.Start(HostUnderTest.Request("sleep 60"));
        await Sandboxes.BecomesAsync(() => outside.Folder.ReadStarted() is not null, "the other to start", 20);
        var pid = outside.Folder.ReadStarted()!.Pid;
        var ptrace = RuntimeInformation.OSArchitecture == System.Runtime.InteropServices.Architecture.X64 ? 101 : 117;
        var result = await RunAsync(Isolated(
            $"kill -9 {pid} 2>/dev/null && echo killed; perl -e 'print syscall({ptrace}, 16, {pid}, 0, 0) == 0 ? \"traced\\n\" : $!{{EPERM}} ? \"refused\\n\" : \"$!\\n\"'; "
            + "kill -9 -1; cat /proc/*/cmdline | tr '\\0' ' ' | grep -c 'sleep 60'"));
        Assert.DoesNotContain("killed", result.Text, StringComparison.Ordinal);
        Assert.Contains("refused", result.Text, StringComparison.Ordinal);
        Assert.Contains(pid, Processes.OfExecution(outside.Id));
        Assert.False(outside.Process.HasExited);
    }

    [Fact]
    public async Task WritingOutside_DirectlyOrThroughALink_ChangesNothing()
    {
        using var folder = new TempFolder();
        await File.WriteAllTextAsync(folder["f"], "before", TestContext.Current.CancellationToken);
        File.SetUnixFileMode(folder.Path, (UnixFileMode)0x1FF);
        File.SetUnixFileMode(folder["f"], (UnixFileMode)0x1B6);
        var result = await RunAsync(With(Isolated(
            "echo x > $OUT/f; ln -s $OUT/f link; echo x > link; ln -s $OUT folder; echo x > folder/new; ln -s / root; echo x > root$OUT/f; echo x > root/usr/x; "
            + "echo x > /x; echo x > /etc/x; echo x > /usr/x; echo x > /dev/x; echo x > /run/x; echo x > /proc/sys/kernel/hostname; mkdir /y; chmod 777 /; "
            + "ls / /usr | grep -c '^[xy]$'"), "OUT", folder.Path));
        Assert.Equal("0\n", result.Text);
        Assert.Equal("before", await File.ReadAllTextAsync(folder["f"], TestContext.Current.CancellationToken));
        Assert.False(File.Exists(folder["new"]));
        Assert.False(File.Exists("/usr/x"));
    }

    [Fact]
    public async Task SetUserIdProgram_GivesNothing()
    {
        var result = await RunAsync(Isolated(
            "su -c 'echo gained' root </dev/null; grep -E '^(NoNewPrivs|CapEff|CapBnd)' /proc/self/status | tr -d '\\t'; mount | grep -E ' on (/usr|/work|/tmp) ' | grep -vc nosuid; "
            + "cp /usr/bin/id mine; chmod 4755 mine; ./mine -u"));
        Assert.DoesNotContain("gained", result.Text, StringComparison.Ordinal);
        Assert.Contains("NoNewPrivs:1\n", result.Text, StringComparison.Ordinal);
        Assert.Contains("CapEff:0000000000000000\n", result.Text, StringComparison.Ordinal);
        Assert.Contains("CapBnd:0000000000000000\n", result.Text, StringComparison.Ordinal);
        Assert.Contains("\n0\n", result.Text, StringComparison.Ordinal);
        Assert.NotEqual("0", result.Text.Trim().Split('\n')[^1]);
    }

    [Theory]
    [InlineData("mount -t tmpfs x /tmp")]
    [InlineData("mount --bind /work /tmp")]
    [InlineData("umount /usr")]
    [InlineData("unshare -U true")]
    [InlineData("unshare -Ur mount -t tmpfs x /tmp")]
    [InlineData("nsenter -t 1 -m true")]
    [InlineData("chroot /work /bin/true")]
    [InlineData("setpriv --reuid 0 true")]
    public async Task Tool_ThatNeedsPrivileges_Fails(string command)
    {
        var result = await RunAsync(Isolated($"{command} && echo did"));
        Assert.Equal("", result.Text);
    }

    [Fact]
    public async Task SystemCalls_ThatContainersRefuse_AreRefused()
    {
        var isX64 = RuntimeInformation.OSArchitecture == System.Runtime.InteropServices.Architecture.X64;
        var calls = isX64 ? SystemCalls.X64 : SystemCalls.Arm64;
        // clone into a new user namespace, as a process of its own; sockets to the host of a virtual machine
        var extra = $"print \"clone\\n\" unless syscall({calls.Fork}, 0x10000000 | 17, 0, 0, 0, 0) < 0 && $!{{EPERM}}; "
            + $"print \"clone3\\n\" unless syscall({calls.Clone3}, 0, 0) < 0 && $!{{ENOSYS}}; "
            + $"print \"vsock\\n\" unless syscall({calls.Socket}, 40, 1, 0) < 0 && $!{{EPERM}}; "
            + $"print \"ioctl\\n\" unless syscall({calls.Ioctl}, 0, 0x5412, 0) < 0 && $!{{EPERM}}; ";
        var numbers = string.Join(',', calls.Refused);
        var script = $"for my $n ({numbers}) {{ $! = 0; my $r = syscall($n, -1, 0, 0, 0, 0); print \"$n $!\\n\" unless $r < 0 && $!{{EPERM}}; }} {extra}print \"done\\n\";";
        var result = await RunAsync(HostUnderTest.Request() with { Argv = ["perl", "-e", script], Sandbox = new SandboxSpec(SandboxKind.Isolated) });
        Assert.Equal("done\n", result.Text);
    }

    private static StartExecution Isolated(string command, SandboxLimits? limits = null) =>
        HostUnderTest.Request(command) with { Sandbox = new SandboxSpec(SandboxKind.Isolated, Limits: limits) };

    private static StartExecution With(StartExecution request, string name, string value) =>
        request with { Environment = new Dictionary<string, string> { [name] = value } };

    private static Task<HostResult> RunAsync(StartExecution request) => HostUnderTest.RunAsync(Required(request));

    private static StartExecution Required(StartExecution request)
    {
        Sandboxes.Require();
        return request;
    }
}

/// <summary>Whether this machine can run what a test needs.</summary>
internal static class Sandboxes
{
    private static readonly Lazy<string?> _problem = new(() => SandboxProbe.Facts().IsolationProblem);

    /// <summary>Skips the test where commands cannot be isolated here.</summary>
    public static void Require() => Assert.SkipWhen(_problem.Value is not null, _problem.Value ?? "");

    /// <summary>Waits until something is so.</summary>
    public static Task<bool> BecomesAsync(Func<bool> isSo, string what, double seconds) => Eventually.BecomesAsync(() => Task.FromResult(isSo()), what, seconds);
}
