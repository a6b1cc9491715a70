using System.Globalization;
using System.Runtime.Versioning;
using System.Text;
using Operone.Agent.Platforms.Linux;
using Operone.Agent.Platforms.Unix;
using Operone.Core.Shell;

namespace Operone.Agent.Shell.Host.Sandbox;

/// <summary>
/// Commands in a world of their own, by bubblewrap (bwrap(1)): what they see is listed here, and all else is not there. Where the
/// agent is root, bubblewrap itself runs as somebody else: a user that nobody else is, or the one that was asked for.
/// </summary>
[UnsupportedOSPlatform("windows")]
internal static class Isolation
{
    /// <summary>The one folder that can be written to: where the command starts, and its home.</summary>
    public const string Work = "/work";

    /// <summary>Where the script is.</summary>
    public const string Script = "/run/operone/script";

    /// <summary>The name of the user that nobody else is, and its number in there.</summary>
    public const string Nobody = "sandbox";

    private const uint NobodyId = 1000;

    /// <summary>
    /// The first of the numbers for users that nobody else is, one an execution: above all that systemd and container runtimes
    /// give away (systemd's UIDS-GIDS), and below what 32 bit programs take for negative.
    /// </summary>
    private const uint FirstUid = 0x7000_0000;

    /// <summary>How much the work folder and <c>/tmp</c> take each where nothing is said: they are in memory.</summary>
    private const long DefaultDiskBytes = 1024L * 1024 * 1024;

    private static readonly string[] _systemFolders = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"];

    /// <summary>What programs need of <c>/etc</c>, and nothing secret: folders, which are shown as they are.</summary>
    private static readonly string[] _settingFolders = ["alternatives", "fonts", "pki/ca-trust", "pki/tls/certs", "ssl/certs", "terminfo"];

    /// <summary>And files, which are copied: a mount for each would take longer than all the rest.</summary>
    private static readonly string[] _settingFiles =
    [
        "bash.bashrc", "debian_version", "gai.conf", "host.conf", "hosts", "inputrc", "ld.so.cache", "ld.so.conf", "locale.conf", "localtime", "mime.types", "nsswitch.conf",
        "os-release", "protocols", "resolv.conf", "services", "ssl/openssl.cnf", "timezone",
    ];

    /// <summary>The user's name in there, where none was asked for.</summary>
    /// <param name="agentUser">The name of the agent's user.</param>
    public static string NameOf(string agentUser) => Libc.EffectiveUser() == 0 ? Nobody : agentUser;

    /// <summary>Why a command cannot start in a directory, or null where it can.</summary>
    public static string? CheckDirectory(string directory)
    {
        if (!Path.IsPathFullyQualified(directory))
        {
            return $"The working directory '{directory}' is not an absolute path.";
        }

        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(directory));
        return full is Work or "/tmp" or "/" || (IsVisible(full) && Directory.Exists(full)) ? null
            : $"The working directory '{directory}' is not there in the sandbox; {Work}, /tmp and what is below {string.Join(", ", SystemFolders())} are.";
    }

    /// <summary>Why a program cannot be found in there, or null where it can.</summary>
    /// <param name="path">Where it is on the device.</param>
    /// <param name="name">As it was given.</param>
    public static string? CheckProgram(string path, string name) =>
        IsVisible(Path.GetFullPath(path)) ? null
            : $"'{name}' is not there in the sandbox: it is at '{path}', and only what is below {string.Join(", ", SystemFolders())} is there.";

    /// <summary>Why this device isolates nothing, with what to do about it; null where it may.</summary>
    /// <param name="user">Whom the command is to run as; null for whoever it is by itself.</param>
    public static string? Missing(UnixUser? user)
    {
        const string Install = "apt-get install bubblewrap (dnf install bubblewrap, apk add bubblewrap)";
        return !OperatingSystem.IsLinux() ? "Commands can be isolated on Linux alone."
            : SeccompFilter.Current is null ? $"Commands cannot be isolated on this architecture ({System.Runtime.InteropServices.RuntimeInformation.OSArchitecture}): its system calls are not known. It works on x64 and arm64."
            : SystemTools.Bubblewrap is null ? $"Commands cannot be isolated on this device: bubblewrap is not installed. To get it: {Install}."
            : Libc.EffectiveUser() == 0 && SystemTools.Setpriv is null ? "Commands cannot be isolated on this device: the agent is root, and there is no setpriv to give that up. To get it: apt-get install util-linux."
            : user?.Uid == 0 ? "Commands cannot be isolated and run as root: choose another user, or leave runAs out."
            : null;
    }

    /// <summary>What bubblewrap's complaint means, and what to do about it.</summary>
    public static string Explain(string complaint)
    {
        var advice = complaint.Contains("Unknown option", StringComparison.Ordinal) ? "Its bubblewrap is too old: 0.8 or later is needed."
            : complaint.Contains("uid map", StringComparison.Ordinal) || complaint.Contains("namespace", StringComparison.Ordinal) || complaint.Contains("RTM_NEWADDR", StringComparison.Ordinal)
                ? "User namespaces are not allowed to its users. To allow them: sysctl -w user.max_user_namespaces=15000; on Debian also kernel.unprivileged_userns_clone=1, "
                    + "on Ubuntu an AppArmor profile for bwrap (apt-get install apparmor-profiles) or kernel.apparmor_restrict_unprivileged_userns=0; in a container, its runtime must allow them."
            : complaint.Contains("proc", StringComparison.Ordinal) ? "It cannot mount a /proc of its own: inside a container, the runtime must allow that (systempaths=unconfined)."
            : "";
        return $"The sandbox could not be set up: {complaint.Trim()}. {advice}".TrimEnd();
    }

    /// <summary>Makes bubblewrap carry a plan out.</summary>
    /// <param name="plan">What is to run, with paths as they are in there.</param>
    /// <param name="spec">What the profile says.</param>
    /// <param name="request">The request.</param>
    /// <param name="folder">The execution's folder.</param>
    /// <param name="inner">Words before the command, in there.</param>
    /// <param name="keepProcessors">Whether it must stay on the processors that it was given.</param>
    /// <param name="keptFolder">The folder on the device that is its work folder, or null for one that goes with it.</param>
    /// <param name="status">Where bubblewrap tells how it goes.</param>
    /// <exception cref="IOException">Something of it cannot be made.</exception>
    [SupportedOSPlatform("linux")]
    public static CommandPlan Wrap(
        CommandPlan plan, SandboxSpec spec, StartExecution request, ExecutionFolder folder, IReadOnlyList<string> inner, bool keepProcessors,
        string? keptFolder, int status)
    {
        var (drop, uid, gid, name) = Who(plan.User, request.ExecutionId);
        var files = new List<int>();
        var arguments = new List<string>();
        try
        {
            // 3 is this list; it is made last, and what it names comes after it
            files.Add(-1);
            Namespaces(arguments, spec, uid, gid, request.Terminal is null);
            Variables(arguments, plan.Environment);
            SystemItself(arguments);
            foreach (var setting in _settingFiles)
            {
                if (LinuxCalls.TryOpen("/etc/" + setting) is { } file)
                {
                    Add("--perms", "0444", "--file", Number(file), "/etc/" + setting);
                }
            }

            Add("--perms", "0444", "--ro-bind-data", Number(LinuxCalls.NewFile(Encoding.UTF8.GetBytes(
                $"root:x:0:0:root:/root:/bin/sh\n{name}:x:{uid}:{gid}::{Work}:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"))), "/etc/passwd");
            Add("--perms", "0444", "--ro-bind-data", Number(LinuxCalls.NewFile(Encoding.UTF8.GetBytes($"root:x:0:\n{name}:x:{gid}:\nnogroup:x:65534:\n"))), "/etc/group");
            Places(arguments, spec, keptFolder);
            Hide(arguments, folder);
            if (request.Script is not null)
            {
                Add("--perms", "0400", "--ro-bind-data", Number(LinuxCalls.NewFile(Encoding.UTF8.GetBytes(request.Script))), Script);
            }

            Add("--remount-ro", "/");
            Add("--chdir", plan.Directory);
            Add("--seccomp", Number(LinuxCalls.NewFile(SeccompFilter.Make(SeccompFilter.Current!, keepProcessors))));
            Add("--json-status-fd", Number(status));
            files[0] = LinuxCalls.NewFile(Encoding.UTF8.GetBytes(string.Join('\0', arguments) + '\0'));
        }
        catch
        {
            files.Where(f => f >= 0 && f != status).ToList().ForEach(f => Libc.Close(f));
            throw;
        }

        var bubblewrap = SystemTools.Bubblewrap!;
        string[] command = [.. drop, bubblewrap, "--args", "3", "--", .. inner, .. plan.Words];
        return new CommandPlan(command[0], command, ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"], "/") { User = plan.User, Descriptors = files };

        void Add(params ReadOnlySpan<string> words) => arguments.AddRange(words);

        string Number(int descriptor)
        {
            files.Add(descriptor);
            return (files.Count + 2).ToString(CultureInfo.InvariantCulture);
        }
    }

    /// <summary>Who owns a kept work folder on the device.</summary>
    public static UnixUser Owner(UnixUser? user, Guid execution) =>
        user ?? (Libc.EffectiveUser() == 0 ? new UnixUser(Nobody, UidOf(execution), UidOf(execution), Work, "/bin/sh") : new UnixUser("", Libc.EffectiveUser(), uint.MaxValue, "", ""));

    // Of an id, the last bytes are chance.
    private static uint UidOf(Guid execution)
    {
        Span<byte> bytes = stackalloc byte[16];
        execution.TryWriteBytes(bytes, bigEndian: true, out _);
        return FirstUid + (uint)((bytes[13] << 16) | (bytes[14] << 8) | bytes[15]);
    }

    [SupportedOSPlatform("linux")]
    private static (string[] Drop, uint Uid, uint Gid, string Name) Who(UnixUser? user, Guid execution)
    {
        var own = Libc.EffectiveUser();
        if (own != 0)
        {
            return ([], own, LinuxCalls.EffectiveGroup(), user?.Name ?? Environment.UserName);
        }

        var (uid, gid) = user is null ? (UidOf(execution), UidOf(execution)) : (user.Uid, user.Gid);
        string[] drop =
        [
            SystemTools.Setpriv!, "--reuid", uid.ToString(CultureInfo.InvariantCulture), "--regid", gid.ToString(CultureInfo.InvariantCulture), "--clear-groups", "--",
        ];
        return user is null ? (drop, NobodyId, NobodyId, Nobody) : (drop, uid, gid, user.Name);
    }

    private static void Namespaces(List<string> to, SandboxSpec spec, uint uid, uint gid, bool newSession)
    {
        to.AddRange(["--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]);
        if (!spec.Network)
        {
            to.Add("--unshare-net");
        }

        to.AddRange(
        [
            "--uid", uid.ToString(CultureInfo.InvariantCulture), "--gid", gid.ToString(CultureInfo.InvariantCulture), "--hostname", "sandbox", "--die-with-parent",
            "--cap-drop", "ALL",
        ]);
        if (newSession)
        {
            // a terminal's command leads the terminal's session, and must stay in it
            to.Add("--new-session");
        }
    }

    // In the list and not in bubblewrap's own environment: it runs before anything is given up.
    private static void Variables(List<string> to, IReadOnlyList<string> environment)
    {
        to.Add("--clearenv");
        foreach (var variable in environment)
        {
            var parts = variable.Split('=', 2);
            to.AddRange(["--setenv", parts[0], parts[1]]);
        }
    }

    private static void SystemItself(List<string> to)
    {
        to.AddRange(["--perms", "0755", "--dir", "/etc", "--perms", "0755", "--dir", "/run"]);
        foreach (var path in _systemFolders)
        {
            var folder = new DirectoryInfo(path);
            if (folder.LinkTarget is { } target)
            {
                to.AddRange(["--symlink", target, path]);
            }
            else if (folder.Exists)
            {
                to.AddRange(["--ro-bind", path, path]);
            }
        }

        foreach (var name in _settingFolders)
        {
            var path = "/etc/" + name;
            if (Directory.Exists(path))
            {
                to.AddRange(["--ro-bind-try", path, path]);
            }
        }
    }

    private static void Places(List<string> to, SandboxSpec spec, string? keptFolder)
    {
        var most = spec.Limits?.DiskBytes ?? Math.Min(DefaultDiskBytes, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4);
        var size = Math.Min(most, spec.Limits?.MemoryBytes ?? long.MaxValue).ToString(CultureInfo.InvariantCulture);
        to.AddRange(["--proc", "/proc", "--dev", "/dev"]);
        to.AddRange(["--perms", "1777", "--size", size, "--tmpfs", "/dev/shm", "--remount-ro", "/dev"]);
        to.AddRange(["--perms", "1777", "--size", size, "--tmpfs", "/tmp"]);
        to.AddRange(keptFolder is null ? ["--perms", "0700", "--size", size, "--tmpfs", Work] : ["--bind", keptFolder, Work]);
    }

    // Nothing of the agent is below what is shown, unless somebody has put it there.
    private static void Hide(List<string> to, ExecutionFolder folder)
    {
        var executions = Path.GetDirectoryName(folder.Path)!;
        foreach (var path in (string?[])[executions, Path.GetDirectoryName(executions)])
        {
            if (path is { Length: > 1 } && IsVisible(path) && !_systemFolders.Contains(path))
            {
                to.AddRange(["--perms", "0000", "--size", "4096", "--tmpfs", path, "--remount-ro", path]);
            }
        }
    }

    private static IEnumerable<string> SystemFolders() => _systemFolders.Where(Directory.Exists);

    private static bool IsVisible(string path) => SystemFolders().Any(f => path == f || path.StartsWith(f + "/", StringComparison.Ordinal));
}
